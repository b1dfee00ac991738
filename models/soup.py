"""Averages the weights of several trainings of one expert: `python -m models.soup --of RUN --of RUN … --out SOUP`.

Source: Wortsman et al. 2022, "Model soups: averaging weights of multiple fine-tuned models improves accuracy without
increasing inference time".
"""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from models.cli import fail_in_one_line
from models.console import say
from models.errors import ConfigError, DataError
from models.new_files import check_new
from models.region_registry import geometry_from_dict

if TYPE_CHECKING:
    import keras

    from models.dataset.crop_set import CropSet

_FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command(help=__doc__)
@click.option("--of", "runs", type=_FOLDER, multiple=True, required=True, help="A training's folder; two or more.")
@click.option("--share", "shares", type=click.FloatRange(0, min_open=True), multiple=True, help="One per --of.")
@click.option("--data", type=_FOLDER, required=True, help="Folder that `models.dataset build` made, to score with.")
@click.option(
    "--out", type=_FOLDER, required=True, help="Folder for the soup: `python -m export` reads it as a training."
)
@fail_in_one_line
def main(runs: tuple[Path, ...], shares: tuple[float, ...], data: Path, out: Path) -> None:
    """Average the weights of trainings of which each began with another one's weights, and score all of them."""
    if len(runs) < 2 or len(shares) not in (0, len(runs)):
        raise ConfigError(
            f"a mean needs two --of or more, and as many --share or none; received {len(runs)} and {len(shares)}"
        )
    if len({run.resolve() for run in runs}) < len(runs):
        raise ConfigError(f"each --of must be another training; received {', '.join(map(str, runs))}: use --share")
    if (out / "recipe.json").exists():
        raise ConfigError(f"{out} holds a training already; choose another --out")
    check_new(out / "best.weights.h5", out / "soup.csv", overwrite=None)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    from models.dataset.crop_set import load_crops

    whole = sum(shares) or len(runs)
    network, facts, scores = averaged(runs, [share / whole for share in shares or (1.0,) * len(runs)])
    val = load_crops(data, facts["recipe"]["region"], "val")
    if val.geometry != geometry_from_dict(facts["geometry"]):
        raise DataError(f"{runs[-1]} was trained on other crops than {data} holds; give --data the training's data set")
    rows = [{"of": run.name, **_score(model, val)} for run, model in scores.items()]
    rows.append({"of": "soup", **_score(network, val)})
    for row in rows:
        say(
            f"{row['of']:20} validation loss {row['val_loss']:.4f}  accuracy {row['val_accuracy']:.2%}  "
            f"macro-F1 {row['val_macro_f1']:.3f}"
        )
    out.mkdir(parents=True, exist_ok=True)
    network.save_weights(out / "best.weights.h5")
    with (out / "soup.csv").open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    # Last: only with it the folder counts as a training.
    (out / "recipe.json").write_text(json.dumps(facts, indent=1) + "\n", "utf-8")
    say(f"soup: {out / 'best.weights.h5'}")


def averaged(
    runs: tuple[Path, ...], shares: list[float]
) -> tuple[keras.Model, dict[str, Any], dict[Path, keras.Model]]:
    """Return the mean network, its `recipe.json`, and each training's own network.

    The recipe is the last training's, with the list of the averaged trainings.

    Raises:
        DataError: a folder holds no training, or one of another network or of other crops.
    """
    from models.train.checkpoint import load_trained

    networks: dict[Path, keras.Model] = {}
    known: list[dict[str, Any]] = []
    for run in runs:
        networks[run], facts = load_trained(run)
        known.append(facts)
        for key, first, this in (
            ("region", known[0]["recipe"]["region"], facts["recipe"]["region"]),
            ("width", known[0]["recipe"]["width"], facts["recipe"]["width"]),
            ("geometry", known[0]["geometry"], facts["geometry"]),
        ):
            if first != this:
                raise DataError(f"a mean needs trainings of one network; {runs[0]} has {key} {first}, {run} {this}")
    weights = [model.get_weights() for model in networks.values()]
    mean, _ = load_trained(runs[-1])
    mean.set_weights(
        [
            np.sum([share * part for share, part in zip(shares, parts, strict=True)], axis=0, dtype=np.float32)
            for parts in zip(*weights, strict=True)
        ]
    )
    went_in = [
        {"training": run.name, "share": round(share, 4), "epochs": facts["recipe"].get("epochs")}
        for run, share, facts in zip(runs, shares, known, strict=True)
    ]
    return mean, {**known[-1], "recipe": {**known[-1]["recipe"], "soup": went_in}}, networks


def _score(network: keras.Model, val: CropSet) -> dict[str, float]:
    from models.train.loop import score_logits

    return score_logits(network.predict(val.without_border(), batch_size=256, verbose=0), val)


if __name__ == "__main__":
    main()
