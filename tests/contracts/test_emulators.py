"""What every emulator guarantees. A new public emulator is added to `EMULATORS`; the first test insists on it."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.utils.estimator_checks import parametrize_with_checks

from surrogate.models import emulators
from surrogate.models.emulators import (
    MLP,
    RBF,
    BoostedTrees,
    Composite,
    Emulator,
    GaussianProcess,
    Kriging,
    MultiFidelity,
    NearestNeighbourGP,
    PolynomialChaos,
    StochasticKriging,
    Warped,
)
from surrogate.models.records import Constant, Record

# Small settings where the defaults would only cost time: the guarantees do not depend on them.
EMULATORS = [
    GaussianProcess(n_starts=1),
    Kriging(n_starts=1),
    PolynomialChaos(max_degree=6),
    BoostedTrees(n_trees=50),
    MLP(n_members=2, hidden=(8,), max_iter=100),
    RBF(),
    Warped(PolynomialChaos(max_degree=6)),
    StochasticKriging(n_starts=1),
    NearestNeighbourGP(kernel="matern52"),
    Composite(kernel="matern52", n_starts=1),
]


def smooth_runs(n=30, p=3, seed=0):
    X = np.random.default_rng(seed).random((n, p))
    return X, np.sin(4 * X[:, 0]) + X[:, 1] ** 2


# The record of the cheap variant says how many features there are: not for scikit-learn's checks, which try several.
CHEAP = PolynomialChaos(max_degree=2).fit(*smooth_runs()).record_
OF_THREE_FEATURES = [MultiFidelity(CHEAP, PolynomialChaos(max_degree=6))]

every_emulator = pytest.mark.parametrize(
    "emulator", EMULATORS + OF_THREE_FEATURES, ids=lambda emulator: type(emulator).__name__
)


def test_every_public_emulator_is_in_this_suite():
    public = {getattr(emulators, name) for name in emulators.__all__}
    concrete = {part for part in public if isinstance(part, type) and issubclass(part, Emulator)} - {Emulator}
    assert concrete == {type(emulator) for emulator in EMULATORS + OF_THREE_FEATURES}


@parametrize_with_checks(EMULATORS)
def test_scikit_learn_accepts_the_emulator(estimator, check):
    check(estimator)


@every_emulator
def test_predictions_come_from_the_record(emulator):
    X, y = smooth_runs()
    fitted = clone(emulator).fit(X, y)
    assert isinstance(fitted.record_, Record)
    assert fitted.record_.n_features == 3
    assert_array_equal(fitted.predict(X), fitted.record_.predict(X))


@every_emulator
def test_a_stored_record_predicts_the_same_bits(emulator):
    X, y = smooth_runs()
    record = clone(emulator).fit(X, y).record_
    state, arrays = record.to_state()
    copies = {name: array.copy() for name, array in arrays.items()}
    restored = Record.from_state(json.loads(json.dumps(state, allow_nan=False)), copies)
    assert type(restored) is type(record)
    new = np.random.default_rng(1).uniform(-0.5, 1.5, (2000, 3))
    assert_array_equal(restored.predict(new), record.predict(new))
    if record.has_std:
        assert_array_equal(restored.std(new), record.std(new))
    if record.has_gradient:
        assert_array_equal(restored.gradient(new), record.gradient(new))


@every_emulator
def test_a_copy_sent_through_dask_predicts_the_same_bits(emulator):
    X, y = smooth_runs()
    fitted = clone(emulator).fit(X, y)
    assert_array_equal(pickle.loads(pickle.dumps(fitted)).predict(X), fitted.predict(X))


@every_emulator
def test_fitting_twice_gives_the_same_bits(emulator):
    X, y = smooth_runs()
    assert_array_equal(clone(emulator).fit(X, y).predict(X), clone(emulator).fit(X, y).predict(X))


@every_emulator
def test_a_constant_output_gives_that_constant(emulator):
    X, _ = smooth_runs()
    fitted = clone(emulator).fit(X, np.full(30, 0.1))
    assert isinstance(fitted.record_, Constant)
    assert_array_equal(fitted.predict(X), np.full(30, 0.1))
    assert_array_equal(fitted.record_.gradient(X), np.zeros((30, 3)))


@every_emulator
def test_duplicated_runs_do_no_harm(emulator):
    X, y = smooth_runs()
    fitted = clone(emulator).fit(np.vstack([X, X, X[:5]]), np.concatenate([y, y, y[:5]]))
    assert fitted.score(X, y) > 0.8


@pytest.mark.parametrize("emulator", EMULATORS, ids=lambda emulator: type(emulator).__name__)
@pytest.mark.parametrize("n", [2, 3])
def test_fewer_runs_than_features_still_give_finite_numbers(emulator, n):
    X, y = smooth_runs(n=n, p=5)
    new = np.random.default_rng(1).random((20, 5))
    predicted = clone(emulator).fit(X, y).predict(new)
    assert np.all(np.isfinite(predicted))
    assert np.all(np.abs(predicted - y.mean()) < 10 * np.ptp(y))


@every_emulator
def test_one_run_is_refused_with_its_number(emulator):
    with pytest.raises(ValueError, match=r"1 sample.*minimum of 2"):
        clone(emulator).fit([[0.0, 1.0]], [3.0])


@every_emulator
def test_units_of_features_do_not_matter(emulator):
    X, y = smooth_runs(n=60)
    new, truth = smooth_runs(n=200, seed=1)
    low, unit = np.array([1e5, -3e-9, 0.0]), np.array([1e6, 1e-9, 1e-3])
    assert clone(emulator).fit(low + unit * X, y).score(low + unit * new, truth) > 0.8


@every_emulator
def test_unit_and_offset_of_the_output_do_not_matter(emulator):
    X, y = smooth_runs(n=60)
    new, truth = smooth_runs(n=200, seed=1)
    for scale, offset in [(1e-12, 0.0), (1e12, 0.0), (1.0, 1e6)]:
        assert clone(emulator).fit(X, offset + scale * y).score(new, offset + scale * truth) > 0.8


@every_emulator
def test_an_output_over_twelve_decades_gives_finite_numbers(emulator):
    X, _ = smooth_runs(n=60)
    new, _ = smooth_runs(n=200, seed=1)
    assert np.all(np.isfinite(clone(emulator).fit(X, 10.0 ** (12 * X[:, 0] - 6)).predict(new)))


@every_emulator
def test_a_feature_that_never_varies_is_harmless(emulator):
    X, y = smooth_runs(n=60)
    X[:, 2] = 7.0
    assert clone(emulator).fit(X, y).score(X, y) > 0.8


@every_emulator
def test_blocks_keep_a_large_table_whole(emulator):
    X, y = smooth_runs()
    record = clone(emulator).fit(X, y).record_
    many = np.random.default_rng(2).random((30_000, 3))
    whole = record.predict(many)
    assert whole.shape == (30_000,)
    np.testing.assert_allclose(whole[-3:], record.predict(many[-3:]), rtol=1e-9, atol=1e-9)


@every_emulator
def test_a_standard_deviation_is_positive_or_refused_clearly(emulator):
    X, y = smooth_runs()
    fitted = clone(emulator).fit(X, y)
    if fitted.record_.has_std:
        mean, std = fitted.predict(X, return_std=True)
        assert_array_equal(mean, fitted.predict(X))
        assert np.all(std > 0)
    else:
        assert fitted.record_.std(X) is None
        with pytest.raises(ValueError, match="return_std"):
            fitted.predict(X, return_std=True)


@every_emulator
def test_a_gradient_is_that_of_the_prediction_or_refused_clearly(emulator):
    X, y = smooth_runs()
    record = clone(emulator).fit(X, y).record_
    if not record.has_gradient:
        with pytest.raises(NotImplementedError, match="no analytic gradient"):
            record.gradient(X)
        return
    gradient, step = record.gradient(X), 1e-4
    for j in range(3):
        shift = step * np.eye(3)[j]
        difference = (record.predict(X + shift) - record.predict(X - shift)) / (2 * step)
        np.testing.assert_allclose(gradient[:, j], difference, rtol=1e-5, atol=2e-5)


@every_emulator
def test_a_table_of_the_wrong_width_is_refused(emulator):
    X, y = smooth_runs()
    record = clone(emulator).fit(X, y).record_
    with pytest.raises(ValueError, match="3 columns"):
        record.predict(X[:, :2])
    with pytest.raises(ValueError, match="3 columns"):
        record.predict(X[0])
