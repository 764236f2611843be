"""One rule: conditions, an answer, and how often it is right."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from surrogate.models.rules.condition import Among, Condition, Interval, Units, condition_from_dict
from surrogate.space import Box
from surrogate.space.parameter import plain

Share = tuple[float, float, float]


@dataclass(frozen=True)
class Evidence:
    """How a rule does on rows that it was not learned from.

    Parameters
    ----------
    rows : int
        Rows that the rule decides: its support.
    share : float
        The same as a share of all rows.
    precision : (share, low, high), optional
        In how many of these rows the rule says what is true, with a 95 % interval.
    fidelity : (share, low, high), optional
        In how many of these rows the rule says what the teacher says, with a 95 % interval.
    rmse, teacher_rmse : float, optional
        Of rules that answer in numbers: root mean squared difference to the truth and to the teacher.
    """

    rows: int
    share: float
    precision: Share | None = None
    fidelity: Share | None = None
    rmse: float | None = None
    teacher_rmse: float | None = None

    def to_text(self) -> str:
        """Return the numbers in words."""
        parts = [f"{self.rows} rows, {100 * self.share:.3g} %"]
        for what, found in (("precision", self.precision), ("fidelity", self.fidelity)):
            if found is not None and self.rows:
                parts.append(f"{what} {found[0]:.3f} [{found[1]:.3f}, {found[2]:.3f}]")
        for what, error in (("rmse", self.rmse), ("rmse to the teacher", self.teacher_rmse)):
            if error is not None:
                parts.append(f"{what} {error:.4g}")
        return "; ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able description of what was measured."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            key: list(value) if isinstance(value, tuple) else value for key, value in found.items() if value is not None
        }

    @classmethod
    def from_dict(cls, described: Mapping[str, Any]) -> Evidence:
        """Rebuild what `to_dict` described."""
        read: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in described.items()
        }
        return cls(**read)


@dataclass(frozen=True)
class Rule:
    """If all conditions hold, then the answer.

    Parameters
    ----------
    conditions : tuple of Interval, Among or AtLeast
        All must hold; none for a rule that always does.
    answer : scalar
        A class or a number.
    weight : float, default 1.0
        What the rule's vote counts in a rule set that is not ordered.
    evidence : Evidence, optional
        How the rule does on rows that it was not learned from.

    Examples
    --------
    >>> Rule((Interval("x1", low=0.5), Interval("x2", high=0.3)), "positive").to_text()
    'if x1 > 0.5 and x2 <= 0.3 then positive'
    """

    conditions: tuple[Condition, ...]
    answer: Any
    weight: float = 1.0
    evidence: Evidence | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "answer", plain(self.answer))

    def to_text(
        self, units: Units | None = None, digits: int = 6, tell_missing: Iterable[str] = (), answer: str | None = None
    ) -> str:
        """Return the rule as a sentence, numbers with `digits` significant digits."""
        told = tuple(tell_missing)
        tests = " and ".join(test.to_text(units or {}, digits, told) for test in self.conditions)
        said = answer_text(self.answer, digits) if answer is None else answer
        return f"if {tests} then {said}" if tests else f"always {said}"

    @classmethod
    def from_box(cls, box: Box, answer: Any, **more: Any) -> Rule:
        """Make a rule of a box: inside it, the answer."""
        tests: list[Condition] = [
            Among(name, limit) if isinstance(limit, frozenset) else Interval(name, *limit, low_closed=True)
            for name, limit in box.limits.items()
        ]
        return cls(tuple(tests), answer, **more)

    def box(self, units: Units | None = None) -> Box:
        """Return the region in which the rule holds.

        Raises
        ------
        ValueError
            If it is no box: m of n tests, "is not" and missing values have none.
        """
        limits: dict[str, Any] = {}
        for test in self.conditions:
            if isinstance(test, Interval) and not test.empty:
                limits[test.name] = test.limits
            elif isinstance(test, Among) and test.inside:
                limits[test.name] = test.values
            else:
                raise ValueError(f"conditions: {test.to_text({})!r} has no form as limits of a box.")
        return Box(limits, units=units)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able description."""
        described: dict[str, Any] = {"if": [test.to_dict() for test in self.conditions], "then": self.answer}
        if self.weight != 1.0:
            described["weight"] = self.weight
        if self.evidence is not None:
            described["evidence"] = self.evidence.to_dict()
        return described

    @classmethod
    def from_dict(cls, described: Mapping[str, Any]) -> Rule:
        """Rebuild what `to_dict` described."""
        tests = tuple(condition_from_dict(test) for test in described["if"])
        found = described.get("evidence")
        evidence = None if found is None else Evidence.from_dict(found)
        return cls(tests, described["then"], float(described.get("weight", 1.0)), evidence)


def answer_text(answer: Any, digits: int) -> str:
    """Write an answer: a number with `digits` significant digits, anything else as it is."""
    return f"{answer:.{digits}g}" if isinstance(answer, float) else str(answer)
