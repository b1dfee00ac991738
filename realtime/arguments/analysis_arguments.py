"""Command-line options of how a source is analyzed."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from models.manifest import WEIGHTS_DIR
from realtime.core.config import PipelineConfig, SmoothingConfig
from realtime.inference.execution_providers import PROVIDERS

if TYPE_CHECKING:
    from realtime.core.options import AnalysisOptions


def refuse_nan(_context: click.Context, _parameter: click.Parameter, value: float) -> float:
    """Return the value; a range lets "nan" pass, which no comparison refuses. Raises BadParameter."""
    if math.isnan(value):
        raise click.BadParameter(f"{value} is no number")
    return value


_FACES, _MILLISECONDS, _ABOVE_0 = click.IntRange(1, 20), click.FloatRange(0, 10_000), click.FloatRange(0, min_open=True)
_OF_ANY_FILE = (
    click.option("--max-faces", type=_FACES, default=4, show_default=True, help="Faces per frame at most."),
    click.option("--provider", type=click.Choice(["auto", *PROVIDERS]), default="auto", show_default=True),
    click.option("--smoothing-ms", type=_MILLISECONDS, default=200, show_default=True, help="Longer is calmer."),
    click.option(
        "--smooth",
        type=click.Choice(["live", "offline"]),
        default="live",
        show_default=True,
        help="offline: a file is analyzed to its end first, so that nothing lags.",
    ),
    click.option(
        "--sensitivity", type=click.FloatRange(0, 1), help="0: as a passer-by sees it, 1: as it was meant (0.5)."
    ),
    click.option("--seconds", type=_ABOVE_0, help="Stop after this much of the source."),
    click.option(
        "--baseline",
        type=click.Choice(["off", "auto"]),
        default="off",
        show_default=True,
        help="auto: learn what each face shows at rest, and judge it by that.",
    ),
    click.option(
        "--weights", type=click.Path(file_okay=False, path_type=Path), default=WEIGHTS_DIR, help="Other models."
    ),
)
_OF_ONE_SOURCE = (
    click.option(
        "--calibrate",
        "calibrate_s",
        type=click.FloatRange(0.5, 60),
        metavar="SECONDS",
        help="Take the first seconds as everybody's resting face, which then reads neutral.",
    ),
    click.option(
        "--realtime", is_flag=True, help="Deliver a file at its own rate, dropping late frames as a camera does."
    ),
    click.option(
        "--reconnect",
        "reconnect_s",
        type=click.FloatRange(0),
        default=30,
        show_default=True,
        callback=refuse_nan,
        help="Seconds in which a stream or camera that broke off is opened again; 0: it ends the run.",
    ),
    click.option("--video-track", type=click.IntRange(1), help="Which picture track of a file; else its default."),
    click.option("--audio-track", type=click.IntRange(1), help="Which sound track of a file a recording gets."),
    click.option(
        "--timeout",
        "timeout_s",
        type=click.FloatRange(0.1, 86_400),
        metavar="SECONDS",
        help="Longest wait for the first picture of a stream, or for more of a pipe.",
    ),
)

_OTHERS = ("realtime", "seconds", "calibrate_s", "reconnect_s", "timeout_s")


def analysis_arguments(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of one source to a click command; `analysis_options` takes their values."""
    for option in reversed((*_OF_ANY_FILE, *_OF_ONE_SOURCE)):
        command = option(command)
    return command


def file_analysis_arguments(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that any number of files can share; `analysis_options` takes their values, too."""
    for option in reversed(_OF_ANY_FILE):
        command = option(command)
    return command


def analysis_options(values: dict[str, Any]) -> AnalysisOptions:
    """Return what the values of these options ask for, and take them out of a command's values.

    Raises:
        ConfigError: two of them contradict each other.
    """
    from realtime.core.options import AnalysisOptions, SmoothingMode
    from realtime.core.protocols import Tracks

    # A command for many files has fewer of them.
    others = {name: values.pop(name) for name in _OTHERS if name in values}
    return AnalysisOptions(
        pipeline=PipelineConfig(
            max_faces=values.pop("max_faces"),
            provider=values.pop("provider"),
            weights=values.pop("weights"),
            smoothing=SmoothingConfig(time_constant_ms=values.pop("smoothing_ms")),
            sensitivity=values.pop("sensitivity"),
            learn_rest=values.pop("baseline") == "auto",
        ),
        smoothing=SmoothingMode(values.pop("smooth")),
        tracks=Tracks(values.pop("video_track", None), values.pop("audio_track", None)),
        **others,
    )
