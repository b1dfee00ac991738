"""Faces of single pictures: which of several guesses of the mesh is taken."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
import pytest

from models.evaluate.occlusions import surgical_mask
from realtime.core.types import FloatArray as Points
from realtime.landmarks import still_image_finder as stills
from realtime.landmarks.mesh_runner import FaceRoi
from realtime.landmarks.networks.detection import Detection
from realtime.landmarks.networks.network_files import LANDMARK_COUNT
from realtime.landmarks.still_image_finder import StillImageFinder

SIDE_PX = 300  # larger than what is enlarged, so that pixels stay what they are


def laid(at_px: float, wide_px: float = 50.0) -> Points:
    """Return a mesh, `(L, 3)`, whose outer eye corners lie at `at_px` and `wide_px` right of it."""
    points = np.full((LANDMARK_COUNT, 3), at_px, np.float32)
    points[:, 1] += np.linspace(0, 60, LANDMARK_COUNT)
    points[263, 0] += wide_px
    return points


class Fake:
    """A detector and a mesh that answer each look with the next of what the picture's side stands for."""

    plans: ClassVar[dict[tuple[float, int], list[Points | None]]] = {}
    seen: ClassVar[list[tuple[float, int]]] = []
    current: ClassVar[tuple[float, int]] = (0.0, 0)
    look: ClassVar[int] = 0

    def __init__(self, *, far: bool = False) -> None:
        assert not far, "a face that fills its picture is near"

    def find(self, image_bgr: Points) -> list[Detection]:
        # The strict attempt is the first one.
        Fake.current = (0.02 if self.seen else 0.5, image_bgr.shape[0])
        Fake.look = 0
        self.seen.append(Fake.current)
        return [Detection(np.zeros(4, np.float32), np.zeros((2, 2), np.float32))] * (Fake.current in self.plans)

    def run(self, _image_bgr: Points, _place: FaceRoi) -> tuple[Points, float]:
        plan = self.plans[Fake.current]
        answer = plan[min(Fake.look, len(plan) - 1)]
        Fake.look += 1
        return (np.zeros((LANDMARK_COUNT, 3), np.float32), 0.0) if answer is None else (answer.copy(), 0.9)

    def close(self) -> None:
        pass


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> type[Fake]:
    monkeypatch.setattr(stills, "Detector", Fake)
    monkeypatch.setattr(stills, "open_mesh_network", lambda: None)
    monkeypatch.setattr(stills, "MeshRunner", lambda network: Fake())
    monkeypatch.setattr(Fake, "plans", {})
    monkeypatch.setattr(Fake, "seen", [])
    return Fake


def found_x() -> float:
    faces = StillImageFinder().find(np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8))
    return float(faces.landmarks_xy[0, 33, 0]) if len(faces) else float("nan")


def side(padding: float) -> int:
    return SIDE_PX + 2 * round(padding * SIDE_PX)


FIRST, SECOND, THIRD, FOURTH = (0.5, SIDE_PX), (0.02, side(0.25)), (0.02, side(0.4)), (0.02, side(1.0))


def padded(key: tuple[float, int], *meshes: Points) -> list[Points | None]:
    """Return meshes as they lie in the picture that this way of looking pads."""
    pad_px = (key[1] - SIDE_PX) / 2
    return [mesh + np.array([pad_px, pad_px, 0], np.float32) for mesh in meshes]


def test_a_mesh_that_stays_where_it_was_laid_is_taken_as_it_was(fake: type[Fake]) -> None:
    fake.plans = {FIRST: [laid(40), laid(42), laid(90)]}
    assert found_x() == pytest.approx(40)
    assert fake.seen == [FIRST]
    assert fake.look == 2


def test_a_mesh_that_moves_gives_way_to_one_that_stays(fake: type[Fake]) -> None:
    fake.plans = {
        FIRST: [laid(40), laid(60), laid(70), laid(70)],
        SECOND: padded(SECOND, laid(10), laid(11)),
    }
    assert found_x() == pytest.approx(10, abs=1e-3)


