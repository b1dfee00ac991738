"""What the site is made of: the navigation, the reference from the program, and nothing of other servers."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import realtime
from tests.docs.pages import ROOT, script


def test_the_navigation_names_every_page_and_no_other(tmp_path: Path) -> None:
    build = script("site/build.py")
    build.stage(ROOT, tmp_path / "source")
    navigation = (ROOT / "scripts" / "site" / "zensical.toml").read_text("utf-8")
    assert build.not_in_both(navigation, tmp_path / "source") == []
    (tmp_path / "source" / "docs" / "new.md").touch()
    assert build.not_in_both(navigation + '"old.md"', tmp_path / "source") == ["docs/new.md", "old.md"]


def test_the_reference_has_every_command_with_its_options_and_every_public_name() -> None:
    reference = script("site/reference.py")
    page = reference.commands_page()
    for name, command in reference.commands():
        assert f"\n## {name.removeprefix('-m ')}\n" in page
        section = page.split(f"\n## {name.removeprefix('-m ')}\n")[1].split("\n## ")[0]
        for option in (word for param in command.params for word in param.opts if word.startswith("-")):
            assert f"{option} " in section or f"{option}`" in section, option
    assert "models.evaluate shipped\n" in page, "a group's commands stand one by one"
    assert {name for name in realtime.__all__ if f".{name}\n" not in reference.api_page()} == {
        "VERSION",
        "EmotionLiveError",
    }


@pytest.mark.parametrize(
    ("text", "loads"),
    [
        ('<script src="https://unpkg.com/x.js"></script>', True),
        ('<link rel="stylesheet" href="//fonts.googleapis.com/css">', True),
        ("a{background:url(https://example.org/a.png)}", True),
        ('<a href="https://example.org">a link is followed, not loaded</a><img src="a.png">', False),
        ('<link rel="canonical" href="https://example.org">', False),
    ],
)
def test_what_a_page_would_load_from_elsewhere_is_found(tmp_path: Path, text: str, loads: bool) -> None:
    (tmp_path / "page.html").write_text(text, "utf-8")
    assert bool(script("site/build.py").loaded_from_elsewhere(tmp_path)) == loads


def test_the_base_install_is_enough_for_the_reference() -> None:
    train = (
        "scipy",
        "sklearn",
        "keras",
        "tensorflow",
        "tf2onnx",
        "matplotlib",
        "onnx",
        "skimage",
        "pyarrow",
        "starlette",
    )
    code = (
        f"import sys; sys.path[:0] = ['scripts/site', '.']; sys.modules.update(dict.fromkeys({train}))\n"
        "import reference; print(len(reference.commands_page()) > 10000)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.stdout.strip() == "True", done.stderr


def test_a_bar_in_the_code_of_a_table_loses_its_backslash_on_the_site() -> None:
    text = "| `a \\| b` and \\| | `c` |\n`d \\| e`\n"
    assert script("site/build.py").for_the_site(text) == "| `a | b` and \\| | `c` |\n`d \\| e`\n"
