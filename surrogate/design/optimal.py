"""Optimal designs: as exact as possible for a stated polynomial model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from surrogate.design import pool
from surrogate.design.classical import uncode
from surrogate.design.design import Design, check_count, check_seed
from surrogate.design.exchange import exchange
from surrogate.space import Categorical, Integer, Real, Space

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.space.parameter import Parameter

Criterion = Literal["D", "A", "I"]
Model = Literal["linear", "interactions", "quadratic"]

# Candidates: a grid with these many levels of each number; finer where constraints cut it.
_LEVELS = {"linear": 2, "interactions": 2, "quadratic": 3}
_LEVELS_CONSTRAINED = 7
_MOST_CANDIDATES = 2000
_MOST_LEVELS = 33
# Points over which predictions are averaged (criterion I).
_REGION = 1024


@dataclass(frozen=True)
class Optimal(Design):
    """The `n` runs that determine a polynomial model best: for budgets, categories and regions without a table.

    Runs are exchanged against candidates (a grid of the limits and middles, every category, and under constraints
    also points inside the feasible region) until no exchange improves the criterion, from several starts. No run is
    made twice. `extend` keeps the existing runs and adds those that help the model most.

    Parameters
    ----------
    n : int
        Number of runs, at least the number of the model's coefficients.
    seed : int, optional
        The same seed gives the same rows; None (the default) gives fresh starts at each call.
    criterion : {"D", "A", "I"}, default "D"
        "D": the coefficients' joint confidence region is smallest. "A": their mean variance is smallest. "I": the mean
        variance of predictions over the space is smallest, best for response surfaces.
    model : {"linear", "interactions", "quadratic"}, default "quadratic"
        Terms: each parameter (k - 1 columns for k categories); and their products; and squares of numbers.

    Raises
    ------
    ValueError
        If a setting is out of range; when sampled, if `n` is below the number of coefficients or above the number of
        candidates, or the candidates do not determine the model.

    References
    ----------
    Fedorov, V. V. (1972). Theory of optimal experiments. Academic Press.

    Cook, R. D., & Nachtsheim, C. J. (1980). A comparison of algorithms for constructing exact D-optimal designs.
    Technometrics, 22(3), 315-324.

    Examples
    --------
    >>> from surrogate.space import Space
    >>> space = Space({"b": (0, 1), "q": (0, 1)}, constraints=["b + q <= 1.5"])
    >>> Optimal(8, seed=0).sample(space).shape
    (8, 2)
    """

    n: int
    seed: int | None = None
    criterion: Criterion = "D"
    model: Model = "quadratic"

    def __post_init__(self) -> None:
        object.__setattr__(self, "n", check_count(self.n, "n"))
        object.__setattr__(self, "seed", check_seed(self.seed))
        for name, given, allowed in (("criterion", self.criterion, Criterion), ("model", self.model, Model)):
            if given not in get_args(allowed):
                raise ValueError(f"{name}: expected one of {', '.join(get_args(allowed))}; got {given!r}.")

    def sample(self, space: Space) -> pd.DataFrame:
        space = Space.from_bounds(space)
        return self._best(space, np.empty((0, len(space))), self.n)

    def _extend(self, space: Space, existing: NDArray[np.float64], n: int) -> pd.DataFrame:
        return self._best(space, existing, n)

    def _best(self, space: Space, existing: NDArray[np.float64], n: int) -> pd.DataFrame:
        """Return the `n` candidates that go best with the existing runs."""
        pool.check_room(space, n, existing)
        rng = self._rng(len(existing))
        candidates = _candidates(space, self.model, n, existing, rng)
        terms = model_terms(space, candidates, self.model)
        kept = model_terms(space, space.from_unit(existing), self.model)
        p = terms.shape[1]
        if n + len(kept) < p:
            raise ValueError(
                f"n: the {self.model} model has {p} coefficients, which {n + len(kept)} runs cannot determine. "
                f"Give at least {p - len(kept)}, or a simpler model."
            )
        if np.linalg.matrix_rank(np.vstack([terms, kept])) < p:
            raise ValueError(
                f"model: the feasible points do not determine the {p} coefficients of the {self.model} model. "
                "Choose a simpler model, or widen the space."
            )
        weight = np.eye(p)
        if self.criterion == "I":
            region = pool.feasible_points(space, _REGION, lambda m: pool.sobol_points(m, len(space), rng))
            region_terms = model_terms(space, space.from_unit(region), self.model)
            weight = region_terms.T @ region_terms / len(region)
        chosen = exchange(terms, n, kept, None if self.criterion == "D" else weight, rng)
        return candidates.iloc[np.sort(chosen)].reset_index(drop=True)


def model_terms(space: Space, rows: pd.DataFrame, model: Model) -> NDArray[np.float64]:
    """Return the columns of a polynomial model, shape (n, p): numbers coded -1 to 1, a column a category but one."""
    coded = 2.0 * space.features(rows) - 1.0
    columns, owners, squares = [np.ones(len(rows))], [], []
    at = 0
    for i, parameter in enumerate(space.parameters.values()):
        width = parameter.n_levels if isinstance(parameter, Categorical) else 1
        own = coded[:, at + 1 : at + width] if isinstance(parameter, Categorical) else coded[:, at : at + 1]
        columns += list(own.T)
        owners += [i] * own.shape[1]
        # Of two values a number has no curve.
        if isinstance(parameter, Real) or (isinstance(parameter, Integer) and parameter.n_levels > 2):
            squares.append(own[:, 0] ** 2)
        at += width
    if model != "linear":
        mains = list(zip(owners, columns[1:], strict=True))
        columns += [a * b for (i, a), (j, b) in combinations(mains, 2) if i != j]
    return np.column_stack(columns + (squares if model == "quadratic" else []))


def _candidates(
    space: Space, model: Model, n: int, existing: NDArray[np.float64], rng: np.random.Generator
) -> pd.DataFrame:
    """Return feasible rows that are not among the existing ones: `n` at least, three times as many if possible."""
    import pandas as pd

    levels = _LEVELS_CONSTRAINED if space.constraints else _LEVELS[model]
    while True:
        grid = _grid(space, levels, rng)
        grid = grid[space.feasible(grid) & ~pool.repeats(space, grid, existing)]
        if len(grid) >= 3 * n or levels >= _MOST_LEVELS:
            break
        levels = 2 * levels - 1  # keeps the coarser grid
    if len(grid) >= 3 * n and not space.constraints:
        return grid.reset_index(drop=True)
    known = np.vstack([existing, space.to_unit(grid)])
    try:
        inner = space.from_unit(pool.feasible_points(space, n, lambda m: pool.sobol_points(m, len(space), rng), known))
    except ValueError:
        if len(grid) < n:
            raise pool.exhausted(space, len(grid), len(grid), n) from None
        return grid.reset_index(drop=True)
    return pd.concat([grid, inner], ignore_index=True)


def _grid(space: Space, levels: int, rng: np.random.Generator) -> pd.DataFrame:
    """Return a regular grid, or a random part of one that is too large."""
    axes = [_axis(parameter, levels) for parameter in space.parameters.values()]
    shape = [len(axis) for axis in axes]
    if math.prod(shape) <= _MOST_CANDIDATES:
        picks = np.stack(np.unravel_index(np.arange(math.prod(shape)), shape), axis=1)
    else:
        picks = rng.integers(shape, size=(_MOST_CANDIDATES, len(shape)))
    return space.from_unit(np.column_stack([axis[pick] for axis, pick in zip(axes, picks.T, strict=True)]))


def _axis(parameter: Parameter, levels: int) -> NDArray[np.float64]:
    """Return the candidates on one axis of the unit cube."""
    if isinstance(parameter, Categorical):
        return np.asarray((np.arange(parameter.n_levels) + 0.5) / parameter.n_levels)
    if isinstance(parameter, Integer):
        values = np.unique(np.round(np.linspace(parameter.low, parameter.high, levels))).astype(np.int64)
        return np.asarray(parameter.to_unit(values))
    return uncode(parameter, np.linspace(-1.0, 1.0, levels))
