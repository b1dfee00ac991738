"""What workers on a Ray cluster do in tests; a module, so that another process can import it."""

from __future__ import annotations

import time
from pathlib import Path

from realtime.batch.result_store import VideoResult
from realtime.batch.video_worker import VideoTask, analyze_video

_LIMIT_S = 60.0


def held_analysis(task: VideoTask) -> VideoResult:
    """Analyze a video, and come back with its result when there is a file `go` beside the output folder.

    A line of the file `log` there says which video it was, and on which node, once its outputs are in their places.
    """
    import ray

    result = analyze_video(task)
    with (task.out.parent / "log").open("a", encoding="utf-8") as log:
        log.write(f"{task.video.name} {ray.get_runtime_context().get_node_id()}\n")
    limit_s = time.monotonic() + _LIMIT_S
    while not (task.out.parent / "go").exists() and time.monotonic() < limit_s:
        time.sleep(0.02)
    return result


def logged(folder: Path) -> list[tuple[str, str]]:
    """Return video and node of each line of the log."""
    try:
        lines = (folder / "log").read_text("utf-8").splitlines()
    except OSError:
        return []
    return [(name, node) for name, node in (line.split() for line in lines if " " in line)]
