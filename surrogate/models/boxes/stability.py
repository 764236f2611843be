"""Stability: how much of a box another sample of runs would give again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.boxes.columns import Column, Columns, Limit

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.models.boxes.box_finder import BoxFinder
    from surrogate.models.boxes.trajectory import Step


def resample(
    finder: BoxFinder,
    columns: Columns,
    y: NDArray[np.float64],
    coverage: float,
    density: float,
    *,
    n_resamples: int = 50,
    seed: int = 0,
) -> pd.DataFrame:
    """Repeat a search in all parameters on random halves of the runs [1]_.

    In each half two boxes of the new trajectory are looked at: the nearest in coverage and the nearest in density.

    Parameters
    ----------
    finder : BoxFinder
        Only its parameters are used.
    columns : Columns
    y : ndarray of float64, shape (n,)
    coverage, density : float
        Of the box in question.
    n_resamples : int, default 50
        The publication has 10, which leaves the shares uncertain by 15 points.
    seed : int, default 0

    Returns
    -------
    DataFrame
        A row a parameter, the most reproduced first: `reproduced_coverage` and `reproduced_density` are the shares
        of the halves in which the nearest box limits the parameter; `low`, `low_5`, `low_95` and `high`, `high_5`,
        `high_95` the median and the central 90 % of the limits at equal coverage, NaN where there is none.

    References
    ----------
    .. [1] Bryant & Lempert 2010, Technological Forecasting and Social Change 77, 34-49.
    """
    import pandas as pd

    generator = np.random.default_rng(seed)
    by_coverage: list[dict[str, Limit]] = []
    by_density: list[dict[str, Limit]] = []
    while len(by_coverage) < n_resamples:
        rows = np.sort(generator.choice(columns.n, size=columns.n // 2, replace=False))
        half = y[rows]
        # Cases so rare that a half may hold none say nothing in that half.
        steps = finder.search(columns.take(rows), half) if half.any() else []
        by_coverage.append(_nearest(steps, coverage * float(half.sum()), lambda step: step.k))
        by_density.append(_nearest(steps, density, lambda step: step.k / step.n))
    table = pd.DataFrame(
        [_row(column, by_coverage, by_density) for column in columns.columns],
        index=pd.Index([column.name for column in columns.columns], name="parameter"),
    )
    return table.sort_values(["reproduced_coverage", "reproduced_density"], ascending=False, kind="stable")


def _nearest(steps: list[Step], target: float, of: Any) -> dict[str, Limit]:
    return min(steps, key=lambda step: abs(of(step) - target)).limits if steps else {}


def _row(column: Column, by_coverage: list[dict[str, Limit]], by_density: list[dict[str, Limit]]) -> dict[str, float]:
    shares = [float(np.mean([column.name in limits for limits in found])) for found in (by_coverage, by_density)]
    row = {"reproduced_coverage": shares[0], "reproduced_density": shares[1]}
    for side, end in enumerate(("low", "high")):
        limits = [limits[column.name] for limits in by_coverage if column.name in limits]
        found = [limit[side] for limit in limits if isinstance(limit, tuple) and math.isfinite(limit[side])]
        middle, low, high = np.quantile(found, [0.5, 0.05, 0.95]) if found else (np.nan,) * 3
        row |= {end: float(middle), f"{end}_5": float(low), f"{end}_95": float(high)}
    return row
