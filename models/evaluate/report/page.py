"""Evaluation report as one self-contained HTML page."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from models.evaluate.face_sets import EVERY_SPLIT, FaceSet, LookedAt
from models.evaluate.report.analysis import Analysis, Band
from models.evaluate.report.plots import SIDE, Coverage, Mistake, Reliability, coverage, mistakes, reliability
from models.evaluate.summary import Summary
from models.manifest import EMOTIONS, Manifest
from models.new_files import write_whole
from realtime.reports.page_template import load_template

REPORT_NAME = "report.html"
COVER_NAMES = {"mouth": "drawn surgical mask", "eyes": "drawn dark glasses"}
_MOST_GROUPS = 40
_SHADES = 10
_NOTHING = "\u2013"  # an en dash


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """A set of faces, what the program says of them, and the figures."""

    place: FaceSet
    looked: LookedAt
    analysis: Analysis


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """What the template shows of one set of faces.

    Attributes:
        name: of the set.
        source: which pictures these are.
        analysis: the figures.
        conditions: what is harder (heading) -> name of the condition -> figures.
        groups: source -> figures, at most 40.
        groups_left_out: `int`, how many more there are.
    """

    name: str
    source: str
    analysis: Analysis
    conditions: dict[str, dict[str, Summary]]
    groups: dict[str, Summary]
    groups_left_out: int
    reliability: Reliability
    coverage: Coverage
    mistakes: list[Mistake]


def write_report(sections: Sequence[Section], manifest: Manifest, out: Path, group_by: str = "") -> Path:
    """Write `report.html` into `out` and return its path.

    Args:
        sections: the sets of faces, one or more.
        manifest: the models that were run.
        out: folder, made if missing.
        group_by: the column that divides the faces, or "".

    Raises:
        ConfigError: Jinja2 cannot be imported.
    """
    filters: dict[str, Callable[..., object]] = {"share": _share, "number": _number, "shade": _shade}
    page = load_template("models.evaluate.report", filters=filters).render(
        manifest=manifest,
        emotions=EMOTIONS,
        side=SIDE,
        group_by=group_by,
        views=[_view(section) for section in sections],
        # The comparison of fusion methods that `fit_fusion` left in the manifest.
        validation=manifest.scores.get("fusion_on_val", {}),
    )
    out.mkdir(parents=True, exist_ok=True)
    return write_whole(out / REPORT_NAME, page.encode(errors="replace"))


def _view(section: Section) -> _View:
    place, analysis = section.place, section.analysis
    where = place.labels.name if place.labels else place.root.name
    shown = dict(list(analysis.groups.items())[:_MOST_GROUPS])
    return _View(
        name=place.name,
        source=f"{where}, column {place.column}, split {place.split or EVERY_SPLIT}",
        analysis=analysis,
        conditions=_conditions(analysis),
        groups=shown,
        groups_left_out=len(analysis.groups) - len(shown),
        reliability=reliability(analysis),
        coverage=coverage(analysis),
        mistakes=mistakes(analysis, section.looked, place.root),
    )


def _conditions(analysis: Analysis) -> dict[str, dict[str, Summary]]:
    tables = {
        "half of the face covered": {COVER_NAMES[what]: one for what, one in analysis.covered.items()},
        "head turned to the side by": {band_name(band, "°"): band.summary for band in analysis.by_turn},
        "outer eye corners apart by": {band_name(band, "px"): band.summary for band in analysis.by_size},
    }
    every = {"all faces, nothing covered": {"as they are": analysis.fused}}
    return {**every, **{what: rows for what, rows in tables.items() if rows}}


def band_name(band: Band, unit: str) -> str:
    """Return the range of a band in words."""
    return f"over {band.low:.0f} {unit}" if math.isinf(band.high) else f"{band.low:.0f} to {band.high:.0f} {unit}"


def _share(value: float, decimals: int = 1) -> str:
    """Return a share from 0 to 1 as "12.3 %", a dash where there are no faces to have a share of."""
    return _NOTHING if math.isnan(value) else f"{100 * value:.{decimals}f} %"


def _number(value: float, decimals: int = 3) -> str:
    return _NOTHING if math.isnan(value) else f"{value:.{decimals}f}"


def _shade(share: float) -> int:
    """Return how dark a share is drawn: 0 for none to 10 for all."""
    return 0 if share <= 0 else max(1, round(_SHADES * share))
