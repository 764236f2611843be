"""Tests of single columns of a matrix of numbers, and groups of them: what TREPAN's nodes ask."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from surrogate.models.rules.columns import Columns
from surrogate.models.rules.condition import Among, AtLeast, Condition, Interval

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Literal(NamedTuple):
    """A test of one column.

    Parameters
    ----------
    column : int
    value : float
        A threshold, or the number of a category.
    category : bool
        Whether the test is "is this category" or "is at most this number".
    turned : bool
        Whether the outcome is turned round; a missing value then passes.
    """

    column: int
    value: float
    category: bool
    turned: bool

    def holds(self, X: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether each row passes."""
        values = X[:, self.column]
        passed = values == self.value if self.category else values <= self.value
        return np.asarray(~passed if self.turned else passed)

    def negated(self) -> Literal:
        """Return the opposite test."""
        return self._replace(turned=not self.turned)

    def condition(self, columns: Columns) -> Interval | Among:
        """Return the same as a condition in words."""
        name = columns.names[self.column]
        if self.category:
            known = columns.categories[self.column] or ()
            return Among(name, frozenset({known[int(self.value)]}), inside=not self.turned)
        if self.turned:
            return Interval(name, low=self.value, missing=True)
        return Interval(name, high=self.value)


class Group(NamedTuple):
    """At least `m` of some literals."""

    m: int
    literals: tuple[Literal, ...]

    def holds(self, X: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether each row passes."""
        return np.asarray(np.sum([literal.holds(X) for literal in self.literals], axis=0) >= self.m)

    def negated(self) -> Group:
        """Return the opposite test: more than n - m literals fail."""
        return Group(len(self.literals) - self.m + 1, tuple(literal.negated() for literal in self.literals))

    def condition(self, columns: Columns) -> Condition:
        """Return the same as a condition in words."""
        tests = tuple(literal.condition(columns) for literal in sorted(self.literals))
        return tests[0] if len(tests) == 1 else AtLeast(self.m, tests)
