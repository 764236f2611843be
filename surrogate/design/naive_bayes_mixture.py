"""NBE: a mixture in whose components the columns are independent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.design.data_driven import DataDrivenDesign
from surrogate.design.design import check_count
from surrogate.design.kernel_density import reflected

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.design.data_table import DataTable

    Floats = NDArray[np.float64]

_ITERATIONS = 100
_LEAST_DEVIATION = 0.01  # of a column's range, so that no component shrinks to a point
_COMPONENTS = (1, 2, 4, 8, 16, 32)


@dataclass
class NaiveBayesMixture(DataDrivenDesign):
    """Rows drawn by naive Bayes estimation (NBE): a mixture with independent columns in each component.

    Numbers are normal and names have shares, in each component their own; expectation maximisation fits them. It is the
    density estimate that MUNGE was compared with.

    Parameters
    ----------
    n_components : int, optional
        Number of components; by default of 1, 2, 4, ..., 32 the one with the highest likelihood on a held-out fifth.
    nominal : names or positions of columns, optional
        Columns of numbers that are names and not sizes.

    References
    ----------
    Lowd, D., Domingos, P. (2005). Naive Bayes models for probability estimation. ICML, 529-536.

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"a": ["x", "x", "y", "y"] * 10, "b": ["u", "u", "v", "v"] * 10})
    >>> rows = NaiveBayesMixture(2).fit(X).sample(1000, seed=0)
    >>> bool(((rows["a"] == "x") == (rows["b"] == "u")).mean() > 0.9)
    True
    """

    n_components: int | None = None

    def _fit(self, table: DataTable, teacher: Any) -> None:
        if self.n_components is not None:
            check_count(self.n_components, "n_components")
        data = _Data.of(table)
        rng = np.random.default_rng(0)
        k = 1 if len(table) == 1 else self.n_components
        if k is None:
            order = rng.permutation(len(table))
            held, kept = np.split(order, [max(1, len(order) // 5)])
            candidates = [c for c in _COMPONENTS if 5 * c <= max(len(kept), 5)]
            k = max(candidates, key=lambda c: data.take(held).likelihood(data.take(kept).fit(c, 0)))
        self.n_components_, self._model = k, data.fit(k, 0)

    def _sample(self, n: int, rng: np.random.Generator) -> Floats:
        model, table = self._model, self.table_
        component = rng.choice(len(model.weights), size=n, p=model.weights)
        rows = np.empty((n, len(table.columns)))
        low, width = table.scale
        drawn = model.means[component] + model.deviations[component] * rng.standard_normal((n, model.means.shape[1]))
        sizes = np.flatnonzero(~table.nominal)
        rows[:, sizes] = low[sizes] + width[sizes] * drawn
        rows[:, sizes] = np.where(rng.random(drawn.shape) < model.missing[component], np.nan, rows[:, sizes])
        for at, shares in zip(np.flatnonzero(table.nominal), model.shares, strict=True):
            chance = np.cumsum(shares[component], axis=1)
            rows[:, at] = (rng.random((n, 1)) * chance[:, -1:] > chance).sum(axis=1)
        return reflected(rows, table)


@dataclass(frozen=True)
class _Model:
    weights: Floats  # (k,)
    means: Floats  # (k, sizes)
    deviations: Floats
    missing: Floats  # share of numbers that are missing
    shares: tuple[Floats, ...]  # (k, names) for each nominal column


@dataclass(frozen=True)
class _Data:
    """Numbers (NaN where missing) and names as indicators."""

    sizes: Floats
    names: tuple[Floats, ...]

    @classmethod
    def of(cls, table: DataTable) -> _Data:
        scaled = table.scaled
        indicators = tuple(
            np.eye(len(column.values))[scaled[:, i].astype(np.intp)]
            for i, column in enumerate(table.columns)
            if column.values is not None
        )
        return cls(scaled[:, ~table.nominal], indicators)

    def take(self, rows: NDArray[np.intp]) -> _Data:
        return _Data(self.sizes[rows], tuple(indicator[rows] for indicator in self.names))

    def __len__(self) -> int:
        return len(self.sizes)

    def fit(self, k: int, seed: int) -> _Model:
        """Maximise the likelihood by expectation maximisation, from rows far from each other as centres."""
        known = ~np.isnan(self.sizes)
        filled = np.where(known, self.sizes, 0.5)
        points = np.hstack([filled, *self.names])
        part = np.eye(k)[_nearest_centres(points, k, np.random.default_rng(seed))]
        model, before = self._maximised(part, known, filled), -np.inf
        for _ in range(_ITERATIONS):
            joint = self._joint(model)
            top = joint.max(axis=1, keepdims=True)
            part = np.exp(joint - top)
            now = float((top[:, 0] + np.log(part.sum(axis=1))).mean())
            model = self._maximised(part / part.sum(axis=1, keepdims=True), known, filled)
            if now - before < 1e-5:
                break
            before = now
        return model

    def _maximised(self, part: Floats, known: NDArray[np.bool_], filled: Floats) -> _Model:
        mass = part.sum(axis=0) + 1e-9
        there = part.T @ known + 1e-9
        means = (part.T @ (known * filled) + 1e-9 * 0.5) / there
        second = (part.T @ (known * filled**2) + 1e-9 * 0.25) / there
        deviations = np.sqrt(np.maximum(second - means**2, _LEAST_DEVIATION**2))
        # One row in all, spread by the whole table's shares, keeps every name possible where it was seldom.
        shares = tuple((part.T @ one + one.mean(axis=0)) / (mass[:, None] + 1) for one in self.names)
        return _Model(mass / mass.sum(), means, deviations, 1 - np.clip(there / mass[:, None], 0, 1), shares)

    def _joint(self, model: _Model) -> Floats:
        """Logarithm of the probability of each row and component, shape (n, k)."""
        known = ~np.isnan(self.sizes)
        joint = np.tile(np.log(model.weights), (len(self), 1))
        for i in range(self.sizes.shape[1]):
            z = (self.sizes[:, i : i + 1] - model.means[:, i]) / model.deviations[:, i]
            there = known[:, i : i + 1]
            joint += np.where(there, -0.5 * z**2 - np.log(model.deviations[:, i]), 0.0)
            absent = np.clip(model.missing[:, i], 1e-9, 1 - 1e-9)
            joint += np.where(there, np.log1p(-absent), np.log(absent))
        for indicator, shares in zip(self.names, model.shares, strict=True):
            joint += indicator @ np.log(shares + 1e-12).T
        return joint

    def likelihood(self, model: _Model) -> float:
        joint = self._joint(model)
        top = joint.max(axis=1)
        return float((top + np.log(np.exp(joint - top[:, None]).sum(axis=1))).mean())


def _nearest_centres(points: Floats, k: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Return the nearest of `k` rows as centres, each drawn by its squared distance from those before (k-means++)."""
    nearest = np.zeros(len(points), dtype=np.intp)
    distance = ((points - points[rng.integers(len(points))]) ** 2).sum(axis=1)
    for i in range(1, k):
        if not distance.any():
            break
        centre = points[rng.choice(len(points), p=distance / distance.sum())]
        other = ((points - centre) ** 2).sum(axis=1)
        nearest = np.where(other < distance, i, nearest)
        distance = np.minimum(distance, other)
    return nearest
