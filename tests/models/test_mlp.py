"""The neural network: the numpy record is scikit-learn's own network."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from surrogate.models.emulators import MLP
from surrogate.models.records.mlp import ACTIVATIONS


def runs(n=60, seed=0):
    X = np.random.default_rng(seed).random((n, 3))
    return X, np.sin(4 * X[:, 0]) + X[:, 1] * X[:, 2]


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("hidden", [(5,), (6, 4), (4, 3, 2)])
def test_the_record_predicts_as_scikit_learn_does(activation, hidden):
    X, y = runs()
    new = np.random.default_rng(1).uniform(-0.5, 1.5, (100, 3))
    model = MLP(hidden=hidden, activation=activation, max_iter=50).fit(X, y)
    record = model.record_
    networks = model._train((X - record.location) / record.width, (y - y.mean()) / y.std())
    theirs = np.mean([network.predict((new - record.location) / record.width) for network in networks], axis=0)
    assert_allclose(model.predict(new), y.mean() + y.std() * theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_the_gradient_is_that_of_the_prediction(activation):
    X, y = runs()
    record = MLP(hidden=(6, 4), activation=activation, max_iter=50).fit(X, y).record_
    gradient, step = record.gradient(X), 1e-6
    for j in range(3):
        shift = step * np.eye(3)[j]
        difference = (record.predict(X + shift) - record.predict(X - shift)) / (2 * step)
        assert_allclose(gradient[:, j], difference, rtol=1e-6, atol=1e-6)


def test_a_smooth_function_is_learned():
    new, truth = runs(n=500, seed=1)
    assert MLP().fit(*runs()).score(new, truth) > 0.995


def test_extreme_inputs_do_not_overflow():
    model = MLP(activation="logistic", max_iter=50).fit(*runs())
    assert np.all(np.isfinite(model.predict([[1e300, -1e300, 0.0]])))


@pytest.mark.parametrize(
    ("wrong", "message"), [({"activation": "step"}, "activation.*tanh"), ({"n_members": 0}, "n_members")]
)
def test_settings_that_are_not_allowed_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        MLP(**wrong).fit(*runs())


def test_layers_that_do_not_fit_together_are_refused():
    record = MLP(max_iter=20).fit(*runs()).record_
    with pytest.raises(ValueError, match="layers of shapes"):
        replace(record, weights=record.weights[::-1])
