"""Latin hypercubes: strata, balance, space filling, augmentation."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import qmc

from surrogate.design import LatinHypercube
from surrogate.design.discrepancy import lower_discrepancy
from surrogate.space import Categorical, Integer, Real, Space


def cube(d: int) -> Space:
    return Space([(0.0, 1.0)] * d)


def strata(points: np.ndarray, n: int) -> np.ndarray:
    return np.sort(np.floor(points * n).astype(int), axis=0)


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 120), d=st.integers(1, 12), seed=st.integers(0, 2**40))
def test_every_stratum_of_every_axis_holds_one_run(n, d, seed):
    points = LatinHypercube(n, seed=seed).sample(cube(d)).to_numpy()
    assert (strata(points, n) == np.arange(n)[:, None]).all()


@pytest.fixture(scope="module")
def thousand() -> tuple[np.ndarray, float]:
    """1,000 runs, the most that are optimised, of 10 parameters, and the seconds that they took."""
    LatinHypercube(20, seed=0).sample(cube(10))  # imports
    start = time.process_time()
    points = LatinHypercube(1000, seed=0).sample(cube(10)).to_numpy()
    return points, time.process_time() - start


def test_every_stratum_holds_one_run_on_both_sides_of_the_limit_of_optimisation(thousand):
    for points in (thousand[0], LatinHypercube(1001, seed=1).sample(cube(3)).to_numpy()):
        n = len(points)
        assert (strata(points, n) == np.arange(n)[:, None]).all()


def test_strata_are_those_of_log_axes_and_distributions():
    space = Space({"k": Real(1e-9, 1e-3, log=True), "g": stats.norm(3, 2), "t": Real(0, 9, distribution=stats.expon())})
    points = space.to_unit(LatinHypercube(40, seed=0).sample(space))
    assert (strata(points, 40) == np.arange(40)[:, None]).all()


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 80), levels=st.integers(2, 12), seed=st.integers(0, 1000))
def test_integers_and_categories_take_each_value_equally_often_to_within_one(n, levels, seed):
    space = Space({"i": Integer(1, levels), "f": Categorical(range(levels)), "x": (0.0, 1.0)})
    rows = LatinHypercube(n, seed=seed).sample(space)
    for name, values in (("i", range(1, levels + 1)), ("f", range(levels))):
        counts = rows[name].value_counts().reindex(values, fill_value=0)
        assert counts.max() - counts.min() <= 1


@settings(max_examples=40, deadline=None)
@given(n=st.integers(2, 40), more=st.integers(1, 40), levels=st.integers(2, 6), seed=st.integers(0, 1000))
def test_extending_keeps_values_equally_often_and_doubling_keeps_every_stratum(n, more, levels, seed):
    space = Space({"x": (0.0, 1.0), "f": Categorical(range(levels)), "y": (0.0, 1.0)})
    design = LatinHypercube(n, seed=seed)
    rows = design.sample(space)
    both = pd.concat([rows, design.extend(rows, more, space=space)])
    counts = both["f"].value_counts().reindex(range(levels), fill_value=0)
    assert counts.max() - counts.min() <= 1
    doubled = pd.concat([rows, design.extend(rows, n, space=space)])[["x", "y"]].to_numpy()
    assert (strata(doubled, 2 * n) == np.arange(2 * n)[:, None]).all()


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 50), more=st.integers(1, 50), d=st.integers(1, 5), seed=st.integers(0, 1000))
def test_new_runs_go_into_empty_strata_only(n, more, d, seed):
    design = LatinHypercube(n, seed=seed)
    old = np.random.default_rng(seed).random((n, d))  # not even a Latin hypercube
    new = design.extend(pd.DataFrame(old, columns=cube(d).names), more, space=cube(d)).to_numpy()
    for k in range(d):
        taken = set(np.floor(old[:, k] * (n + more)).astype(int))
        filled = np.floor(new[:, k] * (n + more)).astype(int)
        assert len(set(filled)) == more
        assert not taken & set(filled)


def test_extended_designs_fill_the_space_better_than_two_designs():
    space = cube(6)
    for n, more in ((40, 20), (100, 37), (60, 60)):
        design = LatinHypercube(n, seed=0)
        rows = design.sample(space)
        extended = pd.concat([rows, design.extend(rows, more, space=space)])
        apart = pd.concat([rows, LatinHypercube(more, seed=9).sample(space)])
        assert qmc.discrepancy(extended) < 0.9 * qmc.discrepancy(apart)


def test_discrepancy_is_below_that_of_scipy_optimised_designs():
    # Means of 3 seeds of qmc.LatinHypercube(d, optimization="random-cd") in scipy 1.16 are 6.4e-4 and 0.0176.
    for n, d, scipy_mean in ((50, 3, 6.4e-4), (100, 10, 0.0176)):
        ours = [qmc.discrepancy(LatinHypercube(n, seed=seed).sample(cube(d))) for seed in range(3)]
        assert np.mean(ours) < 0.87 * scipy_mean


def test_a_thousand_runs_fill_better_than_a_sobol_sequence(thousand):
    assert qmc.discrepancy(thousand[0]) < 0.95 * qmc.discrepancy(qmc.Sobol(10, rng=0).random_base2(10)[:1000])


@settings(max_examples=30, deadline=None)
@given(n=st.integers(2, 25), d=st.integers(2, 5), seed=st.integers(0, 1000), fixed=st.integers(0, 10))
def test_no_single_swap_lowers_the_discrepancy_any_further(n, d, seed, fixed):
    rng = np.random.default_rng(seed)
    start = rng.random((n, d))
    movable = np.arange(min(fixed, n - 1), n)
    found = lower_discrepancy(start, rng, 1000, movable)
    assert (np.sort(found, axis=0) == np.sort(start, axis=0)).all()
    assert (found[: movable[0]] == start[: movable[0]]).all()
    reached = qmc.discrepancy(found)  # scipy's own formula judges ours
    assert reached <= qmc.discrepancy(start) * (1 + 1e-12)
    for k in range(d):
        for i in movable:
            for j in movable[movable > i]:
                swapped = found.copy()
                swapped[[i, j], k] = swapped[[j, i], k]
                assert qmc.discrepancy(swapped) >= reached * (1 - 1e-7)


def test_space_filling_takes_little_time(thousand):
    start = time.process_time()
    LatinHypercube(100, seed=0).sample(cube(10))
    # 0.3 and 2 seconds; a machine shared with other tests is up to three times slower.
    assert time.process_time() - start < 3 * 0.3
    assert thousand[1] < 3 * 2.0
