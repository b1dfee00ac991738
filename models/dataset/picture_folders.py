"""Pictures in one folder per emotion, and what else lies there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from models.dataset.pictures import IMAGE_SUFFIXES, counted, is_system_file, skipped_line


@dataclass(frozen=True, slots=True)
class PictureFolders:
    """What was found below a root folder.

    Attributes:
        pictures: file relative to the root, name of its label's folder, and split ("" where there is none).
        system: files that the system left, such as `._a.png`.
        other: suffix of each file in a label's folder that is no picture.
        outside: folder of each picture whose folder names no label.
    """

    pictures: list[tuple[str, str, str]] = field(default_factory=list)
    system: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yield one line per kind of file that was left out."""
        if self.system:
            yield skipped_line(self.system)
        if self.other:
            yield f"{len(self.other)} files skipped: no pictures that this program reads ({counted(self.other)})"
        if self.outside:
            named = counted(self.outside)
            yield f"{len(self.outside)} pictures left out: their folder is none of the six emotions ({named})"


def list_folders(root: Path, splits: Sequence[str], is_label: Callable[[str], bool]) -> PictureFolders:
    """Return the pictures in `root/LABEL/` and `root/SPLIT/LABEL/`, at any depth below.

    Args:
        root: folder.
        splits: names of the splits.
        is_label: whether a folder's name is a label.
    """
    found = PictureFolders()
    for split in ("", *splits):
        base = root / split if split else root
        for folder in sorted(base.iterdir()) if base.is_dir() else ():
            if folder.is_dir() and (split or folder.name not in splits):
                _sort_out(found, root, folder, split, is_label(folder.name))
    return found


def _sort_out(found: PictureFolders, root: Path, folder: Path, split: str, labels: bool) -> None:
    for path in sorted(folder.rglob("*")):
        file = path.relative_to(root).as_posix()
        if path.is_dir():
            continue
        if is_system_file(file):
            found.system.append(file)
        elif path.suffix.lower() not in IMAGE_SUFFIXES:
            found.other.extend([path.suffix.lower() or "no suffix"] * labels)
        elif labels:
            found.pictures.append((file, folder.name, split))
        else:
            found.outside.append(folder.name)
