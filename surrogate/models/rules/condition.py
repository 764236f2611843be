"""What a rule asks of a row: a number in an interval, a category among some, or m of n such tests."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from surrogate.space.parameter import plain

Units = Mapping[str, str]


@dataclass(frozen=True)
class Interval:
    """A number between two ends.

    Parameters
    ----------
    name : str
        Of the column.
    low, high : float, default -inf and inf
        An infinite end is open to everything on its side.
    low_closed, high_closed : bool, default False and True
        Whether the end itself belongs to the interval. The defaults are those of a tree, whose test is ``x <= high``
        on one side and ``x > low`` on the other.
    missing : bool, default False
        Whether a row without a number (NaN) passes. With ``low > high`` only such rows do.

    Examples
    --------
    >>> Interval("b", low=0.2).negated()
    Interval(name='b', low=-inf, high=0.2, low_closed=False, high_closed=True, missing=True)
    >>> Interval("b", 0.2, 0.5).to_text({"b": "1/year"})
    '0.2 < b <= 0.5 1/year'
    """

    name: str
    low: float = -math.inf
    high: float = math.inf
    low_closed: bool = False
    high_closed: bool = True
    missing: bool = False

    @property
    def limits(self) -> tuple[float, float]:
        """The same numbers as an interval that holds both its ends: what float64 allows between the ends."""
        low = self.low if self.low_closed or self.low == -math.inf else math.nextafter(self.low, math.inf)
        high = self.high if self.high_closed or self.high == math.inf else math.nextafter(self.high, -math.inf)
        # Beyond infinity there is nothing, which nextafter does not say.
        empty = low > high or self.low == math.inf or self.high == -math.inf
        return (math.inf, -math.inf) if empty else (low, high)

    @property
    def empty(self) -> bool:
        """Whether no number passes."""
        low, high = self.limits
        return low > high

    @property
    def free(self) -> bool:
        """Whether every number passes."""
        return self.limits == (-math.inf, math.inf)

    def negated(self) -> Condition:
        """Return the condition that passes exactly the other rows."""
        below = Interval(self.name, high=self.low, high_closed=not self.low_closed, missing=not self.missing)
        above = Interval(self.name, low=self.high, low_closed=not self.high_closed, missing=not self.missing)
        if self.free or self.empty:
            return Interval(self.name, *self._turned_over(), missing=not self.missing)
        if self.low == -math.inf:
            return above
        return below if self.high == math.inf else AtLeast(1, (below, above))

    def _turned_over(self) -> tuple[float, float]:
        return (math.inf, -math.inf) if self.free else (-math.inf, math.inf)

    def intersected(self, other: Interval) -> Interval:
        """Return the condition that both hold, on the same column."""
        low, low_closed = max((self.low, not self.low_closed), (other.low, not other.low_closed))
        high, high_closed = min((self.high, self.high_closed), (other.high, other.high_closed))
        return Interval(self.name, low, high, not low_closed, high_closed, self.missing and other.missing)

    def united(self, other: Interval) -> Interval | None:
        """Return the condition that either holds, or None if there is a gap between the two."""
        missing = self.missing or other.missing
        if self.empty or other.empty:
            return replace(other if self.empty else self, missing=missing)
        first, second = sorted((self, other), key=lambda interval: interval.limits)
        reach = first.limits[1]
        if second.limits[0] > (reach if reach == math.inf else math.nextafter(reach, math.inf)):
            return None
        last = max((first, second), key=lambda interval: interval.limits[1])
        return Interval(self.name, first.low, last.high, first.low_closed, last.high_closed, missing)

    def to_text(self, units: Units, digits: int = 6, tell_missing: Iterable[str] = ()) -> str:
        """Return the condition in words; numbers with `digits` significant digits."""
        if self.empty:
            return f"{self.name} is missing"
        if self.free:
            return f"{self.name} is known"
        low, high = (f"{end:.{digits}g}" for end in (self.low, self.high))
        unit = f" {units[self.name]}" if units.get(self.name) else ""
        below, above = "<=" if self.high_closed else "<", ">=" if self.low_closed else ">"
        if self.low == -math.inf:
            text = f"{self.name} {below} {high}{unit}"
        elif self.high == math.inf:
            text = f"{self.name} {above} {low}{unit}"
        elif self.limits[0] == self.limits[1]:
            text = f"{self.name} = {low}{unit}"
        else:
            text = f"{low} {'<=' if self.low_closed else '<'} {self.name} {below} {high}{unit}"
        return f"({text} or {self.name} is missing)" if self.missing and self.name in tell_missing else text

    def to_sql(self) -> str:
        """Return the condition in SQL, numbers exact; a missing value is NULL."""
        column = quoted(self.name)
        if self.empty or self.free:
            return f"{column} IS NULL" if self.empty else f"{column} IS NOT NULL"
        ends = (
            (">=" if self.low_closed else ">", self.low),
            ("<=" if self.high_closed else "<", self.high),
        )
        text = " AND ".join(f"{column} {sign} {end!r}" for sign, end in ends if math.isfinite(end))
        return f"({text} OR {column} IS NULL)" if self.missing else text

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able description; an infinite end is null."""
        ends = [end if math.isfinite(end) else None for end in (self.low, self.high)]
        if self.empty:
            return {"column": self.name, "missing": self.missing, "interval": "empty"}
        closed = [self.low_closed, self.high_closed]
        return {"column": self.name, "missing": self.missing, "interval": ends, "closed": closed}


