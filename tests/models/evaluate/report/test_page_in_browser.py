"""The evaluation's page in a real browser: light, dark and as narrow as a phone, and nothing is asked of a network."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.evaluate.report.page import write_report
from models.manifest import load_manifest
from tests.support.pages.chromium import Tab
from tests.support.values.evaluated import section
from tests.support.values.tiny_models import write_tiny_weights

pytest.importorskip("sklearn", reason="the train extra is not installed")

_CONTRASTS = """
(() => {
  const light = (color) => {
    const [r, g, b] = color.match(/[\\d.]+/g).slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const page = getComputedStyle(document.body).backgroundColor;
  return [...document.querySelectorAll(".matrix tbody td, .figures td, p, dd, small")].map((cell) => {
    let place = cell;
    while (place && /rgba\\(.*, 0\\)|transparent/.test(getComputedStyle(place).backgroundColor)) {
      place = place.parentElement;
    }
    const [low, high] = [getComputedStyle(cell).color, place ? getComputedStyle(place).backgroundColor : page]
      .map(light).sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
  });
})()
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everything_can_be_read_light_and_dark(tab: Tab, tmp_path: Path, scheme: str) -> None:
    manifest = load_manifest(write_tiny_weights(tmp_path / "w").folder)
    sections = [section("FER+ 6", ["film"] * 20), section("a name " * 12, otherwise="anger")]
    page = write_report(sections, manifest, tmp_path, "source")
    tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    tab.open(page.as_uri())
    tab.wait_for("document.readyState === 'complete' && document.querySelector('.matrix') !== null")
    contrasts = tab.evaluate(_CONTRASTS)
    assert len(contrasts) > 100
    assert min(contrasts) >= 4.5, "text against its background, as WCAG AA asks"
    dark = tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 28)"
    assert dark == (scheme == "dark")
    tab.resize((390, 800))
    tab.wait_for("innerWidth === 390")
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390, "only tables scroll sideways, not the page"
    assert tab.complaints() == []
    assert [url for url in tab.requests() if not url.startswith("file:")] == []
