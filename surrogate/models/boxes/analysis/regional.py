"""Regional sensitivity: which inputs are distributed differently among the cases of interest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.boxes.columns import Column, Kind, read_columns
from surrogate.models.boxes.reading import read_frame, read_y

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def regional_sensitivity(X: Any, y: Any) -> pd.DataFrame:
    """Compare the distribution of each input among the cases with that among the others [1]_.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n, d)
    y : array-like of shape (n,)
        Cases of interest, boolean or 0/1.

    Returns
    -------
    DataFrame
        A row an input, the largest statistic first.

        - `statistic`: the largest difference between the two cumulative distributions (Kolmogorov-Smirnov), from 0
          to 1; for unordered categories half the sum of the differences of their shares (total variation), which is
          the same for two categories.
        - `p`: probability of one as large if the input did not matter; exact or asymptotic as in
          `scipy.stats.ks_2samp`, for unordered categories of the chi-squared test.
        - `p_holm`: the same, corrected for the number of inputs [2]_.
        - `at`: the value up to which the distributions differ most, where a limit would separate best; for unordered
          categories the one whose share differs most.
        - `shift`: median among cases less median among others, in ranges of the input; NaN for categories.

    Raises
    ------
    ValueError
        As in `PRIM`, and if `y` holds probabilities: a distribution needs cases that are or are not.

    References
    ----------
    .. [1] Hornberger & Spear 1981, Journal of Environmental Management 12, 7-18.
    .. [2] Holm 1979, Scandinavian Journal of Statistics 6, 65-70.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((400, 3))
    >>> table = regional_sensitivity(X, X[:, 1] < 0.3)
    >>> table.index[0], f"{table['statistic'].iloc[0]:.3f}", f"{table['at'].iloc[0]:.2f}"
    ('x2', '1.000', '0.30')
    """
    import pandas as pd

    frame = read_frame(X)
    cases = read_y(y, X if hasattr(X, "columns") else frame)
    if not ((cases == 0) | (cases == 1)).all():
        raise ValueError("y: expected booleans or 0/1, got probabilities. Compare with a threshold first: y >= 0.5.")
    inside = cases == 1
    rows = {column.name: _compared(column, inside) for column in read_columns(frame).columns}
    table = pd.DataFrame(rows, index=["statistic", "p", "at", "shift"]).T
    table = table.astype({"statistic": float, "p": float, "shift": float})
    table.insert(2, "p_holm", _holm(table["p"].to_numpy()))
    return table.rename_axis("parameter").sort_values("statistic", ascending=False, kind="stable")


def _compared(column: Column, inside: NDArray[np.bool_]) -> tuple[float, float, Any, float]:
    from scipy.stats import chi2_contingency, ks_2samp

    ranks = column.ranks
    counts = np.array([np.bincount(ranks[rows], minlength=len(column.values)) for rows in (inside, ~inside)])
    held = counts.any(axis=0)
    if held.sum() < 2:
        return 0.0, 1.0, np.nan, np.nan
    shares = counts / counts.sum(axis=1, keepdims=True)
    difference = shares[0] - shares[1]
    if column.kind is Kind.NOMINAL:
        p = float(chi2_contingency(counts[:, held], correction=False).pvalue)
        return float(np.abs(difference).sum() / 2), p, column.values[int(np.abs(difference).argmax())], np.nan
    below = np.cumsum(difference)
    place = int(np.abs(below).round(12).argmax())
    p = float(ks_2samp(ranks[inside], ranks[~inside]).pvalue)
    shift = np.nan
    if column.numeric:
        values = column.values.astype(np.float64)
        first, last = np.flatnonzero(held)[[0, -1]]
        medians = [float(np.median(values[ranks[rows]])) for rows in (inside, ~inside)]
        shift = (medians[0] - medians[1]) / (values[last] - values[first])
    return float(abs(below[place])), p, column.values[place], float(shift)


def _holm(p: NDArray[np.float64]) -> NDArray[np.float64]:
    order = np.argsort(p, kind="stable")
    corrected = np.empty_like(p)
    corrected[order] = np.minimum(np.maximum.accumulate(p[order] * (len(p) - np.arange(len(p)))), 1.0)
    return corrected
