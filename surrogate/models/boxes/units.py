"""Rows and cases counted in whole units, so that sums are exact whatever the order in which rows come and go.

With floating-point sums two cuts that leave the same rows could differ in the last bit, and chance would decide
between them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEIGHT_BITS = 30  # of a weight that is no whole number: right to a part in 10^9 of the mean weight
SUM_BITS = 61


@dataclass(frozen=True)
class Units:
    """What each row counts.

    Attributes
    ----------
    counts : ndarray of int64, shape (n, 2)
        Weight and weighted y of each row; int8 if all weights are 1 and all y 0 or 1.
    of_n, of_k : float
        Units in a weight of 1 and in a y of 1, powers of two.
    """

    counts: NDArray[np.int64] | NDArray[np.int8]
    of_n: float
    of_k: float

    @property
    def plain(self) -> bool:
        """Whether all weights are 1 and all y 0 or 1."""
        return self.counts.dtype == np.int8

    @cached_property
    def total(self) -> NDArray[np.int64]:
        """All rows: number and y, in units."""
        return np.asarray(self.counts.sum(axis=0, dtype=np.int64))

    def n(self, units: int) -> float:
        """Return a number of rows: an integer, unless weights are fractions."""
        return int(units) if self.of_n == 1 else float(units / self.of_n)

    def k(self, units: int) -> float:
        """Return a sum of y."""
        return float(units / self.of_k)


def scaled(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return weights that are no whole numbers with a mean of 1, for only their ratios matter; others as they are."""
    return weights if (weights == np.rint(weights)).all() else weights / weights.mean()


def in_units(y: NDArray[np.float64], weights: NDArray[np.float64] | None = None) -> Units:
    """Count rows in units.

    Parameters
    ----------
    y : ndarray of float64, shape (n,)
        None negative.
    weights : ndarray of float64, shape (n,), optional
        Whole numbers count as repeated rows; others are scaled to a mean of 1, for only their ratios matter.

    Returns
    -------
    Units

    Examples
    --------
    >>> import numpy as np
    >>> units = in_units(np.array([0.0, 0.5, 1.0]), np.array([1.0, 2.0, 4.0]))
    >>> units.n(units.total[0]), units.k(units.total[1])
    (7, 5.0)
    """
    if weights is None and len(y) < 2**31 and ((y == 0) | (y == 1)).all():
        plain = np.ones((len(y), 2), dtype=np.int8)
        plain[:, 1] = y
        return Units(plain, 1.0, 1.0)
    counts = np.empty((len(y), 2), dtype=np.int64)
    of_n = 1.0
    if weights is None:
        counts[:, 0] = 1
        weighted = y
    elif (weights == np.rint(weights)).all():
        counts[:, 0] = weights
        weighted = y * weights
    else:
        weights = scaled(weights)
        of_n = 2.0**WEIGHT_BITS
        counts[:, 0] = np.rint(weights * of_n)
        weighted = y * weights
    of_k = 2.0 ** (SUM_BITS - max(math.ceil(math.log2(max(float(weighted.sum()), 1.0))), 0) - 1)
    counts[:, 1] = np.rint(weighted * of_k)
    return Units(counts, of_n, of_k)
