"""Trains one region expert: `python -m models.train --region eyes --data DIR --out DIR`."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from models.cli import fail_in_one_line
from models.console import say
from models.errors import ConfigError, DataError
from models.new_files import check_new
from models.region_registry import REGIONS, region_named
from models.train.recipe import Recipe

if TYPE_CHECKING:
    from models.dataset.crop_set import CropSet

RECIPE_NAME = "recipe.json"
_WIDTHS = ", ".join(f"{region.width} for the {region.title}" for region in REGIONS.values())
_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command()
@click.option("--region", type=click.Choice(tuple(REGIONS)), required=True)
@click.option("--data", type=_FOLDER, required=True, help="Folder that `models.dataset build` made.")
@click.option("--out", type=_FOLDER, required=True, help="Folder for weights, checkpoint, history and plot.")
@click.option("--epochs", type=click.IntRange(1), default=20, show_default=True)
@click.option("--batch", type=click.IntRange(2), default=64, show_default=True)
@click.option("--learning-rate", type=click.FloatRange(0, min_open=True), default=1e-3, show_default=True)
@click.option("--weight-decay", type=click.FloatRange(0), default=0.02, show_default=True)
@click.option("--dropout", type=click.FloatRange(0, 0.9), default=0.3, show_default=True)
@click.option(
    "--width",
    type=click.IntRange(4),
    help=f"Channels of the residual CNN's first stage, growth of DenseNet201; by default {_WIDTHS}.",
)
@click.option("--mixup", type=click.FloatRange(0), default=0.2, show_default=True)
@click.option("--balance", type=click.FloatRange(0, 1), default=0.3, show_default=True)
@click.option("--average", type=click.FloatRange(0, 0.99999), default=0.998, show_default=True)
@click.option("--patience", type=click.IntRange(1), default=8, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--covered", type=click.FloatRange(0, 1), default=0.12, show_default=True, help="Share of covered crops.")
@click.option(
    "--covered-data",
    multiple=True,
    metavar="FOLDER",
    help="Covered crops also come from here: `models.dataset build --cover mask` (or glasses) of the same table.",
)
@click.option(
    "--precision",
    type=click.Choice(("float32", "bfloat16")),
    default="float32",
    show_default=True,
    help="bfloat16 takes 0.6 of the time on processors that have it (AVX512_BF16, AMX).",
)
@click.option("--start-from", default="", metavar="FOLDER", help="Begin with the weights of an earlier training.")
@click.option("--teacher", default="", metavar="TABLE", help="Learn from answers too: a table of `models.teach`.")
@click.option("--teacher-share", type=click.FloatRange(0, 1), default=0.5, show_default=True, help="Of each label.")
@click.option("--meant", default="", metavar="TABLE", help="A second head learns these hard labels: file,label.")
@click.option(
    "--bent-data", multiple=True, metavar="FOLDER", help="Add the faces of `models.dataset build --bend` (repeatable)."
)
@click.option("--resume", is_flag=True, help="Go on from the last finished epoch in --out.")
@fail_in_one_line
def main(data: Path, out: Path, resume: bool, **options: Any) -> None:
    """Train one expert; what is kept is the epoch with the best validation loss.

    Writes OUT/best.weights.h5 and recipe.json (what `python -m export` reads), history.csv, history.png and the
    checkpoint from which --resume continues.
    """
    options["width"] = options["width"] or region_named(options["region"]).width
    options["teacher_share"] = options["teacher_share"] if options["teacher"] else 0.0
    recipe = Recipe(**options)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    stored = _checked_folder(out, resume)
    from models.dataset.crop_set import load_crops
    from models.train.distillation import check_answers, distilled, read_answers
    from models.train.labels import joined, with_meant
    from models.train.loop import fit

    train, val = (load_crops(data, recipe.region, split) for split in ("train", "val"))
    covered = [_covered(Path(folder), train, recipe.region) for folder in recipe.covered_data]
    if recipe.teacher:
        answers = read_answers(Path(recipe.teacher))
        check_answers(answers, train, Path(recipe.teacher))
        train, *covered = (distilled(crops, answers, recipe.teacher_share) for crops in (train, *covered))
    if recipe.meant:
        train, val = (with_meant(crops, data, Path(recipe.meant)) for crops in (train, val))
    train = joined(train, [load_crops(Path(folder), recipe.region, "train") for folder in recipe.bent_data])
    if len(train) < recipe.batch:
        raise DataError(f"training needs one batch of {recipe.batch} faces or more; got {len(train)}: lower --batch")
    faces = {"train": len(train), "val": len(val)}
    facts = json.dumps({"recipe": asdict(recipe), "geometry": asdict(train.geometry), "faces": faces}, indent=1) + "\n"
    if stored.exists() and stored.read_text("utf-8") != facts:
        raise ConfigError(f"--resume needs the options and data in {stored}; give the same, or choose another --out")
    out.mkdir(parents=True, exist_ok=True)
    stored.write_text(facts, "utf-8")
    best = fit(recipe, train, val, out, resume=resume, covered=covered)
    say(f"best epoch {best['epoch']}: validation loss {best['val_loss']:.4f}, accuracy {best['val_accuracy']:.1%}")
    say(f"weights: {out / 'best.weights.h5'}   curve: {out / 'history.png'}")


def _checked_folder(out: Path, resume: bool) -> Path:
    """Return where the recipe goes. Raises ConfigError, DataError: another training's files are there."""
    stored = out / RECIPE_NAME
    if stored.exists() and not resume:
        raise ConfigError(f"{out} holds a training already; add --resume to go on with it, or choose another --out")
    if not stored.exists():
        check_new(out / "best.weights.h5", out / "history.csv", out / "history.png", overwrite=None)
    return stored


def _covered(folder: Path, train: CropSet, region: str) -> CropSet:
    """Read covered crops; refuse those of another table: their faces would be others under the same numbers."""
    from models.dataset.crop_set import load_crops

    covered = load_crops(folder, region, "train")
    known = dict(zip(train.ids.tolist(), train.soft, strict=True))
    same = all(
        np.allclose(known[number], soft)
        for number, soft in zip(covered.ids.tolist(), covered.soft, strict=True)
        if number in known
    )
    if not same or (covered.geometry, covered.border_px) != (train.geometry, train.border_px):
        raise ConfigError(f"--covered-data needs the faces, labels and sizes of --data; {folder} holds others")
    return covered


if __name__ == "__main__":
    main()
