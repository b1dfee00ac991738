from __future__ import annotations

import builtins
import csv
from itertools import pairwise

import av
import numpy as np
import pytest
from click.testing import CliRunner

from demo import CLIP_PATH
from demo.expressions import EXPRESSIONS, FaceRig
from demo.make_clip import SAMPLE_RATE_HZ, main
from demo.masks import rounded
from demo.portrait import CANVAS_WH
from demo.relax import relaxed
from demo.timeline import DURATION_S, FPS, FRAME_COUNT, SEGMENTS, TRANSITION_S, blink_at, expression_at
from demo.warp import MeshWarp
from realtime.core.options import RunOptions
from realtime.landmarks.still_image_finder import StillImageFinder
from realtime.reports.table_sink import TableOptions
from realtime.session.session import Session

EVERY = 5


@pytest.fixture(scope="module")
def meshes():
    """Every fifth frame's (second, faces)."""
    finder, found = StillImageFinder(), []
    try:
        with av.open(str(CLIP_PATH)) as container:
            for index, frame in enumerate(container.decode(video=0)):
                if index % EVERY == 0:
                    found.append((index / FPS, finder.find_mesh(frame.to_ndarray(format="bgr24"))))
    finally:
        finder.close()
    return found


def distance(points, first, second):
    return float(np.linalg.norm(points[first, :2] - points[second, :2]))


def mean_in(meshes, name, measure):
    """The mean of `measure(landmarks)` while segment `name` is held."""
    _, start_s, end_s = next(segment for segment in SEGMENTS if segment[0] == name)
    values = [measure(faces[0]) for t, faces in meshes if start_s + TRANSITION_S <= t < end_s and len(faces)]
    assert values
    return np.mean(values)


def mouth_opening(points):
    return distance(points, 13, 14) / distance(points, 33, 263)


def brow_height(points):
    brows = points[[65, 52, 295, 282], 1].mean()
    return (points[[33, 133, 362, 263], 1].mean() - brows) / distance(points, 33, 263)


def test_clip_is_what_the_constants_say():
    assert CLIP_PATH.stat().st_size < 2_000_000
    with av.open(str(CLIP_PATH)) as container:
        video, sound = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (video.width, video.height) == CANVAS_WH
        assert video.frames == FRAME_COUNT
        assert video.average_rate == FPS
        assert float(video.duration * video.time_base) == pytest.approx(DURATION_S, abs=0.5 / FPS)
        assert (sound.codec_context.name, sound.rate, sound.layout.name) == ("aac", SAMPLE_RATE_HZ, "mono")


def test_index_lies_before_the_pictures():
    body = CLIP_PATH.read_bytes()
    assert 0 < body.find(b"moov") < body.find(b"mdat")


def test_face_is_found_throughout(meshes):
    assert len(meshes) == len(range(0, FRAME_COUNT, EVERY))
    assert np.mean([len(faces) == 1 for _, faces in meshes]) >= 0.95


def test_face_really_moves(meshes):
    neutral, surprise = (mean_in(meshes, name, mouth_opening) for name in ("neutral", "surprise"))
    assert surprise > 4 * neutral
    assert mean_in(meshes, "happiness", mouth_opening) > 2 * neutral
    assert mean_in(meshes, "surprise", brow_height) > 1.15 * mean_in(meshes, "neutral", brow_height)


def test_program_says_what_each_segment_shows(tmp_path):
    table = tmp_path / "emotions.csv"
    Session(RunOptions(str(CLIP_PATH), outputs=(TableOptions(table),))).run()
    with table.open(newline="") as file:
        said = [(float(row["media_time_s"]), row["label"]) for row in csv.DictReader(file)]
    assert len(said) == FRAME_COUNT
    for name, start_s, end_s in SEGMENTS:
        labels = [label for t, label in said if start_s + TRANSITION_S <= t < end_s]
        # The portrait keeps a trace of its smile at rest, and the filter waits for what is that near.
        assert labels.count(name) > 0.55 * len(labels), (name, start_s, labels)


def test_segments_cover_the_clip_and_have_an_expression():
    assert SEGMENTS[0][1] == 0.0
    assert SEGMENTS[-1][2] == DURATION_S
    assert all(before[2] == after[1] for before, after in pairwise(SEGMENTS))
    assert {name for name, _, _ in SEGMENTS} == set(EXPRESSIONS)
    for name, start_s, end_s in SEGMENTS:
        assert expression_at((start_s + TRANSITION_S + end_s) / 2) == EXPRESSIONS[name]


def test_transition_has_no_jump():
    drops = [expression_at(index / FPS).jaw_drop for index in range(FRAME_COUNT)]
    whole = EXPRESSIONS["surprise"].jaw_drop - EXPRESSIONS["neutral"].jaw_drop
    assert np.abs(np.diff(drops)).max() < 0.2 * whole


