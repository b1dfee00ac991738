"""The reference pages of the site, from the program itself: commands from click, names and errors from docstrings."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import click

import realtime

# How each command is called -> where it is.
COMMANDS = {
    "run_live.py": "run_live",
    "run_live.py batch": "realtime.batch.__main__",
    "run_live.py persons": "realtime.persons.__main__",
    "run_live.py rerun": "realtime.rerun.__main__",
    "-m realtime.app": "realtime.app.__main__",
    "-m realtime.doctor": "realtime.doctor.__main__",
    "-m demo": "demo.__main__",
    "-m models.dataset": "models.dataset.__main__",
    "-m models.train": "models.train.__main__",
    "-m models.soup": "models.soup",
    "-m models.teach": "models.teach",
    "-m export": "export.__main__",
    "-m export.recover": "export.recover",
    "-m models.fit_fusion": "models.fit_fusion",
    "-m models.fit_baseline": "models.fit_baseline",
    "-m models.evaluate": "models.evaluate.__main__",
}
# What a reader of the API wants first; the other names follow by the alphabet.
_FIRST = ("analyze", "stream", "Analyser", "run_facts", "AnalysisOptions")
# A frame and what is on it: what the public names hand out.
_HANDED_OUT = ("realtime.core.types.Frame", "realtime.core.types.Emotions", "realtime.core.protocols.FrameSource")


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield how each command is called, and the command; of a group, each of its commands."""
    for name, module in COMMANDS.items():
        command: click.Command = importlib.import_module(module).main
        if isinstance(command, click.Group):
            for word, member in sorted(command.commands.items()):
                yield f"{name} {word}", member
        else:
            yield name, command


def commands_page() -> str:
    """Return the Markdown page of all commands and their options."""
    text = (
        "# Commands\n\nEvery command, as `--help` tells it. In the project's folder Python is `.venv/bin/python` after "
        "`make`, and `uv run python` without it. Installed, `emotion-live` is `run_live.py`, `emotion-live-app` is "
        "`realtime.app`, and `emotion-live-doctor` is `realtime.doctor`.\n"
    )
    return text + "".join(_command_text(name, command) for name, command in commands())


def _command_text(name: str, command: click.Command) -> str:
    ctx = click.Context(command, info_name=f"python {name}")
    usage = " ".join(command.get_usage(ctx).removeprefix("Usage: ").split())
    lines = [f"\n## {name.removeprefix('-m ')}\n", "```", usage, "```\n"]
    lines += [*_help_lines(command.help or ""), ""]
    records = [record for option in command.get_params(ctx) if (record := option.get_help_record(ctx))]
    if records:
        lines += ["| option | |", "|---|---|"]
        lines += [f"| `{_cell(names)}` | {_cell(about, code=False)} |" for names, about in records]
    return "\n".join(lines) + "\n"


def _help_lines(text: str) -> Iterator[str]:
    r"""Turn click's help into Markdown: what follows \b keeps its lines."""
    for paragraph in text.split("\n\n"):
        if paragraph.lstrip().startswith("\b"):
            yield from ("```", paragraph.replace("\b\n", "").replace("\b", "").rstrip(), "```", "")
        else:
            yield from (_cell(" ".join(paragraph.split()), code=False), "")


def _cell(text: str, code: bool = True) -> str:
    text = " ".join(text.split()).replace("|", "\\|")
    return text if code else text.replace("<", "&lt;").replace("*", "\\*").replace("[", "\\[")


def api_page() -> str:
    """Return the page of the public names; their docstrings fill it while the site is built."""
    others = [name for name in realtime.__all__ if name not in (*_FIRST, "VERSION", "EmotionLiveError")]
    homes = [f"{realtime._HOMES[name]}.{name}" for name in (*_FIRST, *others)]
    blocks = "".join(f"\n::: {home}\n" for home in (*homes, *_HANDED_OUT))
    return f"# API\n\nThe names of `import realtime`. How to use them: [Embedding](../docs/embedding.md).\n{blocks}"


def errors_page() -> str:
    """Return the page of the errors, and of what a caller can rely on."""
    return (
        "# Errors\n\nEach error is a `realtime.EmotionLiveError` with one line: the rule, the value received, the next "
        "step. What each line means: [Troubleshooting](../docs/troubleshooting.md).\n"
        "\n::: models.errors\n\n::: realtime.core.errors\n    options:\n      filters: ['!^_', '!^redact$']\n"
    )
