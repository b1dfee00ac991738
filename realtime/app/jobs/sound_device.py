"""The machine's loudspeakers, through miniaudio, which is an extra."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, Protocol

from realtime.capture.frames.sound_samples import RATE
from realtime.core.errors import OutletError

Fill = Callable[[int], bytes]
"""Takes how many moments of sound are needed and returns them, four bytes each: left and right, 16 bits."""

LATENCY_S = 0.06
"""From `Fill` to the ear, about: two periods of the device, which is asked for so short ones."""

_PERIOD_MS, _PERIODS = 30, 2


class SoundDevice(Protocol):
    """What plays sound until it is closed."""

    def close(self) -> None:
        """Stop."""


def open_sound_device(fill: Fill) -> SoundDevice:
    """Play what `fill` gives, which is called on a thread of the device.

    Raises:
        OutletError: miniaudio is not installed, or there is no loudspeaker.
    """
    try:
        import miniaudio
    except ImportError as error:
        raise OutletError("sound is played with miniaudio, which is not installed: pip install miniaudio") from error

    def pieces() -> Generator[bytes, int, None]:
        count = yield b""
        while True:
            count = yield fill(count)

    try:
        device: Any = miniaudio.PlaybackDevice(
            output_format=miniaudio.SampleFormat.SIGNED16,
            nchannels=2,
            sample_rate=RATE,
            buffersize_msec=_PERIOD_MS,
            callback_periods=_PERIODS,
            app_name="emotion-live",
        )
        # Where a machine has none, miniaudio plays into nothing.
        if str(device.backend).lower() == "null":
            device.close()
            raise OutletError("this machine has no loudspeaker that can be used")
        source = pieces()
        next(source)
        device.start(source)
    except miniaudio.MiniaudioError as error:
        raise OutletError(f"the loudspeaker cannot be used ({error.args[0]})") from error
    return device  # type: ignore[no-any-return]
