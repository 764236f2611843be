"""Where to run next: points whose label is uncertain, away from the runs made and from each other."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def uncertain_points(p: Floats, features: Floats, made: Floats, n: int) -> NDArray[np.intp]:
    """Choose points one after the other by variance of the label times distance to the nearest run.

    Uncertainty alone would put all points of a batch at one place of the border; distance alone is a space-filling
    design. Their product does both: points spread along the border, and as the border becomes known, elsewhere.

    Parameters
    ----------
    p : ndarray of shape (m,)
        Probability that each candidate is a case.
    features : ndarray of shape (m, p)
        Of the candidates, each of about unit width.
    made : ndarray of shape (k, p)
        Of the runs made already, failed ones included: what failed once is not tried again next to it.
    n : int

    Returns
    -------
    ndarray of int, shape (n,)
        Numbers of candidates, all different; fewer if there are not so many.

    References
    ----------
    Bryan, Schneider, Nichol, Miller, Genovese & Wasserman 2005, Active learning for identifying function threshold
    boundaries, NIPS 18 (the straddle: uncertainty beside closeness to the border).

    Examples
    --------
    >>> grid = np.linspace(0, 1, 101)[:, None]
    >>> p = 1 / (1 + np.exp(-40 * (grid[:, 0] - 0.7)))
    >>> grid[uncertain_points(p, grid, np.array([[0.0], [1.0]]), 3), 0].round(1).tolist()
    [0.7, 0.7, 0.7]
    """
    from scipy.spatial.distance import cdist

    uncertainty = p * (1 - p)
    distance = np.full(len(p), np.inf)
    for start in range(0, len(made), 500):
        distance = np.minimum(distance, cdist(features, made[start : start + 500]).min(axis=1))
    chosen: list[int] = []
    for _ in range(min(n, len(p))):
        best = int(np.argmax(uncertainty * distance if np.isfinite(distance).all() else uncertainty))
        chosen.append(best)
        distance = np.minimum(distance, np.sqrt(((features - features[best]) ** 2).sum(axis=1)))
        uncertainty[best] = -1.0
    return np.array(chosen, dtype=np.intp)
