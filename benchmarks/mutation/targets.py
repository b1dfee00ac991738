"""What is mutated, which tests must notice it, and which changes change nothing.

Tests that kill processes or read real clips are left out: a mutant that only they would notice counts as survived.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Group:
    """Files that are mutated in one run of mutmut.

    Attributes:
        name: `str`, for the results.
        files: paths from the project's folder.
        tests: test files that must notice a change of them.
        only: expression of pytest's `-k`: which of these tests take part; "" for all.
    """

    name: str
    files: tuple[str, ...]
    tests: tuple[str, ...]
    only: str = ""


GROUPS = (
    Group(
        "clocks and queues",
        (
            "models/new_files.py",
            "realtime/capture/frames/media_times.py",
            "realtime/core/channel.py",
            "realtime/core/output_paths.py",
            "realtime/pipeline/live_queue.py",
            "realtime/pipeline/queues.py",
            "realtime/recording/part_files.py",
            "realtime/recording/sound_clock.py",
            "realtime/reports/row_buffer.py",
        ),
        (
            "tests/capture/test_clock_rules.py",
            "tests/capture/test_media_times.py",
            "tests/core/test_channel.py",
            "tests/core/test_output_paths.py",
            "tests/models/test_new_files.py",
            "tests/pipeline/test_live_queue.py",
            "tests/pipeline/test_queues.py",
            "tests/recording/test_part_files.py",
            "tests/recording/test_sound_clock.py",
            "tests/reports/test_row_buffer.py",
        ),
    ),
    Group(
        "tables",
        ("realtime/reports/table_writer.py",),
        (
            "tests/reports/test_table_rules.py",
            "tests/reports/test_table_writer.py",
            "tests/reports/test_table_metadata.py",
        ),
        "not kill_9",
    ),
    Group(
        "recordings",
        ("realtime/recording/part_writer.py", "realtime/recording/video_recorder.py"),
        (
            "tests/recording/test_part_writer.py",
            "tests/recording/test_recorder_rules.py",
            "tests/recording/test_recorder_sound.py",
            "tests/recording/test_video_recorder.py",
        ),
    ),
)

# Changes after which the program does the same: file, function, new text, and why no test can notice them.
EQUIVALENT = (
    (
        "realtime/core/channel.py",
        "BoundedQueue.take_waiting",
        "def take_waiting(self, limit: int, wait_s: float = 1.0, /) -> list[T]:",
        "a Protocol's method is never called",
    ),
    (
        "realtime/pipeline/live_queue.py",
        "LiveQueue.__init__",
        "self._answered = None",
        "it is only asked whether it is true",
    ),
    (
        "realtime/pipeline/live_queue.py",
        "_ToDisplay.get",
        "if left_s < 0:",
        "with no time left it waits for 0 s and asks again",
    ),
    (
        "realtime/pipeline/live_queue.py",
        "_ToDisplay.take_waiting",
        "def take_waiting(self, _limit: int, _wait_s: float = 1.0, /) -> list[Analysed | EndOfEpoch]:",
        "the argument is not used",
    ),
    (
        "realtime/pipeline/live_queue.py",
        "_ToClassifier.take_waiting",
        "def take_waiting(self, _limit: int, _wait_s: float = 1.0, /) -> list[Looked | EndOfEpoch]:",
        "the argument is not used",
    ),
    *(
        ("realtime/pipeline/queues.py", "PipelineQueues.between", new, "every policy but DROP_OLDEST waits")
        for new in (
            "wait = None",
            "return PipelineQueues(Channel(max_batch, wait), Channel(room, None), Channel(max_batch, wait))",
            "return PipelineQueues(Channel(max_batch, None), Channel(room, wait), Channel(max_batch, wait))",
            "return PipelineQueues(Channel(max_batch, wait), Channel(room, wait), Channel(max_batch, None))",
        )
    ),
    (
        "realtime/recording/sound_clock.py",
        "SoundClock.__init__",
        "self._on_its_own = None",
        "it is only asked whether it is true",
    ),
    *(
        (
            "realtime/pipeline/queues.py",
            "PipelineQueues.tell",
            f"metrics.waiting = dict(zip(TAKERS, (hand_over.waiting for hand_over in self), {strict}))",
            "there are always three of both",
        )
        for strict in ("strict=None", "strict=False", "")
    ),
    (
        "realtime/recording/part_writer.py",
        "PartWriter.__init__",
        'self._latest: Any = ""',
        "it is read only after a picture",
    ),
    (
        "realtime/recording/part_writer.py",
        "PartWriter.write",
        'picture = picture.reformat(*self._size_wh, format="yuv420p", dst_colorspace="ITU601", )',
        "it is FFmpeg's own range where none is named",
    ),
    *(
        (file, function, f"{path}.unlink(missing_ok={missing})", "what it raises is suppressed")
        for file, function, path in (
            ("models/new_files.py", "write_whole", "part"),
            ("realtime/reports/table_writer.py", "_parquet_converter", "unfinished"),
        )
        for missing in (None, False)
    ),
    (
        "realtime/capture/frames/media_times.py",
        "MediaTimes._checked",
        "if -_JITTER_STEPS * step_s < delta_s <= 1:",
        "what is above 0 and up to 1 was returned before",
    ),
    (
        "realtime/capture/frames/media_times.py",
        "ArrivalTimes.__init__",
        "self._last_s = -2.0",
        "the first time is 0, which is more than either",
    ),
)


def function_of(name: str) -> str:
    """Return the function of a mutant, as `Class.method`, from its name `package.module.xǁClassǁmethod__mutmut_N`."""
    mangled = name.rpartition(".")[2].partition("__mutmut_")[0]
    return mangled.removeprefix("x_").removeprefix("xǁ").replace("ǁ", ".")


def is_equivalent(file: str, survivor: Mapping[str, Any]) -> str:
    """Return why a surviving change changes nothing, or "" if it may change something."""
    for where, function, new, why in EQUIVALENT:
        if (where, function, new) == (file, function_of(survivor["name"]), survivor.get("new")):
            return why
    return ""
