"""How often each rule is right: support, precision and fidelity on rows that it was not learned from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.rules.rule import Evidence, Rule, Share
from surrogate.space.labels import match_labels
from surrogate.validation.answers import answers_of
from surrogate.validation.shares import exact_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.rules.rule_set import RuleSet


def measure(rules: RuleSet, X: Any, y: Any = None, teacher: Any = None) -> tuple[Rule, ...]:
    """Return the rules with what they do on the rows of `X`; see `RuleSet.measured`."""
    fires = rules.fires(X)
    if rules.ordered:  # a row counts for the rule that decides it
        fires = fires & (np.cumsum(fires, axis=1) == 1)
    truth = None if y is None else _column(match_labels(y, X, "y"), len(fires), "y")
    said = None if teacher is None else _said(teacher, X, len(fires))
    out = []
    for rule, holds in zip(rules.rules, fires.T, strict=True):
        n = int(holds.sum())
        found = Evidence(n, n / max(len(holds), 1))
        if rules.classes is not None:
            found = replace(found, precision=_share(truth, holds, rule), fidelity=_share(said, holds, rule))
        else:
            found = replace(found, rmse=_error(truth, holds, rule), teacher_rmse=_error(said, holds, rule))
        out.append(replace(rule, evidence=found))
    return tuple(out)


def agreement(answers: NDArray[Any], X: Any, teacher: Any) -> Share:
    """Return the share of rows in which answers are the teacher's, with an exact 95 % interval."""
    k, n = int((answers == _said(teacher, X, len(answers))).sum()), len(answers)
    return (k / n if n else 0.0, *exact_interval(k, n))


def _said(teacher: Any, X: Any, n: int) -> NDArray[Any]:
    """Ask the teacher, or read its answers."""
    asks = callable(teacher) or hasattr(teacher, "predict")
    return _column(answers_of(teacher, X) if asks else match_labels(teacher, X, "teacher"), n, "teacher")


def _column(values: Any, n: int, name: str) -> NDArray[Any]:
    array = np.asarray(values)
    if array.shape != (n,):
        raise ValueError(f"{name}: one answer for each of the {n} rows of X is needed, got shape {array.shape}.")
    return array


def _share(answers: NDArray[Any] | None, holds: NDArray[np.bool_], rule: Rule) -> Share | None:
    if answers is None:
        return None
    k, n = int((answers[holds] == rule.answer).sum()), int(holds.sum())
    return (k / n if n else 0.0, *exact_interval(k, n))


def _error(answers: NDArray[Any] | None, holds: NDArray[np.bool_], rule: Rule) -> float | None:
    if answers is None or not holds.any():
        return None
    return float(np.sqrt(np.mean((answers[holds].astype(np.float64) - rule.answer) ** 2)))
