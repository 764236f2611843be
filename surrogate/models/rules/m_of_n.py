"""The test that tells classes apart best: of one column, or m of n such tests, by beam search."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from surrogate.models.rules.columns import Columns
from surrogate.models.rules.literal import Group, Literal

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Most literals in one test: more cannot be read, and noise would add them.
_MOST = 8


def literals_of(X: NDArray[np.float64], classes: NDArray[np.bool_], columns: Columns, each: int) -> list[Literal]:
    """Return the `each` best thresholds of every column of numbers, and all categories of the others, best first.

    Parameters
    ----------
    X : ndarray of shape (n, p)
    classes : ndarray of bool, shape (n, classes)
        One True a row.
    columns : Columns
    each : int
    """
    found: list[tuple[float, Literal]] = []
    for column, known in enumerate(columns.categories):
        values = X[:, column]
        if known is not None:
            tests = [Literal(column, float(code), True, False) for code in range(len(known))]
            for test in tests:
                holds = test.holds(X)
                if 0 < holds.sum() < len(X):
                    found.append((float(gains(holds[None], classes)[0]), test))
            continue
        order = np.argsort(values, kind="stable")
        order = order[: len(order) - int(np.isnan(values).sum())]
        ends = np.flatnonzero(np.diff(values[order]) > 0)
        if not ends.size:
            continue
        below = np.cumsum(classes[order], axis=0)[ends].astype(np.float64)
        gain = _gain(below, classes.sum(axis=0) - below)
        for place in np.argsort(-gain, kind="stable")[:each]:
            low, high = values[order[ends[place]]], values[order[ends[place] + 1]]
            middle = low + (high - low) / 2
            found.append((float(gain[place]), Literal(column, float(middle if middle < high else low), False, False)))
    return [literal for _, literal in sorted(found, key=lambda pair: -pair[0])]


def best_group(
    X: NDArray[np.float64], classes: NDArray[np.bool_], literals: list[Literal], taken: set[int], beam: int
) -> Group:
    """Search the m-of-n test with the largest information gain.

    From the best single literal the search goes on by adding one literal, with m as it is or one higher, and keeps the
    `beam` best. A longer test is taken only if its gain is larger by more than chance gives it in one of twenty cases
    (the gain is a likelihood ratio, whose distribution is that of chi squared).

    Parameters
    ----------
    X : ndarray of shape (n, p)
    classes : ndarray of bool, shape (n, classes)
    literals : list of Literal
        Candidates, the best single one first.
    taken : set of int
        Columns that may be no part of a test of several.
    beam : int
        0 gives the best single literal.
    """
    from scipy.special import chdtri

    single = Group(1, (literals[0],))
    if beam == 0:
        return single
    both = [form for literal in literals for form in (literal, literal.negated()) if literal.column not in taken]
    holds = np.array([literal.holds(X) for literal in both]).reshape(len(both), len(X))
    column = np.array([literal.column for literal in both])
    least = chdtri(max(classes.shape[1] - 1, 1), 0.05) / (2 * len(X) * np.log(2))
    start = gains(literals[0].holds(X)[None], classes)[0]
    best = (float(start), single)
    if literals[0].column in taken:
        return single
    states = [(float(start), Group(1, (form,))) for form in (literals[0], literals[0].negated())]
    while states:
        longer: dict[Group, float] = {}
        for gain, group in states:
            if len(group.literals) == _MOST:
                continue
            counts = np.sum([literal.holds(X) for literal in group.literals], axis=0) + holds
            fresh = ~np.isin(column, [literal.column for literal in group.literals])
            for m in (group.m, group.m + 1):
                gained = np.where(fresh, gains(counts >= m, classes), -1.0)
                for place in np.argsort(-gained, kind="stable")[:beam]:
                    if gained[place] > gain + least:
                        longer[Group(m, (*group.literals, both[place]))] = float(gained[place])
        ranked = sorted(((gain, group) for group, gain in longer.items()), key=lambda pair: -pair[0])
        states = ranked[:beam]
        if states and states[0][0] > best[0]:
            best = states[0]
    return best[1]


def gains(holds: NDArray[np.bool_], classes: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return the information gain in bits of each test; `holds` has a row a test."""
    passed = holds.astype(np.float64) @ classes.astype(np.float64)
    return _gain(passed, classes.sum(axis=0) - passed)


def _gain(passed: NDArray[np.float64], failed: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return information gains from the counts of classes on both sides, shape (tests, classes)."""
    total = passed + failed
    n = total.sum(axis=1)
    return np.asarray((_bits(total) - _bits(passed) - _bits(failed)) / n)


def _bits(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the entropy of counts times their sum."""
    n = counts.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(counts > 0, counts * np.log2(counts / np.where(n > 0, n, 1.0)), 0.0)
    return np.asarray(-terms.sum(axis=1))
