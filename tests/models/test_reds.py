"""REDS: what it promises about emulators, labels and boxes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from surrogate import PRIM, REDS, Categorical, Integer, Real, Space
from surrogate.models.boxes.columns import read_columns
from surrogate.models.boxes.evidence.precision_recall import pr_auc
from surrogate.models.boxes.reds.calibration import Calibration, logit
from surrogate.models.boxes.reds.labelling import Asked, calibration_error
from surrogate.models.boxes.reds.new_points import draw_points, features_of, inputs_of
from surrogate.space import Expression

SPACE = Space(
    {
        "a": Real(0.0, 1.0),
        "b": Real(1.0, 1000.0, log=True),
        "steps": Integer(0, 11),
        "fuel": Categorical(["gas", "coal", "wind"]),
    }
)


def made(n=200, seed=0, space=SPACE):
    X = space.from_unit(np.random.default_rng(seed).random((n, len(space))))
    y = (X["a"] > 0.45) & (X["steps"] <= 7) & (X["fuel"] != "gas")
    return X, y


@pytest.fixture(scope="module")
def fitted():
    X, y = made()
    return REDS(n_new=20_000, space=SPACE).fit(X, y)


def test_it_finds_the_box_of_mixed_inputs(fitted):
    new, truth = made(5000, seed=1)
    assert {"a", "steps", "fuel"} <= set(fitted.box_.limits)
    assert fitted.box_.limits["fuel"] == {"coal", "wind"}
    counted = fitted.box_.statistics(new, truth)
    assert counted.density > 0.9
    assert counted.coverage > 0.8


def test_boxes_are_counted_on_the_runs_and_on_the_emulator(fitted):
    X, y = made()
    for box, row in zip(fitted.boxes_, fitted.trajectory_.to_dict("records"), strict=True):
        counted = box.statistics(X, y)
        assert (counted.n, counted.k) == (row["n"], row["k"])
    assert fitted.trajectory_["emulator_coverage"].iloc[0] == 1
    assert fitted.trajectory_["emulator_density"].is_monotonic_increasing
    assert abs(fitted.trajectory_["emulator_density"].iloc[0] - y.mean()) < 0.08


def test_fewer_than_20_runs_in_the_box_end_the_trajectory(fitted):
    X, y = made()
    assert fitted.trajectory_["n"].iloc[1:].min() >= 20
    shorter = REDS(n_new=20_000, space=SPACE, min_runs=60).fit(X, y).trajectory_
    assert shorter["n"].iloc[1:].min() >= 60
    pd.testing.assert_frame_equal(shorter, fitted.trajectory_.iloc[: len(shorter)])


def test_the_emulator_is_chosen_by_held_out_log_loss_and_better_than_the_base_rate(fitted):
    labelling = fitted.labelling_
    losses = [row["log_loss"] for row in labelling.candidates]
    assert losses == sorted(losses)
    assert labelling.name == labelling.candidates[0]["name"]
    assert labelling.skill > 0.5
    assert labelling.calibration_error < 0.1
    _, y = made()
    p = np.clip(labelling.held_out, 1e-3, 1 - 1e-3)
    assert losses[0] == pytest.approx(-np.mean(np.where(y, np.log(p), np.log(1 - p))))


def test_the_peeling_share_suits_the_new_points_or_is_the_finders_own(fitted):
    assert fitted.peel_alpha_ in (0.03, 0.05, 0.1, 0.2)
    X, y = made()
    assert REDS(PRIM(peel_alpha=0.07), n_new=2000, space=SPACE, peel_alphas=None).fit(X, y).peel_alpha_ == 0.07


def test_results_repeat_and_depend_on_the_seed(fitted):
    X, y = made()
    again = clone(fitted).fit(X, y)
    pd.testing.assert_frame_equal(again.trajectory_, fitted.trajectory_)
    other = REDS(n_new=20_000, space=SPACE, random_state=1).fit(X, y)
    assert other.boxes_ != fitted.boxes_


def test_an_emulator_that_knows_nothing_is_refused():
    X, _ = made()
    with pytest.raises(ValueError, match="emulator: on held-out runs none is surely better than the base rate"):
        REDS(n_new=1000, space=SPACE).fit(X, np.random.default_rng(0).random(200) < 0.3)


def test_an_emulator_that_knows_little_is_warned_about():
    generator = np.random.default_rng(3)
    X = generator.random((800, 2))
    y = generator.random(800) < 0.35 + 0.3 * (X[:, 0] > 0.5)
    with pytest.warns(UserWarning, match="saves only"):
        REDS(emulator=LogisticRegression(), n_new=1000, space=[(0, 1)] * 2).fit(X, y)


def test_an_emulator_of_ones_own_and_hard_labels():
    X, y = made()
    forest = RandomForestClassifier(60, random_state=0)
    search = REDS(emulator=forest, n_new=3000, labels="hard", space=SPACE, peel_alphas=None).fit(X, y)
    assert search.labelling_.name == "RandomForestClassifier"
    assert "fuel" in search.box_.limits
    on_emulator = search.trajectory_["emulator_density"] * search.trajectory_["emulator_coverage"]
    assert on_emulator.notna().all()


def test_a_probability_is_a_case_in_part():
    X, _ = made()
    chance = 1 / (1 + np.exp(-12 * (X["a"] - 0.5)))
    search = REDS(n_new=3000, space=SPACE).fit(X, chance)
    assert set(search.box_.limits) == {"a"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"labels": "soft"}, "labels: must be 'probability' or 'hard'"),
        ({"n_new": 5}, "n_new: must be a whole number of at least 100"),
        ({"min_runs": 0}, "min_runs: must be a whole number of at least 1"),
        ({"finder": REDS()}, "finder: expected a box finder such as PRIM"),
        ({"emulator": 3}, "emulator: expected a scikit-learn estimator"),
        ({"peel_alphas": (0.7,)}, "peel_alphas: each must be above 0"),
        ({"space": {"a": (0, 1)}}, "space: the input 'b' is not a parameter"),
    ],
)
def test_wrong_settings_are_refused_with_a_reason(settings, message):
    X, y = made()
    with pytest.raises((ValueError, TypeError), match=message):
        REDS(**{"space": SPACE, **settings}).fit(X, y)


def test_too_few_cases_are_refused():
    X, y = made()
    y = y & (y.cumsum() <= 5)
    with pytest.raises(ValueError, match="runs: an emulator of the case needs at least 10 runs"):
        REDS(n_new=1000, space=SPACE).fit(X, y)


def test_new_points_come_from_the_declared_distributions_and_constraints():
    from scipy import stats

    space = Space({"x": stats.norm(5, 2), "k": Integer(1, 3), "u": Real(0, 1)}, constraints=["u * k <= 1.5"])
    X = space.from_unit(np.random.default_rng(0).random((50, 3)))
    points = draw_points(space, read_columns(X[["x", "u"]]), 20_000, 0)
    assert list(points.inputs) == ["x", "u"]
    # The constraint shapes the distribution of u although k is not among the runs' columns.
    assert points.inputs["u"].mean() < 0.45
    assert points.inputs["x"].mean() == pytest.approx(5, abs=0.05)
    assert points.inputs["x"].std() == pytest.approx(2, abs=0.05)
    assert points.columns.n == len(points.features) == 20_000


def test_ordered_categories_stay_ordered_at_new_points():
    level = pd.Categorical(["low", "mid", "high"] * 20, categories=["low", "mid", "high"], ordered=True)
    X = pd.DataFrame({"level": level, "x": np.linspace(0, 1, 60)})
    columns = read_columns(X)
    space = Space({"level": Categorical(["low", "mid", "high"]), "x": (0, 1)})
    drawn = draw_points(space, columns, 500, 0).columns
    assert [c.kind for c in drawn.columns] == [c.kind for c in columns.columns]
    assert list(drawn.columns[0].values) == ["low", "mid", "high"]
    pd.testing.assert_frame_equal(inputs_of(columns), X.assign(level=X["level"].astype(object)), check_dtype=False)
    assert features_of(space, inputs_of(columns)).shape == (60, 4)


def test_with_a_condition_the_outputs_may_be_emulated_and_errors_make_probabilities():
    space = Space([(0.0, 1.0)] * 3)
    X = pd.DataFrame(np.random.default_rng(0).random((120, 3)), columns=space.names)
    noise = 0.1 * np.random.default_rng(1).standard_normal(120)
    out = (X["x1"] + X["x2"]).to_numpy() + noise
    asked = Asked((out < 0.8).astype(float), {"out": out}, Expression("out < 0.8"))
    emulated = REDS(n_new=2000, space=space).emulate(read_columns(X), asked)
    labelling = emulated.learn()
    assert labelling.name == "Gaussian process of the output"
    p = emulated.labels(labelling)
    from scipy.stats import norm

    truth = norm.cdf((0.8 - (emulated.points.inputs["x1"] + emulated.points.inputs["x2"])) / 0.1)
    assert np.abs(p - truth).mean() < 0.04


def test_calibration_gives_back_the_probabilities_that_made_the_cases():
    generator = np.random.default_rng(0)
    score = generator.normal(size=4000)
    truth = 1 / (1 + np.exp(-(0.5 + 2 * score)))
    curve = Calibration.fit(score, (generator.random(4000) < truth).astype(float))
    assert np.abs(curve(score) - truth).mean() < 0.02
    assert curve.slope / curve.spread == pytest.approx(2, rel=0.1)
    assert Calibration.fit(-score, truth).slope == 0  # the more score, the more probable
    assert logit(np.array([0.0, 0.5, 1.0])).tolist() == pytest.approx([-9.2102, 0.0, 9.2102], abs=1e-3)
    assert calibration_error(truth, truth) == 0


def test_the_area_under_the_precision_recall_curve_is_the_published_one():
    # coverage and density (1, .2), (.8, .5), (.5, 1): .595 after subtracting the base rate .2
    assert pr_auc([1.0, 0.8, 0.5], [0.2, 0.5, 1.0]) - 0.2 == pytest.approx(0.595)
