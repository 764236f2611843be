"""Rows and values of the data drawn again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.design.data_driven import DataDrivenDesign

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.design.data_table import DataTable


@dataclass
class Bootstrap(DataDrivenDesign):
    """Rows of the data drawn with replacement: the baseline that adds no new row.

    Parameters
    ----------
    nominal : names or positions of columns, optional
        Columns of numbers that are names and not sizes.

    References
    ----------
    Efron, B. (1979). Bootstrap methods: another look at the jackknife. Annals of Statistics 7, 1-26.

    Examples
    --------
    >>> Bootstrap().fit([[1, 2], [3, 4]]).sample(3, seed=0).tolist()
    [[3, 4], [3, 4], [3, 4]]
    """

    def _fit(self, table: DataTable, teacher: Any) -> None:
        """Nothing but the table is needed."""

    def _sample(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        data = self.table_.coded
        return data[rng.integers(len(data), size=n)]


@dataclass
class Marginals(DataDrivenDesign):
    """Each value drawn from its own column, without regard to the others ("RANDOM" in the paper of MUNGE).

    Parameters
    ----------
    nominal : names or positions of columns, optional
        Columns of numbers that are names and not sizes.

    References
    ----------
    Bucila, C., Caruana, R., Niculescu-Mizil, A. (2006). Model compression. KDD, 535-541.

    Examples
    --------
    >>> rows = Marginals().fit([[0, 0], [1, 1], [2, 2]]).sample(200, seed=0)
    >>> len({tuple(row) for row in rows.tolist()})
    9
    """

    def _fit(self, table: DataTable, teacher: Any) -> None:
        """Nothing but the table is needed."""

    def _sample(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        data = self.table_.coded
        return data[rng.integers(len(data), size=(n, data.shape[1])), np.arange(data.shape[1])]
