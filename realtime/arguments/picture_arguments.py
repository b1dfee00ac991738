"""Command-line options of how the pictures look that a run shows and gives out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from realtime.core.options import PictureOptions

_OPTIONS = (
    click.option("--blur-faces", is_flag=True, help="Blur the faces that are found in what is recorded or served."),
    click.option("--privacy", is_flag=True, help="Record and serve the drawing on black; no faces in the report."),
    click.option("--mirror", is_flag=True, help="Show and record like a mirror."),
)


def picture_arguments(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options to a click command; `picture_options` takes their values."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def picture_options(values: dict[str, Any]) -> PictureOptions:
    """Return what the values of these options ask for, and take them out of a command's values."""
    from realtime.core.options import FaceStyle, PictureOptions

    blurred, on_black = values.pop("blur_faces"), values.pop("privacy")
    faces = FaceStyle.ON_BLACK if on_black else FaceStyle.BLURRED if blurred else FaceStyle.AS_THEY_ARE
    return PictureOptions(faces=faces, mirror=values.pop("mirror"))
