"""How pictures are shown: turned and mirrored, square pixels, declared colors, HDR, deinterlaced, of one size."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.filter import Graph

from realtime.capture.frame_index_reader import SeekableVideo
from tests.support.pictures.made_clips import opened, read_all

_W, _H = 64, 48
_COLOR_BGR = (40, 180, 90)


def corners(wh: tuple[int, int] = (_W, _H)) -> np.ndarray:
    """Four quarters of different brightness: 40, 100 above 160, 220."""
    image = np.zeros((wh[1], wh[0], 3), np.uint8)
    image[: wh[1] // 2, : wh[0] // 2], image[: wh[1] // 2, wh[0] // 2 :] = 40, 100
    image[wh[1] // 2 :, : wh[0] // 2], image[wh[1] // 2 :, wh[0] // 2 :] = 160, 220
    return image


def quarters(image_bgr: np.ndarray) -> list[int]:
    """Return the brightness of the quarters, row by row, rounded to tens."""
    h, w = image_bgr.shape[:2]
    spots = [(h // 4, w // 4), (h // 4, 3 * w // 4), (3 * h // 4, w // 4), (3 * h // 4, 3 * w // 4)]
    return [round(int(image_bgr[y, x, 1]) / 10) * 10 for y, x in spots]


def write(path: Path, frames, codec="ffv1", pix="yuv420p", rate=30, options=None, first=0, setup=lambda codec: None):
    """Write BGR arrays or ready frames."""
    with av.open(str(path), "w") as container:
        video = container.add_stream(codec, rate=rate, options=options or {})
        ready = [f if isinstance(f, av.VideoFrame) else av.VideoFrame.from_ndarray(f, format="bgr24") for f in frames]
        video.width, video.height, video.pix_fmt = ready[0].width, ready[0].height, pix
        video.codec_context.max_b_frames = 0
        setup(video.codec_context)
        for number, frame in enumerate(ready):
            frame.pts, frame.time_base = first + number, Fraction(1, rate)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    return path


def filtered(frame: av.VideoFrame, name: str, options: str, pix: str) -> av.VideoFrame:
    """Return a frame after one of FFmpeg's filters: the reference for colors."""
    graph = Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 30))
    steps = [source, graph.add(name, options), graph.add("format", pix), graph.add("buffersink")]
    for before, after in itertools.pairwise(steps):
        before.link_to(after)
    graph.configure()
    graph.vpush(frame)
    return graph.vpull()


def shown(path: Path) -> tuple[list[np.ndarray], list[str]]:
    source, info = opened(path)
    frames, error = read_all(source)
    source.close()
    assert error is None
    assert {(f.image_bgr.shape[1], f.image_bgr.shape[0]) for f in frames} == {info.size_wh}
    return [frame.image_bgr for frame in frames], info.findings.notes


def turned(path: Path, cells: tuple[int, int, int, int]) -> Path:
    """Write the four corners with a display matrix into the header of an mp4."""
    write(path, [corners()] * 2, codec="mpeg4")
    data = bytearray(path.read_bytes())
    at = data.index(bytes.fromhex("00010000"), data.index(b"tkhd") + 20)
    for place, cell in zip((0, 1, 3, 4), cells, strict=True):
        data[at + 4 * place : at + 4 * place + 4] = (cell << 16).to_bytes(4, "big", signed=True)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        ((1, 0, 0, 1), [40, 100, 160, 220]),
        ((-1, 0, 0, 1), [100, 40, 220, 160]),
        ((-1, 0, 0, -1), [220, 160, 100, 40]),
        ((1, 0, 0, -1), [160, 220, 40, 100]),
        ((0, 1, 1, 0), [40, 160, 100, 220]),
        ((0, 1, -1, 0), [160, 40, 220, 100]),
        ((0, -1, -1, 0), [220, 100, 160, 40]),
        ((0, -1, 1, 0), [100, 220, 40, 160]),
    ],
)
def test_each_of_the_eight_display_matrices_turns_and_mirrors_as_players_do(tmp_path, cells, wanted):
    images, _ = shown(turned(tmp_path / "a.mp4", cells))
    assert quarters(images[0]) == wanted
    assert images[0].shape[:2] == ((_H, _W) if cells[0] else (_W, _H))


@pytest.mark.parametrize(("ratio", "size_wh"), [(Fraction(2), (128, 48)), (Fraction(1, 2), (64, 96))])
def test_pixels_that_are_not_square_become_square(tmp_path, ratio, size_wh):
    path = write(
        tmp_path / "a.mp4",
        [corners()] * 2,
        codec="libx264",
        setup=lambda codec: setattr(codec, "sample_aspect_ratio", ratio),
    )
    images, _ = shown(path)
    assert (images[0].shape[1], images[0].shape[0]) == size_wh
    assert quarters(images[0]) == [40, 100, 160, 220]


