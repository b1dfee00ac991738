"""Scores that the manifest keeps, and the tables of model card and README that are written from them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from models.errors import DataError
from models.evaluate.report.page import COVER_NAMES
from models.evaluate.summary import FUSED
from models.manifest import EMOTIONS, Manifest, load_manifest, save_manifest

_TABLE = re.compile(r"(<!-- table: (?P<name>[\w ]+) -->\n).*?(<!-- end -->)", re.DOTALL)
_OPEN = "<!-- table:"
# What is kept of a report: a manifest is read at every start, and groups, matrices and what is told of each emotion
# under each condition would be most of it.
_NOT_KEPT = ("groups", "confusion")
_FUSED_ONLY = ("f1", "recall", "precision")
_ERRORS = ("macro recall", "sad or angry called neutral", "neutral called sad or angry")

Figures = Mapping[str, Any]
Cells = Sequence[str]


def keep_scores(weights: Path, by_set: Mapping[str, Figures]) -> None:
    """Keep the figures of sets of faces in the manifest under their names, beside those that are there.

    Args:
        weights: folder of the manifest.
        by_set: name -> figures, as `Analysis.as_dict` or `Summary.as_dict` by answer give them.

    Raises:
        ModelError: there is no manifest.
    """
    if not by_set:
        return
    manifest = load_manifest(weights)
    kept = {name: _kept(figures) for name, figures in by_set.items()}
    save_manifest(replace(manifest, scores={**manifest.scores, **kept}))


def _kept(figures: Figures) -> dict[str, Any]:
    return {
        key: value if key == FUSED else _without_emotions(value)
        for key, value in figures.items()
        if key not in _NOT_KEPT
    }


def _without_emotions(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_emotions(one) for key, one in value.items() if key not in _FUSED_ONLY}
    return [*map(_without_emotions, value)] if isinstance(value, list) else value


def with_tables(text: str, manifest: Manifest, page: Path) -> str:
    """Return a page with its tables as the manifest has the figures.

    Args:
        text: Markdown; a table stands between the lines `<!-- table: NAME -->` and `<!-- end -->`.
        manifest: with the scores.
        page: where the text is from, for messages.

    Raises:
        DataError: the page has no such table, one without an end, or one of an unknown name.
    """

    def written(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in TABLES:
            raise DataError(f"{page}: a table must be one of {', '.join(TABLES)}; received {name!r}")
        return f"{found[1]}{_markdown(TABLES[name](manifest))}{found[3]}"

    new, count = _TABLE.subn(written, text)
    if not count or count != text.count(_OPEN):
        raise DataError(
            f"{page} must have a line `{_OPEN} NAME -->` and a line `<!-- end -->` around each table; "
            f"received {text.count(_OPEN)} beginnings, and {count} tables with an end"
        )
    return new


def _sets(manifest: Manifest) -> dict[str, Figures]:
    """Return the sets of faces whose scores are kept; other entries, such as the fit's own, are none."""
    return {name: one for name, one in manifest.scores.items() if isinstance(one, Mapping) and FUSED in one}


def _scores(manifest: Manifest) -> Iterator[Cells]:
    yield ("faces", "answer", "accuracy", "macro-F1", *_ERRORS, "ECE", "70 % most confident")
    for name, figures in _sets(manifest).items():
        for answer in (FUSED, *manifest.regions):
            if answer in figures:
                one = figures[answer]
                about = _about(name, one)
                mark = "**" if answer == FUSED else ""
                yield (
                    *(about if answer == FUSED else "", answer, f"{mark}{_share(one['accuracy'])}{mark}"),
                    *(_number(one.get("macro_f1")), *_errors(one), _number(one.get("ece"))),
                    _share(one.get("accuracy_on_70_percent")),
                )


