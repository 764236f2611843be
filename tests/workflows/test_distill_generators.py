"""Where the further rows of a distillation come from, and the student as rules."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_wine, make_friedman1
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from surrogate import LatinHypercube, distill
from surrogate.design import Bootstrap, KernelDensity, Munge, RightRows
from surrogate.models.rules import AlternatingTreeClassifier

TREE = DecisionTreeClassifier(max_leaf_nodes=8, random_state=0)


def wine(train=100):
    X, y = load_wine(return_X_y=True)
    return train_test_split(X, y, train_size=train, stratify=y, random_state=0)


def forest(X, y):
    return RandomForestClassifier(30, random_state=0).fit(X, y)


def mixed(n=300):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"age": rng.integers(18, 80, n), "income": rng.lognormal(size=n),
                      "town": rng.choice(["a", "b", "c"], n)}, index=rng.permutation(n))  # fmt: skip
    y = pd.Series(np.where((X["age"] > 50) ^ (X["town"] == "a"), "yes", "no"), index=X.index)
    return X, y


def encoded(model):
    return make_pipeline(make_column_transformer((OneHotEncoder(), ["town"]), remainder="passthrough"), model)


# Generators ----------------------------------------------------------------------------------------------------------


def test_the_best_generator_is_chosen_on_rows_of_the_data():
    X, X_test, y, y_test = wine()
    result = distill(forest(X, y), TREE, X, y, test=(X_test, y_test), generator="auto", n=500, seed=0)
    table = result.generators
    assert {
        "none",
        "munge",
        "kernel_density",
        "gaussian_mixture",
        "box_sampling",
        "boundary",
        "leaf_sampling",
        "right_rows",
    } <= set(table["name"])
    mean = (table["fidelity"] + table["score"]) / 2
    assert mean.iloc[0] == mean.max()
    assert table["chosen"].sum() == 1
    chosen = table.loc[table["chosen"], "name"].item()
    assert chosen in ("munge", table["name"].iloc[0])
    assert type(result.learned.generator).__name__.lower() == chosen.split(",")[0].replace("_", "").replace(
        "none", "nonetype"
    )
    assert distill(forest(X, y), TREE, X, y, test=(X_test, y_test), n=10, seed=0).generators is None


@pytest.mark.parametrize("generator", [KernelDensity(), Bootstrap(), LatinHypercube(1), Munge(local_variance=1.0)])
def test_any_design_generates(generator):
    X, X_test, y, y_test = wine()
    result = distill(forest(X, y), TREE, X, y, test=(X_test, y_test), generator=generator, n=150, seed=0)
    assert (result.transfer.origin == "generated").sum() == 150
    assert not hasattr(generator, "table_")  # a copy was fitted


def test_right_rows_are_told_from_wrong_ones_by_copies_of_the_teacher_that_had_not_seen_them():
    rng = np.random.default_rng(0)
    X = rng.random((150, 2))
    wrong = (X[:, 0] < 0.5) & (rng.random(150) < 0.3)
    y = (X[:, 0] > 0.5) ^ wrong
    X_test = rng.random((200, 2))
    result = distill(forest(X, y), TREE, X, y, test=(X_test, X_test[:, 0] > 0.5), generator=RightRows(Bootstrap()),
                     n=500, seed=0)  # fmt: skip
    new = result.transfer.X[result.transfer.origin == "generated"]
    kept = (X[:, None] == new).all(axis=2).any(axis=1)
    told = result.transfer.answers[:150].argmax(axis=1)
    assert set(result.transfer.label_source[:150]) == {"teacher out of fold"}
    assert not kept[told != y].any()
    assert kept[told == y].mean() > 0.9
    with pytest.raises(ValueError, match="true labels are needed"):
        distill(forest(X, y), TREE, X, generator=RightRows(), n=10, seed=0)


def test_in_regression_rows_of_outstanding_error_are_wrong():
    X = np.linspace(0, 1, 100)[:, None]
    y = X[:, 0] + 0.01 * np.random.default_rng(0).normal(size=100)
    y[50] += 5
    test = X + 0.001
    result = distill(LinearRegression().fit(X, y), DecisionTreeRegressor(max_leaf_nodes=8), X, y, test=(test, test),
                     generator=RightRows(Bootstrap()), n=2000, seed=0)  # fmt: skip
    assert not (result.transfer.X[100:] == X[50]).any()


def test_own_generators_need_fit_and_sample_alone():
    class Shaken:
        def fit(self, X):
            self.X = X
            return self

        def sample(self, n, seed):
            rng = np.random.default_rng(seed)
            return self.X[rng.integers(len(self.X), size=n)] + rng.normal(0, 0.01, (n, self.X.shape[1]))

    X, X_test, y, y_test = wine()
    result = distill(forest(X, y), TREE, X, y, test=(X_test, y_test), generator=Shaken(), n=100, seed=0)
    assert len(result.transfer) == 200


# Rules ---------------------------------------------------------------------------------------------------------------


def test_trees_are_told_as_rules_with_what_they_are_worth_on_the_test_rows():
    X, X_test, y, y_test = wine()
    result = distill(forest(X, y), TREE, X, y, test=(X_test, y_test), n=800, seed=0)
    rules = result.rules()
    assert (rules.predict(X_test) == result.predict(X_test)).all()
    assert sum(rule.evidence.rows for rule in rules) == len(X_test)
    right = sum(rule.evidence.rows * rule.evidence.precision[0] for rule in rules)
    assert right == pytest.approx((result.predict(X_test) == y_test).sum())
    same = sum(rule.evidence.rows * rule.evidence.fidelity[0] for rule in rules)
    assert same == pytest.approx((result.predict(X_test) == result.teacher.model.predict(X_test)).sum())


def test_rules_without_test_rows_are_counted_on_generated_rows_that_were_not_learned_from():
    X, y = mixed(80)
    teacher = encoded(RandomForestClassifier(10, random_state=0)).fit(X, y)
    rules = distill(teacher, AlternatingTreeClassifier(4), X, y, n=100, seed=0).rules()
    assert rules.rules[0].evidence.fidelity is not None
    assert rules.rules[0].evidence.precision is None
    Z, y = make_friedman1(80, random_state=0)
    numbers = RandomForestRegressor(5, random_state=0).fit(Z, np.column_stack([y, Z[:, 0]]))
    result = distill(numbers, DecisionTreeRegressor(max_leaf_nodes=8), pd.DataFrame(Z), n=100, seed=0)
    assert result.rules("y2").predict(Z) == pytest.approx(result.predict(pd.DataFrame(Z))[:, 1])
    with pytest.raises(ValueError, match=r"one of \['y1', 'y2'\]"):
        result.rules()
    with pytest.raises(TypeError, match="one fitted tree is needed"):
        distill(lambda X: X[:, 0], LinearRegression(), Z, n=10, seed=0).rules()
