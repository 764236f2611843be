"""From points of the unit cube to rows: discrete values in equal shares, constraints, even thinning, no repeats."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from surrogate.space import Categorical, Integer, Real, Space

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

# Above this many wanted points pairwise distances cost too much memory, and a random choice is dense enough.
_THINNED = 1000
# Discrete spaces with some thousand points more than needed are looked through as a whole.
_SMALL_GRID = 4096
# Points closer than this in every coordinate of the unit cube are the same run: room for rows that went through
# single precision or a text file.
_SAME = 1e-7


def most_points(d: int) -> int:
    """Return how many points may be tried in `d` dimensions before a constraint counts as unfulfillable."""
    return max(2**12, min(2**20, 2**25 // d))


def balance(space: Space, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move points to the middle of their rank on discrete axes, so that equally probable values come equally often."""
    discrete = [i for i, p in enumerate(space.parameters.values()) if not isinstance(p, Real)]
    balanced = points.copy()
    ranks = points[:, discrete].argsort(axis=0, kind="stable").argsort(axis=0, kind="stable")
    balanced[:, discrete] = (ranks + 0.5) / len(points)
    return balanced


def feasible_points(
    space: Space, n: int, fill: Callable[[int], NDArray[np.float64]], existing: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return at least `n` points that fulfil the constraints and repeat no existing one, a surplus if there is one."""
    wanted = _surplus(n) if n <= _THINNED else n
    drawn, limit = min(wanted + 64, most_points(len(space))), most_points(len(space))
    while True:
        points = fill(drawn)
        rows = space.from_unit(points)
        kept = np.flatnonzero(space.feasible(rows))
        if existing is not None:
            kept = kept[~repeats(space, rows.iloc[kept], existing)]
        found = len(kept)
        if found >= wanted or (drawn >= limit and found >= n):
            return points[kept]
        if drawn >= limit:
            raise exhausted(space, drawn, found, n)
        drawn = min(limit, max(2 * drawn, math.ceil(1.2 * drawn * wanted / max(found, 1))))


def exhausted(space: Space, drawn: int, found: int, n: int) -> ValueError:
    """Return the error for a space in which nearly nothing is feasible, or nothing is left."""
    if found == 0 and space.constraints:
        shown = ", ".join(str(getattr(c, "text", c)) for c in space.constraints)
        return ValueError(f"constraints: none of {drawn:,} points fulfils {shown}. Check them, or narrow the bounds.")
    which, repair = "new", "Lower n."
    if space.constraints:
        which, repair = "new and fulfil the constraints", "Narrow the bounds to where these hold, or lower n."
    return ValueError(f"n: asked for {n} runs, but only {found:,} of {drawn:,} points tried are {which}. {repair}")


def check_room(space: Space, n: int, existing: NDArray[np.float64]) -> None:
    """Raise ``ValueError`` if a discrete space has fewer than `n` points left."""
    grid = whole_grid(space, n + len(existing) + _SMALL_GRID)
    if grid is not None:
        room = int(space.feasible(space.from_unit(grid)).sum()) - len(existing)
        if room < n:
            raise exhausted(space, len(grid), room, n)


def repeats(space: Space, rows: pd.DataFrame, existing: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether each row equals an existing point (in the unit cube) or an earlier row."""
    from scipy.spatial import KDTree

    unit = space.to_unit(rows)
    repeated = np.ones(len(unit), dtype=bool)
    repeated[np.unique(unit, axis=0, return_index=True)[1]] = False
    if len(existing):
        distance, _ = KDTree(existing).query(unit, p=np.inf, distance_upper_bound=_SAME)
        repeated |= np.isfinite(distance)
    return repeated


def maximin_rows(space: Space, n: int, existing: NDArray[np.float64], rng: np.random.Generator) -> pd.DataFrame:
    """Return `n` new feasible rows, far from the existing points and from each other."""
    grid = whole_grid(space, 4 * (n + len(existing)) + _SMALL_GRID)
    if grid is not None:
        rows = space.from_unit(grid)
        points = grid[space.feasible(rows) & ~repeats(space, rows, existing)]
        if len(points) < n:
            raise exhausted(space, len(grid), len(points), n)
    else:
        points = feasible_points(space, n, lambda m: sobol_points(m, len(space), rng), existing)
    # Discrete values count as distances from where they lie in the unit cube.
    settled = space.to_unit(space.from_unit(points))
    return space.from_unit(thin(settled, n, rng, existing))


def thin(
    points: NDArray[np.float64], n: int, rng: np.random.Generator, fixed: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Return `n` of the points, spread evenly, by taking away one of the closest pair again and again.

    Parameters
    ----------
    points : ndarray of shape (m, d)
        In the unit cube, ``m >= n``.
    n : int
        How many to keep; above 1,000 a random choice is kept.
    rng : Generator
    fixed : ndarray of shape (f, d), optional
        Points that stay and from which the others should also keep away.

    Returns
    -------
    ndarray of shape (n, d)

    References
    ----------
    Yuksel, C. (2015). Sample elimination for generating Poisson disk sample sets. Computer Graphics Forum,
    34(2), 25-32.
    """
    if n > _THINNED:
        return points[np.sort(rng.choice(len(points), n, replace=False))]
    from scipy.spatial.distance import cdist

    points = points[np.sort(rng.choice(len(points), min(len(points), _surplus(n)), replace=False))]
    apart = cdist(points, points)
    np.fill_diagonal(apart, np.inf)
    to_fixed = cdist(points, fixed).min(axis=1) if fixed is not None and len(fixed) else np.full(len(points), np.inf)
    nearest = apart.argmin(axis=1)
    gap = apart[np.arange(len(points)), nearest]
    for _ in range(len(points) - n):
        # Where two are equally close, the one nearer to a fixed point goes.
        closeness = np.minimum(gap, to_fixed)
        closest = np.flatnonzero(closeness == closeness.min())
        gone = closest[to_fixed[closest].argmin()]
        apart[gone] = np.inf
        apart[:, gone] = np.inf
        gap[gone] = to_fixed[gone] = np.inf
        for i in np.flatnonzero(nearest == gone):
            nearest[i] = apart[i].argmin()
            gap[i] = apart[i, nearest[i]]
        nearest[gone] = -1
    return np.asarray(points[nearest >= 0])


def _surplus(n: int) -> int:
    """Return from how many points the `n` most evenly spread are kept."""
    return max(3 * n, 256)


def whole_grid(space: Space, most: int) -> NDArray[np.float64] | None:
    """Return all points of a discrete space in the unit cube, or None if there are more than `most`."""
    axes = []
    for parameter in space.parameters.values():
        if not isinstance(parameter, (Integer, Categorical)) or parameter.n_levels > most:
            return None
        values = parameter.from_unit((np.arange(parameter.n_levels) + 0.5) / parameter.n_levels)
        axes.append(np.unique(parameter.to_unit(values)))
    if math.prod(map(len, axes)) > most:
        return None
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, len(axes))


def sobol_points(n: int, d: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the first `n` points of a scrambled Sobol' sequence in the unit cube, shape (n, d)."""
    from scipy.stats import qmc

    # Whole powers of two are drawn because scipy warns of any other number.
    return np.asarray(qmc.Sobol(d, rng=rng).random_base2((n - 1).bit_length())[:n])
