"""A trajectory: the boxes of a search in the order in which they were found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.models.boxes.columns import Limit


@dataclass(frozen=True)
class Step:
    """One box of a trajectory: its limits by column, and the rows and cases of interest in it."""

    limits: dict[str, Limit]
    n: int
    k: float


def trajectory_table(steps: Sequence[Step], y: NDArray[np.float64]) -> pd.DataFrame:
    """Return the trajectory as a DataFrame: n, k, coverage, density, mass, n_restricted."""
    import pandas as pd

    n = np.array([step.n for step in steps])
    k = np.array([step.k for step in steps], dtype=np.float64)
    whole = bool(((y == 0) | (y == 1)).all())
    return pd.DataFrame(
        {
            "n": n,
            "k": k.round().astype(np.int64) if whole else k,
            "coverage": k / y.sum(),
            "density": k / n,
            "mass": n / len(y),
            "n_restricted": [len(step.limits) for step in steps],
        }
    )
