"""Demo clip: a public-domain portrait animated by warping its face mesh."""

from __future__ import annotations

from pathlib import Path

CLIP_PATH = Path(__file__).resolve().parent / "clip.mp4"
"""The clip that ships with the project; `python -m demo` runs on it, `python -m demo.make_clip` makes it."""
