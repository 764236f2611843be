"""Distillation: which rows are the same, and that no student learns those it is tested on."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

from surrogate import distill
from surrogate.workflows.labelled_rows import repeats, row_keys

TREE = DecisionTreeClassifier(max_leaf_nodes=8, random_state=0)


def data(n=60, seed=0):
    X = np.random.default_rng(seed).random((n, 3))
    return X, (X[:, 0] > 0.5).astype(int)


def forest(X, y):
    return RandomForestClassifier(5, random_state=0).fit(X, y)


SPLITS = """
import numpy as np
from surrogate.workflows.lesson import splits
X = np.random.default_rng(0).random((40, 2))
print([test.tolist() for _, test in splits(X, None, 5, 0)])
"""


def test_folds_are_the_same_in_every_process():
    said = {
        subprocess.run(
            [sys.executable, "-c", SPLITS], env={**os.environ, "PYTHONHASHSEED": salt}, capture_output=True, check=True
        ).stdout
        for salt in ("1", "2")
    }
    assert len(said) == 1


def test_equal_rows_have_equal_keys_in_every_container():
    X = np.array([[1.0, -0.0], [2.5, 3.0], [1.0, 0.0]])
    keys = row_keys(X)
    assert keys[0] == keys[2] != keys[1]
    for same in (X.astype(object), pd.DataFrame(X), pd.DataFrame(X).astype(object), pd.DataFrame(X).astype("Float64")):
        assert (row_keys(same) == keys).all()
    names = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})
    assert (row_keys(names.astype({"a": int, "b": "category"})) == row_keys(names)).all()


@pytest.mark.parametrize("dtype", ["float32", object])
def test_test_rows_in_another_dtype_are_still_found_in_the_data(dtype):
    X, y = data()
    assert repeats(X[:10].astype(dtype), X).all()
    with pytest.raises(ValueError, match="test: 10 of its 10 rows are also in X"):
        distill(forest(X, y), TREE, X, y, test=(X[:10].astype(dtype), y[:10]), n=10, seed=0)


def test_a_pool_that_holds_the_data_brings_no_held_out_row_into_a_fold(monkeypatch):
    from surrogate.workflows.lesson import Lesson

    X, y = data(40)
    taught, run = [], Lesson.run

    def watched(self, teacher, X, *rest, **more):
        learned = run(self, teacher, X, *rest, **more)
        taught.append((self.avoided, learned.transfer.X))
        return learned

    monkeypatch.setattr(Lesson, "run", watched)
    distill(forest(X, y), TREE, X, y, unlabelled=X.copy(), n=50, seed=0)
    assert len(taught) == 6
    for avoided, rows in taught[:-1]:
        assert len(avoided) == 8
        assert not repeats(rows, avoided).any()


def test_on_discrete_rows_nothing_held_out_or_unused_was_taught():
    X = np.random.default_rng(0).integers(0, 4, (150, 3)).astype(float)
    y = (X.sum(axis=1) > 4).astype(int)
    held = repeats(X, X[:20])
    result = distill(forest(X, y), TREE, X[~held], y[~held], test=(X[held], y[held]), n=100, seed=0)
    assert not repeats(result.learned.unused, result.transfer.X).any()
    assert result.lesson.avoided is result.held_out.X  # also for `stability`


def test_the_choice_of_a_generator_tests_on_rows_that_no_trial_was_taught(monkeypatch):
    from surrogate.workflows.lesson import Lesson

    X, y = data(40)
    run, trials = Lesson.run, []

    def watched(self, *rest, controls=True, **more):
        learned = run(self, *rest, controls=controls, **more)
        if not controls:
            trials.append(repeats(learned.transfer.X, self.avoided).any())
        return learned

    monkeypatch.setattr(Lesson, "run", watched)
    distill(forest(X, y), TREE, X, y, unlabelled=X.copy(), test=(X + 1e-3, y), generator="auto", n=20, seed=0)
    assert trials
    assert not any(trials)
