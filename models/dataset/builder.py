"""Parallel, resumable data-set build: detects faces, cuts region crops, writes the index."""

from __future__ import annotations

import csv
import hashlib
import json
import multiprocessing
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from tqdm import tqdm

from models.console import ERR
from models.dataset.bending import LARGEST_TURN_DEG, FloatArray, ImageArray, bend_face
from models.dataset.index import CONFIG_NAME, INDEX_NAME, NOT_FOUND_NAME, crop_path, index_columns, one_line
from models.dataset.labels import LabelledFace
from models.dataset.occlusion import COVER_KINDS, cover_face
from models.dataset.pictures import FAULTS, PictureError, read_picture
from models.errors import DataError
from models.manifest import EMOTIONS
from models.new_files import check_new, write_whole
from models.region_crops import cut_region, eye_distance_px
from models.region_registry import REGIONS
from realtime.landmarks.still_image_finder import StillImageFinder

_CHUNK = 256
_PARTS = "parts"


@dataclass(frozen=True, slots=True)
class BuildJob:
    """What to build.

    Attributes:
        faces: the labeled faces.
        splits: one of "train", "val", "test" per face.
        root: folder that their files are relative to.
        out: folder to write to.
        border_px: border stored around each crop, for jitter in training; see `models.region_crops.cut_region`.
        workers: processes.
        cover: one of COVER_KINDS, drawn on every face before detection (`models.dataset.occlusion`), or "".
        cover_seed: another number draws other covers on the same faces.
        bend: whether every face, which should be neutral, is bent into an expression (`models.dataset.bending`).
        bend_seed: another number draws other expressions.
    """

    faces: Sequence[LabelledFace]
    splits: Sequence[str]
    root: Path
    out: Path
    border_px: int
    workers: int
    cover: str = ""
    cover_seed: int = 0
    bend: bool = False
    bend_seed: int = 0


class _Cutting(NamedTuple):
    """What a worker needs to know of the job; sent with every chunk, so without the faces."""

    root: Path
    out: Path
    border_px: int
    cover: str
    cover_seed: int
    bend: bool
    bend_seed: int


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What was built.

    Attributes:
        wanted: pictures per split that could be read.
        found: faces found in them.
        faults: file and fault of each picture that could not be read.
        faces: pictures in all.
    """

    wanted: Counter[str]
    found: Counter[str]
    faults: Sequence[tuple[str, str]]
    faces: int


def build(job: BuildJob) -> BuildReport:
    """Find every face, cut its regions, write crops, index and the list of faces not found.

    Finished chunks of an earlier run into the same folder are kept, unless a picture could not be read in them.

    Raises:
        DataError: the folder holds another data set.
    """
    _claim(job)
    chunks = [range(start, min(start + _CHUNK, len(job.faces))) for start in range(0, len(job.faces), _CHUNK)]
    parts = [job.out / _PARTS / f"{number:06d}.csv" for number in range(len(chunks))]
    open_chunks = [(chunk, part) for chunk, part in zip(chunks, parts, strict=True) if not _is_finished(part)]
    done = len(job.faces) - sum(len(chunk) for chunk, _ in open_chunks)
    tasks = [(part, [_task(job, number) for number in chunk]) for chunk, part in open_chunks]
    how = _Cutting(job.root, job.out, job.border_px, job.cover, job.cover_seed, job.bend, job.bend_seed)
    work = partial(_build_chunk, how)
    with tqdm(total=len(job.faces), initial=done, unit="face", desc="faces", smoothing=0.05, file=ERR) as bar:
        for count in _run(work, tasks, job.workers):
            bar.update(count)
    return _merge(job.out, parts)


def _is_finished(part: Path) -> bool:
    """Return whether a chunk needs no work: what could not be read in an earlier run may be in its place now."""
    return part.exists() and not any(row["found"] in FAULTS for row in _read(part))


def _read(part: Path) -> list[dict[str, Any]]:
    with part.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def _run(work: partial[int], tasks: list[Any], workers: int) -> Iterator[int]:
    if workers <= 1 or len(tasks) <= 1:
        yield from map(work, tasks)
        return
    # spawn: a forked child would inherit mediapipe's threads in an unknown state.
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield from pool.imap_unordered(work, tasks)


def _claim(job: BuildJob) -> None:
    """Create the folder, or check that what is there is the same job half done."""
    config = {
        "geometry": {name: asdict(region.geometry) for name, region in REGIONS.items()},
        "border_px": job.border_px,
        "faces": len(job.faces),
        "input_sha256": hashlib.sha256(repr([*zip(job.faces, job.splits, strict=True)]).encode()).hexdigest(),
        "emotions": list(EMOTIONS),
        "cover": job.cover,
        "cover_seed": job.cover_seed,
        **({"bend_seed": job.bend_seed} if job.bend else {}),
    }
    plain = json.loads(json.dumps(config))
    path = job.out / CONFIG_NAME
    if not path.exists():  # else they are an earlier build's of the same faces
        check_new(job.out / INDEX_NAME, job.out / NOT_FOUND_NAME, overwrite=None)
    if path.exists() and _begun(path) != plain:
        raise DataError(f"{job.out} holds a data set of other faces, labels, splits or sizes; choose another --out")
    (job.out / _PARTS).mkdir(parents=True, exist_ok=True)
    write_whole(path, (json.dumps(plain, indent=1) + "\n").encode())


def _begun(path: Path) -> Any:
    """Return the configuration of an earlier build. Raises DataError."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (RecursionError, ValueError) as error:
        raise DataError(f"{path} is damaged ({one_line(error)}); build the data set again in another folder") from error


