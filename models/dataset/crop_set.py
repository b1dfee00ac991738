"""In-memory crops of one region and split, and the augmentation that imitates webcams and landmark jitter."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from models.dataset.index import CONFIG_NAME, INDEX_NAME, crop_path, one_line, read_config, read_index
from models.errors import DataError, ModelError
from models.manifest import EMOTIONS
from models.region_crops import border_wh
from models.region_registry import Geometry, geometry_from_dict, region_named

FloatArray = npt.NDArray[np.float32]
ImageArray = npt.NDArray[np.uint8]

_NUMBERS = (*(f"p_{emotion}" for emotion in EMOTIONS), "weight", "agreement")


@dataclass(frozen=True, slots=True, eq=False)
class CropSet:
    """The crops of one region and split.

    Attributes:
        crops: `(N, h, w, 1) uint8` with the stored border.
        soft: `(N, 6) float32` shares of votes.
        weight: `(N,) float32` share of all votes that went to the six.
        agreement: `(N,) float32` share of all votes that the label received.
        ids: `(N,) int64`, the faces' numbers in their table.
        hidden: `(N,) float32`, how much of the evidence a drawn cover hides, in [0, 1].
        geometry: the region's.
        border_px: width of the stored border on the left and right.
        split: "train", "val" or "test".
        meant: `(N, 6) float32`, what each picture was found under; zeros where that is none of the six. `None` where
            nobody asked for it.
    """

    crops: ImageArray
    soft: FloatArray
    weight: FloatArray
    agreement: FloatArray
    ids: npt.NDArray[np.int64]
    hidden: FloatArray
    geometry: Geometry
    border_px: int
    split: str = "train"
    meant: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.crops)

    @property
    def labels(self) -> npt.NDArray[np.int64]:
        """Index of the emotion with the most votes, `(N,) int64`."""
        return np.asarray(self.soft.argmax(axis=1), np.int64)

    def without_border(self) -> ImageArray:
        """Return the crops as the live program cuts them, `(N, H, W, 1) uint8`."""
        x, y = border_wh(self.geometry, self.border_px)
        return self.crops[:, y : self.crops.shape[1] - y, x : self.crops.shape[2] - x]


def load_crops(data: Path, region: str, split: str) -> CropSet:
    """Read the crops of one region and split from a folder that `models.dataset build` made.

    Raises:
        ConfigError: the region is not registered.
        DataError: not such a folder, one without this region, nothing in the split, or a crop missing.
    """
    config = read_config(data)
    if region_named(region).name not in config["geometry"]:
        raise DataError(
            f"{data} holds the regions {', '.join(config['geometry'])}; for {region} build it again elsewhere"
        )
    rows = read_index(data, split)
    try:
        return _crop_set(data, region, split, rows, config)
    except (KeyError, OverflowError, TypeError, ValueError, ModelError) as error:
        raise DataError(
            f"{data / INDEX_NAME} or {CONFIG_NAME} is damaged ({one_line(error)}); build the data set again in another "
            "folder"
        ) from error


def _crop_set(
    data: Path, region: str, split: str, rows: Sequence[Mapping[str, str]], config: Mapping[str, Any]
) -> CropSet:
    if not all(math.isfinite(float(row[name])) for row in rows for name in _NUMBERS):
        raise ValueError(f"not every number of the split {split} is finite")
    crops = [_read(crop_path(data, region, row)) for row in rows]
    return CropSet(
        crops=np.stack(crops)[..., None],
        soft=np.asarray([[float(row[f"p_{emotion}"]) for emotion in EMOTIONS] for row in rows], np.float32),
        weight=np.asarray([float(row["weight"]) for row in rows], np.float32),
        agreement=np.asarray([float(row["agreement"]) for row in rows], np.float32),
        ids=np.asarray([int(row["id"]) for row in rows], np.int64),
        hidden=np.asarray([float(row.get(f"hidden_{region}") or 0) for row in rows], np.float32),
        geometry=geometry_from_dict(config["geometry"][region]),
        border_px=int(config["border_px"]),
        split=split,
    )


def _read(path: Path) -> ImageArray:
    crop = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if crop is None:
        raise DataError(f"crop {path} is missing or damaged; delete the data set's parts/ folder and build it again")
    return np.asarray(crop, np.uint8)


@dataclass(frozen=True, slots=True)
class Augmentation:
    """How far a training crop may be changed; each value is a limit or a share of crops.

    Attributes:
        shift: of the crop's width, as landmark jitter does.
        scale: relative zoom, likewise.
        rotate_deg: likewise.
        contrast: relative; gamma likewise.
        noise: gray levels.
        blur_share: crops that are blurred or reduced and enlarged again, as small and moving faces are.
        jpeg_share: crops that pass through JPEG.
        erase_share: crops of which a rectangle is covered, as hands, hair and glasses do.
    """

    shift: float = 0.08
    scale: float = 0.15
    rotate_deg: float = 10.0
    contrast: float = 0.3
    noise: float = 8.0
    blur_share: float = 0.25
    jpeg_share: float = 0.15
    erase_share: float = 0.25


def augment(crop: ImageArray, out_wh: tuple[int, int], how: Augmentation, rng: np.random.Generator) -> ImageArray:
    """Return one changed crop, `(H, W, 1) uint8`, cut from the stored one, `(h, w, 1)`, mirrored half of the time."""
    angle = np.radians(rng.uniform(-how.rotate_deg, how.rotate_deg))
    zoom = 1.0 + rng.uniform(-how.scale, how.scale)
    stretch = 1.0 + rng.uniform(-how.scale, how.scale) / 2
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    shift = rng.uniform(-how.shift, how.shift, 2) * out_wh[0]
    cos, sin = np.cos(angle) * zoom, np.sin(angle) * zoom
    step = np.array([[cos * mirror, -sin * stretch], [sin * mirror, cos * stretch]])
    middle = np.array([(crop.shape[1] - 1) / 2, (crop.shape[0] - 1) / 2]) + shift
    origin = middle - step @ np.array([(out_wh[0] - 1) / 2, (out_wh[1] - 1) / 2])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    picture = cv2.warpAffine(crop, np.c_[step, origin], out_wh, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    picture = _degrade(picture, how, rng)
    values = picture.astype(np.float32)
    values = (values - 127.5) * (1 + rng.uniform(-how.contrast, how.contrast)) + 127.5 + rng.uniform(-30, 30)
    values = 255 * (np.clip(values, 0, 255) / 255) ** np.exp(rng.uniform(-how.contrast, how.contrast))
    values += rng.standard_normal(values.shape, np.float32) * (rng.random() ** 2 * how.noise)
    picture = np.asarray(np.clip(values, 0, 255), np.uint8)
    if rng.random() < how.erase_share:
        _erase(picture, rng)
    return np.asarray(picture[:, :, None], np.uint8)


def _degrade(picture: Any, how: Augmentation, rng: np.random.Generator) -> Any:
    height, width = picture.shape
    if rng.random() < how.blur_share:
        if rng.random() < 0.5:
            picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.4))
        else:
            factor = rng.uniform(0.35, 0.8)
            small = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
            picture = cv2.resize(small, (width, height), interpolation=cv2.INTER_LINEAR)
    if rng.random() < how.jpeg_share:
        _, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 80))])
        picture = cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE)
    return picture


def _erase(picture: ImageArray, rng: np.random.Generator) -> None:
    height, width = picture.shape
    wide, high = int(width * rng.uniform(0.15, 0.5)), int(height * rng.uniform(0.15, 0.6))
    x, y = int(rng.integers(0, width - wide)), int(rng.integers(0, height - high))
    picture[y : y + high, x : x + wide] = rng.integers(0, 256)
