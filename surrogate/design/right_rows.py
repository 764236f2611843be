"""Right rows: new rows from the part of the data of which the teacher tells the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from surrogate.design.data_driven import DataDrivenDesign
from surrogate.design.munge import Munge

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.design.data_table import DataTable


@dataclass
class RightRows(DataDrivenDesign):
    """Rows from those rows of the data that the teacher gets right, as in Re-RX.

    Where the teacher errs its label is one that the student had better not learn. Re-RX drops such rows and learns from
    the others; here a design also makes new rows from the others.

    Parameters
    ----------
    design : data-driven design, optional
        Makes the rows, by default `Munge`; ``Bootstrap()`` for the right rows themselves, as in Re-RX.
    nominal : names or positions of columns, optional
        Columns of numbers that are names and not sizes.

    References
    ----------
    Setiono, R., Baesens, B., Mues, C. (2008). Recursive neural network rule extraction for data with mixed attributes.
    IEEE Transactions on Neural Networks 19, 299-307.

    Examples
    --------
    >>> X, y = np.array([[0.0], [1.0], [2.0], [3.0], [4.0]]), np.array([0, 0, 1, 1, 0])
    >>> rows = RightRows().fit(X, right=(X[:, 0] > 1.5) == y).sample(100, seed=0)
    >>> bool(rows.max() <= 3)
    True
    """

    design: DataDrivenDesign | None = None

    def fit(self, X: Any, teacher: Any = None, right: Any = None) -> Self:
        """Learn from the right rows of a table what new rows should be like.

        Parameters
        ----------
        X : DataFrame or array_like of shape (n, m)
        teacher : object, optional
            For a `design` that depends on it.
        right : array_like of bool, shape (n,)
            Which rows the teacher gets right. `distill` tells it: of a teacher that overfits by the answers of copies
            that had not seen the row; in regression a row is wrong whose error is above three standard deviations, as
            the median tells them. Rows whose truth is not known count as right.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If it is not known which rows are right, or less than two are.
        """
        if right is None:
            raise ValueError("right: true labels are needed to know which rows the teacher gets right: give y.")
        told = np.asarray(right, dtype=bool)
        if told.shape != (len(X),):
            raise ValueError(f"right: one truth value for each of {len(X)} rows is needed; got shape {told.shape}.")
        if told.sum() < 2:
            raise ValueError(f"right: the teacher gets {told.sum()} of {len(told)} rows right; two are needed.")
        return super().fit(X[told] if hasattr(X, "iloc") else np.asarray(X)[told], teacher)

    def _fit(self, table: DataTable, teacher: Any) -> None:
        self._rows = (Munge() if self.design is None else self.design).fitted_to(table, teacher)

    def _sample(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        return self._rows._sample(n, rng)
