"""Every link of the documentation leads somewhere, on a code host as in the site; pictures are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import PAGES, ROOT, anchors, script


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_and_headings_that_are_linked_to_exist(page: Path) -> None:
    broken = []
    for target in script("site/build.py").links(page.read_text("utf-8")):
        name, _, anchor = target.partition("#")
        file = (page.parent / name) if name else page
        if not file.is_file() or (anchor and anchor not in anchors(file.read_text("utf-8"))):
            broken.append(target)
    assert broken == []


def test_a_link_to_nothing_ends_the_build_in_one_line(tmp_path: Path) -> None:
    build = script("site/build.py")
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text("[a](docs/a.md) `[b](b.md)`\n```\n[c](c.md)\n```\n", "utf-8")
    (tmp_path / "docs" / "a.md").write_text("[up](../README.md#x) [out](https://example.org) ![p](p.png)", "utf-8")
    with pytest.raises(SystemExit, match=r"the link p.png of docs.a.md leads to no file"):
        build.linked_files(tmp_path)
    (tmp_path / "docs" / "p.png").touch()
    assert [file.as_posix() for file in build.linked_files(tmp_path)] == ["README.md", "docs/a.md", "docs/p.png"]


def test_every_page_can_be_found_from_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text("utf-8")
    linked = {(ROOT / "docs" / target).resolve() for target in script("site/build.py").links(index)}
    assert set(PAGES) - linked == {ROOT / "docs" / "README.md"}


def test_blocks_within_lists_stay_in_them_on_the_site_too() -> None:
    """With fewer than four spaces the site's Markdown ends the list and counts anew; a code host does not mind."""
    shallow = [
        f"{page.name}: {block}" for page in PAGES for block in re.findall(r"(?m)^ {1,3}```.*$", page.read_text("utf-8"))
    ]
    assert shallow == []
