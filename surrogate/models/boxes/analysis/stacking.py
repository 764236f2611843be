"""Dimensional stacking: a table of the share of cases over binned inputs, stacked inside one another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.boxes.analysis.feature_scoring import feature_scores
from surrogate.models.boxes.reading import read_frame, read_y

if TYPE_CHECKING:
    import pandas as pd


def dimensional_stacking(
    X: Any, y: Any, *, inputs: Sequence[str] | None = None, n_inputs: int = 4, n_bins: int = 3
) -> pd.DataFrame:
    """Return the share of cases in every combination of binned inputs [1]_ [2]_.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n, d)
    y : array-like of shape (n,)
        Cases of interest, boolean, 0/1 or a probability.
    inputs : sequence of str, optional
        The inputs to stack, the most important first; by default those of the largest `feature_scores`.
    n_inputs : int, default 4
        How many if they are not named; each multiplies the cells by `n_bins`.
    n_bins : int, default 3
        Bins of equal numbers of runs for a number; categories and numbers with as few values stay as they are.

    Returns
    -------
    DataFrame
        Inputs alternate between rows and columns, the most important outermost. Cells hold the share of cases, NaN
        without a run; ``attrs["runs"]`` is a table of the same shape with the number of runs in each cell.

    Raises
    ------
    ValueError
        As in `PRIM`, and for inputs that are unknown or fewer than two.

    References
    ----------
    .. [1] Suzuki, Stem & Manzocchi 2015, SPE Annual Technical Conference and Exhibition, SPE-174774-MS.
    .. [2] LeBlanc, Ward & Wittels 1990, Proceedings of the IEEE Conference on Visualization, 230-237.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((400, 3))
    >>> dimensional_stacking(X, X[:, 1] + X[:, 2] > 1.2, n_inputs=2, n_bins=2).round(1).to_numpy()
    array([[0. , 0.2],
           [0.3, 0.9]])
    """
    import pandas as pd

    frame = read_frame(X)
    cases = read_y(y, X if hasattr(X, "columns") else frame)
    if inputs is None:
        varying = [name for name in frame if frame[name].nunique() > 1]
        inputs = [str(name) for name in feature_scores(frame[varying], cases).index[:n_inputs]]
    unknown = [name for name in inputs if name not in frame]
    if unknown or len(set(inputs)) < 2 or len(set(inputs)) < len(inputs):
        raise ValueError(f"inputs: expected at least two different ones of {list(frame)}, got {list(inputs)}.")
    if n_bins < 2:
        raise ValueError(f"n_bins: must be at least 2, got {n_bins!r}.")
    binned = pd.DataFrame({name: _binned(frame[name], n_bins) for name in inputs})
    binned["case"] = cases
    cells = binned.groupby(list(inputs), observed=False)["case"].agg(["mean", "size"])
    table, runs = (cells[what].unstack(list(inputs[1::2])) for what in ("mean", "size"))
    table.attrs["runs"] = runs
    return table


def _binned(column: pd.Series[Any], n_bins: int) -> pd.Series[Any]:
    import pandas as pd

    if column.dtype.kind not in "iuf" or column.nunique() <= n_bins:
        return column.astype("category")
    edges = np.unique(np.quantile(column, np.linspace(0, 1, n_bins + 1))).tolist()
    binned: pd.Series[Any] = pd.cut(column, edges, include_lowest=True)
    return binned
