"""Sums per person while a video is analyzed."""

from __future__ import annotations

import pytest

from models.manifest import EMOTIONS
from realtime.batch.person_tally import LABELS, PersonTally
from realtime.batch.summary_rows import seen_of
from tests.support.values.analysed import moment


def tally_of(*frames: tuple[float, dict[int, str]]) -> list[dict]:
    tally = PersonTally()
    for time_s, people in frames:
        tally.add(moment(time_s, people))
    tally.close()
    tally.close()
    return tally.facts()


def share(person: dict, label: str) -> float:
    return float(seen_of(person["bins"]).shares[LABELS.index(label)])


def test_each_frame_counts_until_the_next_one_and_the_last_as_long_as_the_one_before() -> None:
    [person] = tally_of((0.0, {1: "anger"}), (0.1, {1: "anger"}), (0.4, {1: "neutral"}), (0.5, {1: "neutral"}))
    assert seen_of(person["bins"]).seconds == pytest.approx(0.6, abs=1e-3)
    assert share(person, "anger") == pytest.approx(0.4 / 0.6, abs=1e-3)
    assert person["spans"] == [["anger", 0.0, 0.4], ["neutral", 0.4, 0.6]]
    assert (person["first_s"], person["last_s"]) == (0.0, 0.6)


def test_a_gap_without_pictures_is_nobodys_time() -> None:
    [person] = tally_of((0.0, {1: "anger"}), (0.1, {1: "anger"}), (60.0, {1: "anger"}), (60.1, {1: "anger"}))
    assert seen_of(person["bins"]).seconds == pytest.approx(0.1 + 1.0 + 0.2, abs=0.15)
    assert len(person["spans"]) == 2


def test_people_who_come_and_go_are_counted_apart() -> None:
    first, second = tally_of((0.0, {1: "anger"}), (0.1, {1: "anger", 2: "fear"}), (0.2, {2: "fear"}), (0.3, {}))
    assert (first["track"], second["track"]) == (1, 2)
    assert seen_of(first["bins"]).seconds == pytest.approx(0.2, abs=1e-3)
    assert seen_of(second["bins"]).seconds == pytest.approx(0.2, abs=1e-3)


def test_changes_between_emotions_are_transitions_and_uncertain_ones_between_are_not() -> None:
    said = ["anger", "uncertain", "anger", "fear", "uncertain", "neutral"]
    [person] = tally_of(*((number / 10, {1: label}) for number, label in enumerate(said)))
    assert person["transitions"] == 2


def test_means_are_weighted_by_time_and_reliability_is_told_per_region() -> None:
    [person] = tally_of((0.0, {1: "anger"}), (0.5, {1: "anger"}))
    means = seen_of(person["bins"]).means
    assert means.argmax() == EMOTIONS.index("anger")
    assert float(means.sum()) == pytest.approx(1.0, abs=1e-3)
    assert set(person["reliability"]) == {"eyes", "lips"}


def test_a_video_longer_than_a_second_has_one_bin_per_second() -> None:
    [person] = tally_of(*((number / 4, {1: "fear"}) for number in range(12)))
    assert [one[0] for one in person["bins"]] == [0, 1, 2]
    assert [sum(one[1 : 1 + len(LABELS)]) for one in person["bins"]] == pytest.approx([1.0, 1.0, 1.0], abs=1e-3)
