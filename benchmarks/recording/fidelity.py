"""Compares recordings with their sources: frame times, length, audio packets, audio sync, as JSON.

    python -m benchmarks.recording.fidelity --json OUT [--suffix .mp4 ...] [--keep FOLDER] CLIP...

Each clip goes through the whole program with the shipped models. Both files are then read again: the times of all
pictures, the sound's packets (equal where they were copied), and how far the sound of the one is shifted against the
other's in the first and the last two seconds, found by correlating the decoded waves.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import click
import numpy as np
import numpy.typing as npt

from realtime.capture.video_file import FileSource
from realtime.core.options import RunOptions
from realtime.recording.recording_sink import RecordingOptions
from realtime.session.session import Session

ROOT = Path(__file__).resolve().parents[2]
_RATE = 16_000
_WINDOW_S, _REACH_S = 2.0, 0.1


@dataclass
class Facts:
    """What a player would find in a file.

    Attributes:
        times_s: of the pictures, the first at 0.
        length_s: until the last picture ends.
        size_wh: pixels, upright.
        sound: codec, or "" without any.
        packets: (seconds from the first picture, what is in it) of the sound.
        wave: the decoded sound from the first picture on, mono, 16 kHz.
    """

    times_s: list[float]
    length_s: float
    size_wh: tuple[int, int]
    sound: str
    packets: list[tuple[float, bytes]]
    wave: npt.NDArray[np.float32]


def read_facts(path: Path) -> Facts:
    source = FileSource(str(path))
    info = source.open()
    times = []
    while (frame := source.read()) is not None:
        times.append(frame.media_time_s)
    source.close()
    with av.open(str(path)) as container:
        first = next(container.decode(video=0)).time
    with av.open(str(path)) as container:
        ends = [p.pts + (p.duration or 0) for p in container.demux(video=0) if p.pts is not None]
        length_s = float(max(ends) * container.streams.video[0].time_base) - first
        has_sound = bool(container.streams.audio)
    # Matroska states no length per picture.
    length_s = length_s if length_s > times[-1] + 1e-3 else times[-1] + (times[-1] - times[-2])
    sound = _sound(path, first) if has_sound else ("", [], np.zeros(0, np.float32))
    return Facts(times, length_s, info.size_wh, *sound)


def _sound(path: Path, first_s: float) -> tuple[str, list[tuple[float, bytes]], npt.NDArray[np.float32]]:
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        name = str(stream.codec_context.codec.canonical_name)
        packets = [
            (float(p.pts * p.time_base) - first_s, bytes(p)) for p in container.demux(stream) if p.pts is not None
        ]
    resampler = av.AudioResampler(format="flt", layout="mono", rate=_RATE)
    wave = np.zeros(_RATE * 3600, np.float32)
    end = 0
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            for part in resampler.resample(frame):
                at = round((float(part.pts * part.time_base) - first_s) * _RATE)
                samples = part.to_ndarray()[0][max(0, -at) :]
                at = max(0, at)
                wave[at : at + len(samples)] = samples
                end = max(end, at + len(samples))
    return name, packets, wave[:end].copy()


def compare(source: Facts, recording: Facts) -> dict[str, Any]:
    count = min(len(source.times_s), len(recording.times_s))
    off = np.abs(np.array(source.times_s[:count]) - np.array(recording.times_s[:count]))
    frame_s = source.times_s[-1] / max(1, len(source.times_s) - 1)
    found: dict[str, Any] = {
        "frames": [len(source.times_s), len(recording.times_s)],
        "size_wh": [source.size_wh, recording.size_wh],
        "length_s": [round(source.length_s, 3), round(recording.length_s, 3)],
        "length_error_frames": round((recording.length_s - source.length_s) / frame_s, 3),
        "largest_time_error_ms": round(1000 * float(off.max()), 2),
        "sound": [source.sound, recording.sound],
    }
    if source.sound and recording.sound:
        found |= _compare_sound(source, recording)
    return found


def _compare_sound(source: Facts, recording: Facts) -> dict[str, Any]:
    wanted = [(at, data) for at, data in source.packets if -1e-4 <= at < recording.length_s]
    # A container that counts in whole milliseconds moves the packet at the edge.
    same = [data for _, data in wanted] == [data for _, data in recording.packets]
    ends_s = [round(min(len(facts.wave) / _RATE, facts.length_s), 3) for facts in (source, recording)]
    last_s = min(ends_s) - _WINDOW_S
    return {
        "packets": [len(wanted), len(recording.packets)],
        "packets_copied": same,
        "packets_sha256": [_sha(wanted), _sha(recording.packets)],
        "sound_ends_s": ends_s,
        "shift_at_start_ms": _shift_ms(source, recording, 0.1),
        "shift_at_end_ms": _shift_ms(source, recording, last_s),
    }


def _sha(packets: list[tuple[float, bytes]]) -> str:
    return hashlib.sha256(b"".join(data for _, data in packets)).hexdigest()[:16]


def _shift_ms(source: Facts, recording: Facts, at_s: float) -> float | None:
    """Return by how much the recording's sound comes later around `at_s`; `None` where it is silent."""
    reach, start = round(_REACH_S * _RATE), round(max(at_s, _REACH_S) * _RATE)
    window = source.wave[start : start + round(_WINDOW_S * _RATE) - reach]
    other = recording.wave[start - reach : start + len(window) + reach]
    other = np.pad(other, (0, max(0, len(window) + 2 * reach - len(other))))
    if len(window) < _RATE // 4 or float(np.abs(window).max()) < 1e-3:
        return None
    size = len(other) + len(window)
    product = np.fft.rfft(other, size) * np.conj(np.fft.rfft(window, size))
    likeness = np.fft.irfft(product, size)[: 2 * reach + 1]
    return round(1000 * (int(np.argmax(likeness)) - reach) / _RATE, 2)


def _record(clip: Path, target: Path) -> list[str]:
    notes: list[str] = []
    Session(RunOptions(str(clip), outputs=(RecordingOptions(target),)), notify=notes.append).run()
    return [note for note in notes if not note.startswith("recording to")]


@click.command(help=__doc__)
@click.argument("clips", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--suffix", "suffixes", multiple=True, default=(".mp4", ".mkv", ".webm"), show_default=True)
@click.option("--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep the recordings in this folder.")
@click.option("--json", "target", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
def main(clips: tuple[Path, ...], suffixes: tuple[str, ...], keep: Path | None, target: Path | None) -> None:
    asked = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    figures: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%d"),
        "commit": asked.stdout.strip(),
        "machine": f"{os.cpu_count()} CPU cores, {platform.machine()}",
        "clips": {},
    }
    with tempfile.TemporaryDirectory() as scratch:
        folder = keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        for clip in clips:
            source = read_facts(clip)
            for suffix in suffixes:
                recording = folder / f"{clip.stem}{suffix}"
                recording.unlink(missing_ok=True)
                notes = _record(clip, recording)
                found = compare(source, read_facts(recording)) | {"notes": notes}
                figures["clips"].setdefault(clip.name, {})[suffix] = found
                click.echo(f"{clip.name} {suffix} {json.dumps(found)}", err=True)
    text = json.dumps(figures, indent=1) + "\n"
    if target is None:
        click.echo(text)
    else:
        target.write_text(text)


if __name__ == "__main__":
    main()
