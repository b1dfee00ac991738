from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from models.evaluate import fusion_solver as fusion_fit
from models.evaluate.__main__ import main
from models.evaluate.fusion_solver import Evidence, cross_validated, fit_fusion, fit_temperature, success_shares
from models.evaluate.scores import expected_calibration_error
from models.fit_fusion import main as fit_main
from models.manifest import EMOTIONS, load_manifest
from realtime.inference.fusion import fuse
from tests.support.values.tiny_models import write_tiny_weights


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory, small_face_bgr: np.ndarray) -> Path:
    """Sixty small pictures of one face and two without one, with a table."""
    root = tmp_path_factory.mktemp("labelled")
    rows = []
    for number in range(60):
        cv2.imwrite(str(root / f"{number}.png"), cv2.convertScaleAbs(small_face_bgr, alpha=0.6 + number * 0.01))
        rows.append([f"{number}.png", ("happy", "anger", "fear")[number % 3], "val" if number < 55 else "test"])
    cv2.imwrite(str(root / "none.png"), np.zeros((48, 48, 3), np.uint8))
    rows += [["none.png", "happy", "test"], ["missing.png", "disgust", "test"]]
    with (root / "labels.csv").open("w", newline="") as stream:
        csv.writer(stream).writerows([["file", "label", "split"], *rows])
    return root


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models of this file's own: the report writes its scores into their manifest."""
    return write_tiny_weights(tmp_path_factory.mktemp("weights"), eyes="happiness").folder


def shipped(labelled: Path, weights: Path, out: Path, *more: str) -> str:
    arguments = ["shipped", "--labels", str(labelled / "labels.csv"), "--root", str(labelled), "--out", str(out)]
    done = CliRunner().invoke(main, [*arguments, "--weights", str(weights), *more])
    assert done.exit_code == 0, done.output
    return done.output


def test_shipped_writes_one_row_for_every_picture(labelled: Path, weights: Path, tmp_path: Path) -> None:
    output = shipped(labelled, weights, tmp_path / "probs.csv", "--by-region")
    rows = list(csv.DictReader((tmp_path / "probs.csv").open()))
    assert list(rows[0])[:9] == ["file", "label", "detected", *(f"p_{emotion}" for emotion in EMOTIONS)]
    assert len(rows) == 62
    by_file = {row["file"]: row for row in rows}
    assert (by_file["0.png"]["label"], by_file["missing.png"]["label"]) == ("happiness", "disgust")
    assert [by_file[name]["detected"] for name in ("0.png", "none.png", "missing.png")] == ["1", "0", ""]
    assert sum(float(by_file["0.png"][f"p_{emotion}"]) for emotion in EMOTIONS) == pytest.approx(1, abs=1e-4)
    assert all(float(by_file["none.png"][f"p_{emotion}"]) == 0 for emotion in EMOTIONS)
    assert float(by_file["0.png"]["eyes_p_happiness"]) > 0.5
    # 20 of the 61 pictures with one of the six labels are happy and found; the one not found counts as wrong.
    assert "accuracy 32.79%" in output
    assert "faces 61  found 60" in output
    # Of the three emotions that occur one is recognized, 20 of 21 times; no face is neutral, every angry one missed it.
    assert "macro recall 0.317  sad or angry called neutral 0.0%  neutral called sad or angry none  ECE " in output
    assert "70 % most confident " in output


