"""The inner loops of peeling and pasting, compiled: imported only when a search runs.

Rows are counted by bin; `hist` holds for each bin the number and the y of its members, in whole units, so that sums
are exact in whatever order rows come and go. To find a cut only the rows of one bin are put in order, once. No loop
here gives up the interpreter lock, for the order of a bin is shared between searches.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from surrogate.models.boxes.prim.binning_kernel import list_bin

LOWER, UPPER = 0, 1
CROWD = 32  # values at one place, above which a bin is sorted
ROWS_AT_ONCE = 256


@numba.njit(cache=True)
def fill(codes: Any, offsets: Any, weights: Any, hist: Any) -> None:
    """Count the units of each bin of each column."""
    for row in range(codes.shape[0]):
        _count(codes[row], offsets, weights[row, 0], weights[row, 1], hist)


@numba.njit(cache=True)
def fill_cases(codes: Any, offsets: Any, weights: Any, hist: Any) -> None:
    """Count the y of each bin of each column, where the number of rows is known already."""
    for row in range(codes.shape[0]):
        k = weights[row, 1]
        if k != 0:
            for j in range(codes.shape[1]):
                hist[np.uint64(offsets[j] + codes[row, j]), 1] += k


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
def order_bin(flat: Any, base: int, stride: int, listing: Any, j: int, bin_: int) -> None:
    """Put the rows of a bin of column `j` in order of their values, unless they are."""
    list_bin(listing, j, bin_)
    if listing.in_order[bin_]:
        return
    part = listing.rows[listing.starts[bin_] : listing.stops[bin_]]
    values = np.empty(len(part), dtype=flat.dtype)
    for place in range(len(part)):
        values[place] = flat[base + part[place] * stride]
    if len(part) < 64 or not _spread(values, part):
        part[:] = part[np.argsort(values)]
    listing.in_order[bin_] = True


@numba.njit(cache=True)
def _spread(values: Any, part: Any) -> bool:
    """Put rows in order whose values lie about evenly: each falls near its place. Return whether they do."""
    m, low, high = len(values), np.float64(values.min()), np.float64(values.max())
    scale = (m - 1) / (high - low) if high > low else 0.0
    if not 0 < scale < np.inf:
        return False
    near, place = np.empty(m, dtype=np.int32), np.zeros(m + 1, dtype=np.int32)
    for number in range(m):
        near[number] = min(max((values[number] - low) * scale, 0.0), m - 1.0)
        place[near[number] + 1] += 1
    if place.max() > CROWD:
        return False
    for number in range(m):
        place[number + 1] += place[number]
    ordered, rows = np.empty_like(values), np.empty_like(part)
    for number in range(m):
        to = place[near[number]]
        place[near[number]] += 1
        ordered[to], rows[to] = values[number], part[number]
    for number in range(1, m):
        value, row, to = ordered[number], rows[number], number
        while to > 0 and ordered[to - 1] > value:
            ordered[to], rows[to] = ordered[to - 1], rows[to - 1]
            to -= 1
        ordered[to], rows[to] = value, row
    part[:] = rows
    return True


@numba.njit(cache=True)
def walk(
    flat: Any, base: int, stride: int, listing: Any, j: int, single: Any, bin_: int, step: int, member: Any,
    wanted: int, hist: Any, weights: Any, place: int,
) -> Any:  # fmt: skip
    """Walk over the members of a column in order of their values, and stop at a place counted in units.

    Returns bin and value at the place, and the number and y of the members before this value, and up to it.
    """
    n, k = 0, 0
    while n + hist[bin_, 0] <= place:
        n += hist[bin_, 0]
        k += hist[bin_, 1]
        bin_ += step
    rows, starts = listing.rows, listing.starts
    list_bin(listing, j, bin_)
    if single[bin_]:
        value = flat[base + rows[starts[bin_]] * stride]
        return bin_, value, n, k, n + hist[bin_, 0], k + hist[bin_, 1]
    order_bin(flat, base, stride, listing, j, bin_)
    part = rows[starts[bin_] : listing.stops[bin_]]
    all_n, all_k, left = hist[bin_, 0], hist[bin_, 1], place - n
    if 2 * left < all_n:
        value, before_n, before_k, upto_n, upto_k = count_to(
            flat, base, stride, part, step, member, wanted, weights, left
        )
    else:
        # The other end is nearer.
        value, before_n, before_k, upto_n, upto_k = count_to(
            flat, base, stride, part, -step, member, wanted, weights, all_n - 1 - left
        )
        before_n, before_k, upto_n, upto_k = all_n - upto_n, all_k - upto_k, all_n - before_n, all_k - before_k
    return bin_, value, n + before_n, k + before_k, n + upto_n, k + upto_k


@numba.njit(cache=True)
def count_to(
    flat: Any, base: int, stride: int, part: Any, step: int, member: Any, wanted: int, weights: Any, place: int
) -> Any:
    """Count the members among rows in order up to a place; as in `walk`."""
    n, k = 0, 0
    begin, end = (0, len(part)) if step > 0 else (len(part) - 1, -1)
    number = begin
    # Values lie far apart in memory: first only members are counted, then the few equal values at the place are read.
    while True:
        row = part[number]
        inside = np.int64(member[row] == wanted)  # and no branch, which would be guessed wrongly
        if n + inside * weights[row, 0] > place:
            break
        n += inside * weights[row, 0]
        k += inside * weights[row, 1]
        number += step
    value, value_n, value_k = flat[base + part[number] * stride], n, k
    back = number - step
    while back != begin - step and flat[base + part[back] * stride] == value:
        if member[part[back]] == wanted:
            value_n -= weights[part[back], 0]
            value_k -= weights[part[back], 1]
        back -= step
    while number != end and flat[base + part[number] * stride] == value:
        if member[part[number]] == wanted:
            n += weights[part[number], 0]
            k += weights[part[number], 1]
        number += step
    return value, value_n, value_k, n, k


@numba.njit(cache=True)
def value_beyond(
    flat: Any, base: int, stride: int, listing: Any, j: int, bin_: int, last: int, step: int, member: Any,
    wanted: int, hist: Any, value: Any,
) -> Any:  # fmt: skip
    """Return whether there is a member beyond a value, and the nearest value of such a one."""
    rows = listing.rows
    nearest, found = value, False
    while not found:
        if hist[bin_, 0] > 0:
            list_bin(listing, j, bin_)
            for place in range(listing.starts[bin_], listing.stops[bin_]):
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
def outermost(flat: Any, base: int, stride: int, listing: Any, j: int, bin_: int, step: int, weights: Any) -> Any:
    """Return the smallest (or largest) value of a column, starting with its first (or last) bin."""
    value, found = flat[0], False
    while not found:
        list_bin(listing, j, bin_)
        for place in range(listing.starts[bin_], listing.stops[bin_]):
            row = listing.rows[place]
            if weights[row, 0] == 0:
                continue
            other = flat[base + row * stride]
            if not found or ((other < value) if step > 0 else (other > value)):
                value, found = other, True
        bin_ += step
    return value


@numba.njit(cache=True)
def position(flat: Any, base: int, stride: int, listing: Any, j: int, bin_: int, value: Any, after: bool) -> Any:
    """Return the place in `rows` of the first row of a bin at (or after) a value."""
    order_bin(flat, base, stride, listing, j, bin_)
    place, end = listing.starts[bin_], listing.stops[bin_]
    while place < end:
        other = flat[base + listing.rows[place] * stride]
        if other > value or (other == value and not after):
            break
        place += 1
    return place


@numba.njit(cache=True)
def find_cuts(
    flat: Any, column_stride: int, stride: int, places: Any, integer: bool, listing: Any, single: Any, ends: Any,
    member: Any, hist: Any, weights: Any, total: Any, near: Any, limits: Any,
    bins: Any, values: Any, exact: Any, left: Any,
) -> None:  # fmt: skip
    """Find the cut at both ends of each column of numbers.

    Fills, for each column and end, the bin and value at the published place, whether the cut is at this value (then
    it stays) or behind it (then it goes), and the number and y of what stays; nothing where there is no cut.
    """
    for i in range(len(places)):
        base, j = i * column_stride, places[i]
        ends_of = ends[j]
        for side in range(2):
            step = 1 if side == LOWER else -1
            while hist[ends_of[side], 0] == 0:
                ends_of[side] += step
            bin_, value, n, k, upto_n, upto_k = walk(
                flat, base, stride, listing, j, single, ends_of[side], step, member, 0, hist, weights, near[side],
            )  # fmt: skip
            bins[i, side], values[i, side] = bin_, value
            none_beyond = upto_n == total[0]
            at_limit = integer and value == limits[i, side]
            exact[i, side] = none_beyond
            if integer and side == LOWER and not none_beyond and not at_limit:
                # Between two neighbouring integers the lower cut is at the smaller one, unless that is the limit.
                _, beyond = value_beyond(
                    flat, base, stride, listing, j, bin_, ends_of[UPPER], step, member, 0, hist, value
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
    going = np.empty(ROWS_AT_ONCE, dtype=np.int64)
    read, units = (
        np.empty((ROWS_AT_ONCE, codes.shape[1]), dtype=codes.dtype),
        np.empty((ROWS_AT_ONCE, 2), weights.dtype),
    )
    for begin in range(0, len(rows), ROWS_AT_ONCE):
        number = 0
        for row in rows[begin : begin + ROWS_AT_ONCE]:
            going[number] = row
            number += member[row] == 0
        # The rows lie far apart in memory: read one after the other, with nothing to do in between, many come at once.
        for place in range(number):
            row = going[place]
            member[row] = -1
            units[place, 0], units[place, 1] = weights[row, 0], weights[row, 1]
            for j in range(codes.shape[1]):
                read[place, j] = codes[row, j]
        for place in range(number):
            n, k = np.int64(units[place, 0]), np.int64(units[place, 1])
            total[0] -= n
            total[1] -= k
            _count(read[place], offsets, -n, -k, hist)  # type: ignore[arg-type]
