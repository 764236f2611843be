"""Columns of any dtype, row for row: what every box finder searches on, read and checked at the door."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.boxes.prim.binning import Bins, bin_columns
from surrogate.space.parameter import plain

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

Limit = tuple[float, float] | frozenset[Any]

SIGN = np.uint64(2**63)

MISSING = (
    "A box cannot say whether a missing value lies inside: drop these rows, or fill them (a category 'missing' keeps "
    "the information)."
)


class Kind(Enum):
    """What the values of a column allow; the order is the one in which equally good cuts are preferred."""

    REAL = "real"
    INTEGER = "integer"
    ORDERED = "ordered"
    NOMINAL = "nominal"


@dataclass(frozen=True, eq=False)
class Column:
    """One input.

    Attributes
    ----------
    name : str
    kind : Kind
    data : ndarray of shape (n,)
        Real numbers as float64; integers as int64, or uint64 where that is too narrow; for categories the places of
        the rows in `categories`, as int32.
    categories : ndarray of object, shape (v,), optional
        In order.
    distinct : (values, ranks), optional
        What `values` and `ranks` return, if it is known already; otherwise they are sought when asked for.
    """

    name: str
    kind: Kind
    data: NDArray[Any]
    categories: NDArray[Any] | None = None
    distinct: tuple[NDArray[Any], NDArray[np.int32]] | None = None

    @property
    def numeric(self) -> bool:
        """Whether limits are a pair of numbers; otherwise they are a set of categories."""
        return self.kind in (Kind.REAL, Kind.INTEGER)

    @cached_property
    def _ranked(self) -> tuple[NDArray[Any], NDArray[np.int32]]:
        if self.categories is not None:
            return self.categories, self.data
        if self.distinct is not None:
            return self.distinct
        values, ranks = np.unique(self.data, return_inverse=True)
        return values, ranks.astype(np.int32)

    @property
    def values(self) -> NDArray[Any]:
        """Distinct values in order, shape (v,); those of the whole if the column is a part of the rows."""
        return self._ranked[0]

    @property
    def ranks(self) -> NDArray[np.int32]:
        """For each row the place of its value in `values`, shape (n,)."""
        return self._ranked[1]

    @property
    def keys(self) -> NDArray[Any]:
        """Numbers as float64 or int64, in the order of the data; see `number`."""
        if self.data.dtype == np.uint64:
            return np.asarray((self.data ^ SIGN).view(np.int64))
        return self.data

    def key(self, number: float | int) -> float | int:
        """Return the key of a number."""
        return int(number) - 2**63 if self.data.dtype == np.uint64 else number

    def number(self, key: float | int) -> float | int:
        """Return the number that has a key."""
        return int(key) + 2**63 if self.data.dtype == np.uint64 else key

    def inside(self, limit: Limit, rows: NDArray[np.intp] | slice = slice(None)) -> NDArray[np.bool_]:
        """Whether each of the `rows` lies within a limit."""
        data = self.data[rows]
        if isinstance(limit, frozenset):
            allowed = np.array([value in limit for value in self.values], dtype=bool)
            return np.asarray(allowed[data])
        low, high = limit
        if self.kind is Kind.INTEGER:
            # Python's integers are compared exactly where float64 would not tell neighbours apart.
            low, high = math.ceil(low) if math.isfinite(low) else low, math.floor(high) if math.isfinite(high) else high
        inside = np.ones(len(data), dtype=bool) if low == -math.inf else data >= low
        return np.asarray(inside if high == math.inf else inside & (data <= high))

    def take(self, rows: NDArray[np.intp]) -> Column:
        """Return a part of the rows."""
        distinct = (self.values, self.ranks[rows]) if "_ranked" in self.__dict__ and self.numeric else None
        return replace(self, data=self.data[rows], distinct=distinct)


@dataclass(frozen=True, eq=False)
class Columns:
    """All inputs of a search, row for row.

    Attributes
    ----------
    columns : tuple of Column
    n : int
        Number of rows.
    table : ndarray of shape (d, n), optional
        All columns as one array, if they are of one dtype: spares a copy.
    binned : Bins, optional
        What `bins` returns, if it is known already.
    """

    columns: tuple[Column, ...]
    n: int
    table: NDArray[Any] | None = None
    binned: Bins | None = None

    @cached_property
    def bins(self) -> Bins:
        """The rows by bins of about equal size: made once, and reused for parts of the rows and of the columns."""
        if self.binned is not None:
            return self.binned
        if self.table is not None:
            return bin_columns([(range(len(self.columns)), self.table)], [], self.n)
        tables = []
        for kind in (Kind.REAL, Kind.INTEGER):
            places = [j for j, column in enumerate(self.columns) if column.kind is kind]
            if places:
                tables.append((places, np.stack([self.columns[j].keys for j in places])))
        categories = [
            (j, column.data, len(column.values)) for j, column in enumerate(self.columns) if not column.numeric
        ]
        return bin_columns(tables, categories, self.n)

    def take(self, rows: NDArray[np.intp]) -> Columns:
        """Return a part of the rows, by number; a row may be taken more than once. Nothing is sorted or binned again.

        Parameters
        ----------
        rows : ndarray of int
        """
        taken = tuple(column.take(rows) for column in self.columns)
        return Columns(taken, len(rows), binned=self.bins.take(rows))

    def select(self, names: Sequence[str]) -> Columns:
        """Return the columns called `names`, in their order here."""
        places = [j for j, column in enumerate(self.columns) if column.name in names]
        columns = tuple(self.columns[j] for j in places)
        return Columns(columns, self.n, binned=self.bins.select(places) if places else None)

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
    names = [str(name) for name in frame.columns]
    if all(isinstance(dtype, np.dtype) and dtype == np.float64 for dtype in frame.dtypes):
        return read_table(frame.to_numpy(), names)
    return Columns(tuple(_read_column(name, frame[name]) for name in names), len(frame))


def read_table(array: NDArray[Any], names: Sequence[str]) -> Columns:
    """Read an array of numbers or booleans, shape (n, d); it is not copied if it holds float64 in a usual order.

    Raises
    ------
    ValueError
        For missing or infinite values.
    """
    n = len(array)
    if array.dtype.kind == "b":
        return Columns(tuple(_read_booleans(name, array[:, j]) for j, name in enumerate(names)), n)
    if array.dtype.kind in "iu":
        integers = (_integers(array[:, j]) for j in range(array.shape[1]))
        return Columns(tuple(Column(name, Kind.INTEGER, own) for name, own in zip(names, integers, strict=True)), n)
    table = array.T.astype(np.float64, copy=False)
    if not (table.flags.c_contiguous or table.flags.f_contiguous):
        table = np.ascontiguousarray(table)
    # A sum is finite if all its terms are: the columns need a look only if it is not.
    with np.errstate(over="ignore", invalid="ignore"):
        finite = np.isfinite(table.sum())
    if not finite:
        for name, values in zip(names, table, strict=True):
            _check_finite(name, values)
    return Columns(tuple(Column(name, Kind.REAL, own) for name, own in zip(names, table, strict=True)), n, table)


def _check_finite(name: str, values: NDArray[np.float64]) -> None:
    for found, what, repair in (
        (np.isnan(values), "NaN", MISSING),
        (np.isinf(values), "infinity", "Drop these rows or clip the values."),
    ):
        rows = np.flatnonzero(found)
        if rows.size:
            raise ValueError(
                f"X[{name!r}]: Input X contains {what} in {rows.size} row(s), the first in row {rows[0]}. {repair}"
            )


def _read_column(name: str, series: pd.Series[Any]) -> Column:
    import pandas as pd

    missing = np.flatnonzero(series.isna().to_numpy())
    if missing.size:
        raise ValueError(
            f"X[{name!r}]: Input X contains NaN in {missing.size} row(s), the first in row {missing[0]}. {MISSING}"
        )
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _read_categories(name, series, dtype)
    if pd.api.types.is_bool_dtype(dtype):
        return _read_booleans(name, series.to_numpy(dtype=bool))
    if pd.api.types.is_integer_dtype(dtype):
        # pandas writes the dtypes of its own integers Int64, UInt8, ... or int64[pyarrow].
        own = series.to_numpy(dtype=str(dtype).lower().removesuffix("[pyarrow]"))
        return Column(name, Kind.INTEGER, _integers(own))
    if pd.api.types.is_float_dtype(dtype):
        values = series.to_numpy(dtype=np.float64)
        _check_finite(name, values)
        return Column(name, Kind.REAL, values)
    if pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype):
        return _read_objects(name, series)
    raise TypeError(
        f"X[{name!r}]: columns may be numbers, booleans, text or categories, got dtype {dtype}. "
        f"Convert the column, for example X[{name!r}].astype('int64') for times."
    )


def _integers(values: NDArray[Any]) -> NDArray[Any]:
    """Return integers as int64, or as uint64 if int64 is too narrow."""
    if values.dtype == np.uint64 and values.max() > np.iinfo(np.int64).max:
        return values
    return values.astype(np.int64)


def _read_booleans(name: str, values: NDArray[np.bool_]) -> Column:
    found = np.unique(values)
    return Column(name, Kind.NOMINAL, (values != found[0]).astype(np.int32), _objects(found))


def _read_categories(name: str, series: pd.Series[Any], dtype: pd.CategoricalDtype) -> Column:
    # Categories that no row has are no part of the data: a limit cannot be drawn at them.
    used = series.cat.remove_unused_categories().cat
    kind = Kind.ORDERED if dtype.ordered else Kind.NOMINAL
    values, places = _objects(used.categories), used.codes.to_numpy().astype(np.int32)
    if kind is Kind.NOMINAL:
        values, places = _sorted_categories(values, places)
    return Column(name, kind, places, values)


def _read_objects(name: str, series: pd.Series[Any]) -> Column:
    import pandas as pd

    inferred = series.infer_objects()
    if inferred.dtype != series.dtype and not pd.api.types.is_string_dtype(inferred.dtype):
        return _read_column(name, inferred)
    try:
        found, values = pd.factorize(_objects(series), use_na_sentinel=True)
    except TypeError:
        example = next(value for value in series if getattr(type(value), "__hash__", None) is None)
        raise TypeError(
            f"X[{name!r}]: argument must be a string or a number (or another value with a hash), "
            f"got {type(example).__name__}. Convert the column."
        ) from None
    values, places = _sorted_categories(values, found.astype(np.int32))
    return Column(name, Kind.NOMINAL, places, values)


def _objects(values: Any) -> NDArray[Any]:
    plain_values = [plain(value) for value in values]
    array = np.empty(len(plain_values), dtype=object)
    array[:] = plain_values
    return array


def _sorted_categories(values: NDArray[Any], places: NDArray[np.int32]) -> tuple[NDArray[Any], NDArray[np.int32]]:
    """Sort categories, so that the search does not depend on the order of the rows."""
    by_name = sorted(range(len(values)), key=lambda i: (type(values[i]).__name__, str(values[i])))
    place = np.empty(len(values), dtype=np.int32)
    place[by_name] = np.arange(len(values), dtype=np.int32)
    return values[by_name], place[places]
