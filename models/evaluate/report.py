"""Evaluation report as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.dataset.labels import LabelledFace
from models.evaluate import figures
from models.evaluate.analysis import Analysis
from models.evaluate.scores import selective_accuracy
from models.evaluate.shipped import Answers
from models.manifest import EMOTIONS, Manifest
from models.new_files import write_whole
from realtime.reports.page_template import load_template

REPORT_NAME = "report.html"


@dataclass(frozen=True, slots=True)
class _Protocol:
    """Figures and pictures (PNG) of one column of labels; `analysis` is `None` where nothing could be scored."""

    name: str
    analysis: Analysis | None
    selective: float = 0.0
    confusion_png: bytes = b""
    honesty_png: bytes = b""
    conditions_png: bytes = b""
    mistakes_png: bytes = b""


def write_report(
    analyses: Mapping[str, Analysis | None],
    protocols: Mapping[str, Sequence[LabelledFace]],
    plain: Answers,
    manifest: Manifest,
    root: Path,
    out: Path,
    source: str,
) -> Path:
    """Write `report.html` into `out` and return its path.

    Args:
        analyses: protocol -> its figures, `None` where no picture has one of the six labels.
        protocols: protocol -> the pictures with its labels.
        plain: what the program says of the pictures.
        manifest: the models that said it.
        root: folder of the pictures.
        out: folder, made if missing.
        source: what was scored, for the page's head.

    Raises:
        DataError: matplotlib is not installed.
        ConfigError: Jinja2 cannot be imported.
    """
    page = load_template("models.evaluate", filters={"share": _share}).render(
        source=source,
        manifest=manifest,
        emotions=EMOTIONS,
        protocols=[_protocol(name, one, protocols[name], plain, root) for name, one in analyses.items()],
        # The comparison of fusion methods that `fit_fusion` left in the manifest.
        validation=manifest.scores.get("fusion_on_val", {}),
    )
    out.mkdir(parents=True, exist_ok=True)
    return write_whole(out / REPORT_NAME, page.encode(errors="replace"))


def _protocol(
    name: str, analysis: Analysis | None, faces: Sequence[LabelledFace], plain: Answers, root: Path
) -> _Protocol:
    if analysis is None:
        return _Protocol(name, None)
    return _Protocol(
        name,
        analysis,
        selective=selective_accuracy(analysis.confidence, analysis.right),
        confusion_png=figures.confusion_matrices(analysis.scores, plain.regions),
        honesty_png=figures.honesty(analysis),
        conditions_png=figures.conditions(analysis),
        mistakes_png=figures.mistakes(analysis, faces, plain, root),
    )


def _share(value: float, decimals: int = 1) -> str:
    return f"{value:.{decimals}%}"
