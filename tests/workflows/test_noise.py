"""What is promised where the errors of the runs' answers are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from surrogate import Surrogate, TransferSet
from surrogate.models.emulators import GaussianProcess, StochasticKriging, selection
from surrogate.models.emulators.restricted_likelihood import RestrictedLikelihood
from surrogate.models.emulators.stochastic_kriging import KnownNoise

BOUNDS = {"a": (0.0, 1.0), "b": (0.0, 1.0)}


def truth(X):
    return np.sin(5.0 * X[:, 0]) + X[:, 1]


def noisy(n, seed):
    rng = np.random.default_rng(seed)
    X = rng.random((n, 2))
    std = 0.05 + 0.5 * X[:, 1]
    return X, truth(X) + std * rng.normal(size=n), std


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """The choice between all kinds has its own tests."""

    def few(n, seed):
        return {
            "gaussian_process": GaussianProcess("matern52", n_starts=1),
            "stochastic_kriging": StochasticKriging(n_starts=1),
        }

    monkeypatch.setattr(selection, "default_candidates", few)


def test_knowing_the_noise_of_each_run_makes_the_mean_more_accurate():
    fresh = np.random.default_rng(99).random((500, 2))
    errors = []
    for seed in range(4):
        X, y, std = noisy(40, seed)
        models = GaussianProcess(n_starts=1), StochasticKriging(n_starts=1, noise=KnownNoise(X, std))
        errors.append([np.sqrt(np.mean((one.fit(X, y).predict(fresh) - truth(fresh)) ** 2)) for one in models])
    without, with_noise = np.median(errors, axis=0)
    assert with_noise < 0.95 * without


def test_the_gradient_of_the_likelihood_with_known_noise_is_that_of_differences():
    X, y, std = noisy(25, 0)
    objective = RestrictedLikelihood(X, (y - y.mean()) / y.std(), "matern52", std / std.mean(), 0.05)
    at = np.array([0.1, 0.5, -2.0])
    steps = 1e-6 * np.eye(3)
    slope = [(objective(at + step)[0] - objective(at - step)[0]) / 2e-6 for step in steps]
    np.testing.assert_allclose(objective(at)[1], slope, rtol=1e-4)


def test_a_known_noise_is_told_apart_from_the_error_of_the_mean():
    X, y, std = noisy(30, 1)
    model = Surrogate.from_runs(X, y, BOUNDS, noise=std)
    card = model.scorecard
    assert card.noise == pytest.approx(np.sqrt(np.mean(std**2)))
    assert "in every error above" in repr(card)
    assert "stochastic_kriging" in set(card.candidates["name"])
    assert Surrogate.from_runs(X, y, BOUNDS).scorecard.noise == 0.0


def test_noise_is_a_number_an_array_a_column_an_output_or_a_dict_of_these():
    X, y, std = noisy(20, 2)
    table = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": y, "error": std})
    models = [
        Surrogate.from_runs(X, y, BOUNDS, noise=std),
        Surrogate.from_runs(table, "y", noise="error"),
        Surrogate.from_runs(TransferSet.from_frame(X, {"y": y, "error": std}, space=BOUNDS), noise={"y": "error"}),
    ]
    for model in models:
        assert model.outputs[0].startswith("y")
        assert len(model.outputs) == 1
        assert model.space.names in (("a", "b"), ("x1", "x2"))
        assert model.scorecard.noise == pytest.approx(np.sqrt(np.mean(std**2)))
    np.testing.assert_allclose(models[0].predict(X), models[2].predict(X), rtol=1e-9)
    assert Surrogate.from_runs(X, y, BOUNDS, noise=0.3).scorecard.noise == pytest.approx(0.3)


def test_noise_goes_with_its_runs_where_some_failed():
    X, y, std = noisy(30, 3)
    y[4] = np.nan
    card = Surrogate.from_runs(X, y, BOUNDS, noise=std).scorecard
    assert card.n_failed == 1
    assert card.noise == pytest.approx(np.sqrt(np.mean(np.delete(std, 4) ** 2)))


def test_a_simulator_says_how_uncertain_it_is():
    def simulator(a, b, seed):
        scatter = np.random.default_rng(seed).normal(size=16)
        return {"y": a + b + scatter.mean(), "y_error": scatter.std() / 4}

    model = Surrogate.fit(simulator, BOUNDS, n=20, noise={"y": "y_error"})
    assert model.outputs == ("y",)
    assert 0.15 < model.scorecard.noise < 0.35


@pytest.mark.parametrize(
    ("noise", "error", "message"),
    [
        (-0.1, ValueError, "noise.*not negative; got -0.1"),
        (np.full(3, 0.1), ValueError, r"noise\['y'\]: one number a run is needed, shape \(30,\); got shape \(3,\)"),
        ("sd", ValueError, "'sd' is neither an output of the runs"),
        ({"z": 0.1}, ValueError, "noise: 'z' is not an output in numbers that is fitted; there are y"),
        (True, TypeError, "noise.*a standard deviation, one a run"),
    ],
)
def test_what_is_no_noise_is_refused(noise, error, message):
    X, y, _ = noisy(30, 4)
    with pytest.raises(error, match=message):
        Surrogate.from_runs(X, y, BOUNDS, noise=noise)


def test_noise_is_checked_before_the_simulator_runs():
    def never(a, b):
        raise AssertionError

    for noise, more, message in (
        ([0.1, 0.2], {}, "noise: a number or the name of an output is needed before the runs are made; got list"),
        (0.1, {"budget": 100, "target": 0.9}, "noise: runs that are chosen in batches do not use it"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            Surrogate.fit(never, BOUNDS, noise=noise, **more)
