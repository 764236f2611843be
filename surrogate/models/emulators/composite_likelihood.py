"""What a composite Gaussian process maximises: the restricted likelihood of both its processes, times weak priors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotri, dpotrs, dtrtri

from surrogate.models.emulators.restricted_likelihood import IMPOSSIBLE, Solution
from surrogate.models.records.correlation import value_and_slope

FloatArray = NDArray[np.float64]

#: Prior of the local process: length scales near a third of the width for one feature, a size that is small and that
#: varies by a factor of some four from place to place. Tighter priors miss narrow features, wider ones see them
#: between runs that happen to agree.
_LOCAL_LENGTH = float(np.log(0.3))
_SIZE, _SIZE_SPREAD = -1.5, 1.5


class CompositeLikelihood:
    r"""Negative log posterior of both processes, the trend and the variance integrated out.

    As `ProductLikelihood` with a constant trend; the local process adds its length scales, and the logarithm of its
    size at each anchor. The latter have a normal prior each, so that the size is that of the smooth process or less
    unless the runs say otherwise.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Inputs in the unit cube.
    y : ndarray of shape (n,)
        Standardised output.
    correlation : str
        A name in `CORRELATIONS`.
    share : ndarray of shape (n, m)
        How much each anchor counts at each run.
    """

    def __init__(self, X: FloatArray, y: FloatArray, correlation: str, share: FloatArray) -> None:
        self.X, self.y, self.correlation, self.share = X, y, correlation, share
        (n, p), m = X.shape, share.shape[1]
        self.p = p
        smooth, local, size = np.full(p, np.sqrt(2.0)), np.full(p, _LOCAL_LENGTH), np.full(m, _SIZE)
        root = 0.5 * np.log(p)
        self.prior_mean: FloatArray = np.concatenate([smooth + root, [0.0, np.log(2.0 / p)], local + root, size])
        parts = (np.full(p, 1.0 / 3.0), np.array([0.0, 0.25]), np.ones(p), np.full(m, _SIZE_SPREAD**-2))
        self.prior_weight: FloatArray = np.concatenate(parts)
        self._pairs = np.triu_indices(n, 1)
        self._squares = np.square((X[self._pairs[0]] - X[self._pairs[1]]).T, order="C")

    def split(self, parameters: FloatArray) -> tuple[FloatArray, float, float, FloatArray, FloatArray]:
        """Length scales, nugget, interaction, local length scales and logarithms of sizes."""
        p = self.p
        return (
            np.exp(parameters[:p]), float(np.exp(parameters[p])), float(np.exp(parameters[p + 1])),
            np.exp(parameters[p + 2 : 2 * p + 2]), parameters[2 * p + 2 :],
        )  # fmt: skip

    def __call__(self, parameters: FloatArray) -> tuple[float, FloatArray]:
        """Value and gradient at ``[log lengths, log nugget, log interaction, log local lengths, log sizes]``."""
        n, p = len(self.y), self.p
        length, nugget, a, local_length, log_sizes = self.split(parameters)
        squares = self._squares / np.square(length)[:, None]
        values, slopes = value_and_slope(self.correlation, squares)
        values *= a
        factors = values + 1.0
        smooth = factors.prod(axis=0) * (1.0 + a) ** -p
        local_squares = self._squares / np.square(local_length)[:, None]
        local, local_slope = value_and_slope(self.correlation, local_squares.sum(axis=0))
        sizes = np.exp(self.share @ log_sizes)
        both = sizes[self._pairs[0]] * sizes[self._pairs[1]]
        local *= both
        local_slope *= both
        factor = self._factor(smooth + local, sizes, nugget)
        fit = None if factor is None else _solve(factor, self.y)
        if factor is None or fit is None:
            return IMPOSSIBLE, np.zeros_like(parameters)
        weights, k_one, _, S = fit
        off = parameters - self.prior_mean
        value = np.log(np.diag(factor)).sum() + 0.5 * (np.log(k_one.sum()) + self.prior_weight @ off**2)
        value += 0.5 * (n - 1) * np.log(S / (n - 1))

        inverse = dpotri(factor, lower=1)[0]
        inverse += np.tril(inverse, -1).T
        inverse -= np.outer(k_one, k_one / k_one.sum())
        inverse -= np.outer(weights, weights * ((n - 1) / S))
        pairs, diagonal = inverse[self._pairs], np.diag(inverse)
        gradient = self.prior_weight * off
        moves = smooth * pairs
        values /= factors
        slopes *= squares
        slopes /= factors
        gradient[:p] += a * (slopes @ moves)
        gradient[p] += 0.5 * nugget * diagonal.sum()
        gradient[p + 1] += (values @ moves).sum() - p * a / (1.0 + a) * moves.sum()
        gradient[p + 2 : 2 * p + 2] += local_squares @ (local_slope * pairs)
        moves = local * pairs
        at_run = np.bincount(self._pairs[0], moves, n) + np.bincount(self._pairs[1], moves, n) + diagonal * sizes**2
        gradient[2 * p + 2 :] += self.share.T @ at_run
        return float(value), gradient

    def _factor(self, pairs: FloatArray, sizes: FloatArray, nugget: float) -> FloatArray | None:
        """Lower Cholesky factor of the covariance of the runs, None when there is none."""
        K = np.empty((len(sizes), len(sizes)))
        K[self._pairs] = pairs
        K.T[self._pairs] = pairs
        np.fill_diagonal(K, 1.0 + sizes**2 + nugget)
        factor, failed = dpotrf(K, lower=1, clean=1)
        return None if failed else factor

    def solution(self, parameters: FloatArray) -> Solution | None:
        """Weights, trend, variance and whitener at the given parameters, None where there are none."""
        length, nugget, a, local_length, log_sizes = self.split(parameters)
        sizes = np.exp(self.share @ log_sizes)
        values, _ = value_and_slope(self.correlation, self._squares / np.square(length)[:, None])
        smooth = ((1.0 + a * values) / (1.0 + a)).prod(axis=0)
        local, _ = value_and_slope(self.correlation, (self._squares / np.square(local_length)[:, None]).sum(axis=0))
        factor = self._factor(smooth + local * sizes[self._pairs[0]] * sizes[self._pairs[1]], sizes, nugget)
        fit = None if factor is None else _solve(factor, self.y)
        if factor is None or fit is None:
            return None
        weights, _, trend, S = fit
        return Solution(weights, trend, S / (len(self.y) - 1), np.ascontiguousarray(dtrtri(factor, lower=1)[0]))


def _solve(factor: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, float, float] | None:
    """``P y``, ``K^-1 1``, the trend and ``y' P y``, `P` the inverse with the constant projected out."""
    solved = dpotrs(factor, np.column_stack([y, np.ones(len(y))]), lower=1)[0]
    k_one = solved[:, 1]
    total = float(k_one.sum())
    if total <= 0.0:
        return None
    trend = float(k_one @ y) / total
    weights = solved[:, 0] - trend * k_one
    S = float(y @ weights)
    return (weights, k_one, trend, S) if S > 0.0 else None
