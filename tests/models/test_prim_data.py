"""What PRIM takes, what it refuses, and what it never does to its arguments."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from surrogate import PRIM

INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]


def study(n=400, seed=0):
    generator = np.random.default_rng(seed)
    X = pd.DataFrame({"a": generator.random(n), "b": generator.integers(0, 20, n), "c": generator.random(n)})
    y = (X["a"] > 0.4) & (X["b"] <= 11) & (generator.random(n) < 0.95)
    return X, y


def trajectory(X, y, **settings):
    return PRIM(**settings).fit(X, y).trajectory_


@pytest.mark.parametrize("dtype", INTEGERS)
def test_every_integer_width_gives_the_same_boxes(dtype):
    X, y = study()
    expected = PRIM().fit(X, y)
    found = PRIM().fit(X.astype({"b": dtype}), y)
    assert found.boxes_ == expected.boxes_
    assert "b" in found.box_.limits


def test_single_precision_columns_are_peeled():
    X, y = study()
    found = PRIM().fit(X.astype({"a": "float32"}), y)
    assert found.box_.limits["a"][0] == pytest.approx(0.4, abs=0.05)
    assert found.predict(X.astype({"a": "float32"})).sum() == found.box_.statistics(X.astype({"a": "float32"}), y).n


def test_integers_that_float64_cannot_tell_apart_are_cut_where_they_differ():
    b = 2**60 + np.arange(100, dtype=np.int64)
    search = PRIM(peel_alpha=0.2, mass_min=0.1).fit(pd.DataFrame({"b": b}), b >= 2**60 + 60)
    assert search.trajectory_["density"].iloc[-1] == 1


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "boolean", "string", "category"])
def test_nullable_and_extension_dtypes_are_read(dtype):
    X, y = study()
    column = (X["b"] > 9) if dtype == "boolean" else X["b"].astype(str) if dtype == "string" else X["b"]
    assert "b" in PRIM().fit(X.assign(b=column.astype(dtype)), y).boxes_[-1].limits


def test_booleans_text_and_categories_give_sets():
    generator = np.random.default_rng(1)
    X = pd.DataFrame(
        {
            "flag": generator.random(500) < 0.5,
            "fuel": generator.choice(["gas", "coal", "wind"], 500),
            "size": pd.Categorical(generator.choice(["s", "m", "l"], 500), ["s", "m", "l"], ordered=True),
        }
    )
    y = X["flag"] & (X["fuel"] != "gas") & (X["size"] != "s")
    search = PRIM().fit(X, y)
    assert search.box_.limits == {
        "flag": frozenset({True}),
        "fuel": frozenset({"coal", "wind"}),
        "size": frozenset({"m", "l"}),
    }
    assert (search.predict(X) == y).all()


def test_an_ordered_column_keeps_neighbouring_categories():
    levels = ["1 none", "2 low", "3 mid", "4 high", "5 full"]
    x = pd.Categorical(np.repeat(levels, 40), levels, ordered=True)
    y = np.repeat([0, 1, 1, 1, 0], 40)
    assert PRIM().fit(pd.DataFrame({"x": x}), y).box_.limits == {"x": frozenset(levels[1:4])}


def test_integer_and_categorical_limits_are_pasted_too():
    # Peeling gives up a lump of mostly good rows together with a bad edge; pasting takes it back.
    generator = np.random.default_rng(0)
    pasted = []
    for _ in range(30):
        n = 120
        X = pd.DataFrame({"a": generator.integers(0, 30, n), "b": generator.integers(0, 30, n)})
        y = ((X["a"] + X["b"]) < 30) ^ (generator.random(n) < 0.1)
        with_pasting = trajectory(X, y, peel_alpha=0.2)
        without = trajectory(X, y, peel_alpha=0.2, paste_alpha=0)
        pasted.append(len(with_pasting) > len(without))
        assert with_pasting.iloc[: len(without)].equals(without)
        assert with_pasting["density"].iloc[-1] >= without["density"].iloc[-1]
    assert any(pasted)


@pytest.mark.parametrize("form", [list, np.asarray, pd.Series, lambda y: np.asarray(y, float), lambda y: y.astype(int)])
def test_cases_in_every_form_give_the_same_boxes(form):
    X, y = study()
    assert PRIM().fit(X, form(y)).boxes_ == PRIM().fit(X, y).boxes_


def test_probabilities_weigh_like_repeated_runs():
    X, y = study()
    four_times = pd.concat([X] * 4, ignore_index=True)
    quarters = np.random.default_rng(3).integers(0, 5, len(X)) * y / 4
    split = np.concatenate([quarters * 4 > i for i in range(4)])
    whole, parts = trajectory(four_times, split), trajectory(four_times, np.tile(quarters, 4))
    np.testing.assert_allclose(parts[["n", "k"]], whole[["n", "k"]])


def test_a_series_is_matched_by_its_labels_and_never_by_accident():
    X, y = study()
    expected = PRIM().fit(X, y).boxes_
    order = np.random.default_rng(0).permutation(len(X))
    assert PRIM().fit(X, y.iloc[order]).boxes_ == expected
    assert PRIM().fit(X.iloc[order], y).boxes_ == expected
    labelled = X.set_axis(np.arange(1000, 1000 + len(X)))
    with pytest.raises(ValueError, match="labels of this Series are not those of X"):
        PRIM().fit(labelled, y)
    with pytest.raises(ValueError, match="labels of this Series are not those of X"):
        PRIM().fit(X.set_axis(np.zeros(len(X), int)), y)


def test_arguments_are_not_changed():
    X, y = study()
    X_before, y_before = X.copy(deep=True), y.copy(deep=True)
    PRIM().fit(X, y)
    PRIM().fit(X, y)
    pd.testing.assert_frame_equal(X, X_before)
    pd.testing.assert_series_equal(y, y_before)


def test_constant_columns_are_ignored():
    X, y = study()
    assert PRIM().fit(X.assign(fixed=3.0, kind="x", whole=2), y).boxes_ == PRIM().fit(X, y).boxes_
    nothing = PRIM().fit(pd.DataFrame({"fixed": [1.0, 1.0, 1.0]}), [0, 1, 1])
    assert nothing.boxes_[0].limits == {}
    assert len(nothing.boxes_) == 1


def test_very_patient_peeling_needs_no_recursion():
    generator = np.random.default_rng(0)
    X = generator.random((3000, 4))
    search = PRIM(peel_alpha=0.001).fit(X, X[:, 0] > 0.5)
    assert len(search.boxes_) > 500


def test_a_cut_between_neighbouring_floats_keeps_its_rows():
    low, high = 1.0, float(np.nextafter(1.0, 2.0))
    X = pd.DataFrame({"x": [low] * 50 + [high] * 50})
    search = PRIM(peel_alpha=0.4).fit(X, X["x"] == high)
    assert search.predict(X).tolist() == (X["x"] == high).tolist()
    huge = pd.DataFrame({"x": np.repeat([-1.7e308, 1.6e308, 1.7e308], 30)})
    assert PRIM(peel_alpha=0.3).fit(huge, huge["x"] > 0).trajectory_["density"].iloc[-1] == 1


BAD = {
    "a missing number": (lambda X, y: (X.assign(a=X["a"].where(X["a"] > 0.01)), y), r"X\['a'\].*contains NaN"),
    "a missing text": (lambda X, y: (X.assign(a=[None, *["x"] * (len(X) - 1)]), y), r"X\['a'\].*contains NaN"),
    "infinity": (lambda X, y: (X.assign(a=[np.inf, *X["a"][1:]]), y), r"X\['a'\].*infinity"),
    "times": (lambda X, y: (X.assign(a=pd.Timestamp("2026-01-01")), y), r"X\['a'\].*got dtype datetime"),
    "no case": (lambda X, y: (X, np.zeros(len(X))), "y: no row is a case of interest"),
    "all cases": (lambda X, y: (X, np.ones(len(X), bool)), "y: every row is a case of interest"),
    "a constant probability": (lambda X, y: (X, np.full(len(X), 0.3)), "y: all values are 0.3"),
    "a shorter y": (
        lambda X, y: (X, y.to_numpy()[:-1]),
        "y: expected one value for each of the 400 rows of X, got 399",
    ),
    "a table as y": (lambda X, y: (X, y.to_frame()), "y: expected one column"),
    "a column vector": (lambda X, y: (X, y.to_numpy()[:, None]), r"y: expected one value a row.*y.ravel\(\)"),
    "a missing case": (lambda X, y: (X, y.astype(float).where(X["a"] > 0.01)), "y: Input y contains NaN"),
    "labels": (lambda X, y: (X, np.where(y, "yes", "no")), "y: .*compare with the label"),
    "no rows": (lambda X, y: (X[:0], y[:0]), "X: found 0 sample"),
    "no columns": (lambda X, y: (X[[]], y), "X: found 0 feature"),
    "one dimension": (lambda X, y: (X["a"].to_numpy(), y), "X: Expected 2D array"),
    "two columns of one name": (
        lambda X, y: (X.set_axis(["a", "a", "c"], axis=1), y),
        "X: columns must have different",
    ),
    "ragged rows": (lambda X, y: ([[1, 2], [3]], [0, 1]), "X: expected shape"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_searched_is_refused_with_a_reason(name):
    make, message = BAD[name]
    with pytest.raises((ValueError, TypeError), match=message):
        PRIM().fit(*make(*study()))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"peel_alpha": 0}, "peel_alpha: must be above 0 and below 0.5, got 0"),
        ({"peel_alpha": 0.5}, "peel_alpha"),
        ({"paste_alpha": -0.1}, "paste_alpha"),
        ({"mass_min": 1}, "mass_min"),
        ({"objective": "lenient3"}, "objective: must be one of"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        PRIM(**settings).fit(*study())


def test_new_rows_are_matched_by_name_or_by_position():
    X, y = study()
    search = PRIM().fit(X, y)
    expected = search.box_.contains(X)
    np.testing.assert_array_equal(search.predict(X[["c", "b", "a"]].assign(other=1)), expected)
    np.testing.assert_array_equal(search.predict(X.to_numpy()), expected)
    with pytest.raises(ValueError, match="column 'b', seen in fit, is missing"):
        search.predict(X[["a", "c"]])
    with pytest.raises(ValueError, match="X has 2 features, but PRIM is expecting 3"):
        search.predict(X.to_numpy()[:, :2])


def test_a_search_of_a_thousand_runs_takes_milliseconds():
    import time

    generator = np.random.default_rng(0)
    X = generator.random((1000, 10))
    y = (X[:, 0] > 0.5) & (X[:, 1] < 0.6)
    PRIM().fit(X, y)
    seconds = []
    for _ in range(5):
        start = time.perf_counter()
        PRIM().fit(X, y)
        seconds.append(time.perf_counter() - start)
    assert min(seconds) < 0.06  # 0.01 s alone on one core
