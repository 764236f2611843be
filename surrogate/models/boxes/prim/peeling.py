"""Peeling: shrink the box that holds everything, a thin slice at a time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.boxes.columns import Columns, Kind, Limit
from surrogate.models.boxes.trajectory import Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.boxes.prim.objective import Objective
    from surrogate.models.boxes.units import Units


def peel(columns: Columns, units: Units, *, alpha: float, mass_min: float, objective: Objective) -> list[Step]:
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
    units : Units
        What each row counts, and its y.
    alpha : float
        Share of the rows in the box to give up in one step.
    mass_min : float
        Least share of all rows that a box may hold.
    objective : callable
        See `surrogate.models.boxes.prim.objective`.

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
    inside = _Inside(columns, units)
    n_all, k_all = inside.n, inside.k
    steps = [Step({}, n_all, k_all)]
    while True:
        n_new, k_new, n_limited = inside.cuts(alpha)
        possible = n_new > 0
        if not possible.any():
            return steps
        worth = objective(inside.n, inside.k, np.where(possible, n_new, 1), k_new, n_all, k_all)
        worth = np.where(possible, worth, -math.inf)
        ties = np.flatnonzero(worth == worth.max())
        best = int(ties[n_limited[ties].argmin()])
        if not (worth[best] > 0 and n_new[best] < inside.n and n_new[best] / n_all >= mass_min):
            return steps
        inside.take(best)
        steps.append(Step(dict(inside.limits), inside.n, inside.k))


class _Inside:
    """The rows in the box while it is peeled."""

    def __init__(self, columns: Columns, units: Units) -> None:
        from surrogate.models.boxes.prim import peeling_kernel

        self.kernel = peeling_kernel
        self.columns, self.units = columns.columns, units
        self.bins, self.listing = columns.bins, columns.bins.listing
        self.total = units.total.copy()
        self.limits: dict[str, Limit] = {}
        # Rows in the box are 0, the others -1.
        self.member = np.zeros(columns.n, dtype=np.int16)
        self.member[units.counts[:, 0] == 0] = -1
        self.hist = np.zeros((self.bins.offsets[-1], 2), dtype=np.int32 if units.plain else np.int64)
        fill = self.kernel.fill
        if units.plain:
            self.hist[:, 0], fill = self.bins.counts, self.kernel.fill_cases
        fill(self.bins.codes, self.bins.offsets, units.counts, self.hist)
        self.ends = np.stack([self.bins.offsets[:-1], self.bins.offsets[1:] - 1], axis=1)
        self.numbers = [_Numbers(self, *part.buffer, part.places) for part in self.bins.numbers]
        self.of_number = [(part, i) for part in self.numbers for i in range(len(part.places))]
        # Ordered before nominal, as everywhere: between equally good cuts the order of columns must not decide.
        self.categorical = [
            j for kind in (Kind.ORDERED, Kind.NOMINAL) for j, column in enumerate(self.columns) if column.kind is kind
        ]
        self.allowed = {j: [c for c in range(len(self._categories(j))) if self._categories(j)[c, 0]]
                        for j in self.categorical}  # fmt: skip

    @property
    def n(self) -> float:
        return self.units.n(self.total[0])

    @property
    def k(self) -> float:
        return self.units.k(self.total[1])

    def _categories(self, j: int) -> NDArray[np.int64]:
        return self.hist[self.bins.offsets[j] : self.bins.offsets[j + 1]]

    def cuts(self, alpha: float) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
        """Return rows, cases and number of limited columns after each peel that is possible now.

        Numeric columns come first, the upper end before the lower, then the categories. A peel that would leave
        nothing has no rows.
        """
        last = self.total[0] - int(self.units.of_n)
        near = np.array([math.floor(last * alpha), last - math.ceil(last * (1 - alpha))], dtype=np.int64)
        left, limited = [np.zeros((0, 2), dtype=np.int64)], [np.zeros(0, dtype=np.bool_)]
        for part in self.numbers:
            part.find(near)
            left.append(np.where(part.varying, part.left, 0)[:, ::-1].reshape(-1, 2))
            limited.append((part.free & part.moves)[:, ::-1].ravel())
        self.removable = [(j, c) for j in self.categorical for c in self._removable(j)]
        if self.removable:
            rows = np.array([self.bins.offsets[j] + c for j, c in self.removable])
            left.append(self.total - self.hist[rows])
            limited.append(np.array([self.columns[j].name not in self.limits for j, _ in self.removable]))
        units = np.concatenate(left)
        n_limited = len(self.limits) + np.concatenate(limited)
        return units[:, 0] / self.units.of_n, units[:, 1] / self.units.of_k, n_limited

    def _removable(self, j: int) -> list[int]:
        allowed = self.allowed[j]
        if self.columns[j].kind is Kind.ORDERED:
            held = [category for category in allowed if self._categories(j)[category, 0]]
            return [held[-1], held[0]] if len(held) > 1 else []
        return allowed if len(allowed) > 1 else []

    def take(self, number: int) -> None:
        """Make one of the peels that `cuts` returned: draw the limit and let the rows outside it leave."""
        if number < 2 * len(self.of_number):
            part, i = self.of_number[number // 2]
            rows = part.limit(i, 1 - number % 2)
        else:
            rows = self._limit_category(*self.removable[number - 2 * len(self.of_number)])
        bins = self.bins
        # In order, so that what is read of them lies in order in memory.
        rows.sort()
        self.kernel.leave(rows, bins.codes, bins.offsets, self.member, self.units.counts, self.hist, self.total)

    def _limit_category(self, j: int, category: int) -> NDArray[np.int32]:
        kept = [c for c in self.allowed[j] if c != category]
        if self.columns[j].kind is Kind.ORDERED:
            # What lies beyond the category has no rows any more.
            above = any(c > category and self._categories(j)[c, 0] for c in kept)
            kept = [c for c in kept if (c > category if above else c < category)]
        self.allowed[j] = kept
        self.limits[self.columns[j].name] = frozenset(self.columns[j].values[c] for c in kept)
        bin_ = int(self.bins.offsets[j] + category)
        return self.bins.rows_between(j, bin_, bin_)


class _Numbers:
    """The columns of numbers of one dtype while the box is peeled."""

    def __init__(self, inside: _Inside, flat: NDArray[Any], column_stride: int, stride: int, places: Any) -> None:
        self.inside, self.places = inside, places
        self.flat, self.column_stride, self.stride = flat, column_stride, stride
        self.integer = inside.columns[places[0]].kind is Kind.INTEGER
        shape = (len(places), 2)
        self.bin, self.exact = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.bool_)
        self.value, self.left = np.zeros(shape, dtype=flat.dtype), np.zeros((*shape, 2), dtype=np.int64)
        self.edge = np.zeros(shape, dtype=flat.dtype)
        for i, j in enumerate(self.places):
            for side in (0, 1):
                self.edge[i, side] = inside.kernel.outermost(
                    flat, i * column_stride, stride, inside.listing, j, inside.ends[j, side], 1 - 2 * side,
                    inside.units.counts,
                )  # fmt: skip
        self.limit_values = self.edge.copy()
        self.varying = (self.edge[:, 0] != self.edge[:, 1])[:, None, None]
        self.free = np.ones((len(places), 1), dtype=bool)

    def find(self, near: NDArray[np.int64]) -> None:
        """Find the cuts at places counted from either end."""
        box, listing = self.inside, self.inside.listing
        box.kernel.find_cuts(
            self.flat, self.column_stride, self.stride, self.places, self.integer, listing, box.bins.single, box.ends,
            box.member, box.hist, box.units.counts, box.total, near,
            self.limit_values, self.bin, self.value, self.exact, self.left,
        )  # fmt: skip

    @property
    def moves(self) -> NDArray[np.bool_]:
        """Whether the cut at each end of each column would be a limit: at the end of the data it is none."""
        return np.asarray(~self.exact | (self.value != self.edge))

    def limit(self, i: int, side: int) -> NDArray[np.int32]:
        """Draw the limit of a cut that was found; return the rows beyond it."""
        box, kernel = self.inside, self.inside.kernel
        j = int(self.places[i])
        column, bin_, exact = box.columns[j], int(self.bin[i, side]), bool(self.exact[i, side])
        place = (self.flat, i * self.column_stride, self.stride, box.listing, j)
        gone = kept = self.value[i, side]
        if not exact:
            last, step = box.ends[j, 1 - side], -1 if side else 1
            _, kept = kernel.value_beyond(*place, bin_, last, step, box.member, 0, box.hist, gone)
        value = column.number(kept.item() if hasattr(kept, "item") else kept)
        if column.kind is Kind.REAL and not exact:
            value = midpoint(value, float(gone))
        low, high = box.limits.get(column.name, (-math.inf, math.inf))
        box.limits[column.name] = (low, value) if side else (value, high)
        self.limit_values[i, side] = kept
        self.free[i] = False
        # The rows at the value of the cut leave unless it is exact.
        boundary = int(kernel.position(*place, bin_, gone, exact == bool(side)))
        if side:
            return box.bins.rows_between(j, bin_, int(box.ends[j, 1]), begin=boundary)
        return box.bins.rows_between(j, int(box.ends[j, 0]), bin_, end=boundary)


def midpoint(kept: float, gone: float) -> float:
    """Return the middle of two values, or `kept` where no number lies between them."""
    middle = (kept + gone) / 2
    if not math.isfinite(middle):
        middle = kept / 2 + gone / 2
    return kept if middle == gone else middle
