"""The record of rules: flat tables of tests, of groups of tests and of rules."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from surrogate.models.records.record import Record


@dataclass(frozen=True, eq=False)
class RulesRecord(Record):
    """Rules as comparisons of numbers.

    A test passes where ``low <= X[:, feature] <= high``, turned round where `turned`; a NaN passes where `missing`.
    A group passes when at least `need` of its tests do (1 for a plain condition), a rule when all its groups do.

    Parameters
    ----------
    n_inputs : int
        Number of features.
    feature : ndarray of int32, shape (tests,)
    low, high : ndarray of shape (tests,)
    turned, missing : ndarray of bool, shape (tests,)
    group : ndarray of int32, shape (tests,)
        To which group a test belongs, in order.
    need : ndarray of int32, shape (groups,)
    rule : ndarray of int32, shape (groups,)
        To which rule a group belongs, in order.
    answer : ndarray of shape (rules,)
        A number, or the place of a class.
    weight : ndarray of shape (rules,)
        What a rule's vote counts where rules are not ordered.
    default : float or None
        The answer where no rule holds; None gives NaN there.
    ordered : bool
        Whether the first rule that holds decides. Otherwise all that hold do: classes by the sum of weights, numbers
        by the weighted mean.
    n_classes : int
        0 for numbers.
    """

    kind: ClassVar[str] = "rules"

    n_inputs: int
    feature: NDArray[np.int32]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    turned: NDArray[np.bool_]
    missing: NDArray[np.bool_]
    group: NDArray[np.int32]
    need: NDArray[np.int32]
    rule: NDArray[np.int32]
    answer: NDArray[np.float64]
    weight: NDArray[np.float64]
    default: float | None
    ordered: bool
    n_classes: int

    def __post_init__(self) -> None:
        super().__post_init__()
        tests = {len(a) for a in (self.feature, self.low, self.high, self.turned, self.missing, self.group)}
        if len(tests) != 1 or len(self.need) != len(self.rule) or len(self.answer) != len(self.weight):
            raise ValueError("rules: tests, groups and rules need one entry in each of their arrays.")
        for name, places, limit in (
            ("feature", self.feature, self.n_inputs),
            ("group", self.group, len(self.need)),
            ("rule", self.rule, len(self.answer)),
        ):
            if len(places) and not (places.min() >= 0 and places.max() < limit):
                raise ValueError(f"rules.{name}: numbers from 0 to {limit - 1} are needed.")
        if self.n_classes and len(self.answer) and not (self.answer.min() >= 0 and self.answer.max() < self.n_classes):
            raise ValueError(f"rules.answer: places of the {self.n_classes} classes are needed.")

    @property
    def n_features(self) -> int:
        """Number of columns of `X`."""
        return self.n_inputs

    @property
    def _row_bytes(self) -> int:
        return 8 * self.n_inputs + len(self._distinct[0]) + len(self.answer) + 8 * self.n_classes + 8

    @cached_property
    def _distinct(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """One test of each kind, and which of them every test is: many rules share their tests."""
        columns = (self.feature, self.low, self.high, self.turned, self.missing)
        _, first, same = np.unique(
            np.column_stack([column.astype(np.float64) for column in columns]),
            axis=0, return_index=True, return_inverse=True,
        )  # fmt: skip
        return first, same.ravel()

    @cached_property
    def _groups(self) -> list[list[tuple[int, list[int]]]]:
        """For each rule, what each of its groups needs and the tests in it."""
        tests: list[list[int]] = [[] for _ in self.need]
        for place, group in zip(self._distinct[1].tolist(), self.group.tolist(), strict=True):
            tests[group].append(place)
        rules: list[list[tuple[int, list[int]]]] = [[] for _ in self.answer]
        for group, rule in enumerate(self.rule.tolist()):
            rules[rule].append((int(self.need[group]), tests[group]))
        return rules

    def fires(self, X: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether each rule holds in each row.

        Parameters
        ----------
        X : ndarray of shape (n, n_features)

        Returns
        -------
        ndarray of bool, shape (n, rules)
        """
        passed = self._passed(X)
        out = np.ones((len(self.answer), len(X)), dtype=bool)
        for holds, groups in zip(out, self._groups, strict=True):
            for need, tests in groups:
                if len(tests) == 1:
                    holds &= passed[tests[0]]
                else:
                    holds &= passed[tests].sum(axis=0) >= need
        return out.T

    def _passed(self, X: NDArray[np.float64]) -> NDArray[np.bool_]:
        columns = {feature: X[:, feature].copy() for feature in np.unique(self.feature).tolist()}
        asked = np.unique(self.feature[self.missing]).tolist()
        absent = {feature: rows for feature in asked if (rows := np.isnan(columns[feature])).any()}
        out = np.empty((len(self._distinct[0]), len(X)), dtype=bool)
        for row, test in zip(out, self._distinct[0], strict=True):
            column, low, high = columns[self.feature[test]], self.low[test], self.high[test]
            if low == -np.inf and high < np.inf:
                np.less_equal(column, high, out=row)
            elif high == np.inf and low > -np.inf:
                np.greater_equal(column, low, out=row)
            else:
                np.logical_and(column >= low, column <= high, out=row)
            if self.turned[test]:
                np.logical_not(row, out=row)
            if self.missing[test] and self.feature[test] in absent:
                row |= absent[self.feature[test]]
        return out

    def _predict_block(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        fires = self.fires(X).T
        default = np.nan if self.default is None else self.default
        if self.ordered:
            out = np.full(len(X), default)
            for holds, answer in zip(fires[::-1], self.answer[::-1], strict=True):
                out[holds] = answer
            return out
        anything = fires.any(axis=0)
        if not self.n_classes:
            total = self.weight @ fires
            mean = (self.weight * self.answer) @ fires / np.where(total > 0, total, 1.0)
            return np.where(anything, mean, default)
        votes = np.zeros((self.n_classes, len(X)))
        for holds, answer, weight in zip(fires, self.answer.astype(int), self.weight, strict=True):
            votes[answer] += weight * holds
        return np.where(anything, votes.argmax(axis=0).astype(np.float64), default)
