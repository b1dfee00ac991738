"""The live program, while its memory, threads, file handles and objects are written to a table every ten seconds.

    python -m benchmarks.soak.watched_run OUT.csv [ARGUMENTS OF run_live.py ...]

Linux only.
"""

from __future__ import annotations

import csv
import gc
import sys
import threading
import time
from pathlib import Path
from typing import TextIO

EVERY_S = 10.0
COLUMNS = ("seconds", "rss_mb", "private_mb", "threads", "handles", "objects", "blocks", "cpu_s")
_PROC = Path("/proc/self")


def resources() -> dict[str, float]:
    """Return what this process holds now; memory in MB (10^6 bytes)."""
    kilobytes = {}
    for line in (_PROC / "smaps_rollup").read_text("ascii").splitlines()[1:]:
        name, amount, *_ = line.replace(":", " ").split()
        kilobytes[name] = int(amount)
    return {
        "rss_mb": round(kilobytes["Rss"] * 1024 / 1e6, 3),
        "private_mb": round((kilobytes["Private_Clean"] + kilobytes["Private_Dirty"]) * 1024 / 1e6, 3),
        "threads": len(list((_PROC / "task").iterdir())),
        "handles": len(list((_PROC / "fd").iterdir())),
        "objects": _objects(),
        "blocks": sys.getallocatedblocks(),
        "cpu_s": round(time.process_time(), 2),
    }


def _objects() -> int:
    """Count the objects that the garbage collector knows.

    In one call of C code: the list of them, while other threads run, would be one reference more to each, and LiteRT
    refuses to run an interpreter to which somebody else has one.
    """
    return next(map(len, map(gc.get_objects, (None,))))


def watch(table: TextIO, ended: threading.Event, every_s: float = EVERY_S) -> None:
    """Write a row at once and then every few seconds, each as it is read, until the run has ended."""
    rows = csv.DictWriter(table, COLUMNS)
    rows.writeheader()
    began_s = time.monotonic()
    while True:
        rows.writerow({"seconds": round(time.monotonic() - began_s, 1), **resources()})
        table.flush()
        if ended.wait(every_s):
            return


def main() -> None:
    """See the module."""
    import run_live

    ended = threading.Event()
    with Path(sys.argv[1]).open("w", encoding="utf-8", newline="") as table:
        watcher = threading.Thread(target=watch, args=(table, ended), name="watcher", daemon=True)
        watcher.start()
        try:
            run_live.main(sys.argv[2:], standalone_mode=False)
        finally:
            ended.set()
            watcher.join()


if __name__ == "__main__":
    main()
