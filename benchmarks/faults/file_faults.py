"""Files that are damaged, cut, of another kind than they say, or whose clocks leap."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable

from benchmarks.faults.clips import CLIP_FORMATS, clip_bytes
from benchmarks.faults.mutations import (
    FILE_MUTATIONS,
    Mutation,
    box_clock_lies,
    cluster_clock_lies,
    stream_clock_leaps,
)
from benchmarks.faults.trial import Place, Trial, with_outputs

_CLOCKS: tuple[tuple[str, Mutation], ...] = (
    ("ts, H.264", stream_clock_leaps),
    ("ts, H.264", stream_clock_leaps),
    ("mp4, H.264", box_clock_lies),
    ("mp4 in fragments, H.265", box_clock_lies),
    ("mkv, VP9", cluster_clock_lies),
    ("webm, VP8", cluster_clock_lies),
)
# Blurring holds every frame back for a second, which a run that fails gives out at its end.
_OPTIONS: tuple[list[str], ...] = (
    [],
    [],
    [],
    [],
    ["--smooth", "offline"],
    ["--realtime", "--seconds", "3"],
    ["--blur-faces"],
    ["--privacy"],
    ["--mirror"],
)


def damaged_file(name: str) -> Callable[[random.Random, Place], Trial]:
    """Return what makes a trial of a damaged file of one of `CLIP_FORMATS`."""
    return functools.partial(_damaged, name)


def leaping_clock(rng: random.Random, place: Place) -> Trial:
    """Return a trial of a file with times that leap, stand still or go back."""
    name, mutation = rng.choice(_CLOCKS)
    return _trial(rng, place, name, [mutation])


def wrong_file(rng: random.Random, place: Place) -> Trial:
    """Return a trial of something that is not what its name says."""
    one, other = rng.sample(sorted(CLIP_FORMATS), 2)
    data, about = rng.choice(
        (
            (clip_bytes(other), f"{other} under the name of {one}"),
            (clip_bytes(one) + clip_bytes(other), f"{one} and {other} joined"),
            (rng.randbytes(rng.choice((1, 1000, 50_000))), f"noise under the name of {one}"),
            (b"", f"an empty {one}"),
            (b"<html><body>404 Not Found</body></html>\n", f"a web page under the name of {one}"),
            (bytes(100_000), f"zeros under the name of {one}"),
        )
    )
    return _given(rng, place, CLIP_FORMATS[one].suffix, data, about)


def _damaged(name: str, rng: random.Random, place: Place) -> Trial:
    return _trial(rng, place, name, [rng.choice(FILE_MUTATIONS) for _ in range(rng.choice((1, 1, 1, 2)))])


def _trial(rng: random.Random, place: Place, name: str, mutations: list[Mutation]) -> Trial:
    data = bytearray(clip_bytes(name))
    done = [mutate(rng, data) for mutate in mutations if len(data) > 2 * 4096 or mutate is mutations[0]]
    return _given(rng, place, CLIP_FORMATS[name].suffix, bytes(data), f"{name}: {'; '.join(done)}")


def _given(rng: random.Random, place: Place, suffix: str, data: bytes, about: str) -> Trial:
    path = place.inputs / f"clip{suffix}"
    path.write_bytes(data)
    more = rng.choice(_OPTIONS)
    trial = Trial(f"{about} {' '.join(more)}".rstrip(), str(path), place, list(more))
    return with_outputs(trial, rng)
