"""Kernel density: new rows near rows of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.design.data_driven import DataDrivenDesign

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.design.data_table import DataTable


@dataclass
class KernelDensity(DataDrivenDesign):
    """Rows drawn from a kernel density estimate of the data.

    A row of the data is chosen and moved: numbers by a normal distribution whose width is the column's standard
    deviation times `bandwidth`, reflected at the limits of the data so that no probability leaks out; names are kept
    or, with the probability of Aitchison and Aitken's kernel for as many rows, drawn anew from their column.

    Parameters
    ----------
    bandwidth : float or "scott", default "scott"
        Width of the kernels in standard deviations; "scott" is ``n**(-1 / (m + 4))`` for n rows of m columns. 0 gives
        copies.
    nominal : names or positions of columns, optional
        Columns of numbers that are names and not sizes.

    References
    ----------
    Scott, D. W. (1992). Multivariate density estimation. Wiley.
    Li, Q., Racine, J. (2003). Nonparametric estimation of distributions with categorical and continuous data.
    Journal of Multivariate Analysis 86, 266-292.

    Examples
    --------
    >>> X = np.array([[0.0, 5.0], [1.0, 6.0], [0.5, 7.0]])
    >>> rows = KernelDensity().fit(X).sample(100, seed=0)
    >>> rows.shape, bool((rows.min(axis=0) >= [0.0, 5.0]).all())
    ((100, 2), True)
    """

    bandwidth: float | str = "scott"

    def __post_init__(self) -> None:
        if not (self.bandwidth == "scott" or (isinstance(self.bandwidth, (int, float)) and self.bandwidth >= 0)):
            raise ValueError(f'bandwidth: "scott" or a number from 0 on is needed; got {self.bandwidth!r}.')

    def _fit(self, table: DataTable, teacher: Any) -> None:
        n, m = table.coded.shape
        scott = float(n ** (-1 / (m + 4)))
        self.factor_ = scott if self.bandwidth == "scott" else float(self.bandwidth)
        self._width = np.where(table.nominal, 0.0, self.factor_ * np.nanstd(table.coded, axis=0))
        counts = np.array([1 if c.values is None else len(c.values) for c in table.columns])
        self._renew = np.where(table.nominal, min(1.0, self.factor_**2) * (counts - 1) / counts, 0.0)

    def _sample(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        data = self.table_.coded
        rows = data[rng.integers(len(data), size=n)]
        rows = rows + self._width * rng.standard_normal(rows.shape)
        anew = rng.random(rows.shape) < self._renew
        others = data[rng.integers(len(data), size=rows.shape), np.arange(rows.shape[1])]
        return reflected(np.where(anew, others, rows), self.table_)


def reflected(rows: NDArray[np.float64], table: DataTable) -> NDArray[np.float64]:
    """Return coded rows with numbers beyond a limit of the data mirrored at it."""
    low = np.array([-np.inf if c.nominal else c.low for c in table.columns])
    high = np.array([np.inf if c.nominal else c.high for c in table.columns])
    rows = np.where(rows < low, 2 * low - rows, rows)
    return np.where(rows > high, 2 * high - rows, rows)
