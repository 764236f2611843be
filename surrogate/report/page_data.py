"""Gather what the page's own script reads: inputs, outputs, cases and boxes, bit for bit and small."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from surrogate.report.answer import case_words, limit_words, share_of_interest
from surrogate.report.axis import Axis
from surrogate.report.case import read_comparison
from surrogate.report.numbers import has_unit, number, quantity
from surrogate.report.tradeoff import chart_frame
from surrogate.space import Box, Categorical

if TYPE_CHECKING:
    import pandas as pd

    from surrogate.report.report import Findings, Report
    from surrogate.space import Parameter

# Characters of numbers in a page: 5,000 runs of 20 inputs take 1.1 million. Above it, what no box needs is left out.
MOST_CHARACTERS = 1_400_000
_HELDOUT = ("", "_low", "_high")


def page_data(report: Report, reproduced: Mapping[str, float]) -> dict[str, Any]:
    """Return what the page's script reads, JSON-able; equal reports give equal data.

    Parameters
    ----------
    report : Report
    reproduced : mapping
        In what share of resampled runs each input is limited again.
    """
    study = report.study
    if study is None and report.runs is None:
        return {"rows": 0, "inputs": [], "outputs": [], "boxes": []}
    X = study.X if study is not None else report.runs.X  # type: ignore[union-attr]
    space = study.space if study is not None else report.runs.space  # type: ignore[union-attr]
    boxes = [*study.search.boxes_, *study.boxes[1:]] if study is not None else []
    limited = {name for box in boxes for name in box.limits}
    lost = study.lost if study is not None else report.runs.failures  # type: ignore[union-attr]
    outputs = _outputs(report, len(X))
    kept, rows = _what_fits([str(name) for name in X if name in space.parameters], limited, X, len(outputs), len(lost))
    lost = lost if len(rows) == len(X) else lost.iloc[:0]
    inputs = [_input(name, parameter, X, rows, name in kept) for name, parameter in space.parameters.items()]
    described: dict[str, Any] = {
        "n": len(X),
        "rows": len(rows),
        "complete": len(rows) == len(X),
        "inputs": inputs,
        "outputs": [{"name": name, "column": _packed(values[rows], "f8")} for name, values in outputs.items()],
        "lost": {
            "status": [str(getattr(status, "value", status)) for status in lost["status"]] if len(lost) else [],
            "columns": {name: _column(lost[name], space.parameters[name]) for name in kept} if len(lost) else {},
        },
        "boxes": [],
    }
    if study is not None:
        described |= _of_study(study, boxes, list(outputs), list(space.parameters), rows)
        described["reproduced"] = dict(reproduced)
        if "policy" not in kept:
            described["policy"] = None
    return described


def sealed_json(content: Mapping[str, Any]) -> Markup:
    r"""Return JSON that cannot end the script element that it stands in.

    Examples
    --------
    >>> sealed_json({"name": "</script>"})
    Markup('{"name":"\\u003c/script\\u003e"}')
    """
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - every character that HTML knows was replaced


def _what_fits(
    names: Sequence[str], limited: set[str], X: pd.DataFrame, n_outputs: int, n_lost: int
) -> tuple[list[str], NDArray[np.int64]]:
    """Return the inputs and the runs that go into the page: all, else those in boxes, else some runs, evenly spread."""
    a_value = 8 * 4 / 3
    rows = np.arange(len(X))
    for kept in (list(names), [name for name in names if name in limited] or list(names)[:2]):
        if (len(X) * (len(kept) + n_outputs + 1) + n_lost * len(kept)) * a_value <= MOST_CHARACTERS:
            return kept, rows
    most = max(1, int(MOST_CHARACTERS / a_value / (len(kept) + n_outputs + 1)))
    return kept, np.unique(np.linspace(0, max(len(X) - 1, 0), min(most, len(X))).round().astype(np.int64))


def _outputs(report: Report, n: int) -> dict[str, NDArray[np.float64]]:
    if report.study is not None:
        found = report.study.outputs
        return {str(name): np.asarray(values, dtype=np.float64) for name, values in found.items()}
    runs: Any = report.runs
    return {name: np.asarray(runs[name], dtype=np.float64) for name in runs.output_names}


def _input(name: str, parameter: Parameter, X: pd.DataFrame, rows: NDArray[np.int64], kept: bool) -> dict[str, Any]:
    axis = Axis.of(parameter)
    described: dict[str, Any] = {
        "name": name,
        "unit": axis.unit if has_unit(axis.unit) else None,
        "ticks": axis.ticks(3),
        "column": _column(X[name].iloc[rows], parameter) if kept else None,
    }
    if isinstance(parameter, Categorical):
        return {**described, "categories": [_plain(category) for category in parameter.values]}
    words = f"{number(axis.low, 4)} to {quantity(axis.high, axis.unit, 4)}"
    return {**described, "low": axis.low, "high": axis.high, "log": axis.log, "range": words}


def _column(values: pd.Series[Any], parameter: Parameter) -> dict[str, str]:
    if not isinstance(parameter, Categorical):
        return _packed(np.asarray(values, dtype=np.float64), "f8")
    codes = {category: code for code, category in enumerate(parameter.values)}
    kind = "u1" if len(codes) < 256 else "u2"
    return _packed(np.array([codes.get(value, len(codes)) for value in np.asarray(values, dtype=object)]), kind)


def _packed(values: NDArray[Any], kind: str) -> dict[str, str]:
    """Return numbers as the bytes of a little-endian array; small whole ones in an eighth of the room."""
    if kind == "f8" and len(values) and not np.signbit(values).any() and np.isin(values, np.arange(256)).all():
        kind = "u1"
    return {"kind": kind, "bytes": base64.b64encode(np.asarray(values, dtype=f"<{kind}").tobytes()).decode()}


def _of_study(
    study: Findings, boxes: Sequence[Box], outputs: Sequence[str], inputs: Sequence[str], rows: NDArray[np.int64]
) -> dict[str, Any]:
    interest = np.asarray(study.y, dtype=np.float64)
    n_steps = len(study.search.boxes_)
    chosen = study.trajectory.iloc[study.chosen]
    comparison = read_comparison(study.case, outputs)
    # Where boxes were counted on other runs than these (an adaptive study), a recount would say something else.
    recounts = int(study.search.boxes_[study.chosen].contains(study.X).sum()) == int(chosen["n"])
    subject, verb = case_words(study)
    position = {name: i for i, name in enumerate(inputs)}
    words: dict[Any, str] = {}
    steps = [_box(box, study, position, words) for box in boxes]
    for step, (_, row) in zip(steps, study.trajectory.iterrows(), strict=False):
        step |= {name: _finite(row[name]) for name in ("n", "k", "coverage", "density", "mass")}
        step["heldout"] = _heldout(row)
    for box, step in zip(study.boxes[1:], steps[n_steps:], strict=True):
        found = box.statistics(study.X, interest)
        step |= {name: _finite(found[name]) for name in ("n", "k", "coverage", "density", "mass")}
        # Held-out numbers of a later box are of the runs that the boxes before it leave, and not comparable here.
        step["heldout"] = None
    described: dict[str, Any] = {
        "steps": n_steps,
        "chosen": study.chosen,
        "base_rate": _finite(share_of_interest(study)),
        "case": {
            "text": f"{study.case}" if study.case is not None else "the case of interest",
            "words": {"subject": subject, "verb": verb},
            **comparison,
        },
        "interest": _packed(interest[rows], "f8"),
        "boxes": steps,
        "chart": chart_frame(),
        "policy": position.get("policy") if isinstance(study.space.parameters.get("policy"), Categorical) else None,
    }
    return described if recounts else {**described, "complete": False}


def _box(box: Box, study: Findings, position: Mapping[str, int], words: dict[Any, str]) -> dict[str, Any]:
    limits = []
    for name, limit in box.limits.items():
        parameter = study.space.parameters[name]
        if (name, limit) not in words:
            words[name, limit] = limit_words(limit, parameter, study.X[name])
        described: dict[str, Any] = {"input": position[name], "words": words[name, limit]}
        if isinstance(parameter, Categorical):
            allowed = set(limit)
            described["codes"] = [code for code, category in enumerate(parameter.values) if category in allowed]
        else:
            described["low"], described["high"] = (_finite(end) for end in limit)
        limits.append(described)
    return {"limits": limits}


def _heldout(row: pd.Series[Any]) -> dict[str, list[Any]] | None:
    found = {
        what: [float(row.get(f"heldout_{what}{end}", math.nan)) for end in _HELDOUT] for what in ("density", "coverage")
    }
    return found if all(math.isfinite(value) for values in found.values() for value in values) else None


def _finite(value: Any) -> float | int | None:
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _plain(value: Any) -> Any:
    value = value.item() if hasattr(value, "item") else value
    return value if isinstance(value, (str, bool, int, float)) else str(value)
