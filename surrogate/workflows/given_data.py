"""Sensitivity indices from any runs, without a design made for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.space import Space

    Floats = NDArray[np.float64]

_MOST_BINS = 30
_THRESHOLDS = 40  # of the output, equally far apart in rank
_GROUPS = 20  # of the jackknife
_SURE = 1.959964  # standard deviations on either side of 95 % of a normal distribution
_DECIMALS = 6


def correlation_ratios(space: Space, X: pd.DataFrame, y: Floats, seed: int = 0) -> pd.DataFrame:
    """Estimate first-order and Cramer-von Mises indices from runs at any inputs.

    The first-order index is the correlation ratio: the share of the variance that lies between bins of an input, freed
    from what chance puts there (Kelley 1935). The Cramer-von Mises index is the same for "the output is at most t",
    over all t: it sees every change of the distribution, not only of the mean, and does not mind outliers. Intervals
    are a jackknife over 20 groups of runs. Neither index needs independent inputs; with dependent ones an input also
    answers for those that go with it.

    Parameters
    ----------
    space : Space
        What varied.
    X : DataFrame of shape (n, d)
        Inputs.
    y : ndarray of shape (n,)
        One output.
    seed : int, default 0
        Of the groups.

    Returns
    -------
    DataFrame
        A row an input; columns first, first_low, first_high, cvm, cvm_low, cvm_high.

    References
    ----------
    Kelley, T. L. (1935). An unbiased correlation ratio measure. Proceedings of the National Academy of Sciences 21,
    554-559.

    Gamboa, F., Klein, T., Lagnoux, A. (2018). Sensitivity analysis based on Cramer-von Mises distance. SIAM/ASA
    Journal on Uncertainty Quantification 6, 522-548.
    """
    import pandas as pd

    unit = space.to_unit(X)
    group = np.random.default_rng(seed).permutation(len(y)) % _GROUPS
    below = y[:, None] <= np.unique(np.quantile(y, np.linspace(0.0, 1.0, _THRESHOLDS + 2)[1:-1]))
    rows = []
    for u in unit.T:
        bins = _bins(u)
        row = []
        for answers in (y[:, None], below.astype(np.float64)):
            index, half = _jackknife(bins, answers, group)
            row += [index, index - half, index + half]
        rows.append(row)
    columns = [f"{name}{end}" for name in ("first", "cvm") for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, index=pd.Index(space.names, name="input"), columns=columns).round(_DECIMALS)


def _bins(u: Floats) -> NDArray[np.intp]:
    """Return the bin of each row: equally many runs a bin, or a value each if there are few values."""
    values, number = np.unique(u, return_inverse=True)
    most = max(2, min(_MOST_BINS, int(np.sqrt(len(u)) / 1.5)))
    if len(values) <= most:
        return number.reshape(-1)
    rank = np.argsort(np.argsort(u, kind="stable"), kind="stable")
    return rank * most // len(u)


def _ratio(bins: NDArray[np.intp], answers: Floats) -> float:
    """Return the correlation ratio of the columns of `answers` (n, k), each with the weight of its variance."""
    members = bins[:, None] == np.unique(bins)
    count = members.sum(axis=0)
    centred = answers - answers.mean(axis=0)
    between = float(np.sum((members.T @ centred) ** 2 / count[:, None]))
    total = float(np.sum(centred**2))
    spare = len(bins) - len(count)
    if len(count) < 2 or spare <= 0 or total == 0.0:
        return 0.0
    return (between - (len(count) - 1) * (total - between) / spare) / total


def _jackknife(bins: NDArray[np.intp], answers: Floats, group: NDArray[np.intp]) -> tuple[float, float]:
    """Return the correlation ratio and half the width of its 95 % interval."""
    without = np.array([_ratio(bins[group != g], answers[group != g]) for g in range(_GROUPS)])
    variance = (_GROUPS - 1) / _GROUPS * float(np.sum((without - without.mean()) ** 2))
    return _ratio(bins, answers), _SURE * float(np.sqrt(variance))
