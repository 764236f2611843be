"""Infill: where it asks, and what it respects."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from surrogate.design import LatinHypercube
from surrogate.design.error_process import ErrorProcess, length_scales, without_emulator
from surrogate.design.infill import Infill, Learned
from surrogate.space import Categorical, Integer, Real, Space

SQUARE = Space({"x": (0.0, 1.0), "y": (0.0, 1.0)})


def peak(X):
    return np.exp(-((X["x"].to_numpy() - 0.7) ** 2 + (X["y"].to_numpy() - 0.3) ** 2) / 0.02)


def near(X, within=0.3):
    return np.hypot(X["x"] - 0.7, X["y"] - 0.3).to_numpy() < within


def told(n=30, level=None, seed=0, failed=None, errors=None):
    runs = LatinHypercube(n, seed=1).sample(SQUARE)
    errors = np.where(near(runs), 0.3, 0.003) if errors is None else errors
    design = Infill(SQUARE, seed)
    ok = np.flatnonzero(~failed) if failed is not None else np.arange(n)
    design.tell(runs, [Learned(peak, ok, peak(runs)[ok], errors[ok], level)], failed)
    return runs, design


def test_infill_goes_where_errors_are_large_and_does_not_cluster():
    runs, design = told()
    fresh = design.ask(10)
    assert near(fresh).mean() >= 0.6 > near(runs).mean()
    points = np.vstack([runs.to_numpy(), fresh.to_numpy()])
    apart = np.linalg.norm(points[:, None] - points, axis=2)[np.triu_indices(len(points), 1)]
    assert apart.min() > 0.02
    assert design.concentration > 0.7


def test_even_errors_leave_the_choice_to_space_filling():
    runs = LatinHypercube(40, seed=3).sample(SQUARE)
    lengths, rng = np.full(2, 0.4), np.random.default_rng(0)
    waves = lambda X: np.sin(4 * X["x"].to_numpy()) + np.cos(4 * X["y"].to_numpy())  # noqa: E731
    whitener = ErrorProcess(runs.to_numpy(), np.ones(40), lengths).whitened(runs.to_numpy())
    errors = rng.standard_normal(40) / np.linalg.norm(whitener, axis=0)
    even = Infill(SQUARE)
    even.tell(runs, [Learned(waves, np.arange(40), waves(runs), 0.1 * errors)])
    fresh = even.ask(8)
    _, local = told()
    local.ask(8)
    assert even.concentration < 0.7 < local.concentration
    both = np.vstack([runs.to_numpy(), fresh.to_numpy()])
    for column in both.T:  # mostly an extended Latin hypercube: hardly any stratum holds two
        assert np.bincount((column * 48).astype(int), minlength=48).max() <= 3


def test_the_same_runs_and_seed_give_the_same_points():
    (_, one), (_, other), (_, third) = told(), told(), told(seed=1)
    points = one.ask(7)
    np.testing.assert_array_equal(points, other.ask(7))
    np.testing.assert_array_equal(points, one.ask(7))
    assert not np.array_equal(points, third.ask(7))


def test_a_level_is_approached_along_its_boundary():
    _, design = told(60, level=0.5, errors=np.full(60, 0.05))
    fresh = design.ask(12)
    radius = np.hypot(fresh["x"] - 0.7, fresh["y"] - 0.3)
    on_boundary = np.sqrt(-0.02 * np.log(0.5))
    assert (np.abs(radius - on_boundary) < 0.1).mean() >= 0.6


def test_points_near_failed_runs_are_not_asked_for():
    runs = LatinHypercube(60, seed=1).sample(SQUARE)
    failed = (runs["x"] > 0.5).to_numpy()
    _, design = told(60, failed=failed)
    fresh = design.ask(20)
    assert (fresh["x"] > 0.6).mean() <= 0.1


def test_mixed_spaces_and_constraints_are_respected():
    space = Space(
        {"a": Real(0.1, 10, log=True), "k": Integer(1, 6), "fuel": Categorical(["gas", "coal", "oil"])}, ["a <= 2 * k"]
    )
    runs = LatinHypercube(30, seed=0).sample(space)
    y = np.log(runs["a"].to_numpy()) + (runs["fuel"] == "coal").to_numpy() * runs["k"].to_numpy()

    def predict(X):
        return np.log(X["a"].to_numpy()) + (X["fuel"] == "coal").to_numpy() * X["k"].to_numpy()

    errors = np.where(runs["fuel"] == "coal", 1.0, 0.01)
    design = Infill(space)
    design.tell(runs, [Learned(predict, np.arange(30), y, errors)])
    fresh = design.ask(15)
    assert space.contains(fresh).all()
    assert fresh["k"].dtype == np.int64
    assert (fresh["fuel"] == "coal").mean() > 0.5


def test_a_small_discrete_space_is_asked_once_a_point_and_until_it_is_empty():
    space = Space({"i": Integer(0, 9), "j": Integer(0, 6)})
    grid = pd.DataFrame([(i, j) for i in range(10) for j in range(7)], columns=["i", "j"])
    runs = grid.sample(40, random_state=0).reset_index(drop=True)
    design = Infill(space)
    y = runs["i"].to_numpy(dtype=float) ** 2
    known = Learned(lambda X: X["i"].to_numpy(dtype=float) ** 2, np.arange(40), y, np.where(y > 40, 9.0, 0.1))
    design.tell(runs, [known])
    fresh = design.ask(30)
    pairs = {tuple(row) for row in runs.to_numpy()} | {tuple(row) for row in fresh.to_numpy()}
    assert len(pairs) == 70
    with pytest.raises(ValueError, match="asked for 31"):
        design.ask(31)


def test_points_that_check_a_model_know_nothing_of_what_was_learned():
    runs, design = told()
    ignorant = Infill(SQUARE)
    np.testing.assert_array_equal(design.unbiased(24, runs), ignorant.unbiased(24, runs))
    np.testing.assert_allclose(design.unbiased(200, runs).mean(), 0.5, atol=0.01)


def test_every_run_stands_for_the_space_next_to_it():
    _, design = told()
    made = SQUARE.from_unit(np.array([[0.125, 0.5], [0.375, 0.5], [0.75, 0.5]]))
    np.testing.assert_allclose(design.shares(made, np.array([0, 1, 2])), [0.25, 0.3125, 0.4375], atol=0.01)
    np.testing.assert_allclose(design.shares(made, np.array([0, 1, 2, 2])).sum(), 1.0)


def test_length_scales_follow_the_prediction_and_skip_what_does_not_matter():
    space = Space({"x": (0.0, 2.0), "idle": (0.0, 1.0), "c": Categorical(["p", "q"])})
    x, idle, p, q = length_scales(space, lambda X: np.sin(4 * X["x"].to_numpy()), np.random.default_rng(0))
    # E f'^2 = 32 in the unit of the features, f has variance 1/2: sqrt(5/3 / 64)
    assert x == pytest.approx(np.sqrt(5 / 3 / 64), rel=0.1)
    assert min(idle, p, q) > 10


def test_an_interpolation_without_emulator_tells_where_runs_disagree():
    x = np.linspace(0.0, 1.0, 25)[:, None]
    lengths, errors = without_emulator(x, np.where(x[:, 0] > 0.8, np.sin(60 * x[:, 0]), 0.0))
    assert lengths.shape == (1,)
    assert np.abs(errors[x[:, 0] > 0.8]).mean() > 20 * np.abs(errors[x[:, 0] < 0.6]).mean()


def test_sizes_of_errors_are_told_as_they_are_where_nothing_is_local():
    rng = np.random.default_rng(0)
    runs, errors = rng.random((200, 2)), 0.3 * rng.standard_normal(200)
    process = ErrorProcess(runs, errors, np.array([1e-3, 1e-3]))  # so short that runs tell nothing of each other
    assert process.size(rng.random((500, 2))).mean() == pytest.approx(0.09, rel=0.3)


def test_asking_before_telling_is_an_error_that_says_what_to_do():
    with pytest.raises(RuntimeError, match="call tell"):
        Infill(SQUARE).ask(3)


def test_before_anything_is_learned_the_space_is_filled():
    runs = LatinHypercube(10, seed=0).sample(SQUARE)
    design = Infill(SQUARE)
    design.tell(runs, [])
    assert SQUARE.contains(design.ask(5)).all()
