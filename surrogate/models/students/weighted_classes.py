"""Soft labels as weighted hard ones, for everything that takes weights."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Classes with a smaller chance are left out of a row's soft label.
_LEAST_SHARE = 1e-3


def weighted_classes(chances: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Write soft labels as hard ones: row numbers, classes and weights.

    A loss that adds up over weighted rows is then the loss to the soft labels.

    Parameters
    ----------
    chances : ndarray of shape (n, c)

    Returns
    -------
    rows, labels : ndarray of int, shape (m,)
    weights : ndarray of shape (m,)
        Those of one row add up to 1; classes with a chance below 1 in 1,000 are left out.

    Examples
    --------
    >>> rows, labels, weights = weighted_classes(np.array([[0.25, 0.75], [0.0, 1.0]]))
    >>> rows.tolist(), labels.tolist(), weights.tolist()
    ([0, 0, 1], [0, 1, 1], [0.25, 0.75, 1.0])
    """
    rows, labels = np.nonzero(chances >= _LEAST_SHARE)
    weights = chances[rows, labels]
    return rows, labels, weights / np.bincount(rows, weights, minlength=len(chances))[rows]
