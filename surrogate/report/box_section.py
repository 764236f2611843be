"""Gather what the page shows of the boxes: trade-off, limits, what each limit is worth, stability."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.report import quasi_p
from surrogate.report.answer import case_of, case_words, in_order, limit_words, share_of_interest
from surrogate.report.axis import Axis
from surrogate.report.bars import limit_bar
from surrogate.report.numbers import MINUS, count, number, percent, quantity
from surrogate.report.scatter import pair_scatters
from surrogate.report.tables import text_table
from surrogate.report.tradeoff import colour_levels, tradeoff
from surrogate.space import Box, Categorical

if TYPE_CHECKING:
    from surrogate.report.report import Findings, Report
    from surrogate.space import Parameter

_HELDOUT = ("coverage", "coverage_low", "coverage_high", "density", "density_low", "density_high")


def box_section(report: Report, stability: Any) -> dict[str, Any]:
    """Return what the page shows of a study's boxes; `stability` is the table of its resampled searches."""
    study: Any = report.study
    base_rate = share_of_interest(study)
    trajectory = study.trajectory
    row = trajectory.iloc[study.chosen]
    y = np.asarray(study.y, dtype=np.float64)
    again = reproduced(stability)
    return {
        "case": case_of(study),
        "verb": case_words(study)[1],
        "n": len(study.X),
        "base_rate": base_rate,
        "row": row,
        "heldout": {name: _or_nan(row, f"heldout_{name}") for name in _HELDOUT},
        "tested": bool(np.isfinite(_or_nan(row, "heldout_density"))),
        "chosen": study.chosen,
        "tradeoff": tradeoff(
            trajectory, study.chosen, base_rate, [box.statistics(study.X, y) for box in study.boxes[1:]]
        ),
        "levels": colour_levels(trajectory),
        "trajectory": [_trajectory_row(entry) for _, entry in trajectory.iterrows()],
        # A place for a box is kept even where none was found: the page's script shows others of the trajectory in it.
        "boxes": [_box(i, box, report, y, again) for i, box in enumerate(study.boxes or [Box({})])],
        "found": bool(study.boxes),
        "reproduced": again,
        "rules": _sentences(study.rules()),
        "stability": _stability(stability),
        "consistency": getattr(stability, "attrs", {}).get("consistency"),
        "learning_curve": _learning_curve(report.learning_curve),
    }


def reproduced(stability: Any) -> dict[str, float]:
    """Return in what share of the resampled runs each input is limited again."""
    if stability is None or "reproduced_coverage" not in getattr(stability, "columns", ()):
        return {}
    return {str(name): float(share) for name, share in stability["reproduced_coverage"].items()}


def _stability(table: Any) -> dict[str, Any] | None:
    """Return the table of the resampled searches in words."""
    if not reproduced(table):
        return text_table(table)
    rows = []
    for name, row in table.iterrows():
        shares = [percent(row[f"reproduced_{what}"]) for what in ("coverage", "density")]
        limits = [_middle(row, end) for end in ("low", "high")]
        rows.append([str(name), "yes" if row.get("limited", False) else "no", *shares, *limits])
    columns = ["input", "limited in the box", "again, same coverage", "again, same density", "low limit", "high limit"]
    return {"columns": columns, "rows": rows}


def _middle(row: Any, end: str) -> str:
    """Return the median of a limit with its central 90 %; nothing where it was never found."""
    middle, low, high = (_or_nan(row, f"{end}{part}") for part in ("", "_5", "_95"))
    return "" if math.isnan(middle) else f"{number(middle)} [{number(low)}, {number(high)}]"


def _or_nan(row: Any, name: str) -> float:
    return float(row.get(name, math.nan))


def _trajectory_row(row: Any) -> dict[str, Any]:
    names = ("coverage", "density", "mass", "n_restricted")
    return {
        **{name: _or_nan(row, name) for name in names},
        **{f"heldout_{n}": _or_nan(row, f"heldout_{n}") for n in _HELDOUT},
    }


