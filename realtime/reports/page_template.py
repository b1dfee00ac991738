"""HTML templates: escaped, and strict about names that nobody gave."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from realtime.core.errors import ConfigError

if TYPE_CHECKING:
    from jinja2 import Template


def load_template(
    package: str, name: str = "report.html", filters: Mapping[str, Callable[..., object]] | None = None
) -> Template:
    """Load a template from the folder `templates` of a package; `render` of what is returned makes the page.

    Whatever is put into a template is escaped. Jinja2 is imported only here: a run without a report does without it.

    Args:
        package: `str`, dotted name, as in "realtime.reports".
        name: `str`, of the template's file.
        filters: name -> function for `{{ value | name }}`, besides Jinja2's own, `base64` (bytes -> text) and `percent`
            (share from 0 to 1 -> "12 %").

    Raises:
        ConfigError: Jinja2 cannot be imported.
    """
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError as error:
        raise ConfigError(
            f"a report needs jinja2, which cannot be imported ({error}); run `make setup`, or leave the report out"
        ) from error
    environment = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update({"base64": _base64, "percent": percent, **(filters or {})})
    return environment.get_template(name)


def percent(share: float, decimals: int = 0) -> str:
    """Return a share from 0 to 1 as "12 %", which no line break parts."""
    return f"{100 * share:.{decimals}f}\N{NO-BREAK SPACE}%"


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
