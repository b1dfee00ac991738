"""A folder of short videos with one face, some of them broken, to run batches on."""

from __future__ import annotations

import itertools
import random
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av

CLIP = Path(__file__).resolve().parents[2] / "demo" / "clip.mp4"
_KINDS, _APART = 20, 13
_FRAMES = (4, 12)
_WH = (320, 240)


def _cut(path: Path, whole: bytes) -> None:
    path.write_bytes(whole[: len(whole) // 2])


def _empty(path: Path, _whole: bytes) -> None:
    path.write_bytes(b"")


def _text(path: Path, _whole: bytes) -> None:
    path.write_text("This is no video.\n" * 40, "utf-8")


def _noise(path: Path, whole: bytes) -> None:
    path.write_bytes(random.Random(len(whole)).randbytes(len(whole)))


_BREAKS: tuple[Callable[[Path, bytes], None], ...] = (_cut, _empty, _text, _noise)


def make_videos(folder: Path, count: int, broken: int, seed: int) -> tuple[dict[str, int], set[str]]:
    """Write videos of 4 to 12 frames, a hundred to a folder.

    Args:
        folder: is made.
        count: `int`, how many.
        broken: `int`, how many of them are cut off, empty, text or noise.
        seed: `int`, decides which.

    Returns:
        Name of each good video -> its frames, and the names of the broken ones; names as a batch gives them.
    """
    draw = random.Random(seed)
    folder.mkdir(parents=True)
    made = [folder / f"kind{number}.mp4" for number in range(_KINDS)]
    frames = _small_frames()
    lengths = [_write(path, frames[_APART * number :][: draw.randint(*_FRAMES)]) for number, path in enumerate(made)]
    chosen = set(draw.sample(range(count), broken))
    good, bad = dict[str, int](), set[str]()
    for number in range(count):
        name, kind = f"day{number // 100:02}/v{number:04}", draw.randrange(_KINDS)
        path = folder / f"{name}.mp4"
        path.parent.mkdir(exist_ok=True)
        if number in chosen:
            draw.choice(_BREAKS)(path, made[kind].read_bytes())
            bad.add(name)
        else:
            shutil.copyfile(made[kind], path)
            good[name] = lengths[kind]
    for path in made:
        path.unlink()
    return good, bad


def _small_frames() -> list[av.VideoFrame]:
    with av.open(str(CLIP)) as source:
        last = _APART * (_KINDS - 1) + _FRAMES[1]
        return [one.reformat(*_WH, format="yuv420p") for one in itertools.islice(source.decode(video=0), last)]


def _write(path: Path, frames: list[av.VideoFrame]) -> int:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=30)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = *_WH, "yuv420p", 1_500_000
        for index, frame in enumerate(frames):
            frame.pts, frame.time_base = index, Fraction(1, 30)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return len(frames)
