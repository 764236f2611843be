"""The record of an output that never varied."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from surrogate.models.records.record import Record


@dataclass(frozen=True, eq=False)
class Constant(Record):
    """One number for every point.

    Parameters
    ----------
    value : float
        What is predicted.
    spread : float
        The standard deviation that is stated; 0 for an output that was the same in all runs.
    n_inputs : int
        Number of features.
    """

    kind: ClassVar[str] = "constant"
    has_std: ClassVar[bool] = True
    has_gradient: ClassVar[bool] = True

    value: float
    spread: float
    n_inputs: int

    @property
    def n_features(self) -> int:
        """Number of columns of `X`."""
        return self.n_inputs

    @property
    def _row_bytes(self) -> int:
        return 8 * (self.n_inputs + 1)

    def _predict_block(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.full(len(X), self.value)

    def _std_block(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.full(len(X), self.spread)

    def _gradient_block(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.zeros(X.shape)
