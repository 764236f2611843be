"""Metrics against hand arithmetic and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from surrogate.validation import mae, max_error, q2, rmse

values = arrays(np.float64, st.integers(2, 20), elements=st.floats(-1e6, 1e6).map(lambda value: round(value, 6)))


@given(values, st.floats(-10, 10))
def test_q2_is_one_only_for_perfect_predictions_and_zero_for_the_mean(y, shift):
    assert q2(y, y) == 1.0
    assert abs(q2(y, np.full_like(y, y.mean()))) <= 1.0  # constant outputs included
    assert q2(y, y + shift) <= 1.0


@given(values)
def test_errors_are_ordered_mae_rmse_max(y):
    prediction = y[::-1]
    tolerance = 1 + 1e-12
    assert mae(y, prediction) <= rmse(y, prediction) * tolerance
    assert rmse(y, prediction) <= max_error(y, prediction) * tolerance


def test_q2_agrees_with_scikit_learn():
    from sklearn.metrics import r2_score

    rng = np.random.default_rng(0)
    y, prediction = rng.normal(size=(2, 50))
    assert q2(y, prediction) == pytest.approx(r2_score(y, prediction), rel=1e-12)


def test_q2_of_a_constant_output_is_one_if_it_is_hit_and_zero_otherwise():
    assert q2([3.0, 3.0, 3.0], [3.0, 3.0, 3.0]) == 1.0
    assert q2([3.0, 3.0, 3.0], [3.0, 3.0, 3.1]) == 0.0
    assert q2([0.3, 0.1 + 0.2], [0.3, 0.3]) == 1.0


@pytest.mark.parametrize("metric", [q2, rmse, mae, max_error])
def test_wrong_lengths_and_values_that_are_not_finite_are_clear_errors(metric):
    with pytest.raises(ValueError, match="two vectors of one length"):
        metric([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="two vectors of one length"):
        metric([], [])
    with pytest.raises(ValueError, match=r"prediction: finite values.*NaN"):
        metric([1.0, 2.0], [1.0, np.nan])
