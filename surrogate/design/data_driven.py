"""What a data-driven design is: rows like those of a table, drawn after it has been fitted to the table."""

from __future__ import annotations

import copy
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from surrogate.design.data_table import DataTable
from surrogate.design.design import check_count, check_seed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


@dataclass
class DataDrivenDesign(ABC):
    """A rule for drawing new rows that are like the rows of a table.

    Tables may mix columns of numbers with nominal ones (text, categories, booleans, and numbers of two values at most).
    New rows have the columns and dtypes of the table; whole numbers stay whole, a nominal column never leaves its
    values, and numbers never leave the limits of the data.

    Parameters
    ----------
    nominal : names or positions of columns, optional
        Columns of numbers that are names and not sizes, such as codes of a country.

    Attributes
    ----------
    kind : str
        The class name in snake_case.
    """

    kind: ClassVar[str]
    nominal: Sequence[Any] | None = field(default=None, kw_only=True)

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls.kind = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", cls.__name__).lower()

    def fit(self, X: Any, teacher: Any = None) -> Self:
        """Learn from a table what new rows should be like.

        Parameters
        ----------
        X : DataFrame or array_like of shape (n, m)
            Missing numbers (NaN) are a value of their own.
        teacher : object, optional
            The model that will be asked, for designs that depend on it (`Boundary`, `LeafSampling`); the others do
            not look at it. `RightRows` must also be told which rows it gets right.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If the table cannot be read, or the design learns nothing from it.
        """
        self.table_ = DataTable.read(X, self.nominal)
        self._fit(self.table_, teacher)
        return self

    def fitted_to(self, table: DataTable, teacher: Any = None) -> Self:
        """Return a copy that is fitted to a table that was read, for designs made of others."""
        own = copy.copy(self)
        own.table_ = table
        own._fit(table, teacher)
        return own

    def sample(self, n: int, seed: int | None = None) -> Any:
        """Return new rows.

        Parameters
        ----------
        n : int
            How many.
        seed : int, optional
            The same seed gives the same rows; None gives fresh ones at each call.

        Returns
        -------
        DataFrame or ndarray of shape (n, m)
            As the table was.

        Raises
        ------
        ValueError
            Before `fit`, or for a wrong `n` or `seed`.
        """
        if not hasattr(self, "table_"):
            raise ValueError(f"{type(self).__name__}: fit it to data before sampling: .fit(X).sample({n}).")
        rng = np.random.default_rng(check_seed(seed))
        return self.table_.decode(self._sample(check_count(n, "n"), rng))

    @abstractmethod
    def _fit(self, table: DataTable, teacher: Any) -> None:
        """Learn from a table that was read."""

    @abstractmethod
    def _sample(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return `n` coded rows, shape (n, m)."""
