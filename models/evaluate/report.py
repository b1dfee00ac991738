"""Evaluation report as one self-contained HTML page."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from models.dataset.labels import LabelledFace
from models.evaluate import figures
from models.evaluate.analysis import Analysis
from models.evaluate.scores import Scores, selective_accuracy
from models.evaluate.shipped import Answers
from models.manifest import EMOTIONS, Manifest

REPORT_NAME = "report.html"
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: 1rem 0 }
th, td { padding: .25rem .8rem; border-bottom: 1px solid #ddd; text-align: right }
th:first-child, td:first-child { text-align: left }
img { max-width: 100%; height: auto }
.facts { color: #555 }
"""


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
    """
    parts = ["<h1>Evaluation report</h1>", _facts(manifest, source)]
    for name, analysis in analyses.items():
        parts.append(f"<h2>{escape(name)}</h2>")
        if analysis is None:
            parts.append("<p>No picture has one of the six labels in this column.</p>")
            continue
        parts += _protocol(analysis, protocols[name], plain, root)
    parts += _validation(manifest)
    out.mkdir(parents=True, exist_ok=True)
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Evaluation report</title><style>{_STYLE}</style>'
    )
    (out / REPORT_NAME).write_text(page + "\n".join(parts) + "</html>\n", "utf-8")
    return out / REPORT_NAME


def _facts(manifest: Manifest, source: str) -> str:
    """Return the page's first paragraph: what was scored, and with which models."""
    experts = "; ".join(f"{expert.file} {expert.sha256[:12]}…" for expert in manifest.experts)
    return (
        f'<p class="facts">Scored: {escape(source)}. A face that was not found counts as wrong. Models of '
        f"{escape(manifest.created)}: {escape(experts)}; fusion {escape(manifest.fusion.method)}.</p>"
    )


def _protocol(analysis: Analysis, faces: Sequence[LabelledFace], plain: Answers, root: Path) -> list[str]:
    selective = selective_accuracy(analysis.confidence, analysis.right)
    return [
        _answers_table(analysis.scores),
        f"<p>On the 70 % most confident faces {selective:.1%} are right. "
        f"{analysis.neutral_as_sad_or_angry:.1%} of the neutral faces are called sad or angry.</p>",
        _picture(figures.confusion_matrices(analysis.scores, plain.regions), "confusion matrices"),
        "<h3>Is the confidence honest?</h3>",
        _picture(figures.honesty(analysis), "reliability diagram and risk-coverage curve"),
        *_covered(analysis),
        "<h3>Size and turn of the face</h3>",
        _picture(figures.conditions(analysis), "accuracy by face size and head turn"),
        "<h3>The most confident mistakes</h3>",
        "<p>Label above, answer below.</p>",
        _picture(figures.mistakes(analysis, faces, plain, root), "most confident mistakes"),
    ]


def _answers_table(scores: Mapping[str, Scores]) -> str:
    rows = [
        [name, f"{s.accuracy:.2%}", f"{s.macro_f1:.3f}", *(f"{s.f1[e]:.2f}" for e in EMOTIONS), s.faces, s.found]
        for name, s in scores.items()
    ]
    return _table(["answer", "accuracy", "macro-F1", *(f"F1 {e}" for e in EMOTIONS), "faces", "found"], rows)


def _covered(analysis: Analysis) -> list[str]:
    if not analysis.covered:
        return []
    fused = analysis.scores["fused"].accuracy
    rows = [
        [what, f"{one.accuracy:.2%}", f"{(fused - one.accuracy) * 100:.1f} points", one.found]
        for what, one in analysis.covered.items()
    ]
    table = _table(["covered", "accuracy", "loss", "found"], [["nothing", f"{fused:.2%}", "", ""], *rows])
    return ["<h3>Half of the face hidden</h3>", "<p>A drawn surgical mask; drawn dark glasses.</p>", table]


def _validation(manifest: Manifest) -> list[str]:
    """The comparison of fusion methods that `fit_fusion` left in the manifest."""
    scores = manifest.scores.get("fusion_on_val")
    if not scores:
        return []
    rows = [
        [name, f"{s['accuracy']:.2%}", f"{s['macro_f1']:.3f}", f"{s['log_loss']:.4f}", f"{s['ece']:.3f}"]
        for name, s in scores.items()
    ]
    head = ["answer", "accuracy", "macro-F1", "log-loss", "ECE"]
    return ["<h2>Fusion methods on the validation split, five-fold cross-validation</h2>", _table(head, rows)]


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def _picture(png: bytes, what: str) -> str:
    return f'<img alt="{escape(what)}" src="data:image/png;base64,{base64.b64encode(png).decode()}">'
