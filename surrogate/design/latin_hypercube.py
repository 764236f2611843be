"""Latin hypercubes."""

from __future__ import annotations

from bisect import bisect
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from surrogate.design import pool
from surrogate.design.discrepancy import lower_discrepancy
from surrogate.design.space_filling import SpaceFilling
from surrogate.space import Real

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.space import Space
    from surrogate.space.parameter import Parameter

# Beyond these the swaps would take longer than about two seconds.
_MOST_RUNS = 1000
_MOST_PARAMETERS = 100


@dataclass(frozen=True)
class LatinHypercube(SpaceFilling):
    """A space-filling Latin hypercube: the default design.

    Each axis is cut into `n` strata of equal probability, and each stratum holds exactly one run, at a random
    place in it. Integers and categories take each of their values equally often, to within one. Which stratum goes
    with which is taken from the ranks of a scrambled Sobol' sequence; up to 1,000 runs and 100 parameters, values
    are then swapped within columns until the centred L2 discrepancy falls no further (or for about two seconds).
    Under constraints the strata cannot all be kept: a larger Latin hypercube is thinned evenly to `n` feasible runs.

    `extend` cuts the axes into as many strata as there are runs then, puts new runs into the empty ones, and pairs
    them so that old and new runs together fill the space.

    Parameters
    ----------
    n : int
        Number of runs. About 10 for each parameter is a good first batch for an emulator.
    seed : int, optional
        The same seed gives the same rows; None (the default) gives fresh ones at each call.

    Raises
    ------
    ValueError
        If `n` or `seed` is not a whole number in range; for more than 21,201 parameters.

    References
    ----------
    McKay, M. D., Beckman, R. J., & Conover, W. J. (1979). A comparison of three methods for selecting values of
    input variables in the analysis of output from a computer code. Technometrics, 21(2), 239-245.

    Loeppky, J. L., Sacks, J., & Welch, W. J. (2009). Choosing the sample size of a computer experiment: a practical
    guide. Technometrics, 51(4), 366-376.

    Examples
    --------
    >>> from surrogate.space import Categorical
    >>> design = LatinHypercube(6, seed=0)
    >>> runs = design.sample({"b": (0.1, 0.4), "fuel": Categorical(["gas", "coal"])})
    >>> runs["fuel"].value_counts().to_dict()
    {'gas': 3, 'coal': 3}
    >>> len(design.extend(runs, 4, space={"b": (0.1, 0.4), "fuel": Categorical(["gas", "coal"])}))
    4
    """

    def fill(self, n: int, d: int, rng: np.random.Generator) -> NDArray[np.float64]:
        return lower_discrepancy(self.candidates(n, d, rng), rng, _visits(n, d))

    def candidates(self, n: int, d: int, rng: np.random.Generator) -> NDArray[np.float64]:
        strata = pool.sobol_points(n, d, rng).argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
        return np.asarray((strata + rng.random((n, d))) / n)

    def _extend(self, space: Space, existing: NDArray[np.float64], n: int) -> pd.DataFrame:
        rng = self._rng(len(existing))
        if space.constraints:
            return pool.maximin_rows(space, n, existing, rng)
        parameters = space.parameters.values()
        columns = [_vacancies(p, existing[:, i], n, rng) for i, p in enumerate(parameters)]
        together = np.vstack([existing, np.column_stack(columns)])
        rows = np.arange(len(existing), len(together))
        points = lower_discrepancy(together, rng, _visits(*together.shape), rows)[rows]
        return self._without_repeats(space, points, existing, rng)

    def _without_repeats(
        self, space: Space, points: NDArray[np.float64], existing: NDArray[np.float64], rng: np.random.Generator
    ) -> pd.DataFrame:
        """Replace rows that exist already, which happens where all parameters are discrete."""
        import pandas as pd

        rows = space.from_unit(points)
        repeated = pool.repeats(space, rows, existing)
        if not repeated.any():
            return rows
        fresh = rows[~repeated]
        known = np.vstack([existing, space.to_unit(fresh)])
        return pd.concat([fresh, pool.maximin_rows(space, int(repeated.sum()), known, rng)], ignore_index=True)


def _visits(n: int, d: int) -> int:
    """Return how many columns to look at: till nothing improves for small designs, two seconds' worth for large."""
    if n > _MOST_RUNS or d > _MOST_PARAMETERS:
        return 0
    return min(25 * d, 12_000_000 // n**2)


def _vacancies(
    parameter: Parameter, existing: NDArray[np.float64], n: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return `n` values on one axis of the unit cube, in random order, where the existing ones leave room."""
    total = n + len(existing)
    if not isinstance(parameter, Real):
        # A fine grid shows how probable each value is.
        size = max(total, min(64 * total, 2**20))
        grid = (np.arange(size) + 0.5) / size
        values, counts = np.unique(parameter.to_unit(parameter.from_unit(grid)), return_counts=True)
        if len(values) < total:
            return rng.permutation(_rarest(values, counts * total / size, existing, n, rng))
    strata = rng.permutation(_empty_strata(np.minimum((existing * total).astype(np.intp), total - 1), total))
    return np.asarray((strata + rng.random(n)) / total)


def _empty_strata(taken: NDArray[np.intp], total: int) -> list[int]:
    """Return as many strata as there are missing rows, out of those that hold none of the existing rows."""
    counts = np.bincount(taken, minlength=total)
    empty = np.flatnonzero(counts == 0).tolist()
    # A second row in a stratum stands for the empty one next to it, so that no region gets more than its share.
    for stratum in np.repeat(np.arange(total), np.maximum(counts - 1, 0)):
        above = bisect(empty, stratum)
        below_is_nearer = above > 0 and (above == len(empty) or stratum - empty[above - 1] < empty[above] - stratum)
        empty.pop(above - 1 if below_is_nearer else above)
    return empty


def _rarest(
    values: NDArray[np.float64],
    wanted: NDArray[np.float64],
    existing: NDArray[np.float64],
    n: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Return `n` of the values, each time the one that falls furthest behind the number `wanted` of it."""
    nearest = np.searchsorted((values[1:] + values[:-1]) / 2, existing)
    missing = wanted - np.bincount(nearest, minlength=len(values)) + 1e-3 * rng.random(len(values))
    chosen = np.empty(n, dtype=np.intp)
    for i in range(n):
        chosen[i] = missing.argmax()
        missing[chosen[i]] -= 1.0
    return values[chosen]
