"""The inner loops of pasting, compiled: imported only when a search runs.

A limit keeps a row out alone if the row misses no other limit. Only such rows can be pasted; they are counted by bin,
each at the limit (a column and an end, together a *side*) that keeps it out.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from surrogate.models.boxes.prim.peeling_kernel import UPPER, value_beyond, walk


@numba.njit(cache=True)
def miss(rows: Any, side: int, misses: Any, missed: Any) -> None:
    """Note that rows miss a side."""
    for row in rows:
        misses[row] += 1
        missed[row] += side


@numba.njit(cache=True)
def enrol(
    misses: Any, missed: Any, member: Any, codes: Any, offsets: Any, columns: Any, weights: Any, hist: Any, pool: Any
) -> None:
    """Make each row a member of the box (0), of the one side that keeps it out (from 1 on) or of none (-1)."""
    for row in range(len(misses)):
        member[row] = -1
        if weights[row, 0] == 0 or misses[row] > 1:
            continue
        member[row] = 0
        if misses[row] == 1:
            _join(row, missed[row], member, codes, offsets, columns, weights, hist, pool)


@numba.njit(cache=True)
def _join(
    row: int, side: int, member: Any, codes: Any, offsets: Any, columns: Any, weights: Any, hist: Any, pool: Any
) -> None:
    j = columns[side // 2]
    bin_ = offsets[j] + codes[row, j]
    member[row] = 1 + side
    for unit in range(2):
        hist[side % 2, bin_, unit] += weights[row, unit]
        pool[side, unit] += weights[row, unit]


@numba.njit(cache=True)
def enter(
    rows: Any, side: int, misses: Any, missed: Any, member: Any, codes: Any, offsets: Any, columns: Any, weights: Any,
    hist: Any, pool: Any, total: Any,
) -> None:  # fmt: skip
    """Let rows in at a side: members of it join the box, others may now miss one other side only."""
    j = columns[side // 2]
    for row in rows:
        misses[row] -= 1
        missed[row] -= side
        if weights[row, 0] == 0:
            continue
        if misses[row] == 0:
            member[row] = 0
            bin_ = offsets[j] + codes[row, j]
            for unit in range(2):
                hist[side % 2, bin_, unit] -= weights[row, unit]
                pool[side, unit] -= weights[row, unit]
                total[unit] += weights[row, unit]
        elif misses[row] == 1:
            _join(row, missed[row], member, codes, offsets, columns, weights, hist, pool)


@numba.njit(cache=True)
def find_pastes(
    flat: Any, column_stride: int, stride: int, index: Any, places: Any, numbers: Any, bounds: Any, listing: Any,
    single: Any, bin_ends: Any, bins: Any, member: Any, hist: Any, weights: Any, pool: Any,
    on_limit: Any, alpha: float, unit: int, values: Any, beyond: Any, taken: Any,
) -> None:  # fmt: skip
    """Find how far each side of each limited column of numbers would move.

    Fills, for each side, the value at the published place, the next one that stays out (the same if there is none),
    and the number and y of the rows taken in; 0 where there is nothing to take.
    """
    for number in range(len(numbers)):
        limited, i = numbers[number], index[number]
        base = i * column_stride
        for end in range(2):
            side = 2 * limited + end
            taken[side, 0] = taken[side, 1] = 0
            if not bounds[limited, end] or pool[side, 0] == 0:
                continue
            last = max(pool[side, 0] + on_limit[side] - unit, 0)
            place = int(np.floor(last * alpha)) if end == UPPER else last - int(np.ceil(last * (1 - alpha)))
            if place < on_limit[side]:
                continue
            step = 1 if end == UPPER else -1
            bin_, value, _, _, n, k = walk(
                flat, base, stride, listing, places[number], single, bins[side], step, member, 1 + side, hist[end],
                weights, place - on_limit[side],
            )  # fmt: skip
            values[side] = value
            taken[side, 0], taken[side, 1] = n, k
            _, beyond[side] = value_beyond(
                flat, base, stride, listing, places[number], bin_, bin_ends[places[number], end], step, member,
                1 + side, hist[end], value,
            )  # fmt: skip
