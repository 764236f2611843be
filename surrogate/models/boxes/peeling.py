"""Peeling: shrink the box that holds everything, a thin slice at a time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from surrogate.models.boxes.columns import Column, Columns, Kind, Limit
from surrogate.models.boxes.trajectory import Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.boxes.objective import Objective


def peel(
    columns: Columns, y: NDArray[np.float64], *, alpha: float, mass_min: float, objective: Objective
) -> list[Step]:
    """Peel until no peel is worth anything or the box would become lighter than `mass_min`.

    In each step every numeric column offers to give up about a share `alpha` of the rows at either end, an ordered
    column its lowest or highest category, a nominal column any one category [1]_ [2]_. The best by `objective` is
    taken; ties go to the box with fewer limited columns, then to real before integer before categorical columns,
    then to the first column, then to the upper end.

    A cut in a real column lies midway between two neighbouring values of rows in the box, a cut in an integer
    column at a value that stays in the box; ties in the data move the cut inwards [3]_.

    Parameters
    ----------
    columns : Columns
    y : ndarray of float64, shape (n,)
        From 0 to 1.
    alpha : float
        Share of the rows in the box to give up in one step.
    mass_min : float
        Least share of all rows that a box may hold.
    objective : callable
        See `surrogate.models.boxes.objective`.

    Returns
    -------
    list of Step
        From the box without limits to the last one.

    References
    ----------
    .. [1] Friedman & Fisher 1999, Statistics and Computing 9, 123-143.
    .. [2] Kwakkel & Jaxa-Rozen 2016, Environmental Modelling & Software 79, 311-321.
    .. [3] Bryant & Lempert 2010, Technological Forecasting and Social Change 77, 34-49 (sdtoolkit).
    """
    inside = _Inside(columns, y)
    steps = [Step({}, inside.n, inside.k)]
    while True:
        n_new, k_new, n_limited = inside.cuts(alpha)
        if not n_new.any():
            return steps
        worth = np.where(n_new > 0, objective(inside.n, inside.k, np.maximum(n_new, 1), k_new), -np.inf)
        best = int(np.lexsort((n_limited, -worth))[0])
        if not (worth[best] > 0 and n_new[best] < inside.n and n_new[best] / columns.n >= mass_min):
            return steps
        inside.take(best)
        steps.append(Step(dict(inside.limits), inside.n, inside.k))


class _Inside:
    """The rows in the box while it is peeled."""

    def __init__(self, columns: Columns, y: NDArray[np.float64]) -> None:
        from surrogate.models.boxes import peeling_kernel

        self.kernel = peeling_kernel
        self.columns = columns.columns
        self.y = y
        self.n, self.k = columns.n, float(y.sum())
        self.limits: dict[str, Limit] = {}
        self.ranks = np.array([c.ranks for c in self.columns], dtype=np.int32).reshape(len(self.columns), columns.n)
        self.order = np.array([c.order for c in self.columns], dtype=np.int32).reshape(self.ranks.shape)
        self.sizes = np.full(len(self.columns), columns.n, dtype=np.int64)
        self.alive = np.ones(columns.n, dtype=np.bool_)
        varying = [j for j in range(len(self.columns)) if self.ranks[j].min() < self.ranks[j].max()]
        self._start_numeric([j for kind in (Kind.REAL, Kind.INTEGER) for j in varying if self.columns[j].kind is kind])
        self._start_categorical([j for j in varying if not self.columns[j].numeric])

    def _start_numeric(self, numeric: list[int]) -> None:
        self.numeric = np.array(numeric, dtype=np.int64)
        self.integer = np.array([self.columns[j].kind is Kind.INTEGER for j in numeric], dtype=bool)
        self.edge = np.array([(self.ranks[j].min(), self.ranks[j].max()) for j in numeric]).reshape(-1, 2)
        self.limit_ranks = self.edge.copy()
        # For each rank of each integer column: is the next value the next integer? Entry 0 answers for real columns.
        followed, start = [np.zeros(1, dtype=bool)], [0]
        for j in numeric:
            column = self.columns[j]
            steps = _followed(column) if column.kind is Kind.INTEGER else np.zeros(0, dtype=bool)
            followed.append(steps)
            start.append(start[-1] + len(followed[-2]))
        self.followed, self.followed_start = np.concatenate(followed), np.array(start[1:], dtype=np.intp)
        shape = (len(numeric), 2)
        self.kept, self.gone = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
        self.new_n, self.new_k = np.zeros(shape), np.zeros(shape)
        self.free = np.ones((len(numeric), 1), dtype=bool)

    def _start_categorical(self, categorical: list[int]) -> None:
        self.categorical = np.array(categorical, dtype=np.int64)
        self.allowed = [np.unique(self.ranks[j]).tolist() for j in categorical]
        widest = max((len(self.columns[j].values) for j in categorical), default=0)
        self.count_n = np.zeros((len(categorical), widest), dtype=np.int64)
        self.count_k = np.zeros((len(categorical), widest))
        if categorical:
            self.kernel.count_categories(self.ranks, self.y, self.categorical, self.count_n, self.count_k)

    def cuts(self, alpha: float) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
        """Return rows, cases and number of limited columns after each peel that is possible now.

        Numeric columns come first, the upper end before the lower, then the categories. A peel that would leave
        nothing has no rows.
        """
        self.kernel.find_cuts(
            self.order, self.ranks, self.sizes, self.numeric, self.integer, self.limit_ranks, self.followed,
            self.followed_start, self.alive, self.y, self.n, self.k, alpha,
            self.kept, self.gone, self.new_n, self.new_k,
        )  # fmt: skip
        moves = (self.kept != self.edge) | (self.kept != self.gone)
        n_limited = len(self.limits) + (self.free & moves)[:, ::-1].ravel()
        n, k = self.new_n[:, ::-1].ravel(), self.new_k[:, ::-1].ravel()
        self.removable = [(place, c) for place in range(len(self.categorical)) for c in self._removable(place)]
        if self.removable:
            places, categories = (list(part) for part in zip(*self.removable, strict=True))
            n = np.append(n, self.n - self.count_n[places, categories])
            k = np.append(k, self.k - self.count_k[places, categories])
            names = [self.columns[self.categorical[place]].name for place in places]
            n_limited = np.append(n_limited, [len(self.limits) + (name not in self.limits) for name in names])
        return n, k, n_limited

    def _removable(self, place: int) -> list[int]:
        allowed = self.allowed[place]
        if self.columns[self.categorical[place]].kind is Kind.ORDERED:
            held = [category for category in allowed if self.count_n[place, category]]
            return [held[-1], held[0]] if len(held) > 1 else []
        return allowed if len(allowed) > 1 else []

    def take(self, number: int) -> None:
        """Make one of the peels that `cuts` returned: draw the limit and let the rows outside it leave."""
        if number < self.new_n.size:
            j, first, last = self._limit_number(number // 2, 1 - number % 2)
        else:
            j, first, last = self._limit_category(*self.removable[number - self.new_n.size])
        n, k = self.kernel.remove(
            self.order, self.ranks, self.sizes, j, first, last, self.alive, self.y,
            self.categorical, self.count_n, self.count_k,
        )  # fmt: skip
        self.n -= int(n)
        self.k -= float(k)
        if 2 * self.n < self.sizes.max():
            self.kernel.squeeze(self.order, self.sizes, self.alive)

    def _limit_number(self, place: int, side: int) -> tuple[int, int, int]:
        """Draw the limit; return the column and the first and last rank that leave."""
        j = int(self.numeric[place])
        column, kept, gone = self.columns[j], int(self.kept[place, side]), int(self.gone[place, side])
        value = column.values[kept].item()
        if column.kind is Kind.REAL and kept != gone:
            value = midpoint(value, column.values[gone].item())
        low, high = self.limits.get(column.name, (-math.inf, math.inf))
        self.limits[column.name] = (low, value) if side else (value, high)
        self.limit_ranks[place, side] = kept
        self.free[place] = False
        return (j, kept + 1, len(column.values)) if side else (j, 0, kept - 1)

    def _limit_category(self, place: int, category: int) -> tuple[int, int, int]:
        j = int(self.categorical[place])
        allowed = self.allowed[place]
        kept = [c for c in allowed if c != category]
        if self.columns[j].kind is Kind.ORDERED:
            # What lies beyond the category has no rows any more.
            above = any(c > category and self.count_n[place, c] for c in allowed)
            kept = [c for c in allowed if (c > category if above else c < category)]
        self.allowed[place] = kept
        self.limits[self.columns[j].name] = frozenset(self.columns[j].values[c] for c in kept)
        return j, category, category


def _followed(column: Column) -> NDArray[np.bool_]:
    """Return, for each value of an integer column, whether the next value is the next integer."""
    values = column.values
    return np.append(values[1:] == values[:-1] + values.dtype.type(1), False)


def midpoint(kept: float, gone: float) -> float:
    """Return the middle of two values, or `kept` where no number lies between them."""
    middle = (kept + gone) / 2
    if not math.isfinite(middle):
        middle = kept / 2 + gone / 2
    return kept if middle == gone else middle
