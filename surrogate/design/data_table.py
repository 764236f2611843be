"""A table of data as numbers: what data-driven designs are fitted to, and the way back to the user's own columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from surrogate.space import Space

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    name : str or int
    dtype : dtype
        What generated values are given back as.
    values : ndarray or None
        The values of a nominal column, which are coded as 0, 1, ...; None for a column of numbers.
    low, high : float
        Limits of the data; generated numbers stay within.
    """

    name: Any
    dtype: Any
    values: NDArray[Any] | None = None
    low: float = 0.0
    high: float = 0.0

    @property
    def nominal(self) -> bool:
        """Whether values are names and not sizes."""
        return self.values is not None

    @property
    def whole(self) -> bool:
        """Whether the column holds whole numbers by its dtype."""
        return not self.nominal and getattr(self.dtype, "kind", "f") in "iu"

    def decoded(self, codes: Floats) -> Any:
        """Return a generated column as the user's own values, within the limits of the data."""
        if self.values is not None:
            return self.values[codes.astype(np.intp)]
        inside = np.clip(codes, self.low, self.high)
        return np.round(inside) if self.whole else inside


@dataclass(frozen=True)
class DataTable:
    """Rows of data as a matrix of numbers: sizes as they are, nominal values as codes.

    Attributes
    ----------
    columns : tuple of Column
    coded : ndarray of shape (n, m)
        NaN where a number is missing.
    is_frame : bool
        Whether rows are given back as a DataFrame.
    dtype : dtype or None
        Of the array that was given.
    """

    columns: tuple[Column, ...]
    coded: Floats
    is_frame: bool
    dtype: Any = None

    @classmethod
    def read(cls, X: Any, nominal: Iterable[Any] | None = None) -> DataTable:
        """Read a DataFrame or an array.

        Parameters
        ----------
        X : DataFrame or array_like of shape (n, m)
        nominal : names or positions of columns, optional
            Columns of numbers that are names. Text, categories, booleans and numbers that take two values at most are
            nominal without being told; a missing value is a name too.

        Raises
        ------
        ValueError
            For no rows, other shapes, infinite numbers, or names in `nominal` that are not there.
        """
        import pandas as pd

        names: list[Any]
        if isinstance(X, pd.DataFrame):
            names, parts, dtype = list(X.columns), [X.iloc[:, i] for i in range(X.shape[1])], None
        else:
            array = np.asarray(X)
            if array.ndim != 2:
                raise ValueError(f"X: a table of shape (n, m) is needed; got shape {array.shape}.")
            names, parts, dtype = list(range(array.shape[1])), list(array.T), array.dtype
        if not parts or not len(parts[0]):
            raise ValueError(f"X: at least one row and one column are needed; got shape {np.shape(X)}.")
        told = set(nominal or ())
        if told - set(names):
            raise ValueError(f"nominal: {sorted(map(str, told - set(names)))} are not among the columns {names[:20]}.")
        columns, codes = zip(*(_read(n, p, n in told) for n, p in zip(names, parts, strict=True)), strict=True)
        return cls(tuple(columns), np.column_stack(codes), isinstance(X, pd.DataFrame), dtype)

    def __len__(self) -> int:
        return len(self.coded)

    @property
    def nominal(self) -> NDArray[np.bool_]:
        """Which columns are nominal, shape (m,)."""
        return np.array([column.nominal for column in self.columns])

    @property
    def scaled(self) -> Floats:
        """The coded rows with sizes scaled to the unit interval; nominal codes and NaN stay."""
        low, width = self.scale
        return (self.coded - low) / width

    @property
    def scale(self) -> tuple[Floats, Floats]:
        """Low ends and widths of the columns, shape (m,) each: 0 and 1 for nominal ones."""
        low = np.array([0.0 if c.nominal else c.low for c in self.columns])
        width = np.array([1.0 if c.nominal else c.high - c.low for c in self.columns])
        return low, width

    @property
    def points(self) -> Floats:
        """Rows as points whose squared distance is Euclid's on scaled sizes plus the number of different names.

        A missing number is a name of its own.
        """
        parts: list[Floats] = []
        for column, values in zip(self.columns, self.scaled.T, strict=True):
            missing = np.isnan(values)
            if column.values is not None:
                parts.append(np.eye(len(column.values))[values.astype(np.intp)] / np.sqrt(2))
                continue
            parts.append(np.where(missing, 0.5, values)[:, None])
            if missing.any():
                parts.append(missing[:, None].astype(np.float64))
        return np.hstack(parts)

    @property
    def space(self) -> Space:
        """The box of the data as a space: observed limits, whole numbers, codes of names; columns named as text."""
        from surrogate.space import Categorical, Integer, Real, Space

        parameters: dict[str, Any] = {}
        for column in self.columns:
            if column.values is not None:
                parameters[str(column.name)] = Categorical(tuple(range(len(column.values))))
            elif column.whole:
                parameters[str(column.name)] = Integer(int(column.low), int(column.high))
            else:
                parameters[str(column.name)] = Real(column.low, column.high)
        return Space(parameters)

    def codes_of(self, drawn: Any) -> Floats:
        """Return rows of `space` as codes."""
        return np.column_stack([np.asarray(drawn[str(c.name)], dtype=np.float64) for c in self.columns])

    def decode(self, coded: Floats) -> Any:
        """Return coded rows as the user's: a DataFrame with the same columns and dtypes, or an array."""
        parts = [column.decoded(values) for column, values in zip(self.columns, coded.T, strict=True)]
        if self.is_frame:
            import pandas as pd

            series = (pd.Series(part, dtype=c.dtype) for part, c in zip(parts, self.columns, strict=True))
            frame = pd.DataFrame(dict(enumerate(series)))
            frame.columns = pd.Index([column.name for column in self.columns])
            return frame
        rows = np.empty(coded.shape, dtype=self.dtype)
        for i, part in enumerate(parts):
            rows[:, i] = part
        return rows


def _read(name: Any, values: Any, told_nominal: bool) -> tuple[Column, Floats]:
    """Return a column and its codes."""
    import pandas as pd

    dtype = values.dtype
    series = pd.Series(values)
    if not told_nominal and pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype):
        numbers = series.to_numpy(dtype=np.float64, na_value=np.nan)
        if np.isinf(numbers).any():
            raise ValueError(f"X[{name!r}]: infinite numbers cannot be learnt from. Drop those rows.")
        known = numbers[~np.isnan(numbers)]
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
        if ((known != low) & (known != high)).any():
            return Column(name, dtype, None, low, high), numbers
    codes, found = pd.factorize(series, use_na_sentinel=False, sort=False)
    order = sorted(range(len(found)), key=lambda i: str(found[i]))  # so that codes do not depend on the order of rows
    place = np.empty(len(found), dtype=np.intp)
    place[order] = np.arange(len(found))
    kept = np.empty(len(found), dtype=dtype if isinstance(dtype, np.dtype) and dtype.kind in "biuf" else object)
    kept[:] = [found[i] for i in order]
    return Column(name, dtype, kept), place[codes].astype(np.float64)
