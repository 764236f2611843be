"""Polynomials orthonormal under declared distributions, against the classical ones and known expansions."""

from __future__ import annotations

from math import factorial

import numpy as np
import pytest
from numpy.polynomial.hermite_e import hermeval
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import eval_genlaguerre, eval_jacobi
from scipy.stats import beta, gamma, norm, uniform

from surrogate import LatinHypercube, Real, Space, Surrogate
from surrogate.models.emulators import PolynomialChaos
from surrogate.models.emulators.orthogonal_basis import basis_values, declared_bases, from_legendre, to_legendre


def declared(**distributions):
    return Space({name: Real(*map(float, one.support()), distribution=one) for name, one in distributions.items()})


@pytest.mark.parametrize(
    ("distribution", "polynomials"),
    [
        (norm(3.0, 2.0), lambda x, k: hermeval((x - 3.0) / 2.0, np.eye(k + 1)[k]) / np.sqrt(factorial(k))),
        (
            gamma(3.0, scale=2.0),
            lambda x, k: eval_genlaguerre(k, 2, x / 2) * (-1) ** k / np.sqrt((k + 1) * (k + 2) / 2),
        ),
        (beta(2.5, 1.5), lambda x, k: eval_jacobi(k, 0.5, 1.5, 2 * x - 1)),
    ],
)
def test_bases_are_the_polynomials_of_hermite_laguerre_and_jacobi(distribution, polynomials):
    space = declared(x=distribution)
    (basis,) = declared_bases(space)
    x = distribution.ppf(np.linspace(0.01, 0.99, 30))
    for k in range(9):
        mine = basis_values(space.features(x[:, None]), np.array([[k]], dtype=np.int32), (basis,))[:, 0]
        theirs = polynomials(x, k)
        norm_of_theirs = np.sqrt(distribution.expect(lambda t, k=k: polynomials(t, k) ** 2)) if k else 1.0
        assert_allclose(mine, theirs / norm_of_theirs, rtol=1e-5, atol=1e-5)


def test_a_lognormal_output_of_a_normal_input_has_the_known_hermite_coefficients():
    a, space = 0.5, declared(x=norm())
    bases = declared_bases(space)
    X = LatinHypercube(200, seed=0).sample(space)
    model = PolynomialChaos(max_degree=8, bases=bases).fit(space.features(X), np.exp(a * X["x"]))
    degrees, coefficients = from_legendre(model.record_.degrees, model.record_.coefficients, bases)
    for k in range(5):
        known = a**k / np.sqrt(factorial(k)) * np.exp(a**2 / 2)
        assert_allclose(coefficients[degrees[:, 0] == k].sum(), known, rtol=1e-3)


def test_a_change_of_basis_and_back_changes_nothing():
    bases = declared_bases(declared(x=norm(), y=gamma(2.0), z=uniform()))
    assert bases[2] is not None
    degrees = np.array([[0, 0, 0], [3, 1, 0], [0, 2, 4]], dtype=np.int32)
    there = to_legendre(degrees, np.array([1.0, -2.0, 0.5]), bases)
    back, coefficients = from_legendre(*there, bases)
    kept = np.abs(coefficients) > 1e-9
    assert sorted(map(tuple, back[kept].tolist())) == sorted(map(tuple, degrees.tolist()))
    assert_allclose(np.sort(coefficients[kept]), [-2.0, 0.5, 1.0], rtol=1e-9)


def test_sobol_indices_are_analytic_under_declared_distributions():
    # y = x + z**2 + x z with x normal(1, 2), z gamma(2): E z = 2, V z = 2, E z^2 = 6, V z^2 = 84, Cov(z, z^2) = 12.
    space = declared(x=norm(1.0, 2.0), z=gamma(2.0))
    X = LatinHypercube(60, seed=0).sample(space)
    model = Surrogate.from_runs(X, X["x"] + X["z"] ** 2 + X["x"] * X["z"], space)
    assert model.scorecard.kind == "polynomial_chaos"
    alone = np.array([(1 + 2) ** 2 * 4.0, 84 + 2 + 2 * 12])  # variances of (1 + E z) x and of z^2 + E x z
    both = 4.0 * 2.0
    table = model.sensitivity()
    assert_allclose(table["first"], alone / (alone.sum() + both), atol=2e-6)
    assert_allclose(table["total"], (alone + both) / (alone.sum() + both), atol=2e-6)


def test_models_of_declared_distributions_are_saved_exported_and_differentiated(tmp_path):
    space = declared(x=norm(1.0, 2.0), z=beta(2.0, 5.0))
    X = LatinHypercube(60, seed=0).sample(space)
    model = Surrogate.from_runs(X, X["x"] ** 2 * X["z"] + X["z"] ** 3, space)
    assert model.scorecard.kind == "polynomial_chaos"
    model.save(tmp_path / "m.surrogate")
    assert_array_equal(Surrogate.load(tmp_path / "m.surrogate").predict(X), model.predict(X))
    for suffix in ("py", "c"):
        model.export(tmp_path / f"m.{suffix}")  # refuses to write what gives other numbers
    slope = np.stack([2 * X["x"] * X["z"], X["x"] ** 2 + 3 * X["z"] ** 2], axis=1)
    assert_allclose(model.gradient(X), slope, rtol=1e-6, atol=1e-6)
