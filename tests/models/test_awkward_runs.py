"""Awkward runs give a good model or a clear error: never NaN, never a flood of warnings (which are errors here)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.stats import qmc

from surrogate import Categorical, Integer, LatinHypercube, Space, Surrogate
from surrogate.models.emulators import (
    BoostedTrees,
    GaussianProcess,
    PolynomialChaos,
    StochasticKriging,
    Warped,
    selection,
)
from surrogate.models.emulators.selection import select
from surrogate.validation import q2


@pytest.fixture
def few_candidates(monkeypatch):
    """Trees and networks would only cost time here."""

    def candidates(n, seed):
        gp = GaussianProcess(n_starts=1, random_state=seed)
        return {"gp": gp, "warped_gp": Warped(gp), "pc": PolynomialChaos(), "noisy": StochasticKriging(n_starts=1)}

    monkeypatch.setattr(selection, "default_candidates", candidates)


def hypercube(n, d, seed=0):
    return qmc.LatinHypercube(d, rng=seed).random(n)


def all_finite(model, X):
    mean, std = model.predict(X, return_std=True)
    lower, upper = model.interval(X, 0.8)
    assert np.isfinite(mean).all()
    assert np.isfinite(std).all()
    assert not np.isnan(lower).any()
    assert (lower <= mean).all()
    assert (mean <= upper).all()


def test_an_output_over_twelve_decades_is_learned_at_every_size(few_candidates):
    X, new = hypercube(60, 3), hypercube(200, 3, 1)

    def leak(u):
        return 10.0 ** (12 * u[:, 0] - 6) * (1.0 + u[:, 1] * u[:, 2])

    model = Surrogate.from_runs(X, leak(X), [(0.0, 1.0)] * 3)
    assert model.scorecard.kind.startswith("warped_")
    assert np.max(np.abs(model.predict(new) / leak(new) - 1.0)) < 0.1
    assert (model.predict(new) > 0.0).all()
    all_finite(model, new)


def test_inputs_in_metres_and_pascals_are_as_good_as_scaled_ones(few_candidates):
    U, new = hypercube(50, 2), hypercube(200, 2, 1)
    unit = np.array([1e-6, 1e8])

    def sag(x):
        return 1e12 * x[:, 0] ** 2 + np.sin(3e-8 * x[:, 1])

    model = Surrogate.from_runs(U * unit, sag(U * unit))
    assert q2(sag(new * unit), model.predict(new * unit)) > 0.9999


def test_rows_of_nan_are_left_out_and_counted(few_candidates):
    X = hypercube(40, 2)
    y = X.sum(axis=1)
    y[::8] = np.nan
    model = Surrogate.from_runs(X, y, [(0.0, 1.0)] * 2)
    assert model.scorecard.n_failed == 5
    assert model.scorecard.n == 35
    all_finite(model, X)


@pytest.mark.parametrize("n", [1, 2])
def test_one_run_or_two_are_a_clear_error(n):
    with pytest.raises(ValueError, match="at least 3 successful runs"):
        Surrogate.from_runs(hypercube(n, 2), np.arange(float(n)) + 1.0, [(0.0, 1.0)] * 2)


def test_duplicated_points_do_not_fool_the_scorecard():
    X = np.repeat(hypercube(12, 3), 3, axis=0)
    noise = np.random.default_rng(0).random(12).repeat(3)  # equal in duplicates, unrelated to the inputs
    chosen = select({"gp": GaussianProcess(n_starts=1), "trees": BoostedTrees(n_trees=100)}, X, noise)
    assert 1.0 - chosen.errors.rmse**2 / noise.var() < 0.5


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 2**31),
    n=st.integers(3, 14),
    d=st.integers(1, 8),
    scale=st.sampled_from([1e-100, 1e-9, 1.0, 1e9, 1e100]),
    shape=st.sampled_from(["smooth", "two values", "one outlier", "nearly constant", "steep"]),
    twice=st.booleans(),
)
def test_whatever_few_runs_there_are_the_answers_are_finite(seed, n, d, scale, shape, twice):
    rng = np.random.default_rng(seed)
    X = rng.random((n, d))
    if twice:
        X[n // 2] = X[0]
    y = {
        "smooth": np.sin(3 * X[:, 0]),
        "two values": (X[:, 0] > 0.5) * 1.0,
        "one outlier": np.eye(n)[0] * 1e6,
        "nearly constant": 1.0 + 1e-13 * X[:, 0],
        "steep": 10.0 ** (30 * X[:, 0] - 15),
    }[shape] * scale
    if len(np.unique(X, axis=0)) < 3:
        return
    fast = {"gp": GaussianProcess(n_starts=1), "warped": Warped(GaussianProcess(n_starts=1)), "pc": PolynomialChaos()}
    chosen = select(fast, X, y)
    record = chosen.emulator.record_
    new = rng.random((20, d))
    assert np.isfinite(record.predict(new)).all()
    assert record.std(new) is None or np.isfinite(record.std(new)).all()


# Noise ----------------------------------------------------------------------------------------------------------------


def replicated(seed=0):
    """Noise of a tenth of the output's range on the right, a thousandth on the left."""
    rng = np.random.default_rng(seed)
    X = np.repeat(np.linspace(0.0, 1.0, 30), 4)[:, None]
    return X, np.sin(6 * X[:, 0]) + (0.002 + 0.2 * X[:, 0] ** 2) * rng.normal(size=120)


def test_replicates_tell_where_the_noise_is():
    X, y = replicated()
    record = StochasticKriging().fit(X, y).record_
    left, right = record.noise(np.array([[0.05], [0.95]]))
    assert left < 0.02
    assert 0.1 < right < 0.35
    new = np.linspace(0, 1, 101)[:, None]
    assert q2(np.sin(6 * new[:, 0]), record.predict(new)) > 0.99


def test_intervals_are_as_wide_as_the_noise_where_it_is(monkeypatch):
    monkeypatch.setattr(selection, "default_candidates", lambda n, seed: {"noisy": StochasticKriging(n_starts=1)})
    X, y = replicated()
    model = Surrogate.from_runs(X, y, [(0.0, 1.0)])
    lower, upper = model.interval(np.array([[0.05], [0.95]]))
    assert (upper - lower)[1] > 3 * (upper - lower)[0]
    assert 0.08 < model.scorecard.noise < 0.15
    assert "between runs at the same inputs" in repr(model.scorecard)


def test_stochastic_kriging_is_tried_on_noisy_replicates_only():
    X, y = replicated()
    assert StochasticKriging().suits(X, y)
    assert not StochasticKriging().suits(X, np.sin(X[:, 0]))  # replicated, without noise
    assert not StochasticKriging().suits(X[::4], y[::4])  # never replicated


# Mixed inputs ---------------------------------------------------------------------------------------------------------


def test_integers_and_categories_are_learned_with_numbers(few_candidates):
    space = Space({"x": (0.0, 2.0), "stages": Integer(1, 6), "metal": Categorical(["steel", "copper", "tin"])})
    loss = {"steel": 1.0, "copper": 2.0, "tin": 4.0}

    def heat(frame):
        return frame["metal"].map(loss).to_numpy(dtype=float) * np.sin(frame["x"]) + 0.3 * frame["stages"] ** 2

    runs, new = LatinHypercube(80, seed=0).sample(space), LatinHypercube(300, seed=1).sample(space)
    model = Surrogate.from_runs(runs, heat(runs).to_numpy(), space)
    assert q2(heat(new).to_numpy(), model.predict(new)) > 0.99
    all_finite(model, new)
