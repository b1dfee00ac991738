"""Kills recording runs at random moments and measures how many seconds each loses, as JSON.

    python -m benchmarks.recording.crash_recovery --json OUT [--clip CLIP] [--kills 20] [--suffix .mp4 --suffix .webm]

Each run plays the clip at its own rate, as a camera would, through the whole program with the shipped models, and
writes the media time of every frame that it handed to its recorder to a log, unbuffered. `kill -9` ends it at a random
moment; what is there then is decoded to its end. Lost: the log's last time minus that of the last picture that plays.
"""

from __future__ import annotations

import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import av
import click
import numpy as np

ROOT = Path(__file__).resolve().parents[2]

_CLIP = ROOT / "demo" / "clip.mp4"
_SHORTEST_S, _LONGEST_S = 1.5, 8.0


@click.command(help=__doc__)
@click.option("--clip", default=_CLIP, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--kills", default=20, show_default=True, help="For each suffix.")
@click.option("--suffix", "suffixes", multiple=True, default=(".mp4", ".mkv", ".webm"), show_default=True)
@click.option("--seed", default=1, show_default=True)
@click.option("--json", "target", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
@click.option("--child", nargs=2, type=click.Path(path_type=Path), hidden=True)
def main(
    clip: Path,
    kills: int,
    suffixes: tuple[str, ...],
    seed: int,
    target: Path | None,
    child: tuple[Path, Path] | None,
) -> None:
    if child is not None:
        _record(clip, *child)
        return
    moments = random.Random(seed)
    figures: dict[str, Any] = {
        "date": time.strftime("%Y-%m-%d"),
        "commit": _commit(),
        "machine": f"{os.cpu_count()} CPU cores, {platform.machine()}, load {os.getloadavg()[0]:.1f}",
        "clip": clip.name,
        "suffixes": {},
    }
    for suffix in suffixes:
        runs = [_killed(clip, suffix, moments.uniform(_SHORTEST_S, _LONGEST_S)) for _ in range(kills)]
        figures["suffixes"][suffix] = {**_summary(runs), "kills": runs}
        click.echo(f"{suffix} {json.dumps(_summary(runs))}", err=True)
    text = json.dumps(figures, indent=1)
    if target is None:
        click.echo(text)
    else:
        target.write_text(text + "\n")


def _record(clip: Path, log: Path, recording: Path) -> None:
    """Run the program on the clip; the process that is going to be killed."""
    from realtime.core.options import AnalysisOptions, RunOptions
    from realtime.recording.recording_sink import RecordingOptions
    from realtime.session.session import Session

    handle = os.open(log, os.O_WRONLY | os.O_CREAT, 0o600)
    options = RunOptions(str(clip), AnalysisOptions(realtime=True), outputs=(RecordingOptions(recording),))
    Session(options, on_frame=lambda a: os.write(handle, f"{a.frame.media_time_s:.6f}\n".encode())).run()


def _killed(clip: Path, suffix: str, after_s: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        log, recording = Path(folder) / "log", Path(folder) / f"out{suffix}"
        command = [
            sys.executable,
            "-m",
            "benchmarks.recording.crash_recovery",
            "--clip",
            str(clip),
            "--child",
            str(log),
            str(recording),
        ]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            while not (log.exists() and log.stat().st_size):
                if process.poll() is not None:
                    raise click.ClickException(f"the recording run ended by itself with code {process.returncode}")
                time.sleep(0.01)
            time.sleep(after_s)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait()
        times = [float(line) for line in log.read_text().split("\n")[:-1]]
        part = recording.with_name(f"out.part{suffix}")
        return {"recorded_s": round(times[-1] - times[0], 3), **_playable(part, times)}


def _playable(part: Path, times: list[float]) -> dict[str, Any]:
    """Decode all that plays and compare it with the times of the pictures that were handed over."""
    pictures, sound_end_s = [], None
    with av.open(str(part)) as container:
        has_sound = bool(container.streams.audio)
        for frame in container.decode(video=0):
            pictures.append(frame.time)
    if has_sound:
        with av.open(str(part)) as container:
            for frame in container.decode(audio=0):
                sound_end_s = frame.time + frame.samples / frame.sample_rate
    wanted = np.array(times[: len(pictures)]) - times[0]
    off_s = float(np.abs(np.array(pictures) - wanted).max())
    last_s = times[-1] - times[0]
    return {
        "frames": len(times),
        "frames_playable": len(pictures),
        "lost_s": round(last_s - pictures[-1], 3),
        "sound_lost_s": None if sound_end_s is None else round(max(0.0, last_s - sound_end_s), 3),
        "largest_time_error_ms": round(1000 * off_s, 2),
        "bytes": part.stat().st_size,
    }


def _summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    lost = [run["lost_s"] for run in runs]
    sound = [run["sound_lost_s"] for run in runs if run["sound_lost_s"] is not None]
    return {
        "runs": len(runs),
        "playable": sum(run["frames_playable"] > 0 for run in runs),
        "lost_s_median": round(float(np.median(lost)), 3),
        "lost_s_most": max(lost),
        "sound_lost_s_most": max(sound, default=None),
    }


def _commit() -> str:
    asked = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True)
    return asked.stdout.strip() or "unknown"


if __name__ == "__main__":
    main()
