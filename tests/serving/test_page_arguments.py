"""Where the page's token comes from, and the encrypted page."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from demo import CLIP_PATH
from realtime.core.errors import ConfigError
from realtime.core.sink import SinkOptions
from realtime.serving import page_arguments
from realtime.serving.address import tls_context
from realtime.serving.connection_limits import MAX_CONNECTIONS
from realtime.serving.page_arguments import page_outputs
from realtime.serving.page_sink import PageOptions
from run_live import main
from tests.support.pages.certificate import write_certificate
from tests.support.pages.live_page import ask, opened

pytestmark = pytest.mark.timeout(60)

WHERE = "0.0.0.0:0"
TOKEN = "a-token-for-the-test"
NOTHING: dict[str, Any] = {
    "serve": WHERE,
    "serve_token": None,
    "serve_token_file": None,
    "serve_cert": None,
    "serve_key": None,
    "serve_proxy": False,
}


def options_of(**given: Any) -> list[SinkOptions]:
    return list(page_outputs(**{**NOTHING, **given}))


def token_of(**given: Any) -> str | None:
    [options] = options_of(**given)
    assert isinstance(options, PageOptions)
    options.check()
    return options.token


def run(*arguments: object, **more: Any) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in (CLIP_PATH, "--headless", *arguments)], **more)


def test_a_token_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"  {TOKEN} \nsecond line\n")
    assert token_of(serve_token_file=file) == TOKEN


@pytest.mark.parametrize("content", [None, b"\xff\xfe\xff"])
def test_a_token_file_that_cannot_be_read_is_refused_in_one_line(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigError, match=r"--serve-token-file must be a text file .*; received .*token: ") as caught:
        token_of(serve_token_file=file)
    assert "\n" not in str(caught.value)


def test_an_empty_token_file_lets_nobody_in(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("\n")
    with pytest.raises(ConfigError, match="received 0 characters"):
        token_of(serve_token_file=tmp_path / "token")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_token_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(page_arguments.getpass, "getpass", lambda _: f" {TOKEN}")
    assert token_of(serve_token="-") == TOKEN
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{TOKEN}\nmore"))
    assert token_of(serve_token="-") == TOKEN
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(ConfigError, match="use --serve-token-file"):
        token_of(serve_token="-")


def test_a_made_token_is_said_once_with_the_address(weights: Path) -> None:
    done = run("--weights", weights, "--seconds", 0.3, "--serve", WHERE, "--serve-token", "auto")
    assert done.exit_code == 0, done.output
    [line] = [line for line in done.output.splitlines() if "watch at" in line]
    token = line.partition("/?token=")[2]
    assert len(token) == 22
    assert done.output.count(token) == 1
    assert token_of(serve_token="auto") != token_of(serve_token="auto")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"serve": None, "serve_token_file": Path("x")}, "--serve-token-file is for a page; received none"),
        ({"serve": None, "serve_cert": Path("x")}, "--serve-cert is for a page; received none"),
        ({"serve": None, "serve_proxy": True}, "--serve-proxy is for a page; received none"),
        ({"serve_key": Path("x")}, "--serve-key is for a certificate; received none"),
        ({"serve_token": TOKEN, "serve_token_file": Path("x")}, "a page has one token"),
    ],
)
def test_options_that_need_another_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        options_of(**given)
    assert options_of(serve=None) == []


def test_an_address_in_the_environment_is_used_and_its_password_not_shown(weights: Path) -> None:
    arguments = ["--headless", "--weights", str(weights)]
    done = CliRunner().invoke(main, arguments, env={"EMOTION_LIVE_SOURCE": "http://me:secret@127.0.0.1:9/x"})
    assert done.exit_code == 1
    assert "***@127.0.0.1:9/x did not open" in done.output
    assert "secret" not in done.output


def test_the_page_is_encrypted(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    page = opened(TOKEN, tls=tls_context(certificate, key))
    assert page.address.url == f"https://127.0.0.1:{page.address.port}/"
    trusted = ssl.create_default_context(cafile=certificate)
    client = http.client.HTTPSConnection("127.0.0.1", page.address.port, timeout=10, context=trusted)
    client.request("GET", f"/?token={TOKEN}")
    answer = client.getresponse()
    assert answer.status == 303
    assert "Secure" in (answer.getheader("Set-Cookie") or "")
    client.close()
    # Connections that never shake hands keep nobody out either.
    idle = [socket.create_connection(("127.0.0.1", page.address.port)) for _ in range(MAX_CONNECTIONS + 10)]
    client.request("GET", f"/page.css?token={TOKEN}")
    assert client.getresponse().status == 200
    assert len(page._limits) <= MAX_CONNECTIONS
    with pytest.raises((OSError, http.client.HTTPException)):
        ask(page)
    for one in (client, *idle):
        one.close()
    page.close()


def test_a_certificate_that_cannot_be_used_is_refused_in_one_line(tmp_path: Path) -> None:
    certificate, key = write_certificate(tmp_path)
    other = tmp_path / "other.pem"
    other.write_text("nothing")
    for pair in ((certificate, other), (tmp_path / "none.pem", key), (certificate, None), (other, key)):
        with pytest.raises(
            ConfigError, match="--serve-cert and --serve-key must be a certificate and its own key"
        ) as e:
            PageOptions("127.0.0.1:0", None, *pair).check()
        assert "\n" not in str(e.value)
    PageOptions("127.0.0.1:0", None, certificate, key).check()
    both = tmp_path / "both.pem"
    both.write_text(certificate.read_text() + key.read_text())
    PageOptions("127.0.0.1:0", None, both).check()


def test_a_token_in_the_environment_is_no_error_where_no_page_is_served(tmp_path: Path) -> None:
    ambient = {"EMOTION_LIVE_SERVE_TOKEN": TOKEN}
    missing = tmp_path / "none.mp4"
    found = CliRunner().invoke(main, [str(missing), "--headless"], env=ambient)
    assert "--serve" not in found.output
    assert str(missing) in found.output
    assert "add --serve" in CliRunner().invoke(main, [str(missing), "--headless", "--serve-token", TOKEN]).output
