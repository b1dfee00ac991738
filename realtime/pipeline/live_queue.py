"""Live queue that lets frames bypass a busy classifier, in order."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from models.region_registry import DEFAULT_REGIONS
from realtime.core.channel import BoundedQueue, ChannelClosedError, CountingQueue, QueueStats
from realtime.core.types import Analysed, Emotions, Faces, Frame, LateAnswer
from realtime.pipeline.seek_epochs import EndOfEpoch

Looked = tuple[Frame, Faces]

# Shorter than the frame interval of most cameras, so that under overload every frame is late by the same one frame and
# the display runs evenly; longer than the inference of a classifier that keeps up.
_PATIENCE_S = 0.025
# Bounds the memory for late answers while the display fetches nothing.
_MAX_LATE = 32


@dataclass(slots=True, eq=False)
class _Slot:
    """One frame on its way to the display.

    Attributes:
        frame: the frame.
        faces: its faces.
        since_s: `float`, when it arrived, on the queue's clock.
        said: the classifier's answer, `None` until it comes.
        may_go: `bool`, the display may take it, with or without an answer.
        left: `bool`, it was taken by the display or dropped.
    """

    frame: Frame
    faces: Faces
    since_s: float
    said: Emotions | None = None
    may_go: bool = False
    left: bool = False


class LiveQueue:
    """Passes live frames to the classifier and on to the display, each at most once and in order of time.

    One frame is with the classifier, one waits for it, and one waits for the display; a newer one takes the place of
    an older one. A frame normally leaves with its own answer. If a newer frame is waiting and the classifier has not
    answered within `patience_s`, or has not even begun, the frame bypasses it with faces whose emotions are "not
    measured yet", and its answer is delivered with a later frame (`Analysed.late`). Until the first answer of a run,
    while models load, frames are dropped instead.

    Args:
        patience_s: `float`, seconds that a frame waits for its answer before it may bypass the classifier.
        clock: monotonic seconds.

    Attributes:
        looked: queue from the landmarks thread to the classify thread.
        analysed: queue from the classify thread, or its bypass, to the display.
        changed: condition variable; held for every method call, notified on every change.
        to_classifier: statistics of the first queue.
        to_display: statistics of the second queue.
    """

    def __init__(self, patience_s: float = _PATIENCE_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience_s, self._clock = patience_s, clock
        # All frames that have not left, oldest first: released ones (`may_go`), then the one with the classifier
        # (`_asked`), then the one that waits for it (`_waiting`).
        self._line: deque[_Slot] = deque()
        self._waiting: _Slot | None = None
        self._asked: _Slot | None = None
        self._late: deque[LateAnswer] = deque(maxlen=_MAX_LATE)
        # No bypass before the first answer: there is no result yet that could be carried forward.
        self._answered = False
        self._regions = DEFAULT_REGIONS
        self.changed = threading.Condition()
        self.to_classifier, self.to_display = QueueStats(), QueueStats()
        self.looked: BoundedQueue[Looked | EndOfEpoch] = _ToClassifier(self, self.to_classifier)
        self.analysed: BoundedQueue[Analysed | EndOfEpoch] = _ToDisplay(self, self.to_display)

    def arrive(self, frame: Frame, faces: Faces) -> None:
        """Add a frame with its faces."""
        before, self._waiting = self._waiting, _Slot(frame, faces, self._clock())
        tally = self.to_classifier
        tally.came, tally.found, tally.most = tally.came + 1, tally.found + (before is not None), 1
        if before is not None and self._answered and self._overdue():
            # Overload. The frame that the classifier has not even begun is released, and with it every older one: they
            # have waited longer, and order must be kept.
            for place in list(self._line):
                self._let_go(place)
        elif before is not None:
            # The classifier still has time for its frame: of those that wait for it the newest is kept.
            self._line.remove(before)
            tally.dropped += 1
        self._line.append(self._waiting)

    @property
    def has_waiting(self) -> bool:
        """Whether a frame waits for the classifier."""
        return self._waiting is not None

    def ask(self) -> Looked | None:
        """Return the waiting frame, if there is one, for classification."""
        place, self._waiting = self._waiting, None
        if place is None:
            return None
        self._asked = place
        return place.frame, place.faces

    def answer(self, said: Emotions) -> None:
        """Take the classifier's answer to the frame that it was given."""
        place, self._asked = self._asked, None
        self._answered, self._regions = True, said.regions
        if place is None:
            return  # the queue was cleared meanwhile
        place.said = said
        if place.left:
            # Too late for its own frame, but still an observation for smoothing.
            self._keep_answer(place)
        else:
            self._let_go(place)

    def next(self) -> Analysed | None:
        """Return the next frame that is due for display, if there is one."""
        if not self._line or self.left_s() > 0:
            return None
        first = self._leave()
        late = tuple(self._late)
        self._late.clear()
        if first.said is not None:
            return Analysed(first.frame, first.faces, first.said, late)
        # A frame goes ahead only after another one's answer, which names the experts' regions.
        unknown = Emotions.not_yet(len(first.faces), self._regions)
        return Analysed(first.frame, first.faces, unknown, late, answer_follows=first is self._asked)

    def left_s(self) -> float:
        """Return the time until the first frame is due if nothing else happens, possibly infinite, in seconds."""
        if not self._line:
            return math.inf
        first = self._line[0]
        if first.may_go:
            return 0.0
        # A frame has a deadline only while a newer one waits: else waiting for its answer delays nothing.
        overtaken = self._answered and first is self._asked and self._waiting is not None
        return max(0.0, self._patience_left_s(first)) if overtaken else math.inf

    def forget(self) -> None:
        """Discard every frame and answer."""
        for place in self._line:
            place.left = True
        self._line.clear()
        self._late.clear()
        self._waiting = self._asked = None

    def _overdue(self) -> bool:
        """Return whether the classifier's frame, if any, has used up its patience or was released already."""
        asked = self._asked
        return asked is None or asked.left or asked.may_go or self._patience_left_s(asked) <= 0

    def _patience_left_s(self, place: _Slot) -> float:
        return place.since_s + self._patience_s - self._clock()

    def _let_go(self, place: _Slot) -> None:
        """Release a frame to the display; released frames before it, which the display did not fetch, are dropped."""
        if place.may_go:
            return
        place.may_go = True
        tally = self.to_display
        tally.came, tally.most = tally.came + 1, 1
        while self._line[0] is not place:
            # Dropped, but an answer that it has must still reach the smoothing.
            self._keep_answer(self._leave())
            tally.found += 1
            tally.dropped += 1

    def _leave(self) -> _Slot:
        place = self._line.popleft()
        place.left = True
        return place

    def _keep_answer(self, place: _Slot) -> None:
        if place.said is not None:
            frame = place.frame
            self._late.append(LateAnswer(frame.index, frame.media_time_s, place.faces, place.said))


