"""Followers on a drawn frame: white squares are faces, so that windows, counts and places can be checked exactly."""

from __future__ import annotations

import numpy as np
import pytest

from realtime.following import LOOK_EVERY_S, Following, window_around

SIZE = (360, 640, 3)


def frame(*faces_xyxy: tuple[int, int, int, int]) -> np.ndarray:
    image = np.zeros(SIZE, np.uint8)
    for number, (left, top, right, bottom) in enumerate(faces_xyxy):
        image[top:bottom, left:right] = 100 + number
    return image


class FakeMesh:
    """Lays its mesh on the brightest or the darkest square in its window."""

    def __init__(self, brightest: bool) -> None:
        self.brightest = brightest
        self.looks, self.closed, self.sizes = 0, 0, []

    def find(self, image_bgr: np.ndarray) -> np.ndarray:
        self.looks += 1
        self.sizes.append(image_bgr.shape[:2])
        values = sorted(set(np.unique(image_bgr)) - {0})
        if not values:
            return np.zeros((0, 468, 3), np.float32)
        y, x = np.nonzero(image_bgr[:, :, 0] == (values[-1] if self.brightest else values[0]))
        points = np.full((1, 468, 3), (x.min(), y.min(), 0), np.float32)
        points[0, 1] = (x.max() + 1, y.max() + 1, 0)
        return points

    def close(self) -> None:
        self.closed += 1


class FakeDetector:
    def __init__(self) -> None:
        self.looks = self.closed = 0

    def find(self, image_bgr: np.ndarray) -> np.ndarray:
        self.looks += 1
        boxes = []
        for value in sorted(set(np.unique(image_bgr)) - {0}):
            y, x = np.nonzero(image_bgr[:, :, 0] == value)
            boxes.append((x.min(), y.min(), x.max() + 1, y.max() + 1))
        return np.array(boxes, np.float32).reshape(-1, 4)

    def close(self) -> None:
        self.closed += 1


class Scene:
    def __init__(self, max_faces: int = 4) -> None:
        self.meshes: list[FakeMesh] = []
        self.detector = FakeDetector()
        self.following = Following(self._make, self.detector, max_faces)

    def _make(self) -> FakeMesh:
        self.meshes.append(FakeMesh(brightest=len(self.meshes) % 2 == 1))
        return self.meshes[-1]

    def boxes(self, image_bgr: np.ndarray, time_s: float) -> list[tuple[int, ...]]:
        points = self.following.find(image_bgr, time_s)
        return [(*map(int, face[0, :2]), *map(int, face[1, :2])) for face in points]


def test_a_small_face_is_seen_in_a_window_and_placed_in_the_frame() -> None:
    scene = Scene()
    assert scene.boxes(frame((500, 200, 540, 240)), 0.0) == [(500, 200, 540, 240)]
    assert scene.meshes[0].sizes[-1] == (120, 120)


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


def test_somebody_who_joins_is_found_soon_and_nobody_twice() -> None:
    scene = Scene()
    first, second = (100, 100, 160, 160), (400, 100, 460, 160)
    scene.boxes(frame(first), 0.0)
    seen = [len(scene.boxes(frame(first, second), 0.033 * number)) for number in range(1, 20)]
    assert seen[0] == 1
    assert seen[int(LOOK_EVERY_S / 0.033) + 1 :] == [2] * (19 - int(LOOK_EVERY_S / 0.033) - 1)


def test_two_windows_on_one_face_are_one_face() -> None:
    scene = Scene()
    left, right = (200, 100, 260, 160), (275, 100, 335, 160)
    assert len(scene.boxes(frame(left, right), 0.0)) == 2
    # The left one leaves; its window still holds the right one, and the mesh jumps to it.
    assert scene.boxes(frame(right), 0.03) == [right]


def test_somebody_close_by_is_left_out_by_a_tighter_window() -> None:
    scene = Scene()
    near = (290, 100, 350, 160), (200, 100, 260, 160)
    # The first mesh takes the darker face, the second the brighter, whatever the windows are around.
    assert scene.boxes(frame(*near), 0.0) == [*near]
    dark = Scene()
    dark.meshes.append(FakeMesh(brightest=True))
    assert sorted(dark.boxes(frame(*near), 0.0)) == sorted(near), "each mesh would fall on the other's face"


def test_a_face_that_walks_is_followed_without_looking_for_it() -> None:
    scene = Scene(max_faces=1)
    for step in range(0, 400, 8):
        face = (50 + step, 150, 110 + step, 210)
        assert scene.boxes(frame(face), step / 240) == [face]
    assert scene.detector.looks == 1
    sizes = scene.meshes[0].sizes
    forgotten = [at for at, size in enumerate(sizes) if size == (64, 64)]
    assert 3 < len(forgotten) < 9, "a new window now and then, not for every step"
    assert len(sizes) == 50 + 2 * len(forgotten) + len(forgotten) - 1, "and nothing expected from the old one"


def test_no_more_graphs_than_faces_are_asked_for() -> None:
    scene = Scene(max_faces=2)
    many = [(20 + 150 * number, 100, 80 + 150 * number, 160) for number in range(4)]
    for number in range(30):
        assert len(scene.boxes(frame(*many), number / 5)) == 2
        scene.boxes(frame(), number / 5 + 0.1)
    assert len(scene.meshes) == 2
    scene.following.close()
    scene.following.close()
    assert [mesh.closed for mesh in scene.meshes] == [1, 1]


def test_after_a_seek_nobody_is_expected_anywhere() -> None:
    scene = Scene()
    scene.boxes(frame((100, 100, 160, 160)), 1.0)
    scene.following.forget()
    assert scene.meshes[0].sizes[-1] == (64, 64), "the mesh has seen an empty picture"
    there = (500, 250, 560, 310)
    assert scene.boxes(frame(there), 1.0) == [there]


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


@pytest.mark.parametrize("box", [(0, 0, 40, 40), (600, 320, 640, 360), (-30, 100, 50, 180), (100, 20, 400, 340)])
def test_windows_stay_inside_the_frame(box: tuple[int, ...]) -> None:
    left, top, right, bottom = window_around(np.array(box, np.float32), 640, 360)
    assert 0 <= left < right <= 640
    assert 0 <= top < bottom <= 360
    assert right - left <= 3 * 320
