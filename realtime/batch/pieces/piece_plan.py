"""Which videos of a batch are cut into pieces, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from realtime.batch.batch_options import BatchOptions
from realtime.batch.video_list import Video
from realtime.core.config import FOUND_ANEW_EVERY_S

WARM_UP_S = 3.0
"""Each piece but the first begins so much earlier: faces are found again, and lost ones remembered for two seconds."""

# Shorter videos are not worth it: of a piece of a minute the overlap is a twentieth.
_LONG_S, _SHORTEST_S, _LONGEST_S = 180.0, 60.0, 600.0
# No video of so few bytes is long; most files need not be opened.
_LONG_BYTES = 2_000_000
# A video that is more than this part of what one worker gets would keep others waiting at the end.
_PART_OF_A_SHARE = 0.375
_PIECES_PER_WORKER = 2


@dataclass(frozen=True, slots=True)
class Span:
    """One piece of a video: frames from `begin_s` on and before `end_s`, in seconds of media time.

    Attributes:
        begin_s: `float`, 0 for the first piece.
        end_s: `float` or `None`, `None` for the end of the file.
    """

    begin_s: float
    end_s: float | None

    @property
    def from_s(self) -> float:
        """Where its analysis begins."""
        return max(0.0, self.begin_s - WARM_UP_S)


def planned(videos: Sequence[Video], jobs: int, options: BatchOptions) -> Mapping[str, tuple[Span, ...]]:
    """Return the pieces of those videos that are to be cut, by their names.

    A video is cut where it lasts three minutes or more and workers would wait for it at the end. Recordings are drawn
    from front to back, so that nothing is cut where they are asked for.

    Args:
        videos: that are left.
        jobs: `int`, workers.
        options: of the batch.
    """
    if options.record or jobs < 2:
        return {}
    sizes = {video.name: _size_bytes(video.path) for video in videos}
    share = sum(sizes.values()) / jobs
    cut = {}
    for video in videos:
        if sizes[video.name] >= max(_LONG_BYTES, _PART_OF_A_SHARE * share):
            length_s = min(_length_s(video.path), options.seconds or float("inf"))
            if length_s >= _LONG_S:
                cut[video.name] = spans(length_s, length_s * share / (_PIECES_PER_WORKER * sizes[video.name]))
    return cut


def spans(length_s: float, piece_s: float) -> tuple[Span, ...]:
    """Return two or more pieces of about equal length, which begin where faces are found anew.

    Args:
        length_s: `float`, of the video in seconds.
        piece_s: `float`, about how long a piece is to be; from one minute to ten is kept to.
    """
    count = max(2, round(length_s / min(max(piece_s, _SHORTEST_S), _LONGEST_S)))
    begins_s = [FOUND_ANEW_EVERY_S * round(length_s * number / count / FOUND_ANEW_EVERY_S) for number in range(count)]
    return spans_of(begins_s)


def spans_of(begins_s: Sequence[float]) -> tuple[Span, ...]:
    """Return the pieces that begin at these times, in seconds, in order; the last one ends with the file."""
    return tuple(Span(begin_s, end_s) for begin_s, end_s in zip(begins_s, [*begins_s[1:], None], strict=True))


def _size_bytes(path: Path) -> int:
    with suppress(OSError):
        return path.stat().st_size
    return 0


def _length_s(path: Path) -> float:
    from realtime.capture.frame_index_reader import length_s

    return length_s(str(path)) or 0.0
