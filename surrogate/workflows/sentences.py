"""A study in sentences: each box with its counts, in natural units."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.workflows.question import FAILED

if TYPE_CHECKING:
    import pandas as pd

    from surrogate.workflows.study import Study


def sentences(study: Study, evidence: Sequence[pd.Series[Any]], relabelled: bool) -> list[str]:
    """Return each box as a sentence; one that says so if there is none.

    Parameters
    ----------
    study : Study
    evidence : sequence of Series
        For each box its row of held-out numbers.
    relabelled : bool
        Whether all runs in a box count, those in the boxes before it as no cases.
    """
    if not study.boxes:
        return [_nothing(study)]
    failures = study.failures()
    return [
        _sentence(study, number, row, relabelled) + _failed_text(failures.iloc[number])
        for number, row in enumerate(evidence)
    ]


def _holds(study: Study) -> str:
    if study.case == FAILED:
        return "the simulator fails"
    return f"{study.case if study.case is not None else 'the case'} holds"


def _nothing(study: Study) -> str:
    best = study.trajectory.iloc[int(study.trajectory["heldout_density_low"].to_numpy().argmax())]
    return (
        f"No box says more about when {_holds(study)} than the base rate of {study.base_rate:.2f}: the "
        f"densest one on held-out runs has a density of {_interval(best, 'density')} there, not surely above it."
    )


def _sentence(study: Study, number: int, row: pd.Series[Any], relabelled: bool) -> str:
    """Count a box in what the boxes before it leave."""
    from surrogate.models.boxes import round_box

    box, before = study.boxes[number], study.boxes[:number]
    left = np.logical_and.reduce([np.ones(len(study.X), bool), *(~other.contains(study.X) for other in before)])
    y = np.where(left, study.y, 0.0) if relabelled else study.y
    inside = box.contains(study.X) if relabelled else left & box.contains(study.X)
    n, k, all_k = int(inside.sum()), float(y[inside].sum()), float(study.y.sum())
    runs = "runs" if relabelled or not number else "runs outside the boxes before"
    outside = " outside the boxes before" if relabelled and number else ""
    return (
        f"In {k:.6g} of the {n} {runs} with {round_box(box, study.X).to_text()} ({100 * k / n:.0f} of 100), "
        f"{_holds(study)}{outside}; this covers {'another ' if number else ''}{100 * k / all_k:.0f} % of all "
        f"{all_k:.6g} cases; on held-out {runs} density {_interval(row, 'density')}, "
        f"coverage {_interval(row, 'coverage')}."
    )


def _failed_text(row: pd.Series[Any]) -> str:
    if not row["failed"]:
        return ""
    slow = f", {int(row['timeout'])} of them by a timeout," if row["timeout"] else ""
    return (
        f" Of the {int(row['runs'])} runs that were made with these limits, {int(row['failed'])}{slow} failed "
        f"({100 * row['share']:.2g} %, elsewhere {100 * row['elsewhere']:.2g} %) and are not counted."
    )


def _interval(row: pd.Series[Any], what: str) -> str:
    value, low, high = (float(row[f"heldout_{what}{end}"]) for end in ("", "_low", "_high"))
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"
