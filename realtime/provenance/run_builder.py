"""The one place where a `Run`, the view of the run that sinks get, is made."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any, Protocol

from models.manifest import manifest_sha256
from realtime.core.delivery import Delivery
from realtime.core.metrics import Metrics
from realtime.core.options import AnalysisOptions, FaceStyle, PictureOptions
from realtime.core.persons.person_edits import NO_EDITS, PersonEdits
from realtime.core.protocols import SourceInfo
from realtime.core.sink import Run
from realtime.provenance.option_facts import option_facts
from realtime.provenance.source_facts import model_facts, source_facts, version_facts


def run_facts_of(
    info: SourceInfo,
    delivery: Delivery,
    options: AnalysisOptions,
    *,
    began_s: float | None = None,
    full_paths: bool = False,
) -> dict[str, Any]:
    """Return what makes a run what it is: all that can change its results, and that it can be repeated from.

    Args:
        info: of the open source.
        delivery: how its frames are delivered.
        options: how it is analyzed.
        began_s: `float`, Unix time, where it is known.
        full_paths: `bool`, whether the source's folder may be told.
    """
    began = None if began_s is None else datetime.fromtimestamp(began_s, timezone.utc).isoformat(timespec="seconds")
    return {
        "source_facts": source_facts(info, full_path=full_paths),
        **({"began": began} if began else {}),
        "delivery": delivery.value,
        "options": option_facts(options),
        "models": model_facts(options.pipeline.weights),
        "versions": dict(version_facts()),
    }


class Running(Protocol):
    """What is known of a run only while it goes on; an `Analyser` is one.

    Attributes:
        provider: `str`, what the models run on.
        metrics: rates, drops and times so far.
        interventions: what a person asked for meanwhile, as `Analyser.interventions` has it.
    """

    @property
    def provider(self) -> str:
        """See above."""

    @property
    def metrics(self) -> Metrics:
        """See above."""

    @property
    def interventions(self) -> list[dict[str, float]]:
        """See above."""


def end_facts(run: Running) -> dict[str, Any]:
    """Return what is known of a run at its end only: provider, frames, drops, what a person asked for meanwhile."""
    metrics = run.metrics
    counts = {"frames": metrics.frames_shown, "dropped": dict(metrics.drops), "carried_over": metrics.carried_over}
    return {"ran_on": run.provider, **counts, "interventions": list(run.interventions)}


def build_run(
    info: SourceInfo,
    delivery: Delivery,
    options: AnalysisOptions,
    appearance: PictureOptions,
    *,
    began_s: float | None = None,
    full_paths: bool = False,
    columns: Mapping[str, str] | None = None,
    **others: Any,
) -> Run:
    """Return the run for its sinks, with everything that its outputs say of it.

    Args:
        info: of the open source.
        delivery: how its frames are delivered.
        options: how it is analyzed.
        appearance: of its pictures.
        began_s: `float`, Unix time; now, if not given.
        full_paths: `bool`, whether outputs may tell the source's folder.
        columns: constant columns of its tables, name -> value.
        others: the remaining fields of `Run`.
    """
    began_s = time.time() if began_s is None else began_s
    persons: PersonEdits = others.get("persons", NO_EDITS)
    facts = run_facts_of(info, delivery, options, began_s=began_s, full_paths=full_paths)
    return Run(
        source=info,
        delivery=delivery,
        config=options.pipeline,
        manifest_sha256=manifest_sha256(options.pipeline.weights),
        began_s=began_s,
        shows_faces=appearance.shows_faces,
        hides_faces=appearance.faces is not FaceStyle.AS_THEY_ARE,
        mirror=appearance.mirror,
        facts=facts | _noted(appearance, persons),
        columns=dict(columns or {}),
        **others,
    )


def _noted(appearance: PictureOptions, persons: PersonEdits) -> dict[str, Any]:
    """Return what is told only where it was asked for."""
    noted: dict[str, Any] = {"persons": persons.facts()} if persons.lines else {}
    if appearance.faces is not FaceStyle.AS_THEY_ARE:
        # What is made of a table later shows no face either.
        noted["faces"] = appearance.faces.value
    return noted
