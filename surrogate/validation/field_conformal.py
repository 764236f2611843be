"""Intervals on fields that hold, from errors on runs that the model did not see."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from surrogate.validation.conformal import conformal_quantile

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_KEPT = 20_000  # pooled scores; the 0.95 quantile of so many is exact to a tenth of a percent


@dataclass(frozen=True)
class FieldConformal:
    """Conformal intervals around a predicted field.

    Each run was predicted once by a model that had not seen it, and each of its errors divided by the standard
    deviation stated there is a score. *Pointwise* intervals take the multiple of the standard deviation for which, by
    conformal risk control, the expected share of locations outside is at most 1 - coverage, on average over runs and
    locations. *Simultaneous* ones take the conformal quantile of the runs' largest scores: with probability `coverage`
    the whole field lies inside.

    Parameters
    ----------
    pooled : ndarray of shape (m,)
        Scores of all runs at many locations, ascending.
    largest : ndarray of shape (n,)
        Largest score of each run, ascending.

    References
    ----------
    Angelopoulos, A. N., Bates, S., Fisch, A., Lei, L., Schuster, T. (2024). Conformal risk control. International
    Conference on Learning Representations.

    Diquigiovanni, J., Fontana, M., Vantini, S. (2022). Conformal prediction bands for multivariate functional data.
    Journal of Multivariate Analysis 189, 104879.

    Examples
    --------
    >>> conformal = FieldConformal.fit(np.tile(np.arange(1.0, 101.0), (40, 1)), np.full(40, 100.0))
    >>> conformal.multiple(0.9), conformal.multiple(0.9, simultaneous=True)
    (93.0, 100.0)
    """

    pooled: NDArray[np.float64]
    largest: NDArray[np.float64]

    @classmethod
    def fit(cls, scores: NDArray[np.float64], largest: NDArray[np.float64]) -> FieldConformal:
        """Take the scores of runs that the model did not see.

        Parameters
        ----------
        scores : ndarray of shape (n, m)
            Of each run, at some or all locations.
        largest : ndarray of shape (n,)
            The largest one of each run, over all locations.

        Returns
        -------
        FieldConformal
        """
        pooled = np.sort(scores, axis=None)
        step = -(-len(pooled) // _MOST_KEPT)
        # Each kept score is the largest of those it stands for, so that intervals are never too narrow.
        return cls(np.ascontiguousarray(pooled[::-1][::step][::-1]), np.sort(largest))

    def multiple(self, coverage: float, simultaneous: bool = False) -> float:
        """Half the width of an interval, in standard deviations.

        Parameters
        ----------
        coverage : float
            Wanted share, between 0 and 1.
        simultaneous : bool, default False
            Of whole fields, instead of locations.

        Returns
        -------
        float
            Infinite if there are too few runs for the promise: 0.95 needs 19.

        Raises
        ------
        ValueError
            If `coverage` is not between 0 and 1.
        """
        of_runs = conformal_quantile(self.largest, coverage)
        if simultaneous or math.isinf(of_runs):
            return of_runs
        n, m = len(self.largest), len(self.pooled)
        allowed = max(0.0, ((1.0 - coverage) * (n + 1) - 1.0) / n)
        return float(self.pooled[min(m - 1, math.ceil(m * (1.0 - allowed) - 1e-9) - 1)])
