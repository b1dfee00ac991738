"""What the desktop program keeps of a video, seen by person."""

from __future__ import annotations

import numpy as np

from realtime.core.persons.person_edits import NO_EDITS, PersonEdits
from realtime.core.persons.person_line import PersonLine
from tests.support.values.analysed import moment, results_of


def test_results_follow_a_list_of_persons_as_frames_do() -> None:
    people = [{1: "anger", 2: "fear"}, {}, {1: "neutral"}, {2: "fear", 3: "uncertain"}] * 200
    frames = [moment(n / 10, labels) for n, labels in enumerate(people)]
    edits = PersonEdits(
        (
            PersonLine(1, "Anna", to_s=40.0),
            PersonLine(3, "Anna"),
            PersonLine(2, exclude=True, from_s=3.0, to_s=50.0),
            PersonLine(None, exclude=True, from_s=60.0),
        )
    )
    tracks = results_of(frames)
    persons, same = tracks.by_person(edits), tracks.by_person(NO_EDITS)
    for index, frame in enumerate(frames):
        faces, wanted = persons.faces(index), edits.applied(frame)
        assert faces.track_ids.tolist() == wanted.faces.track_ids.tolist()
        assert faces.boxes_xyxy.tolist() == wanted.faces.boxes_xyxy.tolist()
        assert persons.emotions(index).labels == wanted.emotions.labels
        assert persons.emotions(index).reasons == wanted.emotions.reasons
        assert tracks.faces(index).track_ids.tolist() == frame.faces.track_ids.tolist(), "these stay as they are"
        assert same.faces(index).track_ids.tolist() == frame.faces.track_ids.tolist()
    assert (len(persons), persons.end_s) == (len(tracks), tracks.end_s)
    assert [edits.title(number) for number in persons.people()] == ["Anna", "person 1", "person 2"]
    numbers, _, labels = persons.course(persons.people()[0])
    assert len(numbers) == len(labels) == 200 + 150
    assert np.all(np.diff(numbers) > 0)


def test_results_without_a_frame_or_a_face_are_seen_by_person_too() -> None:
    edits = PersonEdits((PersonLine(1, "Anna"),))
    assert len(results_of([]).by_person(edits)) == 0
    nobody = results_of([moment(n / 10, {}) for n in range(5)]).by_person(edits)
    assert [len(nobody.faces(index)) for index in range(5)] == [0] * 5
