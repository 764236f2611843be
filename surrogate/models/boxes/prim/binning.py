"""Binning: one pass over the data, after which a search touches each row a fixed number of times.

Each number is replaced by a small code, the number of its bin; bins have about equally many rows. A search counts
rows by bin, so that the bin in which a cut falls is found in the counts, and only the rows of that bin are put in
order. Results do not depend on the bins, only the speed does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.boxes.prim.binning_kernel import Listed

SAMPLED = 16  # rows in the sample for each bin: the share of a bin is then right within a quarter
MOST_BINS = 256  # so that a code is a byte, and the counts of 20 columns stay in the first cache
CELLS = 4  # for each bin: most cells have no edge, and the search for the bin ends at once


@dataclass(frozen=True)
class Numbers:
    """The numbers of the columns of one dtype.

    Attributes
    ----------
    places : ndarray of int64, shape (m,)
        Which columns.
    table : ndarray of float64 or int64, shape (m, n)
        In C or Fortran order.
    """

    places: NDArray[np.int64]
    table: NDArray[Any]

    @cached_property
    def buffer(self) -> tuple[NDArray[Any], int, int]:
        """All numbers in one dimension, and the strides in it of a column and a row."""
        m, n = self.table.shape
        by_column = self.table.flags.c_contiguous
        flat = (self.table if by_column else self.table.T).reshape(-1).view()
        flat.flags.writeable = False
        return (flat, n, 1) if by_column else (flat, 1, m)

    def take(self, rows: NDArray[np.intp]) -> Numbers:
        """Return a part of the rows."""
        return Numbers(self.places, np.ascontiguousarray(self.table[:, rows]))


@dataclass(frozen=True)
class Bins:
    """The bins of all columns. Bins are numbered through: column j has those from ``offsets[j]`` on.

    Attributes
    ----------
    codes : ndarray of uint8, uint16 or uint32, shape (n, d)
        Row by row, because rows leave a box one by one and through all columns at once.
    offsets : ndarray of int64, shape (d + 1,)
    single : ndarray of bool, shape (bins,)
        Whether a bin can hold one value only.
    numbers : tuple of Numbers
        Of the real and of the integer columns, if there are any.
    edges : tuple of ndarray
        For each column the values at which a next bin starts; none for categories.
    counted : ndarray of int64, optional
        What `counts` returns, if it is known already.
    """

    codes: NDArray[Any]
    offsets: NDArray[np.int64]
    single: NDArray[np.bool_]
    numbers: tuple[Numbers, ...]
    edges: tuple[NDArray[Any], ...]
    counted: NDArray[np.int64] | None = None

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """Number of rows in each bin."""
        from surrogate.models.boxes.prim import binning_kernel

        if self.counted is not None:
            return self.counted
        counts = np.zeros(self.offsets[-1], dtype=np.int64)
        binning_kernel.count_rows(self.codes, self.offsets, counts)
        return counts

    @cached_property
    def listing(self) -> Listed:
        """The rows of each bin, as far as searches ask for them, which helps the next search on the same rows."""
        from surrogate.models.boxes.prim import binning_kernel

        # Memory that is never written is never taken.
        rows = np.empty(self.codes.size, dtype=np.int32)
        starts, used = np.zeros(len(self.single), dtype=np.int64), np.zeros(1, dtype=np.int64)
        listing = binning_kernel.Listed(
            self.codes,
            self.offsets,
            rows,
            used,
            starts,
            self.counts.copy(),
            np.zeros(len(self.single), dtype=bool),
            self.single.copy(),
        )
        numeric = np.array([j for part in self.numbers for j in part.places], dtype=np.int64)
        binning_kernel.list_outer(listing, numeric)
        return listing

    def rows_between(
        self, j: int, first: int, last: int, begin: int | None = None, end: int | None = None
    ) -> NDArray[np.int32]:
        """Return the rows of the bins of column `j` from the first to the last.

        `begin` and `end` are places in the listing: from where in the first bin, and up to where in the last.
        """
        from surrogate.models.boxes.prim import binning_kernel

        listing = self.listing
        binning_kernel.list_range(listing, j, first, last)
        starts, stops = (own[first : last + 1].copy() for own in (listing.starts, listing.stops))
        starts[0], stops[-1] = starts[0] if begin is None else begin, stops[-1] if end is None else end
        breaks = np.flatnonzero(starts[1:] != stops[:-1]) + 1
        parts = zip(starts[np.append(0, breaks)], stops[np.append(breaks - 1, len(stops) - 1)], strict=True)
        return np.concatenate([listing.rows[part[0] : part[1]] for part in parts])

    def take(self, rows: NDArray[np.intp]) -> Bins:
        """Return the bins of a part of the rows, which need not be sought again."""
        numbers = tuple(part.take(rows) for part in self.numbers)
        return Bins(np.ascontiguousarray(self.codes[rows]), self.offsets, self.single, numbers, self.edges)

    def select(self, places: Sequence[int]) -> Bins:
        """Return the bins of a part of the columns."""
        kept = np.asarray(places, dtype=np.int64)
        numbers = []
        for part in self.numbers:
            own = np.flatnonzero(np.isin(part.places, kept))
            if own.size:
                table = np.ascontiguousarray(part.table[own])
                numbers.append(Numbers(np.searchsorted(kept, part.places[own]), table))
        widths = np.diff(self.offsets)[kept]
        single = [self.single[self.offsets[j] : self.offsets[j + 1]] for j in kept]
        return Bins(
            np.ascontiguousarray(self.codes[:, kept]),
            np.append(0, np.cumsum(widths)),
            np.concatenate([np.zeros(0, dtype=bool), *single]),
            tuple(numbers),
            tuple(self.edges[j] for j in kept),
        )


def bins_for(n: int) -> int:
    """Return how many bins suit `n` rows: few enough to stay in the cache, narrow enough to be put in order soon."""
    return min(max(n // 16, 8), MOST_BINS)


def bin_columns(
    tables: Sequence[tuple[Sequence[int], NDArray[Any]]],
    categories: Sequence[tuple[int, NDArray[np.int32], int]],
    n: int,
    n_bins: int | None = None,
) -> Bins:
    """Bin all columns.

    Parameters
    ----------
    tables : sequence of (places, table of shape (m, n))
        Numbers of one dtype, float64 or int64, and which columns they are.
    categories : sequence of (place, codes of shape (n,), number of categories)
        Categories are bins already.
    n : int
        Number of rows.
    n_bins : int, optional
        Largest number of bins of a column of numbers; by default what suits `n`.

    Returns
    -------
    Bins
    """
    from surrogate.models.boxes.prim import binning_kernel

    n_bins = n_bins or bins_for(n)
    d = sum(len(places) for places, _ in tables) + len(categories)
    widths = np.zeros(d, dtype=np.int64)
    single: list[NDArray[np.bool_]] = [np.zeros(0, dtype=bool)] * d
    all_edges: list[NDArray[Any]] = [np.zeros(0)] * d
    read = [(Numbers(np.asarray(places, dtype=np.int64), table), _edges(table, n_bins)) for places, table in tables]
    for numbers, edges in read:
        for place, own in zip(numbers.places, edges, strict=True):
            widths[place], all_edges[place] = len(own) + 1, own
            single[place] = np.concatenate([[False], own[1:] == _next(own[:-1]), [False]])
    for place, _, count in categories:
        widths[place], single[place] = count, np.ones(count, dtype=bool)
    widest = int(widths.max())
    codes = np.empty((n, d), dtype=np.uint8 if widest <= 256 else np.uint16 if widest <= 65536 else np.uint32)
    offsets = np.append(0, np.cumsum(widths))
    counts = np.zeros(offsets[-1], dtype=np.int64)
    for numbers, edges in read:
        first, starts, middles, scales = _cells(edges, n_bins)
        joined = np.concatenate([*edges, edges[0][:1]])
        binning_kernel.first_edges(joined, starts, middles, scales, first)
        binning_kernel.code_values(
            *numbers.buffer, joined, starts, middles, scales, first, numbers.places, codes, offsets, counts
        )
    for place, own_codes, count in categories:
        codes[:, place] = own_codes
        counts[offsets[place] : offsets[place + 1]] = np.bincount(own_codes, minlength=count)
    families = tuple(numbers for numbers, _ in read)
    return Bins(codes, offsets, np.concatenate(single), families, tuple(all_edges), counts)


def _edges(table: NDArray[Any], n_bins: int) -> list[NDArray[Any]]:
    """Return the edges of the bins of each column: quantiles of a sample, frequent values in bins of their own."""
    n = table.shape[1]
    size = SAMPLED * n_bins
    # A random sample: one at equal distances would see one level only of a factor that alternates.
    rows = slice(None) if n <= 2 * size else np.sort(np.random.default_rng(0).integers(n, size=size))
    sample = np.sort(table[:, rows], axis=1)
    return [_edges_of(values, n_bins) for values in sample]


def _edges_of(values: NDArray[Any], n_bins: int) -> NDArray[Any]:
    new = values[1:] != values[:-1]
    if 2 * (new.sum() + 1) < n_bins:
        frequent = distinct = values[np.append(True, new)]
    else:
        quantiles = values[np.arange(1, n_bins) * (len(values) - 1) // n_bins]
        frequent = quantiles[1:][quantiles[1:] == quantiles[:-1]]
        distinct = quantiles
    return np.unique(np.concatenate([distinct, _next(frequent)]))


def _next(values: NDArray[Any]) -> NDArray[Any]:
    """Return the next larger number; the largest integer has none and stays itself."""
    if values.dtype.kind == "f":
        return np.asarray(np.nextafter(values, np.inf))
    return np.asarray(values + (values < np.iinfo(values.dtype).max))


def _cells(edges: list[NDArray[Any]], n_bins: int) -> tuple[NDArray[np.int32], NDArray[np.int64], Any, Any]:
    """Return room for the first edge of each cell, where the edges of each column start, and the cells' scale."""
    cells = CELLS * n_bins
    # The outermost edges are the outermost quantiles: values beyond fall in the first or the last cell.
    low, high = (np.array([float(own[place]) for own in edges]) / 2 for place in (0, -1))
    with np.errstate(divide="ignore", over="ignore"):
        scales = cells / (high - low)
    scales[~np.isfinite(scales)] = 0
    starts = np.append(0, np.cumsum([len(own) for own in edges]))
    return np.zeros((len(edges), cells + 1), dtype=np.int32), starts, low, scales
