"""Boundary points: new rows where the teacher changes its mind."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.design.data_driven import DataDrivenDesign
from surrogate.design.kernel_density import reflected
from surrogate.design.munge import Munge

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.design.data_table import DataTable

    Rows = NDArray[np.intp]

_ROWS = 2000  # among which the boundary is sought


@dataclass
class Boundary(DataDrivenDesign):
    """Rows between the rows on both sides of a classifier's boundary ("valley points", as in ALPA), among others.

    The rows of which the teacher is least sure (its two highest probabilities differ least) make the boundary set, with
    at least one row of each class. Each goes with the nearest row of the set to which the teacher gives another class,
    and new rows lie between the two: each number at its own random share of the way, each name from one of the two.

    ALPA adds at most 2.5 such points per row of the data: many more, and a student forgets the rest of the space. So
    they are a part of the new rows, and the others follow the density of the data. The boundary is sought among rows of
    the data and, where these are less than 2,000, of that density.

    Parameters
    ----------
    teacher : fitted classifier with ``predict_proba``, optional
        By default the teacher that is given to `fit`.
    share : float, default 0.2
        Part of the rows that makes the boundary set, ALPA's rho.
    part : float, default 0.5
        Part of the new rows that lies at the boundary, 1 for all. ALPA's r of 0.5 to 2.5 is 0.33 to 0.71 here. With 1,
        trees of 8 leaves lost 0.02 of their accuracy on 60 rows of breast_cancer where they gain 0.014 with 0.5.
    density : data-driven design, optional
        Makes the other rows, by default `Munge`; `Bootstrap` for rows of the data, as in ALPA.
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
    >>> rows = Boundary(part=1.0).fit(X, teacher).sample(1000, seed=0)
    >>> bool(np.abs(rows).max() < 0.3)
    True
    """

    teacher: Any = None
    share: float = 0.2
    part: float = 0.5
    density: DataDrivenDesign | None = None

    def __post_init__(self) -> None:
        for name in ("share", "part"):
            if not 0.0 < getattr(self, name) <= 1.0:
                raise ValueError(f"{name}: a number above 0 and up to 1 is needed; got {getattr(self, name)}.")

    def _fit(self, table: DataTable, teacher: Any) -> None:
        teacher = teacher if self.teacher is None else self.teacher
        if not hasattr(teacher, "predict_proba"):
            raise ValueError("teacher: a fitted classifier with predict_proba is needed; others need another design.")
        self._others = (Munge() if self.density is None else self.density).fitted_to(table, teacher)
        if len(table) < _ROWS:
            more = self._others._sample(_ROWS - len(table), np.random.default_rng(0))
            table = replace(table, coded=np.concatenate([table.coded, reflected(more, table)]))
        self._coded = table.coded
        chance = np.asarray(teacher.predict_proba(table.decode(table.coded)))
        self._first, self._second = self._pairs(table.points, chance)

    def _pairs(self, points: NDArray[np.float64], chance: NDArray[np.float64]) -> tuple[Rows, Rows]:
        """Return the rows of the boundary set, and for each the nearest of another class."""
        from sklearn.neighbors import NearestNeighbors

        told, ranked = chance.argmax(axis=1), np.sort(chance, axis=1)
        classes = np.unique(told)
        if len(classes) < 2:
            raise ValueError("teacher: it gives all rows the same class, so there is no boundary. Use another design.")
        margin = ranked[:, -1] - ranked[:, -2]
        kept = set(np.argsort(margin, kind="stable")[: max(2, round(self.share * len(points)))].tolist())
        for one in classes:
            rows = np.flatnonzero(told == one)
            kept.add(int(rows[margin[rows].argmin()]))
        first = np.array(sorted(kept))
        second = np.empty(len(first), dtype=np.intp)
        for one in classes:
            inside = told[first] == one
            near = NearestNeighbors(n_neighbors=1).fit(points[first[~inside]])
            second[inside] = first[~inside][near.kneighbors(points[first[inside]], return_distance=False)[:, 0]]
        return first, second

    def _sample(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        at_boundary = round(self.part * n)
        pair = rng.integers(len(self._first), size=at_boundary)
        a, b = self._coded[self._first[pair]], self._coded[self._second[pair]]
        way = rng.random(a.shape)
        one_of_both = self.table_.nominal | np.isnan(a) | np.isnan(b)
        rows = np.where(one_of_both, np.where(way < 0.5, a, b), a + way * (b - a))
        if at_boundary == n:
            return rows
        return rng.permutation(np.concatenate([rows, self._others._sample(n - at_boundary, rng)]))
