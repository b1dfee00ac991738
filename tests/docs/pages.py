"""The pages of the documentation, and what is in them: code, links, headings."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "models/weights/MODEL_CARD.md")),
    ]
)
_FENCED = re.compile(r"(?ms)^( *)(```+)(\w*)[^\n]*\n(.*?)^\1\2 *$")
_INDENTED = re.compile(r"(?m)(?:^|\n)\n((?: {4}\S[^\n]*\n?)+)")
_INLINE = re.compile(r"(?<!`)`([^`]+)`(?!`)")


def script(name: str) -> ModuleType:
    """The module of that path in scripts/, which is no package."""
    path = ROOT / "scripts" / name
    spec = importlib.util.spec_from_file_location(f"script_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    try:
        spec.loader.exec_module(module)
    finally:
        sys.path[:] = before
    return module


def fenced(text: str) -> Iterator[tuple[str, str]]:
    """Language ("" where none is named) and code of each fenced block."""
    for block in _FENCED.finditer(text):
        indent = len(block[1])
        yield block[3], "\n".join(line[indent:] for line in block[4].splitlines())


def shell_lines(text: str) -> list[str]:
    """Lines of a page that are typed: blocks without a language, and indented ones; continued lines are one."""
    blocks = [code for language, code in fenced(text) if language in ("", "sh", "bash", "console")]
    blocks += [re.sub(r"(?m)^ {4}", "", block) for block in _INDENTED.findall(without_blocks(text))]
    return [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.strip()]


def inline_codes(text: str) -> list[str]:
    """What stands in backticks in sentences and tables."""
    return [" ".join(code.replace("\\|", "|").split()) for code in _INLINE.findall(without_blocks(text))]


def without_blocks(text: str) -> str:
    return _FENCED.sub("\n", text)


def anchors(text: str) -> set[str]:
    """What a code host makes of the headings."""
    found: set[str] = set()
    for heading in re.findall(r"(?m)^#+ +(.+?) *#*$", without_blocks(text)):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        found.add(next(name for number in range(99) if (name := f"{slug}-{number}" if number else slug) not in found))
    return found
