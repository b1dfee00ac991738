"""What worker processes of a batch do in tests; a module, so that another process can import it."""

from __future__ import annotations

import os
import time

from realtime.batch.batch_options import fingerprint
from realtime.batch.result_store import DONE, VideoResult
from realtime.batch.video_worker import VideoTask


def named_result(task: VideoTask) -> VideoResult:
    """Succeed at once, but for a video called "deadly", which kills its process, and "bug", which raises."""
    # Raises where an earlier attempt has left the folder.
    (task.working / str(task.number)).mkdir(parents=True)
    if task.video.name == "deadly":
        time.sleep(0.2)
        os._exit(9)
    if task.video.name == "bug":
        raise ValueError("a bug")
    return VideoResult(
        task.video.name, task.video.path.name, DONE, fingerprint(task.video.path), task.options.facts(), seconds=1.0
    )
