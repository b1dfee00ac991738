"""Followers on a drawn frame: white squares are faces, so that counts and places can be checked exactly."""

from __future__ import annotations

import numpy as np

from realtime.landmarks.mesh_runner import FaceRoi
from realtime.landmarks.networks.detection import Detection
from realtime.landmarks.roi_tracker import LOOK_EVERY_S, RoiTracker

SIZE = (360, 640, 3)


def frame(*faces_xyxy: tuple[int, int, int, int]) -> np.ndarray:
    image = np.zeros(SIZE, np.uint8)
    for number, (left, top, right, bottom) in enumerate(faces_xyxy):
        image[top:bottom, left:right] = 100 + number
    return image


class FakeLayer:
    """Finds the square that fills most of the middle of the ROI, wherever the square now ends."""

    def __init__(self) -> None:
        self.looks, self.closed = 0, 0

    def run(self, image_bgr: np.ndarray, place: FaceRoi) -> tuple[np.ndarray, float]:
        self.looks += 1
        x, y, reach = round(place.x_px), round(place.y_px), round(place.side_px / 3)
        part = image_bgr[max(y - reach, 0) : y + reach, max(x - reach, 0) : x + reach, 0]
        values, counts = np.unique(part[part > 0], return_counts=True)
        points = np.zeros((468, 3), np.float32)
        if not len(values):
            return points, 0.1
        rows, columns = np.nonzero(image_bgr[:, :, 0] == values[counts.argmax()])
        points[:] = (columns.min(), rows.min(), 0)
        points[1] = (columns.max() + 1, rows.max() + 1, 0)
        return points, 1.0

    def close(self) -> None:
        self.closed += 1


class FakeDetector:
    def __init__(self) -> None:
        self.looks = self.closed = 0

    def find(self, image_bgr: np.ndarray) -> list[Detection]:
        self.looks += 1
        seen = []
        for value in sorted(set(np.unique(image_bgr)) - {0}):
            y, x = np.nonzero(image_bgr[:, :, 0] == value)
            box = np.array((x.min(), y.min(), x.max() + 1, y.max() + 1), np.float32)
            seen.append(Detection(box, np.array([(x.min(), y.min()), (x.max(), y.min())], np.float32)))
        return seen

    def close(self) -> None:
        self.closed += 1


class Scene:
    def __init__(self, max_faces: int = 4) -> None:
        self.layer, self.detector = FakeLayer(), FakeDetector()
        self.following = RoiTracker(self.layer, self.detector, max_faces)

    def boxes(self, image_bgr: np.ndarray, time_s: float) -> list[tuple[int, ...]]:
        points = self.following.find(image_bgr, time_s)
        return [(*map(int, face[0, :2]), *map(int, face[1, :2])) for face in points]


def test_a_face_is_laid_thrice_where_it_is_first_seen_and_once_in_each_frame_after() -> None:
    scene = Scene()
    assert scene.boxes(frame((500, 200, 540, 240)), 0.0) == [(500, 200, 540, 240)]
    assert scene.layer.looks == 3
    assert scene.boxes(frame((504, 202, 544, 242)), 0.03) == [(504, 202, 544, 242)]
    assert scene.layer.looks == 4


def test_what_a_detector_takes_for_a_face_and_the_mesh_does_not_is_none() -> None:
    scene = Scene()
    scene.layer.run = lambda image_bgr, place: (np.ones((468, 3), np.float32), 0.49)
    assert scene.boxes(frame((500, 200, 540, 240)), 0.0) == []


def test_the_whole_frame_is_looked_at_now_and_then_and_at_once_when_a_face_is_lost() -> None:
    scene = Scene()
    face = (100, 100, 160, 160)
    times = [number / 30 for number in range(31)]
    for time_s in times:
        assert scene.boxes(frame(face), time_s) == [face]
    assert scene.detector.looks == 1 + int(1.0 / LOOK_EVERY_S)
    # Gone here, back there within one frame, as across a cut: found in the same frame.
    there = (500, 250, 560, 310)
    assert scene.boxes(frame(there), 1.01) == [there]


