"""Gather what the page shows of each emulated output."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from surrogate.report import emulator_figures
from surrogate.report.numbers import interval
from surrogate.report.tables import text_table

if TYPE_CHECKING:
    from surrogate.report.report import Report


def emulator_section(i: int, output: str, report: Report) -> dict[str, Any]:
    """Return scorecard, figures and tables of the emulator of one output; `i` makes ids unique."""
    card = report.scorecards[output]
    figures = []
    if output in report.predictions:
        observed, predicted = report.predictions[output]
        figures = [
            (
                emulator_figures.parity(output, observed, predicted, f"parity-{i}"),
                "Predicted by an emulator that did not see the run, over what the simulator answered.",
            ),
            (
                emulator_figures.residuals(output, observed, predicted, f"residuals-{i}"),
                "The errors of these predictions. A pattern is something that was not learned.",
            ),
        ]
    compared = emulator_figures.candidates(card.candidate_rows, f"candidates-{i}")
    if compared is not None:
        figures.append(
            (compared, "Every candidate; the filled one was chosen. Lower is more accurate, further left faster.")
        )
    if output in report.convergence:
        drawn = emulator_figures.convergence(report.convergence[output], f"convergence-{i}")
        if drawn is not None:
            figures.append((drawn, "How the emulator became better with the number of runs."))
    return {
        "output": output,
        "card": card,
        "figures": figures,
        "candidates": text_table(card.candidates),
        "sensitivity": _sensitivity(i, report.sensitivities.get(output)),
    }


def _sensitivity(i: int, table: Any) -> list[dict[str, Any]]:
    """Return the inputs with their effects, the largest total effect first."""
    if table is None or not {"first", "total"} <= set(table.columns):
        return []
    rows = []
    for j, (name, row) in enumerate(table.sort_values("total", ascending=False, kind="stable").iterrows()):
        first, total = (
            [float(row.get(f"{effect}{end}", row[effect])) for end in ("", "_low", "_high")]
            for effect in ("first", "total")
        )
        rows.append(
            {
                "name": str(name),
                "bar": emulator_figures.sensitivity_bar(first, total, f"sensitivity-{i}-{j}", str(name)),
                "first": _share(first),
                "total": _share(total),
            }
        )
    return rows


def _share(effect: list[float]) -> str:
    value, low, high = (min(max(end, 0.0), 1.0) for end in effect)
    return f"{100 * value:.0f} {interval(low, high)}"
