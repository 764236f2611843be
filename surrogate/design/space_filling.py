"""Designs that fill the space evenly, whatever the model fitted afterwards."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from surrogate.design import pool
from surrogate.design.design import Design, check_count, check_seed
from surrogate.space import Space

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class SpaceFilling(Design):
    """A design that is defined by how it fills the unit cube.

    A subclass writes `fill` and nothing else: scales, distributions, integers, categories and constraints
    are handled here. Discrete parameters take each of their values equally often. Under constraints more
    points than needed are filled in, those that are feasible are kept and thinned evenly to `n`.

    Parameters
    ----------
    n : int
        Number of runs.
    seed : int, optional
        The same seed gives the same rows; None (the default) gives fresh ones at each call.
    """

    n: int
    seed: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", check_count(self.n, "n"))
        object.__setattr__(self, "seed", check_seed(self.seed))

    @abstractmethod
    def fill(self, n: int, d: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return `n` points of the `d`-dimensional unit cube, shape (n, d)."""

    def sample(self, space: Space) -> pd.DataFrame:
        space, rng = Space.from_bounds(space), self._rng()
        if not space.constraints:
            return space.from_unit(pool.balance(space, self.fill(self.n, len(space), rng)))
        points = pool.feasible_points(space, self.n, lambda m: pool.balance(space, self.candidates(m, len(space), rng)))
        return space.from_unit(pool.thin(points, self.n, rng))

    def candidates(self, n: int, d: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return the points from which feasible ones are kept: those of `fill`, unless there is a cheaper way."""
        return self.fill(n, d, rng)


@dataclass(frozen=True)
class Sequence(SpaceFilling):
    """A space-filling design whose first points stay the same when more are asked for.

    Constraints leave points out, and `extend` goes on after the points that have been run.
    """

    def sample(self, space: Space) -> pd.DataFrame:
        space = Space.from_bounds(space)
        return self._after(space, np.empty((0, len(space))), self.n)

    def _extend(self, space: Space, existing: NDArray[np.float64], n: int) -> pd.DataFrame:
        if self.seed is None:
            raise ValueError(
                f"seed: a {type(self).__name__} with seed=None has no sequence to continue. "
                "Give the seed with which the runs were made, or extend with a LatinHypercube."
            )
        return self._after(space, existing, n)

    def _after(self, space: Space, existing: NDArray[np.float64], n: int) -> pd.DataFrame:
        """Return the next `n` feasible points that are not among the existing ones."""
        start = np.random.SeedSequence(self.seed).entropy
        drawn = n + len(existing)
        while True:
            points = self.fill(drawn, len(space), np.random.default_rng(start))
            rows = space.from_unit(points)
            kept = rows[space.feasible(rows)]
            if len(existing):
                kept = kept[~pool.repeats(space, kept, existing)]
            if len(kept) >= n:
                return kept[:n].reset_index(drop=True)
            if drawn >= pool.most_points(len(space)):
                raise pool.exhausted(space, drawn, len(kept), n)
            drawn = min(2 * drawn, pool.most_points(len(space)))
