"""What worker processes do with pieces in tests; a module, so that another process can import it."""

from __future__ import annotations

import json
import os
import time

from realtime.batch.pieces.piece_task import PieceResult, PieceTask
from realtime.batch.result_store import DONE, FAILED, VideoResult
from realtime.batch.video_worker import VideoTask


def noted(task: VideoTask | PieceTask) -> VideoResult | PieceResult:
    """Succeed at once, but for the middle pieces of videos called "odd" and "deadly", and the end of "full"."""
    if isinstance(task, VideoTask):
        said = json.dumps([len(task.pieces), task.uncut])
        status = FAILED if task.video.name == "full" else DONE
        return VideoResult(task.video.name, task.video.path.name, status, {}, {}, notes=(said,))
    if task.index == 1 and task.video.name == "odd":
        return PieceResult("its times leap", 77.0)
    if task.index == 1 and task.video.name == "deadly":
        time.sleep(0.2)
        os._exit(9)
    task.place.parent.mkdir(parents=True, exist_ok=True)
    task.place.write_bytes(b"piece")
    return PieceResult(memory_mb=77.0 if task.video.name == "good" else 0.0)
