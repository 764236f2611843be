"""Tables about boxes: dropping limits, rounding, rules of choice, sensitivity, scores, stacking."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, ks_2samp

from surrogate.models.boxes import (
    RotatedPRIM,
    dimensional_stacking,
    drop_costs,
    drop_sequence,
    f_beta,
    feature_scores,
    knee,
    regional_sensitivity,
    round_box,
    weighted,
)
from surrogate.space import Box


def study(n=600, seed=0):
    generator = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "a": generator.random(n),
            "b": generator.normal(size=n),
            "steps": generator.integers(0, 12, n),
            "fuel": generator.choice(["gas", "coal", "wind"], n),
        }
    )
    return X, ((X["a"] > 0.45) & (X["fuel"] != "gas")).to_numpy()


BOX = Box({"a": (0.45, np.inf), "b": (-2.0, np.inf), "fuel": {"coal", "wind"}}, names=["a", "b", "steps", "fuel"])


def test_the_cost_of_a_limit_is_what_the_box_without_it_counts():
    X, y = study()
    fresh = study(seed=1)
    table = drop_costs(BOX, X, y, heldout=fresh)
    assert list(table.index) == ["", "b", "fuel", "a"] or list(table.index) == ["", "b", "a", "fuel"]
    for name in BOX.limits:
        smaller = Box({key: limit for key, limit in BOX.limits.items() if key != name})
        for prefix, (rows, cases) in (("", (X, y)), ("heldout_", fresh)):
            counted = smaller.statistics(rows, cases)
            for what in ("n", "k", "coverage", "density", "mass"):
                assert table.loc[name, prefix + what] == pytest.approx(counted[what])
            own = BOX.statistics(rows, cases)
            assert table.loc[name, prefix + "density_loss"] == pytest.approx(own.density - counted.density)
            assert table.loc[name, prefix + "coverage_gain"] == pytest.approx(counted.coverage - own.coverage)


def test_limits_are_dropped_one_after_the_other_down_to_none():
    X, y = study()
    table = drop_sequence(BOX, X, y)
    assert table.index[0] == "" and table.index[1] == "b"
    assert table["n"].is_monotonic_increasing
    assert table["n"].iloc[-1] == len(X)
    assert table["density"].iloc[-1] == pytest.approx(y.mean())


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(5, 200), scale=st.sampled_from([1e-9, 1.0, 1e7]))
def test_rounding_never_changes_membership_and_never_adds_digits(seed, n, scale):
    generator = np.random.default_rng(seed)
    X = pd.DataFrame(scale * generator.normal(size=(n, 3)), columns=list("abc"))
    ends = np.sort(scale * generator.normal(size=(3, 2)))
    box = Box({"a": tuple(ends[0]), "b": (ends[1, 0], np.inf), "c": (-np.inf, ends[2, 1])})
    rounded = round_box(box, X)
    assert rounded.exact
    np.testing.assert_array_equal(rounded.box.contains(X), box.contains(X))
    assert "rounding" not in rounded.to_text()
    for name, limit in rounded.box.limits.items():
        for end, old in zip(limit, box.limits[name], strict=True):
            assert len(repr(float(end))) <= max(len(repr(float(old))), len(f"{float(old):.17g}"))


def test_one_digit_fewer_would_change_membership():
    X, _ = study()
    box = Box({"a": (0.4512345678, 0.8123456789)})
    for digits, end in zip((0, 1), round_box(box, X).box.limits["a"], strict=True):
        shown = len(repr(end)) - 2
        if shown > 2:
            shorter = list(box.limits["a"])
            for away in (np.floor, np.ceil):
                shorter[digits] = away(end * 10 ** (shown - 1)) / 10 ** (shown - 1)
                assert (Box({"a": tuple(shorter)}).contains(X) != box.contains(X)).any()


def test_forced_digits_say_what_they_change_and_categories_stay():
    X, _ = study()
    rounded = round_box(BOX, X, digits=1)
    now, before = rounded.box.contains(X), BOX.contains(X)
    assert rounded.gained == (now & ~before).sum() and rounded.lost == (before & ~now).sum()
    assert rounded.to_text().endswith(f"(rounding lets {rounded.gained} run(s) in and {rounded.lost} out)")
    assert rounded.box.limits["fuel"] == BOX.limits["fuel"]
    narrow = round_box(Box({"a": (0.4501, 0.4502)}), X, digits=1).box.limits["a"]
    assert narrow[0] <= narrow[1]
    with pytest.raises(ValueError, match="digits: must be at least 1"):
        round_box(BOX, X, digits=0)


def test_a_rotated_box_is_rounded_too():
    X, _ = study()
    box = RotatedPRIM().fit(X[["a", "b"]], X["a"] + X["b"] > 1).box_
    assert round_box(box, X[["a", "b"]]).exact


def test_rules_of_choice_are_their_formulas():
    generator = np.random.default_rng(0)
    table = pd.DataFrame({"coverage": np.sort(generator.random(30))[::-1], "density": np.sort(generator.random(30))})
    c, d = table["coverage"], table["density"]
    for beta in (0.5, 1, 2):
        assert f_beta(table, beta) == (((1 + beta**2) * c * d) / (beta**2 * d + c)).idxmax()
    assert weighted(table, 0.3) == (0.3 * c + 0.7 * d).idxmax()
    assert weighted(table, 1.0) == 0 and weighted(table, 0.0) == 29
    corner = pd.DataFrame({"coverage": [1.0, 0.98, 0.95, 0.3, 0.1], "density": [0.1, 0.5, 0.9, 0.95, 1.0]})
    assert knee(corner) == 2
    assert knee(pd.DataFrame({"coverage": [1.0, 1.0], "density": [0.2, 0.9]})) == 1


def test_rules_prefer_held_out_evidence():
    table = pd.DataFrame(
        {
            "coverage": [1.0, 0.9, 0.8],
            "density": [0.2, 0.6, 1.0],
            "heldout_coverage": [1.0, 0.9, 0.2],
            "heldout_density": [0.2, 0.6, np.nan],
        }
    )
    assert f_beta(table) == 1
    assert f_beta(table[["coverage", "density"]]) == 2
    with pytest.raises(ValueError, match="trajectory: needs"):
        knee(pd.DataFrame({"density": [1.0]}))


def test_regional_sensitivity_is_the_two_sample_test():
    X, y = study()
    table = regional_sensitivity(X, y)
    for name in ("a", "b", "steps"):
        expected = ks_2samp(X[name][y], X[name][~y])
        assert table.loc[name, "statistic"] == pytest.approx(expected.statistic)
        assert table.loc[name, "p"] == pytest.approx(expected.pvalue)
    counts = pd.crosstab(X["fuel"], y)
    assert table.loc["fuel", "p"] == pytest.approx(chi2_contingency(counts, correction=False).pvalue)
    assert table.loc["fuel", "at"] == "gas"
    assert set(table.index[:2]) == {"a", "fuel"}
    assert table.loc["a", "at"] == pytest.approx(0.45, abs=0.02)
    assert (table["p_holm"] >= table["p"]).all() and table["p_holm"].max() <= 1
    assert table.loc["a", "shift"] > 0.2


def test_p_values_of_inputs_that_do_not_matter_are_uniform():
    generator = np.random.default_rng(0)
    X = generator.random((300, 200))
    p = regional_sensitivity(X, generator.random(300) < 0.3)["p"]
    assert abs((p < 0.1).mean() - 0.1) < 0.06
    with pytest.raises(ValueError, match="probabilities"):
        regional_sensitivity(X, generator.random(300))


def test_feature_scores_rank_informative_inputs_first_and_sum_to_one():
    X, y = study(1500)
    scores = feature_scores(X, y)
    assert set(scores.index[:2]) == {"a", "fuel"}
    assert scores.sum() == pytest.approx(1)
    pd.testing.assert_series_equal(scores, feature_scores(X, y))
    shuffled = pd.Series(y, index=X.index).sample(frac=1, random_state=0)
    pd.testing.assert_series_equal(feature_scores(X, shuffled), scores)
    assert feature_scores(X, 3 * X["b"] + X["a"]).index[0] == "b"
    with pytest.raises(ValueError, match="y: expected 1500 finite numbers"):
        feature_scores(X, y[:10])


def test_stacking_counts_every_run_in_its_cell():
    X, y = study()
    table = dimensional_stacking(X, y, inputs=["a", "fuel", "steps"], n_bins=3)
    runs = table.attrs["runs"]
    assert runs.to_numpy().sum() == len(X)
    assert table.index.names == ["a", "steps"] and table.columns.names == ["fuel"]
    assert np.nansum(table.to_numpy() * runs.to_numpy()) == pytest.approx(y.sum())
    assert (table["gas"].dropna() == 0).all()
    assert len(dimensional_stacking(X, y).index.names) == 2
    with pytest.raises(ValueError, match="inputs: expected"):
        dimensional_stacking(X, y, inputs=["a", "price"])
