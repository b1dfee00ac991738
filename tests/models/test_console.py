"""Messages never raise, and the first signal ends a command in good order."""

from __future__ import annotations

import io
import os
import signal
import sys

import pytest

from models.console import Messages, ending_signals, interrupts_held, say


class Broken(io.TextIOWrapper):
    """A stream whose reader is gone, whose disk is full, or that is closed."""

    def __init__(self, error: Exception) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8")
        self._error = error

    def write(self, _text: str) -> int:
        raise self._error


@pytest.mark.parametrize("error", [BrokenPipeError(), OSError(28, "No space left"), ValueError("I/O on closed file")])
def test_a_message_to_a_broken_stream_is_dropped(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", Broken(error))
    say("lost")
    monkeypatch.setattr(sys, "stdout", None)
    say("lost, too")


def test_a_name_that_the_stream_cannot_encode_is_escaped() -> None:
    for encoding, shown in (("ascii", r"caf\udce9 \xe9"), ("utf-8", r"caf\udce9 é")):
        kept = io.BytesIO()
        stream = io.TextIOWrapper(kept, encoding=encoding)
        Messages(lambda stream=stream: stream).write("caf\udce9 é")  # type: ignore[misc]
        assert kept.getvalue().decode() == shown


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_the_first_signal_interrupts_and_later_ones_wait_for_the_end(name: str) -> None:
    number = getattr(signal, name)
    before = signal.getsignal(number)
    try:
        with pytest.raises(KeyboardInterrupt), ending_signals():
            try:
                os.kill(os.getpid(), number)
            finally:
                os.kill(os.getpid(), signal.SIGTERM)  # files are being finished: it must not end the process
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        for each in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(number, before)


def test_work_that_ends_by_itself_is_not_interrupted_and_the_handlers_come_back() -> None:
    before, asked = signal.getsignal(signal.SIGTERM), []
    with ending_signals():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
    try:
        with ending_signals(lambda: bool(asked.append(1)) or True):
            os.kill(os.getpid(), signal.SIGTERM)
        assert asked == [1]
    finally:
        for each in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)


def test_what_is_ignored_from_the_start_stays_ignored_as_under_nohup() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ending_signals():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_an_interrupt_that_a_library_took_for_a_failure_of_its_own_is_one_again() -> None:
    def imported() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except KeyboardInterrupt as interrupt:
            raise ImportError("initialization failed") from interrupt

    try:
        with pytest.raises(KeyboardInterrupt), ending_signals():
            imported()
    finally:
        for each in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
    with pytest.raises(ImportError, match="no such module"), ending_signals():
        raise ImportError("no such module")


def test_an_interrupt_waits_while_a_library_is_imported() -> None:
    imported = []
    try:
        with pytest.raises(KeyboardInterrupt), ending_signals():
            with interrupts_held():
                with interrupts_held():
                    os.kill(os.getpid(), signal.SIGTERM)
                imported.append("whole")
            imported.append("and what needs it")
        with interrupts_held():
            imported.append("nothing waits any more")
    finally:
        for each in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
    assert imported == ["whole", "nothing waits any more"]
