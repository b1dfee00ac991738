"""The values that travel: a shape or a type that does not fit is refused at birth, with what was received."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.manifest import EMOTIONS
from realtime.core.types import NOT_YET, UNCERTAIN, Analysed, Emotions, Faces, Frame
from tests.support.fakes import make_emotions, make_faces, make_frame, one_hot

K = len(EMOTIONS)
TWO_FACES = make_faces([(20, 20), (40, 20)])
TWO_EMOTIONS = make_emotions(np.stack([one_hot("fear"), one_hot("anger")]))


@pytest.mark.parametrize(
    ("image", "received"),
    [
        (np.zeros((4, 6), np.uint8), r"\(4, 6\) uint8"),
        (np.zeros((4, 6, 4), np.uint8), r"\(4, 6, 4\) uint8"),
        (np.zeros((4, 6, 3), np.float32), r"\(4, 6, 3\) float32"),
    ],
)
def test_a_picture_of_another_shape_or_type_is_refused(image: np.ndarray, received: str) -> None:
    with pytest.raises(ValueError, match=rf"image_bgr must be \(\*, \*, 3\) uint8; received {received}"):
        Frame(image, 0, 0.0, 0.0)


@given(st.integers(1, 50), st.integers(1, 50))
def test_a_size_is_width_and_height(width: int, height: int) -> None:
    assert Frame(np.zeros((height, width, 3), np.uint8), 0, 0.0, 0.0).size_wh == (width, height)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("boxes_xyxy", np.zeros((2, 4), np.float64)),
        ("boxes_xyxy", np.zeros((2, 5), np.float32)),
        ("landmarks_xy", np.zeros((1, 468, 2), np.float32)),
        ("landmarks_xy", np.zeros((2, 468, 3), np.float32)),
        ("head_pose_deg", np.zeros((2, 2), np.float32)),
        ("track_ids", np.zeros(2, np.int32)),
        ("track_ids", np.zeros(3, np.int64)),
    ],
)
def test_faces_of_another_shape_or_type_are_refused(field: str, value: np.ndarray) -> None:
    with pytest.raises(ValueError, match=f"{field} must be"):
        replace(TWO_FACES, **{field: value})


def test_faces_are_counted_and_numbered_and_none_is_ordinary() -> None:
    assert (len(TWO_FACES), len(Faces.empty()), Faces.empty(478).landmarks_xy.shape) == (2, 0, (0, 478, 2))
    numbered = TWO_FACES.with_track_ids(np.array([7, 3], np.int64))
    assert numbered.track_ids.tolist() == [7, 3]
    assert numbered.landmarks_xy is TWO_FACES.landmarks_xy


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("probabilities", np.zeros((2, K + 1), np.float32)),
        ("probabilities", np.zeros((2, K), np.float64)),
        ("by_region", np.zeros((2, K), np.float32)),
        ("reliability", np.zeros((2, 3), np.float32)),
        ("raw", np.zeros((1, K), np.float32)),
        ("age_s", np.zeros(3, np.float32)),
        ("reasons", ("",)),
        ("labels", ("fear", "boredom")),
    ],
)
def test_emotions_that_do_not_fit_together_are_refused(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{field} must"):
        replace(TWO_EMOTIONS, **{field: value})


def test_nothing_is_old_unless_it_is_said_and_unknown_is_infinitely_old() -> None:
    assert TWO_EMOTIONS.age_s.tolist() == [0, 0]
    assert TWO_EMOTIONS.measured
    assert not replace(TWO_EMOTIONS, age_s=np.array([0, 0.1], np.float32)).measured
    unknown = Emotions.not_yet(2)
    assert (unknown.labels, unknown.reasons, unknown.measured) == ((UNCERTAIN,) * 2, (NOT_YET,) * 2, False)
    assert np.isinf(unknown.age_s).all()
    np.testing.assert_allclose(unknown.probabilities, 1 / K)
    assert Emotions.not_yet(0).measured, "where there is no face nothing is missing"


def test_confidence_is_that_of_the_label_even_while_another_is_likelier() -> None:
    held = replace(TWO_EMOTIONS, labels=("sadness", UNCERTAIN), reasons=("", "turned"))
    assert held.confidence(0) == pytest.approx(0.02), "sadness, though fear has 0.9"
    assert held.confidence(1) == pytest.approx(0.9), "the likeliest emotion stands for an uncertain face"


def test_each_face_of_a_frame_has_its_emotions() -> None:
    assert len(Analysed(make_frame(), TWO_FACES, TWO_EMOTIONS).emotions) == 2
    with pytest.raises(ValueError, match="must agree; received 1 and 2"):
        Analysed(make_frame(), make_faces(), TWO_EMOTIONS)