def test_two_meshes_that_rest_and_agree_end_the_search(fake: type[Fake]) -> None:
    fake.plans = {SECOND: padded(SECOND, laid(80)), THIRD: padded(THIRD, laid(82)), FOURTH: padded(FOURTH, laid(10))}
    assert found_x() in (pytest.approx(80, abs=1e-3), pytest.approx(82, abs=1e-3))
    assert set(fake.seen) == {FIRST, SECOND, THIRD}


def test_where_two_disagree_the_search_goes_on_and_most_decide(fake: type[Fake]) -> None:
    fake.plans = {
        SECOND: padded(SECOND, laid(10, wide_px=56)),
        THIRD: padded(THIRD, laid(80)),
        FOURTH: padded(FOURTH, laid(81)),
    }
    assert found_x() > 70
    assert len(set(fake.seen)) == len({(at.confidence, side(at.padding)) for at in stills._LENIENT}) + 1


def test_nose_and_mouth_within_a_face_are_not_the_face(fake: type[Fake]) -> None:
    once = (0.02, side(0.1))  # one attempt only has this padding
    fake.plans = {SECOND: padded(SECOND, laid(90, wide_px=30)), once: padded(once, laid(60, wide_px=90))}
    assert found_x() == pytest.approx(60, abs=1e-3)


def test_of_meshes_that_all_move_the_calmest_is_taken_where_it_came_to_rest(fake: type[Fake]) -> None:
    fake.plans = {
        FIRST: [laid(40), laid(60), laid(75), laid(75.5), laid(10)],
        SECOND: padded(SECOND, laid(90), laid(150), laid(150)),
    }
    assert found_x() == pytest.approx(75.5)


def test_a_mesh_that_is_lost_on_the_second_look_is_better_than_none(fake: type[Fake]) -> None:
    fake.plans = {FIRST: [laid(40), None]}
    assert found_x() == pytest.approx(40)


def test_nothing_is_found_where_no_way_of_looking_finds_anything(fake: type[Fake]) -> None:
    assert np.isnan(found_x())
    assert len(fake.seen) == len(stills._LENIENT) + 1


def soft_noise(count: int) -> list[Points]:
    rng = np.random.default_rng(0)
    pictures = [cv2.GaussianBlur(rng.normal(0, 1, (48, 48)).astype(np.float32), (0, 0), 4) for _ in range(count)]
    grey = [((one - one.min()) / np.ptp(one) * 255).astype(np.uint8) for one in pictures]
    return [cv2.cvtColor(one, cv2.COLOR_GRAY2BGR) for one in grey]


def test_a_face_that_no_detector_sees_is_looked_for_in_the_middle_of_a_small_picture(
    portrait_bgr: Points, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = cv2.resize(portrait_bgr[45:195, 150:300], (48, 48), interpolation=cv2.INTER_AREA)
    finder = StillImageFinder()
    try:
        wanted = finder.find(small).landmarks_xy[0]
        monkeypatch.setattr(stills.Detector, "find", lambda self, image_bgr: [])
        guessed = finder.find(small).landmarks_xy
        assert len(finder.find(np.ascontiguousarray(portrait_bgr))) == 0, (
            "a large picture need not be filled by its face"
        )
        assert sum(len(finder.find(noise)) for noise in soft_noise(12)) <= 3, "two guesses must agree"
    finally:
        finder.close()
    assert np.abs(guessed[0] - wanted).mean() < 2.0


def test_a_masked_face_is_found_where_the_bare_one_was(small_face_bgr: Points) -> None:
    finder = StillImageFinder()
    try:
        bare = finder.find(small_face_bgr).landmarks_xy[0]
        masked = finder.find(surgical_mask(small_face_bgr, bare)).landmarks_xy[0]
    finally:
        finder.close()
    moved_px = np.linalg.norm(masked[[33, 263]].mean(axis=0) - bare[[33, 263]].mean(axis=0))
    assert moved_px < 0.15 * np.linalg.norm(bare[263] - bare[33])
