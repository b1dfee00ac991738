"""The live page as its clients see it: pictures, events, many and slow clients, and its end."""

from __future__ import annotations

import dataclasses
import json
import socket
import threading
from http.client import HTTPResponse

import cv2
import numpy as np
import pytest

from models.manifest import EMOTIONS
from realtime.core.errors import OutletError
from realtime.core.sink import RunStatus
from realtime.serving import page_feed as live_feed
from realtime.serving.page_feed import PART_HEAD
from realtime.serving.page_server import PageServer
from realtime.serving.page_state import state_of
from tests.support.clocks import until
from tests.support.pages.live_page import INFO, Pictures, ask, grey, knock, noise, opened, publish, state
from tests.support.values.analysed import moment

pytestmark = pytest.mark.timeout(40)


def level(jpeg: bytes) -> float:
    return float(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).mean())


def event(answer: HTTPResponse) -> tuple[str, dict]:
    kind, data = "message", ""
    while line := answer.readline().decode().strip():
        name, _, value = line.partition(": ")
        kind, data = (value, data) if name == "event" else (kind, value)
    return kind, json.loads(data)


def test_the_page_and_its_files_come_from_here(page: PageServer) -> None:
    for path, kind in (("/", "text/html"), ("/page.js", "text/javascript"), ("/page.css", "text/css")):
        answer = ask(page, path)
        assert answer.status == 200
        assert answer.getheader("Content-Type", "").startswith(kind)
        assert answer.getheader("Content-Security-Policy", "").startswith("default-src 'none'")
        assert b"http" not in answer.read()
    assert ask(page, "/none").status == 404
    assert ask(page, "/../server.py").status == 404
    assert ask(page, "/", "POST").status == 405


def test_the_pictures_are_those_that_were_given(page: PageServer) -> None:
    pictures = Pictures(ask(page, "/picture.mjpeg"))
    until(lambda: page.watched)
    for wanted in (40, 120, 200):
        page.publish(grey(wanted), None)
        assert level(pictures.next()) == pytest.approx(wanted, abs=3)


def test_large_pictures_are_made_smaller_and_odd_ones_are_taken() -> None:
    def size_wh(picture: np.ndarray) -> tuple[int, int]:
        shape = cv2.imdecode(np.frombuffer(live_feed.jpeg_of(picture), np.uint8), cv2.IMREAD_COLOR).shape
        return shape[1], shape[0]

    assert size_wh(np.zeros((2160, 3840, 3), np.uint8)) == (1280, 720)
    assert size_wh(np.zeros((1920, 1080, 3), np.uint8)) == (720, 1280)
    assert size_wh(np.zeros((481, 641, 3), np.uint8)) == (641, 481)


def test_events_tell_source_colours_and_what_was_missed_and_then_go_on(page: PageServer) -> None:
    for n in range(4):
        publish(page, None, state(n * 0.5, {1: "happiness"}))
    answer = ask(page, "/events")
    assert answer.getheader("Content-Type", "").startswith("text/event-stream")
    kind, said = event(answer)
    assert (kind, said["source"], said["live"]) == ("hello", INFO.name, True)
    assert [emotion["name"] for emotion in said["emotions"]] == list(EMOTIONS)
    assert said["emotions"][0]["colour"] == "#f0e442"
    assert [moment["t"] for moment in said["history"]] == [0.0, 0.5, 1.0, 1.5]
    assert sorted(said["stack"]) == list(range(len(EMOTIONS)))
    kind, _ = event(answer)
    assert kind == "message"
    page.publish(None, state(2.0, {1: "neutral", 7: "uncertain"}, paused=True))
    _, said = event(answer)
    one, seven = said["people"]
    assert (one["id"], one["label"], one["why"]) == (1, "neutral", "eyes and lips agree")
    assert one["p"][EMOTIONS.index("neutral")] == 900
    assert (seven["id"], seven["label"], seven["reason"], seven["why"]) == (7, "uncertain", "turned", "turned")
    assert said["run"] == {
        "fps": 30.0, "latency_ms": 21, "dropped": 3, "provider": "cpu", "paused": True, "recording": False,
        "notice": "",
    }  # fmt: skip


def test_history_is_thinned_and_bounded(page: PageServer) -> None:
    for n in range(40):
        publish(page, None, state(n * 0.1, {1: "fear"}))
    _, said = event(ask(page, "/events"))
    assert [moment["t"] for moment in said["history"]] == pytest.approx([n * 0.3 for n in range(14)])


def test_each_picture_is_framed_once_for_all(page: PageServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_feed.Part, "of", staticmethod(lambda _: live_feed.Part(b"", b"", b"6\r\nframed\r\n")))
    clients = [ask(page, "/picture.mjpeg") for _ in range(2)]
    until(lambda: page._feed.pictures.watchers == 2)
    page.publish(grey(1), None)
    assert [client.read(len(PART_HEAD) + 6) for client in clients] == [PART_HEAD + b"framed"] * 2


