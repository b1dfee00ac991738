"""Each rule of the fragmented writer alone: key frames, lengths, colors, padding, and what a muxer refuses."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest

from realtime.recording.formats import FORMATS, encoder_for
from realtime.recording.part_writer import PartWriter, with_index_in_front
from tests.support.pictures.recorded import decoded_times, picture, video_length_s

pytestmark = pytest.mark.timeout(60)


class Sound:
    """The source's sound, which ends somewhere and may be left out."""

    def __init__(self, end_s: float | None = None) -> None:
        self.end_s, self.notes = end_s, ["a note"]
        self.asked_s: list[float] = []
        self.left_s: list[float] = []
        self.refused: list[Exception] = []
        self.closed = self.added = 0

    def add_to(self, _container: Any) -> None:
        self.added += 1

    def packets_until(self, until_s: float) -> list[Any]:
        self.asked_s.append(until_s)
        return []

    def tell_what_is_left(self, end_s: float) -> None:
        self.left_s.append(end_s)

    def leave(self, error: Exception) -> None:
        self.refused.append(error)

    def close(self) -> None:
        self.closed += 1


def writer_of(path: Path, fps: float = 20.0, first_s: float = 0.0, sound: Sound | None = None, size_wh=(64, 48)) -> Any:
    return PartWriter(path, FORMATS[path.suffix], encoder_for(path), fps, size_wh, first_s, sound)


def written(path: Path, times_s: list[float], image: np.ndarray | None = None, **options: Any) -> Path:
    writer = writer_of(path, **options)
    try:
        for number, time_s in enumerate(times_s):
            writer.write(picture(number) if image is None else image, time_s)
        writer.finish()
    finally:
        writer.release()
    return path


def lengths_s(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        return [float(one.duration * one.time_base) for one in container.demux(video=0) if one.pts is not None]


def test_every_second_begins_with_a_key_frame(tmp_path: Path) -> None:
    path = written(tmp_path / "a.mkv", [number / 10 for number in range(25)], fps=10.0)
    with av.open(str(path)) as container:
        keys = [round(float(one.pts * one.time_base), 3) for one in container.demux(video=0) if one.is_keyframe]
    assert keys == [0.0, 1.0, 2.0]


def test_after_a_gap_the_next_picture_is_a_key_frame_and_seconds_count_from_it(tmp_path: Path) -> None:
    path = written(tmp_path / "a.mkv", [0.0, 0.5, 3.7, 4.6, 4.7, 5.6])
    with av.open(str(path)) as container:
        keys = [round(float(one.pts * one.time_base), 3) for one in container.demux(video=0) if one.is_keyframe]
    assert keys == [0.0, 3.7, 4.7]


@pytest.mark.parametrize(("fps", "length_s"), [(20.0, 1 / 20), (0.0, 1 / 30), (-1.0, 1 / 30), (0.5, 2.0)])
def test_one_picture_alone_lasts_as_long_as_one_does(tmp_path: Path, fps: float, length_s: float) -> None:
    assert lengths_s(written(tmp_path / "a.mp4", [0.0], fps=fps)) == [pytest.approx(length_s, abs=1e-4)]


@pytest.mark.parametrize(
    ("end_s", "length_s"), [(None, 0.1), (0.55, 0.25), (0.325, 0.025), (0.32, 0.1), (0.7, 0.4), (0.71, 0.1), (0.2, 0.1)]
)
def test_the_last_picture_lasts_to_the_sources_end_where_that_is_plausible(tmp_path, end_s, length_s) -> None:
    sound = Sound(end_s)
    path = written(tmp_path / "a.mp4", [0.0, 0.2, 0.3], sound=sound)
    assert lengths_s(path) == pytest.approx([0.2, 0.1, length_s], abs=1e-4)
    assert video_length_s(path) == pytest.approx(0.3 + length_s, abs=1e-4)
    assert sound.left_s == [pytest.approx(0.3 + length_s, abs=1e-4)]


def test_sound_is_written_up_to_each_picture_before_it_and_at_last_to_the_end(tmp_path: Path) -> None:
    sound = Sound()
    writer = writer_of(tmp_path / "a.mkv", first_s=5.0, sound=sound)
    assert sound.added == 1
    for time_s in (5.0, 5.5, 5.75):
        writer.write(picture(0), time_s)
    writer.finish()
    assert sound.asked_s == pytest.approx([0.0, 0.5, 0.75, 1.0])
    assert (writer.release(), sound.closed) == (["a note"], 1)
    assert decoded_times(tmp_path / "a.mkv") == pytest.approx([0.0, 0.5, 0.75], abs=1e-3)


def test_times_that_fall_together_are_a_tick_apart(tmp_path: Path) -> None:
    got = decoded_times(written(tmp_path / "a.mp4", [0.0, 0.1, 0.1, 0.05, 0.2]))
    assert got == pytest.approx([0.0, 0.1, 0.1 + 1 / 90_000, 0.1 + 2 / 90_000, 0.2], abs=1e-6)


def test_the_colors_are_named_for_players(tmp_path: Path) -> None:
    with av.open(str(written(tmp_path / "a.mp4", [0.0, 0.1]))) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_primaries, context.color_trc, context.color_range) == (6, 1, 1, 1)
        assert (context.pix_fmt, context.has_b_frames) == ("yuv420p", False)


