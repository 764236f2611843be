"""PRIM against the known defects of other implementations: each test is named after what is guaranteed instead."""

from __future__ import annotations

import warnings
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from surrogate import PRIM, discover
from surrogate.models.boxes.columns import read_columns
from surrogate.models.boxes.evidence.stability import resample
from surrogate.models.boxes.prim.objective import FBeta


def study(n=400, seed=0):
    generator = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "a": generator.random(n),
            "steps": generator.integers(0, 20, n),
            "fuel": generator.choice(["gas", "coal", "wind"], n),
            "c": generator.random(n),
        }
    )
    y = ((X["a"] > 0.4) & (X["steps"] <= 13) & (X["fuel"] != "gas")) ^ (generator.random(n) < 0.05)
    return X, y


def test_a_filtered_frame_and_its_series_stay_row_for_row():  # E1
    X, y = study()
    kept = X["c"] > 0.3
    expected = PRIM().fit(X[kept].reset_index(drop=True), y[kept].to_numpy()).boxes_
    assert PRIM().fit(X[kept], y[kept]).boxes_ == expected
    assert PRIM().fit(X[kept].sample(frac=1, random_state=1), y[kept]).boxes_ == expected


@pytest.mark.parametrize("dtype", [bool, int, "int8", "uint8", float, "float32"])
def test_zeros_and_ones_of_any_dtype_are_labels_and_never_positions(dtype):  # E2
    X, y = study()
    assert PRIM().fit(X, y.astype(dtype)).boxes_ == PRIM().fit(X, y).boxes_


@pytest.mark.parametrize("dtype", ["int8", "int16", "int32", "uint8", "uint16", "uint32", "uint64", "Int16", "UInt8"])
def test_no_integer_width_is_left_out_in_silence(dtype):  # E3
    X, y = study()
    found = PRIM().fit(X.astype({"steps": dtype}), y)
    assert found.boxes_ == PRIM().fit(X, y).boxes_
    assert any("steps" in box.limits for box in found.boxes_)


def test_integers_are_pasted_where_no_float_is_limited():  # E4
    pasted = 0
    for seed in range(20):
        generator = np.random.default_rng(seed)
        X = pd.DataFrame({"i": generator.integers(0, 30, 120), "j": generator.integers(0, 30, 120)})
        y = (X["i"] + X["j"] < 30) ^ (generator.random(120) < 0.1)
        pasted += (np.diff(PRIM(peel_alpha=0.2).fit(X, y).trajectory_["n"]) > 0).any()
    assert pasted


@pytest.mark.parametrize("form", ["frame", "C", "F", "strided", "read-only"])
def test_arguments_are_neither_changed_nor_kept(form):  # E5
    generator = np.random.default_rng(0)
    X = generator.random((300, 4))
    y = ((X[:, 0] > 0.5) & (X[:, 1] < 0.6)).astype(float)
    given_X = {
        "frame": pd.DataFrame(X, columns=["x1", "x2", "x3", "x4"]), "C": X.copy(), "F": np.asfortranarray(X),
        "strided": np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3], "read-only": X.copy(),
    }[form]  # fmt: skip
    given_y = y.copy()
    if form == "read-only":
        given_X.flags.writeable = given_y.flags.writeable = False
    search = PRIM().fit(given_X, given_y)
    np.testing.assert_array_equal(np.asarray(given_X), X)
    np.testing.assert_array_equal(given_y, y)
    assert search.boxes_ == PRIM().fit(X, y).boxes_


def test_a_later_box_is_resampled_like_the_first_with_its_own_settings():  # E6
    X, y = study()
    columns, cases = read_columns(X), y.to_numpy(dtype=float)
    first = PRIM().search(columns, cases)[-1]
    left = np.flatnonzero(~columns.inside(first.limits))
    with patch.object(PRIM, "search", autospec=True, side_effect=PRIM.search) as search:
        table = resample(PRIM(mass_min=0.2, objective="original"), columns.take(left), cases[left], 0.5, 0.5,
                         n_resamples=3)  # fmt: skip
    assert set(table.index) == set(X.columns)
    assert all(call.args[0].objective == "original" for call in search.call_args_list)


