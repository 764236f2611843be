"""A region of the space: limits on some of its parameters."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.space.box_statistics import BoxStatistics, box_statistics
from surrogate.space.labels import match_labels
from surrogate.space.parameter import plain

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

Interval = tuple[float, float]
Limit = Interval | frozenset[Any]


class Box:
    """Limits on some parameters; the others are free.

    Parameters
    ----------
    limits : mapping
        ``name -> (low, high)`` for numbers, inclusive, with ``-inf`` or ``inf`` (or None) for an open side;
        ``name -> set of values`` for categories. Limits that are open on both sides are left out.
    names : sequence of str, optional
        All columns in order, needed only to match arrays by position.
    units : mapping, optional
        ``name -> unit``, printed in texts.

    Raises
    ------
    ValueError
        If a limit is not a pair of numbers or a set, is NaN, or has its low end above its high end.

    Examples
    --------
    >>> box = Box({"b": (-float("inf"), 0.2), "fuel": {"coal"}}, units={"b": "1/year"})
    >>> box.to_text()
    'b <= 0.2 1/year and fuel is coal'
    >>> box.contains({"b": [0.1, 0.3], "fuel": ["coal", "coal"]})
    array([ True, False])
    """

    def __init__(
        self, limits: Mapping[str, Any], *, names: Iterable[str] | None = None, units: Mapping[str, str] | None = None
    ) -> None:
        read = {str(name): _read_limit(str(name), limit) for name, limit in limits.items()}
        self.limits: dict[str, Limit] = {name: limit for name, limit in read.items() if limit != (-math.inf, math.inf)}
        self.names: tuple[str, ...] | None = None if names is None else tuple(names)
        self.units: dict[str, str] = {k: v for k, v in (units or {}).items() if v}
        for name in self.limits:
            if self.names is not None and name not in self.names:
                near = difflib.get_close_matches(name, self.names, n=1)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                raise ValueError(f"limits: {name!r} is not among the names {list(self.names)}.{hint}")

    def __repr__(self) -> str:
        return f"Box({{{', '.join(f'{name!r}: {_limit_repr(limit)}' for name, limit in self.limits.items())}}})"

    def _repr_html_(self) -> str:
        from html import escape

        return f"<p>{escape(self.to_text())}</p>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Box) and self.limits == other.limits

    def __hash__(self) -> int:
        return hash(frozenset(self.limits.items()))

    # Membership

    def contains(self, X: Any) -> NDArray[np.bool_]:
        """Whether each row lies in the box.

        Parameters
        ----------
        X : DataFrame, mapping of columns, or array of shape (n, d)
            Arrays are matched by position, which needs the box to have `names`.

        Returns
        -------
        ndarray of bool, shape (n,)
            A missing value lies in no limit.
        """
        columns, n = self._columns(X)
        inside = np.ones(n, dtype=bool)
        for name, limit in self.limits.items():
            inside &= _within(columns[name], limit)
        return inside

    def statistics(self, X: Any, y: Any, weights: Any = None) -> BoxStatistics:
        """Count the cases of interest inside the box.

        Parameters
        ----------
        X : DataFrame, mapping of columns, or array of shape (n, d)
        y : array-like of shape (n,)
            True (1) for a case of interest; a probability counts as a part of a case. A Series is matched with a
            DataFrame by its labels.
        weights : array-like of shape (n,), optional
            Importance of each row in coverage, density and mass. Counts and quasi-p-values are unweighted.

        Returns
        -------
        BoxStatistics
            With n, k, coverage, density, mass, lift, n_restricted and quasi_p.
        """
        columns, n = self._columns(X)
        inside = {name: _within(columns[name], limit) for name, limit in self.limits.items()}
        without: dict[str, Any] = {}
        for name, limit in self.limits.items():
            others = np.logical_and.reduce([rows for key, rows in inside.items() if key != name] or [np.ones(n, bool)])
            if isinstance(limit, frozenset):
                without[name] = others
            else:
                low, high = limit
                without[name] = (
                    None if low == -math.inf else others & _within(columns[name], (-math.inf, high)),
                    None if high == math.inf else others & _within(columns[name], (low, math.inf)),
                )
        return box_statistics(self.contains(X), match_labels(y, X, "y"), match_labels(weights, X, "weights"), without)

    def _columns(self, X: Any) -> tuple[dict[str, NDArray[Any]], int]:
        if hasattr(X, "columns") or isinstance(X, Mapping):
            # Columns that are numbers have their numbers as names here.
            called = {str(name): name for name in X}
            missing = [name for name in self.limits if name not in called]
            if missing:
                raise ValueError(f"X: column {missing[0]!r}, which the box limits, is missing; got {list(X)}.")
            n = len(X) if hasattr(X, "columns") else len(next(iter(X.values()), ()))
            return {name: np.asarray(X[called[name]]) for name in self.limits}, n
        array = np.asarray(X)
        if self.names is None:
            raise ValueError(
                "X: an array is matched by position, but this box does not know the order of columns. "
                "Give a DataFrame, or make the box with names=[...]."
            )
        if array.ndim != 2 or array.shape[1] != len(self.names):
            raise ValueError(f"X: expected shape (n, {len(self.names)}), got {array.shape}.")
        return {name: array[:, self.names.index(name)] for name in self.limits}, len(array)

    # Other forms

    def to_text(self, digits: int = 6) -> str:
        """Return the box as a condition in words, numbers with `digits` significant digits."""
        if not self.limits:
            return "no limit (the whole space)"
        return " and ".join(_limit_text(n, lim, self.units.get(n, ""), digits) for n, lim in self.limits.items())

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able description; an open side is null."""
        limits = {
            name: {"values": _ordered(limit)} if isinstance(limit, frozenset) else [_finite(v) for v in limit]
            for name, limit in self.limits.items()
        }
        return {"limits": limits, "names": None if self.names is None else list(self.names), "units": self.units}

    @classmethod
    def from_dict(cls, described: Mapping[str, Any]) -> Box:
        """Rebuild what `to_dict` described."""
        limits = {
            name: frozenset(limit["values"]) if isinstance(limit, Mapping) else limit
            for name, limit in described["limits"].items()
        }
        return cls(limits, names=described.get("names"), units=described.get("units"))

    def to_json(self) -> str:
        """Return the box as JSON text, exact to the last bit; `from_json` reads it."""
        return json.dumps(self.to_dict(), allow_nan=False)

    @classmethod
    def from_json(cls, text: str) -> Box:
        """Read a box written by `to_json`."""
        return cls.from_dict(json.loads(text))

    def to_dataframe(self) -> pd.DataFrame:
        """Return a table with a row a limited parameter: low, high, values, unit."""
        import pandas as pd

        rows = [
            (-math.inf, math.inf, _ordered(limit)) if isinstance(limit, frozenset) else (*limit, None)
            for limit in self.limits.values()
        ]
        table = pd.DataFrame(rows, columns=["low", "high", "values"], index=pd.Index(self.limits, name="parameter"))
        table["unit"] = [self.units.get(name, "") for name in self.limits]
        return table

    def to_sql(self) -> str:
        """Return the box as a SQL condition, names and text quoted and numbers exact."""
        return " AND ".join(part for name, limit in self.limits.items() for part in _limit_sql(name, limit)) or "1 = 1"


