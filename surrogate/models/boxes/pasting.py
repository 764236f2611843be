"""Pasting: let a peeled box grow again where that raises its density."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from surrogate.models.boxes.columns import Column, Columns, Kind, Limit
from surrogate.models.boxes.peeling import midpoint
from surrogate.models.boxes.trajectory import Step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from surrogate.models.boxes.objective import Objective


def paste(
    columns: Columns,
    y: NDArray[np.float64],
    peeled: Step,
    *,
    alpha: float,
    mass_min: float,
    objective: Objective,
) -> list[Step]:
    """Paste until no paste raises the density of the box.

    In each step every limit of the box offers to move outwards over a share `alpha` of the rows that only this
    limit keeps out, and a set of categories to take in one more (an ordered one only a neighbour). The best by
    `objective` is taken [1]_; ties are decided as in `peel`. Columns of every kind take part.

    Parameters
    ----------
    columns, y, mass_min, objective
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
    steps = [peeled]
    limited = [c for kind in Kind for c in columns.columns if c.kind is kind and c.name in peeled.limits]
    within = {c.name: c.inside(peeled.limits[c.name]) for c in limited}
    while True:
        box = steps[-1]
        misses = np.asarray(len(within) - np.sum([np.zeros(columns.n, bool), *within.values()], axis=0, dtype=np.int64))
        offers = [
            (column, limit, rows)
            for column in limited
            if column.name in box.limits
            for limit, rows in _offers(column, box.limits[column.name], within[column.name], misses, alpha)
            if len(rows)
        ]
        if not offers:
            return steps[1:]
        n_new = np.array([box.n + len(rows) for _, _, rows in offers], dtype=np.float64)
        k_new = np.array([box.k + y[rows].sum() for _, _, rows in offers])
        worth = objective(box.n, box.k, n_new, k_new)
        opened = np.array([_is_open(column, limit) for column, limit, _ in offers])
        best = int(np.lexsort((np.arange(len(worth)), -opened.astype(int), -worth))[0])
        denser = k_new[best] / n_new[best] > box.k / box.n
        if not (worth[best] > 0 and denser and n_new[best] / columns.n >= mass_min):
            return steps[1:]
        column, limit, _ = offers[best]
        limits = {**box.limits, column.name: limit}
        if opened[best]:
            del limits[column.name]
        within[column.name] = column.inside(limit)
        steps.append(Step(limits, int(n_new[best]), float(k_new[best])))


def _offers(
    column: Column, limit: Limit, within: NDArray[np.bool_], misses: NDArray[np.int64], alpha: float
) -> Iterator[tuple[Limit, NDArray[np.intp]]]:
    """Yield each wider limit and the rows that it lets in."""
    adjacent = np.flatnonzero((misses == 1) & ~within)
    if isinstance(limit, frozenset):
        for category in _absent(column, limit):
            yield limit | {column.values[category]}, adjacent[column.ranks[adjacent] == category]
        return
    first, last = column.rank_range(limit)
    inside = np.flatnonzero(misses == 0) if column.kind is Kind.REAL else np.zeros(0, dtype=np.intp)
    for upper in (False, True):
        edge = limit[upper]
        if not math.isfinite(edge):
            continue
        ranks = column.ranks[adjacent]
        rows = adjacent[ranks > last] if upper else adjacent[ranks < first]
        # As in the published implementation, rows of the box that lie exactly on a real limit take part in the
        # quantile. An integer limit always has such rows: counting them would keep it from ever moving.
        on_limit = inside[column.values[column.ranks[inside]] == edge]
        pool = np.sort(column.ranks[np.concatenate([rows, on_limit])])
        if not len(rows):
            continue
        value, kept = _quantile(column, pool, alpha, upper)
        taken = rows[column.ranks[rows] <= kept] if upper else rows[column.ranks[rows] >= kept]
        yield _moved(column, limit, upper, value), taken


def _absent(column: Column, limit: frozenset[object]) -> list[int]:
    held = np.unique(column.ranks)
    absent = [int(c) for c in held if column.values[c] not in limit]
    if column.kind is Kind.NOMINAL:
        return absent
    inside = [int(c) for c in held if column.values[c] in limit]
    return [c for c in (max((a for a in absent if a < inside[0]), default=-1),
                        min((a for a in absent if a > inside[-1]), default=-1)) if c >= 0]  # fmt: skip


def _quantile(column: Column, pool: NDArray[np.int32], alpha: float, upper: bool) -> tuple[float, int]:
    """Return the new limit, and the outermost rank that it takes in, from the sorted ranks next to the old one."""
    if upper:
        place = (len(pool) - 1) * alpha
        low, high = math.floor(place), math.ceil(place)
        high = max(high, min(int(np.searchsorted(pool, pool[low], side="right")), len(pool) - 1))
        kept, gone = int(pool[low]), int(pool[high])
    else:
        place = (len(pool) - 1) * (1 - alpha)
        low, high = math.floor(place), math.ceil(place)
        low = min(low, max(int(np.searchsorted(pool, pool[high], side="left")) - 1, 0))
        kept, gone = int(pool[high]), int(pool[low])
    value = column.values[kept].item()
    if column.kind is Kind.REAL and kept != gone:
        value = midpoint(value, column.values[gone].item())
    return value, kept


def _moved(column: Column, limit: tuple[float, float], upper: bool, value: float) -> tuple[float, float]:
    """Move one side of a limit; a side that has reached the end of the data is open again."""
    low, high = limit
    held = column.values[[int(column.ranks.min()), int(column.ranks.max())]]
    if upper:
        return low, (math.inf if value >= held[1] else value)
    return (-math.inf if value <= held[0] else value), high


def _is_open(column: Column, limit: Limit) -> bool:
    if isinstance(limit, frozenset):
        return all(column.values[c] in limit for c in np.unique(column.ranks))
    return limit == (-math.inf, math.inf)
