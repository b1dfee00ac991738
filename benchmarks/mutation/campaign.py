"""Mutation tests of the writers, the clocks and the queues, as JSON: which changes of the code no test notices.

    python -m benchmarks.mutation.campaign --mutmut PYTHON [--only NAME] [--sample N] [--again JSON] [--json OUT]

PYTHON has mutmut 3.8 and what the tests need. The project is copied into a folder of its own, so that one may work on
meanwhile.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from benchmarks.common.json_output import give_out
from benchmarks.mutation.targets import GROUPS, Group, is_equivalent

ROOT = Path(__file__).resolve().parents[2]
_NOTICED = ("killed", "timeout")
# A test that hangs fails after so long, in seconds; mutmut's own limit is for what pytest cannot end.
_TEST_LIMIT_S, _SPARE_S = 60, 90
_SETUP = """[mutmut]
source_paths=
    realtime
    models
only_mutate=
    {files}
also_copy=
    benchmarks
    demo
    docs
    export
    run_live.py
pytest_add_cli_args_test_selection=
    {tests}
pytest_add_cli_args=
    -p
    no:cacheprovider
    --timeout={limit_s}
{only}timeout_constant={spare_s}
timeout_multiplier=5
process_isolation=forkserver
use_setproctitle=false
"""


class Tree:
    """A copy of the project in which mutmut works.

    Args:
        folder: an empty folder.
        python: with mutmut.
        children: mutants that are tried at once.
    """

    def __init__(self, folder: Path, python: Path, children: int) -> None:
        self._folder, self._python, self._children = folder, python, children
        command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
        for name in filter(None, listed.stdout.decode().split("\0")):
            if (ROOT / name).is_file():
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, folder / name)

    def names(self, group: Group) -> list[str]:
        """Return the names of all mutants of a group's files."""
        shutil.rmtree(self._folder / "mutants", ignore_errors=True)
        tests = [test for test in group.tests if (self._folder / test).exists()]
        setup = _SETUP.format(
            files="\n    ".join(group.files),
            tests="\n    ".join(tests),
            only=f"    -k\n    {group.only}\n" if group.only else "",
            limit_s=_TEST_LIMIT_S,
            spare_s=_SPARE_S,
        )
        (self._folder / "setup.cfg").write_text(setup, "utf-8")
        return list(json.loads(self._run("-m", "benchmarks.mutation.in_mutmut", "names")))

    def outcomes(self, names: list[str]) -> list[dict[str, Any]]:
        """Try mutants and return how each of them ended."""
        self._run("-m", "mutmut", "run", "--max-children", str(self._children), *names)
        found = json.loads(self._run("-m", "benchmarks.mutation.in_mutmut", "outcomes"))
        return [one for one in found if one["name"] in set(names)]

    def _run(self, *arguments: str) -> str:
        # Without real clips: their tests are slow, and none that a mutant is to be killed by.
        environment = {name: value for name, value in os.environ.items() if name != "EMOTION_TEST_DATA"}
        command = [str(self._python), *arguments]
        done = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, env=environment)
        if done.returncode != 0:
            raise click.ClickException(f"mutmut failed:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done.stdout


def file_of(name: str) -> str:
    """Return the file of a mutant, from its name `package.module.x_function__mutmut_N`."""
    return name.rpartition(".")[0].replace(".", "/") + ".py"


def chosen(names: list[str], sample: int) -> list[str]:
    """Return at most `sample` names of each file, always the same ones; all for 0."""
    found: list[str] = []
    for file in sorted({file_of(name) for name in names}):
        own = [name for name in names if file_of(name) == file]
        found += random.Random(file).sample(own, sample) if 0 < sample < len(own) else own
    return sorted(found)


def by_file(names: list[str], outcomes: list[dict[str, Any]], noticed: set[str]) -> dict[str, Any]:
    """Return the figures of each file: mutants there are and tried, and what survived.

    Args:
        names: of all mutants.
        outcomes: of those that were tried.
        noticed: names of those that were noticed earlier.
    """
    noticed = noticed | {one["name"] for one in outcomes if one["status"] in _NOTICED}
    survivors = [one for one in outcomes if one["status"] not in _NOTICED]
    figures: dict[str, Any] = {}
    for file in sorted({file_of(name) for name in names}):
        own = [one | {"equivalent": is_equivalent(file, one)} for one in survivors if file_of(one["name"]) == file]
        killed = sorted(name for name in noticed if file_of(name) == file)
        tried = len(killed) + len(own)
        real = tried - sum(bool(one["equivalent"]) for one in own)
        figures[file] = {
            "mutants": sum(file_of(name) == file for name in names),
            "tried": tried,
            "killed": len(killed),
            "killed_percent": round(100 * len(killed) / tried, 1) if tried else None,
            "killed_percent_of_not_equivalent": round(100 * len(killed) / real, 1) if real else None,
            "survivors": own,
            "killed_names": killed,
        }
    return figures


def page(results: Mapping[str, Any]) -> str:
    """Return the results as Markdown: a table of the files, then what survived, by line."""
    rows = ["| file | mutants | tried | killed | of those that change something |", "|---|---|---|---|---|"]
    for file, figures in results.items():
        shares = [figures["killed_percent"], figures["killed_percent_of_not_equivalent"]]
        told = ["" if share is None else f"{share:.1f} %" for share in shares]
        rows.append(
            f"| `{file}` | {figures['mutants']} | {figures['tried']} | {figures['killed']} ({told[0]}) | {told[1]} |"
        )
    tried, killed = (sum(figures[name] for figures in results.values()) for name in ("tried", "killed"))
    same = sum(bool(one["equivalent"]) for figures in results.values() for one in figures["survivors"])
    shares = [f"{100 * killed / max(1, count):.1f} %" for count in (tried, tried - same)]
    mutants = sum(figures["mutants"] for figures in results.values())
    rows.append(f"| all | {mutants} | {tried} | {killed} ({shares[0]}) | {shares[1]} |")
    lines = ["# Mutation tests", "", *rows, "", "## Survivors", ""]
    for file, figures in results.items():
        for one in figures["survivors"]:
            why = f" Changes nothing: {one['equivalent']}." if one["equivalent"] else ""
            lines.append(f"- `{file}`, line {one['line']}: `{one['old']}` became `{one['new']}`.{why}")
    return "\n".join(lines) + "\n"


@click.command()
@click.option("--mutmut", "python", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--only", type=click.Choice([group.name for group in GROUPS]), multiple=True, help="these groups alone")
@click.option("--sample", default=0, help="at most so many mutants of each file, always the same ones; 0: all")
@click.option("--again", type=click.Path(path_type=Path, exists=True), help="try the survivors of these results again")
@click.option("--children", default=1, help="mutants that are tried at once")
@click.option("--json", "out", type=click.Path(path_type=Path), help="write them there, and a page beside them")
def main(python: Path, only: tuple[str, ...], sample: int, again: Path | None, children: int, out: Path | None) -> None:
    """Mutate the writers, the clocks and the queues."""
    results: dict[str, Any] = json.loads(again.read_text("utf-8")) if again else {}
    with tempfile.TemporaryDirectory() as folder:
        tree = Tree(Path(folder), python, children)
        for group in GROUPS:
            if only and group.name not in only:
                continue
            names = tree.names(group)
            before = [results[file] for file in group.files if again and file in results]
            left = [one["name"] for figures in before for one in figures["survivors"]]
            noticed = {name for figures in before for name in figures["killed_names"]}
            tried = left if again else chosen(names, sample)
            results |= by_file(names, tree.outcomes(tried) if tried else [], noticed)
            if out is not None:
                out.write_text(json.dumps(results, indent=1) + "\n", "utf-8")
                out.with_suffix(".md").write_text(page(results), "utf-8")
    give_out(results, out)


if __name__ == "__main__":
    main()