@dataclass(frozen=True)
class Among:
    """A category among some, or among none of them.

    Parameters
    ----------
    name : str
        Of the column.
    values : frozenset
    inside : bool, default True
        False asks for none of the values, as a row with an unknown or a missing category has.

    Examples
    --------
    >>> Among("fuel", frozenset({"coal"})).negated().to_text({})
    'fuel is not coal'
    """

    name: str
    values: frozenset[Any]
    inside: bool = True

    @property
    def empty(self) -> bool:
        """Whether no row passes."""
        return self.inside and not self.values

    @property
    def free(self) -> bool:
        """Whether every row passes."""
        return not self.inside and not self.values

    def negated(self) -> Among:
        """Return the condition that passes exactly the other rows."""
        return replace(self, inside=not self.inside)

    def intersected(self, other: Among) -> Among:
        """Return the condition that both hold, on the same column."""
        if self.inside and other.inside:
            return replace(self, values=self.values & other.values)
        if not self.inside and not other.inside:
            return replace(self, values=self.values | other.values)
        kept, left = (self, other) if self.inside else (other, self)
        return replace(kept, values=kept.values - left.values)

    def united(self, other: Among) -> Among:
        """Return the condition that either holds, on the same column."""
        return self.negated().intersected(other.negated()).negated()

    def to_text(self, units: Units, digits: int = 6, tell_missing: Iterable[str] = ()) -> str:
        """Return the condition in words."""
        joined = (" or " if self.inside else " nor ").join(str(value) for value in _ordered(self.values))
        return f"{self.name} is {'' if self.inside else 'not '}{joined}"

    def to_sql(self) -> str:
        """Return the condition in SQL; a missing value is NULL."""
        column, values = quoted(self.name), ", ".join(sql_value(value) for value in _ordered(self.values))
        return f"{column} IN ({values})" if self.inside else f"({column} NOT IN ({values}) OR {column} IS NULL)"

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able description."""
        return {"column": self.name, "values": _ordered(self.values), "inside": self.inside}


@dataclass(frozen=True)
class AtLeast:
    """At least `m` of some tests pass: the m-of-n test of TREPAN.

    Parameters
    ----------
    m : int
    tests : tuple of Interval or Among
        Categories one a test.

    Examples
    --------
    >>> test = AtLeast(2, (Interval("a", low=1.0), Interval("b", high=0.0), Interval("c", high=3.0)))
    >>> test.to_text({})
    'at least 2 of (a > 1, b <= 0, c <= 3)'
    >>> test.negated().to_text({})
    'at least 2 of (a <= 1, b > 0, c > 3)'
    """

    m: int
    tests: tuple[Interval | Among, ...]

    def negated(self) -> AtLeast:
        """Return the condition that passes exactly the other rows: of n tests, more than n - m fail."""
        tests = [test.negated() for test in self.tests]
        if any(isinstance(test, AtLeast) for test in tests):
            raise ValueError(
                "tests: an interval with two ends has no single test as its opposite. Give one-sided ones."
            )
        return AtLeast(len(self.tests) - self.m + 1, tuple(tests))  # type: ignore[arg-type]

    def to_text(self, units: Units, digits: int = 6, tell_missing: Iterable[str] = ()) -> str:
        """Return the condition in words."""
        texts = [test.to_text(units, digits, tell_missing) for test in self.tests]
        if self.m == 1:
            return f"({' or '.join(texts)})"
        return f"at least {self.m} of ({', '.join(texts)})"

    def to_sql(self) -> str:
        """Return the condition in SQL."""
        counts = " + ".join(f"CASE WHEN {test.to_sql()} THEN 1 ELSE 0 END" for test in self.tests)
        return f"({counts}) >= {self.m}"

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able description."""
        return {"at_least": self.m, "tests": [test.to_dict() for test in self.tests]}