def test_somebody_who_is_elsewhere_after_a_cut_is_found_at_once_though_another_stays() -> None:
    scene = Scene()
    stays, here, there = (100, 100, 160, 160), (400, 100, 460, 160), (500, 250, 560, 310)
    scene.boxes(frame(stays, here), 0.0)
    assert scene.boxes(frame(stays, there), 0.03) == [stays, there]


def test_somebody_who_joins_is_found_soon_and_nobody_twice() -> None:
    scene = Scene()
    first, second = (100, 100, 160, 160), (400, 100, 460, 160)
    scene.boxes(frame(first), 0.0)
    seen = [len(scene.boxes(frame(first, second), 0.033 * number)) for number in range(1, 20)]
    assert seen[0] == 1
    assert seen[int(LOOK_EVERY_S / 0.033) + 1 :] == [2] * (19 - int(LOOK_EVERY_S / 0.033) - 1)


def test_two_meshes_on_one_face_are_one_face() -> None:
    scene = Scene()
    right = (245, 100, 305, 160)
    assert len(scene.boxes(frame((200, 100, 240, 160), right), 0.0)) == 2
    # The left one leaves; its place still holds the right one, and the mesh jumps to it.
    assert scene.boxes(frame(right), 0.03) == [right]


def test_somebody_close_by_has_a_mesh_of_their_own() -> None:
    scene = Scene()
    near = [(200, 100, 260, 160), (262, 100, 322, 160)]
    for number in range(5):
        assert sorted(scene.boxes(frame(*near), number / 30)) == near


def test_a_face_that_walks_is_followed_without_looking_for_it() -> None:
    scene = Scene(max_faces=1)
    for step in range(0, 400, 8):
        face = (50 + step, 150, 110 + step, 210)
        assert scene.boxes(frame(face), step / 240) == [face]
    assert scene.detector.looks == 1
    assert scene.layer.looks == 3 + 49


def test_no_more_faces_than_are_asked_for_and_all_graphs_are_freed() -> None:
    scene = Scene(max_faces=2)
    many = [(20 + 150 * number, 100, 80 + 150 * number, 160) for number in range(4)]
    for number in range(30):
        assert len(scene.boxes(frame(*many), number / 5)) == 2
        scene.boxes(frame(), number / 5 + 0.1)
    scene.following.close()
    assert (scene.layer.closed, scene.detector.closed) == (1, 1)


def test_after_a_seek_nobody_is_expected_anywhere() -> None:
    scene = Scene()
    scene.boxes(frame((100, 100, 160, 160)), 1.0)
    scene.following.forget()
    looks = scene.detector.looks
    there = (500, 250, 560, 310)
    assert scene.boxes(frame((100, 100, 160, 160), there), 1.0) == [(100, 100, 160, 160), there]
    assert scene.detector.looks == looks + 1


def test_a_jump_back_in_time_and_another_frame_size_start_anew() -> None:
    scene = Scene()
    face = (100, 100, 160, 160)
    scene.boxes(frame(face), 100.0)
    looks = scene.detector.looks
    scene.boxes(frame(face), 3.0)
    assert scene.detector.looks == looks + 1
    small = frame(face)[:300, :400]
    assert scene.boxes(np.ascontiguousarray(small), 3.03) == [face]
    assert scene.detector.looks == looks + 2


def test_every_half_minute_faces_are_found_anew_so_that_nothing_depends_on_what_was_before() -> None:
    scene, late = Scene(max_faces=1), Scene(max_faces=1)
    face = (100, 100, 160, 160)
    for step in range(0, 40):
        assert scene.boxes(frame(face), 29.0 + step / 30) == [face]
    # Once at first; then at 30 s, although nobody else is looked for, and thrice, as a face that has just come.
    assert scene.detector.looks == 2
    assert scene.layer.looks == 40 + 2 + 3
    late.boxes(frame(face), 30.0)
    assert late.layer.looks == 3


def test_who_is_followed_and_would_not_be_found_now_is_followed_on() -> None:
    scene = Scene()
    face = (100, 100, 160, 160)
    scene.boxes(frame(face), 29.9)
    scene.detector.find = lambda image_bgr: []
    assert scene.boxes(frame(face), 30.0) == [face]
