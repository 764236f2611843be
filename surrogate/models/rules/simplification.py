"""Fewer and shorter rules that answer the very same in every row, and rounder numbers that do in given rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from surrogate.models.rules.condition import Among, AtLeast, Condition, Interval, conjoined
from surrogate.models.rules.rule import Rule

if TYPE_CHECKING:
    from numpy.typing import NDArray


def merged(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Merge rules of the same answer that differ in one column only, where what they ask touches.

    Every row fulfils one of the new rules exactly if it fulfilled one of the old ones with the same answer, so nothing
    changes where one rule at most holds, or where all rules that hold give the same answer.

    Parameters
    ----------
    rules : iterable of Rule

    Returns
    -------
    tuple of Rule
        In the order of the first rule that went into each.

    Examples
    --------
    >>> rules = Rule((Interval("a", high=1.0),), "yes"), Rule((Interval("a", low=1.0, high=2.0),), "yes")
    >>> [rule.to_text() for rule in merged(rules)]
    ['if a <= 2 then yes']
    """
    kept = [rule for rule in rules if conjoined(rule.conditions) is not None]
    size = None
    while size != len(kept):
        size = len(kept)
        for name in dict.fromkeys(_column(test) for rule in kept for test in rule.conditions):
            if name is not None:
                kept = _merged_along(kept, name)
    return tuple(kept)


def _column(test: Condition) -> str | None:
    """Return the column that a test is about; None for several."""
    return None if isinstance(test, AtLeast) else test.name


def _merged_along(rules: list[Rule], name: str) -> list[Rule]:
    """Merge what differs in the column `name` alone."""
    groups: dict[Any, list[int]] = {}
    for place, rule in enumerate(rules):
        own = [test for test in rule.conditions if _column(test) == name]
        if own:
            others = frozenset(test for test in rule.conditions if test not in own)
            kind = (type(rule.answer).__name__, rule.answer, rule.weight, type(own[0]), others)
            groups.setdefault(kind, []).append(place)
    out: list[Rule | None] = list(rules)
    for places in groups.values():
        if len(places) < 2:
            continue
        for place in places:
            out[place] = None
        for place, test in _unions({place: _own(rules[place], name) for place in places}):
            others_in_order = [t for t in rules[place].conditions if _column(t) != name]
            tests = conjoined([*others_in_order, test])
            assert tests is not None  # noqa: S101 - each part had rows, so has their union
            ordered = sorted(tests, key=lambda t: _first(rules[place].conditions, t))
            out[place] = Rule(tuple(ordered), rules[place].answer, rules[place].weight)
    return [rule for rule in out if rule is not None]


def _own(rule: Rule, name: str) -> Interval | Among:
    return next(t for t in rule.conditions if isinstance(t, Interval | Among) and t.name == name)


def _first(conditions: tuple[Condition, ...], test: Condition) -> int:
    """Return where a test, or the one on the same column, stood."""
    for place, other in enumerate(conditions):
        if other == test or _column(other) == _column(test) is not None:
            return place
    return len(conditions)


def _unions(tests: Mapping[int, Interval | Among]) -> list[tuple[int, Interval | Among]]:
    """Unite what touches; each union stands at the first of its places."""
    done: list[tuple[int, Interval | Among]] = []

    def start(item: tuple[int, Interval | Among]) -> Any:
        # What asks for a missing value touches everything, so it comes first and is met by the next.
        test = item[1]
        return (not test.empty, test.limits) if isinstance(test, Interval) else (True, (0.0, 0.0))

    for place, test in sorted(tests.items(), key=start):
        union = done[-1][1].united(test) if done else None  # type: ignore[arg-type]
        if union is None:
            done.append((place, test))
        else:
            done[-1] = (min(done[-1][0], place), union)
    return done


def rounded(rules: Iterable[Rule], columns: Mapping[str, NDArray[np.float64]]) -> tuple[Rule, ...]:
    """Give the ends of intervals the fewest digits with which no given row changes sides.

    An end that several rules share stays shared, so rules that part the space still do.

    Parameters
    ----------
    rules : iterable of Rule
    columns : mapping of str to ndarray of shape (n,)
        Numbers of the rows that count.

    Returns
    -------
    tuple of Rule
    """
    values = {name: np.unique(column[~np.isnan(column)]) for name, column in columns.items()}
    known: dict[tuple[str, float, bool], float] = {}

    def end(name: str, number: float, below: bool) -> float:
        if not np.isfinite(number) or name not in values:
            return number
        key = (name, number, below)
        if key not in known:
            known[key] = _fewest_digits(values[name], number, below)
        return known[key]

    def short(test: Interval | Among) -> Interval | Among:
        if not isinstance(test, Interval) or test.empty:
            return test
        return replace(
            test, low=end(test.name, test.low, not test.low_closed), high=end(test.name, test.high, test.high_closed)
        )

    def shorter(test: Condition) -> Condition:
        return replace(test, tests=tuple(map(short, test.tests))) if isinstance(test, AtLeast) else short(test)

    return tuple(replace(rule, conditions=tuple(map(shorter, rule.conditions))) for rule in rules)


def _fewest_digits(values: NDArray[np.float64], number: float, below: bool) -> float:
    """Round an end; `below` says whether a value equal to it lies below it."""
    side: Literal["left", "right"] = "right" if below else "left"
    place = np.searchsorted(values, number, side=side)
    for digits in range(1, 17):
        short = float(f"{number:.{digits}g}")
        if np.searchsorted(values, short, side=side) == place:
            return short
    return number
