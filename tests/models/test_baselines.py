"""What a known resting face changes: how it is chosen, kept in the manifest, and scored."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from models.dataset.labels import hard
from models.dataset.neutral_pictures import neutral_pairs
from models.errors import DataError, ModelError
from models.evaluate.__main__ import main as evaluate_main
from models.fit_baseline import LookedAt
from models.fit_baseline import main as fit_main
from models.manifest import EMOTIONS, BaselineSpec, Exchange, load_manifest, save_manifest
from tests.support.values.tiny_models import write_tiny_weights

NEUTRAL, ANGER = EMOTIONS.index("neutral"), EMOTIONS.index("anger")


def spec(gain: float = 0.5, step: float = -1.0, first: float = 0.0) -> BaselineSpec:
    return BaselineSpec((first, 0.0, 0.0, 0.0, 4.0, 0.0), gain, step)


def test_a_manifest_keeps_baselines_and_an_older_one_has_none(tmp_path: Path) -> None:
    manifest = write_tiny_weights(tmp_path)
    assert load_manifest(tmp_path).baselines == ()
    assert load_manifest(tmp_path).baseline_at(0.3) is None
    save_manifest(replace(manifest, baselines=(spec(),)))
    assert load_manifest(tmp_path).baselines == (spec(),)
    body = json.loads((tmp_path / "manifest.json").read_text())
    del body["baselines"]
    (tmp_path / "manifest.json").write_text(json.dumps(body))
    assert load_manifest(tmp_path).baselines == (), "as an older program wrote it"


def test_between_two_sensitivities_the_baseline_is_mixed_as_the_fusion_is(tmp_path: Path) -> None:
    plain = write_tiny_weights(tmp_path)
    three = (spec(0.2, -2.0, 1.0), spec(0.4, -1.0, 3.0), spec(0.8, 0.0, 5.0))
    manifest = replace(plain, exchange=Exchange(0.5, plain.fusion, plain.fusion), baselines=three)
    assert [manifest.baseline_at(at) for at in (0, None, 0.5, 1)] == [three[0], three[1], three[1], three[2]]
    between = manifest.baseline_at(0.75)
    assert between is not None
    assert (between.gain, between.neutral_step, between.rest[0]) == pytest.approx((0.6, -0.5, 4.0))
    assert replace(plain, baselines=(spec(),)).baseline_at(0.75) == spec()


def test_a_table_without_people_is_refused_before_anything_is_run(tmp_path: Path) -> None:
    write_tiny_weights(tmp_path)
    table = tmp_path / "labels.csv"
    table.write_text("file,label\na.jpg,fear\nb.jpg,neutral\n")
    done = CliRunner().invoke(
        fit_main, ["--labels", str(table), "--root", str(tmp_path), "--weights", str(tmp_path)], catch_exceptions=False
    )
    assert done.exit_code == 1
    assert "needs a column subject" in done.output
    assert done.output.count("\n") == 1, "no progress bar"


@pytest.mark.parametrize(
    "change", [{"rest": (0.0,) * 5}, {"gain": 1.5}, {"gain": float("nan")}, {"rest": (float("nan"),) * 6}]
)
def test_numbers_that_are_no_baseline_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ModelError, match="6 numbers of rest and a gain of 0 to 1"):
        replace(spec(), **change)


def test_each_picture_is_paired_with_another_neutral_one_of_the_same_person() -> None:
    labels = ["neutral", "anger", "neutral", "neutral", "anger", "anger", "", "happiness"]
    people = ["A", "A", "A", "B", "B", "C", "A", ""]
    faces = [
        replace(hard(f"{n}.png", label), subject=who) for n, (label, who) in enumerate(zip(labels, people, strict=True))
    ]
    usable = np.ones(8, np.bool_)
    every = set(zip(*map(np.ndarray.tolist, neutral_pairs(faces, usable)), strict=True))
    assert every == {(1, 0), (2, 0), (0, 2), (1, 2), (4, 3)}
    first = set(zip(*map(np.ndarray.tolist, neutral_pairs(faces, usable, first_only=True)), strict=True))
    assert first == {(1, 0), (2, 0), (4, 3)}, "the one that is given is not scored"
    usable[0] = False
    assert set(neutral_pairs(faces, usable, first_only=True)[1].tolist()) == {2, 3}
    with pytest.raises(DataError, match="column subject"):
        neutral_pairs(faces, np.zeros(8, np.bool_))


def people(lean: float, seed: int = 0, count: int = 60) -> LookedAt:
    """Everybody is shown neutral and angry; `lean` of what a person's rest differs is in their anger too."""
    rng = np.random.default_rng(seed)
    own = rng.normal(0, 2.0, count)
    rows = {"neutral": np.stack([own, 2 - own], 1), "anger": np.stack([2.2 + lean * own, 2 - lean * own], 1)}
    log_p = np.full((2 * count, 6), -3.0, np.float32)
    log_p[:count, [ANGER, NEUTRAL]], log_p[count:, [ANGER, NEUTRAL]] = rows["neutral"], rows["anger"]
    log_p += rng.normal(0, 0.3, log_p.shape).astype(np.float32)
    rest = np.tile(log_p[:count], (2, 1)) + rng.normal(0, 0.3, log_p.shape).astype(np.float32)
    centred = [each - each.mean(axis=1, keepdims=True) for each in (log_p, rest.astype(np.float32))]
    names = np.array([f"P{n:02}" for n in range(count)] * 2)
    truth = np.repeat([NEUTRAL, ANGER], count)
    return LookedAt(*centred, truth, np.ones(2 * count, np.bool_), np.ones(2 * count), names)


