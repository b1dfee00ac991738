"""Protocols of sinks, the outputs of a run, and the view of the run that they get."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from realtime.core.config import PipelineConfig
from realtime.core.delivery import Delivery
from realtime.core.metrics import Metrics
from realtime.core.persons.person_edits import NO_EDITS, PersonEdits
from realtime.core.protocols import SourceInfo
from realtime.core.types import Analysed, ImageArray


@dataclass(frozen=True, slots=True)
class RunStatus:
    """Status of a run, for the status line on the picture and for the page.

    Attributes:
        fps: `float`, pictures shown per second.
        latency_ms: `float` or `None`, from the camera to the screen, 95th percentile; `None` where that means
            nothing, as for files.
        dropped: `int`, frames dropped so far.
        source: `str`, name of the source, without credentials.
        provider: `str`, what the models run on.
        recording: `bool`, whether a recording is being written.
        paused: `bool`, whether the picture stands still.
        resting: `str`, a line about the neutral calibration, or "".
        notice: `str`, a line about the playback or a source that gives no picture, or "".
    """

    fps: float
    latency_ms: float | None
    dropped: int
    source: str
    provider: str
    recording: bool = False
    paused: bool = False
    resting: str = ""
    notice: str = ""


class RunControls(Protocol):
    """Controls of a run for an interactive sink; on the main thread."""

    def stop(self) -> None:
        """End the run after this frame; what is written is finished."""

    def seek(self, time_s: float) -> None:
        """Continue from the frame at media time `time_s`. Raises ConfigError: the source cannot be seeked."""

    def calibrate(self, seconds: float) -> None:
        """Take the faces of the next `seconds` of media time as neutral."""

    def toggle_recording(self) -> None:
        """Start a recording under a free name, or finish the one that runs. Raises RecordError."""

    def show_landmarks(self, shown: bool) -> None:
        """Draw landmarks and regions on the pictures that others see, or leave them out."""

    def why_no_seek(self) -> str:
        """Return why the run cannot seek now, "" where it can."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """The run that a sink belongs to.

    Attributes:
        source: properties of the open source.
        delivery: how its frames are delivered.
        config: how they are analyzed.
        metrics: rates, latencies and drops so far.
        manifest_sha256: `str`, of the models' manifest.
        provider: returns what the models run on, "" until they are loaded.
        picture: returns a frame drawn as others may see it, `(H, W, 3) uint8` BGR, never written again. It is drawn
            once per frame, when the first sink asks.
        small_picture: returns it drawn for a screen that is a few centimeters wide; `None` where nobody can ask.
        notify: takes one line for people.
        began_s: `float`, Unix time at which it began.
        shows_faces: `bool`, whether pictures of faces may be kept.
        hides_faces: `bool`, whether faces are blurred or left out in what leaves the program.
        mirror: `bool`, whether pictures are shown mirrored.
        end_s: `float` or `None`, media time at which it ends, if that is known.
        facts: what makes it what it is, for the metadata of what it writes: source, options, models, versions.
        end_facts: returns what is known at its end only: what the models ran on, frames, drops, what a person did.
        columns: constant columns of its tables, such as conditions of an experiment: name -> value.
        persons: who its tracks are, and what is left out, for what gathers it by person.
        controls: for a sink that a person controls.
        failed: returns whether the run has failed; then its outputs replace no file, also where they may.
        refined_status: adds what only whoever runs it knows to `status`.
        clock: monotonic seconds.
        sleep: waits for some seconds.
    """

    source: SourceInfo
    delivery: Delivery
    config: PipelineConfig
    metrics: Metrics
    manifest_sha256: str
    provider: Callable[[], str]
    picture: Callable[[Analysed], ImageArray]
    notify: Callable[[str], None]
    began_s: float
    small_picture: Callable[[Analysed], ImageArray] | None = None
    shows_faces: bool = True
    hides_faces: bool = False
    mirror: bool = False
    end_s: float | None = None
    facts: Mapping[str, Any] = field(default_factory=dict, repr=False)
    end_facts: Callable[[], Mapping[str, Any]] = field(default=dict, repr=False)
    columns: Mapping[str, str] = field(default_factory=dict)
    persons: PersonEdits = NO_EDITS
    controls: RunControls | None = field(default=None, repr=False)
    failed: Callable[[], bool] = field(default=lambda: False, repr=False)
    refined_status: Callable[[RunStatus], RunStatus] = field(default=lambda status: status, repr=False)
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def status(self) -> RunStatus:
        """Return the run's present status."""
        live = self.delivery is Delivery.LIVE
        return self.refined_status(
            RunStatus(
                fps=self.metrics.fps(),
                latency_ms=self.metrics.latency_ms(0.95) if live else None,
                dropped=sum(self.metrics.drops.values()),
                source=self.source.name,
                provider=self.provider(),
            )
        )


class Sink(Protocol):
    """Takes the analyzed frames of one run, in order, on the main thread.

    Attributes:
        name: `str`, what it is to the user: "recording", "table".
        blocks_seeking: `str`, why the run cannot seek while it is open, "" where it can.
        written: the file that is complete, after `close`; `None` where there is none.
    """

    @property
    def name(self) -> str:
        """See above."""

    @property
    def blocks_seeking(self) -> str:
        """See above."""

    @property
    def written(self) -> Path | None:
        """See above."""

    def open(self, run: Run) -> None:
        """Begin; the source is open. Raises ConfigError, RecordError, OutletError."""

    def write(self, analysed: Analysed) -> None:
        """Take one frame. Raises RecordError, OutletError."""

    def close(self) -> None:
        """Finish what was written; any number of times, also if it was never opened. Raises RecordError."""


@runtime_checkable
class InteractiveSink(Sink, Protocol):
    """A sink that a person controls, such as a window: it may hold the run, and keep it at its end."""

    @property
    def holds(self) -> bool:
        """Whether the picture stands still, so that no further frame is wanted now."""

    @property
    def status(self) -> tuple[bool, str]:
        """Whether the person paused it, and what it has to say, "" if nothing."""

    def idle(self, wait_s: float) -> None:
        """Do what the person asks for while there is no frame, for about `wait_s` seconds."""

    def stays(self) -> bool:
        """Return whether the run is to be kept after its last frame, so that the person may go back."""


@runtime_checkable
class NoticedSink(Sink, Protocol):
    """A sink that shows what is to be said while no frame comes."""

    def notice(self, text: str) -> None:
        """Show a line beside the last frame, until the next frame; "" takes it back."""


class SinkOptions(Protocol):
    """Options of one output; factory of its sink."""

    @property
    def watched(self) -> bool:
        """Whether somebody sees each frame there as soon as it is analyzed."""

    def check(self) -> None:
        """Refuse what cannot work, before the source is opened. Raises ConfigError, RecordError, OutletError."""

    def sink(self) -> Sink:
        """Return the sink, not yet open. Raises ConfigError, OutletError."""
