"""What a report says of its run."""

from __future__ import annotations

import pytest

from models.manifest import WEIGHTS_DIR, file_sha256, load_manifest
from realtime.core.metrics import Metrics
from realtime.core.protocols import SourceInfo
from realtime.reports.run_info import run_facts
from tests.support.fakes import make_run


@pytest.mark.parametrize("live", [False, True])
def test_source_rate_drops_versions_and_models_are_named(live: bool) -> None:
    metrics = Metrics()
    metrics.drops["landmarks busy"] = 3
    digest = file_sha256(WEIGHTS_DIR / "manifest.json")
    info = SourceInfo("camera 0", live, (1280, 720), 29.97)
    run = make_run(info, metrics=metrics, manifest_sha256=digest)
    facts = run_facts(run)
    rows = dict(facts.rows)
    assert facts.source == "camera 0"
    assert rows["Source"] == "camera 0, 1280 x 720 pixels, 29.97 frames per second"
    assert rows["Frames dropped"] == "3 (landmarks busy)"
    assert rows["Run started"] == "1970-01-01 00:00 UTC"
    assert digest[:16] in rows["Models"]
    assert [what for what, _ in facts.rows][:2] == ["Program", "Models"], "first of all, by what it was made"
    assert all(expert.sha256[:16] in rows[f"Model of the {expert.region}"] for expert in load_manifest().experts)
    assert ("Delay" in rows) == live
    assert "Emotions carried over" not in rows
    metrics.carried_over = 12
    rows = dict(run_facts(run).rows)
    assert rows.get("Emotions carried over", "").startswith("in 12 frames" if live else "")
