"""Read quasi-p-values, which come as one number for a set of categories and as a pair for two limits."""

from __future__ import annotations

import math
from typing import Any


def largest(values: Any) -> float:
    """Return the largest known quasi-p of a limit, NaN if none is known.

    Examples
    --------
    >>> largest((float("nan"), 0.02)), largest(0.3)
    (0.02, 0.3)
    """
    known = [float(value) for value in _sides(values) if not math.isnan(float(value))]
    return max(known) if known else math.nan


def words(values: Any) -> str:
    """Return the quasi-p of a limit as people read it, low limit before high limit.

    Examples
    --------
    >>> words((1e-9, 0.0213)), words(0.3), words((float("nan"), float("nan")))
    ('< 0.001 and 0.021', '0.30', '')
    """
    return " and ".join(_one(float(value)) for value in _sides(values) if not math.isnan(float(value)))


def _sides(values: Any) -> tuple[Any, ...]:
    return tuple(values) if isinstance(values, (tuple, list)) else (values,)


def _one(value: float) -> str:
    if value < 0.001:
        return "< 0.001"
    return f"{value:.3f}" if value < 0.1 else f"{value:.2f}"
