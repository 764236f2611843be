"""CART boxes: the leaves of a classification tree."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils.validation import check_is_fitted

from surrogate.models.boxes.box_finder import BoxFinder
from surrogate.models.boxes.columns import Column, Columns, Kind, Limit
from surrogate.models.boxes.prim.peeling import midpoint
from surrogate.models.boxes.trajectory import Step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.space import Box


class CARTBoxes(BoxFinder):
    """Classification tree whose leaves are boxes: all cases are covered at once, by boxes that do not overlap.

    Parameters
    ----------
    mass_min : float, default 0.05
        Least share of the rows in a leaf, rounded down to rows, as in the EMA Workbench. Lighter leaves rest on too
        few runs to be trusted at the usual sizes of studies.
    random_state : int or None, default 0
        Decides between splits that are equally good.

    Attributes
    ----------
    trajectory_ : DataFrame
        The box without limits, then a row a leaf from left to right: n, k, coverage, density, mass, n_restricted.
    boxes_ : list of Box
        One a trajectory row.
    leaves_ : list of Box
        The leaves alone; none if the tree has no split.
    box_ : Box
        The in-sample choice: the leaf with the largest correlation between lying in it and being a case.

    Notes
    -----
    The tree is scikit-learn's, grown on Gini impurity [1]_ without pruning. Ordered inputs are split at any rank and
    unordered ones by one category against the rest, so that every leaf is a box. Limits are inclusive and lie midway
    between two values: a new point exactly there belongs to both leaves.

    References
    ----------
    .. [1] Breiman, Friedman, Olshen & Stone 1984, Classification and Regression Trees.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((500, 3))
    >>> y = (X[:, 0] > 0.5) & (X[:, 1] < 0.6)
    >>> tree = CARTBoxes().fit(X, y)
    >>> len(tree.leaves_), sorted(tree.box_.limits)
    (3, ['x1', 'x2'])
    """

    def __init__(self, mass_min: float = 0.05, random_state: int | None = 0) -> None:
        self.mass_min = mass_min
        self.random_state = random_state

    def check_parameters(self) -> None:
        """Raise ``ValueError`` for a share out of range."""
        if not 0 <= self.mass_min < 1:
            raise ValueError(f"mass_min: must be from 0 to below 1, got {self.mass_min!r}. The usual is 0.05.")

    @property
    def leaves_(self) -> list[Box]:
        """The leaves of the tree from left to right."""
        check_is_fitted(self)
        return self.boxes_[1:]

    def search(
        self, columns: Columns, y: NDArray[np.float64], weights: NDArray[np.float64] | None = None
    ) -> list[Step]:
        """Grow the tree; return the box without limits and the leaves."""
        from sklearn.tree import DecisionTreeRegressor

        splits = [split for column in columns.columns for split in _splits(column)]
        # For 0/1 cases the squared error of a regression tree is half the Gini impurity; it also takes probabilities.
        tree = DecisionTreeRegressor(random_state=self.random_state, **self._least(columns.n, weights))
        ranks = np.column_stack([column.ranks == c if c is not None else column.ranks for column, c in splits])
        rows = np.arange(columns.n) if weights is None else np.flatnonzero(weights)
        tree.fit(ranks[rows], y[rows], None if weights is None else weights[rows])
        boxes = [({}, rows), *_leaves(tree.tree_, 0, splits, rows, {})] if tree.tree_.node_count > 1 else [({}, rows)]
        if weights is None:
            return [Step(limits, len(inside), float(y[inside].sum())) for limits, inside in boxes]
        return [
            Step(limits, float(weights[inside].sum()), float(weights[inside] @ y[inside])) for limits, inside in boxes
        ]

    def _least(self, n: int, weights: NDArray[np.float64] | None) -> dict[str, Any]:
        """Return what keeps leaves heavy enough, as the tree calls it."""
        if weights is None:
            return {"min_samples_leaf": max(1, int(self.mass_min * n))}
        total = float(weights.sum())
        # Whole weights are repeated rows, whose number is rounded down; a little less, for sums of others are inexact.
        share = int(self.mass_min * total) / total if (weights == np.floor(weights)).all() else self.mass_min
        return {"min_weight_fraction_leaf": min(share * (1 - 1e-9), 0.5)}

    def match(self, steps: Sequence[Step], others: Sequence[Step]) -> NDArray[np.intp]:
        """For each step return the number of the nearest one of a tree grown on other rows, by coverage and density.

        Leaves are not nested: several may have about the same mass, some of them without a case.
        """
        here, there = (
            np.array([(step.k / found[0].k, step.k / step.n) for step in found]) for found in (steps, others)
        )
        return np.asarray(((here[:, None] - there[None]) ** 2).sum(axis=2).argmin(axis=1))


_Split = tuple[Column, int | None]


def _splits(column: Column) -> list[_Split]:
    """Return what the tree may split on: the ranks of a column (None), or one category against the rest."""
    if column.kind is not Kind.NOMINAL:
        return [(column, None)]
    # Of two categories one says all.
    return [(column, c) for c in range(len(column.values) if len(column.values) != 2 else 1)]


def _leaves(
    tree: Any, node: int, splits: list[_Split], rows: NDArray[np.intp], limits: dict[str, Limit]
) -> Iterator[tuple[dict[str, Limit], NDArray[np.intp]]]:
    """Yield the leaves below a node from left to right; `rows` are those in the node."""
    left = int(tree.children_left[node])
    if left < 0:
        yield limits, rows
        return
    column, category = splits[int(tree.feature[node])]
    ranks = column.ranks[rows]
    down = ranks != category if category is not None else ranks <= tree.threshold[node]
    for child, kept, upper in ((left, down, True), (int(tree.children_right[node]), ~down, False)):
        limit = _limit(column, category, limits.get(column.name), ranks[kept], ranks[~kept], upper)
        yield from _leaves(tree, child, splits, rows[kept], {**limits, column.name: limit})


def _limit(
    column: Column,
    category: int | None,
    limit: Limit | None,
    kept: NDArray[np.int32],
    gone: NDArray[np.int32],
    upper: bool,
) -> Limit:
    if not column.numeric:
        allowed = range(len(column.values))
        if category is not None:
            taken = [c for c in allowed if (c != category) == upper]
        else:
            taken = [c for c in allowed if (c <= kept.max() if upper else c >= kept.min())]
        values = frozenset(column.values[c] for c in taken)
        return values & limit if isinstance(limit, frozenset) else values
    inner, outer = (kept.max(), gone.min()) if upper else (kept.min(), gone.max())
    value = column.values[inner].item()
    if column.kind is Kind.REAL:
        value = midpoint(value, column.values[outer].item())
    low, high = limit if isinstance(limit, tuple) else (-math.inf, math.inf)
    return (low, value) if upper else (value, high)
