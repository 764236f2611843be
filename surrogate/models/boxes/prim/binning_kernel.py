"""The inner loops of binning, compiled: imported only when a search bins.

Numbers of several columns lie in one flat buffer: the number of a row in the i-th of them is at
``i * column_stride + row * row_stride``, so that one compiled loop serves tables stored by rows and by columns.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

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
    places: Any, codes: Any,
) -> None:  # fmt: skip
    """Write for each number the number of edges that are not above it; `edges` has one more at its end."""
    cells, n = first.shape[1] - 1, len(codes)
    for begin in range(0, n, ROWS_AT_ONCE):
        for i in range(len(places)):
            place, middle, scale = places[i], middles[i], scales[i]
            own, count, first_of = edges[starts[i] : starts[i + 1] + 1], starts[i + 1] - starts[i], first[i]
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
                codes[row, place] = low + ((low < count) & (value >= own[np.uint64(low)]))


@numba.njit(cache=True)
def count_rows(codes: Any, offsets: Any, counts: Any) -> None:
    """Count the rows in each bin of each column."""
    for row in range(codes.shape[0]):
        for j in range(codes.shape[1]):
            counts[offsets[j] + codes[row, j]] += 1


@numba.njit(cache=True)
def list_rows(codes: Any, offsets: Any, ends: Any, rows: Any) -> None:
    """Write the rows of each bin one after the other; `ends` holds the start of each bin and becomes its end."""
    for j in range(codes.shape[1]):
        own = ends[offsets[j] : offsets[j + 1]]
        for row in range(codes.shape[0]):
            code = np.uint64(codes[row, j])
            rows[np.uint64(own[code])] = row
            own[code] += 1
