"""The record of stochastic kriging: a mean, and a noise that varies over the space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from surrogate.models.records.record import Record

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class StochasticKrigingRecord(Record):
    """What a noisy simulator answers on average, and how far single runs scatter.

    The standard deviation is that of a single run: what is not known of the mean, and the noise.

    Parameters
    ----------
    mean : Record
        Predicts the mean and states the standard deviation of that prediction.
    log_variance : Record
        Predicts the logarithm of the variance of a single run, in the squared unit of the output.
    """

    kind: ClassVar[str] = "stochastic_kriging"
    has_std: ClassVar[bool] = True
    has_gradient: ClassVar[bool] = True

    mean: Record
    log_variance: Record

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.mean.has_std or self.mean.n_features != self.log_variance.n_features:
            raise ValueError(
                "stochastic_kriging: a mean that states a standard deviation, and a noise of as many features, are "
                f"needed; got {self.mean.kind} of {self.mean.n_features} and {self.log_variance.n_features} features."
            )

    @property
    def n_features(self) -> int:
        """Number of columns of `X`."""
        return self.mean.n_features

    @property
    def _row_bytes(self) -> int:
        return self.mean._row_bytes + self.log_variance._row_bytes

    def _predict_block(self, X: FloatArray) -> FloatArray:
        return self.mean._predict_block(X)

    def _std_block(self, X: FloatArray) -> FloatArray:
        return np.hypot(self.mean._std_block(X), self._noise_block(X))

    def _noise_block(self, X: FloatArray) -> FloatArray:
        return np.exp(0.5 * self.log_variance._predict_block(X))

    def _gradient_block(self, X: FloatArray) -> FloatArray:
        return self.mean._gradient_block(X)

    def noise(self, X: FloatArray) -> FloatArray:
        """Return the standard deviation of single runs around the mean.

        Parameters
        ----------
        X : ndarray of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n,)
        """
        return self._in_blocks(self._noise_block, X, ())
