"""Rules as the flat tables of their record."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from surrogate.models.records.rules import RulesRecord
from surrogate.models.rules.columns import Columns
from surrogate.models.rules.condition import Among, AtLeast, Interval
from surrogate.models.rules.rule import Rule

_Member = tuple[int, float, float, bool, bool]


def compiled(
    rules: Sequence[Rule], columns: Columns, classes: Sequence[Any] | None, default: Any, ordered: bool
) -> RulesRecord:
    """Return rules as a record that answers rows of numbers (`Columns.encode`); classes as their places.

    Raises
    ------
    ValueError
        For a test of several categories within an m-of-n test.
    """
    place = columns.ordinal
    tests: list[tuple[int, float, float, bool, bool, int]] = []
    need: list[int] = []
    owner: list[int] = []

    def group(number: int, least: int, members: Iterable[_Member]) -> None:
        tests.extend((*member, len(need)) for member in members)
        need.append(least)
        owner.append(number)

    for number, rule in enumerate(rules):
        for test in rule.conditions:
            if isinstance(test, AtLeast):
                group(number, test.m, [_member(inner, columns, place) for inner in test.tests])
            elif isinstance(test, Interval):
                group(number, 1, [_member(test, columns, place)])
            else:
                single = [replace(test, values=frozenset({value})) for value in test.values]
                members = sorted(_member(inner, columns, place) for inner in single)
                group(number, 1 if test.inside else len(members), members)
    feature, low, high, turned, absent, groups = zip(*tests, strict=True) if tests else ((),) * 6

    def code(answer: Any) -> float:
        return float(answer) if classes is None else float(classes.index(answer))

    return RulesRecord(
        n_inputs=len(place),
        feature=np.array(feature, dtype=np.int32),
        low=np.array(low, dtype=np.float64),
        high=np.array(high, dtype=np.float64),
        turned=np.array(turned, dtype=bool),
        missing=np.array(absent, dtype=bool),
        group=np.array(groups, dtype=np.int32),
        need=np.array(need, dtype=np.int32),
        rule=np.array(owner, dtype=np.int32),
        answer=np.array([code(rule.answer) for rule in rules], dtype=np.float64),
        weight=np.array([rule.weight for rule in rules], dtype=np.float64),
        default=None if default is None else code(default),
        ordered=ordered,
        n_classes=0 if classes is None else len(classes),
    )


def _member(test: Interval | Among, columns: Columns, place: dict[str, int]) -> _Member:
    """Return feature, low, high, turned and missing of a test."""
    if isinstance(test, Interval):
        return place[test.name], *test.limits, False, test.missing
    if len(test.values) != 1:
        raise ValueError(f"tests: one category a test is needed in m of n, got {sorted(map(str, test.values))}.")
    code = columns.code(test.name, next(iter(test.values)))
    # A value that no row can have: the code of unknown categories must not match it.
    number = float(code) if code >= 0 else -2.0
    return place[test.name], number, number, not test.inside, False
