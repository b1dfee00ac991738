"""HTML report of a run, accumulated in bounded memory and written at the end."""

from __future__ import annotations

import math
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from realtime.core.errors import ConfigError, RecordError
from realtime.core.output_paths import check_target, write_whole
from realtime.core.persons.person_edits import NO_EDITS, PersonEdits
from realtime.core.types import Analysed
from realtime.reports.html_page import HtmlPage, PageFacts
from realtime.timeline.alike_tracks import AlikeTracks
from realtime.timeline.face_thumbnails import FaceThumbnails
from realtime.timeline.key_moments import KeyMoments
from realtime.timeline.timeline import Timeline

SUFFIXES = (".html", ".htm")
MIN_CLIP_S = 0.5
"""Clips of the report last at least this long: a label needs a moment to settle."""


class HtmlReport:
    """Writes one self-contained page when it is closed; a `Sink`, used on one thread.

    Args:
        path: the page, .html or .htm.
        facts: asked at the end for what the page says of the run.
        clip_s: `float`, seconds of the clips that get one emotion each.
        pictures: `bool`, whether small pictures of faces may be in the page.
        overwrite: `bool`, replace an existing file.
        persons: who the tracks are, and what is left out.
        same_person: `bool`, whether the page asks which tracks may be the same person; it needs pictures.

    Attributes:
        overwrite: `bool`, whether a file at `path` is replaced when the report is closed.
        written: where the page is, once it is.

    Raises:
        ConfigError: another suffix, clips that are too short, or Jinja2 cannot be imported.
        RecordError: the folder is missing or cannot be written, or the file exists and `overwrite` is false.
    """

    def __init__(
        self,
        path: Path,
        facts: Callable[[], PageFacts],
        *,
        clip_s: float = 4.0,
        pictures: bool = True,
        overwrite: bool = False,
        persons: PersonEdits = NO_EDITS,
        same_person: bool = False,
    ) -> None:
        check_target(path, "report", SUFFIXES, overwrite=overwrite)
        if not MIN_CLIP_S <= clip_s < math.inf:
            raise ConfigError(f"clips must last {MIN_CLIP_S:g} s or more; received {clip_s:g}")
        self._path, self._facts, self._persons = path, facts, persons
        self.overwrite = overwrite
        self.written: Path | None = None
        # Loaded at once: what is missing shows before the run, not after hours of it.
        self._page = HtmlPage()
        self._timeline = Timeline(clip_s)
        self._moments = KeyMoments(pictures=pictures)
        self._portraits = FaceThumbnails() if pictures else None
        self._alike = AlikeTracks() if pictures and same_person else None
        self._frames = 0
        self._closed = False

    @property
    def frames(self) -> int:
        """Frames taken so far; without one, `close` writes nothing."""
        return self._frames

    def write(self, analysed: Analysed) -> None:
        """Take one frame. Raises RecordError once it is closed."""
        if self._closed:
            raise RecordError(f"the report {self._path} is closed; open another one")
        self._frames += 1
        analysed = self._persons.applied(analysed)
        self._timeline.write(analysed)
        self._moments.write(analysed)
        if self._portraits is not None:
            self._portraits.write(analysed)
        if self._alike is not None:
            self._alike.write(analysed)

    def close(self) -> None:
        """Write the page, whole or not at all; any number of times.

        Raises:
            RecordError: it cannot be written.
        """
        if self._closed:
            return
        self._closed = True
        self._timeline.close()
        self._moments.close()
        if not self._frames:
            return
        portraits = {} if self._portraits is None else self._portraits.jpegs()
        alike = [] if self._alike is None else self._alike.pairs(self._persons.names)
        facts = self._facts()
        text = self._page.render(self._timeline, self._moments.found, portraits, facts, self._persons, alike)
        # The name of a file need not be UTF-8, and comes with surrogates then.
        page = text.encode(errors="replace")
        try:
            self.written = write_whole(self._path, page, overwrite=self.overwrite)
        except OSError as error:
            reason = error.strerror or str(error)
            elsewhere = _saved_elsewhere(self._path, page)
            kept = f"the page is in {elsewhere} instead; " if elsewhere else ""
            raise RecordError(
                f"cannot write the report {self._path}: {reason}; {kept}free some space or give another folder"
            ) from error


def _saved_elsewhere(path: Path, page: bytes) -> Path | None:
    """Put the page where temporary files go: hours of analysis must not end in nothing. `None` if that fails too."""
    try:
        handle, name = tempfile.mkstemp(prefix=f"{path.stem}-", suffix=path.suffix)
        os.close(handle)
        write_whole(Path(name), page)
    except OSError:
        return None
    return Path(name)
