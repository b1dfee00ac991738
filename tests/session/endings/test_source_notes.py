"""What becomes known of a source while it is read reaches the user, the table and the recording."""

from __future__ import annotations

import json
from pathlib import Path

import av
import pytest
from click.testing import CliRunner

from run_live import main
from tests.support.pictures.made_clips import write_clip

_LEAP = "the file's clock leaps at 0.97 s: times go on from there by the usual step"


def leaping(tmp_path: Path) -> Path:
    """Write two clips of a second end to end, with an hour between their clocks."""
    parts = []
    for name, first_ms in (("a", 0), ("b", 3_600_000)):
        times = [first_ms + round(number * 100 / 3) for number in range(30)]
        copyts = {"mpegts_copyts": "1"}
        parts.append(write_clip(tmp_path / f"{name}.ts", times=times, options=copyts, codec="libx264"))
    (tmp_path / "in.ts").write_bytes(b"".join(part.read_bytes() for part in parts))
    return tmp_path / "in.ts"


@pytest.mark.parametrize("smooth", ["live", "offline"])
def test_a_mended_clock_is_told_once_and_stands_in_the_table(weights: Path, tmp_path: Path, smooth: str) -> None:
    table, video = tmp_path / "t.csv", tmp_path / "out.mp4"
    arguments = [leaping(tmp_path), "--headless", "--weights", weights, "--smooth", smooth]
    done = CliRunner().invoke(main, [str(one) for one in [*arguments, "--table", table, "--record", video]])
    assert done.exit_code == 0, done.output
    assert done.output.count(_LEAP) == 1
    assert json.loads(Path(f"{table}-metadata.json").read_text())["notes"][0]["times"] == _LEAP
    with av.open(str(video)) as container:
        assert float(container.duration / av.time_base) == pytest.approx(2.0, abs=0.1)


def test_a_clip_with_a_good_clock_has_no_such_line(weights: Path, tmp_path: Path) -> None:
    table, clip = tmp_path / "t.csv", write_clip(tmp_path / "a.mp4")
    done = CliRunner().invoke(main, [str(one) for one in [clip, "--headless", "--weights", weights, "--table", table]])
    assert done.exit_code == 0, done.output
    assert "times" not in json.loads(Path(f"{table}-metadata.json").read_text())["notes"][0]
