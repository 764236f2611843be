"""The record of a Gaussian process: kriging with a constant trend, in plain linear algebra."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from surrogate.models.records.correlation import CORRELATIONS, squared_distances
from surrogate.models.records.record import Record


@dataclass(frozen=True, eq=False)
class GaussianProcessRecord(Record):
    """Posterior of a Gaussian process with a constant trend of unknown level.

    With ``z = (x - location) / length`` and ``k_i = k(|z - points_i|**2)``,
    the mean is ``trend + k @ weights`` and the variance
    ``scale**2 * (1 + nugget - v @ v + (1 - v @ w)**2 / (w @ w))`` where ``v = whitener @ k``, ``w = whitener @ 1``.

    Parameters
    ----------
    correlation : str
        A name in `surrogate.models.records.correlation.CORRELATIONS`.
    location, length : ndarray of shape (p,)
        Origin and length scale of each feature, in the feature's unit.
    points : ndarray of shape (n, p)
        The runs, scaled to ``z``.
    weights : ndarray of shape (n,)
        One weight a run, in the output's unit.
    trend : float
        Level far from all runs, in the output's unit.
    scale : float
        Standard deviation of the process, in the output's unit.
    nugget : float
        Variance of what the process cannot explain, as a share of ``scale**2``; part of the stated variance, because
        a new run has it too.
    whitener : ndarray of shape (n, n)
        Inverse of the lower Cholesky factor of the runs' correlation matrix with nugget.
    """

    kind: ClassVar[str] = "gaussian_process"
    has_std: ClassVar[bool] = True
    has_gradient: ClassVar[bool] = True

    correlation: str
    location: NDArray[np.float64]
    length: NDArray[np.float64]
    points: NDArray[np.float64]
    weights: NDArray[np.float64]
    trend: float
    scale: float
    nugget: float
    whitener: NDArray[np.float64]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.correlation not in CORRELATIONS:
            raise ValueError(f"correlation: one of {', '.join(CORRELATIONS)} is known; got {self.correlation!r}.")
        n, p = len(self.weights), len(self.length)
        shapes = [a.shape for a in (self.location, self.length, self.points, self.weights, self.whitener)]
        if shapes != [(p,), (p,), (n, p), (n,), (n, n)]:
            raise ValueError(f"gaussian_process: shapes (p,), (p,), (n, p), (n,), (n, n) are needed; got {shapes}.")

    @property
    def n_features(self) -> int:
        """Number of columns of `X`."""
        return len(self.length)

    @property
    def _row_bytes(self) -> int:
        return 8 * (5 * len(self.weights) + 2 * self.n_features)

    def _scaled(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        return (X - self.location) / self.length

    def _correlations(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        return CORRELATIONS[self.correlation].value(squared_distances(self._scaled(X), self.points))

    def _predict_block(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        return self.trend + self._correlations(X) @ self.weights

    def _std_block(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        v = self._correlations(X) @ self.whitener.T
        w = self.whitener.sum(axis=1)
        known = np.einsum("ij,ij->i", v, v)
        trend = (1.0 - v @ w) ** 2 / (w @ w)
        std: NDArray[np.float64] = self.scale * np.sqrt(np.maximum(1.0 - known + trend, 0.0) + self.nugget)
        return std

    def _gradient_block(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        z = self._scaled(X)
        slopes = CORRELATIONS[self.correlation].slope(squared_distances(z, self.points)) * self.weights
        gradient: NDArray[np.float64] = (slopes @ self.points - z * slopes.sum(axis=1)[:, None]) / self.length
        return gradient
