"""Stability: how much of a box another sample of runs would give again, and whether more runs would change it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.boxes.columns import Column, Columns, Limit
from surrogate.models.boxes.evidence.box_volume import observed_space, overlap
from surrogate.models.boxes.evidence.resampled_search import Limits, ResampledSearch, resampled

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.models.boxes.box_finder import BoxFinder
    from surrogate.space import Space


def resample(
    finder: BoxFinder,
    columns: Columns,
    y: NDArray[np.float64],
    coverage: float,
    density: float,
    *,
    limits: Mapping[str, Limit] | None = None,
    space: Space | None = None,
    n_resamples: int = 50,
    seed: int = 0,
    executor: Any = None,
) -> pd.DataFrame:
    """Repeat a search in all parameters on random halves of the runs [1]_.

    In each half two boxes of the new trajectory are looked at: the nearest in coverage and the nearest in density.
    Halves come in pairs that share no run [2]_.

    Parameters
    ----------
    finder : BoxFinder
        Only its parameters are used.
    columns : Columns
    y : ndarray of float64, shape (n,)
    coverage, density : float
        Of the box in question.
    limits : mapping, optional
        Those of the box in question, to measure how much of its volume is found again.
    space : Space, optional
        In which volumes are measured; by default the range of the data.
    n_resamples : int, default 50
        The publication has 10, which leaves the shares uncertain by 15 points.
    seed : int, default 0
    executor : None, "processes", concurrent.futures.Executor, dask.distributed.Client or str, default None
        Where to search, as in `surrogate.collect`. The answer is the same on all of them.

    Returns
    -------
    DataFrame
        A row a parameter, the most reproduced first: `reproduced_coverage` and `reproduced_density` are the shares
        of the halves in which the nearest box limits the parameter; `low`, `low_5`, `low_95` and `high`, `high_5`,
        `high_95` the median and the central 90 % of the limits at equal coverage, NaN where there is none.
        ``attrs["consistency"]`` is the mean overlap of two boxes from halves without a common run (volume of the
        intersection over volume of the union), ``attrs["overlap"]`` that with the box in question.

    References
    ----------
    .. [1] Bryant & Lempert 2010, Technological Forecasting and Social Change 77, 34-49.
    .. [2] Shah & Samworth 2013, Journal of the Royal Statistical Society B 75, 55-80.
    """
    import pandas as pd

    search = ResampledSearch(finder, columns, y, coverage, density, seed)
    pairs = resampled(search, [columns.n // 2] * math.ceil(n_resamples / 2), executor)
    halves = [half for pair in pairs for half in pair][:n_resamples]
    by_coverage, by_density = ([half[i] for half in halves] for i in (0, 1))
    table = pd.DataFrame(
        [_row(column, by_coverage, by_density) for column in columns.columns],
        index=pd.Index([column.name for column in columns.columns], name="parameter"),
    )
    table = table.sort_values(["reproduced_coverage", "reproduced_density"], ascending=False, kind="stable")
    space = observed_space(columns) if space is None else space
    table.attrs["consistency"] = _mean([_common(one[0], other[0], space) for one, other in pairs])
    if limits is not None:
        table.attrs["overlap"] = _mean([_common(limits, found, space) for found in by_coverage])
    return table


def _row(column: Column, by_coverage: list[Limits], by_density: list[Limits]) -> dict[str, float]:
    shares = [float(np.mean([column.name in limits for limits in found])) for found in (by_coverage, by_density)]
    row = {"reproduced_coverage": shares[0], "reproduced_density": shares[1]}
    for side, end in enumerate(("low", "high")):
        limits = [limits[column.name] for limits in by_coverage if column.name in limits]
        found = [limit[side] for limit in limits if isinstance(limit, tuple) and math.isfinite(limit[side])]
        middle, low, high = np.quantile(found, [0.5, 0.05, 0.95]) if found else (np.nan,) * 3
        row |= {end: float(middle), f"{end}_5": float(low), f"{end}_95": float(high)}
    return row


def learning_curve(
    finder: BoxFinder,
    columns: Columns,
    y: NDArray[np.float64],
    coverage: float,
    density: float,
    *,
    space: Space | None = None,
    parts: Sequence[int] = (16, 8, 4, 2),
    n_resamples: int = 40,
    seed: int = 0,
    executor: Any = None,
) -> pd.DataFrame:
    """Say how much two boxes have in common that were found in different runs, for more and more runs.

    "Would more runs change this box?": where the curve is flat and high they would not. Two samples of the same size
    share no run, so what they have in common is what the box owes to the system and not to the sample.

    Parameters
    ----------
    finder, columns, y, coverage, density
        As in `resample`. The boxes compared are the nearest in coverage.
    space : Space, optional
        In which volumes are measured; by default the range of the data.
    parts : sequence of int, default (16, 8, 4, 2)
        A sample is one part of this many; no fewer than two, for two samples must not share a run.
    n_resamples : int, default 40
        Samples of each size, an even number: they come in pairs.
    seed : int, default 0
    executor
        As in `resample`.

    Returns
    -------
    DataFrame
        A row a sample size: `runs`, `overlap` (mean of the pairs), `overlap_5` and `overlap_95` (central 90 % of the
        pairs), `n_restricted` (mean) and `extrapolated`. The last two rows are all runs and twice as many, where
        `overlap` is extrapolated and the others are NaN: what is missing to 1 falls as a power of the number of runs
        that is fitted to the rows above [1]_.

    References
    ----------
    .. [1] Figueroa, Zeng-Treitler, Kandula & Ngo 2012, BMC Medical Informatics and Decision Making 12, 8.
    """
    import pandas as pd

    if not len(parts) or min(parts) < 2:
        raise ValueError(f"parts: must be at least 2 each, so that two samples share no run; got {tuple(parts)}.")
    space = observed_space(columns) if space is None else space
    sizes = sorted({columns.n // part for part in parts if columns.n // part >= 2})
    if not sizes:
        raise ValueError(f"parts: {columns.n} runs are too few for samples of 1/{min(parts)}.")
    n_pairs = max(1, n_resamples // 2)
    search = ResampledSearch(finder, columns, y, coverage, density, seed)
    answers = resampled(search, np.repeat(sizes, n_pairs).tolist(), executor)
    rows: list[tuple[int, float, float, float, float, bool]] = []
    for place, size in enumerate(sizes):
        pairs = [(one[0], other[0]) for one, other in answers[place * n_pairs : (place + 1) * n_pairs]]
        found = [_common(one, other, space) for one, other in pairs]
        low, high = np.quantile(found, [0.05, 0.95])
        limited = float(np.mean([len(limits) for pair in pairs for limits in pair]))
        rows.append((size, _mean(found), float(low), float(high), limited, False))
    measured = [(runs, value) for runs, value, *_ in rows]
    further = [(runs, _extrapolated(measured, runs)) for runs in (columns.n, 2 * columns.n)]
    rows += [(runs, expected, math.nan, math.nan, math.nan, True) for runs, expected in further]
    names = ["runs", "overlap", "overlap_5", "overlap_95", "n_restricted", "extrapolated"]
    return pd.DataFrame(rows, columns=names)


def _extrapolated(measured: Sequence[tuple[int, float]], runs: int) -> float:
    """Fit what is missing to 1 as a power of the number of runs; it does not grow with them."""
    missing = np.array([max(1 - value, 1e-6) for _, value in measured])
    sizes = np.log([size for size, _ in measured])
    slope, level = np.polyfit(sizes, np.log(missing), 1) if len(measured) > 1 else (0.0, np.log(missing[0]))
    slope = min(float(slope), 0.0)
    if slope == 0.0:
        level = float(np.log(missing).mean())
    return float(1 - min(np.exp(level + slope * np.log(runs)), 1.0))


def _common(limits: Mapping[str, Limit], others: Mapping[str, Limit], space: Space) -> float:
    """Return the overlap; a sample in which no box was found has nothing in common with any."""
    return overlap(limits, others, space) if limits and others else 0.0


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else math.nan