def _summary(manifest: Manifest) -> Iterator[Cells]:
    yield ("test faces", "accuracy", *_ERRORS, "ECE", "70 % most confident")
    for name, figures in _sets(manifest).items():
        one = figures[FUSED]
        recall, *others = _errors(one)
        confident = _share(one.get("accuracy_on_70_percent"))
        yield (
            _about(name, one),
            f"**{_share(one['accuracy'])}**",
            f"**{recall}**",
            *others,
            _number(one.get("ece")),
            confident,
        )


def _conditions(manifest: Manifest) -> Iterator[Cells]:
    yield ("faces", "condition", "how many", "found", "accuracy", *_ERRORS)
    for name, figures in _sets(manifest).items():
        rows = {"as they are": figures[FUSED]}
        rows.update({COVER_NAMES[what]: one for what, one in figures.get("covered", {}).items()})
        for key, what, unit in (("by_yaw_deg", "turned", "degrees"), ("by_eye_distance_px", "eyes", "px apart")):
            rows.update({f"{what} {_range(one)} {unit}": one for one in figures.get(key, ())})
        if len(rows) > 1:
            for row, (condition, one) in enumerate(rows.items()):
                found = _share(one["found"] / one["faces"]) if "found" in one else ""
                about = (name if not row else "", condition, f"{one['faces']:,}", found)
                yield (*about, _share(one["accuracy"]), *_errors(one))


def _emotions(manifest: Manifest) -> Iterator[Cells]:
    yield ("faces", *EMOTIONS)
    for name, figures in _sets(manifest).items():
        both = [figures[FUSED].get(what) for what in ("recall", "precision")]
        if all(both):
            yield (name, *(" / ".join(_number(one[emotion], 2) for one in both) for emotion in EMOTIONS))


def _fusion(manifest: Manifest) -> Iterator[Cells]:
    yield ("method", "accuracy", "macro-F1", "log-loss", "ECE")
    for method, one in manifest.scores.get("fusion_on_val", {}).items():
        others = _number(one["macro_f1"]), _number(one["log_loss"]), _number(one["ece"])
        yield (method, _share(one["accuracy"]), *others)


def _experts(manifest: Manifest) -> Iterator[Cells]:
    yield ("file", "input", "size", "temperature", "accuracy on validation, float and int8", "SHA-256")
    for expert in manifest.experts:
        path, (width, height) = manifest.folder / expert.file, expert.geometry.size_wh
        size = f"{path.stat().st_size / 1e6:.1f} MB" if path.is_file() else ""
        steps = [expert.scores.get(name, {}).get("val_accuracy") for name in ("val_float", "val_int8")]
        told = " → ".join(_share(one, 2) for one in steps if one is not None)
        yield (f"`{expert.file}`", f"{width}x{height}", size, f"{expert.temperature:.2f}", told, f"`{expert.sha256}`")


TABLES: Mapping[str, Callable[[Manifest], Iterator[Cells]]] = {
    "scores": _scores,
    "summary": _summary,
    "conditions": _conditions,
    "emotions": _emotions,
    "fusion": _fusion,
    "experts": _experts,
}
"""Name of a table -> its rows, the heads first."""


def _markdown(rows: Iterator[Cells]) -> str:
    head, *others = rows
    lines = [head, ["---"] * len(head), *others]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _about(name: str, one: Figures) -> str:
    found = "all" if one["found"] == one["faces"] else _share(one["found"] / one["faces"])
    return f"{name} ({one['faces']:,} faces, {found} found)"


def _errors(one: Figures) -> list[str]:
    missed, accused = one.get("sad_or_angry_as_neutral"), one.get("neutral_as_sad_or_angry")
    return [_number(one.get("macro_recall")), _share(missed), _share(accused)]


def _range(band: Figures) -> str:
    return f"over {band['from']:.0f}" if band["to"] is None else f"{band['from']:.0f} to {band['to']:.0f}"


def _share(value: float | None, decimals: int = 1) -> str:
    return "" if value is None else f"{100 * value:.{decimals}f} %"


def _number(value: float | None, decimals: int = 3) -> str:
    return "" if value is None else f"{value:.{decimals}f}"
