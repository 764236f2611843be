"""Classical designs: tables of coded levels from -1 to 1."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from surrogate.design.design import Design
from surrogate.space import Categorical, Integer, Real, Space

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.space.parameter import Parameter


@dataclass(frozen=True)
class Classical(Design):
    """A design that is defined by the coded levels which it visits.

    A subclass writes `coded` and nothing else. The level -1 is the low limit, 0 the middle (in the logarithm on a
    log axis; the median of a distribution) and 1 the high limit; where a distribution has no limit, its 0.1 % or
    99.9 % quantile stands for it. Integers are rounded to the nearest value. A Categorical of two values may be a
    factor of a two-level design: -1 is its first value and 1 its second. Parameters with a single value are held.

    A classical table loses its balance when rows are left out. So where a constraint forbids some, that is an error
    with a way out: `Optimal` is made for constrained regions.
    """

    n: ClassVar[None] = None  # type: ignore[misc]
    seed: ClassVar[int] = 0  # type: ignore[misc]
    least_factors: ClassVar[int] = 1

    @abstractmethod
    def coded(self, factors: Mapping[str, Parameter]) -> NDArray[np.float64]:
        """Return the table for these named parameters, levels in [-1, 1], shape (n, len(factors))."""

    def sample(self, space: Space) -> pd.DataFrame:
        space = Space.from_bounds(space)
        table = self._table(space)
        rows = space.from_unit(table)
        self._check_integers(space, table, rows)
        return self._keep_feasible(rows, space.feasible(rows))

    def _table(self, space: Space) -> NDArray[np.float64]:
        """Return the points of the unit cube, shape (n, d)."""
        factors = {name: p for name, p in space.parameters.items() if not isinstance(p, Categorical) or p.n_levels > 1}
        if len(factors) < self.least_factors:
            raise ValueError(
                f"space: {type(self).__name__} needs at least {self.least_factors} parameters that vary, "
                f"got {len(factors)}. Use FullFactorial or LatinHypercube."
            )
        coded = self.coded(factors)
        table = np.full((len(coded), len(space)), 0.5)
        for levels, (name, parameter) in zip(coded.T, factors.items(), strict=True):
            if isinstance(parameter, Categorical):
                self._check_category(name, parameter, np.unique(levels))
            table[:, space.names.index(name)] = uncode(parameter, levels)
        return table

    def _check_category(self, name: str, parameter: Categorical, levels: NDArray[np.float64]) -> None:
        if parameter.n_levels != 2 or not np.isin(levels, (-1.0, 1.0)).all():
            raise ValueError(
                f"space[{name!r}]: {type(self).__name__} sets each parameter to {len(levels)} levels from low to high, "
                f"which a Categorical of {parameter.n_levels} values does not have. "
                "Use FullFactorial, Optimal or LatinHypercube."
            )

    def _check_integers(self, space: Space, table: NDArray[np.float64], rows: pd.DataFrame) -> None:
        for levels, (name, parameter) in zip(table.T, space.parameters.items(), strict=True):
            wanted, found = len(np.unique(levels)), rows[name].nunique()
            if isinstance(parameter, Integer) and found < wanted:
                raise ValueError(
                    f"space[{name!r}]: {type(self).__name__} sets it to {wanted} levels, but only {found} whole "
                    "numbers remain. Widen it, or use Optimal or LatinHypercube."
                )

    def _keep_feasible(self, rows: pd.DataFrame, feasible: NDArray[np.bool_]) -> pd.DataFrame:
        if not feasible.all():
            raise ValueError(
                f"constraints: {np.sum(~feasible)} of the {len(rows)} runs of {type(self).__name__} break them, and "
                "without these its table is no longer balanced. Use Optimal, which is made for constrained regions, "
                "or LatinHypercube."
            )
        return rows


def uncode(parameter: Parameter, levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map coded levels to the unit interval."""
    low, high = parameter.to_unit(np.array(parameter.scale)) if isinstance(parameter, Real) else (0.0, 1.0)
    return np.asarray(low + (high - low) * (1.0 + levels) / 2.0)
