"""The bar of a batch counts every megabyte once, whatever is told of how far a video is."""

from __future__ import annotations

from pathlib import Path

import pytest

from realtime.batch import __main__ as command
from realtime.batch.result_store import DONE, VideoResult
from realtime.batch.video_list import Video


class NotedBar:
    """As much of tqdm as is used; keeps what it is told."""

    def __init__(self, **_: object) -> None:
        self.counted = 0.0

    def update(self, gained: float) -> None:
        assert gained > 0
        self.counted += gained

    def clear(self) -> None:
        """Show nothing."""

    refresh = close = clear


def test_a_video_that_was_analyzed_in_pieces_is_not_counted_again_while_it_is_joined(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.mp4").write_bytes(bytes(3_000_000))
    videos = [Video(tmp_path / "a.mp4", "a")]
    shown = NotedBar()
    monkeypatch.setattr(command, "tqdm", lambda **_: shown)
    monkeypatch.setattr(command.ERR, "isatty", lambda: True, raising=False)
    with command._Bar(videos) as bar:
        bar.start(videos, already=0)
        for share in (0.5, 1.0, 0.1, 0.7):
            bar.progress(0, share)
        bar.finished(VideoResult("a", "a.mp4", DONE, {}, {}))
    assert shown.counted == pytest.approx(3.0)