def test_a_client_that_knows_no_chunks_gets_pictures_too(page: PageServer) -> None:
    with socket.create_connection(("127.0.0.1", page.address.port), timeout=10) as client:
        client.sendall(b"GET /picture.mjpeg HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        until(lambda: page.watched)
        page.publish(grey(120), None)
        data = b""
        while data.count(PART_HEAD) < 2:
            data += client.recv(1 << 16)
        head, _, parts = data.partition(b"\r\n\r\n")
        assert b"chunked" not in head.lower()
        assert parts.startswith(PART_HEAD)
        assert level(parts[len(PART_HEAD) : -len(PART_HEAD) - 2]) == pytest.approx(120, abs=3)
        page.close()
        while more := client.recv(1 << 16):
            data += more
        assert data.endswith(b"\r\n--picture--\r\n")


def test_each_picture_is_encoded_once_for_all_and_never_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[int] = []

    def counted(picture: np.ndarray) -> bytes:
        encoded.append(int(picture[0, 0, 0]))
        return plain(picture)

    plain = live_feed.jpeg_of
    monkeypatch.setattr(live_feed, "jpeg_of", counted)
    page = opened()
    publish(page, grey(10), None)
    assert encoded == []
    answers = [ask(page, "/picture.mjpeg") for _ in range(3)]
    clients = [Pictures(answer) for answer in answers]
    until(lambda: page.watched)
    for wanted in (50, 150):
        page.publish(grey(wanted), None)
        assert [level(client.next()) for client in clients] == pytest.approx([wanted] * 3, abs=3)
    assert encoded == [50, 150]
    for answer in answers:
        answer.close()
    until(lambda: not page.watched)
    publish(page, grey(99), None)
    assert encoded == [50, 150]
    # Who comes later is not shown what was there before.
    late = Pictures(ask(page, "/picture.mjpeg"))
    until(lambda: page.watched)
    page.publish(grey(220), None)
    assert level(late.next()) == pytest.approx(220, abs=3)
    page.close()


def test_a_client_that_does_not_read_slows_nobody_and_gets_the_newest_when_it_does(page: PageServer) -> None:
    slow = knock(page, "/picture.mjpeg", receive_bytes=4096)
    fast = Pictures(ask(page, "/picture.mjpeg"))
    until(lambda: page.watched)
    pictures = [noise(n) for n in range(8)]
    for n in range(240):
        page.publish(pictures[n % 8], state(n / 10, {1: "fear"}))
        fast.next()
    page.publish(grey(200), None)
    fast.next()
    # What waited on the way, then the newest: far less than the 240 that it has missed.
    data, newest = b"", 0.0
    while newest < 190:
        data += slow.recv(1 << 16)
        start, end = data.rfind(b"\xff\xd8\xff"), data.rfind(b"\xff\xd9\r\n")
        newest = level(data[start : end + 2]) if 0 <= start < end else 0.0
    found = data.count(b"Content-Type: image/jpeg")
    assert 1 <= found < 40, f"{found} pictures were kept for a client that did not read"
    slow.close()


def test_a_client_that_reads_nothing_does_not_hold_up_the_end() -> None:
    page = opened()
    clients = [knock(page, "/picture.mjpeg", receive_bytes=4096), knock(page, "/events")]
    until(lambda: page.watched)
    for n in range(60):
        publish(page, noise(n), None)
    page.close()
    page.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "live page"]
    for client in clients:
        client.close()


def test_at_the_end_every_client_is_told(page: PageServer) -> None:
    events, pictures = ask(page, "/events"), ask(page, "/picture.mjpeg")
    event(events)
    until(lambda: page.watched)
    page.close()
    assert event(events) == ("end", {})
    assert events.read() == b""
    assert pictures.read() == b"--picture\r\nContent-Type: image/jpeg\r\n\r\n\r\n--picture--\r\n"


def test_the_port_is_free_again_afterwards_and_taken_meanwhile(page: PageServer) -> None:
    with pytest.raises(
        OutletError, match=r"cannot serve the page on 127\.0\.0\.1:\d+: .*; another program has this port"
    ):
        PageServer(page.address, None)
    page.close()
    again = PageServer(page.address, None)
    again.open(INFO)
    assert ask(again, "/").status == 200
    again.close()


def test_a_server_that_died_ends_the_run_with_an_error(page: PageServer) -> None:
    page._server.should_exit = True
    until(lambda: not page._thread.is_alive())
    with pytest.raises(OutletError, match="has failed"):
        page.publish(grey(1), None)


def test_a_page_is_told_how_old_an_emotion_is() -> None:
    one = moment(1.0, {1: "anger", 2: "fear"})
    ages = np.array([0.5, np.inf], np.float32)
    hud = RunStatus(29.97, 21.4, 3, INFO.name, "cpu", recording=False, paused=False)
    told = json.loads(
        state_of(dataclasses.replace(one, emotions=dataclasses.replace(one.emotions, age_s=ages)), hud).as_json()
    )
    assert [(person["age_s"], person["why"]) for person in told["people"]] == [
        (0.5, "0.5 s ago"),
        (None, "eyes and lips agree"),
    ]
