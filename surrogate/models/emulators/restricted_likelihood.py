"""What a Gaussian process maximises: its restricted likelihood times a weak prior on the length scales."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs, dtrtri

from surrogate.models.records.correlation import CORRELATIONS, squared_distances

FloatArray = NDArray[np.float64]

#: Value for parameters at which the correlation matrix is not positive definite: worse than any that is.
IMPOSSIBLE = 1e10


class Solution(NamedTuple):
    """The process at given parameters, all in the standardised unit of the output."""

    weights: FloatArray  #: (n,) one a run
    trend: float
    variance: float  #: of the process
    whitener: FloatArray  #: (n, n) inverse of the lower Cholesky factor


class RestrictedLikelihood:
    r"""Negative log posterior of length scales and nugget, trend and variance integrated out.

    With :math:`K = R + \eta D`, `D` the diagonal matrix of `noise`, :math:`P` the inverse of `K` with the constant
    trend projected out and
    :math:`S = y^T P y`,

    .. math:: \tfrac12 \left[ \log|K| + \log(1^T K^{-1} 1) + (n-1) \log\tfrac{S}{n-1}
              + \sum_j \left(\tfrac{\log \ell_j - \mu}{s}\right)^2 \right]

    The prior on the length scales (of inputs in the unit cube) is log-normal with
    :math:`\mu = \sqrt2 + \tfrac12\log p`, :math:`s = \sqrt3`: distances in a cube grow with the root of its
    dimension, so without it the process would expect more roughness the more inputs there are.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Inputs in the unit cube.
    y : ndarray of shape (n,)
        Standardised output.
    correlation : str
        A name in `CORRELATIONS`.
    noise : ndarray of shape (n,), optional
        Variance of the noise of each run as a multiple of the nugget; 1 by default.
    level : float, optional
        Mean variance of the noise where it is known. The variance of the process is then this over the nugget, in place
        of what the runs say at each nugget.

    References
    ----------
    Harville (1974), Bayesian inference for variance components using only error contrasts, Biometrika 61.
    Gu, Wang & Berger (2018), Robust Gaussian stochastic process emulation, Annals of Statistics 46.
    Hvarfner, Hellsten & Nardi (2024), Vanilla Bayesian optimization performs great in high dimensions, ICML.
    """

    def __init__(
        self,
        X: FloatArray,
        y: FloatArray,
        correlation: str,
        noise: FloatArray | None = None,
        level: float | None = None,
    ) -> None:
        self.X, self.y, self.correlation, self.level = X, y, CORRELATIONS[correlation], level
        self.noise = np.ones(len(y)) if noise is None else noise
        self.prior_mean = np.sqrt(2.0) + 0.5 * np.log(X.shape[1])
        self.prior_sd = np.sqrt(3.0)

    def _factor(self, parameters: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray] | None:
        """Scaled points, their squared distances and the lower Cholesky factor, None when there is none."""
        Z = self.X / np.exp(parameters[:-1])
        r2 = squared_distances(Z, Z)
        np.fill_diagonal(r2, 0.0)
        K = self.correlation.value(r2)
        np.fill_diagonal(K, 1.0 + np.exp(parameters[-1]) * self.noise)
        L, failed = dpotrf(K, lower=1, clean=1)
        return None if failed else (Z, r2, L)

    def _solve(self, L: FloatArray) -> tuple[FloatArray, FloatArray, float, float]:
        """``P y``, ``K^-1 1``, the trend and ``y' P y``, by substitution: more exact than through an inverse."""
        solved = dpotrs(L, np.column_stack([self.y, np.ones(len(L))]), lower=1)[0]
        k_one = solved[:, 1]
        trend = float(k_one @ self.y / k_one.sum())
        weights = solved[:, 0] - trend * k_one
        return weights, k_one, trend, float(self.y @ weights)

    def _variance(self, parameters: FloatArray, S: float, dof: int) -> float:
        """Variance of the process: the most probable one, or what a known noise leaves."""
        return S / dof if self.level is None else self.level / float(np.exp(parameters[-1]))

    def __call__(self, parameters: FloatArray) -> tuple[float, FloatArray]:
        """Value and gradient at ``[log length_1, ..., log length_p, log nugget]``.

        Costs one Cholesky factor, one inverse and, for all length scales together, one product of an (n, n) with an
        (n, p) matrix: the squared differences are never formed one dimension at a time.
        """
        factor = self._factor(parameters)
        if factor is None:
            return IMPOSSIBLE, np.zeros_like(parameters)
        Z, r2, L = factor
        weights, k_one, _, S = self._solve(L)
        if S <= 0.0 or k_one.sum() <= 0.0:
            return IMPOSSIBLE, np.zeros_like(parameters)
        dof = len(L) - 1
        prior = (parameters[:-1] - self.prior_mean) / self.prior_sd
        variance = self._variance(parameters, S, dof)
        value = np.log(np.diag(L)).sum() + 0.5 * (np.log(k_one.sum()) + dof * np.log(variance) + prior @ prior)

        inverse = dpotri(L, lower=1)[0]
        inverse += np.tril(inverse, -1).T
        inverse -= np.outer(k_one, k_one / k_one.sum())
        inverse -= np.outer(weights, weights / variance)
        gradient = np.empty_like(parameters)
        gradient[-1] = 0.5 * np.exp(parameters[-1]) * (np.diag(inverse) @ self.noise)
        if self.level is not None:
            value += 0.5 * (S / variance - dof)
            gradient[-1] += 0.5 * (S / variance - dof)
        inverse *= self.correlation.slope(r2)
        gradient[:-1] = inverse.sum(axis=1) @ (Z * Z) - np.einsum("ij,ij->j", Z, inverse @ Z) + prior / self.prior_sd
        return float(value), gradient

    def solution(self, parameters: FloatArray) -> Solution:
        """Weights, trend, variance and whitener at the given parameters.

        Raises
        ------
        numpy.linalg.LinAlgError
            When the correlation matrix is not positive definite there.
        """
        factor = self._factor(parameters)
        if factor is None:
            raise np.linalg.LinAlgError("the correlation matrix is not positive definite at these parameters.")
        L = factor[-1]
        weights, _, trend, S = self._solve(L)
        variance = self._variance(parameters, S, len(L) - 1)
        return Solution(weights, trend, variance, np.ascontiguousarray(dtrtri(L, lower=1)[0]))