def test_a_pixel_shape_that_cannot_be_is_ignored_with_a_line(tmp_path):
    path = write(
        tmp_path / "a.mp4",
        [corners()] * 2,
        codec="libx264",
        setup=lambda codec: setattr(codec, "sample_aspect_ratio", Fraction(10)),
    )
    images, notes = shown(path)
    assert images[0].shape[:2] == (_H, _W)
    assert notes == ["the source says that its pixels are 10 times as wide as high: taken as square"]


def test_a_picture_that_changes_its_size_keeps_its_shape_and_place(tmp_path):
    first = write(tmp_path / "a.ts", [corners()] * 3, codec="libx264")
    second = write(tmp_path / "b.ts", [corners((128, 192))] * 3, codec="libx264", first=3)
    whole = tmp_path / "whole.ts"
    whole.write_bytes(first.read_bytes() + second.read_bytes())
    images, notes = shown(whole)
    assert len(images) == 6
    assert notes == ["the source changes its picture size from 64 x 48 to 128 x 192: shown fitted into the first size"]
    # 128 x 192 fits into 64 x 48 as 32 x 48 in the middle.
    assert images[-1][:, :14].max() < 20
    assert images[-1][:, 50:].max() < 20
    assert quarters(images[-1][:, 16:48]) == [40, 100, 160, 220]


