from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtime.core import errors

ANY = st.characters(exclude_categories=["Cs"])
MISTYPED = ["rtps://u:{}@h", "rtsp:/u:{}@h", "rtsp//u:{}@h", "rtsp;//u:{}@h", "rtsp:u:{}@h", "user:{}@h"]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("rtsp://admin:secret@10.0.0.1/x", "rtsp://***@10.0.0.1/x"),
        ("rtsp://admin:p/w@10.0.0.1/x", "rtsp://***@10.0.0.1/x"),
        ("http://h/x?access_token=abc&passwd=x&n=1", "http://h/x?access_token=***&passwd=***&n=1"),
        ("rtsp://admin:my secret@h/x", "rtsp://***@h/x"),
        ("http://h/x?loginuse=admin&loginpas=secret&rate=0", "http://h/x?loginuse=***&loginpas=***&rate=0"),
        ("http://h/x?u=admin&p=secret&n=1", "http://h/x?u=***&p=***&n=1"),
        ("http://h/x?usr=admin&psw=secret/&n=1", "http://h/x?usr=***&psw=***&n=1"),
        ("rtsp://h:554/user=admin_password=secret_channel=1_stream=0.sdp", "rtsp://h:554/user=***"),
        ("rtsp://h/channel=1_user=admin_password=secret", "rtsp://h/channel=1_user=***"),
        ("rtsp://h/user=admin&password=secret&channel=1.sdp", "rtsp://h/user=***&password=***&channel=1.sdp"),
        ("rtsp:/h/user=admin_password=secret", "rtsp:/h/user=***"),
        ("rtps://admin:secret@h", "rtps://***@h"),
        ("rtsp:/admin:secret@h/x", "rtsp:/***@h/x"),
        ("rtsp//admin:secret@h/x", "rtsp//***@h/x"),
        ("rtsp;//admin:secret@h/x", "rtsp;//***@h/x"),
        (r"http:\\admin:secret@h", r"http:\\***@h"),
        ("rtsp:admin:secret@h", "***@h"),
        ("admin:secret@h/x", "***@h/x"),
        ("http://h/x?password=a@secret&n=1", "http://***&n=1"),
        ("http://me:secret@h/x?token=abc", "http://***@h/x?token=***"),
        ("http://h/x?n=1", "http://h/x?n=1"),
        ("clip.mp4", "clip.mp4"),
        ("/data/10:30@home/user=7/clip.mp4", "/data/10:30@home/user=7/clip.mp4"),
        ("user=7/me@work.mp4", "user=7/me@work.mp4"),
        (r"C:\Users\me@work\user=7\clip.mp4", r"C:\Users\me@work\user=7\clip.mp4"),
    ],
)
def test_credentials_never_reach_a_message(address: str, shown: str) -> None:
    assert errors.redact(address) == shown


@given(st.sampled_from(["rtsp://u:{}@h/x", *MISTYPED]), st.text(ANY, max_size=12))
def test_no_password_before_the_host_is_shown(form: str, rest: str) -> None:
    assert "S3CRET" not in errors.redact(form.format(rest + "S3CRET" + rest))


@given(
    st.sampled_from(["http://h/x?{}={}&n=1", "http:/h/x?n=1&{}={}", "rtsp://h:554/{}={}", "rtsp://h/n=1_{}={}"]),
    st.sampled_from(["password", "loginpas", "pwd", "psw", "Token", "user", "usr", "api_key", "p", "LOGINUSE", "sid"]),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="&"), max_size=12),
)
def test_no_secret_value_is_shown(form: str, key: str, rest: str) -> None:
    assert "S3CRET" not in errors.redact(form.format(key, rest + "S3CRET"))


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


def test_what_a_library_says_in_two_lines_is_told_in_one() -> None:
    assert "bad model; run" in str(errors.StageError("landmarks", None, "bad\nmodel"))
