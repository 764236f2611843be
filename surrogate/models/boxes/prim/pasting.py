"""Pasting: let a peeled box grow again where that raises its density."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.boxes.columns import Column, Columns, Kind, Limit
from surrogate.models.boxes.prim.peeling import midpoint
from surrogate.models.boxes.trajectory import Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from surrogate.models.boxes.prim.binning import Numbers
    from surrogate.models.boxes.prim.objective import Objective
    from surrogate.models.boxes.units import Units


def paste(
    columns: Columns, units: Units, peeled: Step, *, alpha: float, mass_min: float, objective: Objective
) -> list[Step]:
    """Paste until no paste raises the density of the box.

    In each step every limit of the box offers to move outwards over a share `alpha` of the rows that only this
    limit keeps out, and a set of categories to take in one more (an ordered one only a neighbour). The best by
    `objective` is taken [1]_; ties are decided as in `peel`. Columns of every kind take part.

    Parameters
    ----------
    columns, units, mass_min, objective
        As in `peel`.
    peeled : Step
        The box to start from.
    alpha : float
        Share of the adjacent rows to take in.

    Returns
    -------
    list of Step
        The boxes after each paste; empty if none was worth it.

    References
    ----------
    .. [1] Friedman & Fisher 1999, Statistics and Computing 9, 123-143.
    """
    box, steps = _Pasted(columns, units, peeled), list[Step]()
    n_all, k_all = units.n(units.total[0]), units.k(units.total[1])
    while True:
        offers = list(box.offers(alpha))
        if not offers:
            return steps
        taken = np.array([offer.taken for offer in offers])
        n_new, k_new = ((box.total + taken) / (units.of_n, units.of_k)).T
        n, k = units.n(box.total[0]), units.k(box.total[1])
        worth = objective(n, k, n_new, k_new, n_all, k_all)
        ties = np.flatnonzero(worth == worth.max())
        best = int(next((i for i in ties if offers[i].opens), ties[0]))
        if not (worth[best] > 0 and k_new[best] / n_new[best] > k / n and n_new[best] / n_all >= mass_min):
            return steps
        box.take(offers[best])
        steps.append(Step(dict(box.limits), units.n(box.total[0]), units.k(box.total[1])))


@dataclass(frozen=True)
class _Offer:
    """A wider limit of one column.

    Attributes
    ----------
    number : int
        Of the limited column.
    side : int
        Twice the number for the lower end and for categories, one more for the upper end.
    limit : tuple or frozenset
    taken : tuple of int
        Rows and y that it lets in, in units.
    opens : bool
        Whether the limit is none any more.
    bin : int
        That of the category, if it is one.
    """

    number: int
    side: int
    limit: Limit
    taken: tuple[int, int]
    opens: bool
    bin: int = -1


class _Pasted:
    """A box that grows, and the rows that a single limit keeps out of it."""

    def __init__(self, columns: Columns, units: Units, peeled: Step) -> None:
        from surrogate.models.boxes.prim import binning_kernel, pasting_kernel, peeling_kernel

        self.kernel, self.peeling, self.binning = pasting_kernel, peeling_kernel, binning_kernel
        self.bins, self.listing, self.units = columns.bins, columns.bins.listing, units
        self.limits = dict(peeled.limits)
        places = [j for kind in Kind for j, c in enumerate(columns.columns) if c.kind is kind and c.name in self.limits]
        self.limited, self.places = [columns.columns[j] for j in places], np.array(places, dtype=np.int64)
        self.bin_ends = np.stack([self.bins.offsets[:-1], self.bins.offsets[1:] - 1], axis=1)
        sides, n = 2 * len(places), columns.n
        self.bin = np.zeros(sides, dtype=np.int64)
        self.boundary = [0] * sides
        self.touching: list[tuple[int, int]] = [(0, 0)] * sides
        self.misses, self.missed = np.zeros(n, dtype=np.int32), np.zeros(n, dtype=np.int32)
        self.member = np.empty(n, dtype=np.int16)
        self.hist = np.zeros((2, self.bins.offsets[-1], 2), dtype=np.int64)
        self.pool = np.zeros((sides, 2), dtype=np.int64)
        self.numbers = [_Limited(self, part) for part in self.bins.numbers if np.isin(part.places, self.places).any()]
        self.of_number = {number: part for part in self.numbers for number in part.numbers.tolist()}
        for number, column in enumerate(self.limited):
            self._shut_out(number, column)
        self.kernel.enrol(
            self.misses, self.missed, self.member, self.bins.codes, self.bins.offsets, self.places, units.counts,
            self.hist, self.pool,
        )  # fmt: skip
        self.total = units.counts[np.flatnonzero(self.member == 0)].sum(axis=0)

    def _shut_out(self, number: int, column: Column) -> None:
        """Note which rows the limit of a column keeps out."""
        limit, j = self.limits[column.name], int(self.places[number])
        first, last = self.bin_ends[j].tolist()
        if isinstance(limit, frozenset):
            for category, value in enumerate(column.values):
                if value not in limit:
                    rows = self.bins.rows_between(j, first + category, first + category)
                    self.kernel.miss(rows, 2 * number, self.misses, self.missed)
            return
        for end in (0, 1):
            if math.isfinite(limit[end]):
                side = 2 * number + end
                self.of_number[number].draw(number, end, limit[end])
                bin_, boundary = int(self.bin[side]), self.boundary[side]
                if end:
                    rows = self.bins.rows_between(j, bin_, last, begin=boundary)
                else:
                    rows = self.bins.rows_between(j, first, bin_, end=boundary)
                self.kernel.miss(rows, side, self.misses, self.missed)

    def offers(self, alpha: float) -> Iterator[_Offer]:
        """Yield each wider limit that lets rows in."""
        for part in self.numbers:
            part.find(alpha)
        for number, column in enumerate(self.limited):
            limit = self.limits.get(column.name)
            if isinstance(limit, frozenset):
                yield from self._more_categories(number, column, limit)
            elif limit is not None:
                yield from self.of_number[number].offers(number, column, limit)

    def _more_categories(self, number: int, column: Column, limit: frozenset[Any]) -> Iterator[_Offer]:
        first = int(self.bin_ends[self.places[number], 0])
        held = [c for c in range(len(column.values)) if self._holds(number, first + c)]
        absent = [c for c in held if column.values[c] not in limit]
        if column.kind is Kind.ORDERED:
            inside = [c for c in held if column.values[c] in limit]
            below, above = [c for c in absent if c < inside[0]][-1:], [c for c in absent if c > inside[-1]][:1]
            neighbours = below + above
        else:
            neighbours = absent
        for category in neighbours:
            n, k = self.hist[0, first + category].tolist()
            if n:
                wider = limit | {column.values[category]}
                yield _Offer(number, 2 * number, wider, (n, k), len(absent) == 1, first + category)

    def _holds(self, number: int, bin_: int) -> bool:
        rows = self.bins.rows_between(int(self.places[number]), bin_, bin_)
        return bool(self.units.counts[rows, 0].any())

    def take(self, offer: _Offer) -> None:
        """Widen a limit and let the rows in that it kept out."""
        column, bins = self.limited[offer.number], self.bins
        if isinstance(offer.limit, frozenset):
            rows = bins.rows_between(int(self.places[offer.number]), offer.bin, offer.bin)
        else:
            rows = self.of_number[offer.number].move(offer)
        self.kernel.enter(
            rows, offer.side, self.misses, self.missed, self.member, bins.codes, bins.offsets,
            self.places, self.units.counts, self.hist, self.pool, self.total,
        )  # fmt: skip
        self.limits[column.name] = offer.limit
        if offer.opens:
            del self.limits[column.name]


class _Limited:
    """The limited columns of numbers of one dtype."""

    def __init__(self, box: _Pasted, part: Numbers) -> None:
        self.box = box
        self.flat, self.column_stride, self.stride = part.buffer
        index = {int(j): i for i, j in enumerate(part.places)}
        chosen = [(number, index[int(j)]) for number, j in enumerate(box.places) if int(j) in index]
        self.numbers, self.index = (np.array(own, dtype=np.int64) for own in zip(*chosen, strict=True))
        self.index_of = dict(chosen)
        sides = 2 * len(box.places)
        self.bounded = np.zeros((len(box.places), 2), dtype=np.bool_)
        self.values, self.beyond = np.zeros((2, sides), dtype=self.flat.dtype)
        self.taken = np.zeros((sides, 2), dtype=np.int64)
        self.on_limit = np.zeros(sides, dtype=np.int64)

    def _column(self, number: int) -> tuple[Any, ...]:
        j = int(self.box.places[number])
        return self.flat, self.index_of[number] * self.column_stride, self.stride, self.box.listing, j

    def draw(self, number: int, end: int, limit: float) -> None:
        """Note where in the listing a limit lies, and which rows lie exactly on it."""
        box, side, j = self.box, 2 * number + end, self.box.places[number]
        key = self.flat.dtype.type(box.limited[number].key(limit))
        bin_ = int(box.bins.offsets[j] + np.searchsorted(box.bins.edges[j], key, side="right"))
        at, after = (box.peeling.position(*self._column(number), bin_, key, past) for past in (False, True))
        box.bin[side], box.boundary[side], box.touching[side] = bin_, after if end else at, (at, after)
        self.bounded[number, end] = True

    def find(self, alpha: float) -> None:
        """Find how far each limit would move."""
        box, listing = self.box, self.box.listing
        if box.limited[self.numbers[0]].kind is Kind.REAL:
            # As in the published implementation, rows of the box that lie exactly on a real limit take part in the
            # quantile. An integer limit always has such rows: counting them would keep it from ever moving.
            for side, (begin, end) in enumerate(box.touching):
                rows = listing.rows[begin:end]
                self.on_limit[side] = box.units.counts[rows[box.member[rows] == 0], 0].sum() if end > begin else 0
        box.kernel.find_pastes(
            self.flat, self.column_stride, self.stride, self.index, box.places[self.numbers], self.numbers,
            self.bounded, listing, box.bins.single, box.bin_ends, box.bin, box.member, box.hist,
            box.units.counts, box.pool, self.on_limit, alpha, int(box.units.of_n), self.values,
            self.beyond, self.taken,
        )  # fmt: skip

    def offers(self, number: int, column: Column, limit: tuple[float, float]) -> Iterator[_Offer]:
        """Yield the wider limits of a column, the lower end before the upper."""
        for end in (0, 1):
            side = 2 * number + end
            n, k = self.taken[side].tolist()
            if n:
                kept, gone = self.values[side].item(), self.beyond[side].item()
                value = midpoint(kept, gone) if column.kind is Kind.REAL and kept != gone else column.number(kept)
                if kept == gone and kept == self._outermost(number, end):
                    value = math.inf if end else -math.inf
                wider = (limit[0], value) if end else (value, limit[1])
                yield _Offer(number, side, wider, (n, k), wider == (-math.inf, math.inf))

    def _outermost(self, number: int, end: int) -> float | int:
        first = self.box.bin_ends[self.box.places[number], end]
        value: float | int = self.box.peeling.outermost(
            *self._column(number), first, -1 if end else 1, self.box.units.counts
        )
        return value

    def move(self, offer: _Offer) -> NDArray[np.int32]:
        """Move a limit; return the rows that it kept out and lets in."""
        box, end, j = self.box, offer.side % 2, int(self.box.places[offer.number])
        old_bin, old = int(box.bin[offer.side]), box.boundary[offer.side]
        limit = offer.limit[end]  # type: ignore[index]
        if math.isfinite(limit):
            self.draw(offer.number, end, limit)
            bin_, new = int(box.bin[offer.side]), box.boundary[offer.side]
        else:
            self.bounded[offer.number, end] = False
            bin_, new = int(box.bin_ends[j, end]), None
        if end:
            return box.bins.rows_between(j, old_bin, bin_, begin=old, end=new)
        return box.bins.rows_between(j, bin_, old_bin, begin=new, end=old)