@pytest.mark.parametrize(("codec", "pix"), [("ffv1", "yuv420p"), ("libx264", "yuv420p"), ("libvpx-vp9", "yuv444p")])
@pytest.mark.parametrize(("number", "matrix"), [(1, "bt709"), (6, "smpte170m"), (9, "bt2020")])
@pytest.mark.parametrize(("full", "name"), [(1, "tv"), (2, "pc")])
def test_the_declared_matrix_and_range_are_used_whatever_the_codec(tmp_path, codec, pix, number, matrix, full, name):
    def declare(context):
        context.colorspace, context.color_range = number, full

    plain = av.VideoFrame.from_ndarray(np.full((_H, _W, 3), _COLOR_BGR, np.uint8), format="bgr24")
    coded = filtered(plain, "scale", f"out_color_matrix={matrix}:out_range={name}", pix)
    images, _ = shown(write(tmp_path / "a.mkv", [coded], codec=codec, pix=pix, setup=declare))
    assert images[0][_H // 2, _W // 2].tolist() == pytest.approx(_COLOR_BGR, abs=5)


def test_hdr_is_shown_as_bright_as_it_was_meant(tmp_path):
    def declare(context):
        context.color_trc, context.color_primaries, context.colorspace, context.color_range = 16, 9, 9, 1

    # SMPTE ST 2084 of a gray of 154 in a picture whose white is at 203 cd/m2.
    y = ((154 / 255) ** 2.4 * 203 / 10_000) ** 0.1593017578125
    code = ((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375
    gray = av.VideoFrame.from_ndarray(np.full((_H, _W, 3), round(code * 65535), np.uint16), format="rgb48le")
    coded = gray.reformat(format="yuv420p10le")
    images, notes = shown(write(tmp_path / "a.mkv", [coded], pix="yuv420p10le", setup=declare))
    assert len(notes) == 1
    if "not converted here" not in notes[0]:
        assert notes == ["the source is HDR (PQ): converted to standard range, white at 203 cd/m2"]
        assert images[0].mean() == pytest.approx(154, abs=8)


@pytest.mark.parametrize(
    ("level", "codec"), [(60, "libx265"), (154, "libx265"), (154, "ffv1"), (235, "libx265"), (400, "ffv1")]
)
def test_hlg_of_phones_is_shown_as_bright_as_it_was_meant(tmp_path, level, codec):
    def declare(context):
        context.color_trc, context.color_primaries, context.colorspace, context.color_range = 18, 9, 9, 1

    # ITU-R BT.2100: light of a screen of 1000 cd/m2 is 1000 times the scene's to the power of 1.2.
    scene = ((level / 255) ** 2.4 * 203 / 1000) ** (1 / 1.2)
    signal = math.sqrt(3 * scene) if scene <= 1 / 12 else 0.17883277 * math.log(12 * scene - 0.28466892) + 0.55991073
    gray = av.VideoFrame.from_ndarray(np.full((_H, _W, 3), round(signal * 65535), np.uint16), format="rgb48le")
    images, notes = shown(
        write(tmp_path / "a.mkv", [gray.reformat(format="yuv420p10le")], codec=codec, pix="yuv420p10le", setup=declare)
    )
    assert len(notes) == 1
    if "not converted here" not in notes[0]:
        assert notes == ["the source is HDR (HLG): converted to standard range, white at 203 cd/m2"]
        assert images[0].mean() == pytest.approx(min(level, 255), abs=3)


def declared_clip(path: Path) -> Path:
    """A colored picture in BT.709 and full range, and the four corners in its middle."""
    image = np.full((_H, _W, 3), _COLOR_BGR, np.uint8)
    image[12:36, 16:48] = corners((32, 24))
    coded = filtered(
        av.VideoFrame.from_ndarray(image, format="bgr24"), "scale", "out_color_matrix=bt709:out_range=pc", "yuv420p"
    )

    def declare(context):
        context.colorspace, context.color_range = 1, 2

    return write(path, [coded] * 2, setup=declare)


def wide_clip(path: Path) -> Path:
    def widen(context):
        context.sample_aspect_ratio = Fraction(2)

    return write(path, [corners()] * 2, codec="libx264", setup=widen)


def gray_clip(path: Path) -> Path:
    gray = corners()[:, :, 0].astype(np.uint16) * 16
    return write(path, [av.VideoFrame.from_ndarray(gray, format="gray16le") for _ in "ab"], pix="gray16le")


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("a.mkv", declared_clip),
        ("a.mkv", wide_clip),
        ("a.mkv", gray_clip),
        ("a.mp4", lambda path: turned(path, (0, -1, 1, 0))),
    ],
)
def test_a_picture_for_the_screen_is_that_of_the_analysis_at_any_size(tmp_path, name, make):
    video = SeekableVideo(str(make(tmp_path / name)), np.array([0.0, 1 / 30]))
    seen_rgb = video.frame(1)[:, :, ::-1]
    width, height = video.size_wh
    assert seen_rgb.shape == (height, width, 3)
    for size_wh in ((width, height), (width // 2, height // 2), (2 * width, 2 * height)):
        picture = video.picture(1, size_wh, lambda: False)
        wanted = cv2.resize(seen_rgb, size_wh, interpolation=cv2.INTER_AREA if size_wh[0] < width else cv2.INTER_LINEAR)
        assert picture.shape == wanted.shape
        away = np.abs(picture.astype(int) - wanted)
        assert np.median(away) <= 1, "the same colors"
        assert away.mean() < 6, "the same places; edges may be softer"
    video.close()


def test_gray_of_12_bits_in_16_is_stretched_with_a_line(tmp_path):
    frames = [av.VideoFrame.from_ndarray(corners()[:, :, 0].astype(np.uint16) * 16, format="gray16le") for _ in "ab"]
    images, notes = shown(write(tmp_path / "a.mkv", frames, pix="gray16le"))
    assert quarters(images[0]) == [40, 100, 160, 220]
    assert notes == ["the source is gray with 16 bits and uses 12 of them: its brightness is stretched"]


def combs(image_bgr: np.ndarray) -> float:
    """Return by how much rows differ from the mean of their neighbors."""
    gray = image_bgr[:, :, 1].astype(float)
    return float(np.abs(gray[1:-1] - (gray[:-2] + gray[2:]) / 2).mean())


def test_interlaced_pictures_are_deinterlaced_with_a_line_each_at_its_own_time(tmp_path):
    def picture(number: int) -> np.ndarray:
        image = np.full((_H, _W, 3), 40, np.uint8)
        for row in range(_H):  # the second field is half a picture later
            left = 4 * number + 2 * (row % 2) * 4
            image[row, left : left + 12] = 220
        return image

    path = write(
        tmp_path / "a.mkv",
        [picture(number) for number in range(10)],
        codec="mpeg2video",
        options={"flags": "+ildct+ilme", "qmin": "1", "qmax": "2"},
    )
    with av.open(str(path)) as container:
        raw = [frame.to_ndarray(format="bgr24") for frame in container.decode(video=0)]
    source, info = opened(path)
    frames, _ = read_all(source)
    assert info.findings.notes == ["the source is interlaced: its frames are deinterlaced, one picture from each"]
    assert [frame.media_time_s for frame in frames] == pytest.approx(np.arange(10) / 30, abs=0.002)
    assert combs(frames[5].image_bgr) < combs(raw[5]) / 2
    by_number = SeekableVideo(str(path), np.array([frame.media_time_s for frame in frames]))
    assert np.array_equal(by_number.frame(5), frames[5].image_bgr)
    by_number.close()
    source.seek(frames[7].media_time_s)
    assert source.read().media_time_s == pytest.approx(frames[7].media_time_s, abs=0.002)
    source.close()
