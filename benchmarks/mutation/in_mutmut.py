"""Runs inside mutmut's own environment and prints JSON: the mutants of a tree, or how each of them ended.

    PYTHON -m benchmarks.mutation.in_mutmut names|outcomes

The current folder is a copy of the project with a `setup.cfg` that names the file to mutate.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def _data() -> list[Any]:
    """Return mutmut's records of the files that it mutates."""
    from mutmut.mutation.data import SourceFileMutationData
    from mutmut.utils.file_utils import walk_mutatable_files

    found = []
    for path in walk_mutatable_files():
        data = SourceFileMutationData(path=path)
        data.load()
        if data.exit_code_by_key:
            found.append(data)
    return found


def names() -> list[str]:
    """Generate the mutants and return their names."""
    from mutmut import __main__ as mutmut

    Path("mutants").mkdir(exist_ok=True)
    mutmut.copy_src_dir()
    mutmut.copy_also_copy_files()
    mutmut.setup_source_paths()
    mutmut.store_lines_covered_by_tests()
    mutmut.create_mutants(1)
    return sorted(name for data in _data() for name in data.exit_code_by_key)


def outcomes() -> list[dict[str, Any]]:
    """Return name, status and, where it was not killed, the change of every mutant that was tried."""
    from mutmut.mutation.diff_apply import get_diff_for_mutant
    from mutmut.stats import status_by_exit_code

    found = []
    for data in _data():
        for name, code in data.exit_code_by_key.items():
            status = status_by_exit_code[code]
            if status == "not checked":
                continue
            one = {"name": name, "status": status}
            if status not in ("killed", "timeout"):
                one |= _change(data.path, get_diff_for_mutant(name, path=data.path))
            found.append(one)
    return found


def _change(path: Path, diff: str) -> dict[str, Any]:
    """Return line number, old and new text of a change, from mutmut's diff, whose numbers begin at the function."""
    body = diff.splitlines()[3:]
    first = next(number for number, line in enumerate(body) if line[0] in "+-")
    old = [line[1:].strip() for line in body if line[0] == "-"]
    new = [line[1:].strip() for line in body if line[0] == "+"]
    around = [line[1:].strip() for line in body if line[0] in " -"]
    source = [line.strip() for line in Path(path).read_text("utf-8").splitlines()]
    starts = [at for at in range(len(source)) if source[at : at + len(around)] == around]
    return {"line": starts[0] + first + 1 if len(starts) == 1 else None, "old": "\n".join(old), "new": "\n".join(new)}


if __name__ == "__main__":
    sys.stdout = sys.stderr  # mutmut prints its progress; the answer alone goes to stdout
    answer = json.dumps({"names": names, "outcomes": outcomes}[sys.argv[1]]())
    sys.__stdout__.write(answer + "\n")
