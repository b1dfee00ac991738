"""Addresses, tokens and requests that others type: no secret reaches a message, and nothing ends in a trace."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from realtime.capture.open_source import source_for
from realtime.core.errors import ConfigError, SourceError, redact
from realtime.serving.address import MIN_TOKEN_CHARACTERS, check_access, parse_address
from realtime.serving.page_arguments import page_outputs
from realtime.serving.page_server import PageServer
from tests.support.fuzzing import FUZZ, in_one_line
from tests.support.pages.live_page import ask, opened

# Long enough to be told from the rest of the address by chance.
SECRETS = st.text("ABCxyz019!$'()*+,;=%~._-:/?", min_size=4, max_size=16).map(lambda text: f"Pw#{text}#wP")
SCHEMES = st.sampled_from(["rtsp", "rtsps", "RTSP", "http", "https", "rtmp", "srt", "udp"])
ADDRESS_TEXT = st.text("0123456789abc.:[]/%@#?-_ \u00e9\u2100", max_size=24) | st.text(max_size=24)


@FUZZ
@given(SCHEMES, SECRETS, st.sampled_from(["", ":554", ":554/a/b", "/live?x=1"]))
def test_no_password_before_the_host_is_shown(scheme: str, secret: str, rest: str) -> None:
    shown = redact(f"{scheme}://admin:{secret}@camera.local{rest}")
    assert secret not in shown
    assert "admin" not in shown


@FUZZ
@given(SCHEMES, st.sampled_from(["password", "Pwd", "auth_token", "apiKey", "user"]), SECRETS)
def test_no_password_in_the_query_is_shown(scheme: str, key: str, secret: str) -> None:
    assert secret not in redact(f"{scheme}://camera.local/live?channel=1&{key}={secret}&x=1")


@FUZZ
@given(ADDRESS_TEXT)
@example("file://[x")
def test_any_text_as_a_source(text: str) -> None:
    try:
        source = source_for(text)
    except (ConfigError, SourceError) as error:
        in_one_line(error)
    else:
        assert hasattr(source, "read")


@FUZZ
@given(ADDRESS_TEXT | st.builds("{}:{}".format, st.sampled_from(["127.0.0.1", "[::1]", "a.b", ""]), st.integers()))
def test_any_text_as_the_pages_address(text: str) -> None:
    try:
        address = parse_address(text)
    except ConfigError as error:
        in_one_line(error)
    else:
        assert 0 <= address.port <= 65535
        assert address.host
        assert parse_address(str(address)) == address


@FUZZ
@given(st.text(max_size=40) | st.text("aZ9._~-", max_size=40))
def test_any_text_as_a_token(token: str) -> None:
    try:
        check_access("127.0.0.1:0", token)
    except ConfigError as error:
        in_one_line(error, token)
    else:
        assert len(token) >= MIN_TOKEN_CHARACTERS
        assert token.isascii()
        assert token.isprintable()
        assert " " not in token


@FUZZ
@given(st.binary(max_size=40) | st.binary(min_size=4090, max_size=4100) | st.text(max_size=30).map(str.encode))
def test_any_bytes_as_the_tokens_file(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "token"
    path.write_bytes(data)
    try:
        [options] = page_outputs("127.0.0.1:0", None, path, None, None, False)
        options.check()
    except ConfigError as error:
        in_one_line(error, data.decode(errors="replace").strip())
    else:
        assert options.token.encode() in data.splitlines()[0]


@pytest.fixture(scope="module")
def page() -> Iterator[PageServer]:
    page = opened()
    yield page
    page.close()


@FUZZ
@given(
    st.binary(max_size=60),
    st.sampled_from(
        [b"", b"GET ", b"GET / HTTP/1.1\r\n", b"GET /events HTTP/1.1\r\nHost: ", b"POST / HTTP/1.1\r\nHost: x"]
    ),
)
def test_any_bytes_as_a_request(page: PageServer, data: bytes, head: bytes) -> None:
    assume(b"Host: 127.0.0.1" not in head + data)
    with socket.create_connection(("127.0.0.1", page.address.port), timeout=10) as client:
        client.sendall(head + data + b"\r\n\r\n")
        client.shutdown(socket.SHUT_WR)
        answer = client.recv(4096)
    assert not answer or answer.split(b" ")[1][:1] == b"4", "nothing is told to who does not name this machine"
    with_name = ask(page)
    assert with_name.status == 200
    with_name.close()
