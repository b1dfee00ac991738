"""Crash-safe recorder of annotated video with variable frame rate and the source's audio.

While it runs, everything goes into `NAME.part.mp4` (or .mkv, .webm, .mov) beside the target, a file that a player can
read up to a fraction of a second before its end even if the program is killed. `close` gives it its name; an mp4 or mov
is first copied, without encoding again, so that its index stands in front.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from pathlib import Path

import av
import numpy as np

from models.new_files import create_first_free, numbered
from realtime.core.channel import Channel, ChannelClosedError, OverflowPolicy
from realtime.core.errors import ConfigError, RecordError
from realtime.core.output_paths import check_target, kept_note, place_of, take_place
from realtime.core.protocols import SourceInfo
from realtime.core.types import ImageArray
from realtime.recording.formats import FORMATS, encoder_for
from realtime.recording.part_files import create_part, left_over_parts
from realtime.recording.part_writer import PartWriter, with_index_in_front
from realtime.recording.source_audio import SourceAudio, reason_of

__all__ = ["FORMATS", "VideoRecorder"]

# Queued pictures are lost if the process is killed; a few absorb a short delay of the encoder.
_QUEUE_PICTURES = 4
_BACKLOG_S = 0.3


class VideoRecorder:
    """Records pictures with their own times; encodes on its own thread.

    Args:
        path: the video to write; its suffix (.mp4, .mkv, .webm, .mov) chooses container and encoder.
        info: the source; the sound of `info.path` is kept.
        overwrite: replace an existing file.

    Attributes:
        overwrite: `bool`, whether a file at `path` is replaced when the recording is closed.
        written: where the recording is, once it is complete; `None` before, and if it failed.
        notes: `list` of `str`, one line each, what the user should know (audio left out or transcoded, nothing
            recorded, a file that a killed run left); complete after `close`.

    Raises:
        ConfigError: unknown suffix, its encoder is missing here, or the recording would replace the file that is
            being played.
        RecordError: the folder is missing or cannot be written, or the file exists and `overwrite` is false.
    """

    def __init__(self, path: Path, info: SourceInfo, *, overwrite: bool = True, comment: str = "") -> None:
        self._encoder = encoder_for(path)
        _check_target(path, info, overwrite)
        self._path = path
        self._place = place_of(path)
        self.overwrite = self._may_replace = overwrite
        self.written: Path | None = None
        self._kind = FORMATS[path.suffix.lower()]
        self._info, self._comment = info, comment
        self.notes: list[str] = []
        self._left = [
            (part, _changed_ns(part)) for part in left_over_parts(self._place.parent, FORMATS, of=self._place)
        ]
        try:
            self._part = create_part(self._place)
        except OSError as error:
            raise RecordError(
                f"cannot record to {path}: {reason_of(error)}; give a folder that can be written"
            ) from error
        self._frames_written = 0
        self._failure: Exception | None = None
        self._told = False
        self._pictures: Channel[tuple[ImageArray, float]] = Channel(_QUEUE_PICTURES, OverflowPolicy.WAIT)
        # Media times of the pictures that are not encoded yet.
        self._unwritten: deque[float] = deque()
        self._progress = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="recorder", daemon=True)
        try:
            self._thread.start()
        except RuntimeError:
            self._part.unlink(missing_ok=True)
            raise

    @property
    def frames_written(self) -> int:
        """Pictures encoded so far."""
        return self._frames_written

    def write_picture(self, image_bgr: ImageArray, media_time_s: float) -> None:
        """Record one picture; waits while the encoder is behind, drops nothing.

        Args:
            image_bgr: `(H, W, 3) uint8`, handed over: it must not be written to afterwards.
            media_time_s: `float`, its position in the source in seconds; the recording starts with the first one.

        Raises:
            RecordError: an earlier picture could not be written, or the recorder is closed.
        """
        if image_bgr.ndim != 3 or image_bgr.shape[2] != 3 or image_bgr.dtype != np.uint8:
            raise ValueError(f"image_bgr must be (H, W, 3) uint8; received {image_bgr.shape} {image_bgr.dtype}")
        self._wait_for_encoder(media_time_s)
        self._unwritten.append(media_time_s)
        try:
            self._pictures.put((image_bgr, media_time_s))
        except ChannelClosedError:
            self._encoded(all_of_them=True)
            if self._failure is None:
                raise RecordError(f"the recording {self._path} is closed; start another one") from None
            self._raise_failure()

    def close(self) -> None:
        """Finish the file; any number of times.

        Raises:
            RecordError: a picture could not be written, which no call has raised yet.
        """
        self._pictures.close()
        self._thread.join()
        if self._failure is not None and not self._told:
            self._raise_failure()

    def _wait_for_encoder(self, media_time_s: float) -> None:
        """Wait while too much of the source is not encoded yet: on a slow machine few pictures are seconds."""
        with self._progress:
            self._progress.wait_for(lambda: not self._unwritten or abs(media_time_s - self._unwritten[0]) <= _BACKLOG_S)

    def _encoded(self, *, all_of_them: bool = False) -> None:
        with self._progress:
            if all_of_them:
                self._unwritten.clear()
            else:
                self._unwritten.popleft()
            self._progress.notify_all()

    def _raise_failure(self) -> None:
        self._told = True
        kept = f"what was recorded until then is in {self._part}; " if self._part.exists() else ""
        why = reason_of(self._failure)
        message = f"cannot record to {self._path}: {why}; {kept}free some space or give another folder"
        raise RecordError(message) from self._failure

    def _work(self) -> None:
        try:
            self._record_all()
            self._finish()
        except Exception as error:  # Whatever it is, it belongs to the main thread.
            self._failure = error
            self._pictures.close()
            self._pictures.clear()
        finally:
            self._encoded(all_of_them=True)

    def _record_all(self) -> None:
        writer: PartWriter | None = None
        try:
            while True:
                image_bgr, media_time_s = self._pictures.get()
                if writer is None:
                    writer = self._new_writer(image_bgr, media_time_s)
                writer.write(image_bgr, media_time_s)
                self._frames_written += 1
                self._encoded()
        except ChannelClosedError:
            if writer is not None:
                writer.finish()
        finally:
            if writer is not None:
                self.notes += writer.release()

    def _new_writer(self, image_bgr: ImageArray, media_time_s: float) -> PartWriter:
        height, width = image_bgr.shape[:2]
        size_wh = (width + width % 2, height + height % 2)
        path = self._info.path
        info = self._info
        sound = None if path is None else SourceAudio(path, media_time_s, self._kind, info.findings, info.tracks)
        return PartWriter(self._part, self._kind, self._encoder, info.fps, size_wh, media_time_s, sound, self._comment)

    def _finish(self) -> None:
        self.notes += [
            f"{part} is what a run that was ended by force left: it plays; rename it to keep it, or delete it"
            for part, before in self._left
            # One that has changed meanwhile is being written by another run.
            if before is not None and _changed_ns(part) == before
        ]
        if self._frames_written == 0:
            self._part.unlink(missing_ok=True)
            self.notes.append(f"no picture was recorded; {self._path} was not written")
            return
        if self._kind.index_options is not None:
            self._put_index_in_front()
        place = take_place(self._part, self._place, overwrite=self.overwrite)
        if place != self._place:
            self.notes.append(
                kept_note("recording", self._path, place, failed=self._may_replace and not self.overwrite)
            )
        self.written = place if place != self._place else self._path

    def _put_index_in_front(self) -> None:
        try:
            finished, stream = create_first_free(
                numbered(self._part.with_name(f"{self._part.stem}-final{self._path.suffix}"))
            )
            stream.close()
        except OSError as error:
            self._not_rewritten(error)
            return
        try:
            with_index_in_front(self._part, finished, self._kind)
            finished.replace(self._part)
        except (OSError, ValueError, av.FFmpegError) as error:
            with contextlib.suppress(OSError):
                finished.unlink(missing_ok=True)
            self._not_rewritten(error)

    def _not_rewritten(self, error: Exception) -> None:
        self.notes.append(f"{self._path} is complete but slow to seek in: rewriting it failed ({reason_of(error)})")


def _changed_ns(path: Path) -> int | None:
    """Return when a file was changed last, in Unix nanoseconds; `None` if it is gone."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return None


def _check_target(path: Path, info: SourceInfo, overwrite: bool) -> None:
    if info.path is not None and path.exists() and path.resolve() == Path(info.path).resolve():
        raise ConfigError(f"a recording cannot replace the file that it is made from, {path}; give another name")
    check_target(path, "recording", FORMATS, overwrite=overwrite)
