"""Sizes: folders of 3 to 12 files, files under 300 lines, functions under 40."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ("realtime", "models", "export", "benchmarks", "demo")


def python_files(*tops: str) -> dict[str, Path]:
    return {path.relative_to(ROOT).as_posix(): path for top in tops for path in sorted((ROOT / top).rglob("*.py"))}


def test_a_room_has_3_to_12_files() -> None:
    """Beside `__init__.py`; tests are left out, since they mirror the rooms however little one has to be tested."""
    rooms = Counter(name.rpartition("/")[0] for name in python_files(*PROGRAM) if not name.endswith("__init__.py"))
    assert {room: count for room, count in rooms.items() if not 3 <= count <= 12} == {}
    assert "realtime" not in rooms, "realtime/ holds rooms only"


def test_a_file_has_under_300_lines() -> None:
    files = {**python_files(*PROGRAM, "tests"), "run_live.py": ROOT / "run_live.py"}
    lengths = {name: path.read_text("utf-8").count("\n") for name, path in files.items()}
    assert {name: lines for name, lines in lengths.items() if lines >= 300} == {}


def test_a_function_has_under_40_lines() -> None:
    lengths = {}
    for name, path in {**python_files(*PROGRAM, "tests"), "run_live.py": ROOT / "run_live.py"}.items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
                lengths[f"{name}: {node.name}"] = node.end_lineno - node.lineno + 1
    assert len(lengths) > 1000
    assert {name: lines for name, lines in lengths.items() if lines >= 40} == {}


def test_texts_are_in_american_english() -> None:
    """What people read. Names in code keep theirs: `realtime.Analyser` and `realtime.Analysed` are public."""
    british = re.compile(r"\b(analys(ed|ing)|colours?|grey|labelled|centred|behaviour|neighbours?|normalis\w+)\b", re.I)
    code = re.compile(r"```.*?```|`[^`]*`|\([^)]*\.md[^)]*\)|^ *\w+: ", re.S | re.M)
    texts = [(path, path.read_text("utf-8")) for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))]
    for name, path in {
        **python_files("realtime", "models", "export", "demo"),
        "run_live": ROOT / "run_live.py",
    }.items():
        nodes = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Constant)]
        # A string of one word may be a name.
        texts += [(name, node.value) for node in nodes if isinstance(node.value, str) and " " in node.value]
    assert [(name, hit.group()) for path, text in texts for hit in british.finditer(code.sub("", text))] == []
