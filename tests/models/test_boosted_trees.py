"""Boosted trees: the numpy record walks xgboost's own trees."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import xgboost
from numpy.testing import assert_allclose, assert_array_equal

from surrogate.models.emulators import BoostedTrees


def runs(n=200, p=4, seed=0):
    X = np.random.default_rng(seed).random((n, p))
    return X, np.sin(6 * X[:, 0]) + (X[:, 1] > 0.4) * X[:, 2]


def by_xgboost(model, X, y, new):
    """What xgboost itself predicts, in the unit of the output."""
    record = model.record_
    booster = model._boost((X - record.location) / record.width, (y - y.mean()) / y.std())
    scaled = xgboost.DMatrix((new - record.location) / record.width)
    return y.mean() + y.std() * booster.predict(scaled).astype(np.float64), booster.predict(scaled, pred_leaf=True)


@pytest.mark.parametrize("max_depth", [1, 3, 8])
def test_the_record_predicts_as_xgboost_does(max_depth):
    X, y = runs()
    new = np.random.default_rng(1).uniform(-0.2, 1.2, (500, 4))
    model = BoostedTrees(max_depth=max_depth).fit(X, y)
    theirs, _ = by_xgboost(model, X, y, new)
    assert_allclose(model.predict(new), theirs, rtol=0, atol=1e-5 * y.std())


def test_rows_on_a_threshold_fall_where_xgboost_puts_them():
    """Single leaf values differ by far more than rounding, so one wrong turn would show."""
    X = np.random.default_rng(0).integers(0, 5, (300, 3)).astype(float)
    y = X[:, 0] + 3 * (X[:, 1] >= 2) - 2.0 * (X[:, 2] > 3)
    model = BoostedTrees(n_trees=20, subsample=1.0).fit(X, y)
    edges = model.record_.threshold[model.record_.feature == 0].astype(np.float64)
    low, width = model.record_.location[0], model.record_.width[0]
    around = np.concatenate([edges, np.nextafter(edges.astype(np.float32), -np.inf), edges + 1e-9])
    new = np.column_stack([low + width * around, np.full((len(around), 2), 2.0)])
    theirs, _ = by_xgboost(model, X, y, new)
    assert_allclose(model.predict(new), theirs, rtol=0, atol=1e-5 * y.std())


def test_missing_features_take_the_direction_that_xgboost_learned():
    X, y = runs()
    model = BoostedTrees().fit(X, y)
    new = X.copy()
    new[::3, 0] = np.nan
    new[::5, 2] = np.nan
    theirs, _ = by_xgboost(model, X, y, new)
    assert_allclose(model.record_.predict(new), theirs, rtol=0, atol=1e-5 * y.std())


def test_leaves_are_reached_whatever_the_depth_of_a_tree():
    X, y = runs()
    model = BoostedTrees(max_depth=6).fit(X, y)
    record = model.record_
    assert_array_equal(replace(record, depth=record.depth + 3).predict(X), record.predict(X))
    assert_array_equal(replace(record, depth=record.depth - 1).predict(X) == record.predict(X), np.zeros(len(X), bool))


def test_threads_do_not_change_the_answer():
    X, y = runs()
    one, two = (BoostedTrees(n_trees=25, n_jobs=n).fit(X, y).predict(X) for n in (1, 2))
    assert_array_equal(one, two)


def test_a_jump_is_found_where_it_is():
    X = np.random.default_rng(0).random((100, 5))
    new = np.random.default_rng(1).random((1000, 5))
    new = new[np.abs(new[:, 3] - 0.5) > 0.05]
    predicted = BoostedTrees().fit(X, X[:, 3] > 0.5).predict(new)
    assert_array_equal(predicted > 0.5, new[:, 3] > 0.5)


def test_features_that_differ_in_the_tenth_digit_are_told_apart():
    """In float32 alone these features would all be equal."""
    X = 1e6 + 1e-4 * np.linspace(0, 1, 100)[:, None]
    y = np.arange(100) >= 50
    assert BoostedTrees().fit(X, y).score(X, y) > 0.99


def test_many_runs_are_learned_too():
    X, y = runs(n=6000)
    new, truth = runs(n=500, seed=1)
    assert BoostedTrees().fit(X, y).score(new, truth) > 0.99


def test_a_table_that_points_outside_itself_is_refused():
    record = BoostedTrees(n_trees=3).fit(*runs()).record_
    wrong = record.children.copy()
    wrong[0, 0] = len(wrong)
    with pytest.raises(ValueError, match=r"boosted_trees\.children"):
        replace(record, children=wrong)
