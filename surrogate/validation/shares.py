"""Shares of rows with exact intervals."""

from __future__ import annotations


def exact_interval(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the Clopper-Pearson interval of a share: it holds the truth at least as often as it says.

    Parameters
    ----------
    k, n : int
        So many of so many rows.
    confidence : float, default 0.95

    Returns
    -------
    low, high : float
        0 and 1 where there are no rows.

    References
    ----------
    .. [1] Clopper & Pearson 1934, Biometrika 26, 404-413.

    Examples
    --------
    >>> low, high = exact_interval(9, 10)
    >>> round(low, 4), round(high, 4)
    (0.555, 0.9975)
    """
    from scipy.special import betaincinv

    if not 0 <= k <= n:
        raise ValueError(f"k: a count from 0 to n = {n} is needed, got {k}.")
    tail = (1.0 - confidence) / 2.0
    low = float(betaincinv(k, n - k + 1, tail)) if k > 0 else 0.0
    high = float(betaincinv(k + 1, n - k, 1.0 - tail)) if k < n else 1.0
    return low, high
