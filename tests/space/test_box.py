"""A box holds exactly the rows within its limits, and its numbers are those of the literature."""

from __future__ import annotations

import math
import sqlite3

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from surrogate import Box


def made(n=200, seed=0):
    rng = np.random.default_rng(seed)
    X = pd.DataFrame({"a": rng.random(n), "n": rng.integers(0, 10, n), "fuel": rng.choice(["gas", "coal", "it's"], n)})
    return X, (X["a"] < 0.4) & (X["n"] >= 3) & (rng.random(n) < 0.9)


BOX = Box(
    {"a": (-math.inf, 0.4), "n": (3, 8), "fuel": {"gas", "it's"}, "free": (-math.inf, math.inf)}, units={"a": "m"}
)


def test_limits_are_inclusive_and_open_ones_are_left_out():
    assert list(BOX.limits) == ["a", "n", "fuel"]
    box = Box({"a": (0.2, 0.4)})
    assert box.contains({"a": np.array([0.2, 0.4, 0.1999999, np.nextafter(0.4, 1), np.nan])}).tolist() == [
        True, True, False, False, False,
    ]  # fmt: skip


def test_statistics_are_a_recount():
    X, y = made()
    inside = (X["a"] <= 0.4) & X["n"].between(3, 8) & X["fuel"].isin(["gas", "it's"])
    s = BOX.statistics(X, y)
    assert (s.n, s.k, s.n_restricted) == (inside.sum(), (inside & y).sum(), 3)
    assert s.coverage == pytest.approx((inside & y).sum() / y.sum())
    assert s.density == s["density"] == pytest.approx((inside & y).sum() / inside.sum())
    assert s.mass == pytest.approx(inside.mean())
    assert s.lift == pytest.approx(s.density / y.mean())
    assert dict(s)["n"] == s.n


def test_quasi_p_is_the_binomial_tail_at_the_density_without_the_limit():
    X, y = made()
    s = BOX.statistics(X, y)
    without_a = X["n"].between(3, 8) & X["fuel"].isin(["gas", "it's"])
    assert math.isnan(s.quasi_p["a"][0])
    assert s.quasi_p["a"][1] == pytest.approx(stats.binom.sf(s.k - 1, s.n, y[without_a].mean()), rel=1e-9)
    without_low = (X["a"] <= 0.4) & (X["n"] <= 8) & X["fuel"].isin(["gas", "it's"])
    assert s.quasi_p["n"][0] == pytest.approx(stats.binom.sf(s.k - 1, s.n, y[without_low].mean()), rel=1e-9)
    without_fuel = (X["a"] <= 0.4) & X["n"].between(3, 8)
    assert s.quasi_p["fuel"] == pytest.approx(stats.binom.sf(s.k - 1, s.n, y[without_fuel].mean()), rel=1e-9)


def test_equal_weights_change_nothing_and_whole_weights_are_repetitions():
    X, y = made(60)
    w = np.random.default_rng(1).integers(1, 4, len(X))
    plain = BOX.statistics(X, y)
    equal = BOX.statistics(X, y, np.full(len(X), 0.5))
    assert (equal.coverage, equal.density, equal.mass) == pytest.approx((plain.coverage, plain.density, plain.mass))
    weighted = BOX.statistics(X, y, w)
    repeated = BOX.statistics(X.loc[X.index.repeat(w)], np.repeat(y, w))
    assert (weighted.coverage, weighted.density, weighted.mass) == pytest.approx(
        (repeated.coverage, repeated.density, repeated.mass)
    )


def test_an_empty_box_and_no_cases_give_nan_not_an_error():
    X, y = made(20)
    empty = Box({"a": (5, 6)}).statistics(X, y)
    assert (empty.n, empty.k, empty.coverage) == (0, 0, 0.0)
    assert math.isnan(empty.density)
    assert math.isnan(BOX.statistics(X, np.zeros(20)).coverage)