def test_sets_and_pairs_stand_in_one_table_and_text():  # E7, E8
    X, y = study()
    X = X.assign(flag=np.random.default_rng(5).random(len(X)) < 0.5)
    box = PRIM().fit(X, y & X["flag"]).box_
    assert set(box.to_dataframe().loc["fuel", "values"]) == {"coal", "wind"}
    assert "fuel is coal or wind" in box.to_text()
    assert "flag is True" in box.to_text()


def test_counts_are_counts_of_rows():  # E9
    X, y = study()
    first = PRIM().fit(X, y).trajectory_.iloc[0]
    assert (first["n"], first["k"]) == (len(X), y.sum())


def test_no_column_name_is_special():  # E10
    X, y = study()
    renamed = X.set_axis(["model", "policy", "scenario", "scenario_id"], axis=1)
    assert len(PRIM().fit(renamed, y).boxes_) == len(PRIM().fit(X, y).boxes_)


def test_a_thousandth_a_step_neither_recurses_nor_stops_early():  # E11
    X = np.random.default_rng(0).random((3000, 3))
    found = PRIM(peel_alpha=0.001, paste_alpha=0).fit(X, X[:, 0] > 0.5)
    assert len(found.boxes_) > 500
    assert found.trajectory_["density"].iloc[-1] == 1


@pytest.mark.parametrize("objective", ["original", "lenient1", "lenient2", "wracc"])
@pytest.mark.parametrize("shift", [0.0, -10.0])
def test_a_real_target_is_raised_or_lowered_by_every_objective(objective, shift):  # E12
    generator = np.random.default_rng(0)
    X = generator.random((600, 3))
    cost = 5 * X[:, 0] + generator.standard_normal(600) + shift
    high, low = (PRIM(objective=objective).fit(X, target).trajectory_ for target in (cost, -cost))
    assert high["density"].iloc[0] == pytest.approx(cost.mean())
    assert high["density"].iloc[-1] > cost.mean() + 1
    assert -low["density"].iloc[-1] < cost.mean() - 1


def test_nothing_to_find_and_missing_values_are_said():  # E13
    X, y = study()
    with pytest.raises(ValueError, match="no row is a case"):
        PRIM().fit(X, y & False)
    with pytest.raises(ValueError, match=r"X\['a'\].*NaN"):
        PRIM().fit(X.assign(a=X["a"].where(X["a"] > 0.1)), y)


def test_tables_and_boxes_need_no_plotting_library():  # E14
    X, y = study()
    with patch.dict("sys.modules", {"matplotlib": None, "altair": None}):
        search = PRIM().fit(X, y)
        assert len(search.trajectory_) == len(search.boxes_)
        assert search.box_.to_text()


def test_parameters_that_are_gone_are_refused_by_name():  # E15
    with pytest.raises(TypeError, match="threshold"):
        PRIM(threshold=0.8)


def test_a_condition_with_the_threshold_zero_is_a_condition():
    X, _ = study()
    runs = X[["a", "c"]].assign(gain=X["a"] - 0.4)
    assert set(discover(runs, "gain > 0", repeats=1).box.limits) == {"a"}


def test_nothing_is_printed_and_nothing_is_warned_of(capsys):
    X, y = study()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        PRIM().fit(X, y)
    assert capsys.readouterr() == ("", "")


@settings(max_examples=40, deadline=None)
@example(seed=9303, objective="f1", real=True)  # the only negative target has no weight
@given(
    seed=st.integers(0, 2**32),
    objective=st.sampled_from(["original", "lenient1", "lenient2", "wracc", "f1"]),
    real=st.booleans(),
)
def test_whole_weights_are_repeated_rows(seed, objective, real):
    generator = np.random.default_rng(seed)
    X, y = study(int(generator.integers(20, 120)), int(generator.integers(1000)))
    y = generator.integers(-8, 9, len(y)) / 8 + y if real else y.astype(float)
    y[:2] = 0, 1
    weights = generator.integers(0, 4, len(X))
    weights[:2] = 1, 2
    rows = np.repeat(np.arange(len(X)), weights)
    weighted = PRIM(objective=objective).fit(X, y, sample_weight=weights)
    repeated = PRIM(objective=objective).fit(X.iloc[rows].reset_index(drop=True), y.to_numpy()[rows])
    assert weighted.boxes_ == repeated.boxes_
    pd.testing.assert_frame_equal(weighted.trajectory_, repeated.trajectory_)
    assert weighted.box_ == repeated.box_


