"""What a command says where a package of its own is missing."""

from __future__ import annotations

import sys

import pytest

from models.cli import fail_in_one_line


@pytest.mark.parametrize(
    ("python", "todo"), [((3, 13), "run `make setup-train` first"), ((3, 14), "make PYTHON=python3.13 setup-train")]
)
def test_a_missing_package_is_one_line_with_what_to_do(
    python: tuple[int, int], todo: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @fail_in_one_line
    def command() -> None:
        raise ImportError("No module named 'tensorflow'", name="tensorflow")

    monkeypatch.setattr(sys, "version_info", (*python, 0, "final", 0))
    with pytest.raises(SystemExit) as ended:
        command()
    said = capsys.readouterr().err
    assert ended.value.code == 1
    assert said.startswith("error: tensorflow is not installed; ")
    assert todo in said
    assert said.count("\n") == 1
