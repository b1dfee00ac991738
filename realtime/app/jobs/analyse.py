"""Job that analyzes a video to its end and keeps the results in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from typing import Any

from realtime.app.jobs.job import Job, Latest
from realtime.app.jobs.preview_image import fit, ppm
from realtime.capture.frame_index_reader import length_s
from realtime.capture.video_file import FileSource
from realtime.core.config import PipelineConfig
from realtime.core.errors import EmotionLiveError, SourceOpenError
from realtime.core.metrics import Metrics
from realtime.core.options import AnalysisOptions, SmoothingMode
from realtime.core.persons.person_edits import NO_EDITS, PersonEdits
from realtime.core.protocols import SourceInfo
from realtime.core.types import Analysed
from realtime.session.analyser import Analyser
from realtime.timeline.analysis_results import AnalysisResults

_TELL_EVERY_S = 0.1
_PREVIEW_EVERY_S = 0.2
_FIRST_VIEW_WH = (640, 360)


@dataclass(frozen=True, slots=True)
class Opened:
    """The source is open.

    Attributes:
        info: its properties.
        length_s: `float` or `None`, seconds, if the file declares it.
    """

    info: SourceInfo
    length_s: float | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a job.

    Attributes:
        done: `int`, frames done.
        share: `float` or `None`, 0 to 1; `None` where the length is unknown.
        elapsed_s: `float`, seconds since the source was open.
    """

    done: int
    share: float | None
    elapsed_s: float

    @property
    def left_s(self) -> float | None:
        """Estimated seconds left, at the speed so far; `None` where unknown."""
        if not self.share or self.elapsed_s < 1:
            return None
        return self.elapsed_s * (1 - self.share) / self.share


@dataclass(frozen=True, slots=True)
class Smoothing:
    """Every frame is analyzed; offline smoothing has begun."""


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """A video and its results.

    Attributes:
        source: `str`, the file.
        info: its properties.
        results: one entry per frame.
        metrics: of the run.
        provider: `str`, what the models ran on.
        began_s: `float`, Unix time.
        config: how it was analyzed.
        warning: `str`, what the user should know ("" if nothing): the file broke off, frames were damaged.
        interventions: none: an analysis is not interfered with.
        run_facts: what makes the run what it is (`provenance.run_facts_of`) where the analysis was made in an earlier
            run of the program; `None`: in this one.
        manifest_sha256: `str`, likewise of its models, else "".
        kept: `bool`, whether it is in the list of recent analyses.
        not_kept: `str`, why that went wrong, "" if it did not.
        pictures: `str`, why there are none to show: the video is gone, or is another one; "" where there are.
        persons: who its tracks are, and what is left out; the results are as without it.
    """

    source: str
    info: SourceInfo
    results: AnalysisResults
    metrics: Metrics
    provider: str
    began_s: float
    config: PipelineConfig
    warning: str = ""
    interventions: list[dict[str, float]] = field(default_factory=list)
    run_facts: Mapping[str, Any] | None = None
    manifest_sha256: str = ""
    kept: bool = False
    not_kept: str = ""
    pictures: str = ""
    persons: PersonEdits = NO_EDITS

    @property
    def by_person(self) -> AnalysisResults:
        """The results without what is left out, with persons' numbers in place of tracks'."""
        return self.results.by_person(self.persons) if self.persons.lines else self.results


class AnalysisJob(Job):
    """Analyzes a file; posts `Opened`, `Progress`, `Smoothing` and at the end the `Analysis`.

    Args:
        source: `str`, the file.
        config: how.
        post: receives the events.
        keep: takes the finished analysis to where it outlasts its window, and returns it with what became of that.

    Attributes:
        preview: the newest picture as PPM, some a second.
        view_wh: `(int, int)`, pixels that a preview may fill; the window sets it.
    """

    def __init__(
        self,
        source: str,
        config: PipelineConfig,
        post: Callable[[Job, object], None],
        keep: Callable[[Analysis], Analysis] = lambda analysis: analysis,
    ) -> None:
        super().__init__("analysis", post)
        self._keep = keep
        self.source = source
        self.preview: Latest[bytes] = Latest()
        self.view_wh = _FIRST_VIEW_WH
        self._config = config
        self._results = AnalysisResults()
        self._metrics = Metrics()
        self._began_s = time.time()
        self._next_preview_s = 0.0
        self._stop: Callable[[], None] = lambda: None

    def work(self) -> None:
        """Analyze to the end. Raises CancelledError, EmotionLiveError: not one frame could be analyzed."""
        # Before the models are read: a file that is no video is refused at once.
        with closing(FileSource(self.source)) as looked_at:
            seconds = length_s(self.source)
            self.post(Opened(looked_at.open(), seconds))
        source = FileSource(self.source)
        options = AnalysisOptions(pipeline=self._config, smoothing=SmoothingMode.NONE)
        with Analyser(source, options, metrics=self._metrics) as run:
            self._stop = run.stop
            self.check_cancelled()
            warning = self._analyse(run, seconds)
            info, provider = run.info, run.provider
        self.post(Smoothing())
        self._results.smooth(self._config.smoothing)
        self.check_cancelled()
        if source.damaged_packets and not warning:
            warning = (
                f"{source.damaged_packets} damaged packets of the file could not be decoded: their frames are missing"
            )
        began_s, metrics = self._began_s, self._metrics
        analysis = Analysis(self.source, info, self._results, metrics, provider, began_s, self._config, warning)
        try:
            analysis = self._keep(analysis)
        except EmotionLiveError as error:
            # It is shown all the same; whoever leaves it is asked.
            analysis = replace(analysis, not_kept=str(error))
        self.post(analysis)

    def cancel(self) -> None:
        """End soon."""
        super().cancel()
        self._stop()

    def _analyse(self, run: Analyser, seconds: float | None) -> str:
        """Take every frame; return why there are not more, "" if nothing is wrong."""
        started_s = last_s = time.monotonic()
        try:
            for analysed in run:
                self._take(analysed)
                now_s = time.monotonic()
                if now_s - last_s >= _TELL_EVERY_S:
                    last_s = now_s
                    self.post(Progress(len(self._results), self._share(run.info, seconds), now_s - started_s))
        except EmotionLiveError as error:
            self.check_cancelled()
            if not len(self._results):
                raise
            return str(error)
        self.check_cancelled()
        if not len(self._results):
            raise SourceOpenError(f"{run.info.name} has no picture that can be analyzed; check that it plays elsewhere")
        return ""

    def _take(self, analysed: Analysed) -> None:
        self._results.add(analysed)
        now_s = time.monotonic()
        if now_s >= self._next_preview_s:
            self._next_preview_s = now_s + _PREVIEW_EVERY_S
            self.preview.put(ppm(analysed.frame.image_bgr, fit(analysed.frame.size_wh, self.view_wh)))

    def _share(self, info: SourceInfo, seconds: float | None) -> float | None:
        done = len(self._results)
        if info.frame_count:
            return min(1.0, done / info.frame_count)
        if seconds and done:
            return min(1.0, float(self._results.times_s[-1]) / seconds)
        return None