def test_after_hours_without_a_picture_the_last_one_is_repeated(tmp_path: Path) -> None:
    got = decoded_times(written(tmp_path / "a.mkv", [0.0, 0.5, 8000.0]))
    assert got == pytest.approx([0.0, 0.5, 3600.5, 7200.5, 8000.0], abs=1e-3)


@pytest.mark.parametrize("shape", [(47, 63, 3), (48, 63, 3), (47, 64, 3), (48, 64, 3)])
def test_a_picture_keeps_its_colors_and_its_edge_is_repeated(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    image = np.zeros(shape, np.uint8)
    image[:] = (30, 60, 200)
    path = written(tmp_path / "a.mp4", [0.0], image, size_wh=(64, 48))
    with av.open(str(path)) as container:
        got = next(container.decode(video=0)).to_ndarray(format="bgr24").astype(int)
    assert got.shape == (48, 64, 3)
    assert np.abs(got - (30, 60, 200)).max() <= 6


@pytest.mark.parametrize("shape", [(47, 63, 3), (48, 63, 3), (47, 64, 3), (48, 64, 3)])
def test_a_picture_is_padded_where_it_is_odd_and_never_scaled(tmp_path: Path, shape: tuple[int, int, int]) -> None:
    image = np.zeros(shape, np.uint8)
    image[::2] = 255
    path = written(tmp_path / "a.mp4", [0.0], image, size_wh=(64, 48))
    with av.open(str(path)) as container:
        rows = next(container.decode(video=0)).to_ndarray(format="gray").mean(axis=1)
    wanted = [number % 2 == 0 for number in range(shape[0])]
    assert (rows > 128).tolist() == [*wanted, *wanted[-1:]][:48]
    assert np.abs(rows - 128).min() > 60, "rows that were scaled are gray"


class Refusing:
    """A container that takes no packet, for a reason of the muxer's or of the disk's."""

    def __init__(self, error: Exception) -> None:
        self.error, self.closed = error, 0

    def mux(self, _packet: Any) -> None:
        raise self.error

    def close(self) -> None:
        self.closed += 1
        raise self.error


@pytest.mark.parametrize("error", [ValueError("bad packet"), PermissionError("bad packet")])
def test_sound_that_the_muxer_refuses_is_left_out_but_not_for_ever(tmp_path: Path, error: Exception) -> None:
    sound = Sound()
    writer = writer_of(tmp_path / "a.mkv", sound=sound)
    writer._container.close()
    writer._container = Refusing(error)
    for _ in range(100):
        writer._put(object())
    assert sound.refused == [error] * 100
    with pytest.raises(type(error)):
        writer._put(object())
    assert (writer.release(), sound.closed) == (["a note"], 1), "closed although the container fails again"


def test_without_sound_what_the_muxer_refuses_is_an_error(tmp_path: Path) -> None:
    writer = writer_of(tmp_path / "a.mkv")
    writer._container.close()
    writer._container = Refusing(ValueError("bad packet"))
    with pytest.raises(ValueError, match="bad packet"):
        writer._put(object())
    assert writer.release() == []
    assert writer._container.closed == 1


def test_a_full_disk_is_never_taken_for_bad_sound(tmp_path: Path) -> None:
    sound = Sound()
    writer = writer_of(tmp_path / "a.mkv", sound=sound)
    writer._container.close()
    writer._container = Refusing(OSError(28, "No space left on device"))
    with pytest.raises(OSError, match="No space"):
        writer._put(object())
    assert sound.refused == []


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_disk_that_is_full_at_any_byte_is_never_silent(tmp_path: Path, full_disk, suffix: str) -> None:
    whole = written(tmp_path / f"whole{suffix}", [0.0, 0.1])
    size = whole.stat().st_size
    for limit in (1, size // 3, size // 2, size - 40, size - 1):
        with full_disk(limit), pytest.raises((OSError, av.FFmpegError)):
            written(tmp_path / f"{limit}{suffix}", [0.0, 0.1])
    if FORMATS[suffix].index_options is not None:
        with_index_in_front(whole, copy := tmp_path / f"copy{suffix}", FORMATS[suffix])
        size = copy.stat().st_size
        for limit in (1, size // 2, size - 1):
            with full_disk(limit), pytest.raises((OSError, av.FFmpegError)):
                with_index_in_front(whole, tmp_path / f"copy{limit}{suffix}", FORMATS[suffix])


def test_the_copy_with_its_index_in_front_has_every_packet(tmp_path: Path) -> None:
    part = written(tmp_path / "a.mp4", [0.0, 0.1, 0.35])
    with_index_in_front(part, tmp_path / "b.mp4", FORMATS[".mp4"])
    content = (tmp_path / "b.mp4").read_bytes()
    assert 0 < content.index(b"moov") < content.index(b"mdat")
    assert decoded_times(tmp_path / "b.mp4") == pytest.approx(decoded_times(part), abs=1e-4)
    assert lengths_s(tmp_path / "b.mp4") == pytest.approx(lengths_s(part), abs=1e-4)


def test_the_encoder_is_told_what_the_format_asks_of_it(tmp_path: Path) -> None:
    if encoder_for(tmp_path / "a.mkv").name != "libx264":
        pytest.skip("only x264 writes its settings into the file")
    settings = written(tmp_path / "a.mkv", [0.0]).read_bytes()
    # crf, tune zerolatency, preset superfast; and the source's rate.
    for setting in (b"crf=20.0", b"mbtree=0", b"me=dia", b"keyint_min=20 "):
        assert setting in settings, setting


def test_the_comment_goes_into_the_copy_even_where_some_of_it_is_no_text(tmp_path: Path) -> None:
    part, kind = tmp_path / "a.mp4", FORMATS[".mp4"]
    writer = PartWriter(part, kind, encoder_for(part), 20.0, (64, 48), 0.0, None, "how it was made")
    writer.write(picture(0), 0.0)
    writer.finish()
    writer.release()
    content = part.read_bytes()
    assert content.count(b"how it was made") == 1
    part.write_bytes(content.replace(b"how it", b"how \xff\xfe"))
    with_index_in_front(part, tmp_path / "b.mp4", kind)
    with av.open(str(tmp_path / "b.mp4")) as container:
        assert container.metadata["comment"] == "how \ufffd\ufffd was made"


def test_the_format_decides_and_not_the_name(tmp_path: Path) -> None:
    kind, encoder = FORMATS[".mp4"], encoder_for(Path("a.mp4"))
    writer = PartWriter(tmp_path / "a", kind, encoder, 20.0, (64, 48), 0.0, None)
    for number in range(3):
        writer.write(picture(number), number / 20)
    writer.finish()
    writer.release()
    assert b"moof" in (tmp_path / "a").read_bytes(), "in fragments, so that it plays if it is never finished"
    with_index_in_front(tmp_path / "a", tmp_path / "b", kind)
    assert decoded_times(tmp_path / "b") == pytest.approx([0.0, 0.05, 0.1], abs=1e-4)


def test_all_packets_of_one_picture_are_written_with_its_length(tmp_path: Path) -> None:
    writer = writer_of(tmp_path / "a.mkv")
    writer._container.close()
    put: list[tuple[str, int]] = []
    writer._put = lambda packet: put.append((packet.name, packet.duration))
    writer._pts = [0, 4500]
    writer._mux([SimpleNamespace(name=name, duration=0) for name in ("first", "second")])
    assert put == [("first", 4500), ("second", 4500)]


@pytest.mark.parametrize("error", [OSError(5, "gone"), ValueError("bad"), av.FFmpegError(5, "gone")])
def test_a_container_that_cannot_be_closed_is_let_go(tmp_path: Path, error: Exception) -> None:
    writer = writer_of(tmp_path / "a.mkv")
    writer._container.close()
    writer._container = Refusing(error)
    assert (writer.release(), writer._container.closed) == ([], 1)


def test_a_colon_in_a_name_is_no_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = written(Path("http:clip.mp4"), [0.0, 0.1])
    with_index_in_front(path, Path("tcp:copy.mp4"), FORMATS[".mp4"])
    assert sorted(one.name for one in tmp_path.iterdir()) == ["http:clip.mp4", "tcp:copy.mp4"]
