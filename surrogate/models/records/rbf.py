"""The record of radial basis functions with a polynomial tail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from surrogate.models.records.correlation import squared_distances
from surrogate.models.records.record import Record

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RBFRecord(Record):
    """A weighted sum of powers of the distances to the runs, and a linear function.

    With ``z = (x - location) / width`` the prediction is
    ``trend_0 + z @ trend_1.. + sum_i weights_i * |z - points_i|**power``.

    Parameters
    ----------
    power : int
        1 or 3.
    location, width : ndarray of shape (p,)
        Unit of each feature.
    points : ndarray of shape (n, p)
        The runs, scaled to ``z``.
    weights : ndarray of shape (n,)
        One a run, in the output's unit.
    trend : ndarray of shape (p + 1,)
        Constant and slopes, in the output's unit.
    """

    kind: ClassVar[str] = "rbf"
    has_gradient: ClassVar[bool] = True

    power: int
    location: FloatArray
    width: FloatArray
    points: FloatArray
    weights: FloatArray
    trend: FloatArray

    def __post_init__(self) -> None:
        super().__post_init__()
        n, p = len(self.weights), len(self.location)
        shapes = [a.shape for a in (self.location, self.width, self.points, self.weights, self.trend)]
        if self.power not in (1, 3) or shapes != [(p,), (p,), (n, p), (n,), (p + 1,)]:
            raise ValueError(
                f"rbf: a power of 1 or 3 and shapes (p,), (p,), (n, p), (n,), (p + 1,) are needed; "
                f"got {self.power} and {shapes}."
            )

    @property
    def n_features(self) -> int:
        """Number of columns of `X`."""
        return len(self.location)

    @property
    def _row_bytes(self) -> int:
        return 8 * (3 * len(self.weights) + 2 * self.n_features)

    def _scaled(self, X: FloatArray) -> FloatArray:
        return (X - self.location) / self.width

    def _predict_block(self, X: FloatArray) -> FloatArray:
        z = self._scaled(X)
        values = np.sqrt(squared_distances(z, self.points)) ** self.power
        prediction: FloatArray = self.trend[0] + z @ self.trend[1:] + values @ self.weights
        return prediction

    def _gradient_block(self, X: FloatArray) -> FloatArray:
        z = self._scaled(X)
        r = np.sqrt(squared_distances(z, self.points))
        # at a run itself the distance has no slope in any direction that could be preferred
        away = np.where(r > 0.0, r, np.inf)
        slopes = self.weights * (3.0 * r if self.power == 3 else 1.0 / away)
        gradient: FloatArray = (self.trend[1:] + z * slopes.sum(axis=1)[:, None] - slopes @ self.points) / self.width
        return gradient
