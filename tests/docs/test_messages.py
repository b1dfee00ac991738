"""Every error message that a user can meet is in docs/troubleshooting.md."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

import realtime.core.errors
from tests.docs.pages import ROOT

# No user meets them: they end a thread, are turned into another error, or take their text from elsewhere.
_INTERNAL = {"ChannelClosedError", "PictureError", "StoppedError", "_TimeUpError"}
_ERRORS = {
    name for module in (realtime.core.errors, click) for name, value in vars(module).items() if isinstance(value, type)
    if issubclass(value, realtime.core.errors.EmotionLiveError | click.ClickException)
}  # fmt: skip


def templates(node: ast.expr, names: dict[str, ast.expr]) -> Iterator[str]:
    """The messages that an expression can be, with … for what is filled in; module-level names are looked up."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield re.sub(r"\{[^}]*\}", "…", node.value)
    elif isinstance(node, ast.JoinedStr):
        yield "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
    elif isinstance(node, ast.IfExp):
        yield from templates(node.body, names)
        yield from templates(node.orelse, names)
    elif isinstance(node, ast.BinOp):
        yield from (left + right for left in templates(node.left, names) for right in templates(node.right, names))
    elif isinstance(node, ast.Name) and node.id in names:
        yield from templates(names[node.id], {})
    elif isinstance(node, ast.Call):
        for part in [node.func, *node.args]:
            yield from templates(part.value if isinstance(part, ast.Attribute) else part, names)


def messages(source: str) -> Iterator[tuple[int, str]]:
    """Line and template of each message of our errors that a module raises."""
    tree = ast.parse(source)
    names = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            error = ast.unparse(node.exc.func).rpartition(".")[2]
            if error in _ERRORS - _INTERNAL and node.exc.args:
                for template in templates(node.exc.args[0], names):
                    yield node.lineno, template


def rule(template: str) -> re.Pattern[str]:
    """What a page must have of a message: the longest run of fixed words in its rule, or all runs if they are short.

    The next step follows the rule after a ";".
    """
    first = template.replace("`", "").partition(";")[0]
    runs = [" ".join(run.split()).strip(" ,.()[]'\"") for run in re.split(r"…|: ", first)]
    longest = max(runs, key=len)
    words = [longest] if len(longest) >= 20 else [run for run in runs if run]
    return re.compile(".{0,60}?".join(map(re.escape, words)))


def plain(page: str) -> str:
    """A page's words, without Markdown's marks."""
    return " ".join(page.replace("\\|", "|").replace("`", "").split())


def undocumented(source: str, said: str) -> list[tuple[int, str]]:
    return [(line, text) for line, text in messages(source) if not rule(text).search(said)]


SOURCES = [
    ROOT / "run_live.py",
    *(path for top in ("realtime", "models", "export") for path in (ROOT / top).rglob("*.py")),
]


@pytest.mark.parametrize("top", ["run_live.py", "realtime", "models", "export"])
def test_every_error_that_users_can_meet_is_in_troubleshooting(top: str) -> None:
    said = plain((ROOT / "docs" / "troubleshooting.md").read_text("utf-8"))
    files: list[Path] = [path for path in SOURCES if path.relative_to(ROOT).parts[0] == top]
    assert files
    missing = {
        f"{path.relative_to(ROOT)}:{line}": text
        for path in files
        for line, text in undocumented(path.read_text("utf-8"), said)
    }
    assert missing == {}


def test_a_message_that_nobody_has_written_down_is_found() -> None:
    source = (
        "_WHY = 'no display ({})'\n"
        "raise ConfigError(f'a cover must be one of {names}; received {name}')\n"
        "raise RecordError('a' if x else f'the {what} is closed; open another')\n"
        "raise ConfigError(_WHY.format(error))\n"
        "raise ValueError('for programmers')\n"
    )
    assert [text for _, text in messages(source)] == [
        "a cover must be one of …; received …",
        "a",
        "the … is closed; open another",
        "no display (…)",
    ]
    said = plain("| `a cover must be one of …` | `the table … is closed` | no display (:0) a |")
    assert undocumented(source, said) == []
    assert [line for line, _ in undocumented(source, said.replace("closed", "shut").replace("display", "screen"))] == [
        3,
        4,
    ]
