"""What a study tells beside its box: other choices, what limits cost, stability, policies, the worst case."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest

from surrogate import Categorical, LatinHypercube, Space, collect, discover
from surrogate.models.boxes import f_beta

BOUNDS = {"demand": (0.0, 1.0), "price": (0.0, 1.0), "wind": (0.0, 1.0)}
POLICIES = {"wait": {"plants": 0.0}, "build": {"plants": 0.4}, "never fails": {"plants": 5.0}}


def table(n=800, seed=0):
    generator = np.random.default_rng(seed)
    runs = pd.DataFrame(generator.random((n, 5)), columns=["demand", "price", "tax", "wind", "rain"])
    noise = 0.1 * generator.standard_normal(n)
    return runs.assign(loss=np.minimum(runs["demand"] - 0.5, 0.6 - runs["price"]) + noise)


@pytest.fixture(scope="module")
def study():
    return discover(table(), "loss > 0", max_boxes=1)


@pytest.fixture(scope="module")
def policy_study():
    def shortage(demand, price, wind, plants):
        if demand > 0.99 and plants:
            raise ValueError("no answer")
        return {"shortage": demand - plants - 0.2 * price, "cost": plants}

    runs = collect(shortage, BOUNDS, LatinHypercube(300, seed=0), policies=POLICIES)
    return discover(runs, "shortage > 0.2", max_boxes=1)


# Choosing


def test_every_rule_by_name_chooses_a_supported_box_and_says_what_it_values_most():
    quick = {"max_boxes": 1, "repeats": 1}
    studies = {rule: discover(table(), "loss > 0", **quick, choice=rule) for rule in ("f_beta", "knee", "weighted")}
    default = discover(table(), "loss > 0", **quick)
    for study in studies.values():
        row = study.trajectory.iloc[study.chosen]
        assert row["heldout_density_low"] > study.base_rate
        assert row["n_restricted"] >= len(default.box.limits)
    dense, wide = (discover(table(), "loss > 0", max_boxes=1, choice=partial(f_beta, beta=beta)) for beta in (0.1, 8))
    rows = [study.trajectory.iloc[study.chosen] for study in (dense, wide)]
    assert rows[0]["heldout_density"] > rows[1]["heldout_density"]
    assert rows[0]["heldout_coverage"] < rows[1]["heldout_coverage"]


@pytest.mark.parametrize("choice", ["elbow", 3, None])
def test_an_unknown_rule_is_refused_with_those_there_are(choice):
    with pytest.raises(ValueError, match="choice: must be one of 'one_standard_error', 'f_beta', 'knee'"):
        discover(table(), "loss > 0", choice=choice)


def test_a_rule_that_answers_no_row_is_refused():
    with pytest.raises(ValueError, match="choice: the rule must return a row number below"):
        discover(table(), "loss > 0", choice=lambda boxes: -1)


def test_a_box_chosen_by_hand_is_told_of_like_any_other(study):
    other = study.choose(3)
    assert other.box == study.search.boxes_[3] == other.boxes[0]
    assert other.rules() != study.rules()
    assert str(other.box.statistics(study.X, study.y).n) in other.rules()[0]
    assert study.choose(0).boxes == []
    with pytest.raises(ValueError, match="row: must be a row number of the trajectory"):
        study.choose(len(study.trajectory))


def test_every_trajectory_row_has_its_lift(study):
    np.testing.assert_allclose(study.trajectory["lift"], study.trajectory["density"] / study.base_rate)


# Covering


def test_relabelling_keeps_the_runs_of_the_first_box_and_counts_its_cases_no_longer():
    generator = np.random.default_rng(0)
    X = pd.DataFrame(generator.random((900, 4)), columns=list("abcd"))
    y = ((X["a"] > 0.7) & (X["b"] > 0.6)) | ((X["c"] < 0.3) & (X["d"] < 0.4))
    study = discover(X, y, covering="relabelling")
    assert {frozenset(box.limits) for box in study.boxes[:2]} == {frozenset("ab"), frozenset("cd")}
    first, second = study.boxes[:2]
    inside, again = first.contains(X), second.contains(X)
    fresh = int((again & ~inside & y).sum())
    rule = study.rules()[1]
    assert f"In {fresh} of the {int(again.sum())} runs with " in rule
    assert "holds outside the boxes before" in rule
    with pytest.raises(ValueError, match="covering: must be one of"):
        discover(X, y, covering="erasing")


# What limits are worth


def test_the_cost_of_a_limit_is_that_on_held_out_runs(study):
    costs = study.drop_costs()
    assert set(costs.index) == {"", *study.box.limits}
    fresh = table(20_000, seed=9)
    truth = {
        name: type(study.box)({k: v for k, v in study.box.limits.items() if k != name}).statistics(
            fresh, fresh["loss"] > 0
        )
        for name in costs.index
    }
    for name, counted in truth.items():
        assert costs.loc[name, "heldout_density"] == pytest.approx(counted.density, abs=0.08)
        assert costs.loc[name, "heldout_coverage"] == pytest.approx(counted.coverage, abs=0.1)
    assert costs["heldout_density_loss"].drop("").is_monotonic_increasing
    assert (costs["heldout_density_loss"].drop("") > 0.1).all()


def test_the_pareto_set_holds_a_box_as_good_as_the_chosen_one(study):
    pareto = study.pareto().trajectory_
    row = study.trajectory.iloc[study.chosen]
    as_good = (
        (pareto["coverage"] >= row["coverage"])
        & (pareto["density"] >= row["density"])
        & (pareto["n_restricted"] <= row["n_restricted"])
    )
    assert as_good.any()


# Stability


def test_stability_measures_volumes_in_the_space_and_is_the_same_on_every_executor(study):
    from concurrent.futures import ThreadPoolExecutor

    here = study.stability(n_resamples=8)
    assert 0.5 < here.attrs["overlap"] <= 1
    assert 0.3 < here.attrs["consistency"] <= 1
    with ThreadPoolExecutor(2) as executor:
        there = study.stability(n_resamples=8, executor=executor)
    pd.testing.assert_frame_equal(here, there)
    assert here.attrs == there.attrs


def test_the_learning_curve_rises_and_says_what_twice_as_many_runs_would_give(study):
    curve = study.learning_curve(n_resamples=20)
    assert curve["runs"].tolist() == [50, 100, 200, 400, 800, 1600]
    assert curve["overlap"].iloc[0] < curve["overlap"].iloc[3] <= curve["overlap"].iloc[5]
    assert curve["extrapolated"].tolist() == [False] * 4 + [True] * 2


# Policies


def test_each_policy_has_its_own_box_and_one_that_never_fails_has_none(policy_study):
    policies = policy_study.by_policy()
    assert policies.policies == list(POLICIES)
    assert set(policies.studies) == {"wait", "build"}
    assert policies.boxes["never fails"].limits == {}
    assert set(policies.boxes["wait"].limits) <= {"demand", "price"}
    low = {name: policies.boxes[name].limits["demand"][0] for name in ("wait", "build")}
    assert low["build"] - low["wait"] == pytest.approx(0.4, abs=0.1)
    compared = policies.compare()
    assert compared.loc[("wait", "never fails"), "failure_rate"] == 0
    assert compared.loc[("wait", "wait"), "failure_rate"] > compared.loc[("wait", "build"), "failure_rate"]
    # Failed runs are those of the policy.
    assert policies.studies["build"].failures()["failed"].sum() == 3
    assert policies.studies["wait"].failures()["failed"].sum() == 0


def test_robustness_is_counted_in_the_futures_that_every_policy_met(policy_study):
    policies = policy_study.by_policy()
    robust = policies.robustness(minimize=True)
    assert robust.attrs["futures"] == 297
    runs = policy_study.runs
    met = runs.X["demand"] <= 0.99
    for name in POLICIES:
        own = met & (runs.X["policy"] == name)
        expected = 1 - (runs["shortage"][own] > 0.2).mean()
        assert robust.loc[name, "domain_criterion"] == pytest.approx(expected, abs=1e-12)
    assert robust["uncertainty_horizon"].idxmax() == "never fails"
    assert policies.robustness(["cost"], minimize=True).loc["wait", "regret_from_best"] == 0
    near = policies.robustness(minimize=True, reference={"demand": 0.1, "price": 0.9, "wind": 0.5})
    assert near.attrs["reference"]["demand"] == pytest.approx(0.1, abs=0.15)
    with pytest.raises(ValueError, match="outputs: 'profit' is not known"):
        policies.robustness(["profit"])


def test_a_study_without_policies_says_what_to_do(study):
    with pytest.raises(ValueError, match=r"column: 'policy' is no input .* Collect runs with policies="):
        study.by_policy()


def test_a_reference_future_is_compared_with_the_box(study):
    compared = study.compare_with_reference({"demand": 0.2, "price": 0.3})
    assert compared["inside"].to_dict() == {"demand": False, "price": True}


# The worst case


def test_the_worst_case_inside_and_outside_is_sought_on_an_emulator_of_the_runs():
    X = pd.DataFrame(np.random.default_rng(0).random((80, 2)), columns=["demand", "price"])
    study = discover(X.assign(loss=X["demand"] - X["price"]), "loss > 0.2", max_boxes=1)
    worst = study.worst_case(budget=600)
    assert study.box.contains(pd.DataFrame([worst.point]))[0]
    assert worst.value == pytest.approx(1, abs=0.05)
    beyond = study.worst_case(outside=True, budget=600)
    assert not study.box.contains(pd.DataFrame([beyond.point]))[0]
    assert beyond.value < worst.value
    asked = study.worst_case(lambda demand, price: demand + price, budget=200)
    assert asked.value == pytest.approx(1 + study.box.limits["price"][1], abs=0.05)
    with pytest.raises(ValueError, match="case: an emulator needs outputs that are numbers"):
        discover(X, X["demand"] > 0.7, max_boxes=1).worst_case()


def test_the_worst_case_and_each_policy_keep_the_constraints():
    X = pd.DataFrame(np.random.default_rng(0).random((160, 2)), columns=["a", "b"])
    X = X[X.sum(axis=1) <= 1].reset_index(drop=True)
    space = Space({"a": (0, 1), "b": (0, 1)}, ["a + b <= 1", lambda rows: rows["a"] + rows["b"] <= 1.0])
    study = discover(X.assign(y=X["a"] + 2 * X["b"]), "y > 1.2", space=space, max_boxes=1)
    point = study.worst_case(budget=400).point
    assert point["a"] + point["b"] <= 1
    X["policy"] = np.where(np.arange(len(X)) % 2, "wait", "build")
    constraints = ["a + b <= 1", "policy == 'wait' or a <= 1", lambda rows: rows["policy"] != "sell"]
    wide = Space({"a": (0, 1), "b": (0, 1), "policy": Categorical(["wait", "build"])}, constraints)
    policies = discover(X, (X["b"] > 0.4).to_numpy(), space=wide, max_boxes=1).by_policy()
    assert [str(one.text) for one in policies.space.constraints] == ["a + b <= 1"]
    assert policies.studies["wait"].space.constraints == policies.space.constraints
