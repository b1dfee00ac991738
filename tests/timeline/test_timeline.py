"""What is gathered over a run: sums per person that stay right, and small, however long it is."""

from __future__ import annotations

import numpy as np
import pytest

from models.manifest import EMOTIONS
from realtime.timeline.timeline import LABELS, Timeline
from tests.support.values.analysed import moment


def gather(frames: list, **options: float) -> Timeline:
    timeline = Timeline(**options)
    for frame in frames:
        timeline.write(frame)
    timeline.close()
    timeline.close()
    return timeline


def test_every_frame_counts_for_as_long_as_it_lasted() -> None:
    # 0.1 s, 0.4 s, 0.5 s apart: what lasts longer counts for more, whatever the frame rate.
    times = [(0.0, "neutral"), (0.1, "happiness"), (0.5, "uncertain"), (1.0, "neutral")]
    timeline = gather([moment(at, {3: label}) for at, label in times])
    [person] = timeline.people
    shown = dict(zip(LABELS, person.total.label_s.tolist(), strict=True))
    assert shown["happiness"] == pytest.approx(0.4)
    assert shown["uncertain"] == pytest.approx(0.5)
    assert shown["neutral"] == pytest.approx(0.1 + 0.5)
    assert person.total.seen_s == pytest.approx(1.5)
    assert timeline.end_s == pytest.approx(1.5)
    assert person.total.reasons_s == {"turned": pytest.approx(0.5)}
    assert person.total.label == "neutral"
    assert person.total.label_share == pytest.approx(0.4)


def test_a_gap_in_the_source_is_not_counted_as_seen() -> None:
    timeline = gather([moment(0.0, {1: "anger"}), moment(60.0, {1: "anger"}), moment(60.1, {})])
    assert timeline.people[0].total.seen_s == pytest.approx(1.1)


def test_a_clip_has_the_label_that_was_shown_for_the_longest() -> None:
    frames = [moment(n / 10, {1: "fear" if n < 15 else "surprise"}) for n in range(40)]
    timeline = gather(frames, clip_s=2.0)
    assert {n: sums.label for n, sums in timeline.people[0].clips.items()} == {0: "fear", 1: "surprise"}
    assert timeline.people[0].clips[0].label_share == pytest.approx(0.75)


def test_bins_get_longer_instead_of_more_and_lose_no_second() -> None:
    labels = ["happiness", "sadness", "uncertain"]
    frames = [moment(n / 5, {1: labels[n // 50 % 3], 2: "neutral"}) for n in range(1500)]
    coarse, fine = gather(frames, max_bins=100), gather(frames)
    assert fine.bin_s == pytest.approx(0.1)
    assert coarse.bin_s == pytest.approx(6.4)
    for timeline in (coarse, fine):
        for person in timeline.people:
            summed = np.sum([sums.label_s for sums in person.bins.values()], axis=0)
            np.testing.assert_allclose(summed, person.total.label_s, atol=1e-6)
    assert sum(len(person.bins) for person in coarse.people) <= 100


def test_of_very_many_people_the_briefest_are_forgotten_and_counted() -> None:
    frames = [moment(n * 2.0, {1000 + n: "neutral", 1: "happiness"}) for n in range(500)]
    timeline = gather(frames)
    assert timeline.people[0].track == 1
    assert len(timeline.people) <= 200
    assert len(timeline.people) + timeline.forgotten == 501


def test_the_mean_is_of_the_smoothed_probabilities() -> None:
    [person] = gather([moment(0.0, {1: "fear"}), moment(0.5, {1: "anger"}), moment(1.0, {})]).people
    mean = dict(zip(EMOTIONS, person.total.mean.tolist(), strict=True))
    assert mean["fear"] == pytest.approx(mean["anger"]) == pytest.approx(0.46)
    assert sum(mean.values()) == pytest.approx(1.0)


def test_at_ten_frames_per_second_every_bin_has_its_frame() -> None:
    timeline = Timeline()
    for number in range(300):
        timeline.write(moment(number / 10, {1: "neutral"}))
    timeline.close()
    assert list(timeline.people[0].bins) == list(range(300))
