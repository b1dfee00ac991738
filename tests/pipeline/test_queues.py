"""The three queues between the threads: how much waits where, what is dropped, and what is told of it."""

from __future__ import annotations

import pytest

from realtime.core.channel import ChannelClosedError
from realtime.core.metrics import Metrics
from realtime.core.types import Analysed
from realtime.pipeline.queues import PipelineQueues
from tests.support.clocks import FakeClock, in_background
from tests.support.fakes import make_emotions, make_faces, make_frame, one_hot

pytestmark = pytest.mark.timeout(30)


def room_of(queue) -> int:
    """How many items a queue of a file takes before it makes its producer wait; it is closed then."""

    def fill() -> int:
        count = 0
        try:
            while True:
                queue.put(count)
                count += 1
        except ChannelClosedError:
            return count

    filled = in_background(fill)
    # More than fit never come: what can be taken at once is what the queue holds.
    taken = queue.take_waiting(1000, 20.0)
    queue.close()
    filled.result(20)
    return len(taken)


@pytest.mark.parametrize(
    ("max_batch", "rooms"), [(8, [8, 10, 8]), (1, [1, 2, 1]), (4, [4, 5, 4]), (3, [3, 4, 3]), (7, [7, 8, 7])]
)
def test_files_wait_for_a_batch_and_before_the_classifier_for_a_quarter_more(max_batch, rooms) -> None:
    queues = PipelineQueues.between(live=False, max_batch=max_batch)
    assert [room_of(queue) for queue in queues] == rooms
    assert [queue.dropped for queue in queues] == [0, 0, 0]


def test_live_each_queue_holds_the_newest_frame_and_time_is_the_clocks() -> None:
    clock = FakeClock(0.0)
    queues = PipelineQueues.between(live=True, max_batch=8, clock=clock)
    for index in range(3):
        queues.frames.put(make_frame(index))
    assert (queues.frames.get(0).index, queues.frames.dropped) == (2, 2)

    def answered(index: int) -> None:
        queues.looked.put((make_frame(index), make_faces()))
        frame, faces = queues.looked.get(0)
        queues.analysed.put(Analysed(frame, faces, make_emotions(one_hot("fear"))))

    answered(0)
    assert queues.analysed.get(0).frame.index == 0
    queues.looked.put((make_frame(1), make_faces()))
    queues.looked.get(0)
    queues.looked.put((make_frame(2), make_faces()))
    with pytest.raises(TimeoutError):
        queues.analysed.get(0)
    clock.now_s += 1.0
    assert queues.analysed.get(0).frame.index == 1, "its patience ended on that clock"


def test_cleared_queues_are_empty_and_open_and_closed_ones_end() -> None:
    queues = PipelineQueues.between(live=False, max_batch=2)
    for queue in queues:
        queue.put("old")
    queues.clear()
    for queue in queues:
        queue.put("new")
        assert queue.get(0) == "new"
        queue.put("last")
    queues.close()
    for queue in queues:
        with pytest.raises(ChannelClosedError):
            queue.put("late")
        with pytest.raises(ChannelClosedError):
            queue.get(0)


def test_what_waited_and_what_was_lost_is_told_of_the_right_queue() -> None:
    queues = PipelineQueues.between(live=True, max_batch=1)
    for index in range(4):
        queues.frames.put(make_frame(index))
    queues.looked.put((make_frame(4), make_faces()))
    queues.looked.put((make_frame(5), make_faces()))
    metrics = Metrics()
    queues.tell(metrics, 7)
    assert dict(metrics.drops) == {"capture busy": 7, "landmarks busy": 3, "classifier busy": 1}
    assert metrics.waiting == {"landmarks": (0.75, 1), "classify": (0.5, 1), "display": (0.0, 0)}
