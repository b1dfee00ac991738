"""Player of an analyzed video: play, pause, seek; decodes and scales on its own thread."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from realtime.app.jobs.analyse import Analysis
from realtime.app.jobs.job import Job, Latest
from realtime.app.jobs.preview_image import fit, rgb_ppm
from realtime.capture.frame_index_reader import SeekableVideo

_FIRST_VIEW_WH = (640, 360)
# After a longer stall playback continues from where it is instead of catching up.
_MAX_LAG_S = 0.4
_SHORTEST_WAIT_S = 0.001
_LOOK_AGAIN_S = 0.004
# While playing, the next picture is begun when this share of the time until its moment is left: not before, since
# the window draws the last one then, and two threads of Python that compute at the same time delay each other.
_LEAD = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """One picture, ready for the screen.

    Attributes:
        index: `int`, number of the frame.
        picture: `bytes`, PPM.
        size_wh: `(int, int)`, of that picture in pixels.
        scale: `float`, its pixels per pixel of the video.
    """

    index: int
    picture: bytes
    size_wh: tuple[int, int]
    scale: float


class Player(Job):
    """Plays one video; every public method may be called from the window's thread and returns at once.

    Args:
        analysis: the video and its results.
        post: receives `Failed` if the file cannot be read any more.
        clock: monotonic seconds.

    Attributes:
        pictures: the newest picture.
    """

    def __init__(
        self, analysis: Analysis, post: Callable[[Job, object], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__("player", post)
        self.pictures: Latest[Shown] = Latest()
        self._analysis, self._clock = analysis, clock
        self._times_s = analysis.results.times_s
        self._changed = threading.Condition()
        self._wanted = 0
        self._asked = True
        self._playing = False
        self._view_wh = _FIRST_VIEW_WH
        # Media time minus clock while playing.
        self._offset_s = 0.0
        # On the job's thread only: the picture that was made ahead, and for how many pixels.
        self._ready: Shown | None = None
        self._ready_wh = _FIRST_VIEW_WH

    @property
    def playing(self) -> bool:
        """Whether time goes on."""
        return self._playing

    @property
    def position_s(self) -> float:
        """Media time of the frame that was asked for last, in seconds."""
        return float(self._times_s[self._wanted])

    def now_s(self) -> float | None:
        """Return the media time of this moment, in seconds; `None` while it stands still. From any thread."""
        return self._clock() + self._offset_s if self._playing else None

    def play(self) -> None:
        """Go on; from the start if the end was reached."""
        with self._changed:
            if self._wanted == len(self._times_s) - 1:
                self._ask(0)
            self._playing = True
            self._set_clock()
            self._changed.notify_all()

    def pause(self) -> None:
        """Stand still."""
        with self._changed:
            self._playing = False
            self._changed.notify_all()

    def seek(self, time_s: float) -> None:
        """Show the frame at this media time, and go on from there if playing."""
        self.show(self._analysis.results.index_at(time_s))

    def step(self, frames: int) -> None:
        """Pause, and show another frame so many frames later."""
        self.pause()
        self.show(self._wanted + frames)

    def show(self, index: int) -> None:
        """Show frame `index`, or the nearest there is."""
        with self._changed:
            self._ask(max(0, min(len(self._times_s) - 1, index)))
            self._set_clock()

    def resize(self, view_wh: tuple[int, int]) -> None:
        """Make pictures for so many pixels; the present one is made again."""
        with self._changed:
            if view_wh != self._view_wh:
                self._view_wh = view_wh
                self._ask(self._wanted)

    def cancel(self) -> None:
        """End soon."""
        super().cancel()
        with self._changed:
            self._changed.notify_all()

    def work(self) -> None:
        """Show frames until cancelled. Raises CancelledError, SourceError."""
        with closing(SeekableVideo(self._analysis.source, self._times_s)) as video:
            while True:
                index, due = self._next_wish()
                shown, self._ready = self._ready, None
                if shown is None or shown.index != index:
                    shown = self._make(video, index)
                if not due:
                    self._ready = shown
                elif shown is not None:
                    self.pictures.put(shown)

    def _make(self, video: SeekableVideo, index: int) -> Shown | None:
        size_wh = fit(video.size_wh, self._ready_wh)
        image_rgb = video.picture(index, size_wh, lambda: self._given_up(index))
        if image_rgb is None:
            return None
        return Shown(index, rgb_ppm(image_rgb), size_wh, size_wh[0] / video.size_wh[0])

    def _ask(self, index: int) -> None:
        self._wanted, self._asked = index, True
        self._changed.notify_all()

    def _set_clock(self) -> None:
        self._offset_s = float(self._times_s[self._wanted]) - self._clock()

    def _given_up(self, wish: int) -> bool:
        """Return whether frame `wish` is not wanted any more, or not now: another one was asked for."""
        return self._cancelled.is_set() or (self._asked and self._wanted != wish)

    def _next_wish(self) -> tuple[int, bool]:
        """Wait until a frame is to be shown or may be made ahead; return which, and whether it is to be shown."""
        with self._changed:
            while True:
                self.check_cancelled()
                wait_s = self._due_in_s()
                if self._asked:
                    self._asked = False
                    if self._view_wh != self._ready_wh:
                        self._ready, self._ready_wh = None, self._view_wh
                    return self._wanted, True
                if wait_s is not None and self._ready is None:
                    wait_s -= _LEAD * float(self._times_s[self._wanted + 1] - self._times_s[self._wanted])
                    if wait_s < _SHORTEST_WAIT_S:
                        return self._next_index(), False
                self._changed.wait(wait_s)

    def _due_in_s(self) -> float | None:
        """Return how long to wait for the next frame; where its moment has come, ask for it."""
        if not self._playing or self._asked:
            return None
        now_s = self._clock()
        if self._wanted == len(self._times_s) - 1:
            self._playing = False
            return None
        late_s = now_s + self._offset_s - float(self._times_s[self._wanted + 1])
        if late_s > _MAX_LAG_S:
            self._offset_s -= late_s
            late_s = 0.0
        if late_s < 0:
            return max(_SHORTEST_WAIT_S, -late_s)
        if self.pictures.waits:
            # The window is still busy with the last one; one more may be made ahead, and then the window is waited for.
            return _LOOK_AGAIN_S
        # What was made ahead is shown even if it came late: to make a later one in its place would never catch up.
        self._wanted = self._next_index() if self._ready is None else max(self._wanted + 1, self._ready.index)
        self._asked = True
        return None

    def _next_index(self) -> int:
        """Return the frame of this moment, if it was not shown yet, else the one after it."""
        return max(self._wanted + 1, self._analysis.results.index_at(self._clock() + self._offset_s))
