"""Adaptive fits: they stop, resume, check themselves with runs of their own, and follow a boundary."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from surrogate import SimulationFailed, Surrogate, TransferSet
from surrogate.models.emulators import BoostedTrees, GaussianProcess, Kriging, selection
from surrogate.models.emulators.selection import select
from surrogate.workflows.learning import leave_one_out, weighted_score

BOUNDS = {"x": (0.0, 1.0), "y": (0.0, 1.0)}

PEAK = """
import os, signal
import numpy as np
from pathlib import Path

def peak(x, y):
    calls = Path(os.environ["CALLS"])
    with calls.open("a") as file:
        file.write(f"{x!r} {y!r}\\n")
    if len(calls.read_text().splitlines()) == int(os.environ.get("DIE_AT", 0)):
        os.kill(os.getpid(), signal.SIGKILL)
    return 0.3 * x * y + np.exp(-((x - 0.7) ** 2 + (y - 0.3) ** 2) / 0.02)
"""

STUDY = """
from surrogate import Surrogate
from surrogate.models.emulators import Kriging, selection
from slow_peak import peak

selection.default_candidates = lambda n, seed=0: {"kriging": Kriging(random_state=seed)}
model = Surrogate.fit(peak, {"x": (0.0, 1.0), "y": (0.0, 1.0)}, budget=60, target=1.0, store="peak.runs")
print(len(model.transfer))
"""


def peak(x, y):
    return 0.3 * x * y + np.exp(-((x - 0.7) ** 2 + (y - 0.3) ** 2) / 0.02)


@pytest.fixture(autouse=True)
def few_candidates(monkeypatch):
    """Kriging alone: what is tested here is which runs are made."""
    monkeypatch.setattr(selection, "default_candidates", lambda n, seed=0: {"kriging": Kriging(random_state=seed)})


@pytest.fixture(scope="module")
def model():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(selection, "default_candidates", lambda n, seed=0: {"kriging": Kriging(random_state=seed)})
        return Surrogate.fit(peak, BOUNDS, budget=70, target=0.9999, seed=0)


def test_most_runs_are_made_where_the_local_feature_is(model):
    runs = model.transfer.inputs.iloc[:-24]
    near = np.hypot(runs["x"] - 0.7, runs["y"] - 0.3) < 0.25
    assert len(model.transfer) == 70
    assert near.mean() > 1.3 * np.pi * 0.25**2


def test_the_score_is_that_of_runs_that_infill_never_used(model):
    card, runs = model.scorecard, model.transfer
    assert (card.n, card.n_held_out) == (70, 24)
    features, y = runs.space.features(runs.X), runs.y.to_numpy()
    others = select({"kriging": Kriging(random_state=0)}, features[:-24], y[:-24]).emulator
    errors = y[-24:] - others.predict(features[-24:])
    assert card.rmse == pytest.approx(np.sqrt(np.mean(errors**2)), rel=1e-6)
    assert card.max_error == pytest.approx(np.abs(errors).max(), rel=1e-6)
    # the held-out runs are a Latin hypercube: one in each 24th of an axis
    for column in runs.inputs.iloc[-24:].to_numpy().T:
        assert sorted((column * 24).astype(int)) == list(range(24))


def test_every_run_is_used_in_the_final_model(model):
    np.testing.assert_allclose(model.predict(model.transfer.X), model.transfer.y, atol=2e-3)
    assert "24 runs that fill the space" in repr(model.scorecard)


def test_the_history_tells_q2_with_an_interval_for_every_round(model):
    table = model.convergence["y"]
    assert table["n"].is_monotonic_increasing
    assert table["evidence"].iloc[-1] == "held-out"
    assert (table["evidence"].iloc[:-1] == "leave-one-out").all()
    assert ((table["q2_low"] <= table["q2_high"]) | table["q2_low"].isna()).all()
    assert table["q2"].iloc[-1] == pytest.approx(model.scorecard.q2)


def test_it_stops_at_the_target_and_the_held_out_runs_agree():
    model = Surrogate.fit(lambda x, y: np.sin(3 * x) + y**2, BOUNDS, budget=200, target=0.99)
    assert len(model.transfer) < 80
    assert model.scorecard.n_held_out == 24
    assert model.scorecard.q2 >= 0.99


@pytest.mark.parametrize(
    "die_at", [pytest.param(5, marks=pytest.mark.slow), 27, pytest.param(50, marks=pytest.mark.slow)]
)
def test_a_killed_study_resumes_with_the_missing_runs_only(tmp_path, die_at):
    (tmp_path / "slow_peak.py").write_text(PEAK)
    (tmp_path / "study.py").write_text(STUDY)
    calls = tmp_path / "calls"
    calls.touch()
    here = {**os.environ, "CALLS": str(calls), "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    start = [sys.executable, "study.py"]
    first = subprocess.run(start, cwd=tmp_path, env={**here, "DIE_AT": str(die_at)}, capture_output=True, check=False)
    assert first.returncode == -signal.SIGKILL
    acknowledged = len(TransferSet.open(tmp_path / "peak.runs"))
    again = subprocess.run(start, cwd=tmp_path, env=here, capture_output=True, check=True, text=True)
    assert again.stdout.strip() == "60"
    made = calls.read_text().splitlines()
    assert len(set(made)) == 60  # the same sequence of points
    assert len(made) == die_at + 60 - acknowledged


def test_two_dask_workers_make_the_same_runs_as_this_process(model):
    distributed = pytest.importorskip("dask.distributed")
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None) as cluster,
        distributed.Client(cluster) as client,
    ):
        there = Surrogate.fit(peak, BOUNDS, budget=70, target=0.9999, seed=0, executor=client)
    np.testing.assert_array_equal(there.transfer.inputs, model.transfer.inputs)
    np.testing.assert_array_equal(there.transfer.y, model.transfer.y)


def test_runs_avoid_where_the_simulator_fails():
    def half(x, y):
        if x > 0.6:
            raise SimulationFailed("does not converge")
        return peak(x + 0.3, y)

    model = Surrogate.fit(half, BOUNDS, budget=80, target=1.0, max_failed=1.0)
    status, inputs = model.transfer.status, model.transfer.inputs
    first, infill = slice(0, 10), slice(10, -24)
    assert (status[first] != "ok").mean() >= 0.3
    assert (status[infill] != "ok").mean() < 0.25
    assert (inputs["x"][infill] > 0.75).mean() < 0.15
    assert model.scorecard.n_held_out == (status[-24:] == "ok").sum()


def test_a_level_puts_runs_at_its_boundary_and_tells_what_is_misclassified():
    model = Surrogate.fit(peak, BOUNDS, budget=90, level=0.6)
    values = model.transfer.y.iloc[:-24].iloc[30:]
    assert (np.abs(values - 0.6) < 0.25).mean() > 0.35
    table = model.convergence["y"]
    assert table["misclassified"].iloc[-1] <= 0.1
    assert (
        table["misclassified_low"].iloc[-1] <= table["misclassified"].iloc[-1] <= table["misclassified_high"].iloc[-1]
    )
    grid = np.random.default_rng(0).random((2000, 2))
    assert np.mean((model.predict(grid) < 0.6) != (peak(*grid.T) < 0.6)) < 0.02


@pytest.mark.slow
def test_intervals_hold_and_scores_do_not_flatter_on_points_that_were_not_chosen():
    unseen = np.random.default_rng(9).random((4000, 2))
    truth = peak(*unseen.T)
    covered, flattery = [], []
    for seed in range(6):
        model = Surrogate.fit(peak, BOUNDS, budget=80, target=0.9995, seed=seed)
        lower, upper = model.interval(unseen)
        covered.append(np.mean((lower <= truth) & (truth <= upper)))
        error = np.mean((model.predict(unseen) - truth) ** 2) / truth.var()
        flattery.append(error / (1.0 - model.scorecard.q2))
    assert np.mean(covered) >= 0.93
    assert np.median(flattery) <= 1.5


@pytest.mark.slow
def test_policies_and_replicates_count_in_the_budget_and_are_learned_together():
    def simulator(x, y, lift=0.0, seed=0):
        return peak(x, y) + lift + 1e-4 * np.random.default_rng(seed).standard_normal()

    model = Surrogate.fit(
        simulator, BOUNDS, budget=260, target=0.999999, policies={"none": {}, "up": {"lift": 1.0}}, replicates=2
    )
    assert len(model.transfer.inputs) == 260
    assert model.scorecard.n_held_out == 4 * 24
    low, high = (model.predict({"x": [0.2], "y": [0.2], "policy": [name]})[0] for name in ("none", "up"))
    assert high - low == pytest.approx(1.0, abs=0.05)


def test_several_outputs_are_learned_and_scored_each():
    model = Surrogate.fit(lambda x, y: {"a": peak(x, y), "b": x - y, "c": 1.0}, BOUNDS, n=34, budget=60, target=1.0)
    assert list(model.convergence) == ["a", "b", "c"]
    assert {card.n_held_out for card in model.scorecards.values()} == {24}
    assert model.scorecards["c"].constant
    assert model.scorecards["b"].q2 > 0.999


@pytest.mark.slow
def test_an_emulator_without_standard_deviation_guides_runs_too(monkeypatch):
    monkeypatch.setattr(selection, "default_candidates", lambda n, seed=0: {"boosted_trees": BoostedTrees()})
    model = Surrogate.fit(lambda x, y: float(x + y > 1.4), BOUNDS, budget=64, target=1.0)
    assert len(model.transfer) == 64
    assert model.scorecard.kind == "boosted_trees"


def test_small_budgets_fill_the_space_and_are_cross_validated():
    model = Surrogate.fit(peak, BOUNDS, n=12, budget=20, target=1.0)
    assert model.scorecard.n_held_out == 0
    assert set(model.convergence["y"]["evidence"]) == {"cross-validation"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"level": 0.5}, "level: needs a budget"),
        ({"level": "high", "budget": 100}, "level: a number is needed"),
        ({"level": {}, "budget": 100}, "level: at least one output"),
        ({"level": 0.5, "budget": 30}, "room for at least 60"),
        ({"level": {"z": 0.5}, "budget": 100}, "'z' is not an output"),
    ],
)
def test_wrong_levels_are_refused_with_a_way_out(arguments, message):
    with pytest.raises(ValueError, match=message):
        Surrogate.fit(peak, BOUNDS, **arguments)


def test_a_level_without_a_name_needs_a_single_output():
    with pytest.raises(ValueError, match="say whose boundary") as caught:
        Surrogate.fit(lambda x, y: (x, y), BOUNDS, budget=100, level=0.5)
    assert len(caught.value.runs) == 10


def test_errors_in_closed_form_are_those_of_refitting_at_the_same_length_scales():
    rng = np.random.default_rng(0)
    X = rng.random((20, 2))
    y = peak(*X.T)
    for emulator in (GaussianProcess(kernel="matern52"), Kriging(kernel="matern52")):
        fitted = emulator.fit(X, y)
        errors = leave_one_out(fitted, X, y)
        assert np.corrcoef(np.abs(errors), np.abs(_refitted(fitted, X, y)))[0, 1] > 0.8


def _refitted(fitted, X, y):
    errors = []
    for i in range(len(y)):
        others = np.arange(len(y)) != i
        errors.append(y[i] - fitted.resumed().fit(X[others], y[others]).predict(X[i : i + 1])[0])
    return np.array(errors)


def test_a_score_weighs_runs_by_the_space_for_which_they_stand():
    rng = np.random.default_rng(0)
    x = np.append(rng.random(500), 0.9 + 0.1 * rng.random(2000))  # dense at one end, where errors are small
    errors = np.where(x > 0.9, 0.0, 0.1)
    shares = np.where(x > 0.9, 0.1 / (x > 0.9).sum(), 0.9 / (x <= 0.9).sum())
    score = weighted_score(x, errors, shares, None)
    assert 1.0 - score.q2 == pytest.approx(0.9 * 0.01 / (1 / 12), rel=0.05)
    assert score.q2_interval[0] < score.q2 < score.q2_interval[1]


def test_replicates_of_a_point_do_not_make_the_interval_of_its_error_narrower():
    from surrogate.workflows.held_out import _score

    errors = np.random.default_rng(0).normal(size=30)
    y = np.zeros(30)
    once = _score(y, errors, 4.0, 0.0, 0, np.arange(30))
    often = _score(np.tile(y, 5), np.tile(errors, 5), 4.0, 0.0, 0, np.tile(np.arange(30), 5))
    assert often.q2_interval == pytest.approx(once.q2_interval)
    assert often.misclassified_interval == pytest.approx(once.misclassified_interval)
