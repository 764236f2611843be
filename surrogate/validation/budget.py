"""A budget as a gate: a model that is too slow or too large does not pass."""

from __future__ import annotations

from typing import Any

from surrogate.validation.latency import Latency, measure_latency, size_in_bytes


class OverBudget(ValueError):
    """A model needs more time or room than it may."""


def check_budget(model: Any, X: Any, *, latency_ms: float | None = None, size_kb: float | None = None) -> Latency:
    """Let a model pass if it keeps a budget.

    Parameters
    ----------
    model : fitted estimator or record
        Asked by its ``predict``.
    X : DataFrame or ndarray of shape (n, p)
        Rows to ask about, one at a time.
    latency_ms : float, optional
        Most milliseconds for one row, in 95 of 100 calls.
    size_kb : float, optional
        Most kilobytes (1,000 bytes) of what predicts.

    Returns
    -------
    Latency
        What was measured.

    Raises
    ------
    OverBudget
        Saying what is exceeded and by how much. It is a ``ValueError``.

    Examples
    --------
    >>> import numpy as np
    >>> from surrogate.models.records import Constant
    >>> model = Constant(value=1.0, spread=0.0, n_inputs=2)
    >>> check_budget(model, np.zeros((10, 2)), latency_ms=50, size_kb=20).median < 50_000
    True
    """
    measured, exceeded = measure_latency(model.predict, X), []
    if latency_ms is not None and measured.p95 / 1000 > latency_ms:
        exceeded.append(f"{measured.p95 / 1000:.3g} ms a row, allowed are {latency_ms:g} ms")
    size = size_in_bytes(model)
    if size_kb is not None and (size is None or size / 1000 > size_kb):
        shown = "an unknown size" if size is None else f"{size / 1000:,.1f} kB"
        exceeded.append(f"{shown}, allowed are {size_kb:g} kB")
    if exceeded:
        raise OverBudget(f"{type(model).__name__} is over budget: {'; '.join(exceeded)}. Choose a smaller student.")
    return measured
