"""Which box of a trajectory to choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def box_correlation(
    n: ArrayLike, k: ArrayLike, y: NDArray[np.float64], weights: NDArray[np.float64] | None = None
) -> Any:
    """Correlation between lying in the box and being a case of interest.

    For 0/1 cases this is the phi (Matthews) coefficient [1]_. It is 0 for the box that holds everything and for a
    random one, 1 for a box that holds all cases and nothing else, and it values coverage and density alike whatever
    the share of cases: giving up a slice pays while its density is nearer to the base rate than to the box's own.

    Parameters
    ----------
    n, k : array-like
        Rows and cases of interest in each box.
    y : ndarray of shape (N,)
        Cases of interest, from 0 to 1, or a real target, of all rows.
    weights : ndarray of shape (N,), optional
        Of all rows; `n` and `k` are then weighted too.

    Returns
    -------
    ndarray or float
        From -1 to 1; 0 where a box holds nothing or everything, or `y` is constant.

    References
    ----------
    .. [1] Matthews 1975, Biochimica et Biophysica Acta 405, 442-451.

    Examples
    --------
    >>> import numpy as np
    >>> box_correlation([2, 4], [2, 2], np.array([1.0, 1.0, 0.0, 0.0]))
    array([1., 0.])
    """
    total = len(y) if weights is None else weights.sum()
    mean = np.average(y, weights=weights)
    variance = np.average((y - mean) ** 2, weights=weights)
    mass = np.asarray(n, dtype=np.float64) / total
    spread = np.sqrt(np.maximum(mass * (1 - mass), 0) * variance)
    gain = np.asarray(k, dtype=np.float64) / total - mass * mean
    return np.divide(gain, spread, out=np.zeros_like(spread), where=spread > 1e-12 * np.sqrt(variance))


def most_correlated(
    n: ArrayLike, k: ArrayLike, y: NDArray[np.float64], weights: NDArray[np.float64] | None = None
) -> int:
    """Return the first box with the largest `box_correlation`: the less peeled one of equals."""
    return int(np.argmax(box_correlation(n, k, y, weights).round(12)))
