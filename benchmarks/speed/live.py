"""Capture-to-display latency and dropped frames of a live run on a paced source, as JSON.

    python -m benchmarks.speed.live CLIP [--mjpeg] [--window] [--seconds S]

The clip is delivered at its own rate and the age of every frame is taken when it has been shown. With --mjpeg it comes
over HTTP from this machine's loopback, as from a network camera; then the stamp is the moment of decoding. Rate,
latency and drops leave out the first second after the first frame; drops until then are reported separately.
"""

from __future__ import annotations

import http.server
import itertools
import json
import threading
import time
from pathlib import Path
from typing import Any

import click
import cv2

from benchmarks.speed.live_session import LiveRun
from models.manifest import WEIGHTS_DIR
from realtime.core.config import PipelineConfig
from realtime.core.options import AnalysisOptions, RunOptions
from realtime.recording.recording_sink import RecordingOptions
from realtime.session.window_sink import WindowOptions


class _Camera(http.server.BaseHTTPRequestHandler):
    """Serves the clip as MJPEG at its own rate, again and again."""

    pictures: list[bytes]
    fps: float

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        started = time.monotonic()
        for number in itertools.count():
            picture = self.pictures[number % len(self.pictures)]
            time.sleep(max(0.0, started + number / self.fps - time.monotonic()))
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n".encode()
            try:
                self.wfile.write(head + picture + b"\r\n")
            except OSError:
                return

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _serve(clip: Path) -> str:
    video = cv2.VideoCapture(str(clip))
    _Camera.fps = video.get(cv2.CAP_PROP_FPS)
    _Camera.pictures = []
    while (read := video.read())[0]:
        _Camera.pictures.append(cv2.imencode(".jpg", read[1], [cv2.IMWRITE_JPEG_QUALITY, 85])[1].tobytes())
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Camera)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


@click.command(help=__doc__)
@click.argument("clip", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--mjpeg", is_flag=True, help="Over HTTP from the loopback instead of from the file.")
@click.option("--window", is_flag=True, help="Show a window; needs a display.")
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path), help="Record meanwhile.")
@click.option("--seconds", default=10.0, show_default=True)
@click.option("--weights", type=click.Path(file_okay=False, path_type=Path), default=WEIGHTS_DIR)
def main(clip: Path, mjpeg: bool, window: bool, record: Path | None, seconds: float, weights: Path) -> None:
    recording = () if record is None else (RecordingOptions(record),)
    options = RunOptions(
        _serve(clip) if mjpeg else str(clip),
        AnalysisOptions(pipeline=PipelineConfig(weights=weights), realtime=not mjpeg, seconds=seconds),
        outputs=(*recording, *((WindowOptions(),) if window else ())),
    )
    live = LiveRun(options)
    cpu = time.process_time()
    settled = live.run()
    cpu_s = time.process_time() - cpu
    session = live.session
    metrics, frames = session.metrics, session.spans.frames
    figures = {
        "source": "mjpeg over loopback" if mjpeg else "paced file",
        "clip": clip.name,
        "frames_shown": frames,
        "frames_with_face": session.spans.frames_with_face,
        "fps": settled["fps"],
        "latency_ms": settled["age_ms"],
        "drops": settled["drops"],
        "start_up_drops": settled["start_up_drops"],
        "cpu_ms_per_frame": round(1000 * cpu_s / max(1, frames), 2),
        "stages": {
            name: {"p50_ms": round(t.p50_ms, 2), "p95_ms": round(t.p95_ms, 2)} for name, t in metrics.stages().items()
        },
        "provider": session.provider,
    }
    click.echo(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
