"""What universal kriging maximises: its restricted likelihood with a trend, times weak priors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs, dtrtri

from surrogate.models.emulators.restricted_likelihood import IMPOSSIBLE
from surrogate.models.records.correlation import value_and_slope
from surrogate.models.records.kriging import damped_product

FloatArray = NDArray[np.float64]

#: A trend may meet the runs exactly; then what is left of a standardised output is rounding of either sign.
_LEAST_MISFIT = 1e-28


class ProductLikelihood:
    r"""Negative log posterior of length scales, nugget and interaction, trend and variance integrated out.

    As `RestrictedLikelihood`, with the terms of a trend `F` in place of the constant and with the correlation
    `damped_product`. The logarithm of the interaction has a normal prior around two features over `p`, so that main
    effects and pairs are expected to matter most, with standard deviation two.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Inputs in the unit cube.
    y : ndarray of shape (n,)
        Standardised output.
    F : ndarray of shape (n, terms)
        Trend, fewer terms than runs.
    correlation : str
        A name in `CORRELATIONS`.
    """

    def __init__(self, X: FloatArray, y: FloatArray, F: FloatArray, correlation: str) -> None:
        self.X, self.y, self.F, self.correlation = X, y, F, correlation
        p = X.shape[1]
        self.prior_mean = np.append(np.full(p, np.sqrt(2.0) + 0.5 * np.log(p)), [0.0, np.log(2.0 / p)])
        self.prior_weight = np.append(np.full(p, 1.0 / 3.0), [0.0, 0.25])
        self._pairs = np.triu_indices(len(X), 1)
        self._squares = np.square((X[self._pairs[0]] - X[self._pairs[1]]).T, order="C")

    def __call__(self, parameters: FloatArray) -> tuple[float, FloatArray]:
        """Value and gradient at ``[log length_1, ..., log length_p, log nugget, log interaction]``."""
        n, (p, a) = len(self.y), (len(self._squares), np.exp(parameters[-1]))
        r2 = self._squares * np.exp(-2.0 * parameters[:p])[:, None]
        values, slopes = value_and_slope(self.correlation, r2)
        values *= a
        factors = values + 1.0
        pairs = factors.prod(axis=0) * (1.0 + a) ** -p
        K = np.empty((n, n))
        K[self._pairs] = pairs
        K.T[self._pairs] = pairs
        np.fill_diagonal(K, 1.0 + np.exp(parameters[-2]))
        L, failed = dpotrf(K, lower=1, clean=1)
        if failed:
            return IMPOSSIBLE, np.zeros_like(parameters)
        fit = _Fit.of(L, self.y, self.F)
        if fit is None:
            return IMPOSSIBLE, np.zeros_like(parameters)
        dof = n - self.F.shape[1]
        off = parameters - self.prior_mean
        value = np.log(np.diag(L)).sum() + 0.5 * (fit.log_det + dof * np.log(fit.S / dof) + self.prior_weight @ off**2)

        inverse = dpotri(L, lower=1)[0]
        inverse += np.tril(inverse, -1).T
        half = solve_triangular(fit.G, fit.KF.T, lower=True, check_finite=False)
        inverse -= half.T @ half
        inverse -= np.outer(fit.weights, fit.weights * (dof / fit.S))
        gradient = self.prior_weight * off
        gradient[-2] += 0.5 * np.exp(parameters[-2]) * np.trace(inverse)
        moves = pairs * inverse[self._pairs]
        values /= factors
        gradient[-1] += (values @ moves).sum() - p * a / (1.0 + a) * moves.sum()
        slopes *= r2
        slopes /= factors
        gradient[:p] += a * (slopes @ moves)
        return float(value), gradient


class _Fit:
    """Generalised least squares at one Cholesky factor."""

    def __init__(self, G: FloatArray, KF: FloatArray, beta: FloatArray, weights: FloatArray, S: float) -> None:
        self.G, self.KF, self.beta, self.weights, self.S = G, KF, beta, weights, S
        self.log_det = 2.0 * float(np.log(np.diag(G)).sum())

    @classmethod
    def of(cls, L: FloatArray, y: FloatArray, F: FloatArray) -> _Fit | None:
        """Solve, or None where the terms of the trend cannot be told apart."""
        solved = dpotrs(L, np.column_stack([y, F]), lower=1)[0]
        KF = solved[:, 1:]
        G, failed = dpotrf(F.T @ KF, lower=1, clean=1)
        if failed:
            return None
        beta = dpotrs(G, KF.T @ y, lower=1)[0]
        weights = solved[:, 0] - KF @ beta
        S = max(float(y @ weights), _LEAST_MISFIT * len(y))
        return cls(G, KF, beta, weights, S)


def solve_kriging(
    Z: FloatArray, y: FloatArray, F: FloatArray, correlation: str, nugget: float, interaction: float
) -> dict[str, FloatArray | float]:
    """Compute what a `KrigingRecord` needs, in the standardised unit of the output.

    Raises
    ------
    numpy.linalg.LinAlgError
        When the correlation matrix is not positive definite.
    """
    K = damped_product(correlation, interaction, Z, Z)
    np.fill_diagonal(K, 1.0 + nugget)
    L, failed = dpotrf(K, lower=1, clean=1)
    fit = None if failed else _Fit.of(L, y, F)
    if fit is None:
        raise np.linalg.LinAlgError("the correlation matrix is not positive definite at these parameters.")
    whitener = np.ascontiguousarray(dtrtri(L, lower=1)[0])
    return {
        "coefficients": fit.beta,
        "weights": fit.weights,
        "variance": fit.S / (len(y) - F.shape[1]),
        "whitener": whitener,
        "whitened_trend": whitener @ F,
        "trend_whitener": np.ascontiguousarray(dtrtri(fit.G, lower=1)[0]),
    }
