"""Fewer and shorter rules that answer nearly the same: what little each condition is worth is found in rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.rules.rule import Rule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.rules.rule_set import RuleSet

    Floats = NDArray[np.float64]
    #: For each rule that is left its place among the first ones, and the conditions that are left of it.
    State = dict[int, list[int]]

_MOST_ROWS = 20_000  # to choose from


def shortened(rules: RuleSet, X: Any, fidelity: float, seed: int) -> RuleSet:
    """Return a list of shorter rules; see `RuleSet.shortened`."""
    if not 0.0 < fidelity <= 1.0:
        raise ValueError(f"fidelity: a number above 0 and up to 1 is needed; got {fidelity!r}.")
    if not rules.ordered and not rules.exclusive:
        raise ValueError("ordered: rules that vote cannot be shortened: every condition counts in every vote.")
    listed = rules.with_default() if rules.exclusive and rules.default is None else rules
    listed = replace(listed, ordered=True, exclusive=False)
    rules.predict(X)  # refuses rows in which no rule holds
    matrix = rules.columns.encode(X)
    if len(matrix) < 4:
        raise ValueError(f"X: four rows at least are needed to choose by two and check by two; got {len(matrix)}.")
    order = np.random.default_rng(seed).permutation(len(matrix))
    half = min(len(order) // 2, _MOST_ROWS)
    chosen, checked = matrix[order[:half]], matrix[order[half:]]
    states = _Search.of(listed, rules, chosen).states(1.0 - fidelity)
    check = _Search.of(listed, rules, checked)
    kept = next(state for state in reversed(states) if check.cost(state) <= 1.0 - fidelity + 1e-12)
    left = [
        replace(listed.rules[r], conditions=tuple(listed.rules[r].conditions[c] for c in conditions), evidence=None)
        for r, conditions in kept.items()
    ]
    found = listed.with_rules(left)
    if left and not left[-1].conditions:  # "always" at the end is "otherwise"
        found = replace(found.with_rules(left[:-1]), default=left[-1].answer)
    table = _taken(X, order[half:])
    return found.measured(table, teacher=rules.predict(table))


def _taken(X: Any, rows: NDArray[np.intp]) -> Any:
    """Return rows of a table."""
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    if isinstance(X, Mapping):
        return {name: np.asarray(column)[rows] for name, column in X.items()}
    return np.asarray(X)[rows]


@dataclass
class _Search:
    """Rows in which conditions are tried.

    Attributes
    ----------
    holds : list of ndarray of bool, shape (n, conditions)
        Where each condition of each rule holds.
    costs : ndarray of shape (n, rules + 1)
        What it costs if a rule decides a row, the last is the default: together 1 minus the fidelity.
    """

    holds: list[NDArray[np.bool_]]
    costs: Floats

    @classmethod
    def of(cls, listed: RuleSet, rules: RuleSet, matrix: Floats) -> _Search:
        """Ask the rules about rows."""
        target = rules.record.predict(matrix)
        single = [Rule((test,), rule.answer) for rule in listed.rules for test in rule.conditions]
        fires = listed.with_rules(single).record.fires(matrix) if single else np.zeros((len(matrix), 0), dtype=bool)
        ends = np.cumsum([len(rule.conditions) for rule in listed.rules])[:-1]
        holds = np.split(fires, ends, axis=1) if listed.rules else []
        codes = [*listed.record.answer, np.nan if listed.record.default is None else listed.record.default]
        if listed.classes is not None:
            return cls(holds, np.stack([target != code for code in codes], axis=1) / len(matrix))
        total = max(float(((target - target.mean()) ** 2).sum()), np.finfo(float).tiny)
        return cls(holds, np.nan_to_num(np.stack([(target - code) ** 2 for code in codes], axis=1), nan=total) / total)

    def failing(self, state: State) -> NDArray[np.int64]:
        """Return how many conditions of each rule that is left fail, shape (n, rules left)."""
        failed = [(~self.holds[r][:, c]).sum(axis=1) for r, c in state.items()]
        return np.stack(failed, axis=1) if failed else np.zeros((len(self.costs), 0), dtype=np.int64)

    def decided(self, fires: NDArray[np.bool_], state: State) -> NDArray[np.intp]:
        """Return the place in the list of the first rule that fires in each row; that of the default is its length."""
        return np.where(fires.any(axis=1), fires.argmax(axis=1), len(state)) if state else np.zeros(len(fires), np.intp)

    def cost(self, state: State) -> float:
        """Return what all rows cost."""
        return float(self._paid(self.decided(self.failing(state) == 0, state), state).sum())

    def _paid(self, decided: NDArray[np.intp], state: State) -> Floats:
        columns = np.array([*state, self.costs.shape[1] - 1])
        return np.asarray(self.costs[np.arange(len(self.costs)), columns[decided]])

    def states(self, most: float) -> list[State]:
        """Return what is left after each deletion, as long as that costs at most `most`."""
        state: State = {r: list(range(tests.shape[1])) for r, tests in enumerate(self.holds)}
        found, total = [state], self.cost(state)
        while state:
            more, state = self._deleted(state)
            total += more
            if total > most + 1e-12:
                break
            found.append(state)
        return found

    def _deleted(self, state: State) -> tuple[float, State]:
        """Return the deletion that costs least for each condition that it spares, and what it costs."""
        failing = self.failing(state)
        fires = failing == 0
        decided = self.decided(fires, state)
        paid = self._paid(decided, state)
        second = fires.copy()
        second[np.arange(len(fires))[decided < len(state)], decided[decided < len(state)]] = False
        instead = self._paid(self.decided(second, state), state) - paid
        best: tuple[float, int, State] | None = None
        more = 0.0
        for place, (r, conditions) in enumerate(state.items()):
            tries = [(float(instead[decided == place].sum()), len(conditions) + 1, _without(state, r, None))]
            reached = (failing[:, place] == 1) & (decided > place)
            extra = np.where(reached, self.costs[:, r] - paid, 0.0)
            tries += [(float(extra[~self.holds[r][:, c]].sum()), 1, _without(state, r, c)) for c in conditions]
            for cost, spared, left in tries:
                if best is None or (cost / spared, -spared) < best[:2]:
                    best, more = (cost / spared, -spared, left), cost
        assert best is not None  # noqa: S101 - `state` holds a rule
        return more, best[2]


def _without(state: State, rule: int, condition: int | None) -> State:
    """Return a state without a rule, or without one condition of it."""
    if condition is None:
        return {r: conditions for r, conditions in state.items() if r != rule}
    return {r: [c for c in conditions if (r, c) != (rule, condition)] for r, conditions in state.items()}
