"""Composite Gaussian processes: fewer runs where something is local, plain kriging where nothing is."""

from __future__ import annotations

import numpy as np
import pytest

from surrogate.design import LatinHypercube
from surrogate.models.emulators import Composite, Kriging
from surrogate.models.emulators.candidates import default_candidates
from surrogate.models.emulators.composite_likelihood import CompositeLikelihood
from surrogate.models.emulators.selection import select
from surrogate.models.records import CompositeRecord, KrigingRecord
from surrogate.models.records.composite import anchor_weights
from surrogate.space import Space
from surrogate.workflows.learning import candidates_for_chosen_runs, leave_one_out

NEW = np.random.default_rng(9).random((1000, 2))


def square(n, seed=0):
    return LatinHypercube(n, seed=seed).sample(Space.from_bounds([(0.0, 1.0)] * 2)).to_numpy()


def bump(X):
    return X[:, 0] + np.sin(2 * X[:, 1]) + 2 * np.exp(-((X - [0.6, 0.4]) ** 2).sum(axis=1) / (2 * 0.08**2))


def smooth(X):
    return np.sin(3 * X[:, 0]) + X[:, 1] ** 2


def lost(model, f):
    truth = f(NEW)
    return np.mean((model.record_.predict(NEW) - truth) ** 2) / truth.var()


@pytest.fixture(scope="module")
def fitted():
    X = square(90)
    return X, Composite().fit(X, bump(X))


def test_a_bump_on_a_trend_is_learned_far_better_than_by_one_length_scale(fitted):
    X, model = fitted
    assert isinstance(model.record_, CompositeRecord)
    assert lost(model, bump) < 0.2 * lost(Kriging().fit(X, bump(X)), bump)


def test_the_stated_error_is_small_where_nothing_happens(fitted):
    std = fitted[1].record_.std(NEW)
    near = np.hypot(*(NEW - [0.6, 0.4]).T) < 0.15
    far = np.hypot(*(NEW - [0.6, 0.4]).T) > 0.35
    assert np.median(std[near]) > 5 * np.median(std[far])


def test_a_smooth_output_gets_the_record_of_plain_kriging():
    X = np.random.default_rng(0).random((40, 4))
    y = X @ [1.0, 2.0, -1.0, 0.5] + X[:, 0] * X[:, 1]
    composite, plain = Composite().fit(X, y).record_, Kriging().fit(X, y).record_
    assert isinstance(composite, KrigingRecord)
    np.testing.assert_array_equal(composite.predict(X + 0.01), plain.predict(X + 0.01))


def test_the_gradient_of_the_likelihood_is_its_slope():
    rng = np.random.default_rng(0)
    X = rng.random((12, 2))
    share = anchor_weights(X, X[:3], np.array([0.3, 0.4]))
    likelihood = CompositeLikelihood(X, rng.normal(size=12), "matern52", share)
    at = 0.3 * rng.normal(size=9)
    at[2] = -2.0
    steps = 1e-5 * np.eye(9)
    slope = [(likelihood(at + step)[0] - likelihood(at - step)[0]) / 2e-5 for step in steps]
    np.testing.assert_allclose(likelihood(at)[1], slope, rtol=1e-6, atol=1e-6)


def test_closed_leave_one_out_errors_are_those_of_the_posterior(fitted):
    X, model = fitted
    errors = leave_one_out(model, X, bump(X))
    record = model.record_
    z = (X - record.location) / record.width
    K = record._covariances(z) + record.nugget * np.eye(len(X))
    rest = np.arange(len(X)) != 7
    inverse, ones = np.linalg.inv(K[np.ix_(rest, rest)]), np.ones(len(X) - 1)
    level = ones @ inverse @ bump(X)[rest] / (ones @ inverse @ ones)
    predicted = level + K[7, rest] @ inverse @ (bump(X)[rest] - level)
    assert errors[7] == pytest.approx(bump(X)[7] - predicted, rel=1e-3, abs=1e-7)


def test_it_is_tried_where_runs_were_chosen_and_a_default_choice_can_be_exported():
    assert "composite" in candidates_for_chosen_runs(60, 0)
    assert "composite" not in default_candidates(60)
    assert Composite().suits(np.zeros((500, 2)), np.zeros(500))
    assert not Composite().suits(np.zeros((501, 2)), np.zeros(501))


def test_the_choice_between_emulators_takes_it_for_a_bump():
    X = square(90)
    candidates = {
        name: emulator
        for name, emulator in candidates_for_chosen_runs(90, 0).items()
        if name in ("kriging", "composite")
    }
    assert select(candidates, X, bump(X)).kind == "composite"


def test_a_resumed_search_ends_where_the_first_one_did(fitted):
    X, model = fitted
    again = model.resumed().fit(X, bump(X))
    assert lost(again, bump) < 3 * lost(model, bump)


def test_what_was_hopeless_is_tried_again_with_half_as_many_runs_more():
    X = np.random.default_rng(0).random((40, 6))
    y = X[:, 0] + X[:, 1] ** 2
    model = Composite(kernel="matern52", n_starts=1).fit(X, y)
    assert model.evidence_ < -10.0
    assert model.resumed().fit(X[:39], y[:39]).evidence_ == -np.inf
    more = np.vstack([X, X[:20] + 0.01])
    assert np.isfinite(model.resumed().fit(more, more[:, 0] + more[:, 1] ** 2).evidence_)
