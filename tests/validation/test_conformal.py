"""Intervals reach their coverage on fresh points, for any distribution of errors."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surrogate.validation import Conformal, conformal_quantile
from surrogate.validation.conformal import interval_coverage


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60), st.floats(0.01, 0.99))
def test_the_quantile_follows_the_finite_sample_rule(scores, coverage):
    quantile = conformal_quantile(np.array(scores), coverage)
    n = len(scores)
    if (n + 1) * coverage > n + 1e-6:
        assert quantile == math.inf
    else:
        assert np.mean(np.array(scores) <= quantile) >= coverage - 1e-9
        assert quantile in scores


def test_rounding_does_not_cost_a_rank():
    for n in (19, 39, 59, 79, 99, 119, 199):
        expected = round((n + 1) * 0.95)
        assert conformal_quantile(np.arange(1.0, n + 1), 0.95) == expected


@pytest.mark.parametrize("coverage", [0.0, 1.0, 95.0, -0.1, math.nan])
def test_a_coverage_that_is_no_share_is_an_error(coverage):
    with pytest.raises(ValueError, match=r"coverage: a share between 0 and 1.*Use 0\.95"):
        conformal_quantile(np.ones(50), coverage)


@pytest.mark.parametrize("draw", ["normal", "cauchy", "exponential"])
@pytest.mark.parametrize("known_scale", [False, True])
def test_fresh_errors_lie_inside_as_often_as_promised(draw, known_scale):
    rng = np.random.default_rng(0)
    sample = {"normal": rng.normal, "cauchy": rng.standard_cauchy, "exponential": rng.exponential}[draw]
    shares = []
    for _ in range(300):
        size = rng.uniform(0.1, 3.0, 80)
        errors = sample(size=80) * size
        std = size if known_scale else np.full(80, np.nan)
        conformal = Conformal.fit(errors[:40], np.zeros(40), std[:40])
        lower, upper = conformal.interval(np.zeros(40), size[40:] if known_scale else None, 0.9)
        shares.append(np.mean((lower <= errors[40:]) & (errors[40:] <= upper)))
    # 37 of 41 exchangeable scores: 0.902; 300 x 40 points leave a standard error below 0.005.
    assert np.mean(shares) == pytest.approx(37 / 41, abs=0.015)


def test_a_known_scale_makes_narrow_intervals_where_errors_are_small():
    rng = np.random.default_rng(1)
    size = rng.uniform(0.1, 3.0, 200)
    conformal = Conformal.fit(rng.normal(size=200) * size, np.zeros(200), size)
    lower, upper = conformal.interval(np.zeros(2), np.array([0.1, 3.0]), 0.95)
    assert upper[0] - lower[0] < 0.25 * (upper[1] - lower[1])


def test_a_model_that_claims_no_error_at_all_is_not_believed():
    errors = np.linspace(-1.0, 1.0, 99)
    lower, upper = Conformal.fit(errors, np.zeros(99), np.zeros(99)).interval(np.zeros(1), np.zeros(1), 0.95)
    assert upper[0] - lower[0] == pytest.approx(2 * 0.959, abs=0.03)


def test_an_exact_model_has_intervals_as_wide_as_rounding():
    lower, upper = Conformal.fit(np.ones(30), np.ones(30)).interval(np.array([1.0]), None, 0.95)
    assert 1.0 - 1e-13 < lower[0] < 1.0 < upper[0] < 1.0 + 1e-13
    zero = Conformal.fit(np.zeros(30), np.zeros(30)).interval(np.zeros(1), None, 0.95)
    assert np.isfinite(zero).all()


def test_rounding_is_no_error():
    rng = np.random.default_rng(0)
    y = rng.random(60)
    share, width = interval_coverage(y, y * (1 + 2e-16 * rng.normal(size=60)), np.full(60, np.nan), np.arange(60) % 10)
    assert share == 1.0
    assert width < 1e-13


def test_an_unstable_fit_has_intervals_that_reach_what_the_folds_say():
    rng = np.random.default_rng(0)
    truth, wrong = rng.random(50), rng.random(50)
    exact = Conformal.fit(truth, truth)
    conformal = exact.reaching(wrong, None, np.tile(truth, (10, 1)))
    lower, upper = conformal.interval(wrong, None, 0.95)
    assert np.mean((lower <= truth) & (truth <= upper)) >= 0.94
    one_bad_fold = np.vstack([np.tile(wrong, (9, 1)), truth])
    assert exact.reaching(wrong, None, one_bad_fold) is exact


def test_the_reported_coverage_uses_scores_of_other_folds_only():
    rng = np.random.default_rng(2)
    y = rng.normal(size=100)
    fold = np.arange(100) % 10
    y[fold == 3] *= 100.0  # intervals that had seen this fold would cover it
    share, width = interval_coverage(y, np.zeros(100), np.full(100, np.nan), fold)
    assert share <= 0.92
    assert interval_coverage(y[:12], np.zeros(12), np.full(12, np.nan), fold[:12]) == (1.0, math.inf)
    assert width > 0
