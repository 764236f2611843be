"""Boundary points: new rows where the teacher changes its mind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.design.data_driven import DataDrivenDesign

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.design.data_table import DataTable


@dataclass
class Boundary(DataDrivenDesign):
    """Rows between the rows on both sides of a classifier's boundary ("valley points", as in ALPA).

    The rows of which the teacher is least sure (its two highest probabilities differ least) make the boundary set, with
    at least one row of each class. Each goes with the nearest row of the set to which the teacher gives another class,
    and new rows lie between the two: each number at its own random share of the way, each name from one of the two.

    Parameters
    ----------
    teacher : fitted classifier with ``predict_proba``, optional
        By default the teacher that is given to `fit`.
    share : float, default 0.2
        Part of the rows that makes the boundary set, ALPA's rho.
    nominal : names or positions of columns, optional
        Columns of numbers that are names and not sizes.

    References
    ----------
    de Fortuny, E. J., Martens, D. (2015). Active learning-based pedagogical rule extraction. IEEE Transactions on
    Neural Networks and Learning Systems 26, 2664-2677.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> X = np.linspace(-1, 1, 41)[:, None]
    >>> teacher = LogisticRegression().fit(X, X[:, 0] > 0)
    >>> rows = Boundary().fit(X, teacher).sample(1000, seed=0)
    >>> bool(np.abs(rows).max() < 0.3)
    True
    """

    teacher: Any = None
    share: float = 0.2

    def __post_init__(self) -> None:
        if not 0.0 < self.share <= 1.0:
            raise ValueError(f"share: a number above 0 and up to 1 is needed; got {self.share}.")

    def _fit(self, table: DataTable, teacher: Any) -> None:
        from sklearn.neighbors import NearestNeighbors

        teacher = teacher if self.teacher is None else self.teacher
        if not hasattr(teacher, "predict_proba"):
            raise ValueError("teacher: a fitted classifier with predict_proba is needed; others need another design.")
        chance = np.asarray(teacher.predict_proba(table.decode(table.coded)))
        told, ranked = chance.argmax(axis=1), np.sort(chance, axis=1)
        margin = ranked[:, -1] - ranked[:, -2]
        classes = np.unique(told)
        if len(classes) < 2:
            raise ValueError("teacher: it gives all rows the same class, so there is no boundary. Use another design.")
        kept = set(np.argsort(margin, kind="stable")[: max(2, round(self.share * len(table)))].tolist())
        for one in classes:
            rows = np.flatnonzero(told == one)
            kept.add(int(rows[margin[rows].argmin()]))
        chosen = np.array(sorted(kept))
        points, self._first = table.points[chosen], chosen
        self._second = np.empty(len(chosen), dtype=np.intp)
        for one in classes:
            inside = told[chosen] == one
            near = NearestNeighbors(n_neighbors=1).fit(points[~inside])
            self._second[inside] = chosen[~inside][near.kneighbors(points[inside], return_distance=False)[:, 0]]

    def _sample(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        pair, data = rng.integers(len(self._first), size=n), self.table_.coded
        a, b = data[self._first[pair]], data[self._second[pair]]
        way = rng.random(a.shape)
        one_of_both = self.table_.nominal | np.isnan(a) | np.isnan(b)
        return np.where(one_of_both, np.where(way < 0.5, a, b), a + way * (b - a))
