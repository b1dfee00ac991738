from __future__ import annotations

import re

import pytest

from realtime.core import errors


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://admin:secret@10.0.0.1/x", "rtsp://***@10.0.0.1/x"),
        ("rtsp://admin:p/w@10.0.0.1/x", "rtsp://***@10.0.0.1/x"),
        ("http://h/x?access_token=abc&passwd=x&n=1", "http://h/x?access_token=***&passwd=***&n=1"),
        ("http://h/x?n=1", "http://h/x?n=1"),
        ("clip.mp4", "clip.mp4"),
    ],
)
def test_credentials_never_reach_a_message(address: str, shown: str) -> None:
    assert errors.redact(address) == shown


def test_the_tree_drawn_in_the_docstring_is_the_tree() -> None:
    drawn: dict[str, str] = {}
    above = ["EmotionLiveError"]
    for line in (errors.__doc__ or "").splitlines():
        if found := re.match(r"((?:\|  )*)\+- (\w+)", line):
            depth = len(found[1]) // 3
            above[depth + 1 :] = [found[2]]
            drawn[found[2]] = above[depth]
    named = [getattr(errors, name) for name in errors.__all__ if name.endswith("Error")]
    assert drawn == {kind.__name__: kind.__base__.__name__ for kind in named if kind is not errors.EmotionLiveError}


def test_a_stage_error_says_where_and_what_next() -> None:
    error = errors.StageError("classify", 12, "ValueError: odd")
    assert (error.stage, error.frame_index) == ("classify", 12)
    assert "frame 12" in str(error)
    assert "--debug" in str(error)
