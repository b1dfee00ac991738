"""Command-line diagnosis: `python -m realtime.doctor` checks the machine and says what to do about each problem."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path

import click

from models.console import hold_standard_streams, say
from models.manifest import WEIGHTS_DIR
from realtime.core.version import VERSION
from realtime.doctor.check import Check, Status
from realtime.doctor.install_checks import all_checks

_MARKS = {Status.OK: "ok     ", Status.NOTE: "note   ", Status.PROBLEM: "PROBLEM"}


@click.command(context_settings={"max_content_width": 110})
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON, to paste into an issue.")
@click.option("--no-self-test", is_flag=True, help="Leave out the self-test and do not open cameras.")
@click.option("--weights", type=click.Path(file_okay=False, path_type=Path), default=WEIGHTS_DIR, help="Other models.")
def main(as_json: bool, no_self_test: bool, weights: Path) -> None:
    """Check cameras, display, models, versions and this machine's speed. Cameras are opened for a second each.

    Ends with code 1 if there is a problem.
    """
    hold_standard_streams()
    found: list[Check] = []
    for check in all_checks(weights, quick=no_self_test):
        found.append(check)
        if not as_json:
            say(_line(check))
    problems = sum(check.status is Status.PROBLEM for check in found)
    if as_json:
        say(json.dumps(_document(found), indent=1, ensure_ascii=False))
    else:
        say("all is well" if not problems else f"{problems} of {len(found)} checks found a problem")
    sys.exit(1 if problems else 0)


def _line(check: Check) -> str:
    todo = f"\n           -> {check.todo}" if check.todo else ""
    return f"{_MARKS[check.status]}  {check.name}: {check.found}{todo}"


def _document(checks: list[Check]) -> dict[str, object]:
    return {
        "doctor_version": 1,
        "program": VERSION,
        "python": platform.python_version(),
        "system": platform.platform(),
        "checks": [
            {"name": c.name, "status": c.status.value, "found": c.found, "todo": c.todo, "facts": dict(c.facts)}
            for c in checks
        ],
    }


if __name__ == "__main__":
    main()