def test_blinks_shut_and_open_again():
    shut = [blink_at(index / FPS) for index in range(FRAME_COUNT)]
    assert max(shut) > 0.9
    assert np.mean(np.array(shut) > 0) < 0.1


def test_time_past_the_clip_is_refused():
    with pytest.raises(ValueError, match="lasts"):
        expression_at(DURATION_S + 1)


@pytest.fixture
def grid():
    xs, ys = np.meshgrid(np.linspace(0, 79, 6), np.linspace(0, 59, 5))
    return np.stack([xs.ravel(), ys.ravel()], axis=1).astype(np.float32)


def test_warp_without_displacement_is_the_picture(grid):
    picture = np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8)
    np.testing.assert_array_equal(MeshWarp(grid, (80, 60)).apply(picture, grid), picture)


def test_warp_moves_the_pixel_of_a_moved_point(grid):
    point = int(np.abs(grid - (32, 30)).sum(axis=1).argmin())
    x, y = np.round(grid[point]).astype(int)
    picture = np.zeros((60, 80, 3), np.uint8)
    picture[y - 1 : y + 2, x - 1 : x + 2] = 255
    target = grid.copy()
    target[point] += (6, -4)
    moved = MeshWarp(grid, (80, 60)).apply(picture, target)
    assert moved[y - 4, x + 6].min() > 200
    assert moved[y, x].max() < 50
    np.testing.assert_array_equal(moved[:, :10], picture[:, :10])


def test_warp_closes_an_opening():
    rim = [(10, 30), (40, 20), (70, 30), (40, 40)]
    points = np.float32([*rim, (0, 0), (79, 0), (0, 59), (79, 59)])
    picture = np.full((60, 80, 3), 50, np.uint8)
    picture[26:35, 30:50] = 255  # inside the rim
    shut = points.copy()
    shut[[1, 3]] = (40, 30)
    closed = MeshWarp(points, (80, 60), [(0, 1, 2, 3)]).apply(picture, shut)
    assert closed.max() < 60


def test_rig_leaves_the_smile_alone_and_closes_the_mouth(meshes):
    smiling = meshes[0][1][0][:, :2]
    rig = FaceRig(smiling)
    np.testing.assert_allclose(rig.mesh_of(EXPRESSIONS["happiness"]), smiling, atol=1e-3)
    neutral = rig.mesh_of(EXPRESSIONS["neutral"])
    assert np.linalg.norm(neutral[13] - neutral[14]) < 0.02 * rig.unit_px
    assert neutral[61, 0] > smiling[61, 0] + 0.02 * rig.unit_px
    np.testing.assert_allclose(neutral[33], smiling[33], atol=1e-3)


def test_relaxing_evens_the_cheeks_and_covers_the_teeth(meshes):
    with av.open(str(CLIP_PATH)) as container:
        smiling = next(container.decode(video=0)).to_ndarray(format="bgr24")
    points = meshes[0][1][0][:, :2]
    calm = relaxed(smiling, points)

    def around(picture, landmarks, reach=4):
        x, y = points[list(landmarks)].mean(axis=0).round().astype(int)
        return picture[y - reach : y + reach + 1, x - reach : x + reach + 1].astype(float)

    assert around(calm, (13, 14)).mean() < around(smiling, (13, 14)).mean() - 20  # no white between the lips
    for fold in (206, 426):
        before, after = (around(picture, [fold], 8).mean(axis=2).std() for picture in (smiling, calm))
        assert after < 0.8 * before
    for spared in (4, 9, 468 - 1):  # nose, forehead, corner of an eye
        np.testing.assert_allclose(around(calm, [spared], 1), around(smiling, [spared], 1), atol=12)
    np.testing.assert_array_equal(calm[:20], smiling[:20])


def test_rounded_rim_passes_through_its_corners():
    corners = np.float32([(0, 0), (10, 0), (10, 10), (0, 10)])
    curve = rounded(corners)
    assert len(curve) > 4 * len(corners)
    assert np.linalg.norm(curve[None] - corners[:, None], axis=2).min(axis=1).max() < 1e-4
    assert curve[:, 1].min() < -0.5  # bulges between them


def test_missing_scikit_image_is_one_clear_line(monkeypatch, tmp_path):
    real_import = builtins.__import__

    def without_skimage(name, *args, **kwargs):
        if name.startswith("skimage"):
            raise ImportError(name)
        return real_import(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without_skimage)
    result = CliRunner().invoke(main, ["--out", str(tmp_path / "clip.mp4")])
    assert result.exit_code == 1
    assert "pip install -e .[dev]" in result.output
    assert len(result.output.strip().splitlines()) == 1
