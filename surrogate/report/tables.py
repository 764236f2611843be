"""Turn facts and DataFrames into text for the page's tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from surrogate.report.numbers import count, number

# What differs between two calls that made the same runs: when, where, and after how many interruptions.
_OF_ONE_CALL = ("started", "finished", "made", "recorded", "seconds", "host", "earlier", "interrupted", "stopped")


def text_table(table: Any) -> dict[str, Any] | None:
    """Return a DataFrame as column names and rows of text; nothing for an empty one."""
    if table is None or not hasattr(table, "columns") or len(table) == 0:
        return None
    columns = [str(column).replace("_", " ") for column in table.columns]
    rows = [[_cell(value) for value in row] for row in table.itertuples(index=False)]
    if table.index.name is not None or table.index.dtype == object:
        columns = [str(table.index.name or ""), *columns]
        rows = [[_cell(label), *row] for label, row in zip(table.index, rows, strict=True)]
    return {"columns": columns, "rows": rows}


def of_all_calls(provenance: Mapping[str, Any]) -> dict[str, Any]:
    """Return the provenance of runs without what is true of a single call only.

    Runs that were interrupted and resumed are the same runs, and a report of them is the same report.

    Examples
    --------
    >>> of_all_calls({"design": {"n": 9}, "host": "node7", "earlier": [{"design": {"n": 9}}]})
    {'design': {'n': 9}}
    """
    return {name: value for name, value in provenance.items() if name not in _OF_ONE_CALL}


def flat(facts: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    """Return nested facts as ``("design n", "1000")`` pairs."""
    pairs: list[tuple[str, str]] = []
    for name, value in facts.items():
        label = f"{above} {name}".strip().replace("_", " ")
        if isinstance(value, Mapping):
            pairs += flat(value, label)
        elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
            for i, item in enumerate(value, start=1):
                pairs += flat(item, f"{label} {i}")
        elif isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
            pairs.append((label, ", ".join(str(item) for item in value)))
        else:
            pairs.append((label, str(value)))
    return pairs


def _cell(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if isinstance(value, (int, np.integer)):
        return count(int(value))
    if isinstance(value, (float, np.floating)):
        return "" if math.isnan(value) else number(float(value), 4)
    return str(value)
