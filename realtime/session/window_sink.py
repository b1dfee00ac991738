"""Sink that shows the run in a window and handles its keys and mouse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from realtime.core.delivery import Delivery
from realtime.core.errors import RecordError
from realtime.core.output_paths import free_name, write_whole
from realtime.core.sink import Run, RunControls
from realtime.core.types import Analysed, Faces, ImageArray
from realtime.overlay.overlay import Overlay
from realtime.overlay.text import draw_list
from realtime.overlay.timeline_strip import StripLayout
from realtime.session.keys import KEY_LIST, Click, Key
from realtime.session.playback import Playback
from realtime.session.window import Window, first_size_wh

_POLL_S = 0.02
_CALIBRATE_S = 5.0
_LIST_SCALE = 1.3
_SWITCHES = (Key.TOGGLE_HUD, Key.TOGGLE_LANDMARKS, Key.TOGGLE_TIMELINE, Key.TOGGLE_HELP)


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """A window; a file is shown at its own speed.

    Attributes:
        speed: `float`, playback speed of a file; written files keep its media times.
    """

    speed: float = 1.0
    watched = True

    def check(self) -> None:
        """Nothing can be wrong before the source is known."""

    def sink(self) -> WindowSink:
        """Return the sink, not yet open."""
        return WindowSink(self)


class WindowSink:
    """Shows each frame when it is due; keys work while it waits, pauses, and at the end. Main thread only.

    Args:
        options: how it shows.
    """

    name = "window"
    blocks_seeking = ""
    written: Path | None = None

    def __init__(self, options: WindowOptions) -> None:
        self._options = options
        self._overlay = Overlay()
        self._window: Window | None = None
        self._run: Run | None = None
        self._playback: Playback | None = None
        self._switched_on = {Key.TOGGLE_HUD, Key.TOGGLE_TIMELINE}
        self._shown: Analysed | None = None
        self._picture: ImageArray | None = None
        self._notice = ""
        self._quit = False

    def open(self, run: Run) -> None:
        """Open the window. Raises ConfigError: no display."""
        self._run = run
        controls = self._controls
        self._playback = Playback(
            run.source,
            controls.seek,
            controls.why_no_seek,
            run.notify,
            speed=self._options.speed,
            end_s=run.end_s,
            clock=run.clock,
        )
        self._window = Window(f"emotion-live: {run.source.name}")

    def write(self, analysed: Analysed) -> None:
        """Show one frame when it is due. Raises RecordError: what a key asked for cannot be written."""
        run, playback = self._opened
        playback.arrived(analysed)
        time_s, seeks = analysed.frame.media_time_s, playback.seeks
        self._wait_until_due(time_s, playback)
        # What was asked for elsewhere meanwhile comes next; nothing from before it may be shown after it.
        if playback.seeks != seeks or playback.pace.leaves_out(time_s):
            return
        self._shown, self._notice = analysed, ""
        with run.metrics.timed("draw"):
            self._redraw()
        self.idle(0.0)

    def close(self) -> None:
        """Close the window; any number of times."""
        if self._window is not None:
            self._window.close()

    @property
    def holds(self) -> bool:
        """Whether the picture stands still and no other one is on its way."""
        return self._playback is not None and self._playback.stands

    @property
    def status(self) -> tuple[bool, str]:
        """Whether the person paused it, and what is to be said of the playback."""
        return (False, "") if self._playback is None else (self._playback.paused, self._playback.notice)

    def notice(self, text: str) -> None:
        """Show a line beside the last frame, also where the line of facts is off."""
        self._notice = text
        self._redraw()

    def idle(self, wait_s: float) -> None:
        """Show the present picture, do what a key asks for, and wait a little. Raises RecordError."""
        if self._window is not None and self._picture is not None:
            self._act(self._window.show(self._picture))
        if wait_s > 0 and self._run is not None:
            self._run.sleep(wait_s)

    def stays(self) -> bool:
        """Return whether the window stays at the end of the clip: it does for those who scrub."""
        stays = self._playback is not None and self._playback.stays()
        if stays:
            self._redraw()
        return stays

    @property
    def _opened(self) -> tuple[Run, Playback]:
        assert self._run is not None
        assert self._playback is not None
        return self._run, self._playback

    @property
    def _controls(self) -> RunControls:
        assert self._run is not None
        assert self._run.controls is not None
        return self._run.controls

    def _redraw(self) -> None:
        """Draw the shown frame as the keys now want it; also while the picture stands still."""
        run, playback = self._opened
        if self._shown is None:
            return
        shown = self._switched_on
        status = run.status() if Key.TOGGLE_HUD in shown or self._notice else None
        frame = enlarged(self._shown)
        picture = self._overlay.draw(frame, status, landmarks=Key.TOGGLE_LANDMARKS in shown, mirror=run.mirror)
        if Key.TOGGLE_HELP in shown:
            draw_list(picture, KEY_LIST, round(_LIST_SCALE * StripLayout.under(frame.frame.size_wh).cap))
        self._picture = playback.composed(picture, timeline=Key.TOGGLE_TIMELINE in shown)

    def _wait_until_due(self, media_time_s: float, playback: Playback) -> None:
        """Wait until a file's frame is due; keys work meanwhile."""
        run, _ = self._opened
        seeks = playback.seeks
        live = run.delivery is Delivery.LIVE
        while not (live or self._quit or playback.paused or playback.under_way or playback.seeks != seeks):
            left_s = playback.pace.left_s(media_time_s)
            if left_s <= 0:
                return
            self.idle(min(left_s, _POLL_S))

    def _act(self, key: Key | Click | None) -> None:
        playback = self._opened[1]
        if playback.act(key):
            self._redraw()
        elif key is Key.QUIT:
            self._quit = True
            self._controls.stop()
        elif isinstance(key, Key) and key in _SWITCHES:
            self._switch(key)
        elif key is Key.TOGGLE_RECORDING:
            self._or_say_why_not(self._controls.toggle_recording)
            self._redraw()
        elif key is Key.CALIBRATE:
            self._controls.calibrate(_CALIBRATE_S)
        elif key is Key.SCREENSHOT:
            self._or_say_why_not(self._screenshot)

    def _or_say_why_not(self, act: Callable[[], None]) -> None:
        """Do what a key asks for; a folder that cannot be written is told, and the run goes on."""
        try:
            act()
        except RecordError as error:
            self._opened[0].notify(str(error))

    def _switch(self, key: Key) -> None:
        self._switched_on ^= {key}
        self._controls.show_landmarks(Key.TOGGLE_LANDMARKS in self._switched_on)
        self._redraw()

    def _screenshot(self) -> None:
        run, playback = self._opened
        if self._picture is None or self._shown is None:
            return
        picture = self._picture
        if run.hides_faces:
            # As large as what is shown: a click on the timeline still means the same place.
            hidden = _resized(run.picture(self._shown), _shown_size_wh(self._shown))
            picture = playback.composed(hidden, timeline=Key.TOGGLE_TIMELINE in self._switched_on)
        try:
            png = cv2.imencode(".png", picture)[1].tobytes()
            path = write_whole(free_name(".png"), png, overwrite=False)
        except OSError as error:
            raise RecordError(
                f"the screenshot cannot be written: {error.strerror}; start the program in a writable folder"
            ) from error
        self._opened[0].notify(f"screenshot: {path}")


