"""LiteRT and MediaPipe log past every level: a command hides it, and the program of others loses not one line."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from models import console
from models.console import say
from realtime.landmarks.networks.native_log import native_log_hidden
from tests.support.backends import needs_litert, needs_mediapipe

# Another thread of the process writes all the time; each start of a network waits until it has written ten lines more.
_HOST = """
import os, sys, threading, time

class Host(threading.Thread):
    written, asked = 0, True
    def run(self):
        while self.asked:
            os.write(2, b"host %d\\n" % self.written)
            self.written += 1
            time.sleep(0.0002)
    def ten_more(self):
        wanted = self.written + 10
        while self.written < wanted:
            time.sleep(0.0002)

host = Host(daemon=True)
host.start()

def waits(method):
    def waited(*args, **how):
        host.ten_more()
        return method(*args, **how)
    return waited

host.ten_more()
START
host.ten_more()
host.asked = False
host.join()
print(host.written)
"""
_LITERT = """
from ai_edge_litert.interpreter import Interpreter
Interpreter.allocate_tensors = waits(Interpreter.allocate_tensors)
from realtime.landmarks.networks.litert_mesh import LiteRtMesh
LiteRtMesh()
"""
_MEDIAPIPE = """
from realtime.landmarks.networks.mediapipe_graphs import MeshGraph
MeshGraph.find = waits(MeshGraph.find)
MeshGraph().close()
"""
_COMMAND = "from models.console import hold_standard_streams; hold_standard_streams()"


def run(start: str) -> tuple[int, list[str]]:
    """Return how many lines the host wrote while the networks started, and what came out at standard error."""
    code = _HOST.replace("START", start)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    return int(done.stdout), done.stderr.splitlines()


@pytest.mark.parametrize(
    "start", [pytest.param(_LITERT, marks=needs_litert), pytest.param(_MEDIAPIPE, marks=needs_mediapipe)]
)
def test_a_host_that_writes_all_the_time_loses_no_line(start: str) -> None:
    written, lines = run(start)
    assert written >= 30
    # What a library logs may stand in the middle of a line, or before it.
    assert "".join(lines).count("host ") == written


@needs_litert
def test_a_command_shows_nothing_of_what_litert_logs() -> None:
    written, lines = run(_COMMAND + _LITERT)
    assert {line.split(" ")[0] for line in lines} == {"host"}
    assert len(lines) < written, "what was written meanwhile went the same way"


def test_a_message_still_comes_out_while_a_library_is_silenced(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console._Streams, "ours", True)
    stream, before = os.fdopen(2, "w", closefd=False), sys.stderr
    sys.stderr = stream
    try:
        with native_log_hidden():
            os.write(2, b"what a library logs\n")
            say("error: not lost", err=True)
        say("and afterwards", err=True)
    finally:
        sys.stderr = before
    assert capfd.readouterr().err == "error: not lost\nand afterwards\n"
