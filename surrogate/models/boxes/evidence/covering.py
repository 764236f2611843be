"""Covering: what the boxes found so far leave to search."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from surrogate.models.boxes.choice import most_correlated
from surrogate.models.boxes.columns import Columns, Limit, read_columns
from surrogate.models.boxes.reading import read_frame, read_y
from surrogate.space import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.boxes.box_finder import BoxFinder

    Left = tuple[Columns, NDArray[np.float64]]


def removing(columns: Columns, y: NDArray[np.float64], inside: NDArray[np.bool_]) -> Left:
    """Take the rows inside a box out [1]_: the next box is dense among the runs that are left.

    References
    ----------
    .. [1] Friedman & Fisher 1999, Statistics and Computing 9, 123-143.
    """
    rows = np.flatnonzero(~inside)
    return columns.take(rows), y[rows]


def relabelling(columns: Columns, y: NDArray[np.float64], inside: NDArray[np.bool_]) -> Left:
    """Keep the rows inside a box but count their cases no longer [1]_: the next box is dense among all runs.

    References
    ----------
    .. [1] Guivarch, Rozenberg & Schweizer 2016, Environmental Modelling & Software 80, 336-353.
    """
    return columns, np.where(inside, 0.0, y)


COVERINGS: dict[str, Callable[[Columns, NDArray[np.float64], NDArray[np.bool_]], Left]] = {
    "removing": removing,
    "relabelling": relabelling,
}


class Covering:
    """The search for one box after the other: what is left to search, and with which settings.

    Parameters
    ----------
    finder : BoxFinder
    columns : Columns
    y : ndarray of float64, shape (n,)
    variant : {"removing", "relabelling"}, default "removing"
        What happens to the rows of a box that was found.

    Attributes
    ----------
    columns, y
        What is left. Neither argument is ever changed.
    finder : BoxFinder
        With its least mass as a share of all rows, however few of them are left.
    """

    def __init__(self, finder: BoxFinder, columns: Columns, y: NDArray[np.float64], variant: str = "removing") -> None:
        if variant not in COVERINGS:
            raise ValueError(f"variant: must be one of {sorted(COVERINGS)}, got {variant!r}.")
        self.finder, self.columns, self.y = finder, columns, y
        self._take_out = COVERINGS[variant]
        self._least = getattr(finder, "mass_min", 0.0) * columns.n

    @property
    def searchable(self) -> bool:
        """Whether enough rows are left, some of them cases and some of them none."""
        return bool(self.columns.n > self._least and self.y.size and self.y.min() < self.y.max())

    def add(self, limits: Mapping[str, Limit]) -> None:
        """Count a box as found."""
        self.columns, self.y = self._take_out(self.columns, self.y, self.columns.inside(limits))
        if self._least and self.columns.n > self._least:
            self.finder = clone(self.finder).set_params(mass_min=self._least / self.columns.n)


def find_covers(finder: BoxFinder, X: Any, y: Any, *, variant: str = "removing", max_boxes: int = 3) -> list[Box]:
    """Find one box after the other, each the in-sample choice among what the boxes before it leave.

    Parameters
    ----------
    finder : BoxFinder
    X : DataFrame or array-like of shape (n, d)
    y : array-like of shape (n,)
        Boolean, 0/1 or a probability. It is not changed.
    variant : {"removing", "relabelling"}, default "removing"
        Whether the runs in a box are taken out, or kept without their cases.
    max_boxes : int, default 3

    Returns
    -------
    list of Box
        In the order in which they were found; fewer if nothing is left or nothing is found.

    Notes
    -----
    `surrogate.discover` does the same with held-out evidence for each box.

    Examples
    --------
    >>> import numpy as np
    >>> from surrogate import PRIM
    >>> X = np.random.default_rng(0).random((1000, 2))
    >>> boxes = find_covers(PRIM(), X, (X[:, 0] > 0.8) | (X[:, 1] < 0.2), max_boxes=2)
    >>> [sorted(box.limits) for box in boxes]
    [['x1'], ['x2']]
    """
    finder.check_parameters()
    if not isinstance(max_boxes, int) or max_boxes < 1:
        raise ValueError(f"max_boxes: must be a whole number of at least 1, got {max_boxes!r}.")
    frame = read_frame(X)
    covering = Covering(finder, read_columns(frame), read_y(y, X if hasattr(X, "columns") else frame), variant)
    boxes: list[Box] = []
    while covering.searchable and len(boxes) < max_boxes:
        steps = covering.finder.search(covering.columns, covering.y)
        limits = steps[most_correlated([s.n for s in steps], [s.k for s in steps], covering.y)].limits
        if not limits:
            break
        boxes.append(Box(limits, names=list(frame.columns)))
        covering.add(limits)
    return boxes
