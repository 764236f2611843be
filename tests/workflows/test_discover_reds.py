"""discover with REDS: held-out evidence that includes the emulator."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from surrogate import REDS, LatinHypercube, Space, TransferSet, discover
from surrogate.models.boxes.columns import read_columns
from surrogate.models.boxes.reds.emulated import EmulatedFolds
from surrogate.models.boxes.reds.labelling import Asked

SPACE = Space({"a": (0.0, 1.0), "b": (0.0, 1.0), "c": (0.0, 10.0)})


def made(n=150, seed=0):
    X = LatinHypercube(n, seed=seed).sample(SPACE)
    return X, X["a"] + X["b"] ** 2


@pytest.fixture(scope="module")
def runs():
    X, out = made()
    return TransferSet.from_frame(X, {"out": out}, space=SPACE)


@pytest.fixture(scope="module")
def study(runs):
    return discover(runs, "out > 1.2", "reds", max_boxes=2)


def test_the_box_is_chosen_by_runs_that_its_emulator_did_not_see(study, runs):
    row = study.trajectory.iloc[study.chosen]
    counted = study.box.statistics(runs.X, runs["out"] > 1.2)
    assert (counted.n, counted.k, counted.n_restricted) == (row["n"], row["k"], row["n_restricted"])
    assert set(study.box.limits) == {"a", "b"}
    assert row["heldout_density_low"] > study.base_rate
    assert {"emulator_coverage", "emulator_density"} <= set(study.trajectory)
    assert study.search.box_ in study.search.boxes_


def test_held_out_numbers_are_near_the_truth(study):
    X, out = made(20_000, seed=5)
    row = study.trajectory.iloc[study.chosen]
    true = study.box.statistics(X, out > 1.2)
    assert row["heldout_density_low"] <= true.density <= row["heldout_density_high"]
    assert row["heldout_coverage_low"] <= true.coverage <= row["heldout_coverage_high"]
    assert abs(row["emulator_density"] - true.density) < 0.05


def test_of_a_condition_the_output_is_emulated(study):
    assert study.search.labelling_.name == "Gaussian process of the output"
    assert study.search.space == SPACE


def test_without_the_output_the_case_is_emulated(runs):
    study = discover(runs, runs["out"] > 1.2, REDS(n_new=5000), max_boxes=1)
    assert study.search.labelling_.name.endswith("of the case")
    assert "a" in study.box.limits


def test_noise_is_refused_and_says_what_to_do():
    generator = np.random.default_rng(0)
    with pytest.raises(ValueError, match="method='prim'"):
        discover(generator.random((150, 3)), generator.random(150) < 0.3, REDS(n_new=2000))


def test_the_labels_of_a_fold_know_nothing_of_its_runs(runs):
    columns = read_columns(runs.X)
    y = (runs["out"] > 1.2).to_numpy(dtype=float)
    finder = REDS(n_new=500, space=SPACE)
    one = finder.emulate(columns, Asked(y, {}))
    tested = EmulatedFolds(one, one.learn(), folds=3, repeats=1, seed=0)
    assert np.sort(np.concatenate(tested.held_out)).tolist() == list(range(len(y)))
    for test in tested.held_out:
        train = np.setdiff1d(np.arange(len(y)), test)
        lies = y.copy()
        lies[test] = 1 - lies[test]
        other = finder.emulate(columns, Asked(lies, {}))
        np.testing.assert_array_equal(one.labels(one.learn(train)), other.labels(other.learn(train)))


def test_the_same_seed_gives_the_same_study(runs):
    finder = REDS(emulator=LogisticRegression(), n_new=3000, peel_alphas=None)
    one, other = (discover(runs, "out > 1.2", finder, max_boxes=1, seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(one.trajectory, other.trajectory)
    assert one.box == other.box
    assert one.search.random_state == 3


def test_stability_and_report_repeat_the_whole_search(tmp_path):
    X, out = made(60)
    rare = out > np.sort(out)[-13]
    finder = REDS(emulator=LogisticRegression(), n_new=2000, peel_alphas=None, min_runs=5)
    study = discover(X, rare, finder, space=SPACE, max_boxes=1)
    # Halves have too few cases for an emulator to be trusted: no error, but less is found again.
    table = study.stability(n_resamples=4)
    assert set(table.index) == set(SPACE.names)
    assert table["reproduced_coverage"].between(0, 1).all()
    page = study.report(tmp_path / "rare.html").read_text(encoding="utf-8")
    assert "held-out" in page
