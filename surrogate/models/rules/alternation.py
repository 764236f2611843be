"""Tree alternating optimisation: each test of a tree in turn becomes the best that it can be, given the others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Rows = NDArray[np.intp]
    #: What answering some rows with one answer costs, a number a row.
    Cost = Callable[[Rows, float], NDArray[np.float64]]
    #: The answer that costs least for some rows.
    Best = Callable[[Rows], float]


@dataclass
class Nodes:
    """A tree that is being changed. Node 0 is the root; a leaf has the feature -1.

    A row goes to `left` where its feature is at most the threshold; without a value where `missing_left` says so.
    """

    feature: list[int]
    threshold: list[float]
    left: list[int]
    right: list[int]
    missing_left: list[bool]
    answer: list[float]

    def goes_left(self, node: int, X: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Whether each row of `X` goes to the left of a node."""
        column = X[:, self.feature[node]]
        return (column <= self.threshold[node]) | (np.isnan(column) & self.missing_left[node])

    def rows(self, X: NDArray[np.float64]) -> dict[int, Rows]:
        """Return the rows that reach each node that can be reached from the root, parents first."""
        reached: dict[int, Rows] = {0: np.arange(len(X))}
        todo = [0]
        while todo:
            node = todo.pop()
            if self.feature[node] < 0:
                continue
            here = reached[node]
            left = self.goes_left(node, X[here])
            reached[self.left[node]], reached[self.right[node]] = here[left], here[~left]
            todo += [self.left[node], self.right[node]]
        return reached

    def costs(self, node: int, X: NDArray[np.float64], rows: Rows, cost: Cost) -> NDArray[np.float64]:
        """Return what each row would cost in the tree below a node."""
        out = np.empty(len(rows))
        todo = [(node, np.arange(len(rows)))]
        while todo:
            at, here = todo.pop()
            if self.feature[at] < 0:
                out[here] = cost(rows[here], self.answer[at])
                continue
            left = self.goes_left(at, X[rows[here]])
            todo += [(self.left[at], here[left]), (self.right[at], here[~left])]
        return out

    def replace(self, node: int, by: int) -> None:
        """Put a copy of one node in the place of another."""
        columns: tuple[list[Any], ...] = (
            self.feature, self.threshold, self.left, self.right, self.missing_left, self.answer
        )  # fmt: skip
        for values in columns:
            values[node] = values[by]

    def n_leaves(self) -> int:
        """Leaves that can be reached from the root."""
        todo, found = [0], 0
        while todo:
            node = todo.pop()
            found += self.feature[node] < 0
            todo += [] if self.feature[node] < 0 else [self.left[node], self.right[node]]
        return found


def nodes_of(tree: Any, answers: NDArray[np.float64]) -> Nodes:
    """Copy scikit-learn's inner tree; `answers` is what each node says."""
    return Nodes(
        [int(f) if left >= 0 else -1 for f, left in zip(tree.feature, tree.children_left, strict=True)],
        tree.threshold.tolist(),
        tree.children_left.tolist(),
        tree.children_right.tolist(),
        [bool(flag) for flag in tree.missing_go_to_left],
        answers.tolist(),
    )


def alternate(
    nodes: Nodes, X: NDArray[np.float64], order: NDArray[np.intp], cost: Cost, best: Best, min_leaf: int, sweeps: int
) -> float:
    """Improve a tree until a sweep over its nodes changes nothing.

    Leaves answer what costs least in their rows. Then, from the bottom up, each test becomes the one of all features
    and thresholds that sends its rows where the trees below cost least, given everything else. The cost of all rows
    never rises.

    Parameters
    ----------
    nodes : Nodes
        Changed in place.
    X : ndarray of shape (n, p)
    order : ndarray of shape (n, p)
        Rows in the order of each column, NaN last.
    cost, best : callable
    min_leaf : int
        Least rows on each side of a test.
    sweeps : int
        At most so many.

    Returns
    -------
    float
        Cost of all rows.

    References
    ----------
    .. [1] Carreira-Perpinan & Tavallali 2018, Alternating optimization of decision trees, with application to
       learning sparse oblique trees, NeurIPS 31.
    """
    total = np.inf
    for _ in range(sweeps):
        reached = nodes.rows(X)
        for node in sorted(reached, reverse=True):
            rows = reached[node]
            if nodes.feature[node] < 0:
                nodes.answer[node] = best(rows) if len(rows) else nodes.answer[node]
            elif len(rows):
                _improve(nodes, node, X, order, rows, cost, min_leaf)
        before, total = total, float(nodes.costs(0, X, np.arange(len(X)), cost).sum())
        if not total < before * (1 - 1e-12):
            break
    return total


def _improve(
    nodes: Nodes, node: int, X: NDArray[np.float64], order: NDArray[np.intp], rows: Rows, cost: Cost, min_leaf: int
) -> None:
    left, right = (nodes.costs(child, X, rows, cost) for child in (nodes.left[node], nodes.right[node]))
    goes = nodes.goes_left(node, X[rows])
    now = float(np.where(goes, left, right).sum())
    slack = 1e-9 * (1.0 + abs(now))
    difference = np.zeros(len(X))
    difference[rows] = left - right
    inside = np.zeros(len(X), dtype=bool)
    inside[rows] = True
    base, found = float(right.sum()), None
    for feature in range(X.shape[1]):
        chosen = order[:, feature][inside[order[:, feature]]]
        gain, threshold, missing_left = best_threshold(X[chosen, feature], difference[chosen], min_leaf)
        if base + gain < now - slack:
            now, found = base + gain, (feature, threshold, missing_left)
    if found is not None:
        nodes.feature[node], nodes.threshold[node], nodes.missing_left[node] = found
    elif min(goes.sum(), (~goes).sum()) < min_leaf or min(left.sum(), base) <= now:
        nodes.replace(node, nodes.left[node] if left.sum() <= base else nodes.right[node])


def best_threshold(
    values: NDArray[np.float64], difference: NDArray[np.float64], min_leaf: int
) -> tuple[float, float, bool]:
    """Find the threshold below which the sum of the differences is least.

    Parameters
    ----------
    values : ndarray of shape (n,)
        In order, NaN last.
    difference : ndarray of shape (n,)
        What it costs more to send each row to the left.
    min_leaf : int

    Returns
    -------
    sum, threshold : float
        Infinite and NaN if no threshold leaves enough rows on both sides.
    missing_left : bool
        Whether rows without a value are better sent to the left.
    """
    known = len(values) - int(np.isnan(values).sum())
    ends = np.flatnonzero(values[1:known] > values[: known - 1]) if known > 1 else np.zeros(0, dtype=np.intp)
    absent = float(difference[known:].sum())
    least = max(1, min_leaf)
    ends = ends[(ends + 1 >= least) & (known - 1 - ends >= least)]
    if not ends.size:
        return np.inf, np.nan, False
    sums = np.cumsum(difference[:known])[ends]
    place = int(sums.argmin())
    # Of thresholds that are equally good the middle one keeps farthest from both sides.
    same = np.flatnonzero(sums <= sums[place] + 1e-12 * (1.0 + abs(sums[place])))
    run = same[(same - np.arange(len(same))) == place - np.searchsorted(same, place)]
    end = int(ends[run[len(run) // 2]])
    low, high = values[end], values[end + 1]
    middle = low + (high - low) / 2
    return float(sums[place]) + min(absent, 0.0), float(middle if low <= middle < high else low), absent < 0
