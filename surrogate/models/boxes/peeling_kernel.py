"""The inner loops of peeling, compiled: imported only when a search runs.

Rows are never moved or sorted again. Each column keeps its rows in sorted order; a row that has left the box is
skipped, and once half of the rows of an order have left, they are squeezed out. So a search touches each row of each
column a fixed number of times, whatever the number of peels.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

LOWER, UPPER = 0, 1


@numba.njit(cache=True, nogil=True)
def _walk(order: Any, ranks: Any, size: int, upper: bool, alive: Any, y: Any, near: int, far: int, n: int) -> Any:
    """Walk inwards from one end of a column over the rows in the box.

    Returns the rank at place `near`, the first other rank at or beyond place `far` (the same rank if there is none),
    and for both the number and the sum of y of the rows outside them.
    """
    near_rank, near_n, near_k = -1, 0, 0.0
    run_rank, run_n, run_k = -1, 0, 0.0
    seen, k = 0, 0.0
    for step in range(size):
        row = order[size - 1 - step] if upper else order[step]
        if not alive[row]:
            continue
        rank = ranks[row]
        if rank != run_rank:
            run_rank, run_n, run_k = rank, seen, k
        if seen == near:
            near_rank, near_n, near_k = run_rank, run_n, run_k
        if seen >= far and rank != near_rank:
            return near_rank, near_n, near_k, run_rank, run_n, run_k
        seen += 1
        k += y[row]
        if seen == n:
            break
    return near_rank, near_n, near_k, near_rank, near_n, near_k


@numba.njit(cache=True, nogil=True)
def find_cuts(
    order: Any,
    ranks: Any,
    sizes: Any,
    numeric: Any,
    integer: Any,
    limits: Any,
    followed: Any,
    starts: Any,
    alive: Any,
    y: Any,
    n: int,
    k: float,
    alpha: float,
    kept: Any,
    gone: Any,
    new_n: Any,
    new_k: Any,
) -> None:
    """Find the cut at both ends of each numeric column.

    Fills, each of shape (columns, 2): the rank at the cut that stays, the nearest rank that goes (the same if the cut
    is at a value), and the rows and y that stay.
    """
    last = n - 1
    places = (
        (int(np.floor(last * alpha)), int(np.ceil(last * alpha))),
        (last - int(np.ceil(last * (1 - alpha))), last - int(np.floor(last * (1 - alpha)))),
    )
    for place, j in enumerate(numeric):
        for side in range(2):
            near, near_n, near_k, far, far_n, far_k = _walk(
                order[j], ranks[j], sizes[j], side == UPPER, alive, y, places[side][0], places[side][1], n
            )
            at_limit = integer[place] and near == limits[place, side]
            # Between two neighbouring integers the lower cut is at the smaller one, unless that is the limit already.
            neighbours = integer[place] and side == LOWER and far == near + 1 and followed[starts[place] + near]
            if near == far and at_limit:
                new_n[place, side], new_k[place, side] = 0, 0.0
            elif near == far or (neighbours and not at_limit):
                kept[place, side] = gone[place, side] = near
                new_n[place, side], new_k[place, side] = n - near_n, k - near_k
            else:
                kept[place, side], gone[place, side] = far, near
                new_n[place, side], new_k[place, side] = n - far_n, k - far_k


@numba.njit(cache=True, nogil=True)
def remove(
    order: Any,
    ranks: Any,
    sizes: Any,
    j: int,
    first: int,
    last: int,
    alive: Any,
    y: Any,
    categorical: Any,
    count_n: Any,
    count_k: Any,
) -> Any:
    """Take the rows whose rank in column `j` lies from `first` to `last` out of the box; return their number and y.

    The counts of each category lose them too.
    """
    n, k = 0, 0.0
    size = sizes[j]
    from_top = ranks[j, order[j, size - 1]] <= last
    for step in range(size):
        row = order[j, size - 1 - step] if from_top else order[j, step]
        rank = ranks[j, row]
        if (from_top and rank < first) or (not from_top and rank > last):
            break
        if rank < first or rank > last or not alive[row]:
            continue
        alive[row] = False
        n += 1
        k += y[row]
        for place in range(len(categorical)):
            category = ranks[categorical[place], row]
            count_n[place, category] -= 1
            count_k[place, category] -= y[row]
    return n, k


@numba.njit(cache=True, nogil=True)
def squeeze(order: Any, sizes: Any, alive: Any) -> None:
    """Drop the rows that have left the box from every order."""
    for j in range(len(order)):
        kept = 0
        for place in range(sizes[j]):
            row = order[j, place]
            if alive[row]:
                order[j, kept] = row
                kept += 1
        sizes[j] = kept


@numba.njit(cache=True, nogil=True)
def count_categories(ranks: Any, y: Any, categorical: Any, count_n: Any, count_k: Any) -> None:
    """Count rows and y of each category of each categorical column."""
    for place in range(len(categorical)):
        for row in range(len(y)):
            category = ranks[categorical[place], row]
            count_n[place, category] += 1
            count_k[place, category] += y[row]
