"""Inputs go to the unit cube and back, are matched by name, and constraints hold."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from surrogate import Box, Categorical, Integer, Real, Space

MIXED = Space(
    {
        "x": (-2.0, 3.0),
        "k": Real(1e-6, 1e3, log=True, unit="m/s"),
        "n": Integer(-2, 5),
        "fuel": Categorical(["gas", "coal", "none"]),
        "on": Categorical([True, False]),
        "z": stats.norm(10, 2),
        "m": stats.poisson(4),
    }
)


def unit_cube(d):
    return st.lists(
        st.lists(st.floats(0, 1, allow_subnormal=False), min_size=d, max_size=d), min_size=1, max_size=20
    ).map(np.array)


@given(unit_cube(len(MIXED)))
@settings(max_examples=60, deadline=None)
def test_from_unit_and_back_gives_the_same_inputs(u):
    frame = MIXED.from_unit(u)
    again = MIXED.from_unit(MIXED.to_unit(frame))
    np.testing.assert_allclose(
        again[["x", "k", "z"]].to_numpy(float), frame[["x", "k", "z"]].to_numpy(float), rtol=1e-6
    )
    pd.testing.assert_frame_equal(again[["n", "m", "fuel", "on"]], frame[["n", "m", "fuel", "on"]])
    assert MIXED.contains(frame).all()


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), unit_cube(1))
@settings(max_examples=60, deadline=None)
def test_real_inputs_never_leave_their_limits_by_rounding(low, width, u):
    space = Space([(low, low + width)])
    assert space.contains(space.from_unit(u)).all()


def test_levels_are_equally_probable_and_distributions_are_followed():
    u = (np.arange(8_000) + 0.5)[:, None] / 8_000
    assert Space({"n": Integer(-2, 5)}).from_unit(u)["n"].value_counts().to_list() == [1_000] * 8
    assert set(Space({"c": Categorical(["a", "b", "c", "d"])}).from_unit(u)["c"].value_counts()) == {2_000}
    z = Space({"z": stats.norm(10, 2)}).from_unit(u)["z"]
    assert stats.kstest(z, stats.norm(10, 2).cdf).statistic < 1e-3
    m = Space({"m": stats.poisson(4)}).from_unit(u)["m"]
    np.testing.assert_allclose(np.bincount(m, minlength=9)[:9] / 8_000, stats.poisson(4).pmf(range(9)), atol=2e-4)


def test_limits_truncate_a_distribution():
    space = Space({"z": Real(9, 11, distribution=stats.norm(10, 2))})
    z = space.from_unit(np.linspace(0, 1, 101)[:, None])["z"].to_numpy()
    assert (z[0], z[50], z[-1]) == pytest.approx((9, 10, 11))
    expected = stats.truncnorm(-0.5, 0.5, loc=10, scale=2).ppf(0.25)
    assert z[25] == pytest.approx(expected)
    with pytest.raises(ValueError, match="no probability between"):
        Space({"z": Real(1e6, 2e6, distribution=stats.norm())}).from_unit([[0.5]])


def test_frames_are_matched_by_name_and_arrays_by_position():
    frame = MIXED.from_unit(np.random.default_rng(0).random((5, len(MIXED))))
    shuffled = frame[list(MIXED.names[::-1])].assign(another=1)
    pd.testing.assert_frame_equal(MIXED.frame(shuffled), frame)
    pd.testing.assert_frame_equal(MIXED.frame(frame.to_numpy()), frame)
    pd.testing.assert_frame_equal(MIXED.frame(frame.to_dict("list")), frame)
    pd.testing.assert_frame_equal(MIXED.frame(frame.set_index(np.arange(5)[::-1])), frame)
    rows = [list(row) for row in frame.itertuples(index=False)]
    pd.testing.assert_frame_equal(MIXED.frame(rows), frame)


@pytest.mark.parametrize(
    "dtype", ["int8", "uint16", "int64", "float32", "float64", "Int64", "Float64", "object", "bool"]
)
def test_every_numeric_dtype_is_taken(dtype):
    space = Space({"a": (0, 5), "n": Integer(0, 5)})
    column = pd.Series([0, 1, 1], dtype=dtype)
    frame = space.frame(pd.DataFrame({"a": column, "n": column}))
    assert frame["a"].tolist() == [0.0, 1.0, 1.0]
    assert frame["n"].tolist() == [0, 1, 1]
    assert (frame["a"].dtype, frame["n"].dtype) == (np.float64, np.int64)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([[0.0]], r"X: expected shape \(n, 2\), a column each for a, n; got shape \(1, 1\)"),
        ([0.0, 1.0], r"reshape\(1, -1\)"),
        ([[0.0, 1], [0.0]], "rows have different lengths"),
        ([[0.0, np.nan]], r"X\['n'\]: expected finite numbers, got nan in row 0"),
        ([[np.inf, 1]], r"X\['a'\]: expected finite"),
        ([[0.5, 1.5]], r"X\['n'\]: expected whole numbers, got 1.5 in row 0"),
        ([["text", 1]], r"X\['a'\]: expected numbers, got 'text'"),
        ([[1j, 1]], r"X\['a'\]: expected numbers"),
        ([[None, 1]], r"X\['a'\]: expected finite numbers"),
        ({"a": [1.0]}, "column 'n' is missing"),
        ({"A": [1.0], "n": [1]}, "column 'a' is missing"),
        ({"alpha_": [1.0], "a": [1], "m": [1]}, "column 'n' is missing"),
    ],
)
def test_wrong_inputs_are_named(X, message):
    with pytest.raises(ValueError, match=message):
        Space({"a": (0, 1), "n": Integer(0, 5)}).frame(X)


def test_a_misspelt_column_is_guessed():
    with pytest.raises(ValueError, match="column 'demand' is missing.*Is 'demnad' meant"):
        Space({"demand": (0, 1)}).frame({"demnad": [0.5]})


def test_an_unknown_category_is_named():
    with pytest.raises(ValueError, match=r"X\['fuel'\]: 'oil' in row 1 is not one of its values \['gas', 'coal'\]"):
        Space({"fuel": Categorical(["gas", "coal"])}).frame({"fuel": ["gas", "oil"]})


def test_features_scale_to_the_unit_interval_and_arrays_take_the_same_way_as_frames():
    space = Space({"a": (10, 20), "k": Real(1e-2, 1e2, log=True), "c": Categorical(["u", "v"])})
    F = space.features(pd.DataFrame({"a": [10, 15, 20], "k": [1e-2, 1, 1e2], "c": ["u", "v", "u"]}))
    np.testing.assert_allclose(F, [[0, 0, 1, 0], [0.5, 0.5, 0, 1], [1, 1, 1, 0]], atol=1e-15)
    assert space.feature_names == ("a", "k", "c=u", "c=v")
    plain = Space({"a": (10, 20), "b": (-1, 1)})
    X = np.random.default_rng(0).random((50, 2))
    assert plain.features(X).tobytes() == plain.features(plain.frame(X)).tobytes()
    with pytest.raises(ValueError, match=r"X\['b'\]: expected finite"):
        plain.features(np.array([[0.5, np.nan]]))


def test_constraints_as_text_and_as_functions_agree():
    U = np.random.default_rng(1).random((200, 2))
    text = Space([(0, 1), (0, 1)], "x1 + x2 <= 1")
    function = Space([(0, 1), (0, 1)], lambda X: X["x1"] + X["x2"] <= 1)
    np.testing.assert_array_equal(text.contains(U), U.sum(axis=1) <= 1)
    np.testing.assert_array_equal(function.contains(U), text.contains(U))
    with pytest.raises(ValueError, match="one boolean per row"):
        Space([(0, 1), (0, 1)], lambda X: X["x1"]).contains(U)
    with pytest.raises(ValueError, match=r"constraints\[0\].*names 'x3'; the parameters are x1, x2"):
        Space([(0, 1), (0, 1)], ["x1 + x3 < 1"])


def test_a_space_survives_json():
    space = Space(MIXED, ["x < n", lambda X: X["x"] > 0])
    read = Space.from_dict(json.loads(json.dumps(space.to_dict())))
    assert read.parameters == space.parameters
    assert [c.text for c in read.constraints] == ["x < n"]
    assert Space.from_dict(Space([(0, 1)]).to_dict()).positional


def test_a_file_cannot_name_anything_but_a_distribution_of_scipy():
    described = Space({"z": stats.norm(0, 1)}).to_dict()
    described["parameters"][0]["distribution"]["name"] = "kstest"
    with pytest.raises(ValueError, match="not one of scipy.stats"):
        Space.from_dict(described)


def test_a_box_restricts_the_space_and_what_is_drawn_there_lies_in_the_box():
    box = Box({"x": (0.0, np.inf), "n": (0.5, 3.2), "fuel": {"gas", "coal"}, "z": (9, 10)})
    inside = MIXED.restrict(box)
    frame = inside.from_unit(np.random.default_rng(2).random((500, len(MIXED))))
    assert box.contains(frame).all()
    assert set(frame["n"]) == {1, 2, 3}
    assert inside.restrict(box) == inside
    assert MIXED.restrict({"n": (3, 3)})["n"] == Categorical([3])
    assert MIXED.restrict({"n": (-np.inf, 2.0)})["n"] == Integer(-2, 2)
    assert MIXED.restrict({"n": (2.5, np.inf)})["n"] == Integer(3, 5)
    with pytest.raises(ValueError, match=r"box\['x'\]: the limit \(5, 6\) lies outside"):
        MIXED.restrict({"x": (5, 6)})
    with pytest.raises(ValueError, match="'fule' is not a parameter.*Did you mean 'fuel'"):
        MIXED.restrict({"fule": {"gas"}})


def test_spaces_print_as_they_are_written():
    assert repr(Space({"a": (0, 1), "n": Integer(1, 3), "c": Categorical(["u"])})) == (
        "Space({'a': Real(0, 1), 'n': Integer(1, 3), 'c': Categorical(['u'])})"
    )
    assert repr(Real(1, 2, log=True, unit="m")) == "Real(1, 2, log=True, unit='m')"
    assert repr(Space({"z": stats.norm(10, scale=2)})["z"]) == "Real(-inf, inf, distribution=norm(10, scale=2))"
