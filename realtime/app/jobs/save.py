"""Job that saves a recording, a table or a report of an analyzed video, atomically."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.manifest import manifest_sha256
from realtime.app.jobs.analyse import Analysis, Progress
from realtime.app.jobs.job import Job
from realtime.app.jobs.save_kinds import Kind, Saved, output_of
from realtime.capture.video_file import FileSource
from realtime.core.delivery import Delivery
from realtime.core.errors import ConfigError, EmotionLiveError, RecordError, SourceReadError
from realtime.core.options import AnalysisOptions, FaceStyle, PictureOptions, SmoothingMode
from realtime.core.output_paths import check_target, place_of
from realtime.core.sink import Run
from realtime.core.types import Analysed, Frame
from realtime.landmarks.all_faces_detector import AllFacesDetector
from realtime.overlay.output_gate import OutputGate
from realtime.provenance.run_builder import build_run, end_facts
from realtime.reports.table_metadata import check_sidecar

_TELL_EVERY_S = 0.1


class SaveJob(Job):
    """Writes one file; posts `Progress` and at the end `Saved`.

    It is written in a folder beside its place and moved there when it is complete, so that a job that is cancelled or
    fails leaves what was there before.

    Args:
        analysis: what to save.
        kind: as what.
        path: where; an existing file is replaced.
        faces: how a recording shows faces.
        post: receives the events.
    """

    def __init__(
        self, analysis: Analysis, kind: Kind, path: Path, faces: FaceStyle, post: Callable[[Job, object], None]
    ) -> None:
        super().__init__("export", post)
        self.kind, self.path = kind, path
        self._analysis, self._faces = analysis, faces
        self._started_s = self._told_s = time.monotonic()

    def work(self) -> None:
        """Write it. Raises CancelledError, EmotionLiveError."""
        path = place_of(self.path)
        self._check_models()
        check_target(path, self.kind.value, self.kind.suffixes, overwrite=True)
        if self.kind is Kind.TABLE:
            check_sidecar(path)
        if path.exists() and Path(self._analysis.source).exists() and path.samefile(self._analysis.source):
            raise ConfigError(f"a recording cannot replace the video that it is made from, {path}; give another name")
        try:
            with tempfile.TemporaryDirectory(prefix=f"{path.name}.part-", dir=path.parent) as folder:
                notes = self._write(Path(folder) / path.name)
                for written in sorted(Path(folder).iterdir(), reverse=True):
                    written.replace(path.parent / written.name)
        except OSError as error:
            raise self._failed(error) from error
        except EmotionLiveError as error:
            if isinstance(error, RecordError) and isinstance(error.__cause__, OSError):
                raise self._failed(error.__cause__) from error
            raise
        self.post(Saved(self.kind, path, tuple(notes)))

    def _check_models(self) -> None:
        """Refuse to write an analysis of an earlier day with the facts of today's models. Raises ConfigError."""
        made_by = self._analysis.manifest_sha256
        if made_by and made_by != manifest_sha256(self._analysis.config.weights):
            raise ConfigError(
                "an analysis is saved with the models that it was made with, and here are others now; open the video "
                "again to analyze it with these"
            )

    def _failed(self, error: OSError) -> RecordError:
        reason = error.strerror or str(error)
        return RecordError(
            f"cannot save {self.path}: {reason}; free some space or choose another folder: what was found is kept"
        )

    def _write(self, path: Path) -> list[str]:
        notes: list[str] = []
        sink = output_of(self.kind, path).sink()
        gate = OutputGate(PictureOptions(self._faces), AllFacesDetector)
        with ExitStack() as stack:
            stack.callback(gate.end)
            stack.callback(gate.close, sink)
            sink.open(self._run_of(self._analysis, notes, gate))
            # What is told from here on is for the user; that it is written to a folder beside its place is not.
            notes.clear()
            if self.kind is not Kind.TABLE:
                gate.open(self._analysis.info.size_wh, notes.append)
            for analysed in self._frames():
                gate.take(analysed)
                gate.write(sink, analysed)
        return notes

    def _run_of(self, analysis: Analysis, notes: list[str], gate: OutputGate) -> Run:
        # What is shown and saved was smoothed in both directions, after all frames were analyzed.
        options = AnalysisOptions(pipeline=analysis.config, smoothing=SmoothingMode.OFFLINE)
        run = build_run(
            analysis.info,
            Delivery.FAST,
            options,
            PictureOptions(self._faces),
            began_s=analysis.began_s,
            metrics=analysis.metrics,
            provider=lambda: analysis.provider,
            picture=gate.painter.draw,
            notify=notes.append,
            end_facts=lambda: end_facts(analysis),
            persons=analysis.persons,
        )
        if analysis.run_facts is None:
            return run
        own = {name: fact for name, fact in run.facts.items() if name == "persons"}
        return replace(run, facts={**analysis.run_facts, **own})

    def _frames(self) -> Iterator[Analysed]:
        """Yield every frame; a table needs no pictures, so for it none is decoded."""
        results = self._analysis.results
        with closing(self._pictures()) as frames:
            for index, frame in enumerate(frames):
                self.check_cancelled()
                yield results.analysed(index, frame)
                self._tell(index + 1, len(results))

    def _pictures(self) -> Generator[Frame, None, None]:
        times_s = self._analysis.results.times_s.tolist()
        if self.kind is Kind.TABLE:
            nothing = np.zeros((1, 1, 3), np.uint8)
            yield from (Frame(nothing, index, time_s, 0.0) for index, time_s in enumerate(times_s))
            return
        source = FileSource(self._analysis.source)
        with closing(source):
            source.open()
            for number in range(len(times_s)):
                frame = source.read()
                if frame is None:
                    raise SourceReadError(
                        f"{self._analysis.info.name} must be the file that was analyzed; it ended after {number} of "
                        f"{len(times_s)} frames: open it again"
                    )
                yield frame

    def _tell(self, done: int, total: int) -> None:
        now_s = time.monotonic()
        if now_s - self._told_s >= _TELL_EVERY_S:
            self._told_s = now_s
            self.post(Progress(done, done / total, now_s - self._started_s))
