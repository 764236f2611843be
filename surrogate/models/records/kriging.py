"""The record of universal kriging: a polynomial trend and a product correlation with damped interactions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from surrogate.models.records.correlation import CORRELATIONS
from surrogate.models.records.polynomial_chaos import PolynomialChaosRecord
from surrogate.models.records.record import Record

FloatArray = NDArray[np.float64]


def damped_product(correlation: str, interaction: float, A: FloatArray, B: FloatArray) -> FloatArray:
    """Product of one-dimensional correlations with damped interactions.

    ``prod_j (1 + interaction * k(|a_j - b_j|)) / (1 + interaction)`` is a sum over all sets of features of the product
    of their correlations, a set of `m` features weighed by ``interaction**m``: small values expect little more than a
    sum of main effects, large ones the plain product.

    Parameters
    ----------
    correlation : str
        A name in `CORRELATIONS`.
    interaction : float
        Positive.
    A, B : ndarray of shape (n, p), (m, p)
        Points, scaled by the length scales.

    Returns
    -------
    ndarray of shape (n, m)

    References
    ----------
    Durrande, N., Ginsbourger, D., Roustant, O., Carraro, L. (2013). ANOVA kernels and RKHS of zero mean functions for
    model-based sensitivity analysis. Journal of Multivariate Analysis 115, 57-67.

    Examples
    --------
    >>> damped_product("matern52", 1e9, np.zeros((1, 2)), np.zeros((1, 2)))
    array([[1.]])
    """
    product = np.ones((len(A), len(B)))
    for a, b in zip(A.T, B.T, strict=True):
        product *= _factor(correlation, interaction, a, b)
    return product


def _factor(correlation: str, interaction: float, a: FloatArray, b: FloatArray) -> FloatArray:
    values: FloatArray = CORRELATIONS[correlation].value(np.square(a[:, None] - b))
    return (1.0 + interaction * values) / (1.0 + interaction)


def damped_product_gradient(
    correlation: str, interaction: float, A: FloatArray, B: FloatArray, weights: FloatArray
) -> FloatArray:
    """Gradient of ``damped_product(correlation, interaction, A, B) @ weights`` in each row of `A`, shape (n, p)."""
    weighted = damped_product(correlation, interaction, A, B) * weights
    gradient = np.empty(A.shape)
    share = interaction / (1.0 + interaction)
    for j in range(A.shape[1]):
        difference = A[:, j, None] - B[:, j]
        slope = -CORRELATIONS[correlation].slope(np.square(difference)) * difference * share
        gradient[:, j] = (weighted * slope / _factor(correlation, interaction, A[:, j], B[:, j])).sum(axis=1)
    return gradient


@dataclass(frozen=True, eq=False)
class KrigingRecord(Record):
    """Posterior of a Gaussian process around a polynomial trend whose coefficients are unknown.

    With ``z = (x - location) / length``, ``k_i = damped_product(z, points_i)`` and the terms ``f`` of the trend at x,
    the mean is ``f @ trend.coefficients + k @ weights`` and the variance
    ``scale**2 * (1 + nugget - v @ v + |trend_whitener @ (f - whitened_trend.T @ v)|**2)`` where ``v = whitener @ k``.

    Parameters
    ----------
    correlation : str
        A name in `CORRELATIONS`.
    interaction : float
        Weight of interactions, see `damped_product`.
    location, length : ndarray of shape (p,)
        Origin and length scale of each feature, in the feature's unit.
    points : ndarray of shape (n, p)
        The runs, scaled to ``z``.
    weights : ndarray of shape (n,)
        One weight a run, in the output's unit.
    trend : PolynomialChaosRecord
        Trend with its generalised least-squares coefficients.
    scale : float
        Standard deviation of the process, in the output's unit.
    nugget : float
        Variance of what the process cannot explain, as a share of ``scale**2``.
    whitener : ndarray of shape (n, n)
        Inverse of the lower Cholesky factor of the runs' correlation matrix with nugget.
    whitened_trend : ndarray of shape (n, terms)
        ``whitener @ F`` with the trend's terms `F` at the runs.
    trend_whitener : ndarray of shape (terms, terms)
        Inverse of the lower Cholesky factor of ``whitened_trend.T @ whitened_trend``.

    References
    ----------
    Schobi, R., Sudret, B., Wiart, J. (2015). Polynomial-chaos-based kriging. International Journal for Uncertainty
    Quantification 5, 171-193.
    """

    kind: ClassVar[str] = "kriging"
    has_std: ClassVar[bool] = True
    has_gradient: ClassVar[bool] = True

    correlation: str
    interaction: float
    location: FloatArray
    length: FloatArray
    points: FloatArray
    weights: FloatArray
    trend: PolynomialChaosRecord
    scale: float
    nugget: float
    whitener: FloatArray
    whitened_trend: FloatArray
    trend_whitener: FloatArray

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.correlation not in CORRELATIONS:
            raise ValueError(f"correlation: one of {', '.join(CORRELATIONS)} is known; got {self.correlation!r}.")
        n, p, m = len(self.weights), len(self.length), len(self.trend.coefficients)
        arrays = (self.location, self.points, self.whitener, self.whitened_trend, self.trend_whitener)
        shapes = [array.shape for array in arrays]
        if shapes != [(p,), (n, p), (n, n), (n, m), (m, m)] or self.trend.n_features != p:
            raise ValueError(f"kriging: shapes (p,), (n, p), (n, n), (n, m), (m, m) are needed; got {shapes}.")

    @property
    def n_features(self) -> int:
        """Number of columns of `X`."""
        return len(self.length)

    @property
    def _row_bytes(self) -> int:
        return 8 * (6 * len(self.weights) + 3 * len(self.trend.coefficients) + 2 * self.n_features)

    def _scaled(self, X: FloatArray) -> FloatArray:
        return (X - self.location) / self.length

    def _correlations(self, X: FloatArray) -> FloatArray:
        return damped_product(self.correlation, self.interaction, self._scaled(X), self.points)

    def _predict_block(self, X: FloatArray) -> FloatArray:
        return self.trend.predict(X) + self._correlations(X) @ self.weights

    def _std_block(self, X: FloatArray) -> FloatArray:
        v = self._correlations(X) @ self.whitener.T
        rest = (self.trend.basis(X) - v @ self.whitened_trend) @ self.trend_whitener.T
        variance = 1.0 - np.einsum("ij,ij->i", v, v) + np.einsum("ij,ij->i", rest, rest)
        std: FloatArray = self.scale * np.sqrt(np.maximum(variance, 0.0) + self.nugget)
        return std

    def _gradient_block(self, X: FloatArray) -> FloatArray:
        slopes = damped_product_gradient(self.correlation, self.interaction, self._scaled(X), self.points, self.weights)
        gradient: FloatArray = self.trend.gradient(X) + slopes / self.length
        return gradient
