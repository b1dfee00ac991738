"""Files that are missing, no video, cut off or damaged: all that can be decoded, then a clear word."""

import os

import av
import numpy as np
import pytest

from realtime.capture.container_length import promised_bytes
from realtime.capture.pyav_decoding import packets_of
from tests.support.pictures.made_clips import FAST, FRAGMENTED, cut, open_error, opened, read_all, write_clip


def test_missing_folder_and_empty_are_told_apart(tmp_path):
    (tmp_path / "empty.mp4").touch()
    assert "no file" in (message := open_error(tmp_path / "gone.mp4"))
    assert "gone.mp4; check the path" in message
    assert "is a folder: name a file in it" in open_error(tmp_path)
    assert "is empty (0 bytes); copy or record it again" in open_error(tmp_path / "empty.mp4")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_names_its_permissions(tmp_path):
    path = write_clip(tmp_path / "a.mp4", 2)
    path.chmod(0)
    assert "check its permissions" in open_error(path)


@pytest.mark.parametrize(
    ("name", "data"),
    [("noise.mp4", bytes(range(256)) * 400), ("words.mp4", b"hello world\n" * 100), ("words.txt", b"hello\n" * 100)],
)
def test_what_is_no_video_is_refused(tmp_path, name, data):
    (tmp_path / name).write_bytes(data)
    assert "is not a video that can be opened" in open_error(tmp_path / name)


def test_sound_alone_is_refused(tmp_path):
    path = tmp_path / "song.m4a"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        for i in range(20):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.rate, frame.pts = 44100, i * 1024
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert "it has no moving picture in it" in open_error(path)


def test_an_mp4_without_its_index_does_not_open(tmp_path):
    message = open_error(cut(write_clip(tmp_path / "a.mp4", noise=True)))
    assert "FFmpeg cannot read it" in message
    assert "to its end" in message


def test_nothing_but_our_error_reaches_the_terminal(tmp_path, capfd):
    open_error(cut(write_clip(tmp_path / "a.mp4", noise=True)))
    source, _ = opened(cut(write_clip(tmp_path / "b.mkv", noise=True)))
    read_all(source)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "options"), [("a.mkv", None), ("a.mp4", FAST), ("f.mp4", FRAGMENTED), ("a.avi", None), ("a.mov", FAST)]
)
def test_a_file_cut_off_delivers_its_frames_and_then_says_so(tmp_path, name, options):
    whole = write_clip(tmp_path / name, options=options, noise=True)
    broken = cut(whole)
    source, _ = opened(broken)
    frames, error = read_all(source)
    assert 8 < len(frames) < 25
    assert "broke off before its end" in str(error)
    assert f"{len(frames)} frames were read, the last at {frames[-1].media_time_s:.2f} s" in str(error)
    promised = promised_bytes(broken)
    # Fragments announce themselves one by one: the one that is cut has told its length, those after it have not.
    least = broken.stat().st_size + 1 if options is FRAGMENTED else whole.stat().st_size
    assert least <= promised <= whole.stat().st_size
    assert f": {promised - broken.stat().st_size} bytes of it are missing; " in str(error)


@pytest.mark.parametrize("name", ["a.mkv", "a.mp4", "a.mov", "a.avi"])
def test_a_whole_file_promises_what_it_has(tmp_path, name):
    path = write_clip(tmp_path / name)
    assert promised_bytes(path) == path.stat().st_size


def test_a_whole_file_of_fragments_promises_what_comes_before_its_index(tmp_path):
    path = write_clip(tmp_path / "f.mp4", options=FRAGMENTED)
    index_bytes = int.from_bytes(path.read_bytes()[-4:], "big")  # the last field of a `mfro` box, at the very end
    assert promised_bytes(path) == path.stat().st_size - index_bytes


def test_an_avi_of_several_parts_promises_all_of_them(tmp_path):
    first = write_clip(tmp_path / "a.avi").read_bytes()
    path = tmp_path / "long.avi"
    path.write_bytes(first + b"RIFF" + (1001).to_bytes(4, "little") + b"AVIX" + bytes(400))
    assert promised_bytes(path) == len(first) + 8 + 1001 + 1, "a part of an odd length is padded"


def test_a_recording_that_was_never_finished_promises_nothing(tmp_path):
    path = tmp_path / "live.mkv"
    data = bytearray(write_clip(path).read_bytes())
    at = data.index(b"\x18\x53\x80\x67") + 4
    data[at : at + 8] = b"\x01" + b"\xff" * 7
    path.write_bytes(data)
    assert promised_bytes(path) is None
    frames, error = read_all(opened(path)[0])
    assert (len(frames), error) == (30, None)


def test_damaged_packets_in_the_middle_are_skipped_and_counted(tmp_path):
    path = write_clip(tmp_path / "a.mp4", options=FAST, codec="mjpeg", noise=True)
    data = bytearray(path.read_bytes())
    starts = [at for at in range(len(data) - 3) if data[at : at + 3] == b"\xff\xd8\xff"]
    assert len(starts) == 30
    for number in (10, 11):
        data[starts[number] : starts[number + 1]] = bytes(starts[number + 1] - starts[number])
    path.write_bytes(data)
    source, _ = opened(path)
    frames, error = read_all(source)
    assert error is None
    assert source.damaged_packets == 2
    assert len(frames) == 28
    assert frames[10].media_time_s == pytest.approx(12 / 30, abs=0.001)


def test_a_stream_that_turns_up_in_mid_file_ends_nothing():
    """Damaged transport streams do that; PyAV raises IndexError, once for each packet of such a stream."""
    read = iter([1, 2, IndexError, IndexError, 3])

    class Container:
        def demux(self, _stream):
            for packet in read:
                if packet is IndexError:
                    raise IndexError("list index out of range")
                yield packet

    assert list(packets_of(Container(), None)) == [1, 2, 3]
