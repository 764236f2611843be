"""Choosing a box by held-out evidence: neither too many limits nor too few, and none where there is nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from surrogate import PRIM
from surrogate.models.boxes.choice import box_correlation
from surrogate.models.boxes.columns import read_columns
from surrogate.models.boxes.evidence.heldout import choose, match_by_mass, stratified_folds, wilson
from surrogate.models.boxes.trajectory import Step


def three_of_ten(n, seed):
    """Three informative inputs of ten; one label in ten is wrong."""
    generator = np.random.default_rng(seed)
    X = pd.DataFrame(generator.random((n, 10)), columns=[f"x{i}" for i in range(10)])
    y = ((X["x0"] > 0.5) & (X["x1"] < 0.6) & (X["x2"] > 0.3)) ^ (generator.random(n) < 0.1)
    return read_columns(X), y.to_numpy(dtype=float)


def limited(n, seed):
    columns, y = three_of_ten(n, seed)
    chosen = choose(PRIM(), columns, y, repeats=4, seed=seed)
    return set(chosen.steps[chosen.row].limits)


@pytest.mark.parametrize("n", [500, 1000])
def test_the_chosen_box_limits_exactly_the_informative_inputs(n):
    exact = [limited(n, seed) == {"x0", "x1", "x2"} for seed in range(6)]
    assert sum(exact) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("n", [500, 1000, 2000, 5000])
def test_the_chosen_box_limits_exactly_the_informative_inputs_in_most_of_many_seeds(n):
    exact = [limited(n, seed) == {"x0", "x1", "x2"} for seed in range(100)]
    assert np.mean(exact) >= 0.9


def test_the_last_box_of_the_same_search_limits_far_more():
    columns, y = three_of_ten(1000, 0)
    assert len(PRIM().search(columns, y)[-1].limits) >= 5


def test_no_box_is_chosen_where_there_is_nothing_to_find():
    generator = np.random.default_rng(0)
    empty = 0
    for seed in range(10):
        X = pd.DataFrame(generator.random((300, 5)))
        y = (generator.random(300) < 0.3).astype(float)
        chosen = choose(PRIM(), read_columns(X), y, repeats=2, seed=seed)
        empty += not chosen.steps[chosen.row].limits
    assert empty == 10


def test_held_out_density_is_that_of_fresh_runs():
    columns, y = three_of_ten(1500, 3)
    chosen = choose(PRIM(), columns, y, repeats=2)
    table, step = chosen.heldout.table().iloc[chosen.row], chosen.steps[chosen.row]
    fresh, truth = three_of_ten(100_000, 4)
    inside = fresh.inside(step.limits)
    assert table["heldout_density_low"] < truth[inside].mean() < table["heldout_density_high"]
    assert table["heldout_coverage_low"] < truth[inside].sum() / truth.sum() < table["heldout_coverage_high"]


def test_a_deep_box_is_less_dense_on_held_out_runs_than_it_seems():
    optimism = []
    for seed in range(5):
        chosen = choose(PRIM(), *three_of_ten(300, seed), repeats=2)
        last = chosen.steps[-1]
        optimism.append(last.k / last.n - chosen.heldout.density[0][-1])
    assert np.mean(optimism) > 0.02


def test_the_same_seed_gives_the_same_choice_and_rows_may_be_in_any_order():
    columns, y = three_of_ten(400, 6)
    first, second = (choose(PRIM(), columns, y, repeats=2, seed=7) for _ in range(2))
    assert first.row == second.row
    np.testing.assert_array_equal(first.heldout.correlation, second.heldout.correlation)


def test_every_row_is_held_out_once_a_repeat_and_folds_have_equal_shares_of_cases():
    y = np.repeat([0.0, 1.0], [80, 20])
    splits = list(stratified_folds(y, 5, 3, seed=0))
    assert len(splits) == 15
    for repeat in range(3):
        held_out = np.concatenate([test for _, test in splits[5 * repeat : 5 * repeat + 5]])
        assert sorted(held_out) == list(range(100))
    for train, test in splits:
        assert not set(train) & set(test)
        assert y[test].sum() == 4


def test_steps_are_matched_by_their_share_of_the_runs():
    steps = [Step({}, n, 1) for n in (100, 50, 10)]
    others = [Step({}, n, 1) for n in (400, 300, 190, 45)]
    assert match_by_mass(steps, others).tolist() == [0, 2, 3]


def test_correlation_is_the_phi_coefficient():
    generator = np.random.default_rng(0)
    inside, y = generator.random(200) < 0.3, (generator.random(200) < 0.4).astype(float)
    expected = np.corrcoef(inside, y)[0, 1]
    assert box_correlation(inside.sum(), y[inside].sum(), y) == pytest.approx(expected, abs=1e-12)


def test_intervals_are_those_of_wilson():
    # Newcombe 1998, Statistics in Medicine 17, table I, method 3: 81 of 263.
    share, low, high = (float(end) for end in wilson(81, 263))
    assert (round(share, 4), round(low, 4), round(high, 4)) == (0.3080, 0.2553, 0.3662)
    assert [float(end) for end in wilson(0, 0)][1:] == [0, 1]


def test_taking_rows_and_columns_is_the_same_as_reading_them():
    generator = np.random.default_rng(0)
    X = pd.DataFrame(
        {"a": generator.random(200), "b": generator.integers(0, 9, 200), "c": generator.choice(list("xyz"), 200)}
    )
    y = ((X["a"] > 0.5) & (X["b"] < 6) & (X["c"] != "x")).to_numpy(dtype=float)
    rows = np.flatnonzero(generator.random(200) < 0.7)
    taken = read_columns(X).take(rows).select(["a", "b", "c"])
    read = read_columns(X.iloc[rows].reset_index(drop=True))
    assert PRIM().search(taken, y[rows]) == PRIM().search(read, y[rows])
