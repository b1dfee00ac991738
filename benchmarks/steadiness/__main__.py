"""Label flips against lag of the temporal filter and its rivals, on real clips and simulated people, as JSON.

    EMOTION_TEST_DATA=FOLDER python -m benchmarks.steadiness [--json OUT] [--plot PNG]

FOLDER has videos/ and data/fer2013/ferplus.csv with its pictures. Simulated people show validation faces as the experts
see them, in two ways: another face in every frame (hard: nothing but time helps), and one face per episode with the
noise of the real clips. Definitions and what was measured: docs/steadiness.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from benchmarks.steadiness.filters import RIVALS, live, offline
from benchmarks.steadiness.metrics import (
    both_ways_figures,
    brief_figures,
    clip_figures,
    flips,
    switch_figures,
    tracks_of,
    turning_figures,
)
from benchmarks.steadiness.plot import draw_curves
from benchmarks.steadiness.scenes import crossing, leaving
from benchmarks.steadiness.simulated_people import Kind, Noise, Person, ValidationFaces, measure_noise, simulate
from benchmarks.steadiness.streams import SUFFIXES, Watched, watch
from models.dataset.labels import of_split, read_labels
from models.evaluate.shipped import run_shipped
from models.manifest import EMOTIONS, WEIGHTS_DIR
from realtime.core.config import PipelineConfig, SmoothingConfig

LASTING = ("neutral_720p", "neutral_portrait_480x908", "signing_1", "signing_2", "signing_3", "signing_4")
_RATES: dict[str, tuple[float, float]] = {
    "10": (10, 0),
    "15": (15, 0),
    "30": (30, 0),
    "60": (60, 0),
    "30 with a third dropped": (30, 1 / 3),
}
_TAUS_MS = (50.0, 100.0, 150.0, 200.0, 300.0, 450.0)
_EPISODES = 6
_PEOPLE_ON_CURVES = 20
_MIN_NOISE_ROWS = 45


@click.command(help=__doc__)
@click.option("--data", envvar="EMOTION_TEST_DATA", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "out", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures here.")
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="Draw the curves of flips against lag.")
@click.option("--weights", type=click.Path(file_okay=False, path_type=Path), default=WEIGHTS_DIR)
@click.option("--people", default=150, show_default=True, help="Simulated people per frame rate.")
@click.option("--faces", default=0, help="Validation faces at most; 0 takes all.")
def main(data: Path | None, out: Path | None, plot: Path | None, weights: Path, people: int, faces: int) -> None:
    if data is None:
        raise click.UsageError("name the folder with videos/ and data/ by EMOTION_TEST_DATA or --data")
    config = PipelineConfig(weights=weights)
    clips = {
        path.name: _watched(path, config) for path in sorted((data / "videos").iterdir()) if path.suffix in SUFFIXES
    }
    seen = validation_faces(data / "data" / "fer2013", config, faces)
    figures = measure(clips, seen, people)
    figures["identity"] = identity(data / "videos", clips)
    if plot is not None:
        draw_curves(figures["curves"], plot)
    if out is not None:
        out.write_text(json.dumps(_finite(figures), indent=1) + "\n")
    report(figures)


def _finite(figures: Any) -> Any:
    """Return the figures with `None` for infinite ones, which JSON does not have."""
    if isinstance(figures, Mapping):
        return {name: _finite(value) for name, value in figures.items()}
    if isinstance(figures, list):
        return [_finite(value) for value in figures]
    return None if isinstance(figures, float) and not np.isfinite(figures) else figures


def _watched(path: Path, config: PipelineConfig) -> list[Watched]:
    click.echo(f"watching {path.name}", err=True)
    return watch(path, config)


def validation_faces(root: Path, config: PipelineConfig, at_most: int) -> ValidationFaces:
    """Return the experts' outputs on the validation faces on whose emotion most taggers agree."""
    labelled = of_split(read_labels(root / "ferplus.csv", root, "ferplus_majority"), "val", (0.1, 0.1))
    labelled = [face for face in labelled if face.label in EMOTIONS]
    if at_most:
        labelled = labelled[:: max(1, len(labelled) // at_most)]
    answers = run_shipped(labelled, root, config, quiet=True)
    truth = np.array([EMOTIONS.index(face.label) for face in labelled], np.int64)
    return ValidationFaces(answers.fused[answers.detected], truth[answers.detected])


def measure(clips: Mapping[str, list[Watched]], faces: ValidationFaces, people: int) -> dict[str, Any]:
    """Return everything but the identity figures."""
    config = SmoothingConfig()
    real = [track for seen in clips.values() for track in tracks_of(seen)]
    noise = measure_noise([(t.times_s, t.raw) for t in real if len(t.times_s) >= _MIN_NOISE_ROWS])
    # One face per episode: a change is clean if the experts know both faces. Another face in every frame: all faces.
    drawn = {Kind.INDEPENDENT: faces, Kind.MOMENTS: faces, Kind.EPISODES: faces.understood()}
    crowds = {(kind, rate): _crowd(drawn[kind], noise, kind, rate, people) for kind in Kind for rate in _RATES}
    calm = clips.get("neutral_portrait_480x908.mp4")
    return {
        "faces": {"all": len(faces.truth), "understood": len(drawn[Kind.EPISODES].truth)},
        "noise": {
            "nats": round(float(np.sqrt((noise.root**2).sum() / len(noise.root))), 3),
            "correlation_ms": round(1000 * noise.correlation_s),
        },
        "clips": {name: clip_figures(seen, config) for name, seen in clips.items()},
        "clips_offline": {name: clip_figures(seen, config, both_ways=True) for name, seen in clips.items()},
        "simulated": _simulated(crowds, Kind.INDEPENDENT, config),
        "simulated_moments": _simulated(crowds, Kind.MOMENTS, config),
        "simulated_episodes": _simulated(crowds, Kind.EPISODES, config),
        "offline": {
            kind.name.lower(): both_ways_figures(crowds[kind, "30"], offline(config.time_constant_ms)) for kind in Kind
        },
        "held_after_brief_ms": brief_figures(live(config.time_constant_ms)),
        "turning": turning_figures(tracks_of(calm)[0], calm[0].faces, config) if calm else {},
        "curves": _curves(clips, crowds[Kind.INDEPENDENT, "30"][:_PEOPLE_ON_CURVES]),
    }


def _crowd(faces: ValidationFaces, noise: Noise, kind: Kind, rate: str, people: int) -> list[Person]:
    fps, dropped = _RATES[rate]
    rng = np.random.default_rng(7)
    return [simulate(faces, noise, kind, fps=fps, dropped=dropped, episodes=_EPISODES, rng=rng) for _ in range(people)]


def _simulated(
    crowds: Mapping[tuple[Kind, str], Sequence[Person]], kind: Kind, config: SmoothingConfig
) -> dict[str, Any]:
    results = {}
    for rate in _RATES:
        found = switch_figures(crowds[kind, rate], live(config.time_constant_ms))
        switch_ms = {"p50": found["p50"], "p95": found["p95"]}
        rest = {"never_shown": found["never_shown"], "flips_per_minute": found["flips_per_minute"]}
        results[rate] = {"switch_ms": switch_ms, **rest}
    return results


def _curves(clips: Mapping[str, list[Watched]], people: Sequence[Person]) -> dict[str, list[dict[str, float]]]:
    real = [track for seen in clips.values() for track in tracks_of(seen)]
    minutes = sum(track.seconds for track in real) / 60
    curves: dict[str, list[dict[str, float]]] = {}
    for name, make in RIVALS.items():
        curves[name] = []
        for tau_ms in _TAUS_MS:
            label = make(tau_ms)
            count = sum(flips(label(track.times_s, track.raw, track.trust)) for track in real)
            found = switch_figures(people, label)
            point = {"tau_ms": tau_ms, "clip_flips": count, "clip_flips_per_minute": round(count / minutes, 2)}
            curves[name].append({**point, **found})
    return curves


def identity(videos: Path, clips: Mapping[str, list[Watched]]) -> dict[str, Any]:
    """Return the identity figures of made scenes."""
    needed = ("talking_33s.mp4", "neutral_portrait_480x908.mp4", "talking_no_sound.mp4")
    if not all(name in clips for name in needed):
        return {}
    front, other, third = (videos / name for name in needed)
    return {
        "crossing_4_s": crossing((front, other)),
        "crossing_4_s_others": crossing((other, third)),
        "crossing_2_s": crossing((front, other), 60),
        "away_1.5_s": leaving(front),
        "away_2.4_s": leaving(front, 2.4),
    }


def report(figures: Mapping[str, Any]) -> None:
    """Print the figures for people."""
    for name, found in figures["clips"].items():
        click.echo(
            f"{name:30} flips/min {found['flips_per_minute']:6.2f}  raw {found['raw_flips_per_minute']:7.2f}  "
            f"tracks {found['tracks']}  uncertain {found['uncertain_share']:.3f}  "
            f"offline {figures['clips_offline'][name]['flips_per_minute']:.2f}"
        )
    lasting = [found for name, found in figures["clips"].items() if name.split(".")[0] in LASTING]
    seconds = sum(found["face_seconds"] for found in lasting)
    click.echo(f"lasting expressions: {60 * sum(f['flips'] for f in lasting) / max(seconds, 1e-9):.2f} flips/min")
    for which in ("clips", "clips_offline"):
        shown, raw = (sum(found[key] for found in figures[which].values()) for key in ("flips", "raw_flips"))
        click.echo(f"{which}: {shown} flips, raw {raw}: {raw / max(shown, 1):.1f}x fewer")
    for which in ("simulated", "simulated_moments", "simulated_episodes"):
        for rate, found in figures[which].items():
            click.echo(
                f"{which} {rate:24} p50 {found['switch_ms']['p50']:6.1f}  p95 {found['switch_ms']['p95']:7.1f} ms"
                f"  never {found['never_shown']:.3f}  extra flips/min {found['flips_per_minute']:.2f}"
            )
    for name in ("offline", "held_after_brief_ms", "turning", "identity"):
        click.echo(f"{name}: {figures[name]}")
    for name, points in figures["curves"].items():
        steps = "  ".join(f"{p['tau_ms']:.0f}: {p['clip_flips']:.0f}/{p['p50']:.0f}/{p['p95']:.0f}" for p in points)
        click.echo(f"{name:26} tau: flips on clips/p50/p95 ms  {steps}")


if __name__ == "__main__":
    main()