Condition = Interval | Among | AtLeast


def condition_from_dict(described: Mapping[str, Any]) -> Condition:
    """Rebuild what ``to_dict`` of a condition described; nothing is executed."""
    if "at_least" in described:
        tests = tuple(condition_from_dict(test) for test in described["tests"])
        if not all(isinstance(test, Interval | Among) for test in tests):
            raise ValueError("tests: m of n tests cannot hold others like themselves.")
        return AtLeast(int(described["at_least"]), tests)  # type: ignore[arg-type]
    name = str(described["column"])
    if "values" in described:
        return Among(name, frozenset(plain(value) for value in described["values"]), bool(described["inside"]))
    missing = bool(described["missing"])
    if described["interval"] == "empty":
        return Interval(name, math.inf, -math.inf, missing=missing)
    low, high = described["interval"]
    low_closed, high_closed = described["closed"]
    return Interval(
        name,
        -math.inf if low is None else float(low),
        math.inf if high is None else float(high),
        bool(low_closed),
        bool(high_closed),
        missing,
    )


def conjoined(conditions: Iterable[Condition]) -> tuple[Condition, ...] | None:
    """Return the same conditions with one a column, or None if no row passes them all.

    Examples
    --------
    >>> conjoined([Interval("a", low=1.0), Interval("a", high=4.0), Interval("a", low=2.0)])
    (Interval(name='a', low=2.0, high=4.0, low_closed=False, high_closed=True, missing=False),)
    """
    single: dict[str, Interval | Among] = {}
    several: dict[AtLeast, None] = {}
    for condition in _singled(conditions):
        if isinstance(condition, AtLeast):
            several[condition] = None
            continue
        before = single.get(condition.name)
        single[condition.name] = condition if before is None else before.intersected(condition)  # type: ignore[arg-type]
    if any(test.empty and not getattr(test, "missing", False) for test in single.values()):
        return None
    kept = [test for test in single.values() if not (test.free and getattr(test, "missing", True))]
    return (*kept, *several)


def _singled(conditions: Iterable[Condition]) -> Iterable[Condition]:
    """Take apart what asks for all of its tests."""
    for condition in conditions:
        if isinstance(condition, AtLeast) and condition.m == len(condition.tests):
            yield from condition.tests
        else:
            yield condition


def quoted(name: str) -> str:
    """Quote a column's name for SQL."""
    return '"' + name.replace('"', '""') + '"'


def sql_value(value: Any) -> str:
    """Write a value in SQL, numbers exact and text quoted."""
    if isinstance(value, bool):
        return str(value).upper()
    return repr(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"


def _ordered(values: Iterable[Any]) -> list[Any]:
    return sorted(values, key=lambda value: (isinstance(value, str), value))
