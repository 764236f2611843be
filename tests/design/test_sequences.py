"""Sobol' and Halton sequences: prefixes, continuation, published points."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surrogate.design import Halton, LatinHypercube, Sobol
from surrogate.space import Categorical, Integer, Space

CUBE = Space([(0.0, 1.0)] * 4)
MIXED = Space({"a": (0.0, 1.0), "i": Integer(0, 50), "f": Categorical("xyz"[i] for i in range(3))})
SLICE = Space([(0.0, 1.0)] * 2, constraints=["x1 + x2 <= 0.6"])
KINDS = pytest.mark.parametrize("kind", [Sobol, Halton])


@KINDS
@pytest.mark.parametrize("space", [CUBE, MIXED, SLICE], ids=["cube", "mixed", "slice"])
@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 60), more=st.integers(1, 60), seed=st.integers(0, 100))
def test_a_longer_design_starts_with_the_shorter_one(kind, space, n, more, seed):
    short, long = kind(n, seed=seed).sample(space), kind(n + more, seed=seed).sample(space)
    pd.testing.assert_frame_equal(short, long[:n])


@KINDS
@pytest.mark.parametrize("space", [CUBE, MIXED, SLICE], ids=["cube", "mixed", "slice"])
def test_extending_continues_the_sequence(kind, space):
    design = kind(20, seed=4)
    more = design.extend(design.sample(space), 13, space=space)
    pd.testing.assert_frame_equal(more, kind(33, seed=4).sample(space)[20:].reset_index(drop=True))


@KINDS
def test_extending_fills_gaps_that_lost_runs_left(kind):
    design = kind(20, seed=4)
    rows = design.sample(CUBE)
    again = design.extend(rows.drop(index=[3, 7]), 2, space=CUBE)
    pd.testing.assert_frame_equal(again, rows.loc[[3, 7]].reset_index(drop=True))


@KINDS
def test_extending_runs_of_another_design_starts_the_sequence(kind):
    rows = LatinHypercube(10, seed=0).sample(CUBE)
    pd.testing.assert_frame_equal(kind(5, seed=1).extend(rows, 8, space=CUBE), kind(8, seed=1).sample(CUBE))


@KINDS
def test_without_a_seed_there_is_nothing_to_continue(kind):
    with pytest.raises(ValueError, match="^seed: a .* with seed=None has no sequence to continue"):
        kind(8).extend(kind(8).sample(CUBE), 4, space=CUBE)


@pytest.mark.parametrize("m", [1, 3, 6, 9])
def test_sobol_is_balanced_at_powers_of_two(m):
    n = 2**m
    points = Sobol(n, seed=0).sample(CUBE).to_numpy()
    assert (np.sort(np.floor(points * n), axis=0) == np.arange(n)[:, None]).all()


def test_sobol_points_form_a_net_in_the_first_two_dimensions():
    # Sobol' 1967: dimensions 1 and 2 are a (0, m, 2)-net: each elementary rectangle of area 2^-m holds one point.
    points = Sobol(64, seed=5).sample(CUBE).to_numpy()[:, :2]
    for i in range(7):
        cells = np.floor(points * [2**i, 2 ** (6 - i)])
        assert len(np.unique(cells, axis=0)) == 64


def test_halton_is_balanced_at_powers_of_its_prime_bases():
    points = Halton(8 * 27, seed=0).sample(CUBE).to_numpy()
    for k, base in ((0, 8), (1, 27)):
        counts = np.bincount(np.floor(points[:, k] * base).astype(int), minlength=base)
        assert (counts == 216 // base).all()


def test_too_many_dimensions_for_sobol_are_a_clear_error():
    with pytest.raises(ValueError, match="21201"):
        Sobol(2, seed=0).fill(2, 21_202, np.random.default_rng(0))
