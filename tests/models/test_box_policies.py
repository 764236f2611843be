"""Robustness metrics, boxes policy by policy, reference futures and worst cases."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from surrogate.models.boxes import (
    PRIM,
    boxes_by_policy,
    compare_policies,
    compare_with_reference,
    domain_criterion,
    regret_from_baseline,
    regret_from_best,
    robustness,
    uncertainty_horizon,
    worst_case,
)
from surrogate.simulation import SimulationFailed
from surrogate.space import Box, Categorical, Integer, Space


def futures(n=400, seed=0):
    return pd.DataFrame(np.random.default_rng(seed).random((n, 3)), columns=["a", "b", "c"])


def test_regret_from_baseline_is_the_published_percentile():
    generator = np.random.default_rng(0)
    outputs = generator.uniform(1, 5, (200, 2))
    baseline = np.array([2.0, 4.0])
    expected = np.percentile(np.abs((outputs - baseline) / baseline), 90, axis=0).max()
    assert regret_from_baseline(outputs, baseline) == pytest.approx(expected)
    with pytest.raises(ValueError, match="baseline: expected 2 numbers"):
        regret_from_baseline(outputs, [1.0, 2.0, 3.0])


def test_regret_from_best_is_relative_to_the_policys_own_output():
    generator = np.random.default_rng(1)
    outputs = {name: generator.uniform(1, 5, (150, 2)) for name in ("x", "y", "z")}
    best = np.stack(list(outputs.values()))
    best = np.column_stack([best[:, :, 0].max(axis=0), best[:, :, 1].min(axis=0)])
    found = regret_from_best(outputs, minimize=[False, True])
    for name, own in outputs.items():
        assert found[name] == pytest.approx(np.percentile(np.abs((own - best) / own), 90, axis=0).max())
    assert regret_from_best({"x": [1.0, 2.0], "y": [0.0, 2.0]}, quantile=1.0) == {"x": 0.0, "y": np.inf}
    with pytest.raises(ValueError, match="same futures"):
        regret_from_best({"x": [1.0], "y": [1.0, 2.0]})


def test_satisficing_counts_and_measures():
    met = [[True, True], [True, False], [True, True], [False, False]]
    assert domain_criterion(met) == 0.5
    assert domain_criterion(met, weights=[1, 1, 0, 2]) == 0.25
    unit = np.array([[0.5, 0.5], [0.5, 0.8], [0.1, 0.5], [0.9, 0.9]])
    assert uncertainty_horizon(unit, met, [0.5, 0.5]) == pytest.approx(0.3)
    assert uncertainty_horizon(unit, [True] * 4, [0.5, 0.5]) == np.inf


def test_the_table_has_all_four_metrics_for_each_policy():
    X = futures()
    outputs = {"bold": 10 * X["a"].to_numpy(), "calm": np.full(len(X), 4.0)}
    table = robustness(outputs, lambda out: out >= 3, X)
    assert list(table.index) == ["bold", "calm"]
    assert table.loc["calm"].tolist()[2:] == [1.0, np.inf]
    assert table.loc["bold", "domain_criterion"] == pytest.approx(0.7, abs=0.05)
    assert table.loc["bold", "uncertainty_horizon"] == pytest.approx(0.2, abs=0.1)
    assert table.loc["calm", "regret_from_baseline"] == 0
    assert ((X.iloc[table.attrs["reference"]] - 0.5).abs() < 0.2).all()


def two_policies():
    X = pd.concat([futures(), futures()], ignore_index=True)
    policy = np.repeat(["wait", "build"], 400)
    fails = np.where(policy == "wait", X["a"] > 0.5, (X["b"] > 0.7) & (X["a"] > 0.4))
    return X, fails, policy


def test_each_policy_gets_its_own_box():
    X, y, policy = two_policies()
    boxes = boxes_by_policy(PRIM(), X, y, policy)
    assert list(boxes["wait"].limits) == ["a"]
    assert set(boxes["build"].limits) == {"a", "b"}
    table = compare_policies(boxes, X, y, policy)
    assert table.loc[("wait", "wait"), "density"] > 0.95
    assert table.loc[("wait", "build"), "density"] == pytest.approx(
        y[(policy == "build") & boxes["wait"].contains(X)].mean()
    )
    assert table.loc[("wait", "wait"), "overlap"] == 1
    assert 0 < table.loc[("wait", "build"), "overlap"] < 1


def test_a_policy_that_never_fails_has_no_box():
    X, y, policy = two_policies()
    y = y & (policy == "wait")
    boxes = boxes_by_policy(PRIM(), X, y, policy)
    assert boxes["build"].limits == {}
    table = compare_policies(boxes, X, y, policy)
    assert np.isnan(table.loc[("build", "build"), "coverage"])
    with pytest.raises(ValueError, match="policy: expected one"):
        boxes_by_policy(PRIM(), X, y, policy[:5])


def test_a_reference_future_is_placed_against_every_limit():
    space = Space({"demand": (0, 2), "plants": Integer(1, 5), "fuel": Categorical(("coal", "gas"))})
    box = Box({"demand": (0.8, 1.5), "plants": (-np.inf, 2), "fuel": {"coal"}}, units={"demand": "TWh"})
    table = compare_with_reference(box, {"demand": 0.5, "plants": 2, "fuel": "coal"}, space)
    assert table["inside"].tolist() == [False, True, True]
    assert table.loc["demand", "limit"] == "0.8 <= demand <= 1.5 TWh"
    assert table.loc["demand", "distance"] == pytest.approx(0.3)
    assert table.loc["demand", "share"] == pytest.approx(0.15)
    assert np.isnan(table.loc["fuel", "share"])
    with pytest.raises(ValueError, match="'plants', which the box limits, has no value"):
        compare_with_reference(box, {"demand": 0.5}, space)


BOUNDS = {"a": (0, 1), "b": (0, 2), "n": Integer(1, 5), "fuel": Categorical(("x", "y"))}


def plan(a, b, n, fuel):
    if b > 1.9:
        raise SimulationFailed("collapsed")
    return {"loss": a * b * n * (1.0 if fuel == "x" else 2.0), "other": 0.0}


def test_the_worst_case_is_found_inside_and_outside_a_box():
    box = Box({"a": (0, 0.5), "fuel": {"x"}})
    inside = worst_case(plan, BOUNDS, box, output="loss", budget=1500)
    assert inside.value == pytest.approx(0.5 * 1.9 * 5, rel=0.02)
    assert inside.point["fuel"] == "x" and inside.point["n"] == 5 and inside.inside
    outside = worst_case(plan, BOUNDS, box, outside=True, output="loss", budget=1500)
    assert outside.value == pytest.approx(2 * 1.9 * 5, rel=0.02)
    assert not box.contains({name: [value] for name, value in outside.point.items()})[0]
    assert outside.n_failed > 0 and outside.n_runs <= 1500


def test_constraints_are_kept_and_minimising_works():
    space = Space({"a": (0, 1), "b": (0, 1)}, ["a + b <= 1"])
    found = worst_case(lambda a, b: a + b * b, space, seed=1)
    assert found.point["a"] + found.point["b"] <= 1
    assert found.value == pytest.approx(1, abs=1e-3)
    assert worst_case(lambda a, b: (a - 0.3) ** 2 + b, space, minimize=True).value == pytest.approx(0, abs=1e-4)


def test_the_worst_case_is_seeded_and_vectorised_simulators_are_asked_at_once():
    calls = []

    def fast(x):
        calls.append(len(x))
        return -((x - 0.3) ** 2).sum(axis=1)

    fast.vectorized = True
    first = worst_case(fast, [(0, 1)] * 3)
    assert first == worst_case(fast, [(0, 1)] * 3)
    assert first.value == pytest.approx(0, abs=1e-6)
    assert max(calls) > 5


def test_what_cannot_be_sought_is_said():
    with pytest.raises(ValueError, match="nothing outside a box without limits"):
        worst_case(plan, BOUNDS, Box({}), outside=True)
    with pytest.raises(ValueError, match="output: must be one of"):
        worst_case(plan, BOUNDS, budget=100)
    with pytest.raises(ValueError, match="budget: needs at least"):
        worst_case(plan, BOUNDS, output="loss", budget=5)

    def failing(a, b, n, fuel):
        raise SimulationFailed("no")

    with pytest.raises(ValueError, match="no run of"):
        worst_case(failing, BOUNDS, budget=100)
