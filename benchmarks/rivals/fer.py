"""Baseline: the package `fer` with its default detector, called on every frame of a clip.

    FER_PYTHON -m benchmarks.rivals.fer SOURCE [--seconds S] [--json OUT]

FER_PYTHON is the Python of an environment of its own, which needs nothing of this project's: see docs/benchmarks.md.
Imports, models and the first three frames count as start-up, which is reported separately.
"""

from __future__ import annotations

import argparse
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.common.json_output import give_out
from benchmarks.common.stopwatch import Stopwatch


def analyse(source: str, seconds: float | None) -> dict[str, Any]:
    """Run the package's detector over the clip and return its figures."""
    watch = Stopwatch()
    import cv2
    from fer.fer import FER  # type: ignore[import-not-found]

    detector = FER(mtcnn=False)
    video = cv2.VideoCapture(source)
    while (read := video.read())[0]:
        if seconds is not None and video.get(cv2.CAP_PROP_POS_MSEC) >= 1000 * seconds:
            break
        watch.frame_done(len(detector.detect_emotions(read[1])))
    video.release()
    return watch.figures()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures = analyse(arguments.source, arguments.seconds)
    packages = ("fer", "tensorflow-cpu", "opencv-contrib-python")
    facts = {
        "program": "fer",
        "source": Path(arguments.source).name,
        **figures,
        "versions": {name: _version(name) for name in packages},
    }
    give_out(facts, arguments.json)


def _version(package: str) -> str:
    try:
        return version(package)
    except ModuleNotFoundError:
        return ""


if __name__ == "__main__":
    main()