def test_of_other_weights_only_ratios_matter():
    X, y = study()
    weights = np.random.default_rng(0).random(len(X)) + 0.5
    first, second = (PRIM().fit(X, y, sample_weight=w) for w in (weights, weights / weights.sum()))
    assert first.boxes_ == second.boxes_
    row, box = first.trajectory_.iloc[10], first.boxes_[10]
    counted = box.statistics(X, y, weights)
    for name in ("coverage", "density", "mass"):
        assert row[name] == pytest.approx(counted[name], rel=1e-7)


@pytest.mark.parametrize("weights", [np.ones(3), -np.ones(400), np.zeros(400), np.full(400, np.nan)])
def test_weights_that_weigh_nothing_are_refused(weights):
    with pytest.raises(ValueError, match="sample_weight: expected 400 finite numbers"):
        PRIM().fit(*study(), sample_weight=weights)


def test_objectives_are_their_published_formulas():
    # Lavrac et al. 1999: np/N - n Np/N^2; van Rijsbergen: harmonic mean of precision 0.5 and recall 0.8 is 0.6154.
    from surrogate.models.boxes.prim.objective import OBJECTIVES

    counts = (10, 4, np.array([8.0]), np.array([4.0]), 20, 5)
    assert OBJECTIVES["wracc"](*counts) == pytest.approx(4 / 20 - 8 * 5 / 400)
    assert OBJECTIVES["f1"](*counts) == pytest.approx(2 * 0.5 * 0.8 / 1.3)
    assert FBeta(2)(*counts) == pytest.approx(5 * 0.5 * 0.8 / (4 * 0.5 + 0.8))


def test_a_function_is_an_objective_too():
    X, y = study()
    assert PRIM(objective=FBeta(1)).fit(X, y).boxes_ == PRIM(objective="f1").fit(X, y).boxes_


SKEWED = {
    "heavy ties": lambda g, n: np.where(g.random(n) < 0.7, 1.5, g.random(n)),
    "heavy tails": lambda g, n: g.standard_cauchy(n) ** 3,
    "lognormal": lambda g, n: np.exp(4 * g.standard_normal(n)),
    "huge": lambda g, n: g.choice([-1.7e308, 1.7e308], n) * g.random(n),
    "tiny": lambda g, n: 5e-324 * g.integers(0, 40, n),
    "signed zeros": lambda g, n: g.choice([-0.0, 0.0, 1.0, -1.0], n),
    "wide integers": lambda g, n: g.integers(-(2**63), 2**63 - 1, n),
    "large unsigned": lambda g, n: g.integers(2**63 - 50, 2**63 + 50, n, dtype=np.uint64),
}


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32), kinds=st.lists(st.sampled_from(list(SKEWED)), min_size=1, max_size=3),
    bins=st.sampled_from([2, 5, 16]),
)  # fmt: skip
def test_boxes_do_not_depend_on_the_bins(seed, kinds, bins):
    generator = np.random.default_rng(seed)
    X = pd.DataFrame({f"{i} {kind}": SKEWED[kind](generator, 200) for i, kind in enumerate(kinds)})
    ranks = X.rank(pct=True).sum(axis=1)
    y = (ranks > ranks.quantile(0.6)) ^ (generator.random(200) < 0.1)
    found = []
    for n_bins in (bins, 4096):  # with more bins than rows every value has its own
        with patch("surrogate.models.boxes.prim.binning.bins_for", return_value=n_bins):
            found.append(PRIM().fit(X, y))
    assert found[0].boxes_ == found[1].boxes_
    pd.testing.assert_frame_equal(found[0].trajectory_, found[1].trajectory_)
