"""Leaf sampling: new rows inside the leaves of an ensemble's trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.design.data_driven import DataDrivenDesign

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.design.data_table import DataTable


@dataclass
class LeafSampling(DataDrivenDesign):
    """Rows drawn inside the leaves of an ensemble's trees, as in combined multiple models (CMM).

    A tree is drawn, and a row of the data, whose leaf in that tree is sampled: numbers that the path to the leaf
    restricts are uniform between its limits and those of the data, all other values are the row's. So leaves come as
    often as they hold data.

    Parameters
    ----------
    ensemble : fitted scikit-learn tree, forest, bagging or boosting, optional
        By default the teacher that is given to `fit`. Its columns must be those of the table, as numbers.
    nominal : names or positions of columns, optional
        Columns of numbers that are names and not sizes; they keep the row's value.

    References
    ----------
    Domingos, P. (1997). Knowledge acquisition from examples via multiple models. ICML, 98-106.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> X = np.array([[0.0], [1.0], [2.0], [3.0]])
    >>> tree = DecisionTreeClassifier().fit(X, [0, 0, 1, 1])
    >>> rows = LeafSampling(tree).fit(X).sample(1000, seed=0)
    >>> round(float(rows.min()), 1), round(float(rows.max()), 1), round(float((rows > 1.5).mean()), 1)
    (0.0, 3.0, 0.5)
    """

    ensemble: Any = None

    def _fit(self, table: DataTable, teacher: Any) -> None:
        trees = _trees(teacher if self.ensemble is None else self.ensemble)
        if any(tree.n_features != len(table.columns) for tree in trees):
            raise ValueError(
                f"ensemble: its trees have {trees[0].n_features} columns, X has {len(table.columns)}. Encode names as "
                "numbers before, or use another design."
            )
        self._limits = [_limits(tree) for tree in trees]
        rows = np.ascontiguousarray(np.where(np.isnan(table.coded), 0.0, table.coded), dtype=np.float32)
        self._leaves = [tree.apply(rows) for tree in trees]

    def _sample(self, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
        table = self.table_
        drawn = rng.integers(len(table), size=n)
        rows = table.coded[drawn]
        low = np.array([column.low for column in table.columns])
        high = np.array([column.high for column in table.columns])
        which = rng.integers(len(self._limits), size=n)
        for i, (above, below) in enumerate(self._limits):
            at = np.flatnonzero(which == i)
            leaf = self._leaves[i][drawn[at]]
            restricted = (np.isfinite(above[leaf]) | np.isfinite(below[leaf])) & ~table.nominal
            start, end = np.maximum(above[leaf], low), np.minimum(below[leaf], high)
            values = start + (end - start) * rng.random(start.shape)
            rows[at] = np.where(restricted & (end > start), values, rows[at])
        return rows


def _trees(model: Any) -> list[Any]:
    """Return the trees of a fitted scikit-learn model."""
    if hasattr(model, "tree_"):
        return [model.tree_]
    members = np.ravel(np.asarray(getattr(model, "estimators_", ()), dtype=object))
    trees = [one.tree_ for one in members if hasattr(one, "tree_")]
    if not trees:
        raise ValueError(
            f"ensemble: a fitted tree or an ensemble of trees of scikit-learn is needed; got {type(model).__name__}. "
            "Fit a random forest to the same rows and write LeafSampling(forest)."
        )
    return trees


def _limits(tree: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the limits of every node, shape (nodes, m) each; infinite where the path does not restrict."""
    above = np.full((tree.node_count, tree.n_features), -np.inf)
    below = np.full((tree.node_count, tree.n_features), np.inf)
    for node in range(tree.node_count):  # children come after their parents
        left, right = tree.children_left[node], tree.children_right[node]
        if left < 0:
            continue
        column, cut = tree.feature[node], tree.threshold[node]
        for child in (left, right):
            above[child], below[child] = above[node], below[node]
        below[left, column] = min(below[left, column], cut)
        above[right, column] = max(above[right, column], cut)
    return above, below
