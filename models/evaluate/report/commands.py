"""Commands that make something to look at: the report page, the picture of confusions, the published tables."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from models.cli import fail_in_one_line, split_shares
from models.console import say
from models.dataset.labels import SPLITS
from models.errors import DataError
from models.evaluate.face_sets import FaceSet, look_at, sets_option
from models.evaluate.scores import sklearn_metrics
from models.manifest import WEIGHTS_DIR, load_manifest
from models.new_files import check_new, write_whole
from realtime.core.config import PipelineConfig

_FOLDER = click.Path(file_okay=False, path_type=Path)
_TABLE = click.Path(dir_okay=False, path_type=Path)
Words = tuple[str, str, str, str, str]


@click.command()
@sets_option(required=False)
@click.option("--labels", type=_TABLE, help="Of one set: table with file,label[,split,subject]; else ROOT/EMOTION/.")
@click.option("--root", type=_FOLDER, help="Of one set: folder that the table's files are relative to.")
@click.option("--label-column", multiple=True, default=("label",), show_default=True, help="Of one set; repeatable.")
@click.option("--split", type=click.Choice(SPLITS), help="Of one set: only the pictures of this split.")
@click.option("--by", "group_by", default="", metavar="COLUMN", help="Also score each source (subject …) for itself.")
@click.option("--out", type=_FOLDER, required=True, help="Folder for report.html and report.json.")
@click.option("--weights", type=_FOLDER, default=WEIGHTS_DIR, help="Folder with manifest.json and models.")
@click.option("--publish", multiple=True, metavar="NAME", help="Keep this set's scores in the manifest; repeatable.")
@click.option("--covers/--no-covers", default=True, help="Also with a drawn mask and drawn glasses.")
@click.option("--overwrite", is_flag=True, help="Replace what an earlier run wrote there.")
@split_shares
@fail_in_one_line
def report(
    sets: tuple[Words, ...],
    labels: Path | None,
    root: Path | None,
    label_column: tuple[str, ...],
    split: str | None,
    group_by: str,
    out: Path,
    weights: Path,
    publish: tuple[str, ...],
    covers: bool,
    overwrite: bool,
    val_share: float,
    test_share: float,
) -> None:
    """Measure every published figure of the models on one or more sets of faces, as one page: OUT/report.html.

    One set: --labels, --root, --split; with several --label-column the same answers are scored against each. Several:
    --of. OUT/report.json has the figures.
    """
    from models.evaluate.report.page import REPORT_NAME

    shares = (val_share, test_share)
    wanted = [FaceSet.given(words, shares) for words in sets]
    if bool(wanted) == (root is not None):
        raise DataError("a report needs either --of, once for each set of faces, or --root with --labels for one")
    if root is not None:
        wanted = [FaceSet(name, labels, root, name, split, shares) for name in label_column]
    if unknown := [name for name in publish if name not in [one.name for one in wanted]]:
        raise DataError(f"--publish must name one of the sets; received {unknown[0]!r}")
    check_new(out / REPORT_NAME, out / "report.json", overwrite=overwrite, inputs=[one.labels for one in wanted])
    sklearn_metrics()  # What is missing shows before minutes of work, not after.
    _measure(wanted, group_by, out, weights, publish, covers)


def _measure(
    wanted: Sequence[FaceSet], group_by: str, out: Path, weights: Path, publish: Sequence[str], covers: bool
) -> None:
    from models.evaluate.report.analysis import analyze
    from models.evaluate.report.page import Section, write_report
    from models.evaluate.report.published import keep_scores

    manifest, config = load_manifest(weights), PipelineConfig(weights=weights)
    sections = []
    for one, looked in look_at(wanted, config, covers=covers, group_by=group_by, say=say):
        analysis = analyze(looked, manifest.fusion)
        sections.append(Section(one, looked, analysis))
        for answer, summary in analysis.answers.items():
            for line in summary.lines(answer):
                say(f"{one.name}: {line}")
        for what, summary in analysis.covered.items():
            for line in summary.lines(f"{what} covered"):
                say(f"{one.name}: {line}")
    page = write_report(sections, manifest, out, group_by)
    figures = {section.place.name: section.analysis.as_dict() for section in sections}
    write_whole(out / "report.json", (json.dumps(figures, indent=1) + "\n").encode())
    keep_scores(weights, {name: figures[name] for name in publish})
    say(f"look: {page}   figures: {out / 'report.json'}")


@click.command()
@sets_option(required=True)
@click.option(
    "--weights",
    type=_FOLDER,
    multiple=True,
    default=(WEIGHTS_DIR,),
    help="Folder with manifest.json and models. Twice: those from before, then those from after.",
)
@click.option("--out", type=_TABLE, required=True, help="The picture to write, a PNG.")
@click.option("--overwrite", is_flag=True, help="Replace what an earlier run wrote there.")
@fail_in_one_line
def confusions(sets: tuple[Words, ...], weights: tuple[Path, ...], out: Path, overwrite: bool) -> None:
    """Draw the confusion matrices of sets of faces side by side, before and after a change of the weights."""
    from models.evaluate.report.analysis import analyze
    from models.evaluate.report.confusion_plot import draw_confusions

    if len(weights) > 2:
        raise DataError(f"--weights takes one folder, or two: before and after; received {len(weights)}")
    check_new(out, overwrite=overwrite, inputs=[Path(words[1]) for words in sets])
    wanted = [FaceSet.given(words) for words in sets]
    rows = {}
    for when, folder in zip(("before", "after") if len(weights) == 2 else ("",), weights, strict=True):
        fusion, scores = load_manifest(folder).fusion, {}
        for one, looked in look_at(wanted, PipelineConfig(weights=folder), say=say):
            summary = analyze(looked, fusion).fused
            scores[one.name] = summary.scores
            for line in summary.lines(f"{one.name} {when}".strip()):
                say(line)
        rows[when] = scores
    out = write_whole(out, draw_confusions(rows), overwrite=overwrite)
    say(f"look: {out}")


@click.command()
@click.argument("pages", type=_TABLE, nargs=-1, required=True)
@click.option("--weights", type=_FOLDER, default=WEIGHTS_DIR, help="Folder with the manifest.json that has the scores.")
@click.option("--check", is_flag=True, help="Write nothing; exit code 1 if a page has other figures than the manifest.")
@fail_in_one_line
def card(pages: tuple[Path, ...], weights: Path, check: bool) -> None:
    """Write the scores that the manifest keeps into the tables of PAGES, such as the model card and the README.

    A table stands between the lines `<!-- table: NAME -->` and `<!-- end -->`.
    """
    from models.evaluate.report.published import with_tables

    manifest, stale = load_manifest(weights), []
    for page in pages:
        old = page.read_text("utf-8")
        new = with_tables(old, manifest, page)
        if new == old:
            say(f"{page}: as the manifest has it")
        elif check:
            stale.append(page)
            say(f"{page}: other figures than the manifest; run `python -m models.evaluate card {page}`", err=True)
        else:
            write_whole(page, new.encode())
            say(f"{page}: tables written")
    if stale:
        sys.exit(1)
