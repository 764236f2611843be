"""Universal kriging against independent computations and published test functions."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import multivariate_normal, qmc

from surrogate.models.emulators import Kriging
from surrogate.models.emulators.product_likelihood import ProductLikelihood
from surrogate.models.records.correlation import CORRELATIONS
from surrogate.models.records.kriging import damped_product

every_kernel = pytest.mark.parametrize("kernel", sorted(CORRELATIONS))
every_trend = pytest.mark.parametrize("trend", ["constant", "linear", "polynomial_chaos"])


def runs(n=30, p=3, seed=0):
    X = np.random.default_rng(seed).random((n, p))
    return X, np.sin(5 * X[:, 0]) + X[:, 1] * X[:, 2]


def friedman(u):
    """Friedman 1991; five of the inputs do something."""
    return 10 * np.sin(np.pi * u[:, 0] * u[:, 1]) + 20 * (u[:, 2] - 0.5) ** 2 + 10 * u[:, 3] + 5 * u[:, 4]


def covariance(kernel, interaction, lengths, A, B):
    """By the definition: a sum over all sets of features."""
    p = A.shape[1]
    total = 0.0
    for members in range(2**p):
        product = 1.0
        for j in range(p):
            if members >> j & 1:
                r2 = ((A[:, None, j] - B[None, :, j]) / lengths[j]) ** 2
                product = product * interaction * CORRELATIONS[kernel].value(r2)
        total = total + product
    return total / (1 + interaction) ** p


@every_kernel
def test_a_damped_product_is_a_weighted_sum_over_sets_of_features(kernel):
    A, B, lengths = runs(8)[0], runs(5, seed=1)[0], np.array([0.4, 0.9, 2.0])
    ours = damped_product(kernel, 0.3, A / lengths, B / lengths)
    assert_allclose(ours, covariance(kernel, 0.3, lengths, A, B), rtol=1e-12)


@every_kernel
def test_the_objective_is_the_likelihood_of_contrasts(kernel):
    X, y = runs(20)
    F = np.column_stack([np.ones(20), X])
    lengths, nugget, interaction, dof = np.array([0.4, 0.9, 2.0]), 1e-3, 0.7, 16
    K = covariance(kernel, interaction, lengths, X, X) + nugget * np.eye(20)
    Q, R = np.linalg.qr(F, mode="complete")
    contrasts = Q[:, 4:]
    C, z = contrasts.T @ K @ contrasts, contrasts.T @ y
    variance = z @ np.linalg.solve(C, z) / dof
    density = multivariate_normal(np.zeros(dof), variance * C).logpdf(z)
    prior = np.sum((np.log(lengths) - np.sqrt(2) - 0.5 * np.log(3)) ** 2) / 6 + np.log(interaction / (2 / 3)) ** 2 / 8
    constant = dof / 2 * (np.log(2 * np.pi) + 1) - np.log(np.abs(np.diag(R[:4]))).sum()
    value, _ = ProductLikelihood(X, y, F, kernel)(np.log([*lengths, nugget, interaction]))
    assert_allclose(value, -density + prior - constant, rtol=1e-9)


@every_kernel
def test_the_gradient_of_the_objective_matches_differences(kernel):
    X, y = runs(20)
    objective = ProductLikelihood(X, y, np.column_stack([np.ones(20), X[:, 0]]), kernel)
    at = np.log([0.4, 0.9, 2.0, 1e-3, 0.7])
    central = [(objective(at + step)[0] - objective(at - step)[0]) / 2e-5 for step in 1e-5 * np.eye(5)]
    assert_allclose(objective(at)[1], central, rtol=1e-5, atol=1e-5)


@every_trend
def test_mean_and_std_are_those_of_the_joint_normal(trend):
    """A trend with very vague coefficients is one more covariance: condition the joint distribution on the runs."""
    X, y = runs(30)
    y = y + 0.05 * np.random.default_rng(1).standard_normal(30)
    new = np.random.default_rng(2).random((10, 3))
    record = Kriging(trend).fit(X, y).record_

    def prior(A, B):
        process = covariance(record.correlation, record.interaction, record.length, A, B)
        return record.scale**2 * (process + 1e5 * record.trend.basis(A) @ record.trend.basis(B).T)

    noise = record.scale**2 * record.nugget
    K = prior(X, X) + noise * np.eye(30)
    assert_allclose(record.predict(new), prior(new, X) @ np.linalg.solve(K, y), atol=1e-4)
    variance = np.diag(prior(new, new) - prior(new, X) @ np.linalg.solve(K, prior(X, new))) + noise
    assert_allclose(record.std(new), np.sqrt(variance), rtol=1e-3)


@every_trend
def test_the_gradient_is_that_of_the_prediction(trend):
    X, y = runs()
    record = Kriging(trend).fit(X, y).record_
    for j, shift in enumerate(1e-4 * np.eye(3)):
        difference = (record.predict(X + shift) - record.predict(X - shift)) / 2e-4
        assert_allclose(record.gradient(X)[:, j], difference, rtol=1e-5, atol=5e-5)


def error(model, seed=0, n=100):
    X, new = qmc.LatinHypercube(8, rng=seed).random(n), qmc.Sobol(8, rng=9).random(1024)
    return np.mean((model.fit(X, friedman(X)).predict(new) - friedman(new)) ** 2) / friedman(new).var()


def test_a_function_of_few_interactions_is_learned_an_order_better():
    """A plain product is the limit of no damping: most of the gain is the damping's."""
    assert np.median([error(Kriging(), seed) for seed in range(3)]) < 3e-5


def test_interactions_are_damped_where_there_are_none():
    X = np.random.default_rng(0).random((60, 4))
    additive = Kriging().fit(X, np.sin(6 * X).sum(axis=1)).record_
    product = Kriging().fit(X, np.sin(3 * X).prod(axis=1)).record_
    assert additive.interaction < 0.2 < product.interaction


def test_a_trend_has_at_most_a_quarter_as_many_terms_as_runs():
    X = qmc.LatinHypercube(3, rng=0).random(40)
    assert len(Kriging("polynomial_chaos").fit(X, np.sin(9 * X).sum(axis=1)).record_.trend.coefficients) <= 10


def test_a_linear_trend_is_given_up_where_runs_are_too_few_for_it():
    X, y = runs(8)
    assert len(Kriging("linear").fit(X, y).record_.trend.coefficients) == 1
    X, y = runs(9)
    assert len(Kriging("linear").fit(X, y).record_.trend.coefficients) == 4


def test_an_exact_trend_leaves_nothing_and_does_no_harm():
    X = qmc.LatinHypercube(3, rng=0).random(40)
    y = 2 + X[:, 0] - 3 * X[:, 1] * X[:, 2]
    assert_allclose(Kriging("polynomial_chaos").fit(X, y).predict(X), y, atol=1e-8)


def test_more_runs_than_the_search_uses_are_all_used():
    X = qmc.Sobol(2, rng=0).random(512)
    model = Kriging(kernel="matern52", n_starts=1).fit(X, np.sin(9 * X[:, 0]) * X[:, 1])
    assert len(model.record_.weights) == 512
    assert_allclose(model.predict(X), np.sin(9 * X[:, 0]) * X[:, 1], atol=1e-4)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"trend": "cubic"}, "trend.*linear"), ({"kernel": "cubic"}, "kernel.*matern52"), ({"n_starts": 0}, "n_starts")],
)
def test_settings_that_are_not_allowed_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        Kriging(**wrong).fit(*runs())