class _Side(CountingQueue):
    """Queue interface to one side of a `LiveQueue`."""

    def __init__(self, lane: LiveQueue, tally: QueueStats) -> None:
        super().__init__(lane.changed, tally)
        self._lane = lane

    def clear(self) -> None:
        """Discard every frame of the live queue without counting it as dropped."""
        with self._changed:
            self._lane.forget()
            self._changed.notify_all()


class _ToClassifier(_Side):
    """Queue from the landmarks thread to the classify thread; implements `BoundedQueue`."""

    def put(self, item: Looked | EndOfEpoch) -> None:
        """Add a frame with its faces. Raises ChannelClosedError."""
        if isinstance(item, EndOfEpoch):
            raise TypeError(f"a live source ends by closing; received {item}: only files can be seeked")
        with self._changed:
            if self._closed:
                raise ChannelClosedError
            self._lane.arrive(*item)
            self._changed.notify_all()

    def get(self, timeout_s: float | None = None) -> Looked | EndOfEpoch:
        """Take the newest frame. Raises ChannelClosedError, TimeoutError."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._lane.has_waiting or self._closed, timeout_s):
                raise TimeoutError
            looked = self._lane.ask()
            if looked is None:
                raise ChannelClosedError
            self._changed.notify_all()
            return looked

    def take_waiting(self, _limit: int, _wait_s: float = 0.0, /) -> list[Looked | EndOfEpoch]:
        """Return nothing: live, the classifier gets one frame at a time."""
        return []


class _ToDisplay(_Side):
    """Queue from the classify thread to the display; implements `BoundedQueue`."""

    def put(self, item: Analysed | EndOfEpoch) -> None:
        """Add the answer to the frame that the classifier was given. Raises ChannelClosedError."""
        if isinstance(item, EndOfEpoch):
            raise TypeError(f"a live source ends by closing; received {item}: only files can be seeked")
        with self._changed:
            if self._closed:
                raise ChannelClosedError
            self._lane.answer(item.emotions)
            self._changed.notify_all()

    def get(self, timeout_s: float | None = None) -> Analysed | EndOfEpoch:
        """Take the next frame, with its answer or overdue. Raises ChannelClosedError, TimeoutError."""
        until_s = math.inf if timeout_s is None else time.monotonic() + timeout_s
        with self._changed:
            while True:
                analysed = self._lane.next()
                if analysed is not None:
                    return analysed
                # Only now: frames that are due are still delivered after closing.
                if self._closed:
                    raise ChannelClosedError
                left_s = until_s - time.monotonic()
                if left_s <= 0:
                    raise TimeoutError
                # Wakes for any change, and by itself when the first frame's patience ends.
                wait_s = min(left_s, self._lane.left_s())
                self._changed.wait(None if wait_s == math.inf else wait_s)

    def take_waiting(self, _limit: int, _wait_s: float = 0.0, /) -> list[Analysed | EndOfEpoch]:
        """Return nothing: frames are shown one by one."""
        return []
