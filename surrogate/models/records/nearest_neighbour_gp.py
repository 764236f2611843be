"""The record of a Gaussian process that asks the nearest runs only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from surrogate.models.records.correlation import CORRELATIONS
from surrogate.models.records.record import Record

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class NearestNeighbourGPRecord(Record):
    """A Gaussian process conditioned, for each point, on the runs nearest to it.

    With ``z = (x - location) / length``, the `neighbours` runs of least ``|z - points_i|``, their correlation matrix
    ``K = k(points, points) + nugget`` and ``k = k(z, points)``, the mean is ``trend + k @ K^-1 @ (outputs - trend)``
    and the variance ``scale**2 * (1 + nugget - k @ K^-1 @ k)``.

    Parameters
    ----------
    correlation : str
        A name in `surrogate.models.records.correlation.CORRELATIONS`.
    location, length : ndarray of shape (p,)
        Origin and length scale of each feature, in the feature's unit.
    points : ndarray of shape (n, p)
        The runs, scaled to ``z``.
    outputs : ndarray of shape (n,)
        What they answered.
    trend, scale, nugget : float
        Level and standard deviation of the process, in the output's unit; variance of what the process cannot explain,
        as a share of ``scale**2``.
    neighbours : int
        Number of runs asked.

    References
    ----------
    Vecchia, A. V. (1988). Estimation and model identification for continuous spatial processes. Journal of the Royal
    Statistical Society B 50, 297-312.

    Datta, A., Banerjee, S., Finley, A. O., Gelfand, A. E. (2016). Hierarchical nearest-neighbor Gaussian process
    models for large geostatistical datasets. Journal of the American Statistical Association 111, 800-812.
    """

    kind: ClassVar[str] = "nearest_neighbour_gp"
    has_std: ClassVar[bool] = True

    correlation: str
    location: FloatArray
    length: FloatArray
    points: FloatArray
    outputs: FloatArray
    trend: float
    scale: float
    nugget: float
    neighbours: int

    def __post_init__(self) -> None:
        super().__post_init__()
        n, p = len(self.outputs), len(self.length)
        shapes = [a.shape for a in (self.location, self.length, self.points)]
        if self.correlation not in CORRELATIONS or shapes != [(p,), (p,), (n, p)] or not 1 <= self.neighbours <= n:
            raise ValueError(
                f"nearest_neighbour_gp: a correlation of {', '.join(CORRELATIONS)}, shapes (p,), (p,), (n, p) and 1 to "
                f"n neighbours are needed; got {self.correlation!r}, {shapes} and {self.neighbours}."
            )

    @property
    def n_features(self) -> int:
        """Number of columns of `X`."""
        return len(self.length)

    @property
    def _row_bytes(self) -> int:
        return len(self.outputs) + 4 * self.neighbours**2  # larger blocks than elsewhere: fewer, longer products

    def _nearest(self, z: FloatArray) -> NDArray[np.intp]:
        # the square of z itself is the same for all runs
        distance = np.einsum("ij,ij->i", self.points, self.points) - 2.0 * (z @ self.points.T)
        if self.neighbours == len(self.outputs):
            return np.broadcast_to(np.arange(self.neighbours), (len(z), self.neighbours))
        return np.argpartition(distance, self.neighbours - 1, axis=1)[:, : self.neighbours]

    def _local(self, X: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Correlations with the nearest runs, those times the inverse of theirs, and their outputs."""
        z = (X - self.location) / self.length
        nearest = self._nearest(z)
        points, value = self.points[nearest], CORRELATIONS[self.correlation].value
        products = points @ points.transpose(0, 2, 1)
        squares = np.einsum("imm->im", products)
        K = value(np.maximum(squares[:, :, None] + squares[:, None, :] - 2.0 * products, 0.0))
        at = np.arange(self.neighbours)
        K[:, at, at] = 1.0 + self.nugget
        k = value(((points - z[:, None, :]) ** 2).sum(axis=2))
        weights = np.asarray(np.linalg.solve(K, k[:, :, None])[:, :, 0], dtype=np.float64)
        return k, weights, self.outputs[nearest]

    def _predict_block(self, X: FloatArray) -> FloatArray:
        _, weights, outputs = self._local(X)
        prediction: FloatArray = self.trend + np.einsum("im,im->i", weights, outputs - self.trend)
        return prediction

    def _std_block(self, X: FloatArray) -> FloatArray:
        k, weights, _ = self._local(X)
        known = np.einsum("im,im->i", weights, k)
        std: FloatArray = self.scale * np.sqrt(np.maximum(1.0 - known, 0.0) + self.nugget)
        return std
