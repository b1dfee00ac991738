"""Options of an analysis as plain facts, and back."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from models.manifest import file_sha256
from realtime.core.errors import ConfigError
from realtime.core.options import AnalysisOptions


def option_facts(options: AnalysisOptions) -> dict[str, Any]:
    """Return every option that can change results, nested as `AnalysisOptions` is, in what JSON has.

    A path is named without its folder, a file's with its SHA-256: where files are is nobody's business.
    """
    return {field.name: _plain(getattr(options, field.name)) for field in fields(options)}


def options_from(facts: Mapping[str, Any], *, weights: Path) -> AnalysisOptions:
    """Return the options that `option_facts` was made of.

    Args:
        facts: as read from a table's metadata.
        weights: folder of the models, whose place the facts do not tell.

    Raises:
        ConfigError: an option that this version does not have or does not allow, or that names a file.
    """
    found: AnalysisOptions = _filled(AnalysisOptions(), facts, "")
    return replace(found, pipeline=replace(found.pipeline, weights=weights))


def _plain(value: Any) -> Any:
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, Path):
        return {"file": value.name, "sha256": file_sha256(value)} if value.is_file() else value.name
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value


def _filled(default: Any, facts: Mapping[str, Any], where: str) -> Any:
    """Return `default`, a dataclass's value, with the values of `facts`."""
    values: dict[str, Any] = {}
    for name, told in facts.items():
        if name not in {field.name for field in fields(default)}:
            raise ConfigError(f"the options must be of this version; received {where}{name}: use the one that made it")
        present = getattr(default, name)
        if is_dataclass(present) and isinstance(told, Mapping):
            values[name] = _filled(present, told, f"{where}{name}.")
        elif isinstance(present, enum.Enum):
            values[name] = _choice(type(present), told, f"{where}{name}")
        elif isinstance(told, Mapping):
            raise ConfigError(f"a run with a file of its own ({where}{name}) cannot be repeated: run it by hand")
        elif not isinstance(present, Path):
            values[name] = told
    return replace(default, **values)


def _choice(kind: type[enum.Enum], told: object, where: str) -> enum.Enum:
    try:
        return kind(told)
    except ValueError as error:
        choices = ", ".join(str(one.value) for one in kind)
        raise ConfigError(f"{where} must be one of {choices}; the metadata has {told!r}") from error
