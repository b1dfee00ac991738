"""Lengths that a video's own header promises: whatever stands there, they are a number or unknown."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.capture.container_length import promised_bytes
from tests.support.fuzzing import FUZZ

pytestmark = pytest.mark.timeout(60)

LENGTHS = st.sampled_from([0, 1, 7, 8, 16, 2**31, 2**32 - 1]) | st.integers(0, 64)
BOX = st.builds(
    lambda length, kind, body: length.to_bytes(4, "big") + kind + body,
    LENGTHS,
    st.sampled_from([b"ftyp", b"moov", b"mdat", b"free", b"\0\0\0\0"]),
    st.binary(max_size=24),
)
CHUNK = st.builds(
    lambda length, body: b"RIFF" + length.to_bytes(4, "little") + b"AVI " + body, LENGTHS, st.binary(max_size=24)
)
ELEMENT = st.builds(
    lambda name, body: name + body,
    st.sampled_from([b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67", b"\x01", b"\xff"]),
    st.binary(max_size=12),
)


@FUZZ
@given(
    st.binary(max_size=40)
    | st.lists(BOX, max_size=6).map(b"".join)
    | st.lists(CHUNK, max_size=4).map(b"".join)
    | st.lists(ELEMENT, max_size=4).map(lambda parts: b"\x1a\x45\xdf\xa3" + b"".join(parts))
)
def test_any_bytes_as_a_container(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "clip"
    path.write_bytes(data)
    promised = promised_bytes(path)
    assert promised is None or promised >= 8
