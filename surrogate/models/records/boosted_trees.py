"""The record of boosted trees: one flat table of nodes for all trees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from surrogate.models.records.cut import first_reaching
from surrogate.models.records.record import Record
from surrogate.models.records.tree_walk import TreeWalk, tree_walk

#: Rows times trees from which the compiled walk is worth its start, a second in the first process that needs it.
_COMPILE_FROM = 20_000_000


@dataclass(frozen=True, eq=False)
class BoostedTreesRecord(Record):
    """A sum of regression trees that are walked as xgboost walks them.

    Features are scaled to ``(X - location) / width`` in float64, then rounded to float32. A row goes to the first
    child of a node when its feature is below the threshold, to the second when it is not, and to the `missing` one
    when it is NaN. These comparisons are xgboost's own, so every row ends in the same leaves; they are made by
    `cuts`, which need neither scale nor rounding. Leaf values are added
    in float64, where xgboost adds in float32: for a few hundred trees the two differ by up to some 1e-6 of the spread
    of the output, and ours is the more exact.

    Parameters
    ----------
    location, width : ndarray of shape (p,)
        Scale of the features.
    roots : ndarray of int32, shape (trees,)
        The node at which each tree starts.
    feature : ndarray of int32, shape (nodes,)
        Column that a node compares; 0 for leaves.
    threshold : ndarray of float32, shape (nodes,)
        What it is compared with; 0 for leaves.
    children : ndarray of int32, shape (nodes, 2)
        Next nodes; a leaf is its own child, so that short trees wait for deep ones.
    missing : ndarray of int32, shape (nodes,)
        Which child, 0 or 1, takes rows where the feature is NaN.
    value : ndarray of shape (nodes,)
        What a leaf adds, in the output's unit; 0 for other nodes.
    depth : int
        Steps from the roots to the deepest leaf.
    base : float
        What the sum starts from, in the output's unit.
    """

    kind: ClassVar[str] = "boosted_trees"

    location: NDArray[np.float64]
    width: NDArray[np.float64]
    roots: NDArray[np.int32]
    feature: NDArray[np.int32]
    threshold: NDArray[np.float32]
    children: NDArray[np.int32]
    missing: NDArray[np.int32]
    value: NDArray[np.float64]
    depth: int
    base: float

    def __post_init__(self) -> None:
        super().__post_init__()
        n, p = len(self.value), len(self.location)
        shapes = [a.shape for a in (self.width, self.feature, self.threshold, self.children, self.missing)]
        if shapes != [(p,), (n,), (n,), (n, 2), (n,)] or self.location.ndim != 1 or self.roots.ndim != 1:
            raise ValueError(f"boosted_trees: shapes (p,), (n,), (n,), (n, 2), (n,) are needed; got {shapes}.")
        for name, array, limit in (
            ("roots", self.roots, n),
            ("children", self.children, n),
            ("feature", self.feature, p),
            ("missing", self.missing, 2),
        ):
            if array.size and not (array.min() >= 0 and array.max() < limit):
                raise ValueError(f"boosted_trees.{name}: numbers from 0 to {limit - 1} are needed.")

    @property
    def n_features(self) -> int:
        """Number of columns of `X`."""
        return len(self.location)

    @property
    def _row_bytes(self) -> int:
        return 40 * len(self.roots) + 12 * self.n_features

    @cached_property
    def cuts(self) -> NDArray[np.float64]:
        """The smallest feature that goes to the second child, for each node; shape (nodes,).

        ``X[:, feature] >= cuts`` decides as the comparison of scaled float32 numbers does.
        """
        column = self.feature

        def scaled(x: NDArray[np.float64]) -> NDArray[np.float32]:
            return ((x - self.location[column]) / self.width[column]).astype(np.float32)

        return first_reaching(scaled, self.threshold)

    @cached_property
    def walk(self) -> TreeWalk:
        """The same trees in the order that is walked fastest."""
        return tree_walk(self.roots, self.children, self.feature, self.cuts, self.value)

    @cached_property
    def _tables(self) -> tuple[NDArray[np.intp], ...]:
        """Feature, children and missing as indices of this machine's width: numpy gathers fastest by those."""
        return tuple(table.ravel().astype(np.intp) for table in (self.feature, self.children, self.missing))

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        rows = np.ascontiguousarray(X, dtype=np.float64)
        many = rows.ndim == 2 and len(rows) * len(self.roots) >= _COMPILE_FROM
        kernel = _kernel() if many and rows.shape[1] == self.n_features and np.isfinite(rows).all() else None
        if kernel is None:
            return super().predict(rows)
        out = np.empty(len(rows))
        kernel(rows, *self.walk, self.base, out)
        return out

    def _predict_block(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        some_missing = bool(np.isnan(X).any())
        cells, (feature, children, missing) = X.ravel(), self._tables
        row = np.arange(len(X), dtype=np.intp)[:, None] * self.n_features
        node = np.broadcast_to(self.roots.astype(np.intp), (len(X), len(self.roots)))
        for _ in range(self.depth):
            x = cells.take(row + feature.take(node))
            second: NDArray[np.intp] = (x >= self.cuts.take(node)).astype(np.intp)
            if some_missing:
                second = np.where(np.isnan(x), missing.take(node), second)
            node = children.take(2 * node + second)
        # Tree after tree, as the compiled walk and every export add: the same bits everywhere.
        total: NDArray[np.float64] = self.base + np.cumsum(self.value.take(node), axis=1)[:, -1]
        return total


def _kernel() -> Callable[..., None] | None:
    """Return the compiled walk, where numba is installed."""
    try:
        from surrogate.models.records.tree_kernel import walk
    except ImportError:
        return None
    return walk
