"""Say what the evidence of a report does not carry."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.report.accounting import Accounting
from surrogate.report.numbers import count, percent
from surrogate.report.quasi_p import largest

if TYPE_CHECKING:
    from surrogate.report.report import Findings, Report

# Fewer runs of interest than this leave too few on each side of a limit to place it.
FEW_CASES = 30
# A limit that chance explains more often than this is not evidence (the usual 5 %).
WEAK_LIMIT = 0.05
# Below this share of explained variance an emulator misleads more than it saves.
POOR_Q2 = 0.8


def caveats(report: Report) -> list[str]:
    """Return the limits of an analysis, a sentence each, those of this study before those of every study."""
    found: list[str] = []
    if report.runs is not None:
        found += _of_runs(report)
    for output, card in report.scorecards.items():
        if not card.constant and card.q2 < POOR_Q2:
            found.append(
                f"The emulator of {output} explains only {percent(max(card.q2, 0.0))} of the variance of runs that it "
                "did not see. Do not read single predictions from it."
            )
    if report.study is not None:
        found += _of_study(report.study)
    found.append(
        "All statements hold for the ranges and probabilities of the inputs listed under Design, and for the model "
        "as it is. A share of runs is a probability of the future only as far as these are."
    )
    if report.study is not None:
        found.append("A box says where the case is frequent. It does not say that its limits are the cause.")
    return found


def _of_runs(report: Report) -> list[str]:
    runs: Any = report.runs
    account = Accounting.of(runs)
    found = []
    if account.failed:
        found.append(
            f"{count(account.failed)} of {count(account.planned)} runs failed "
            f"({percent(account.failed / account.planned)}) and are left out of every number. "
            "If they fail where the case is frequent, the box is biased."
        )
        inside = _failed_inside(report)
        if inside:
            found.append(f"{count(inside)} of the failed runs lie inside the box.")
    if account.pending:
        found.append(f"{count(account.pending)} planned runs are still to be made: the study is not complete.")
    return found


def _failed_inside(report: Report) -> int:
    runs: Any = report.runs
    if report.study is None or not report.study.boxes:
        return 0
    status = np.array([str(getattr(value, "value", value)) for value in runs.status])
    lost = runs.inputs[(status != "ok") & (status != "pending")]
    return int(np.sum(report.study.boxes[0].contains(lost)))


def _of_study(study: Findings) -> list[str]:
    found = []
    y = np.asarray(study.y, dtype=np.float64)
    cases = float(np.minimum(y.sum(), (1.0 - y).sum()))
    if cases < FEW_CASES:
        found.append(
            f"Only {count(cases)} of {count(len(y))} runs are on the rarer side of the case. "
            "Limits and shares are rough; more runs would sharpen them."
        )
    row = study.trajectory.iloc[study.chosen]
    density, heldout = float(row["density"]), float(row.get("heldout_density", math.nan))
    if math.isfinite(heldout) and density - heldout > 0.1:
        found.append(
            f"On held-out runs the density is {percent(heldout)}, well below the {percent(density)} on the runs that "
            "the box was fitted to. Trust the held-out number."
        )
    if study.boxes and float(row.get("heldout_density_low", math.nan)) <= float(y.mean()):
        found.append("On held-out runs the box is not clearly denser than all runs together: it may be chance.")
    if not math.isfinite(heldout):
        found.append("No run was held out: coverage and density are those of the fitted runs and are too favourable.")
    if study.boxes:
        quasi_p = study.boxes[0].statistics(study.X, y).quasi_p
        weak = [name for name, values in quasi_p.items() if largest(values) > WEAK_LIMIT]
        if weak:
            found.append(f"Chance alone could explain the limit on {', '.join(weak)} (quasi-p above {WEAK_LIMIT}).")
    return found
