"""Where a comparison of rounded, scaled numbers flips, as a comparison of the numbers themselves."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def first_reaching(
    scaled: Callable[[FloatArray], NDArray[np.floating]], thresholds: NDArray[np.floating]
) -> FloatArray:
    """Find the smallest number whose scaled value reaches each threshold.

    ``x >= cut`` then says exactly what ``scaled(x) >= threshold`` says, whatever is rounded on the way, so that
    neither scale nor rounding has to be repeated where the comparison is made.

    Parameters
    ----------
    scaled : callable
        Elementwise and never decreasing; plus infinity reaches every threshold and minus infinity none.
    thresholds : ndarray of shape (m,)

    Returns
    -------
    ndarray of shape (m,)

    Examples
    --------
    >>> cut = first_reaching(lambda x: x.astype(np.float32), np.array([0.1], dtype=np.float32))
    >>> np.float32(cut[0]) >= np.float32(0.1), np.float32(np.nextafter(cut[0], 0.0)) >= np.float32(0.1)
    (np.True_, np.False_)
    """
    end = _rank(np.array([np.inf]))[0]
    below, reaching = np.full(len(thresholds), -end), np.full(len(thresholds), end)
    with np.errstate(all="ignore"):
        for _ in range(64):  # halves the 2**64 numbers down to two neighbours
            middle = (below >> 1) + (reaching >> 1) + (below & reaching & 1)
            reaches = scaled(_number(middle)) >= thresholds
            reaching, below = np.where(reaches, middle, reaching), np.where(reaches, below, middle)
    return _number(reaching)


def _rank(x: FloatArray) -> NDArray[np.int64]:
    """Count of floating-point numbers from zero to `x`."""
    bits = x.view(np.int64)
    return np.where(bits < 0, -(bits & np.iinfo(np.int64).max), bits)


def _number(rank: NDArray[np.int64]) -> FloatArray:
    """Return the number of a `_rank`."""
    bits = np.where(rank < 0, -rank | np.iinfo(np.int64).min, rank)
    return np.ascontiguousarray(bits).view(np.float64)
