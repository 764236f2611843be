"""The lake problem is the published one, and quick."""

from __future__ import annotations

import time

import numpy as np
import pytest
from SALib.test_functions.lake_problem import lake_problem
from scipy.optimize import brentq

from sims.policy import Lake
from sims.policy.lake import critical_phosphorus

FUTURE = {"b": 0.42, "q": 2.0, "mean": 0.02, "stdev": 0.0017, "delta": 0.98}


def test_the_tipping_point_is_the_published_one():
    # With q = 2 the root is (1 - sqrt(1 - 4 b^2)) / (2 b); Quinn et al. (2017) quote 0.54 for b = 0.42.
    b = np.array([0.42, 0.1, 0.3, 0.45])
    assert critical_phosphorus(b, np.full(4, 2.0)) == pytest.approx((1 - np.sqrt(1 - 4 * b**2)) / (2 * b), rel=1e-14)
    assert critical_phosphorus(np.array([0.42]), np.array([2.0]))[0] == pytest.approx(0.5445, abs=1e-4)


@pytest.mark.parametrize(("b", "q"), [(0.1, 4.5), (0.45, 4.5), (0.2, 3.3), (0.42, 2.5)])
def test_the_tipping_point_balances_recycling_and_removal(b, q):
    root = brentq(lambda p: p**q / (1 + p**q) - b * p, 0.01, 1.5, xtol=1e-14)
    assert critical_phosphorus(np.array([b]), np.array([q]))[0] == pytest.approx(root, rel=1e-12)


def test_every_year_is_the_published_recursion():
    lake = Lake(years=30, n_samples=1, release=0.05, seed=3)
    normals = np.random.default_rng(3).standard_normal((29, 1))[:, 0]
    # Moments of the lognormal: exp(m + s^2 / 2) = mean and (exp(s^2) - 1) mean^2 = stdev^2.
    s = np.sqrt(np.log(1 + FUTURE["stdev"] ** 2 / FUTURE["mean"] ** 2))
    inflow = np.exp(np.log(FUTURE["mean"]) - s**2 / 2 + s * normals)
    levels = [0.0]
    for eps in inflow:
        levels.append(lake_problem(levels[-1], a=0.05, q=FUTURE["q"], b=FUTURE["b"], eps=eps))
    answer = lake(**FUTURE)
    assert answer["max_P"] == pytest.approx(max(levels), rel=1e-13)
    assert answer["reliability"] == np.mean(np.array(levels) < critical_phosphorus(np.array([0.42]), np.array([2.0])))
    assert 0 < answer["reliability"] < 1


def test_inflows_have_the_moments_that_were_asked_for():
    # Without recycling to speak of and with b = 1, P is the release plus this year's inflow.
    lake = Lake(release=0.0, years=2, n_samples=100_000)
    means = [float(lake(b=1.0, q=9.0, mean=m, stdev=0.004, delta=0.95)["max_P"]) for m in (0.02, 0.05)]
    assert means == pytest.approx([0.02, 0.05], rel=1e-2)


def test_utility_is_the_geometric_series():
    assert Lake(release=0.03)(**FUTURE)["utility"] == pytest.approx(0.4 * 0.03 * (1 - 0.98**100) / (1 - 0.98))


def test_inertia_counts_the_years_without_a_cut():
    release = np.full(100, 0.05)
    release[40:] = 0.0
    assert Lake()(**FUTURE)["inertia"] == 1.0
    assert Lake(release=release)(**FUTURE)["inertia"] == pytest.approx(98 / 99)


def test_a_policy_given_in_the_call_takes_the_place_of_the_lakes_own():
    assert Lake()(**FUTURE, release=0.07) == Lake(release=0.07)(**FUTURE)
    assert Lake(release=0.07)(**FUTURE, release=0.0)["utility"] == 0.0
    with pytest.raises(ValueError, match="release must be one finite number of at least 0"):
        Lake()(**FUTURE, release=-1.0)


def test_the_default_policy_loses_the_lake_in_some_but_not_most_futures():
    lake = Lake()
    X = lake.space.from_unit(np.random.default_rng(1).random((1000, 5)))
    lost = lake(**{name: X[name].to_numpy() for name in X})["reliability"] < 0.9
    assert 0.35 < lost.mean() < 0.50


def test_blocks_do_not_change_the_answers():
    lake = Lake(years=20, n_samples=10)
    X = lake.space.from_unit(np.random.default_rng(0).random((2500, 5)))
    whole = lake(**{name: X[name].to_numpy() for name in X})
    part = lake(**{name: X[name].to_numpy()[990:1010] for name in X})
    for name in lake.outputs:
        assert whole[name][990:1010] == pytest.approx(part[name], rel=1e-12)


def test_the_seed_alone_decides_the_inflows():
    assert Lake(seed=5)(**FUTURE) == Lake(seed=5)(**FUTURE)
    assert Lake(seed=5)(**FUTURE)["max_P"] != Lake(seed=6)(**FUTURE)["max_P"]


def test_a_lake_without_a_tipping_point_has_no_reliability():
    assert np.isnan(Lake()(b=0.9, q=2.0, mean=0.02, stdev=0.002, delta=0.98)["reliability"])


def test_no_runs_give_no_answers():
    empty = np.empty(0)
    assert Lake()(b=empty, q=empty, mean=empty, stdev=empty, delta=empty)["max_P"].shape == (0,)


@pytest.mark.parametrize("release", [-0.1, [0.1, 0.2], np.nan])
def test_a_wrong_policy_is_refused(release):
    with pytest.raises(ValueError, match="release must be"):
        Lake(release=release)


def test_a_thousand_runs_take_about_a_second_at_most():
    lake = Lake()
    X = lake.space.from_unit(np.random.default_rng(0).random((1000, 5)))
    columns = {name: X[name].to_numpy() for name in X}
    start = time.perf_counter()
    lake(**columns)
    assert time.perf_counter() - start < 3.0