def _read_limit(name: str, limit: Any) -> Limit:
    if isinstance(limit, (set, frozenset)):
        if not limit:
            raise ValueError(f"limits[{name!r}]: an empty set holds nothing. Give at least one value.")
        return frozenset(plain(value) for value in limit)
    if not isinstance(limit, (tuple, list, np.ndarray)) or len(limit) != 2:
        raise ValueError(f"limits[{name!r}]: expected (low, high) or a set of values, got {limit!r}.")
    low = -math.inf if limit[0] is None else limit[0]
    high = math.inf if limit[1] is None else limit[1]
    try:
        pair = (float(low), float(high))
    except (TypeError, ValueError):
        raise ValueError(f"limits[{name!r}]: expected numbers, got {limit!r}. For categories give a set.") from None
    if not pair[0] <= pair[1]:
        raise ValueError(f"limits[{name!r}]: low must not be above high, got {pair}. Swap them.")
    if pair[0] == math.inf or pair[1] == -math.inf:
        raise ValueError(f"limits[{name!r}]: {pair} holds no number. An open side is -inf below and inf above.")
    return pair


def _within(column: NDArray[Any], limit: Limit) -> NDArray[np.bool_]:
    if isinstance(limit, frozenset):
        return np.fromiter((plain(value) in limit for value in column), dtype=bool, count=len(column))
    values = column.astype(np.float64)
    return np.asarray((values >= limit[0]) & (values <= limit[1]))


def _ordered(values: frozenset[Any]) -> list[Any]:
    return sorted(values, key=lambda value: (isinstance(value, str), value))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _limit_repr(limit: Limit) -> str:
    return "{" + ", ".join(map(repr, _ordered(limit))) + "}" if isinstance(limit, frozenset) else repr(limit)


def _limit_text(name: str, limit: Limit, unit: str, digits: int) -> str:
    if isinstance(limit, frozenset):
        return f"{name} is {' or '.join(str(value) for value in _ordered(limit))}"
    low, high = (f"{value:.{digits}g}" for value in limit)
    unit = f" {unit}" if unit else ""
    if limit[0] == limit[1]:
        return f"{name} = {low}{unit}"
    if limit[0] == -math.inf:
        return f"{name} <= {high}{unit}"
    if limit[1] == math.inf:
        return f"{name} >= {low}{unit}"
    return f"{low} <= {name} <= {high}{unit}"


def _limit_sql(name: str, limit: Limit) -> list[str]:
    column = '"' + name.replace('"', '""') + '"'
    if isinstance(limit, frozenset):
        return [f"{column} IN ({', '.join(_sql_value(value) for value in _ordered(limit))})"]
    low, high = limit
    return [f"{column} {sign} {value!r}" for sign, value in ((">=", low), ("<=", high)) if math.isfinite(value)]


def _sql_value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    return repr(value) if isinstance(value, (int, float)) else "'" + str(value).replace("'", "''") + "'"
