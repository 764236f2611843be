"""The inner loops of peeling and pasting, compiled: imported only when a search runs.

Rows are counted by bin; `hist` holds for each bin the number and the y of its members, in whole units, so that sums
are exact in whatever order rows come and go. To find a cut only the rows of one bin are put in order, once. No loop
here gives up the interpreter lock, for the order of a bin is shared between searches.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

LOWER, UPPER = 0, 1


@numba.njit(cache=True)
def fill(codes: Any, offsets: Any, weights: Any, hist: Any) -> None:
    """Count the units of each bin of each column."""
    for row in range(codes.shape[0]):
        _count(codes[row], offsets, weights[row, 0], weights[row, 1], hist)


@numba.njit(cache=True)
def _count(codes: Any, offsets: Any, n: int, k: int, hist: Any) -> None:
    """Add the units of a row to its bins; most rows are no case, which halves the work."""
    if k == 0:
        for j in range(len(codes)):
            hist[np.uint64(offsets[j] + codes[j]), 0] += n
    else:
        for j in range(len(codes)):
            bin_ = np.uint64(offsets[j] + codes[j])
            hist[bin_, 0] += n
            hist[bin_, 1] += k


@numba.njit(cache=True)
def order_bin(flat: Any, base: int, stride: int, rows: Any, starts: Any, in_order: Any, bin_: int) -> None:
    """Put the rows of a bin in order of their values, unless they are."""
    if in_order[bin_]:
        return
    part = rows[starts[bin_] : starts[bin_ + 1]]
    values = np.empty(len(part), dtype=flat.dtype)
    for place in range(len(part)):
        values[place] = flat[base + part[place] * stride]
    part[:] = part[np.argsort(values)]
    in_order[bin_] = True


@numba.njit(cache=True)
def walk(
    flat: Any, base: int, stride: int, rows: Any, starts: Any, in_order: Any, single: Any, bin_: int, step: int,
    member: Any, wanted: int, hist: Any, weights: Any, place: int,
) -> Any:  # fmt: skip
    """Walk over the members of a column in order of their values, and stop at a place counted in units.

    Returns bin and value at the place, and the number and y of the members before this value, and up to it.
    """
    n, k = 0, 0
    while n + hist[bin_, 0] <= place:
        n += hist[bin_, 0]
        k += hist[bin_, 1]
        bin_ += step
    if single[bin_]:
        value = flat[base + rows[starts[bin_]] * stride]
        return bin_, value, n, k, n + hist[bin_, 0], k + hist[bin_, 1]
    order_bin(flat, base, stride, rows, starts, in_order, bin_)
    begin = starts[bin_] if step > 0 else starts[bin_ + 1] - 1
    number = begin
    # Values lie far apart in memory: first only members are counted, then the few equal values at the place are read.
    while True:
        row = rows[number]
        if member[row] == wanted:
            if n + weights[row, 0] > place:
                break
            n += weights[row, 0]
            k += weights[row, 1]
        number += step
    value, value_n, value_k = flat[base + rows[number] * stride], n, k
    back = number - step
    while back != begin - step and flat[base + rows[back] * stride] == value:
        if member[rows[back]] == wanted:
            value_n -= weights[rows[back], 0]
            value_k -= weights[rows[back], 1]
        back -= step
    end = starts[bin_ + 1] if step > 0 else starts[bin_] - 1
    while number != end and flat[base + rows[number] * stride] == value:
        if member[rows[number]] == wanted:
            n += weights[rows[number], 0]
            k += weights[rows[number], 1]
        number += step
    return bin_, value, value_n, value_k, n, k


@numba.njit(cache=True)
def value_beyond(
    flat: Any, base: int, stride: int, rows: Any, starts: Any, bin_: int, last: int, step: int, member: Any,
    wanted: int, hist: Any, value: Any,
) -> Any:  # fmt: skip
    """Return whether there is a member beyond a value, and the nearest value of such a one."""
    nearest, found = value, False
    while not found:
        if hist[bin_, 0] > 0:
            for place in range(starts[bin_], starts[bin_ + 1]):
                row = rows[place]
                if member[row] == wanted:
                    other = flat[base + row * stride]
                    past = other > value if step > 0 else other < value
                    nearer = not found or (other < nearest if step > 0 else other > nearest)
                    if past and nearer:
                        nearest, found = other, True
        if bin_ == last:
            break
        bin_ += step
    return found, nearest


@numba.njit(cache=True)
def position(
    flat: Any, base: int, stride: int, rows: Any, starts: Any, in_order: Any, bin_: int, value: Any, after: bool
) -> Any:
    """Return the place in `rows` of the first row of a bin at (or after) a value."""
    order_bin(flat, base, stride, rows, starts, in_order, bin_)
    place = starts[bin_]
    while place < starts[bin_ + 1]:
        other = flat[base + rows[place] * stride]
        if other > value or (other == value and not after):
            break
        place += 1
    return place


@numba.njit(cache=True)
def find_cuts(
    flat: Any, column_stride: int, stride: int, places: Any, integer: bool, rows: Any, starts: Any, in_order: Any,
    single: Any, ends: Any, member: Any, hist: Any, weights: Any, total: Any, near: Any, limits: Any,
    bins: Any, values: Any, exact: Any, left: Any,
) -> None:  # fmt: skip
    """Find the cut at both ends of each column of numbers.

    Fills, for each column and end, the bin and value at the published place, whether the cut is at this value (then
    it stays) or behind it (then it goes), and the number and y of what stays; nothing where there is no cut.
    """
    for i in range(len(places)):
        base = i * column_stride
        ends_of = ends[places[i]]
        for side in range(2):
            step = 1 if side == LOWER else -1
            while hist[ends_of[side], 0] == 0:
                ends_of[side] += step
            bin_, value, n, k, upto_n, upto_k = walk(
                flat, base, stride, rows, starts, in_order, single, ends_of[side], step, member, 0, hist, weights,
                near[side],
            )  # fmt: skip
            bins[i, side], values[i, side] = bin_, value
            none_beyond = upto_n == total[0]
            at_limit = integer and value == limits[i, side]
            exact[i, side] = none_beyond
            if integer and side == LOWER and not none_beyond and not at_limit:
                # Between two neighbouring integers the lower cut is at the smaller one, unless that is the limit.
                _, beyond = value_beyond(
                    flat, base, stride, rows, starts, bin_, ends_of[UPPER], step, member, 0, hist, value
                )
                exact[i, side] = beyond == value + 1
            if none_beyond and at_limit:
                left[i, side, 0] = left[i, side, 1] = 0
            elif exact[i, side]:
                left[i, side, 0], left[i, side, 1] = total[0] - n, total[1] - k
            else:
                left[i, side, 0], left[i, side, 1] = total[0] - upto_n, total[1] - upto_k


@numba.njit(cache=True)
def leave(rows: Any, codes: Any, offsets: Any, member: Any, weights: Any, hist: Any, total: Any) -> None:
    """Let those of the rows leave the box that are in it."""
    for row in rows:
        if member[row] != 0:
            continue
        member[row] = -1
        n, k = weights[row, 0], weights[row, 1]
        total[0] -= n
        total[1] -= k
        _count(codes[row], offsets, -n, -k, hist)
