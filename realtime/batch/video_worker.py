"""One video of a batch, analyzed in a worker process: into a folder of its own, then into place."""

from __future__ import annotations

import gc
import os
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.console import hold_standard_streams
from models.workers import peak_memory_mb
from realtime.batch.batch_options import fingerprint
from realtime.batch.person_tally import PersonTally, TallyOptions
from realtime.batch.pieces.joined_engine import joined_engine
from realtime.batch.pieces.piece_task import PieceResult, PieceTask, analyze_piece
from realtime.batch.pieces.video_task import VideoTask
from realtime.batch.pieces.worker_engine import worker_engine
from realtime.batch.result_store import DONE, FAILED, VideoResult
from realtime.core.errors import EmotionLiveError
from realtime.core.options import PictureOptions, RunOptions
from realtime.core.output_paths import owner_only
from realtime.core.protocols import SourceInfo
from realtime.core.sink import SinkOptions

if TYPE_CHECKING:
    from realtime.session.build_pipeline import Engine
    from realtime.session.session import Session

__all__ = ["VideoTask", "analyze", "analyze_video", "start_worker"]

_TELL_EVERY_S = 1.0
_progress: Any = None


def start_worker(progress: Any) -> None:
    """Prepare a worker process: keys that end the batch are the parent's, and without a parent there is no worker.

    Args:
        progress: queue that takes `(number, share done)`.
    """
    global _progress
    _progress = progress
    hold_standard_streams()
    for name in ("SIGINT", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if (parent := parent_process()) is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), name="parent", daemon=True).start()
    import cv2

    from realtime.capture.pyav_decoding import limit_decoding_threads

    # One video per core: further threads would only take turns.
    cv2.setNumThreads(1)
    limit_decoding_threads(1)


def _end_with(sentinel: int) -> None:
    connection.wait([sentinel])
    os._exit(1)


def analyze(task: VideoTask | PieceTask) -> VideoResult | PieceResult:
    """Do one task of a batch; what goes wrong with its video is in the result."""
    return analyze_piece(task) if isinstance(task, PieceTask) else analyze_video(task)


def analyze_video(task: VideoTask) -> VideoResult:
    """Analyze one video and put its outputs into their places; what goes wrong with it is in the result."""
    # The run before left cycles with decoders in them, which hold pictures until they are collected.
    gc.collect()
    mark: dict[str, Any] = {}
    tally, notes, reason = PersonTally(), list[str](), ""
    session: Session | None = None
    try:
        mark = fingerprint(task.video.path)
        with owner_only():
            teller = _Teller(task.number)
            session = _session(task, tally, teller, notes)
            session.run(on_open=teller.opened)
    except (EmotionLiveError, OSError) as error:
        reason = str(error) or type(error).__name__
    if not tally.frames and not reason:
        reason = "it has no picture"
    places = dict[str, str]()
    try:
        places = _placed(session.finished if session else (), task)
    except OSError as error:
        reason = reason or f"its outputs cannot be moved into {task.out}: {error.strerror}"
    return VideoResult(
        name=task.video.name,
        source=task.video.path.name,
        status=FAILED if reason else DONE,
        reason=_without_folders(reason, task),
        fingerprint=mark,
        options=task.options.facts(),
        outputs=places,
        seconds=round(tally.end_s, 3),
        frames=tally.frames,
        people=tuple(tally.facts()),
        notes=tuple(_without_folders(note, task) for note in notes),
        memory_mb=peak_memory_mb(),
    )


def _placed(finished: Iterable[tuple[str, Path]], task: VideoTask) -> dict[str, str]:
    """Move outputs to their places, and what a failed video left unfinished, which its reason names. Raises OSError."""
    places = {what: _put(path, task) for what, path in finished}
    beside = task.out / Path(task.video.name).parent
    for path in sorted((task.working / str(task.number)).glob("*.part*")):
        if not (beside / path.name).exists():
            beside.mkdir(parents=True, exist_ok=True)
            path.replace(beside / path.name)
    return places


def _without_folders(text: str, task: VideoTask) -> str:
    """Return a line with files as their names: where they are may name people, and the summary is passed on."""
    for folder in (task.working / str(task.number), task.video.path.parent, task.out):
        text = text.replace(f"{folder}{os.sep}", "")
    return text


def _session(task: VideoTask, tally: PersonTally, teller: _Teller, notes: list[str]) -> Session:
    from realtime.session.session import Session

    folder = task.working / str(task.number)
    folder.mkdir(parents=True)
    options = RunOptions(
        source=str(task.video.path),
        analysis=task.options.analysis(),
        picture=PictureOptions(faces=task.options.faces),
        outputs=(*_outputs(task, folder), TallyOptions(tally, teller.tell)),
    )
    return Session(options, notify=notes.append, engine=_engine(task, notes))


def _engine(task: VideoTask, notes: list[str]) -> Engine:
    """Return what makes the frames: of the video's pieces, where it has some that fit together, or of the video."""
    engine: Engine | None = None
    if task.pieces:
        engine, note = joined_engine(task)
        notes.append(note)
    elif task.uncut:
        notes.append(f"not cut into pieces: {task.uncut}")
    return engine or worker_engine(task.options.pipeline)


def _outputs(task: VideoTask, folder: Path) -> Iterator[SinkOptions]:
    from realtime.recording.recording_sink import RecordingOptions
    from realtime.reports.report_sink import ReportOptions
    from realtime.reports.table_sink import TableOptions

    stem = Path(task.video.name).name
    yield TableOptions(folder / f"{stem}.{task.options.table}")
    if task.options.report:
        yield ReportOptions(folder / f"{stem}.html")
    if task.options.record:
        yield RecordingOptions(folder / f"{stem}.mp4")


def _put(path: Path, task: VideoTask) -> str:
    """Move an output, and what lies beside it under its name, to its place; return that, relative to `out`."""
    place = task.out / Path(task.video.name).parent
    place.mkdir(parents=True, exist_ok=True)
    for beside in path.parent.glob(f"{path.name}-metadata.json"):
        beside.replace(place / beside.name)
    path.replace(place / path.name)
    return (place / path.name).relative_to(task.out).as_posix()


class _Teller:
    """Tells the parent how far a video is, now and then."""

    def __init__(self, number: int) -> None:
        self._number, self._length_s, self._told_s = number, 0.0, -_TELL_EVERY_S

    def opened(self, info: SourceInfo) -> None:
        """Note how long the video is, where that is known."""
        if info.frame_count and info.fps:
            self._length_s = info.frame_count / info.fps

    def tell(self, media_time_s: float) -> None:
        """Tell, at most once per second of the video."""
        if _progress is not None and self._length_s and media_time_s - self._told_s >= _TELL_EVERY_S:
            self._told_s = media_time_s
            with suppress(OSError, ValueError):
                _progress.put((self._number, min(1.0, media_time_s / self._length_s)))
