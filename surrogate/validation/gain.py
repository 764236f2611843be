"""Gain: whether one model is surely better than another on the same unseen rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_DRAWS = 2000
_BLOCK = 2_000_000  # numbers that are drawn at once


def mean_interval(values: ArrayLike, confidence: float = 0.95, seed: int = 0) -> tuple[float, float]:
    """Return the bootstrap interval of a mean.

    With the differences of two models' scores, row by row, it is the interval of the paired gain.

    Parameters
    ----------
    values : array_like of shape (n,)
    confidence : float, default 0.95
    seed : int, default 0
        Draws 2,000 resamples; the same seed gives the same limits.

    Returns
    -------
    low, high : float

    Raises
    ------
    ValueError
        If there are no values.

    References
    ----------
    Efron, B. (1979). Bootstrap methods: another look at the jackknife. Annals of Statistics 7, 1-26.

    Examples
    --------
    >>> low, high = mean_interval([1.0] * 60 + [0.0] * 40)
    >>> round(low, 1), round(high, 1)
    (0.5, 0.7)
    """
    numbers = np.asarray(values, dtype=np.float64)
    if not len(numbers):
        raise ValueError("values: at least one is needed.")
    rng = np.random.default_rng(seed)
    different, counts = np.unique(numbers, return_counts=True)
    if len(different) <= 10:  # shares of right answers: a draw of the counts is enough
        means = rng.multinomial(len(numbers), counts / len(numbers), size=_DRAWS) @ different / len(numbers)
    else:
        means = _resampled_means(numbers, rng)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)


def _resampled_means(numbers: NDArray[np.float64], rng: np.random.Generator) -> NDArray[np.float64]:
    at_once = max(1, _BLOCK // len(numbers))
    parts = []
    for start in range(0, _DRAWS, at_once):
        drawn = rng.integers(len(numbers), size=(min(at_once, _DRAWS - start), len(numbers)))
        parts.append(numbers[drawn].mean(axis=1))
    return np.concatenate(parts)
