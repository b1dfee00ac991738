"""Opens a file with the program that the system has for it, or shows it in its folder."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from realtime.app.jobs.job import Job
from realtime.core.errors import OutletError

# What has not failed by then is at work: some of these programs run as long as the file is open.
_FAILS_WITHIN_S = 5.0
_POLL_S = 0.05


def open_command(path: Path, *, in_folder: bool) -> str | Sequence[str]:
    """Return the command that opens a file, or that shows it in its folder.

    Args:
        path: absolute.
        in_folder: `bool`, show it where it is, selected where the system can.
    """
    if sys.platform == "win32":
        # Explorer takes the name in quotes and the option not, which no list of arguments can say; no name has a quote.
        return f'explorer /select,"{path}"' if in_folder else f'explorer "{path}"'
    if sys.platform == "darwin":
        return ["open", "-R", str(path)] if in_folder else ["open", str(path)]
    return ["xdg-open", str(path.parent if in_folder else path)]


class OpenFileJob(Job):
    """Opens a file, or its folder, in another program; posts `Failed` if there is none.

    Args:
        path: the file.
        in_folder: `bool`, show it where it is.
        post: receives the events.
        sleep: waits for some seconds.
    """

    def __init__(
        self,
        path: Path,
        post: Callable[[Job, object], None],
        *,
        in_folder: bool,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__("opening", post)
        self._path, self._in_folder, self._sleep = path.absolute(), in_folder, sleep

    def work(self) -> None:
        """Open it. Raises CancelledError, OutletError."""
        what = self._path.parent if self._in_folder else self._path
        if not self._path.exists():
            raise OutletError(f"{self._path} is not there any more; save it again")
        command = open_command(self._path, in_folder=self._in_folder)
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        try:
            # In a session of its own: it is not to end with this program.
            program = subprocess.Popen(command, start_new_session=True, **quiet)  # type: ignore[call-overload]
        except OSError as error:
            raise OutletError(f"{what} cannot be opened from here ({error.strerror}); open it by hand") from error
        for _ in range(round(_FAILS_WITHIN_S / _POLL_S)):
            self.check_cancelled()
            if (code := program.poll()) is not None:
                break
            self._sleep(_POLL_S)
        # Explorer's code says nothing: it is 1 also where all went well.
        if code and sys.platform != "win32":
            raise OutletError(f"no program was found that opens {what}; open it by hand")
