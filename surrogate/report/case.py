"""Read a case that compares one output with a number, the kind whose threshold can be moved."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_NAME, _NUMBER, _RELATION = (
    r"(?:`([^`]+)`|([^\W\d]\w*))",
    r"([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)",
    r"(<=|>=|<|>)",
)
_FORWARDS = re.compile(rf"\s*{_NAME}\s*{_RELATION}\s*{_NUMBER}\s*")
_BACKWARDS = re.compile(rf"\s*{_NUMBER}\s*{_RELATION}\s*{_NAME}\s*")


def read_comparison(case: str | None, outputs: Sequence[str]) -> dict[str, Any]:
    """Return position of the output, relation and threshold of a case; all None where it is of another kind.

    Examples
    --------
    >>> read_comparison("0.9 > reliability", ["cost", "reliability"])
    {'output': 1, 'relation': '<', 'threshold': 0.9}
    >>> read_comparison("reliability < 0.9 and cost > 2", ["cost", "reliability"])
    {'output': None, 'relation': None, 'threshold': None}
    """
    match = _FORWARDS.fullmatch(case or "")
    turned = _BACKWARDS.fullmatch(case or "")
    if match:
        quoted, name, relation, threshold = match.groups()
    elif turned:
        threshold, relation, quoted, name = turned.groups()
        relation = _TURNED[relation]
    if not (match or turned) or (quoted or name) not in outputs:
        return {"output": None, "relation": None, "threshold": None}
    return {"output": list(outputs).index(quoted or name), "relation": relation, "threshold": float(threshold)}
