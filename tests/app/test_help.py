"""Help: pages that open from the menu, figures that are the manifest's, law that is the documentation's."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from models.manifest import WEIGHTS_DIR, load_manifest
from realtime.app.help import limits as limits_page
from realtime.app.help.limits import limits
from realtime.app.help.pages import LAW, numbers
from tests.support.pages.app_driver import Driver

tk = pytest.importorskip("tkinter", reason="this Python has no Tk")

pytestmark = pytest.mark.timeout(60)
ROOT = Path(__file__).resolve().parents[2]
PAGES = ["First steps", "The numbers", "Limits", "The law", "Keys"]


def said(page) -> str:
    return "\n".join(block.text for block in page.blocks)


def test_every_entry_of_the_menu_opens_its_page(drive: Driver) -> None:
    bar = drive.app._menu._bar
    menu = bar.nametowidget(bar.entrycget("Help", "menu"))
    assert [menu.entrycget(n, "label") for n in range(menu.index("end") + 1)] == PAGES
    for n, name in enumerate(PAGES):
        menu.invoke(n)
        drive.app.root.update()
        box = drive.app._help
        assert box.shown == name
        assert len(box.texts[n].get("1.0", "end")) > 300
    assert len([w for w in drive.app.root.winfo_children() if w.winfo_class() == "Toplevel"]) == 1
    letters = [name[box.book.tab(n, "underline")].lower() for n, name in enumerate(PAGES)]
    assert len({*letters, "c"}) == len(PAGES) + 1, "Alt and a letter choose one page, C closes"
    drive.press("Control-l")
    assert drive.app._help is not box, "it follows the look"
    assert drive.app._help.shown == "Keys"
    drive.app._help.event_generate("<Escape>")
    drive.app.root.update()
    assert not drive.app._help.winfo_exists()


def test_a_page_is_read_and_copied_by_key_and_never_written_into(drive: Driver) -> None:
    drive.press("F1")
    drive.app._help.show("The law")
    text = drive.app._help.texts[PAGES.index("The law")]
    before = text.get("1.0", "end")
    text.focus_force()
    drive.app.root.update()
    for key in ("x", "Return", "BackSpace", "Delete", "Control-v", "Control-x", "Control-d", "Control-h"):
        text.event_generate(f"<{key}>")
    text.event_generate("<Next>")
    drive.app.root.update()
    assert text.get("1.0", "end") == before
    assert text.index("insert") != "1.0"
    text.event_generate("<Tab>")
    drive.app.root.update()
    assert drive.app.root.focus_get() is not text


def test_the_figures_are_those_of_the_manifest(monkeypatch) -> None:
    manifest = load_manifest(WEIGHTS_DIR)
    accuracy = manifest.scores["KDEF"]["fused"]["accuracy"]
    lines = said(limits(WEIGHTS_DIR)).splitlines()
    assert f"{100 * accuracy:.1f} %\tright: named as people had named it" in lines
    fear = {what: manifest.scores["KDEF"]["fused"][what]["fear"] for what in ("recall", "precision")}
    assert f"{100 * fear['recall']:.1f} %\tof the faces that people named fear, the program did too" in lines
    assert f"{100 * fear['precision']:.1f} %\tof the faces that the program named fear, people did too" in lines
    changed = {"KDEF": {"fused": {"accuracy": 0.123, "faces": 50}}}
    monkeypatch.setattr(limits_page, "load_manifest", lambda _: dataclasses.replace(manifest, scores=changed))
    text = said(limits(WEIGHTS_DIR))
    assert "it named 12 of 100 faces" in text
    assert "12.3 %\tright: named as people had named it" in text.splitlines()
    assert "best on" not in text


def test_models_without_figures_are_said_to_have_none(tmp_path: Path) -> None:
    text = said(limits(tmp_path))
    assert "how often they are right is unknown" in text
    assert "What somebody feels" in text


def test_the_limit_of_uncertain_is_that_of_the_configuration() -> None:
    assert "Below 40 %" in said(numbers(0.40))
    assert "Below 55 %" in said(numbers(0.55))


def test_the_law_is_as_in_the_documentation() -> None:
    documented = " ".join((ROOT / "docs" / "law.md").read_text("utf-8").split())
    text = said(LAW)
    cited = set(re.findall(r"\d+\(\d+\)(?:\([a-z]\))?|\d+ (?:August|February|December|July) \d{4}|20\d\d/\d+", text))
    assert {"5(1)(f)", "50(3)", "2 February 2025", "2024/1689", "2016/679"} <= cited
    assert {each for each in cited if each not in documented} == set()
    assert "not legal advice" in text
