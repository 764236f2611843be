"""Each run is predicted once, by a model that has not seen it or its equal."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsRegressor

from surrogate.validation import cross_validate, folds


@given(n=st.integers(2, 60), distinct=st.integers(2, 60), k=st.integers(2, 12), seed=st.integers(0, 5))
def test_folds_part_the_runs_and_keep_equal_rows_together(n, distinct, k, seed):
    X = (np.arange(max(n, distinct)) % distinct).astype(float)[:, None]
    splits = folds(X, k, seed)
    assert len(splits) == min(k, distinct)
    assert sorted(np.concatenate([test for _, test in splits])) == list(range(len(X)))
    for train, test in splits:
        assert not set(X[train, 0]) & set(X[test, 0])
        assert len(train) + len(test) == len(X)


def test_folds_are_shuffled_seeded_and_as_equal_as_can_be():
    X = np.arange(97.0)[:, None]
    sizes = [len(test) for _, test in folds(X)]
    assert len(sizes) == 10
    assert max(sizes) - min(sizes) <= 1
    assert len(folds(np.arange(101.0)[:, None])) == 5
    tests = [[test.tolist() for _, test in folds(X, seed=seed)] for seed in (0, 0, 1)]
    assert tests[0] == tests[1] != tests[2]
    assert tests[0][0] != list(range(11))


def test_one_row_repeated_cannot_be_cross_validated():
    with pytest.raises(ValueError, match="at least 2 different rows; got 1"):
        folds(np.ones((5, 2)))
    with pytest.raises(ValueError, match="k: at least 2"):
        folds(np.eye(5), k=1)


def test_a_memory_cannot_look_good_on_replicates():
    rng = np.random.default_rng(0)
    X = np.repeat(rng.random((40, 2)), 2, axis=0)
    y = np.repeat(rng.normal(size=40), 2)
    out = cross_validate(KNeighborsRegressor(1), X, y, folds(X))
    assert np.mean((out.prediction - y) ** 2) > y.var()


def test_predictions_are_those_of_models_fitted_without_the_fold():
    rng = np.random.default_rng(0)
    X, y = rng.random((30, 2)), rng.random(30)
    splits = folds(X, 3)
    out = cross_validate(LinearRegression(), X, y, splits)
    for number, (train, test) in enumerate(splits):
        expected = LinearRegression().fit(X[train], y[train]).predict(X[test])
        np.testing.assert_array_equal(out.prediction[test], expected)
        assert set(out.fold[test]) == {number}
    assert np.isnan(out.std).all()


def test_folds_can_be_done_in_two_parts():
    rng = np.random.default_rng(0)
    X, y = rng.random((30, 2)), rng.random(30)
    splits = folds(X, 5)
    first = cross_validate(LinearRegression(), X, y, splits[:2])
    assert first.reached.sum() == 12
    both = cross_validate(LinearRegression(), X, y, splits[2:], so_far=first)
    whole = cross_validate(LinearRegression(), X, y, splits)
    np.testing.assert_array_equal(both.prediction, whole.prediction)
    np.testing.assert_array_equal(both.fold, whole.fold)
    assert len(both.fit_seconds) == 5


class Endless(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.full(len(X), np.inf)


def test_a_prediction_that_is_not_finite_is_an_error():
    X = np.arange(4.0)[:, None]
    with pytest.raises(ValueError, match="Endless: a prediction is not finite"):
        cross_validate(Endless(), X, X[:, 0], folds(X, 2))
