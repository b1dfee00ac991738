"""Renders the demo clip: `python -m demo.make_clip --out demo/clip.mp4`."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import click
import numpy as np
from tqdm import tqdm

from demo import CLIP_PATH
from demo.portrait import CANVAS_WH, load_portrait
from demo.scene import Scene
from demo.timeline import DURATION_S, FPS, FRAME_COUNT, SEGMENTS
from realtime.core.errors import EmotionLiveError, RecordError
from realtime.core.types import FloatArray

SAMPLE_RATE_HZ = 48_000

_CRF = 23
_SOUND_BITS_PER_S = 64_000
_LOUDNESS = 0.06
_CHORDS_HZ = {
    "happiness": (261.63, 329.63, 392.00),
    "neutral": (261.63, 392.00),
    "surprise": (311.13, 392.00, 523.25),
}
_ATTACK_S = 0.4


@click.command()
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), default=CLIP_PATH, help="The mp4 file to write."
)
def main(out: Path) -> None:
    """Animate a public-domain portrait through three expressions and write it as a short video with sound."""
    try:
        make_clip(out)
    except EmotionLiveError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{out}: {FRAME_COUNT} frames, {DURATION_S:g} s, {out.stat().st_size / 1e6:.2f} MB")


def make_clip(path: Path) -> None:
    """Render the clip and write it to `path`: H.264 and AAC in mp4, the index first.

    Raises:
        DataError: scikit-image is missing.
        RecordError: the file cannot be written.
    """
    scene = Scene(load_portrait())
    try:
        with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
            picture = container.add_stream("libx264", rate=FPS, options={"crf": str(_CRF), "preset": "medium"})
            picture.width, picture.height = CANVAS_WH
            picture.pix_fmt = "yuv420p"
            sound = container.add_stream("aac", rate=SAMPLE_RATE_HZ, layout="mono")
            sound.bit_rate = _SOUND_BITS_PER_S
            for packet in _encoded_sound(sound):
                container.mux(packet)
            for index in tqdm(range(FRAME_COUNT), unit="frame"):
                frame = av.VideoFrame.from_ndarray(scene.frame(index), format="bgr24")
                frame.pts, frame.time_base = index, Fraction(1, FPS)
                container.mux(picture.encode(frame))
            container.mux(picture.encode())
    except (OSError, av.FFmpegError) as error:
        raise RecordError(f"the clip {path} could not be written ({error}); choose another place with --out") from error


def soundtrack() -> FloatArray:
    """Return a quiet chord per segment, `(S,) float32` in -1 to 1, `SAMPLE_RATE_HZ` samples per second."""
    time_s = np.arange(round(DURATION_S * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    sound = np.zeros_like(time_s)
    for name, start_s, end_s in SEGMENTS:
        level = np.clip(np.minimum(time_s - start_s, end_s - time_s) / _ATTACK_S, 0, 1)
        for pitch_hz in _CHORDS_HZ[name]:
            turn = 2 * np.pi * pitch_hz * time_s
            sound += np.sin(0.5 * np.pi * level) ** 2 * (np.sin(turn) + 0.3 * np.sin(2 * turn))
    return np.asarray(_LOUDNESS * sound, np.float32)


def _encoded_sound(stream: av.AudioStream) -> list[av.Packet]:
    frame = av.AudioFrame.from_ndarray(soundtrack()[None], format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE_HZ, 0, Fraction(1, SAMPLE_RATE_HZ)
    return [*stream.encode(frame), *stream.encode()]


if __name__ == "__main__":
    main()
