"""The record of a composite Gaussian process: a smooth process, and a local one whose size varies over the space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from surrogate.models.records.correlation import CORRELATIONS, squared_distances
from surrogate.models.records.kriging import damped_product, damped_product_gradient
from surrogate.models.records.record import Record

FloatArray = NDArray[np.float64]


def anchor_weights(X: FloatArray, anchors: FloatArray, reach: FloatArray) -> FloatArray:
    """Return how much each anchor counts at each point: Gaussian in the distance, adding up to one.

    Parameters
    ----------
    X, anchors : ndarray of shape (n, p), (m, p)
    reach : ndarray of shape (p,)
        Distance over which the weight of an anchor falls.

    Returns
    -------
    ndarray of shape (n, m)

    References
    ----------
    Nadaraya, E. A. (1964). On estimating regression. Theory of Probability & Its Applications 9, 141-142.

    Examples
    --------
    >>> anchor_weights(np.array([[0.5], [9.0]]), np.array([[0.0], [1.0]]), np.array([0.3])).round(3)
    array([[0.5, 0.5],
           [0. , 1. ]])
    """
    squares = squared_distances(X / reach, anchors / reach)
    weights = np.exp(-0.5 * (squares - squares.min(axis=1, keepdims=True)))
    normed: FloatArray = weights / weights.sum(axis=1, keepdims=True)
    return normed


@dataclass(frozen=True, eq=False)
class CompositeRecord(Record):
    """Posterior of the sum of a smooth process and a local one.

    With ``z = (x - location) / width`` the prior covariance of two points is ``scale**2`` times
    ``damped_product(z / length) + size(z) * size(z') * k(|z - z'|**2 / local_length**2)``, where the logarithm of
    `size` is a weighted mean of `log_sizes` (`anchor_weights`). Mean and variance follow from it and from the runs as
    in `GaussianProcessRecord`.

    Parameters
    ----------
    correlation : str
        A name in `CORRELATIONS`, for both processes.
    interaction : float
        Weight of interactions in the smooth process, see `damped_product`.
    location, width : ndarray of shape (p,)
        Origin and unit of each feature.
    length, local_length : ndarray of shape (p,)
        Length scales of the smooth and of the local process, in units of `width`.
    anchors : ndarray of shape (m, p)
        Points, scaled to ``z``, at which the size of the local process is told.
    reach : ndarray of shape (p,)
        How far each anchor's word counts.
    log_sizes : ndarray of shape (m,)
        Logarithm of the local process's standard deviation, as a multiple of `scale`.
    points : ndarray of shape (n, p)
        The runs, scaled to ``z``.
    weights : ndarray of shape (n,)
        One weight a run, in the output's unit.
    trend : float
        Level far from all runs, in the output's unit.
    scale : float
        Standard deviation of the smooth process, in the output's unit.
    nugget : float
        Variance of what the processes cannot explain, as a share of ``scale**2``.
    whitener : ndarray of shape (n, n)
        Inverse of the lower Cholesky factor of the runs' covariance over ``scale**2``, with nugget.

    References
    ----------
    Ba, S., Joseph, V. R. (2012). Composite Gaussian process models for emulating expensive functions. Annals of
    Applied Statistics 6, 1838-1860.
    """

    kind: ClassVar[str] = "composite"
    has_std: ClassVar[bool] = True
    has_gradient: ClassVar[bool] = True

    correlation: str
    interaction: float
    location: FloatArray
    width: FloatArray
    length: FloatArray
    local_length: FloatArray
    anchors: FloatArray
    reach: FloatArray
    log_sizes: FloatArray
    points: FloatArray
    weights: FloatArray
    trend: float
    scale: float
    nugget: float
    whitener: FloatArray

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.correlation not in CORRELATIONS:
            raise ValueError(f"correlation: one of {', '.join(CORRELATIONS)} is known; got {self.correlation!r}.")
        n, p, m = len(self.weights), len(self.length), len(self.log_sizes)
        each = (self.location, self.width, self.local_length, self.reach, self.anchors, self.points, self.whitener)
        shapes = [array.shape for array in each]
        if shapes != [(p,), (p,), (p,), (p,), (m, p), (n, p), (n, n)]:
            raise ValueError(f"composite: shapes four times (p,), (m, p), (n, p), (n, n) are needed; got {shapes}.")

    @property
    def n_features(self) -> int:
        """Number of columns of `X`."""
        return len(self.length)

    @property
    def _row_bytes(self) -> int:
        return 8 * (8 * len(self.weights) + 3 * len(self.log_sizes) + 3 * self.n_features)

    def _sizes(self, z: FloatArray) -> FloatArray:
        sizes: FloatArray = np.exp(anchor_weights(z, self.anchors, self.reach) @ self.log_sizes)
        return sizes

    def _local(self, z: FloatArray) -> FloatArray:
        """Covariances of the local process with the runs."""
        squares = squared_distances(z / self.local_length, self.points / self.local_length)
        local: FloatArray = CORRELATIONS[self.correlation].value(squares)
        local *= self._sizes(z)[:, None]
        local *= self._sizes(self.points)
        return local

    def _covariances(self, z: FloatArray) -> FloatArray:
        smooth = damped_product(self.correlation, self.interaction, z / self.length, self.points / self.length)
        smooth += self._local(z)
        return smooth

    def _predict_block(self, X: FloatArray) -> FloatArray:
        return self.trend + self._covariances((X - self.location) / self.width) @ self.weights

    def _std_block(self, X: FloatArray) -> FloatArray:
        z = (X - self.location) / self.width
        v = self._covariances(z) @ self.whitener.T
        w = self.whitener.sum(axis=1)
        prior = 1.0 + self._sizes(z) ** 2
        variance = prior - np.einsum("ij,ij->i", v, v) + (1.0 - v @ w) ** 2 / (w @ w)
        std: FloatArray = self.scale * np.sqrt(np.maximum(variance, 0.0) + self.nugget)
        return std

    def _gradient_block(self, X: FloatArray) -> FloatArray:
        z = (X - self.location) / self.width
        smooth = damped_product_gradient(
            self.correlation, self.interaction, z / self.length, self.points / self.length, self.weights
        )
        squares = squared_distances(z / self.local_length, self.points / self.local_length)
        sizes = self._sizes(z)[:, None]
        pulled = CORRELATIONS[self.correlation].slope(squares) * (sizes * self._sizes(self.points) * self.weights)
        local = (pulled @ self.points - z * pulled.sum(axis=1)[:, None]) / self.local_length**2
        # the size changes along the way too
        share = anchor_weights(z, self.anchors, self.reach)
        told = share * self.log_sizes
        rise = (told @ self.anchors - told.sum(axis=1)[:, None] * (share @ self.anchors)) / self.reach**2
        local += (self._local(z) @ self.weights)[:, None] * rise
        gradient: FloatArray = (smooth / self.length + local) / self.width
        return gradient
