"""Writes the fused experts' answers to the training faces, as the teacher's table for `models.train --teacher`."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import click
import numpy as np
from tqdm import tqdm

from models.cli import fail_in_one_line
from models.console import ERR, say
from models.dataset.crop_set import FloatArray, load_crops
from models.errors import ConfigError
from models.manifest import EMOTIONS, MANIFEST_NAME, WEIGHTS_DIR, load_manifest
from models.new_files import check_new, write_whole
from realtime.core.config import PipelineConfig
from realtime.inference.classifier import RegionExpert
from realtime.inference.fusion import fuse

_FOLDER = click.Path(file_okay=False, path_type=Path)
_BATCH = 16


@click.command()
@click.option("--data", type=_FOLDER, required=True, help="Folder that `models.dataset build` made.")
@click.option("--weights", type=_FOLDER, default=WEIGHTS_DIR, help="Folder with manifest.json and models.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Table to write.")
@click.option("--overwrite", is_flag=True, help="Replace what an earlier run wrote there.")
@fail_in_one_line
def main(data: Path, weights: Path, out: Path, overwrite: bool) -> None:
    """Write the fused answer of exported experts to each face of the training split.

    They see the crops as the live program cuts them, each with full reliability.
    """
    check_new(out, overwrite=overwrite, inputs=[weights / MANIFEST_NAME, *data.glob("*.*")])
    ids, fused = teacher_answers(data, weights)
    out.parent.mkdir(parents=True, exist_ok=True)
    text = io.StringIO(newline="")
    table = csv.writer(text)
    table.writerow(["id", *(f"p_{emotion}" for emotion in EMOTIONS)])
    table.writerows([number, *(f"{p:.4f}" for p in row)] for number, row in zip(ids, fused.tolist(), strict=True))
    out = write_whole(out, text.getvalue().encode(), overwrite=overwrite)
    say(f"answers for {len(ids):,} faces: {out}")


def teacher_answers(data: Path, weights: Path) -> tuple[list[int], FloatArray]:
    """Return the numbers of the training faces and the fused experts' answers, `(N, 6) float32`.

    Args:
        data: folder that `models.dataset build` made.
        weights: folder with `manifest.json` and the exported experts.

    Raises:
        ConfigError: the experts take other crops than those in `data`.
        DataError: `data` is no such folder.
        ModelError: manifest or model files do not fit.
    """
    manifest, config = load_manifest(weights), PipelineConfig(weights=weights)
    by_region: list[FloatArray] = []
    ids: list[int] = []
    for spec in manifest.experts:
        crops = load_crops(data, spec.region, "train")
        if crops.geometry != spec.geometry:
            raise ConfigError(f"the experts in {weights} take other crops of the {spec.region} than those in {data}")
        expert, shown, ids = RegionExpert(manifest, spec, config), crops.without_border(), crops.ids.tolist()
        starts = tqdm(range(0, len(shown), _BATCH), unit="batch", desc=spec.region, file=ERR)
        batches = (np.ascontiguousarray(shown[at : at + _BATCH]) for at in starts)
        by_region.append(np.concatenate([expert.probabilities(batch) for batch in batches]))
    said = np.stack(by_region, axis=1)
    return ids, fuse(said, np.ones(said.shape[:2], np.float32), manifest.fusion)


if __name__ == "__main__":
    main()
