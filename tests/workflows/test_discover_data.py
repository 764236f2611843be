"""discover at the door: every dtype and form that tables of runs come in, and errors that name the column."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from surrogate import PRIM, discover
from surrogate.models.boxes import BaggedBoxes, CARTBoxes, ParetoBoxes

INTEGERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]


def table(n=300):
    X = pd.DataFrame(np.random.default_rng(0).random((n, 3)), columns=["a", "b", "c"])
    return X, X["a"] > 0.5


def quick(X, y, **settings):
    return discover(X, y, max_boxes=1, repeats=1, **settings)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (lambda X: np.where(X.index == 3, np.inf, X["b"]), r"X\['b'\]: .*infinity in 1 row.*row 3"),
        (lambda X: np.where(X.index == 3, np.nan, X["b"]), r"X\['b'\]: .*NaN in 1 row.*row 3"),
        (lambda X: pd.date_range("2020", periods=len(X)), r"X\['b'\]: .*datetime64"),
        (lambda X: pd.period_range("2020", periods=len(X), freq="D"), r"X\['b'\]: .*period"),
        (lambda X: [[1]] * len(X), r"X\['b'\]: .*list"),
        (lambda X: list(pd.date_range("2020", periods=len(X)).date), r"X\['b'\]: .*date"),
        (lambda X: X["a"] + 1j, r"X\['b'\]: .*complex"),
        (lambda X: pd.cut(X["a"], 4), r"X\['b'\]: .*Interval"),
    ],
)
def test_what_cannot_be_searched_is_refused_by_the_name_of_its_column(values, said):
    X, y = table()
    with pytest.raises((ValueError, TypeError), match=said):
        quick(X.assign(b=values(X)), y)


@pytest.mark.parametrize("dtype", [*INTEGERS, "Int8", "UInt16", "Int64", "int64[pyarrow]"])
def test_integers_of_every_width_give_the_same_box(dtype):
    X, y = table()
    whole = (100 * X).astype("int64")
    assert quick(whole.astype(dtype), y).box == quick(whole, y).box


@pytest.mark.parametrize(
    ("column", "limit"),
    [
        (lambda a: (a > 0.5).astype("boolean"), {True}),
        (lambda a: pd.Series(np.where(a > 0.5, "hi", "lo")).astype("string"), {"hi"}),
        (lambda a: pd.cut(a, 4, labels=list("pqrs")), {"r", "s"}),
    ],
)
def test_categories_in_every_dtype_are_sets_of_plain_values(column, limit):
    X, y = table()
    assert quick(X.assign(a=column(X["a"])), y).box.limits == {"a": frozenset(limit)}


@pytest.mark.parametrize("form", [object, "boolean", "Int64", float, list])
def test_cases_in_every_form_give_the_same_box(form):
    X, y = table()
    cases = y.tolist() if form is list else y.astype(form)
    assert quick(X, cases).box == quick(X, y).box


def test_columns_called_by_numbers_are_found_again_in_the_same_table():
    X, y = table()
    X.columns = range(3)
    study = quick(X, y.to_numpy())
    inside = study.box.contains(X)
    np.testing.assert_array_equal(inside, study.box.contains(X.rename(columns=str)))
    assert study.box.statistics(X, y.to_numpy()).n == inside.sum()
    search = PRIM().fit(X, y.to_numpy())
    np.testing.assert_array_equal(search.predict(X), search.box_.contains(X))


# Missing values


def test_runs_with_a_missing_input_are_left_out_when_asked():
    X, y = table()
    X.loc[[3, 70], "b"] = np.nan
    study = quick(X, y, missing="drop")
    kept = X["b"].notna()
    assert study.box == quick(X[kept].reset_index(drop=True), y[kept].to_numpy()).box
    assert len(study.X) == len(study.y) == 298
    with pytest.raises(ValueError, match="missing: must be one of"):
        quick(X, y, missing="impute")
    with pytest.raises(ValueError, match="missing: 2 of 300 runs have all inputs"):
        quick(X.assign(b=X["b"].where(X.index < 2)), np.arange(300) > 1, missing="drop")


def test_a_missing_category_is_a_category_when_asked():
    X, y = table()
    fuel = pd.Series(np.where(y, None, "coal"), dtype=object)
    for column in (fuel, fuel.astype("category")):
        assert quick(X.assign(a=column), y, missing="category").box.limits == {"a": frozenset({"missing"})}
    with pytest.raises(ValueError, match=r"X\['b'\]: .*NaN"):
        quick(X.assign(b=X["b"].where(y)), y, missing="category")


# Weights


@pytest.mark.parametrize("finder", [BaggedBoxes(n_bags=10), ParetoBoxes()])
def test_boxes_of_boxes_count_weights(finder):
    X, y = table()
    weights = np.random.default_rng(1).random(len(X)) + 0.5
    weights /= weights.mean()
    search = finder.fit(X, y, sample_weight=weights)
    for box, (_, row) in zip(search.boxes_, search.trajectory_.iterrows(), strict=True):
        inside = box.contains(X)
        assert row["n"] == pytest.approx(weights[inside].sum(), rel=1e-6)
        assert row["k"] == pytest.approx(weights[inside & y].sum(), rel=1e-6)
    assert set(search.box_.limits) == {"a"}


def test_rows_without_weight_play_no_part_in_pareto_boxes():
    X, y = table()
    weights = np.where(X["c"] < 0.5, 1.0, 0.0)
    kept = weights > 0
    weighted = ParetoBoxes().fit(X, y, sample_weight=weights)
    alone = ParetoBoxes().fit(X[kept].reset_index(drop=True), y[kept].to_numpy())
    assert weighted.box_.contains(X)[kept].tolist() == alone.box_.contains(X)[kept].tolist()


# CART


def test_the_leaves_of_a_tree_part_the_runs():
    X, y = table()
    tree = CARTBoxes().fit(X, y)
    assert sum(leaf.contains(X).astype(int) for leaf in tree.leaves_).tolist() == [1] * len(X)
    assert all(leaf.limits for leaf in tree.leaves_)
