"""Uniform rows in the box of the data, and any design of experiments in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.design.data_driven import DataDrivenDesign
from surrogate.design.design import Design

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.design.data_table import DataTable


@dataclass
class BoxSampling(DataDrivenDesign):
    """Rows that fill the box of the data without regard to where the data are.

    Parameters
    ----------
    design : Design, optional
        How to fill it, such as ``LatinHypercube(1)``: its own number and seed are replaced by those of `sample`.
        Default: independent uniform rows.
    nominal : names or positions of columns, optional
        Columns of numbers that are names and not sizes.

    Examples
    --------
    >>> from surrogate.design import LatinHypercube
    >>> X = [[0.0, 1], [1.0, 5], [4.0, 9]]
    >>> rows = BoxSampling(LatinHypercube(1)).fit(X).sample(4, seed=0)
    >>> sorted(np.floor(rows[:, 0]).tolist())
    [0.0, 1.0, 2.0, 3.0]
    """

    design: Design | None = None

    def _fit(self, table: DataTable, teacher: Any) -> None:
        self._space = table.space

    def _sample(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        if self.design is None:
            rows = self._space.from_unit(rng.random((n, len(self._space))))
        else:
            settled: Any = replace(self.design, n=n, seed=int(rng.integers(2**31)))  # type: ignore[type-var]
            rows = settled.sample(self._space)
        return self.table_.codes_of(rows)
