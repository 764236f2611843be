"""Rules that pick a row of a trajectory from its coverage and density."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def one_standard_error(trajectory: pd.DataFrame) -> int:
    """Return the row that limits fewest inputs within one standard error of the best held-out correlation [1]_.

    Parameters
    ----------
    trajectory : DataFrame
        With n_restricted, ``heldout_correlation`` (between lying in the box and being a case) and
        ``heldout_correlation_error``, its standard error.

    Returns
    -------
    int
        Among rows with as few limits the best one; the first of equals.

    References
    ----------
    .. [1] Breiman, Friedman, Olshen & Stone 1984, Classification and Regression Trees, section 3.4.3.

    Examples
    --------
    >>> import pandas as pd
    >>> trajectory = pd.DataFrame({"n_restricted": [1, 2, 5], "heldout_correlation": [0.3, 0.68, 0.7]})
    >>> one_standard_error(trajectory.assign(heldout_correlation_error=0.05))
    1
    """
    value, error = (trajectory[name].to_numpy() for name in ("heldout_correlation", "heldout_correlation_error"))
    best = value.max()
    near = np.flatnonzero(value >= best - error[value == best].max())
    return int(near[np.lexsort((-value[near], trajectory["n_restricted"].to_numpy()[near]))[0]])


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


CHOICE_RULES: dict[str, Callable[[pd.DataFrame], int]] = {
    "one_standard_error": one_standard_error,
    "f_beta": f_beta,
    "knee": knee,
    "weighted": weighted,
}


def read_rule(rule: Any) -> Callable[[pd.DataFrame], int]:
    """Return the rule that `rule` names or is; ``ValueError`` if it is none."""
    found = CHOICE_RULES.get(rule, rule) if isinstance(rule, str) else rule
    if not callable(found):
        raise ValueError(
            f"choice: must be one of {', '.join(map(repr, CHOICE_RULES))}, or a function of the trajectory such as "
            f"functools.partial(f_beta, beta=2); got {rule!r}."
        )
    return found


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
