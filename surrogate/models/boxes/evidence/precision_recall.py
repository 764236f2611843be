"""The precision-recall curve of a trajectory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


def pr_auc(coverage: ArrayLike, density: ArrayLike) -> float:
    """Area under density (precision) over coverage (recall) along a trajectory.

    Trapezoids between the boxes; from the last box the curve is continued level to coverage 0 [1]_. The publication
    then subtracts the base rate, which is the same for all methods.

    Parameters
    ----------
    coverage, density : array-like of shape (boxes,)
        From the box without limits, whose coverage is 1, to the last.

    References
    ----------
    .. [1] Arzamasov & Boehm 2021, REDS: rule extraction for discovering scenarios, SIGMOD '21, 115-128.

    Examples
    --------
    >>> round(pr_auc([1.0, 0.8, 0.5], [0.2, 0.5, 1.0]), 6)
    0.795
    """
    x, y = np.asarray(coverage, dtype=np.float64), np.asarray(density, dtype=np.float64)
    return float(np.sum((x[:-1] - x[1:]) * (y[:-1] + y[1:]) / 2) + x[-1] * y[-1])
