"""The inner loops of binning, compiled: imported only when a search bins.

Numbers of several columns lie in one flat buffer: the number of a row in the i-th of them is at
``i * column_stride + row * row_stride``, so that one compiled loop serves tables stored by rows and by columns.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
import numpy as np

OUTER = 10  # the bins at either end that are listed at once are one in so many: a usual cut lies in them
ROWS_AT_ONCE = 1024  # so that what a table stored by rows gives for one column is still in the cache for the next


@numba.njit(cache=True)
def cell_of(value: Any, middle: float, scale: float, cells: int) -> int:
    """Return which of equally wide cells a value falls in; a larger value never falls in a lower cell."""
    place = (value * 0.5 - middle) * scale
    return int(min(max(place, 0.0), cells - 1.0))


@numba.njit(cache=True)
def first_edges(edges: Any, starts: Any, middles: Any, scales: Any, first: Any) -> None:
    """For each column and cell count the edges in lower cells, which starts the search among the edges."""
    cells = first.shape[1] - 1
    for i in range(len(first)):
        edge = starts[i]
        for cell in range(cells + 1):
            while edge < starts[i + 1] and cell_of(edges[edge], middles[i], scales[i], cells) < cell:
                edge += 1
            first[i, cell] = edge - starts[i]


@numba.njit(cache=True)
def code_values(
    flat: Any, column_stride: int, row_stride: int, edges: Any, starts: Any, middles: Any, scales: Any, first: Any,
    places: Any, codes: Any, offsets: Any, counts: Any,
) -> None:  # fmt: skip
    """Write for each number the number of edges that are not above it, and count; `edges` has one more at its end."""
    cells, n = first.shape[1] - 1, len(codes)
    for begin in range(0, n, ROWS_AT_ONCE):
        for i in range(len(places)):
            place, middle, scale = places[i], middles[i], scales[i]
            own, count, first_of = edges[starts[i] : starts[i + 1] + 1], starts[i + 1] - starts[i], first[i]
            counts_of = counts[offsets[place] : offsets[place + 1]]
            for row in range(begin, min(begin + ROWS_AT_ONCE, n)):
                value = flat[i * column_stride + row * row_stride]
                cell = np.uint64(cell_of(value, middle, scale, cells))
                low, high = np.int64(first_of[cell]), np.int64(first_of[cell + np.uint64(1)])
                while high - low > 1:
                    half = (low + high) // 2
                    if value >= own[half]:
                        low = half + 1
                    else:
                        high = half
                # No branch here, which would be guessed wrongly once in a few rows.
                code = np.uint64(low + ((low < count) & (value >= own[np.uint64(low)])))
                codes[row, place] = code
                counts_of[code] += 1


@numba.njit(cache=True)
def count_rows(codes: Any, offsets: Any, counts: Any) -> None:
    """Count the rows in each bin of each column."""
    for row in range(codes.shape[0]):
        for j in range(codes.shape[1]):
            counts[offsets[j] + codes[row, j]] += 1


class Listed(NamedTuple):
    """The rows by bin, listed where a search asked for them.

    Attributes
    ----------
    codes, offsets
        As in `surrogate.models.boxes.prim.binning.Bins`.
    rows : ndarray of int32
        Filled from its beginning; what was never filled takes no memory.
    used : ndarray of int64, shape (1,)
        How much of it is filled.
    starts, stops : ndarray of int64
        The rows of a bin lie from ``starts[bin]`` to ``stops[bin]``. Until they are listed the difference counts.
    listed, in_order : ndarray of bool
        Whether the rows of a bin are listed, and whether they are in order of their values.
    """

    codes: Any
    offsets: Any
    rows: Any
    used: Any
    starts: Any
    stops: Any
    listed: Any
    in_order: Any


@numba.njit(cache=True)
def part_of(width: int, code: int) -> Any:
    """Return the first code and the end of the part of a column that is listed together.

    Cuts lie near both ends of a column until it is limited, and then in one half.
    """
    outer, half = width // OUTER, width // 2
    if code < half:
        return (0, outer) if code < outer else (outer, half)
    return (half, width - outer) if code < width - outer else (width - outer, width)


@numba.njit(cache=True)
def place_bins(listing: Any, first: int, end: int, places: Any) -> None:
    """Give the bins from the first to the end their places, one after the other."""
    used = listing.used[0]
    for bin_ in range(first, end):
        count = listing.stops[bin_] - listing.starts[bin_]
        listing.starts[bin_] = places[bin_] = used
        used += count
        listing.stops[bin_] = used
        listing.listed[bin_] = True
    listing.used[0] = used


@numba.njit(cache=True)
def list_bin(listing: Any, j: int, bin_: int) -> None:
    """List the rows of a bin of column `j`, and of those around it, unless they are."""
    if listing.listed[bin_]:
        return
    offset, found = listing.offsets[j], np.empty(ROWS_AT_ONCE, dtype=np.int32)
    first, end = part_of(listing.offsets[j + 1] - offset, bin_ - offset)
    places = np.empty(len(listing.starts), dtype=np.int64)
    place_bins(listing, offset + first, offset + end, places)
    own = places[offset : listing.offsets[j + 1]]
    for begin in range(0, len(listing.codes), ROWS_AT_ONCE):
        list_block(listing.codes, listing.rows, j, begin, first, end, False, found, own)


@numba.njit(cache=True)
def list_block(
    codes: Any, rows: Any, j: int, begin: int, first: int, end: int, outside: bool, found: Any, own: Any
) -> None:
    """List those of a block of rows whose code lies between two codes, or outside; `own` holds the next places."""
    number, span = 0, np.uint64(end - first)
    # Without a branch, which would be guessed wrongly; below the first code the difference wraps around.
    for row in range(begin, min(begin + ROWS_AT_ONCE, len(codes))):
        code = np.int64(codes[row, j])
        found[np.uint64(number)] = row
        number += (np.uint64(code - first) < span) != outside
    for row in found[:number]:
        place = np.uint64(codes[row, j])
        rows[np.uint64(own[place])] = row
        own[place] += 1


@numba.njit(cache=True)
def list_range(listing: Any, j: int, first: int, last: int) -> None:
    """List the rows of all bins of column `j` from the first to the last."""
    for bin_ in range(first, last + 1):
        list_bin(listing, j, bin_)


@numba.njit(cache=True)
def list_outer(listing: Any, numeric: Any) -> None:
    """List the outer rows of the columns of numbers, all in one pass."""
    offsets = listing.offsets
    places, found = np.empty(len(listing.starts), dtype=np.int64), np.empty(ROWS_AT_ONCE, dtype=np.int32)
    for j in numeric:
        outer = (offsets[j + 1] - offsets[j]) // OUTER
        place_bins(listing, offsets[j], offsets[j] + outer, places)
        place_bins(listing, offsets[j + 1] - outer, offsets[j + 1], places)
    for begin in range(0, len(listing.codes), ROWS_AT_ONCE):
        for j in numeric:
            own, outer = places[offsets[j] : offsets[j + 1]], (offsets[j + 1] - offsets[j]) // OUTER
            list_block(listing.codes, listing.rows, j, begin, outer, len(own) - outer, True, found, own)
