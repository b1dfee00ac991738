"""Around a classifier that is busy: live frames wait here for their answers, or go ahead without them, in order."""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from realtime.core.channel import BoundedQueue, ChannelClosedError, CountingQueue, QueueStats
from realtime.core.types import Analysed, Emotions, Faces, Frame, LateAnswer
from realtime.pipeline.seek_epochs import EndOfEpoch

Looked = tuple[Frame, Faces]

# Shorter than a frame of most cameras lasts, so that under overload every picture is late by one frame and the display
# runs evenly; longer than a classifier takes that keeps up.
_PATIENCE_S = 0.025
# A display that fetches nothing must not make answers pile up.
_MAX_LATE = 32


@dataclass(slots=True, eq=False)
class _Slot:
    """One frame on its way to the display."""

    frame: Frame
    faces: Faces
    since_s: float
    said: Emotions | None = None
    may_go: bool = False
    left: bool = False


class LiveQueue:
    """Hands live frames to the classifier and on to the display, each at most once and in order of time.

    One frame is with the classifier, one waits for it, and one waits for the display; a newer one takes the place of
    an older one. A frame leaves with its own answer. But where a newer one is there and the classifier has not answered
    within `patience_s`, or has not even begun, the frame goes ahead with faces whose emotions are not known yet, and
    what is said of it then comes with a later frame (`Analysed.late`). As long as no answer has come at all, while
    models load, frames are dropped instead.

    Args:
        patience_s: `float`, seconds that a frame waits for its answer at least.
        clock: monotonic seconds.

    Attributes:
        looked: from the landmarks thread to the classify thread.
        analysed: from the classify thread, or past it, to whoever shows.
        changed: held by whoever calls a method, notified by whoever changes something.
        to_classifier: what happened at the first of these hand-overs.
        to_display: at the second.
    """

    def __init__(self, patience_s: float = _PATIENCE_S, clock: Callable[[], float] = time.monotonic) -> None:
        self._patience_s, self._clock = patience_s, clock
        self._line: deque[_Slot] = deque()
        self._waiting: _Slot | None = None
        self._asked: _Slot | None = None
        self._late: deque[LateAnswer] = deque(maxlen=_MAX_LATE)
        self._answered = False
        self.changed = threading.Condition()
        self.to_classifier, self.to_display = QueueStats(), QueueStats()
        self.looked: BoundedQueue[Looked | EndOfEpoch] = _ToClassifier(self, self.to_classifier)
        self.analysed: BoundedQueue[Analysed | EndOfEpoch] = _ToDisplay(self, self.to_display)

    def arrive(self, frame: Frame, faces: Faces) -> None:
        """Take a frame from the landmarks."""
        before, self._waiting = self._waiting, _Slot(frame, faces, self._clock())
        tally = self.to_classifier
        tally.came, tally.found, tally.most = tally.came + 1, tally.found + (before is not None), 1
        if before is not None and self._answered and self._overdue():
            # Those before it have waited longer.
            for place in list(self._line):
                self._let_go(place)
        elif before is not None:
            self._line.remove(before)
            tally.dropped += 1
        self._line.append(self._waiting)

    @property
    def has_waiting(self) -> bool:
        """Whether a frame waits for the classifier."""
        return self._waiting is not None

    def ask(self) -> Looked | None:
        """Give the waiting frame, if there is one, to the classifier."""
        place, self._waiting = self._waiting, None
        if place is None:
            return None
        self._asked = place
        return place.frame, place.faces

    def answer(self, said: Emotions) -> None:
        """Take what the classifier says of the frame that it has."""
        place, self._asked = self._asked, None
        self._answered = True
        if place is None:
            return
        place.said = said
        if place.left:
            self._keep_answer(place)
        else:
            self._let_go(place)

    def next(self) -> Analysed | None:
        """Return the frame that is due to be shown, if there is one."""
        if not self._line or self.left_s() > 0:
            return None
        first = self._leave()
        late = tuple(self._late)
        self._late.clear()
        if first.said is not None:
            return Analysed(first.frame, first.faces, first.said, late)
        unknown = Emotions.not_yet(len(first.faces))
        return Analysed(first.frame, first.faces, unknown, late, answer_follows=first is self._asked)

    def left_s(self) -> float:
        """Return how long the first frame in the line will wait, if nothing happens meanwhile; possibly for ever."""
        if not self._line:
            return math.inf
        first = self._line[0]
        if first.may_go:
            return 0.0
        overtaken = self._answered and first is self._asked and self._waiting is not None
        return max(0.0, self._patience_left_s(first)) if overtaken else math.inf

    def forget(self) -> None:
        """Forget every frame and answer."""
        for place in self._line:
            place.left = True
        self._line.clear()
        self._late.clear()
        self._waiting = self._asked = None

    def _overdue(self) -> bool:
        """Return whether the frame that the classifier has, if any, has waited for its answer long enough."""
        asked = self._asked
        return asked is None or asked.left or asked.may_go or self._patience_left_s(asked) <= 0

    def _patience_left_s(self, place: _Slot) -> float:
        return place.since_s + self._patience_s - self._clock()

    def _let_go(self, place: _Slot) -> None:
        """Let a frame go ahead, the first of the line or one behind those that may: of them the newest is kept."""
        if place.may_go:
            return
        place.may_go = True
        tally = self.to_display
        tally.came, tally.most = tally.came + 1, 1
        while self._line[0] is not place:
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
    """One of the two hand-overs of a lane."""

    def __init__(self, lane: LiveQueue, tally: QueueStats) -> None:
        super().__init__(lane.changed, tally)
        self._lane = lane

    def clear(self) -> None:
        """Forget every frame of the lane, uncounted."""
        with self._changed:
            self._lane.forget()
            self._changed.notify_all()


class _ToClassifier(_Side):
    """From the landmarks thread to the classify thread; implements `BoundedQueue`."""

    def put(self, item: Looked | EndOfEpoch) -> None:
        """Hand over a frame with its faces. Raises ChannelClosedError."""
        if isinstance(item, EndOfEpoch):
            raise TypeError(f"a live source ends by closing; received {item}: only files are sent elsewhere")
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
        """Take nothing more: live, the classifier has one frame at a time."""
        return []


class _ToDisplay(_Side):
    """To whoever shows; implements `BoundedQueue`."""

    def put(self, item: Analysed | EndOfEpoch) -> None:
        """Hand over the frame that the classifier had. Raises ChannelClosedError."""
        if isinstance(item, EndOfEpoch):
            raise TypeError(f"a live source ends by closing; received {item}: only files are sent elsewhere")
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
                if self._closed:
                    raise ChannelClosedError
                left_s = until_s - time.monotonic()
                if left_s <= 0:
                    raise TimeoutError
                wait_s = min(left_s, self._lane.left_s())
                self._changed.wait(None if wait_s == math.inf else wait_s)

    def take_waiting(self, _limit: int, _wait_s: float = 0.0, /) -> list[Analysed | EndOfEpoch]:
        """Take nothing: frames are shown one by one."""
        return []