def enlarged(analysed: Analysed) -> Analysed:
    """Return a frame smaller than its window as large as that, its faces with it; any other one as it is.

    OpenCV's window shrinks pictures but does not enlarge them: they would stand in a white surround. Enlarged before
    anything is drawn on it, a small picture also has sharp texts, and room for more of them.
    """
    image, faces = analysed.frame.image_bgr, analysed.faces
    before_wh, size_wh = analysed.frame.size_wh, _shown_size_wh(analysed)
    if size_wh == before_wh:
        return analysed
    scale = np.array(size_wh, np.float32) / np.array(before_wh, np.float32)
    larger = Faces(
        faces.boxes_xyxy * np.tile(scale, 2), faces.landmarks_xy * scale, faces.head_pose_deg, faces.track_ids
    )
    return replace(analysed, frame=replace(analysed.frame, image_bgr=_resized(image, size_wh)), faces=larger)


def _shown_size_wh(analysed: Analysed) -> tuple[int, int]:
    """Return the size in which a frame is drawn: its own, or its window's where that is larger."""
    return max(analysed.frame.size_wh, first_size_wh(analysed.frame.size_wh))


def _resized(image_bgr: ImageArray, size_wh: tuple[int, int]) -> ImageArray:
    if (image_bgr.shape[1], image_bgr.shape[0]) == size_wh:
        return image_bgr
    return np.asarray(cv2.resize(image_bgr, size_wh, interpolation=cv2.INTER_CUBIC), np.uint8)