def _task(job: BuildJob, number: int) -> dict[str, Any]:
    face = job.faces[number]
    row: dict[str, Any] = dict.fromkeys(index_columns(), "")
    row.update(id=f"{number:07d}", file=face.file, split=job.splits[number], subject=face.subject, label=face.label)
    row.update({f"p_{emotion}": f"{share:.4f}" for emotion, share in zip(EMOTIONS, face.soft, strict=True)})
    row.update(weight=f"{face.weight:.4f}", agreement=f"{face.agreement:.4f}")
    return row


_finder: StillImageFinder | None = None


def _build_chunk(how: _Cutting, task: tuple[Path, list[dict[str, Any]]]) -> int:
    """Work on one chunk; its part file appears only when all its crops are written."""
    global _finder
    if _finder is None:
        cv2.setNumThreads(1)
        _finder = StillImageFinder()
    part, rows = task
    for row in rows:
        _build_one(_finder, how, row)
    unfinished = part.with_suffix(".tmp")
    _write(unfinished, rows)
    unfinished.replace(part)
    return len(rows)


def _build_one(finder: StillImageFinder, how: _Cutting, row: dict[str, Any]) -> None:
    try:
        image_bgr = read_picture(how.root, row["file"])
    except PictureError as error:
        row["found"] = error.fault
        return
    faces = finder.find(image_bgr)
    if how.cover and len(faces):
        rng = np.random.default_rng((int(row["id"]), COVER_KINDS.index(how.cover), how.cover_seed))
        image_bgr, hidden = cover_face(image_bgr, faces.landmarks_xy[0], how.cover, rng)
        row.update({f"hidden_{region}": f"{share:.2f}" for region, share in hidden.items()})
        faces = finder.find(image_bgr)
    row["found"] = str(len(faces))
    if not len(faces):
        return
    landmarks_xy = faces.landmarks_xy[0]
    if how.bend:
        if np.abs(faces.head_pose_deg[0, :2]).max() > LARGEST_TURN_DEG:
            row["found"] = "turned"
            return
        image_bgr, landmarks_xy = _bent(np.asarray(image_bgr, np.uint8), landmarks_xy, how, row)
    row["eye_distance_px"] = f"{eye_distance_px(landmarks_xy):.2f}"
    for name, angle in zip(("yaw_deg", "pitch_deg", "roll_deg"), faces.head_pose_deg[0], strict=True):
        row[name] = f"{angle:.1f}"
    for name, region in REGIONS.items():
        path = crop_path(how.out, name, row)
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), cut_region(image_bgr, landmarks_xy, region.geometry, how.border_px))


def _bent(
    image_bgr: ImageArray, landmarks_xy: FloatArray, how: _Cutting, row: dict[str, Any]
) -> tuple[ImageArray, FloatArray]:
    """Return the bent picture and its landmarks, and give the row its new label."""
    rng = np.random.default_rng((int(row["id"]), how.bend_seed))
    soft = np.asarray([float(row[f"p_{emotion}"]) for emotion in EMOTIONS], np.float32)
    picture, moved, label = bend_face(image_bgr, landmarks_xy, soft, rng)
    row.update({f"p_{emotion}": f"{share:.4f}" for emotion, share in zip(EMOTIONS, label.tolist(), strict=True)})
    row.update(label=EMOTIONS[int(label.argmax())], agreement=f"{label.max():.4f}")
    return picture, moved


def _write(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, index_columns())
        writer.writeheader()
        writer.writerows(rows)


def _merge(out: Path, parts: Sequence[Path]) -> BuildReport:
    rows: list[dict[str, Any]] = []
    for part in parts:
        rows.extend(_read(part))
    missing = [row for row in rows if row["found"] != "1"]
    _write(out / INDEX_NAME, [row for row in rows if row["found"] == "1"])
    _write(out / NOT_FOUND_NAME, missing)
    return BuildReport(
        wanted=Counter(row["split"] for row in rows if row["found"] not in FAULTS),
        found=Counter(row["split"] for row in rows if row["found"] == "1"),
        faults=[(row["file"], row["found"]) for row in missing if row["found"] in FAULTS],
        faces=len(rows),
    )
