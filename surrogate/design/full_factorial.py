"""Full factorial designs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.design.classical import Classical
from surrogate.design.design import check_count
from surrogate.space import Categorical, Integer

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.space.parameter import Parameter

_MOST_RUNS = 10_000_000
_DEFAULT = 3


@dataclass(frozen=True)
class FullFactorial(Classical):
    """Every combination of levels: a regular grid, both limits included.

    Categories always take all of their values, integers as many of theirs as asked for at most. Combinations that
    break a constraint are left out.

    Parameters
    ----------
    levels : int, list or dict, default 3
        How many levels each parameter takes, at least 2: one number for all, a list with one for each, or a dict by
        name, in which parameters that are not named take 3. Three show curvature.

    Raises
    ------
    ValueError
        If a number of levels is out of range, a name unknown, or the grid larger than 10 million runs.

    Examples
    --------
    >>> FullFactorial(levels={"q": 2}).sample({"b": (0.0, 1.0), "q": (2.0, 4.0)})
         b    q
    0  0.0  2.0
    1  0.5  2.0
    2  1.0  2.0
    3  0.0  4.0
    4  0.5  4.0
    5  1.0  4.0
    """

    levels: int | Sequence[int] | Mapping[str, int] = _DEFAULT

    def __post_init__(self) -> None:
        if isinstance(self.levels, Mapping):
            checked: Any = {name: check_count(m, f"levels[{name!r}]", 2) for name, m in self.levels.items()}
        elif isinstance(self.levels, (list, tuple, np.ndarray)):
            checked = tuple(check_count(m, f"levels[{i}]", 2) for i, m in enumerate(self.levels))
        else:
            checked = check_count(self.levels, "levels", 2)
        object.__setattr__(self, "levels", checked)

    def coded(self, factors: Mapping[str, Parameter]) -> NDArray[np.float64]:
        from pydoe import fullfact

        counts = [_count(parameter, m) for parameter, m in zip(factors.values(), self._levels(factors), strict=True)]
        if math.prod(counts) > _MOST_RUNS:
            raise ValueError(
                f"levels: {' x '.join(map(str, counts))} = {math.prod(counts):.3g} runs; at most {_MOST_RUNS:,} are "
                "possible. Give fewer levels, or use LatinHypercube, whose number of runs you choose."
            )
        return np.asarray(2.0 * fullfact(counts) / (np.array(counts) - 1.0) - 1.0)

    def _levels(self, factors: Mapping[str, Parameter]) -> list[int]:
        if isinstance(self.levels, int):
            return [self.levels] * len(factors)
        if isinstance(self.levels, Mapping):
            for name in self.levels:
                if name not in factors:
                    raise ValueError(
                        f"levels: {name!r} is not a parameter that varies; these are {', '.join(factors)}."
                    )
            return [self.levels.get(name, _DEFAULT) for name in factors]
        if len(self.levels) != len(factors):
            raise ValueError(
                f"levels: expected {len(factors)} numbers, one each for {', '.join(factors)}; got {len(self.levels)}."
            )
        return list(self.levels)

    def _check_category(self, name: str, parameter: Categorical, levels: NDArray[np.float64]) -> None:
        """Every category is a level here, so nothing can be wrong."""

    def _keep_feasible(self, rows: pd.DataFrame, feasible: NDArray[np.bool_]) -> pd.DataFrame:
        if not feasible.any():
            raise ValueError(
                f"constraints: all {len(rows)} combinations break them. Give more levels, check the constraints, "
                "or use LatinHypercube."
            )
        return rows[feasible].reset_index(drop=True)


def _count(parameter: Parameter, levels: int) -> int:
    if isinstance(parameter, Categorical):
        return parameter.n_levels
    return min(levels, parameter.n_levels) if isinstance(parameter, Integer) else levels
