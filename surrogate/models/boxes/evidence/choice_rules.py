"""Rules that pick a row of a trajectory from its coverage and density."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def f_beta(trajectory: pd.DataFrame, beta: float = 1.0) -> int:
    """Return the row with the largest F-beta of density (precision) and coverage (recall) [1]_.

    Parameters
    ----------
    trajectory : DataFrame
        With coverage and density, or better with ``heldout_coverage`` and ``heldout_density``, which then count.
    beta : float, default 1.0
        How many times coverage matters as much as density: 2 for a screening that must miss little, 0.5 for a
        warning that must not cry wolf.

    Returns
    -------
    int
        The first of equals.

    References
    ----------
    .. [1] van Rijsbergen 1979, Information Retrieval, 2nd edition, chapter 7.

    Examples
    --------
    >>> import pandas as pd
    >>> trajectory = pd.DataFrame({"coverage": [1.0, 0.9, 0.4], "density": [0.2, 0.8, 1.0]})
    >>> f_beta(trajectory), f_beta(trajectory, beta=0.25)
    (1, 2)
    """
    if not beta > 0:
        raise ValueError(f"beta: must be above 0, got {beta!r}. 1 weighs coverage and density alike.")
    coverage, density = _evidence(trajectory)
    total = beta**2 * density + coverage
    return _largest(np.divide((1 + beta**2) * density * coverage, total, out=np.zeros_like(total), where=total > 0))


def weighted(trajectory: pd.DataFrame, share: float = 0.5) -> int:
    """Return the row with the largest ``share * coverage + (1 - share) * density`` [1]_.

    Parameters
    ----------
    trajectory : DataFrame
        As in `f_beta`.
    share : float, default 0.5
        From 0 (density alone) to 1 (coverage alone).

    Returns
    -------
    int

    References
    ----------
    .. [1] Guivarch, Rozenberg & Schweizer 2016, Environmental Modelling & Software 80, 336-353.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share: must be from 0 to 1, got {share!r}.")
    coverage, density = _evidence(trajectory)
    return _largest(share * coverage + (1 - share) * density)


def knee(trajectory: pd.DataFrame) -> int:
    """Return the row at the knee of the trade-off: beyond it more density costs more and more coverage.

    It is the row farthest above the straight line between the box of largest coverage and the one of largest
    density, both axes scaled to [0, 1] [1]_.

    Parameters
    ----------
    trajectory : DataFrame
        As in `f_beta`.

    Returns
    -------
    int
        The first of equals; the row of largest density if there is no trade-off.

    References
    ----------
    .. [1] Satopää, Albrecht, Irwin & Raghavan 2011, International Conference on Distributed Computing Systems
       Workshops, 166-171.

    Examples
    --------
    >>> import pandas as pd
    >>> knee(pd.DataFrame({"coverage": [1.0, 0.95, 0.9, 0.4], "density": [0.2, 0.5, 0.8, 1.0]}))
    2
    """
    coverage, density = _evidence(trajectory)
    widest = int(np.lexsort((-density, -coverage))[0])
    densest = int(np.lexsort((-coverage, -density))[0])
    lost, gained = coverage[widest] - coverage, density - density[widest]
    if lost[densest] <= 0 or gained[densest] <= 0:
        return densest
    return _largest(gained / gained[densest] - lost / lost[densest])


def _evidence(trajectory: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    prefix = "heldout_" if "heldout_density" in trajectory else ""
    missing = [name for name in ("coverage", "density") if prefix + name not in trajectory]
    if missing or not len(trajectory):
        raise ValueError(f"trajectory: needs rows with coverage and density, got {list(trajectory.columns)}.")
    # A box without a held-out run has no density to show.
    return (
        trajectory[prefix + "coverage"].to_numpy(np.float64),
        np.nan_to_num(trajectory[prefix + "density"].to_numpy(np.float64), nan=0.0),
    )


def _largest(worth: NDArray[np.float64]) -> int:
    return int(np.argmax(worth.round(12)))
