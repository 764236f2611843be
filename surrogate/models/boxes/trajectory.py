"""A trajectory: the boxes of a search in the order in which they were found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.models.boxes.columns import Columns, Limit


@dataclass(frozen=True)
class Step:
    """One box of a trajectory: its limits by column, and the rows and cases of interest in it.

    With weights `n` and `k` are sums of weights; of a real target `k` is the sum.
    """

    limits: dict[str, Limit]
    n: float
    k: float


def counted(
    limits: dict[str, Limit], columns: Columns, y: NDArray[np.float64], weights: NDArray[np.float64] | None = None
) -> Step:
    """Return a box with the rows and cases in it."""
    inside = columns.inside(limits)
    if weights is None:
        return Step(limits, int(inside.sum()), float(y[inside].sum()))
    return Step(limits, float(weights[inside].sum()), float(weights[inside] @ y[inside]))


def trajectory_table(
    steps: Sequence[Step], y: NDArray[np.float64], weights: NDArray[np.float64] | None = None
) -> pd.DataFrame:
    """Return the trajectory as a DataFrame: n, k, coverage, density, mass, n_restricted."""
    import pandas as pd

    n = np.array([step.n for step in steps])
    k = np.array([step.k for step in steps], dtype=np.float64)
    whole = bool(((y == 0) | (y == 1)).all()) and n.dtype.kind == "i"
    all_n, all_k = (len(y), y.sum()) if weights is None else (steps[0].n, steps[0].k)
    return pd.DataFrame(
        {
            "n": n,
            "k": k.round().astype(np.int64) if whole else k,
            # A real target may sum up to nothing, and shares of that say nothing.
            "coverage": k / all_k if all_k > 0 and y.min() >= 0 else np.nan,
            "density": k / n,
            "mass": n / all_n,
            "n_restricted": [len(step.limits) for step in steps],
        }
    )