def test_without_scikit_learn_shipped_still_writes_probabilities_and_prints_accuracy(
    labelled: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    output = shipped(labelled, weights, tmp_path / "probs.csv")
    assert len(list(csv.DictReader((tmp_path / "probs.csv").open()))) == 62
    for name in ("fused", "eyes"):
        assert f"{name:16} accuracy 32.79%  faces 61  found 60 (98.36%)\n" in output
    assert "F1 and confusion need scikit-learn; run `make setup-train` first\n" in output


def test_without_scikit_learn_the_report_is_refused_at_once(
    labelled: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setattr(
        "models.evaluate.face_sets.run_shipped", lambda *_, **__: pytest.fail("it ran the models first")
    )
    arguments = ["report", "--labels", str(labelled / "labels.csv"), "--root", str(labelled), "--out", str(tmp_path)]
    done = CliRunner().invoke(main, [*arguments, "--weights", str(weights)])
    assert (done.exit_code, done.output) == (
        1,
        "error: F1 and confusion need scikit-learn; run `make setup-train` first\n",
    )


def test_shipped_takes_one_split(labelled: Path, weights: Path, tmp_path: Path) -> None:
    shipped(labelled, weights, tmp_path / "p.csv", "--split", "test")
    assert len(list(csv.DictReader((tmp_path / "p.csv").open()))) == 7


def test_report_is_one_page_with_every_figure(labelled: Path, weights: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the train extra is not installed")
    arguments = ["report", "--labels", str(labelled / "labels.csv"), "--root", str(labelled), "--weights", str(weights)]
    more = ["--out", str(tmp_path / "report"), "--split", "val", "--publish", "label"]
    done = CliRunner().invoke(main, [*arguments, *more])
    assert done.exit_code == 0, done.output
    assert load_manifest(weights).scores["label"]["fused"]["faces"] == 55
    body = json.loads((tmp_path / "report" / "report.json").read_text())["label"]
    assert body["fused"]["faces"] == 55
    assert set(body["covered"]) == {"mouth", "eyes"}
    assert body["covered"]["mouth"]["macro_recall"] == pytest.approx(1 / 3, abs=0.01)
    assert sum(band["faces"] for band in body["by_yaw_deg"]) == body["fused"]["found"]
    page = (tmp_path / "report" / "report.html").read_text()
    assert '<th scope="row">label</th><td>55</td><td>34.5 %</td>' in page
    assert page.count("data:image/jpeg;base64,") == 24


def test_a_drawn_mask_dims_what_the_lips_say(labelled: Path, weights: Path, tmp_path: Path) -> None:
    """The lips' expert answers the surer the brighter its crop; a light mask on a dark face is brighter."""
    shipped(labelled, weights, tmp_path / "plain.csv", "--by-region", "--split", "val")
    shipped(labelled, weights, tmp_path / "mask.csv", "--by-region", "--split", "val", "--cover", "mouth")
    shipped(labelled, weights, tmp_path / "glasses.csv", "--by-region", "--split", "val", "--cover", "eyes")
    plain, mask, glasses = (
        next(csv.DictReader((tmp_path / f"{name}.csv").open())) for name in ("plain", "mask", "glasses")
    )
    assert float(mask["lips_p_happiness"]) > float(plain["lips_p_happiness"]) + 0.05
    assert float(glasses["eyes_p_happiness"]) < float(plain["eyes_p_happiness"]) - 0.05


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--label-column", "emotion"), "must have the columns file and emotion"),
        (("--split", "train"), "no picture is in the split 'train'"),
        (("--root", "."), "none of the 62 pictures could be read"),
    ],
)
def test_bad_input_ends_in_one_line(
    labelled: Path, weights: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    base = [
        "shipped",
        "--labels",
        str(labelled / "labels.csv"),
        "--root",
        str(labelled),
        "--out",
        str(tmp_path / "p.csv"),
    ]
    done = CliRunner().invoke(main, [*base, "--weights", str(weights), *arguments])
    assert done.exit_code == 1
    assert message in done.output


def test_fit_fusion_writes_measured_weights_into_the_manifest(labelled: Path, tmp_path: Path) -> None:
    folder = write_tiny_weights(tmp_path / "w", eyes="happiness", lips="anger").folder
    arguments = ["--labels", str(labelled / "labels.csv"), "--root", str(labelled), "--weights", str(folder)]
    done = CliRunner().invoke(fit_main, arguments)
    assert done.exit_code == 0, done.output
    manifest = load_manifest(folder)
    assert manifest.fusion.method == "stacked"
    happiness, anger = EMOTIONS.index("happiness"), EMOTIONS.index("anger")
    # Of 55 faces 19 are happy and 18 angry: each expert is right that often when it says its one word.
    assert manifest.fusion.success[0][happiness] == pytest.approx(20 / 57)
    assert manifest.fusion.success[1][anger] == pytest.approx(19 / 57)
    assert [len(one.weights) for one in manifest.fusion.alone] == [1, 1], "masks hide the lips, glasses the eyes"
    assert set(manifest.scores["fusion_on_val"]) == {"stacked", "log_linear", "success", "mean", "eyes", "lips"}
    again = CliRunner().invoke(fit_main, arguments)
    assert again.exit_code == 0, again.output
    np.testing.assert_allclose(load_manifest(folder).fusion.weights, manifest.fusion.weights, atol=2e-2)
    elsewhere = [*arguments[:3], str(tmp_path), *arguments[4:]]
    failed = CliRunner().invoke(fit_main, elsewhere)
    assert failed.exit_code == 1
    assert "could be read" in failed.output
    assert load_manifest(folder).experts[0].temperature == pytest.approx(manifest.experts[0].temperature, rel=1e-2)


def test_too_few_faces_and_faces_that_are_not_found_fit_nothing(tmp_path: Path) -> None:
    folder = write_tiny_weights(tmp_path / "w").folder
    before = (folder / "manifest.json").read_text()
    rows = ["file,label,split"]
    for number in range(60):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((48, 48, 3), number, np.uint8))
        rows.append(f"{number}.png,fear,val")
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    arguments = ["--labels", str(tmp_path / "labels.csv"), "--root", str(tmp_path), "--weights", str(folder)]
    black = CliRunner().invoke(fit_main, arguments)
    assert black.exit_code == 1
    assert "of 60 only 0 were" in black.output
    few = CliRunner().invoke(fit_main, [*arguments, "--split", "train"])
    assert few.exit_code == 1
    assert "no picture is in the split 'train'" in few.output
    assert (folder / "manifest.json").read_text() == before


def evidence(count: int = 900, seed: int = 0) -> Evidence:
    """Experts as ours: the eyes know anger from sadness, the lips know the rest."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 6, count)
    skill = np.full((2, 6), 1.0)
    skill[0, [1, 3]], skill[1, [0, 2, 4, 5]] = 3.0, 3.0
    logits = rng.normal(0, 1.2, (count, 2, 6))
    logits[np.arange(count), :, truth] += skill[:, truth].T
    p = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    return Evidence.certain(p.astype(np.float32), np.ones((count, 2), np.float32), truth)


def test_fitted_fusion_beats_each_expert_and_the_plain_mean_on_faces_it_did_not_see() -> None:
    train, held = evidence(seed=0), evidence(seed=1)

    def accuracy(p: np.ndarray) -> float:
        return float((p.argmax(axis=1) == held.truth).mean())

    fused = {
        name: accuracy(fuse(held.by_region, held.reliability, fit_fusion(train, name)))
        for name in ("stacked", "log_linear", "mean")
    }
    alone = [accuracy(held.by_region[:, region]) for region in range(2)]
    assert fused["log_linear"] > max(alone) + 0.02
    assert fused["log_linear"] >= fused["mean"]
    assert fused["stacked"] > max(alone) + 0.02
    spec = fit_fusion(train, "log_linear")
    assert min(min(row) for row in spec.weights) >= 0


def test_how_often_an_emotion_is_met_among_the_validation_faces_hardly_decides() -> None:
    every, held = evidence(2400, seed=0), evidence(seed=1)
    neutral = EMOTIONS.index("neutral")
    mostly_neutral = every[(every.truth == neutral) | (np.arange(2400) % 8 == 0)]
    assert (mostly_neutral.truth == neutral).mean() > 0.5 > (every.truth == neutral).mean()
    shares = [
        float((fuse(held.by_region, held.reliability, fit_fusion(faces, "stacked")).argmax(axis=1) == neutral).mean())
        for faces in (every, mostly_neutral)
    ]
    assert shares[1] == pytest.approx(shares[0], rel=0.1)


def test_an_emotion_with_few_faces_does_not_outweigh_all_others() -> None:
    few = evidence(2400, seed=0)
    few = few[(few.truth != EMOTIONS.index("fear")) | (np.arange(2400) == few.truth.tolist().index(2))]
    weight = fusion_fit.balanced(few)
    assert weight[few.truth == 2].sum() < 0.2 * weight[few.truth == 4].sum()


def test_fitted_probabilities_are_honest() -> None:
    held = evidence(seed=1)
    p = fuse(held.by_region, held.reliability, fit_fusion(evidence(seed=0), "log_linear"))
    assert expected_calibration_error(p.max(axis=1), p.argmax(axis=1) == held.truth) < 0.06


def test_temperature_finds_over_and_underconfidence() -> None:
    data = evidence()
    sharp = data.by_region[:, 1] ** 3
    sharp /= sharp.sum(axis=1, keepdims=True)
    usual = fit_temperature(data.by_region[:, 1], data.truth)
    assert fit_temperature(sharp, data.truth) == pytest.approx(3 * usual, rel=0.05)


def test_cross_validation_never_scores_a_face_that_it_was_fitted_on() -> None:
    data = evidence(120)
    shuffled = Evidence.certain(data.by_region, data.reliability, np.random.default_rng(5).permutation(data.truth))
    p = cross_validated(shuffled, "log_linear")
    assert (p.argmax(axis=1) == shuffled.truth).mean() < 0.4, "labels at random can't be foretold"


def test_success_shares_count_right_answers() -> None:
    p = np.eye(6, dtype=np.float32)[[0, 0, 0, 1]][:, None].repeat(2, axis=1)
    shares = success_shares(Evidence.certain(p, np.ones((4, 2), np.float32), np.array([0, 0, 3, 1])))
    assert shares[0][0] == pytest.approx((2 + 1) / (3 + 2))
    assert shares[0][2] == pytest.approx(0.5), "never said: nothing is known"


@pytest.mark.parametrize("alone", ["--posed", "--posed-root"])
def test_posed_faces_without_their_folder_or_table_are_not_passed_over(alone: str, tmp_path: Path) -> None:
    arguments = ["--root", str(tmp_path), "--weights", str(tmp_path), alone, str(tmp_path / "posed")]
    done = CliRunner().invoke(fit_main, arguments)
    assert done.exit_code == 1
    assert done.output.startswith("error: --posed and --posed-root go together; received one of them")


def test_posed_faces_and_second_labels_give_the_manifest_a_sensitivity(labelled: Path, tmp_path: Path) -> None:
    folder = write_tiny_weights(tmp_path / "w", eyes="happiness", lips="anger").folder
    table = str(labelled / "labels.csv")
    arguments = ["--labels", table, "--root", str(labelled), "--weights", str(folder)]
    more = ["--meant", table, "--posed", table, "--posed-root", str(labelled)]
    done = CliRunner().invoke(fit_main, [*arguments, *more])
    assert done.exit_code == 0, done.output
    fitted = load_manifest(folder)
    assert fitted.exchange is not None
    assert fitted.exchange.seen.cross != fitted.exchange.meant.cross
    assert fitted.fusion_at(0.75).bias != fitted.fusion.bias
    assert any(fitted.fusion.shift)
    # The next fit without them takes the sensitivity away: it was fitted to other weights.
    done = CliRunner().invoke(fit_main, arguments)
    assert done.exit_code == 0, done.output
    assert load_manifest(folder).exchange is None
