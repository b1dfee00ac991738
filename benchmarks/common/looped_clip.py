"""Loops a clip to a given length by repeating its packets, without transcoding.

    python -m benchmarks.common.looped_clip SOURCE OUT --seconds S [--faces N]

The clip is repeated until it lasts S seconds; with --faces it first shows its face N times. Sound is left out: a
camera has none.
"""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import av
import click


def _times(packet: av.Packet) -> tuple[int, int, int]:
    """Return when a packet is shown and decoded and how long it lasts, in its stream's ticks."""
    return packet.pts or 0, packet.dts or 0, packet.duration or 0


def looped(source: Path, seconds: float, out: Path) -> int:
    """Write `source`'s pictures to `out` until they last at least `seconds`.

    Returns:
        How often the clip is in it.
    """
    with av.open(str(source)) as clip, av.open(str(out), "w") as target:
        stream = clip.streams.video[0]
        packets = [packet for packet in clip.demux(stream) if packet.dts is not None]
        copy = target.add_stream_from_template(stream)
        shown = [(pts, pts + duration) for pts, _, duration in map(_times, packets)]
        span = max(end for _, end in shown) - min(begin for begin, _ in shown)
        times = max(1, math.ceil(seconds / float(span * (stream.time_base or 1))))
        for number in range(times):
            for packet in packets:
                again = av.Packet(bytes(packet))
                pts, dts, again.duration = _times(packet)
                again.pts, again.dts, again.time_base = pts + number * span, dts + number * span, packet.time_base
                again.is_keyframe, again.stream = packet.is_keyframe, copy
                target.mux(again)
    return times


@click.command(help=__doc__)
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--seconds", type=click.FloatRange(0, min_open=True), required=True)
@click.option("--faces", type=click.IntRange(1, 16), default=1, show_default=True)
def main(source: Path, out: Path, seconds: float, faces: int) -> None:
    from benchmarks.speed.pipeline import tiled

    with tempfile.TemporaryDirectory() as folder:
        path = Path(tiled(str(source), faces, Path(folder))) if faces > 1 else source
        times = looped(path, seconds, out)
    click.echo(f"{out}: {source.name} {times} times, {faces} of its face")


if __name__ == "__main__":
    main()
