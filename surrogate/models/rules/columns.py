"""The columns that rules speak of: their names, units and categories, and tables as matrices of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.space import Categorical, Space
from surrogate.space.parameter import plain

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Columns:
    """Names, categories and units of a table's columns.

    A table becomes a matrix of numbers: a category is its place in `categories`, one that is not among them -1, and a
    missing value NaN.

    Parameters
    ----------
    names : tuple of str
    categories : tuple of (tuple or None)
        The categories of each column; None for numbers.
    units : tuple of str
        Empty where there is none.
    whole : tuple of bool
        Whether a column holds whole numbers only.

    Examples
    --------
    >>> columns = Columns.read([[1.5, "gas"], [2.5, "coal"]])
    >>> columns.categories
    (None, ('coal', 'gas'))
    >>> columns.encode([[1.0, "coal"], [float("nan"), "oil"]])
    array([[ 1.,  0.],
           [nan, -1.]])
    """

    names: tuple[str, ...]
    categories: tuple[tuple[Any, ...] | None, ...]
    units: tuple[str, ...]
    whole: tuple[bool, ...]

    @classmethod
    def read(
        cls, X: Any, *, names: Sequence[str] | None = None, units: Mapping[str, str] | None = None, space: Any = None
    ) -> Columns:
        """Find out about the columns of a table; a space, where there is one, knows better than its rows."""
        table = _table(X)
        found = tuple(str(name) for name in (names or table))
        if len(found) != len(table):
            raise ValueError(f"names: one for each of the {len(table)} columns is needed, got {list(found)}.")
        if len(set(found)) < len(found):
            raise ValueError(f"names: all must be different, got {list(found)}. Rename some.")
        if space is not None:
            return cls.of_space(Space.from_bounds(space))
        categories = tuple(_categories(column) for column in table.values())
        given = units or {}
        whole = tuple(column.dtype.kind in "iu" for column in table.values())
        return cls(found, categories, tuple(given.get(name) or "" for name in found), whole)

    @classmethod
    def of_space(cls, space: Space) -> Columns:
        """Return the columns of a space's inputs, in natural units."""
        parameters = space.parameters.values()
        categories = tuple(p.values if isinstance(p, Categorical) else None for p in parameters)
        units = tuple(p.unit or "" for p in parameters)
        return cls(space.names, categories, units, tuple(p.kind == "integer" for p in parameters))

    @classmethod
    def named(cls, names: Sequence[str], units: Mapping[str, str] | None = None) -> Columns:
        """Return columns of numbers."""
        n, given = len(names), units or {}
        return cls(tuple(names), (None,) * n, tuple(given.get(name) or "" for name in names), (False,) * n)

    @property
    def unit_of(self) -> dict[str, str]:
        """Unit by name, where there is one."""
        return {name: unit for name, unit in zip(self.names, self.units, strict=True) if unit}

    @property
    def ordinal(self) -> dict[str, int]:
        """Place by name."""
        return {name: i for i, name in enumerate(self.names)}

    def code(self, name: str, value: Any) -> int:
        """Return the number that stands for a category; -1 for an unknown one."""
        known = self.categories[self.ordinal[name]] or ()
        return known.index(value) if value in known else -1

    def encode(self, X: Any) -> NDArray[np.float64]:
        """Return a table as a matrix of numbers, shape (n, p); DataFrames by name, arrays by position."""
        plain_table = isinstance(X, np.ndarray) and X.dtype.kind in "fiub" and not any(self.categories)
        if plain_table and X.ndim == 2 and X.shape[1] == len(self.names):
            return np.ascontiguousarray(X, dtype=np.float64)
        table = _table(X)
        if hasattr(X, "columns") or isinstance(X, Mapping):
            missing = [name for name in self.names if name not in table]
            if missing:
                raise ValueError(f"X: column {missing[0]!r}, which the rules know, is missing; got {list(table)}.")
            chosen = [table[name] for name in self.names]
        else:
            if len(table) != len(self.names):
                raise ValueError(f"X: expected shape (n, {len(self.names)}), got {len(table)} columns.")
            chosen = list(table.values())
        matrix = np.empty((len(chosen[0]) if chosen else 0, len(chosen)))
        for i, (name, column, known) in enumerate(zip(self.names, chosen, self.categories, strict=True)):
            matrix[:, i] = _numbers(column, name) if known is None else _codes(column, known)
        return matrix

    def decode(self, matrix: NDArray[np.float64], like: Any) -> Any:
        """Return rows of numbers as the kind of table that `like` is: that from which the columns were read."""
        values = [_natural(matrix[:, i], known) for i, known in enumerate(self.categories)]
        if hasattr(like, "columns"):
            import pandas as pd

            frame = {}
            for i, column in enumerate(values):
                whole = self.whole[i] and np.isfinite(matrix[:, i]).all()
                series = pd.Series(column, dtype=column.dtype)
                keep = whole or self.categories[i] is not None
                frame[i] = series.astype(like.iloc[:, i].dtype) if keep else series
            return pd.DataFrame(frame).set_axis(like.columns, axis=1)  # whose names may be no text
        if all(known is None for known in self.categories):
            return matrix.astype(np.asarray(like).dtype, copy=False) if all(self.whole) else matrix
        table = np.empty(matrix.shape, dtype=object)
        for i, column in enumerate(values):
            table[:, i] = column
        return table

    def one_hot(self, matrix: NDArray[np.float64]) -> tuple[NDArray[np.float64], list[tuple[int, int | None]]]:
        """Return numbers as they are and each category as a column of 0 and 1, with the place and code of each."""
        places: list[tuple[int, int | None]] = []
        for i, known in enumerate(self.categories):
            places += [(i, None)] if known is None else [(i, code) for code in range(len(known))]
        if len(places) == len(self.names) and all(code is None for _, code in places):
            return matrix, places
        wide = [matrix[:, i] if code is None else (matrix[:, i] == code).astype(np.float64) for i, code in places]
        return np.column_stack(wide), places

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able description."""
        categories = [None if known is None else list(known) for known in self.categories]
        return {
            "names": list(self.names), "categories": categories, "units": list(self.units), "whole": list(self.whole)
        }  # fmt: skip

    @classmethod
    def from_dict(cls, described: Mapping[str, Any]) -> Columns:
        """Rebuild what `to_dict` described."""
        categories = tuple(
            None if known is None else tuple(plain(value) for value in known) for known in described["categories"]
        )
        names, units = tuple(map(str, described["names"])), tuple(map(str, described["units"]))
        return cls(names, categories, units, tuple(map(bool, described["whole"])))


def _table(X: Any) -> dict[str, NDArray[Any]]:
    """Return the columns of a table by name; those of arrays are x1, x2, ..."""
    if hasattr(X, "columns") or isinstance(X, Mapping):
        return {str(name): _column(X[name]) for name in X}
    array = np.asarray(X)
    if array.dtype.kind in "US" and not isinstance(X, np.ndarray):
        array = np.array(X, dtype=object)  # a list of rows with some text: keep the numbers numbers
    if array.ndim != 2:
        raise ValueError(f"X: expected shape (n, d), a row a point; got {array.shape}. Use X.reshape(1, -1) for one.")
    return {f"x{i + 1}": array[:, i] for i in range(array.shape[1])}


def _column(values: Any) -> NDArray[Any]:
    dtype = getattr(values, "dtype", None)
    if not isinstance(dtype, np.dtype) and getattr(dtype, "kind", "O") in "fiu":  # pandas' numbers that may be missing
        return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))
    return np.asarray(values)


def _is_missing(value: Any) -> bool:
    # pandas' own missing value answers no comparison.
    return value is None or type(value).__name__ == "NAType" or value != value


def _categories(column: NDArray[Any]) -> tuple[Any, ...] | None:
    """Return the categories of a column of text or truth values, None for one of numbers."""
    if column.dtype.kind in "fiu":
        return None
    values = {plain(value) for value in column.tolist() if not _is_missing(value)}
    if values and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return None  # numbers kept as objects
    return tuple(sorted(values, key=lambda value: (isinstance(value, str), value)))


def _numbers(column: NDArray[Any], name: str) -> NDArray[np.float64]:
    try:
        return column.astype(np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"X[{name!r}]: numbers are needed, got {column[0]!r} among others.") from None


def _codes(column: NDArray[Any], known: tuple[Any, ...]) -> NDArray[np.float64]:
    place = {value: float(i) for i, value in enumerate(known)}
    values = (np.nan if _is_missing(value) else place.get(plain(value), -1.0) for value in column.tolist())
    return np.fromiter(values, dtype=np.float64, count=len(column))


def _natural(column: NDArray[np.float64], known: tuple[Any, ...] | None) -> NDArray[Any]:
    if known is None:
        return column
    values = np.empty(len(column), dtype=object)
    values[:] = [None if code != code or code < 0 else known[int(code)] for code in column.tolist()]
    return values
