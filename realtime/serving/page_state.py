"""JSON messages of the live page: the source, the colors of the emotions, the current state of every face."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from models.manifest import EMOTIONS
from realtime.core.protocols import SourceInfo
from realtime.core.sink import RunStatus
from realtime.core.types import Analysed
from realtime.overlay.face_facts import FaceFacts, verdict
from realtime.overlay.palette import EMOTION_COLOURS_BGR, STACK_ORDER, hex_colour


@dataclass(frozen=True, slots=True, eq=False)
class PageState:
    """State of the page at one moment.

    Attributes:
        media_time_s: `float`, position in the source in seconds.
        people: one mapping per face: `id`, `label`, `why`, `reason`, `age_s`, how many seconds before this moment the
            emotion was measured (`None`: never), and `p`, the smoothed probabilities in per mille in the order of
            `models.manifest.EMOTIONS`.
        run: status of the run: `fps`, `latency_ms`, `dropped`, `provider`, `paused`, `recording`, and `notice`, a line
            while no picture comes.
    """

    media_time_s: float
    people: tuple[dict[str, Any], ...]
    run: dict[str, Any]

    def as_json(self) -> str:
        """Return it in one line, as the page reads it."""
        return _line({**self.moment(), "run": self.run})

    def moment(self) -> dict[str, Any]:
        """Return time and people alone, as a timeline needs them."""
        return {"t": round(self.media_time_s, 3), "people": self.people}


def state_of(analysed: Analysed, hud: RunStatus) -> PageState:
    """Return the page's state for a frame and the run's status."""
    faces = [FaceFacts.of(analysed.emotions, row, track) for row, track in enumerate(analysed.faces.track_ids.tolist())]
    people = tuple(
        {
            "id": face.track_id,
            "label": face.label,
            "reason": face.reason,
            "why": verdict(face, analysed.emotions.regions),
            "age_s": round(face.age_s, 3) if math.isfinite(face.age_s) else None,
            "p": [round(1000 * float(share)) for share in face.probabilities],
        }
        for face in faces
    )
    run = {
        "fps": round(hud.fps, 1),
        "latency_ms": None if hud.latency_ms is None else round(hud.latency_ms),
        "dropped": hud.dropped,
        "provider": hud.provider,
        "paused": hud.paused,
        "recording": hud.recording,
        "notice": "",
    }
    return PageState(analysed.frame.media_time_s, people, run)


def hello_json(info: SourceInfo, history: Iterable[PageState]) -> str:
    """Return the first message of a connection: the source, the emotions with their colors, and earlier states."""
    emotions = [{"name": name, "colour": hex_colour(EMOTION_COLOURS_BGR[name])} for name in EMOTIONS]
    return _line(
        {
            "source": info.name,
            "live": info.live,
            "emotions": emotions,
            "stack": [EMOTIONS.index(name) for name in STACK_ORDER],
            "history": [state.moment() for state in history],
        }
    )


def _line(value: dict[str, Any]) -> str:
    # Line breaks would end a server-sent event early; JSON writes them escaped.
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
