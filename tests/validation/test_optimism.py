"""The score of a choice is not flattered by having chosen."""

from __future__ import annotations

import numpy as np
import pytest

from surrogate.validation import errors_of_choosing, q2, rmse


def best(mse):
    return mse.argmin(axis=1)


def test_choosing_among_many_worthless_candidates_shows_no_skill():
    rng = np.random.default_rng(0)
    corrected, naive = [], []
    for seed in range(20):
        y = rng.normal(size=40)
        predictions = 0.3 * rng.normal(size=(40, 200))  # none knows anything; each has expected Q2 of -0.09
        errors = errors_of_choosing(y, predictions, best, seed, 300)
        corrected.append(1 - errors.rmse**2 / y.var())
        naive.append(max(q2(y, column) for column in predictions.T))
    assert np.mean(naive) > 0.1
    assert abs(np.mean(corrected) + 0.09) < 0.1


def test_a_clear_winner_keeps_its_out_of_fold_errors():
    rng = np.random.default_rng(1)
    y = rng.normal(size=60)
    good, bad = y + 0.01 * rng.normal(size=60), y + rng.normal(size=60)
    errors = errors_of_choosing(y, np.stack([bad, good], axis=1), best)
    assert errors.rmse == pytest.approx(rmse(y, good), rel=1e-12)
    assert errors.mae == pytest.approx(np.mean(np.abs(good - y)), rel=1e-12)
    low, high = errors.q2_interval
    assert low < q2(y, good) < high


def test_the_interval_holds_the_true_q2_about_as_often_as_it_says():
    rng = np.random.default_rng(2)
    inside = 0
    for seed in range(200):
        y = rng.normal(size=80)
        errors = errors_of_choosing(y, (y + 0.5 * rng.normal(size=80))[:, None], best, seed, 300)
        inside += errors.q2_interval[0] <= 0.75 <= errors.q2_interval[1]
    assert 0.85 <= inside / 200 <= 0.99  # percentile intervals are known to be somewhat short at 80 runs


def test_a_constant_output_has_no_interval():
    low, high = errors_of_choosing(np.ones(10), np.ones((10, 1)), best).q2_interval
    assert np.isnan(low)
    assert np.isnan(high)
