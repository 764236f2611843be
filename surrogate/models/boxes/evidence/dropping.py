"""What each limit of a box is worth: the box without it."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.boxes.choice import most_correlated
from surrogate.models.boxes.evidence.heldout import match_by_mass, stratified_folds
from surrogate.models.boxes.reading import read_frame, read_y
from surrogate.models.boxes.trajectory import Step

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.models.boxes.box_finder import BoxFinder
    from surrogate.models.boxes.columns import Columns
    from surrogate.space import Box

_SHOWN = ["n", "k", "coverage", "density", "mass"]


def without(box: Box, dropped: Collection[str]) -> Box:
    """Return the box without its limits on the named parameters.

    Examples
    --------
    >>> from surrogate import Box
    >>> without(Box({"a": (0, 1), "b": (2, 3)}), ["a"])
    Box({'b': (2.0, 3.0)})
    """
    smaller = copy(box)
    smaller.limits = {name: limit for name, limit in box.limits.items() if name not in dropped}
    return smaller


def drop_costs(box: Box, X: Any, y: Any, heldout: tuple[Any, Any] | None = None) -> pd.DataFrame:
    """Say what dropping each limit alone costs.

    Parameters
    ----------
    box : Box
    X : DataFrame or array-like of shape (n, d)
    y : array-like of shape (n,)
        Cases of interest, boolean, 0/1 or a probability.
    heldout : tuple (X, y), optional
        Runs that the box was not found in. Only on these the cost is that of new runs; on its own runs a box always
        looks as if it needed all its limits.

    Returns
    -------
    DataFrame
        The box itself in the row "", then a row a limited parameter, the cheapest to drop first: n, k, coverage,
        density and mass of the box without its limit, `coverage_gain` and `density_loss` against the box, and the
        same with ``heldout_`` before the name. `quasi_p` is the smaller of the two ends.

    Examples
    --------
    >>> import numpy as np
    >>> from surrogate import Box
    >>> X = np.random.default_rng(0).random((200, 2))
    >>> box = Box({"x1": (0.5, 1), "x2": (0.01, 1)}, names=["x1", "x2"])
    >>> drop_costs(box, X, X[:, 0] > 0.5)["density"].round(2).to_dict()
    {'': 1.0, 'x2': 1.0, 'x1': 0.57}
    """
    import pandas as pd

    boxes = {"": box, **{name: without(box, [name]) for name in box.limits}}
    table = _counted(boxes, X, y)
    quasi_p = box.statistics(X, y).quasi_p
    ends = {name: p if isinstance(p, tuple) else (p,) for name, p in quasi_p.items()}
    table["quasi_p"] = pd.Series({name: min(end for end in p if end == end) for name, p in ends.items()}, dtype=float)
    if heldout is not None:
        table = table.join(_counted(boxes, *heldout).add_prefix("heldout_"))
    first = table["heldout_density_loss" if heldout is not None else "density_loss"].drop("").sort_values(kind="stable")
    return table.loc[["", *first.index]].rename_axis("dropped")


def drop_sequence(box: Box, X: Any, y: Any, heldout: tuple[Any, Any] | None = None) -> pd.DataFrame:
    """Drop one limit after the other, each time the one whose loss costs least (the ranking of sdtoolkit [1]_).

    Cost is measured by the correlation between lying in the box and being a case.

    Parameters
    ----------
    box, X, y, heldout
        As in `drop_costs`.

    Returns
    -------
    DataFrame
        The box itself in the row "", then a row a dropped parameter in the order in which they go: n, k, coverage,
        density and mass of what remains, `coverage_gain` and `density_loss` against the box.

    References
    ----------
    .. [1] Bryant & Lempert 2010, Technological Forecasting and Social Change 77, 34-49.
    """
    frame = read_frame(X)
    cases = read_y(y, X if hasattr(X, "columns") else frame)
    boxes, last = {"": box}, box
    while last.limits:
        smaller = {name: without(last, [name]) for name in last.limits}
        inside = [other.contains(X) for other in smaller.values()]
        cheapest = most_correlated([rows.sum() for rows in inside], [cases[rows].sum() for rows in inside], cases)
        name = list(smaller)[cheapest]
        boxes[name] = last = smaller[name]
    table = _counted(boxes, X, y)
    if heldout is not None:
        table = table.join(_counted(boxes, *heldout).add_prefix("heldout_"))
    return table.rename_axis("dropped")


def heldout_drop_costs(
    finder: BoxFinder,
    columns: Columns,
    y: NDArray[np.float64],
    boxes: Sequence[Box],
    row: int,
    *,
    folds: int = 5,
    seed: int = 0,
) -> pd.DataFrame:
    """Say what dropping each limit alone costs on runs that the box was not found in, by cross-validation.

    In every fold the search is repeated without the fold's runs; these are counted in the box of that search that
    matches the one in question, with all its limits and without each.

    Parameters
    ----------
    finder : BoxFinder
    columns : Columns
    y : ndarray of float64, shape (n,)
    boxes : sequence of Box
        A trajectory of the same finder on all runs.
    row : int
        Which of its boxes is in question.
    folds : int, default 5
    seed : int, default 0

    Returns
    -------
    DataFrame
        As from `drop_costs`, only the columns with ``heldout_`` before the name. Where the search in a fold did not
        limit a parameter at all, dropping it costs nothing there.
    """
    import pandas as pd

    match = getattr(finder, "match", match_by_mass)
    counted = [(box.limits, columns.inside(box.limits)) for box in boxes]
    steps = [Step(limits, int(rows.sum()), float(y[rows].sum())) for limits, rows in counted]
    names = ["", *boxes[row].limits]
    counts = np.zeros((len(names), 2))
    for train, test in stratified_folds(y, min(folds, len(y)), 1, seed):
        found = finder.search(columns.take(train), y[train])
        limits = found[match(steps, found)[row]].limits
        for place, name in enumerate(names):
            inside = columns.inside({key: limit for key, limit in limits.items() if key != name}, test)
            counts[place] += inside.sum(), y[test][inside].sum()
    n, k = counts.T
    table = pd.DataFrame({"coverage": k / y.sum(), "density": k / np.where(n == 0, np.nan, n)}, index=names)
    table["coverage_gain"] = table["coverage"] - table["coverage"].iloc[0]
    table["density_loss"] = table["density"].iloc[0] - table["density"]
    return table.add_prefix("heldout_").rename_axis("dropped")


def _counted(boxes: dict[str, Box], X: Any, y: Any) -> pd.DataFrame:
    import pandas as pd

    frame = read_frame(X)
    cases = read_y(y, X if hasattr(X, "columns") else frame)
    rows = {name: box.statistics(X, cases) for name, box in boxes.items()}
    table = pd.DataFrame({name: {key: row[key] for key in _SHOWN} for name, row in rows.items()}).T
    table["coverage_gain"] = table["coverage"] - rows[""].coverage
    table["density_loss"] = rows[""].density - table["density"]
    return table.astype({"n": int})
