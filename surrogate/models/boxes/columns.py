"""Columns of any dtype as ranks: what every box finder searches on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.space.parameter import plain

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

Limit = tuple[float, float] | frozenset[Any]


class Kind(Enum):
    """What the values of a column allow; the order is the one in which equally good cuts are preferred."""

    REAL = "real"
    INTEGER = "integer"
    ORDERED = "ordered"
    NOMINAL = "nominal"


@dataclass(frozen=True)
class Column:
    """One input as ranks, which make one search serve every dtype and stay exact where float64 would not.

    Attributes
    ----------
    name : str
    kind : Kind
    values : ndarray of shape (v,)
        Distinct values, in order; those of integers in their own dtype, categories as objects.
    ranks : ndarray of int32, shape (n,)
        For each row the place of its value in `values`.
    order : ndarray of int32, shape (n,)
        Rows sorted by value: sorted once, afterwards only ever filtered.
    """

    name: str
    kind: Kind
    values: NDArray[Any]
    ranks: NDArray[np.int32]
    order: NDArray[np.int32]

    @property
    def numeric(self) -> bool:
        """Whether limits are a pair of numbers; otherwise they are a set of categories."""
        return self.kind in (Kind.REAL, Kind.INTEGER)

    def rank_range(self, limit: tuple[float, float]) -> tuple[int, int]:
        """First and last rank within a pair of limits."""
        low, high = limit
        first = 0 if low == -math.inf else int(np.searchsorted(self.values, low, side="left"))
        last = len(self.values) if high == math.inf else int(np.searchsorted(self.values, high, side="right"))
        return first, last - 1

    def inside(self, limit: Limit, rows: NDArray[np.intp] | slice = slice(None)) -> NDArray[np.bool_]:
        """Whether each of the `rows` lies within a limit."""
        ranks = self.ranks[rows]
        if isinstance(limit, frozenset):
            allowed = np.fromiter((value in limit for value in self.values), dtype=bool, count=len(self.values))
            return np.asarray(allowed[ranks])
        first, last = self.rank_range(limit)
        return np.asarray((ranks >= first) & (ranks <= last))


@dataclass(frozen=True)
class Columns:
    """All inputs of a search, row for row."""

    columns: tuple[Column, ...]
    n: int

    def take(self, rows: NDArray[np.intp]) -> Columns:
        """Return a part of the rows, without sorting again: ranks stay those of all rows.

        Parameters
        ----------
        rows : ndarray of int
            Increasing row numbers without repeats.
        """
        place = np.full(self.n, -1, dtype=np.int32)
        place[rows] = np.arange(len(rows), dtype=np.int32)
        taken = []
        for column in self.columns:
            places = place[column.order]
            taken.append(replace(column, ranks=column.ranks[rows], order=places[places >= 0]))
        return Columns(tuple(taken), len(rows))

    def select(self, names: Sequence[str]) -> Columns:
        """Return the columns called `names`, in their order here."""
        return Columns(tuple(column for column in self.columns if column.name in names), self.n)

    def inside(self, limits: Mapping[str, Limit], rows: NDArray[np.intp] | slice = slice(None)) -> NDArray[np.bool_]:
        """Whether each of the `rows` lies within all limits."""
        inside = np.ones(self.n, dtype=bool)[rows]
        for column in self.columns:
            if column.name in limits:
                inside &= column.inside(limits[column.name], rows)
        return inside


def read_columns(frame: pd.DataFrame) -> Columns:
    """Read a DataFrame whose columns have text names.

    Raises
    ------
    ValueError, TypeError
        For missing or infinite values, and dtypes in which no box is defined.
    """
    return Columns(tuple(_read_column(str(name), frame[name]) for name in frame.columns), len(frame))


def _read_column(name: str, series: pd.Series[Any]) -> Column:
    import pandas as pd

    missing = np.flatnonzero(series.isna().to_numpy())
    if missing.size:
        raise ValueError(
            f"X[{name!r}]: Input X contains NaN in {missing.size} row(s), the first in row {missing[0]}. "
            "A box cannot say whether a missing value lies inside: drop these rows, or fill them (a category "
            "'missing' keeps the information)."
        )
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _read_categories(name, series, dtype)
    if pd.api.types.is_bool_dtype(dtype):
        return _ranked(name, Kind.NOMINAL, series.to_numpy(dtype=bool))
    if pd.api.types.is_integer_dtype(dtype):
        # pandas writes the dtypes of its own integers Int64, UInt8, ... or int64[pyarrow].
        return _ranked(name, Kind.INTEGER, series.to_numpy(dtype=str(dtype).lower().removesuffix("[pyarrow]")))
    if pd.api.types.is_float_dtype(dtype):
        values = series.to_numpy(dtype=np.float64)
        infinite = np.flatnonzero(~np.isfinite(values))
        if infinite.size:
            raise ValueError(
                f"X[{name!r}]: Input X contains infinity in {infinite.size} row(s), the first in row {infinite[0]}. "
                "Drop these rows or clip the values."
            )
        return _ranked(name, Kind.REAL, values)
    if pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype):
        return _read_objects(name, series)
    raise TypeError(
        f"X[{name!r}]: columns may be numbers, booleans, text or categories, got dtype {dtype}. "
        f"Convert the column, for example X[{name!r}].astype('int64') for times."
    )


def _read_categories(name: str, series: pd.Series[Any], dtype: pd.CategoricalDtype) -> Column:
    # Categories that no row has are no part of the data: a limit cannot be drawn at them.
    used = series.cat.remove_unused_categories().cat
    kind = Kind.ORDERED if dtype.ordered else Kind.NOMINAL
    values, ranks = _objects(used.categories), used.codes.to_numpy().astype(np.int32)
    if kind is Kind.NOMINAL:
        values, ranks = _sorted_categories(values, ranks)
    return Column(name, kind, values, ranks, _sorted_rows(ranks))


def _read_objects(name: str, series: pd.Series[Any]) -> Column:
    import pandas as pd

    inferred = series.infer_objects()
    if inferred.dtype != series.dtype and not pd.api.types.is_string_dtype(inferred.dtype):
        return _read_column(name, inferred)
    try:
        ranks, values = pd.factorize(_objects(series), use_na_sentinel=True)
    except TypeError:
        example = next(value for value in series if getattr(type(value), "__hash__", None) is None)
        raise TypeError(
            f"X[{name!r}]: argument must be a string or a number (or another value with a hash), "
            f"got {type(example).__name__}. Convert the column."
        ) from None
    values, places = _sorted_categories(values, ranks.astype(np.int32))
    return Column(name, Kind.NOMINAL, values, places, _sorted_rows(places))


def _objects(values: Any) -> NDArray[Any]:
    plain_values = [plain(value) for value in values]
    array = np.empty(len(plain_values), dtype=object)
    array[:] = plain_values
    return array


def _sorted_categories(values: NDArray[Any], ranks: NDArray[np.int32]) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Sort categories, so that the search does not depend on the order of the rows."""
    by_name = sorted(range(len(values)), key=lambda i: (type(values[i]).__name__, str(values[i])))
    place = np.empty(len(values), dtype=np.int32)
    place[by_name] = np.arange(len(values), dtype=np.int32)
    return values[by_name], place[ranks]


def _sorted_rows(values: NDArray[Any]) -> NDArray[np.int32]:
    return np.argsort(values, kind="stable").astype(np.int32)


def _ranked(name: str, kind: Kind, values: NDArray[Any]) -> Column:
    order = _sorted_rows(values)
    in_order = values[order]
    new = np.append(True, in_order[1:] != in_order[:-1])
    ranks = np.empty(len(values), dtype=np.int32)
    ranks[order] = np.cumsum(new, dtype=np.int32) - 1
    distinct = in_order[new]
    return Column(name, kind, _objects(distinct) if kind is Kind.NOMINAL else distinct, ranks, order)
