"""Sparse polynomial chaos against independent computations and exact results."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.polynomial import legendre as numpy_legendre
from numpy.testing import assert_allclose
from scipy.stats import qmc

from sims.functions import Borehole, Ishigami
from surrogate.models.emulators import PolynomialChaos
from surrogate.models.emulators.polynomial_terms import (
    cross_validated_errors,
    hyperbolic_degrees,
    orthogonal_least_squares,
)
from surrogate.models.records import PolynomialChaosRecord
from surrogate.models.records.polynomial_chaos import legendre, legendre_slope


def ishigami(u):
    x = -np.pi + 2 * np.pi * u
    return np.asarray(Ishigami()(x1=x[:, 0], x2=x[:, 1], x3=x[:, 2]))


def borehole(u):
    space = Borehole.space
    return np.asarray(Borehole()(**{name: c.to_numpy() for name, c in space.from_unit(u).items()}))


def latin(n, d, seed=0):
    return qmc.LatinHypercube(d, rng=seed).random(n)


def test_legendre_polynomials_and_slopes_are_those_of_numpy():
    t = np.linspace(-1.2, 1.2, 31)
    table = legendre(t, 9)
    slopes = legendre_slope(table)
    for k in range(10):
        coefficients = np.sqrt(2 * k + 1) * np.eye(10)[k]
        assert_allclose(table[k], numpy_legendre.legval(t, coefficients), rtol=1e-11, atol=1e-11)
        theirs = numpy_legendre.legval(t, numpy_legendre.legder(coefficients))
        assert_allclose(slopes[k], theirs, rtol=1e-10, atol=1e-9)


def test_legendre_polynomials_are_orthonormal():
    nodes, weights = numpy_legendre.leggauss(12)
    table = legendre(nodes, 10)
    assert_allclose(table * weights / 2 @ table.T, np.eye(11), atol=1e-13)


@pytest.mark.parametrize(("p", "degree", "q"), [(3, 4, 1.0), (3, 5, 0.75), (4, 6, 0.5), (1, 3, 0.5)])
def test_hyperbolic_truncation_is_its_definition(p, degree, q):
    ours = {tuple(row) for row in hyperbolic_degrees(p, degree, q, 10_000).tolist()}
    limit = degree + 1e-9
    assert ours == {a for a in product(range(degree + 1), repeat=p) if sum(x**q for x in a) ** (1 / q) <= limit}


def test_more_candidates_than_allowed_are_refused_early():
    assert hyperbolic_degrees(30, 6, 1.0, 1500) is None


def test_each_step_takes_the_term_that_reduces_the_residual_most():
    random = np.random.default_rng(3)
    basis = np.column_stack([np.ones(40), random.standard_normal((40, 12))])
    y = random.standard_normal(40)
    path = orthogonal_least_squares(basis, y, 6)

    def residual(columns):
        return float(np.linalg.lstsq(basis[:, columns], y, rcond=None)[1][0])

    taken = [0]
    for k in range(1, 6):
        taken.append(min(set(range(13)) - set(taken), key=lambda j: residual([*taken, j])))
        assert path.residuals[k] == pytest.approx(residual(taken))
    assert path.order.tolist() == taken
    new = random.standard_normal((5, 13))
    for k in (1, 3, 6):
        solved = np.linalg.lstsq(basis[:, taken[:k]], y, rcond=None)[0]
        assert_allclose(path.predictions(new)[:, k - 1], new[:, taken[:k]] @ solved, atol=1e-12)


def test_terms_are_taken_anew_in_each_fold():
    """Pure noise has nothing to find: an honest error never falls below the variance."""
    random = np.random.default_rng(0)
    basis = np.column_stack([np.ones(60), random.standard_normal((60, 300))])
    y = random.standard_normal(60)
    assert cross_validated_errors(basis, y, 20)[1:].min() > y.var()


def test_a_sparse_polynomial_is_found_exactly():
    X = latin(60, 6)
    y = 3 - X[:, 0] ** 3 + 2 * X[:, 1] * X[:, 4]
    model = PolynomialChaos().fit(X, y)
    new = latin(500, 6, 9)
    assert_allclose(model.predict(new), 3 - new[:, 0] ** 3 + 2 * new[:, 1] * new[:, 4], atol=1e-10)


def test_sobol_indices_are_those_of_ishigami():
    """Analytic values of Sudret 2008, from 100 runs."""
    first, total = PolynomialChaos().fit(latin(100, 3), ishigami(latin(100, 3))).record_.sobol_indices()
    variance = 7**2 / 8 + 0.1 * np.pi**4 / 5 + 0.1**2 * np.pi**8 / 18 + 0.5
    one, two = 0.5 * (1 + 0.1 * np.pi**4 / 5) ** 2, 7**2 / 8
    both = 0.1**2 * np.pi**8 * (1 / 18 - 1 / 50)
    assert_allclose(first, np.array([one, two, 0]) / variance, atol=1e-4)
    assert_allclose(total, np.array([one + both, two, both]) / variance, atol=1e-4)


def test_mean_and_variance_are_those_of_the_predictions():
    record = PolynomialChaos().fit(latin(80, 3), ishigami(latin(80, 3))).record_
    predicted = record.predict(qmc.Sobol(3, rng=1).random(2**14))
    assert record.mean == pytest.approx(predicted.mean(), rel=1e-3)
    assert record.variance == pytest.approx(predicted.var(), rel=3e-3)


# Medians of three designs; ceilings are about twice what was measured.
@pytest.mark.parametrize(
    ("function", "d", "n", "ceiling"),
    [(ishigami, 3, 100, 1e-9), (borehole, 8, 100, 1e-4), (borehole, 8, 200, 1.2e-5)],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_published_functions_are_learned(function, d, n, ceiling):
    test = qmc.Sobol(d, rng=5).random(2048)
    truth = function(test)
    errors = []
    for seed in range(3):
        predicted = PolynomialChaos().fit(latin(n, d, seed), function(latin(n, d, seed))).predict(test)
        errors.append(np.mean((predicted - truth) ** 2) / truth.var())
    assert np.median(errors) < ceiling


def test_pure_noise_is_left_to_the_constant_or_little_more():
    random = np.random.default_rng(1)
    record = PolynomialChaos().fit(random.random((80, 4)), random.standard_normal(80)).record_
    assert len(record.coefficients) <= 4


def test_uniform_means_the_unit_interval_where_features_fill_it():
    X = 0.05 + 0.9 * latin(50, 2)
    record = PolynomialChaos().fit(X, X[:, 0] ** 2 + X[:, 1]).record_
    assert record.location.tolist() == [0, 0]
    assert record.width.tolist() == [1, 1]
    far = PolynomialChaos().fit(1e5 * X, X[:, 0] ** 2 + X[:, 1]).record_
    assert_allclose(far.location, 1e5 * X.min(axis=0))


def test_a_thousand_terms_predict_fast_and_in_blocks():
    degrees = hyperbolic_degrees(6, 6, 1.0, 2000)
    random = np.random.default_rng(0)
    record = PolynomialChaosRecord(np.zeros(6), np.ones(6), degrees, random.standard_normal(len(degrees)))
    X = random.random((3000, 6))
    assert_allclose(record.predict(X), record.basis(X) @ record.coefficients, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    "wrong", [{"q": ()}, {"q": (0.0,)}, {"q": (1.5,)}, {"max_degree": 0}, {"max_terms": 0}, {"max_candidates": 0}]
)
def test_settings_that_are_not_allowed_are_named(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        PolynomialChaos(**wrong).fit(latin(10, 2), np.arange(10.0))


def test_a_record_whose_shapes_disagree_is_refused():
    with pytest.raises(ValueError, match="polynomial_chaos: shapes"):
        PolynomialChaosRecord(np.zeros(2), np.ones(2), np.zeros((3, 2), np.int32), np.zeros(4))
