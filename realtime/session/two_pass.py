"""Two-pass analysis of a file: analyze, smooth offline, then decode again to draw and write."""

from __future__ import annotations

import io
import pickle
import tempfile
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from realtime.core.channel import ChannelClosedError
from realtime.core.config import SmoothingConfig
from realtime.core.errors import ConfigError, EmotionLiveError, RecordError, SourceReadError
from realtime.core.protocols import FrameSource, SourceInfo
from realtime.core.types import Analysed, Emotions, Faces, IntArray
from realtime.smoothing.offline import smooth_offline

if TYPE_CHECKING:
    from realtime.session.build_pipeline import AnyPipeline


def check_readable_twice(info: SourceInfo, waits: bool) -> None:
    """Refuse what two passes cannot read.

    Args:
        info: the source, open.
        waits: whether it is a file that waits for its reader.

    Raises:
        ConfigError: it does not wait, or is gone once it was read.
    """
    if not waits:
        raise ConfigError(
            f"offline smoothing needs a file, which waits; received {info.name}: leave --smooth offline out"
        )
    if info.path is None:
        raise ConfigError(
            f"offline smoothing reads a file twice; received {info.name}, which can be read once: save it to a file "
            "first, or leave --smooth offline out"
        )


class TwoPass:
    """Replacement of a pipeline: `poll` returns `None` during the first pass, then smoothed frames.

    Between the passes the results of a frame are kept in memory, some hundred bytes per face. Its landmarks are in a
    temporary file, and its picture is decoded again.

    Args:
        pipeline: the first pass, started; closed by its owner.
        again: the same source once more, not yet open.
        config: of the smoothing.
        seconds: end before this media time; `None` runs to the end.
        notify: receives one line for people before and after the first pass.
        prepare: changes what each frame's faces show, before it is smoothed: faces, emotions, media time in seconds.

    Raises:
        RecordError: there is no room for a temporary file.
    """

    def __init__(
        self,
        pipeline: AnyPipeline,
        again: FrameSource,
        config: SmoothingConfig,
        seconds: float | None = None,
        notify: Callable[[str], None] = lambda _: None,
        prepare: Callable[[Faces, Emotions, float], Emotions] = lambda _faces, emotions, _time_s: emotions,
    ) -> None:
        self._pipeline, self._again, self._config = pipeline, again, config
        self._seconds = float("inf") if seconds is None else seconds
        self._notify, self._prepare = notify, prepare
        self._times_s: list[float] = []
        self._ids: list[IntArray] = []
        self._emotions: list[Emotions] = []
        try:
            # Unbuffered: a full disk shows with the frame that has no room, and leaves nothing to be written later.
            self._spool = tempfile.TemporaryFile(prefix="emotion-live-", buffering=0)  # noqa: SIM115 - see `close`
        except OSError as error:
            raise _no_room(error, "nothing was analyzed") from error
        self._ended_early = False
        self._error: EmotionLiveError | None = None
        self._second: Generator[Analysed, None, None] | None = None
        notify("first pass: the file is analyzed to its end, then smoothed and read again")

    def poll(self, timeout_s: float) -> Analysed | None:
        """Return the next frame of the second pass; `None` while the first one runs.

        Raises:
            ChannelClosedError: the run has ended well.
            EmotionLiveError: it has ended with this error, after the frames before it.
        """
        if self._second is None:
            self._analyse(timeout_s)
            return None
        analysed = next(self._second, None)
        if analysed is not None:
            return analysed
        if self._error is not None:
            raise self._error
        raise ChannelClosedError

    def end_first_pass(self) -> bool:
        """Go on to the second pass with what was analyzed so far; return whether that will be done.

        It is not if nothing was analyzed yet, or the second pass has begun. Signal handlers may call this.
        """
        self._ended_early = self._second is None and bool(self._times_s)
        return self._ended_early

    def close(self) -> None:
        """Delete the temporary file and close the second reading."""
        if self._second is not None:
            self._second.close()
        self._spool.close()

    def _analyse(self, timeout_s: float) -> None:
        if self._ended_early:
            self._notify(f"stopped: what was analyzed until {self._times_s[-1]:.1f} s is smoothed and written")
            self._turn()
            return
        try:
            analysed = self._pipeline.poll(timeout_s)
        except ChannelClosedError:
            self._turn()
            return
        except EmotionLiveError as error:
            self._error = error
            self._turn()
            return
        if analysed is None:
            return
        if analysed.frame.media_time_s >= self._seconds:
            self._turn()
            return
        try:
            self._keep(analysed.faces)
        except OSError as error:
            last_s = self._times_s[-1] if self._times_s else 0.0
            self._error = _no_room(error, f"what was analyzed until {last_s:.1f} s is written")
            self._turn()
            return
        self._ids.append(analysed.faces.track_ids)
        self._emotions.append(self._prepare(analysed.faces, analysed.emotions, analysed.frame.media_time_s))
        self._times_s.append(analysed.frame.media_time_s)

    def _keep(self, faces: Faces) -> None:
        """Append a frame's faces to the temporary file. Raises OSError: it is full."""
        kept = memoryview(pickle.dumps((faces.boxes_xyxy, faces.landmarks_xy, faces.head_pose_deg, faces.track_ids)))
        while kept:  # A nearly full disk takes a part.
            kept = kept[self._spool.write(kept) :]

    def _turn(self) -> None:
        self._pipeline.close()
        smooth = smooth_offline(self._times_s, self._ids, self._emotions, self._config)
        self._spool.seek(0)
        self._kept = io.BufferedReader(self._spool)  # type: ignore[type-var]
        self._second = self._read_again(smooth)
        self._notify(f"second pass: {len(smooth)} frames")

    def _read_again(self, smooth: list[Emotions]) -> Generator[Analysed, None, None]:
        source = self._again
        try:
            if smooth:
                source.open()
            for number, emotions in enumerate(smooth):
                frame = source.read()
                if frame is None:
                    raise SourceReadError(
                        f"the file must be the same in both passes; it ended after {number} of {len(smooth)} frames: "
                        "run again without --smooth offline while it is being written"
                    )
                yield Analysed(frame, Faces(*pickle.load(self._kept)), emotions)
        finally:
            source.close()


def _no_room(error: OSError, kept: str) -> RecordError:
    return RecordError(
        f"the temporary file of the two passes cannot be written: {error.strerror or error}; {kept}; let TMPDIR name a "
        "folder with more room, or leave --smooth offline out"
    )
