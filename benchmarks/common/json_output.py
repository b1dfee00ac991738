"""JSON output of a benchmark's results. Standard library only, since the rivals' environments use it too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def give_out(figures: Mapping[str, Any], out: Path | None, indent: int | None = 1) -> None:
    """Print the figures as JSON, and also write them to `out`, if it is given."""
    text = json.dumps(figures, indent=indent)
    print(text)
    if out is not None:
        out.write_text(text + "\n", "utf-8")
