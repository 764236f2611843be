"""Models of every kind over a space with every kind of input, and names that try to break out of a file."""

from __future__ import annotations

import numpy as np
import pytest

from surrogate import Categorical, Integer, Real, Space
from surrogate.models.emulators import (
    MLP,
    RBF,
    BoostedTrees,
    GaussianProcess,
    Kriging,
    PolynomialChaos,
    StochasticKriging,
    Warped,
)
from surrogate.models.records import Constant

NASTY = 'k */ ??/ "x" \' \\ </script>\n" + 1'


@pytest.fixture(scope="session")
def space():
    return Space(
        {
            "a": Real(0.1, 0.45, unit="1/year"),
            NASTY: Real(1e-9, 1e-3, log=True),
            "n": Integer(2, 9),
            "fuel": Categorical(["gas", "coal's", "oil"]),
        }
    )


@pytest.fixture(scope="session")
def records(space):
    rng = np.random.default_rng(0)
    F = space.features(space.from_unit(rng.random((150, 4))))
    y = np.sin(5 * F[:, 0]) + F[:, 1] ** 2 + F[:, 2] * F[:, 3]
    noisy = y + 0.1 * rng.standard_normal(len(y))
    return {
        "trees": BoostedTrees(n_trees=150).fit(F, y).record_,
        "tree": BoostedTrees(n_trees=1, max_depth=6, learning_rate=1.0).fit(F, y).record_,
        "matern52": GaussianProcess(kernel="matern52").fit(F, noisy).record_,
        "matern72": GaussianProcess(kernel="matern72").fit(F, y).record_,
        "squared_exponential": GaussianProcess(kernel="squared_exponential").fit(F, y).record_,
        "tanh": MLP(max_iter=30).fit(F, y).record_,
        "relu": MLP(activation="relu", n_members=1, hidden=(16,), max_iter=30).fit(F, y).record_,
        "logistic": MLP(activation="logistic", max_iter=30).fit(F, y).record_,
        "chaos": PolynomialChaos().fit(F, y).record_,
        "universal": Kriging("linear").fit(F, y).record_,
        "cubes": RBF().fit(F, y).record_,
        "distances": RBF().fit(F[:9], y[:9]).record_,
        "noisy": StochasticKriging().fit(F, noisy).record_,
        "logarithm": Warped(PolynomialChaos(), "log").fit(F, np.exp(3 * y)).record_,
        "below": Warped(BoostedTrees(n_trees=20), "log").fit(F, -np.exp(y)).record_,
        "skewed": Warped(RBF(), "yeo_johnson").fit(F, y**3 - 0.4).record_,
        "flat */ \\": Constant(value=-2.5, spread=0.0, n_inputs=6),
    }