limits = st.dictionaries(
    st.sampled_from(["a", "b", "quo\"te'd", "temperature °C"]),
    st.tuples(st.floats(allow_nan=False), st.floats(allow_nan=False))
    .map(lambda p: (min(p), max(p)))
    .filter(lambda p: p[0] < math.inf and p[1] > -math.inf)
    | st.frozensets(st.sampled_from(["gas", "it's", 'a"b', 3, True]), min_size=1),
    max_size=4,
)


@given(limits)
@settings(max_examples=80, deadline=None)
def test_json_keeps_a_box_to_the_last_bit(described):
    assert Box.from_json(Box(described).to_json()) == Box(described)


@given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300), st.lists(st.floats(-1e300, 1e300), min_size=1))
@settings(max_examples=80, deadline=None)
def test_sql_selects_the_same_rows(p, q, values):
    box = Box({'we"ird': (min(p, q), max(p, q)), "fuel": {"it's"}})
    values = np.array([*values, p, q])
    with sqlite3.connect(":memory:") as connection:
        connection.execute('create table t ("we""ird" real, fuel text)')
        connection.executemany("insert into t values (?, ?)", [(v, "it's") for v in values.tolist()])
        chosen = [row[0] for row in connection.execute(f"select rowid from t where {box.to_sql()} order by rowid")]
    connection.close()
    inside = box.contains({'we"ird': values, "fuel": np.array(["it's"] * len(values), dtype=object)})
    assert chosen == (np.flatnonzero(inside) + 1).tolist()


def test_texts_and_tables():
    assert BOX.to_text() == "a <= 0.4 m and 3 <= n <= 8 and fuel is gas or it's"
    assert Box({}).to_text() == "no limit (the whole space)"
    assert Box({}).to_sql() == "1 = 1"
    assert Box({"plants": (5, 5)}).to_text() == "plants = 5"
    table = BOX.to_dataframe()
    assert table.loc["n", ["low", "high"]].tolist() == [3, 8]
    assert table.loc["fuel", "values"] == ["gas", "it's"]
    assert table.loc["a", "unit"] == "m"
    assert "<b>" not in Box({"<b>": (0, 1)})._repr_html_()


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        ((1, 0), r"limits\['a'\]: low must not be above high"),
        ((math.nan, 1), "low must not be above high"),
        ((math.inf, math.inf), "holds no number"),
        (set(), "empty set holds nothing"),
        (3, "expected .low, high. or a set"),
        (("x", "y"), "For categories give a set"),
    ],
)
def test_wrong_limits_are_named(limit, message):
    with pytest.raises(ValueError, match=message):
        Box({"a": limit})


def test_arrays_need_names_and_the_right_width():
    with pytest.raises(ValueError, match="names="):
        Box({"a": (0, 1)}).contains(np.zeros((3, 1)))
    with pytest.raises(ValueError, match=r"expected shape \(n, 2\)"):
        Box({"a": (0, 1)}, names=["a", "b"]).contains(np.zeros((3, 1)))
    assert Box({"b": (0, 1)}, names=["a", "b"]).contains([[5, 0.5], [0, 2]]).tolist() == [True, False]
    with pytest.raises(ValueError, match="'c' is not among the names"):
        Box({"c": (0, 1)}, names=["a", "b"])
    with pytest.raises(ValueError, match="column 'a', which the box limits, is missing"):
        Box({"a": (0, 1)}).contains({"b": [1]})
    with pytest.raises(ValueError, match="Compare it with a threshold"):
        Box({"a": (0, 1)}).statistics({"a": [1.0]}, [3.0])


def test_cases_are_matched_with_rows_by_their_labels():
    X, y = made()
    y = pd.Series(y, index=X.index)
    shuffled = y.sample(frac=1, random_state=0)
    assert BOX.statistics(X, shuffled).k == BOX.statistics(X, y).k
    with pytest.raises(ValueError, match="labels of this Series are not those of X"):
        BOX.statistics(X, y.set_axis(y.index + 1))
