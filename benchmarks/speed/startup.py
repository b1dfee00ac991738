"""Time to first annotated frame, compared with importing mediapipe and onnxruntime alone.

    python -m benchmarks.speed.startup CLIP [--runs N]

Both are run in turns; medians are printed as JSON, with whether TensorFlow is installed and was imported. Without
mediapipe, which the program does not need, there is nothing to compare with.
"""

from __future__ import annotations

import importlib.util
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[2]
_IMPORTS = "import mediapipe, onnxruntime"
# The process ends itself at its first frame: what comes after does not count.
_FIRST_FRAME = """
import os, sys
from realtime.recording.video_recorder import VideoRecorder
def first(self, picture, at):
    print(bool({'tensorflow', 'keras'} & set(sys.modules)), flush=True)
    os._exit(0)
VideoRecorder.write_picture = first
from run_live import main
main(sys.argv[1:], standalone_mode=False)
"""


def _seconds(command: list[str]) -> tuple[float, str]:
    started = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return time.monotonic() - started, done.stdout.strip()


@click.command(help=__doc__)
@click.argument("clip", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--runs", default=5, show_default=True)
@click.option("--weights", type=click.Path(file_okay=False, path_type=Path))
def main(clip: Path, runs: int, weights: Path | None) -> None:
    more = ["--weights", str(weights.resolve())] if weights else []
    imports, firsts, said = [], [], ""
    compared = importlib.util.find_spec("mediapipe") is not None
    with tempfile.TemporaryDirectory() as folder:
        video = str(Path(folder) / "x.mp4")
        command = [sys.executable, "-c", _FIRST_FRAME, str(clip.resolve()), "--headless", "--record", video, *more]
        for _ in range(runs):
            if compared:
                imports.append(_seconds([sys.executable, "-c", _IMPORTS])[0])
            taken, said = _seconds(command)
            firsts.append(taken)
    first, bare = statistics.median(firsts), statistics.median(imports) if compared else None
    figures = {
        "first_annotated_frame_s": round(first, 3),
        "import_mediapipe_onnxruntime_s": round(bare, 3) if bare else None,
        "ratio": round(first / bare, 2) if bare else None,
        "runs": runs,
        "tensorflow_installed": importlib.util.find_spec("tensorflow") is not None,
        "tensorflow_imported": said.endswith("True"),
    }
    click.echo(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
