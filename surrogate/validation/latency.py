"""Latency and size of a fitted model."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Latency:
    """How long answers take, in microseconds.

    Attributes
    ----------
    median, p95, p99 : float
        Of calls with one row.
    batch : float
        A row, in calls with 1,000 rows.

    Examples
    --------
    >>> Latency(10.0, 12.0, 20.0, 0.5)
    Latency(median=10.0, p95=12.0, p99=20.0, batch=0.5)
    """

    median: float
    p95: float
    p99: float
    batch: float


def measure_latency(predict: Callable[[Any], Any], X: Any, calls: int = 200, seconds: float = 2.0) -> Latency:
    """Measure how long a model takes to answer.

    Parameters
    ----------
    predict : callable
        Asked with tables, first with one row at a time, then with 1,000.
    X : DataFrame or ndarray of shape (n, p)
        Rows to ask about, in turn.
    calls : int, default 200
        With one row, after ten that do not count.
    seconds : float, default 2.0
        After which slow models are asked no more; 20 calls are made in any case.

    Returns
    -------
    Latency

    Examples
    --------
    >>> measured = measure_latency(lambda X: X.sum(axis=1), np.zeros((5, 3)))
    >>> 0 < measured.batch < measured.median <= measured.p95
    True
    """
    take = X.iloc if hasattr(X, "iloc") else X
    singles = [take[i % len(X) : i % len(X) + 1] for i in range(min(calls, len(X)))]
    for i in range(10):
        predict(singles[i % len(singles)])
    times: list[float] = []
    end = perf_counter() + seconds
    while len(times) < calls and (len(times) < 20 or perf_counter() < end):
        row = singles[len(times) % len(singles)]
        start = perf_counter()
        predict(row)
        times.append(perf_counter() - start)
    median, p95, p99 = 1e6 * np.quantile(times, [0.5, 0.95, 0.99])
    return Latency(float(median), float(p95), float(p99), microseconds_a_row(predict, X))


def microseconds_a_row(predict: Callable[[Any], Any], X: Any, rows: int = 1000) -> float:
    """Measure the time of a prediction in a batch, in microseconds a row.

    Parameters
    ----------
    predict : callable
        Asked with one table three times, after a call with one row that does not count.
    X : DataFrame or ndarray of shape (n, p)
        Rows to repeat until there are enough.
    rows : int, default 1000
        Size of the batch, at which the cost of the call itself no longer counts.

    Returns
    -------
    float
        Best of three, which is what the machine can do undisturbed.

    Examples
    --------
    >>> microseconds_a_row(lambda X: X.sum(axis=1), np.zeros((5, 3))) > 0
    True
    """
    take = X.iloc if hasattr(X, "iloc") else X
    batch = take[np.arange(rows) % len(X)]
    predict(batch[:1])
    times = []
    for _ in range(3):
        started = perf_counter()
        predict(batch)
        times.append(perf_counter() - started)
    return 1e6 * min(times) / rows


def size_in_bytes(model: Any) -> int | None:
    """Return the bytes of what predicts: the arrays of a fitted record, or the model as it would be pickled.

    Parameters
    ----------
    model : fitted estimator or record

    Returns
    -------
    int or None
        None for a model that cannot be measured, such as a function made in place.

    Examples
    --------
    >>> from surrogate.models.records import Constant
    >>> size_in_bytes(Constant(value=1.0, spread=0.0, n_inputs=2)), size_in_bytes(lambda X: X)
    (0, None)
    """
    record = getattr(model, "record_", model)
    if hasattr(record, "to_state"):
        return int(sum(array.nbytes for array in record.to_state()[1].values()))
    try:
        return len(pickle.dumps(model, protocol=5))
    except Exception:  # whatever a foreign object raises, it has no size
        return None