def _box(i: int, box: Box, report: Report, y: Any, again: Mapping[str, float]) -> dict[str, Any]:
    study: Any = report.study
    statistics = box.statistics(study.X, y)
    limits = []
    for j, (name, limit) in enumerate(box.limits.items()):
        shown = _limit(f"box-{i}-limit-{j}", name, limit, study.space.parameters[name], study, y)
        p = statistics.quasi_p.get(name)
        shown["quasi_p"] = quasi_p.words(p) if p is not None else ""
        shown["weak"] = p is not None and quasi_p.largest(p) > 0.05
        shown["again"] = percent(again[name]) if name in again and i == 0 else ""
        limits.append(shown)
    return {
        "number": i + 1,
        "statistics": statistics,
        "limits": limits,
        "pairs": pair_scatters(box, study, f"box-{i}-pair"),
        "drops": _drops(box, study, y),
        "heldout_drops": _heldout_drops(report.drop_costs) if i == 0 else None,
    }


def _limit(id_: str, name: str, limit: Any, parameter: Parameter, study: Findings, y: Any) -> dict[str, Any]:
    values = study.X[name]
    shown: dict[str, Any] = {
        "name": name,
        "words": limit_words(limit, parameter, values),
        "range": input_range(parameter),
        "bar": None,
        "categories": [],
    }
    if isinstance(parameter, Categorical):
        allowed = set(in_order(limit, parameter))
        shown["categories"] = [(str(category), category in allowed) for category in parameter.values]
    else:
        shown["bar"] = limit_bar(name, limit, parameter, values, y, id_)
    return shown


def input_range(parameter: Parameter) -> str:
    """Return the range of an input in words."""
    if isinstance(parameter, Categorical):
        return ", ".join(str(category) for category in parameter.values)
    axis = Axis.of(parameter)
    return f"{number(axis.low, 4)} to {quantity(axis.high, parameter.unit, 4)}"


def _drops(box: Box, study: Findings, y: Any) -> list[dict[str, str]]:
    """Return the box without each of its limits, on the runs that it was found in."""
    inside = {name: np.asarray(Box({name: limit}).contains(study.X), dtype=bool) for name, limit in box.limits.items()}
    whole = np.logical_and.reduce(list(inside.values()), axis=0) if inside else np.ones(len(y), dtype=bool)
    before = _coverage_density(whole, y)
    rows = []
    for name in inside:
        others = [rows for other, rows in inside.items() if other != name]
        rest = np.logical_and.reduce(others, axis=0) if others else np.ones(len(y), dtype=bool)
        after = _coverage_density(rest, y)
        changes = [
            f"{MINUS if now < was else '+'}{abs(100 * (now - was)):.1f}" for now, was in zip(after, before, strict=True)
        ]
        rows.append(
            {
                "name": name,
                "n": count(int(rest.sum())),
                "coverage": percent(after[0]),
                "coverage_change": changes[0],
                "density": percent(after[1]),
                "density_change": changes[1],
            }
        )
    return rows


def _coverage_density(rows: Any, y: Any) -> tuple[float, float]:
    k, all_k = float(y[rows].sum()), float(y.sum())
    return (k / all_k if all_k else math.nan), (k / float(rows.sum()) if rows.any() else math.nan)


def _heldout_drops(table: Any) -> dict[str, str] | None:
    """Return by how many points the density of the chosen box falls on held-out runs without each limit."""
    if table is None or "heldout_density_loss" not in table.columns:
        return None
    losses = {str(name): float(loss) for name, loss in table["heldout_density_loss"].items() if name != ""}
    return {name: f"{MINUS if loss > 0 else '+'}{abs(100 * loss):.1f}" for name, loss in losses.items()}


def _learning_curve(table: Any) -> dict[str, Any] | None:
    """Return whether more runs would change the box, in words."""
    if table is None:
        return None
    measured, further = table[~table["extrapolated"]], table[table["extrapolated"]]
    if not len(measured) or len(further) < 2:
        return None
    now, twice = (float(value) for value in further["overlap"].iloc[:2])
    verdict = (
        "More runs would change the box little."
        if twice - now < 0.05 and now > 0.7
        else "More runs would place its limits better."
    )
    rows = [(count(int(row.runs)), percent(row.overlap), "measured") for row in measured.itertuples()]
    rows += [(count(int(row.runs)), percent(row.overlap), "expected") for row in further.itertuples()]
    return {"verdict": verdict, "rows": rows}


def _sentences(rules: Any) -> list[str]:
    if isinstance(rules, str):
        return [line for line in rules.splitlines() if line.strip()]
    return [str(rule) for rule in rules]