def test_the_gain_follows_how_much_of_a_rest_is_in_other_faces_and_serves_people_who_did_not_choose_it() -> None:
    chosen = people(lean=1.0).fitted()
    assert chosen.gain > 0.6
    assert people(lean=-0.3).fitted().gain < chosen.gain - 0.2
    held = people(lean=1.0, seed=1)
    assert held.scored(chosen).macro_recall > held.scored(None).macro_recall + 0.1
    first, second = held.halves()
    assert not set(held.person[first]) & set(held.person[second])


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory, small_face_bgr: np.ndarray) -> Path:
    """Twelve people, each neutral twice and happy once."""
    root, rows = tmp_path_factory.mktemp("people"), [["file", "label", "subject"]]
    for person in range(12):
        for number, label in enumerate(("neutral", "neutral", "happy")):
            name = f"{person}-{number}.png"
            cv2.imwrite(
                str(root / name), cv2.convertScaleAbs(small_face_bgr, alpha=0.6 + 0.02 * person + 0.2 * (number > 1))
            )
            rows.append([name, label, f"P{person:02}"])
    with (root / "labels.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    return root


def test_one_command_chooses_and_another_scores(pictures: Path, tmp_path: Path) -> None:
    folder = write_tiny_weights(tmp_path / "w", eyes="happiness", lips="neutral").folder
    table = ["--labels", str(pictures / "labels.csv"), "--root", str(pictures), "--weights", str(folder)]
    done = CliRunner().invoke(fit_main, [*table, "--name", "a dozen"])
    assert done.exit_code == 0, done.output
    assert "P00 to P05, chosen on the others: macro recall" in done.output
    manifest = load_manifest(folder)
    assert len(manifest.baselines) == 1
    assert manifest.scores["baseline"]["chosen_on"] == "a dozen"
    assert (manifest.scores["baseline"]["people"], manifest.scores["baseline"]["pictures"]) == (12, 36)
    scored = CliRunner().invoke(evaluate_main, ["shipped", *table, "--own-neutral", "--out", str(tmp_path / "p.csv")])
    assert scored.exit_code == 0, scored.output
    lines = scored.output.splitlines()
    start = lines.index("12 people with a neutral picture, 24 others of them:")
    assert [line.split("accuracy")[0].strip() for line in lines[start + 1 : start + 3]] == ["without it", "with it"]


def test_too_few_people_choose_nothing(pictures: Path, tmp_path: Path) -> None:
    folder = write_tiny_weights(tmp_path / "w").folder
    before = (folder / "manifest.json").read_text()
    few = tmp_path / "few.csv"
    few.write_text("".join((pictures / "labels.csv").read_text().splitlines(keepends=True)[:10]))
    done = CliRunner().invoke(fit_main, ["--labels", str(few), "--root", str(pictures), "--weights", str(folder)])
    assert done.exit_code == 1
    assert "choosing takes 10 people with a neutral picture and others; received 3" in done.output
    assert (folder / "manifest.json").read_text() == before
