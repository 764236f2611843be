"""Trees laid out for walking: both children of a node side by side, leaves that wait."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class TreeWalk(NamedTuple):
    """A table of nodes, level by level in each tree.

    From a node one goes to ``first[node] + (x[feature[node]] >= cut[node])``. A leaf is its own first child and has
    the cut NaN, which nothing reaches.

    Parameters
    ----------
    roots, steps : ndarray of int32, shape (trees,)
        Where each tree starts, and the steps down to its deepest leaf.
    feature, first : ndarray of int32, shape (nodes,)
    cut, value : ndarray of float64, shape (nodes,)
    """

    roots: NDArray[np.int32]
    steps: NDArray[np.int32]
    feature: NDArray[np.int32]
    cut: NDArray[np.float64]
    first: NDArray[np.int32]
    value: NDArray[np.float64]


def tree_walk(
    roots: NDArray[np.int32],
    children: NDArray[np.int32],
    feature: NDArray[np.int32],
    cut: NDArray[np.float64],
    value: NDArray[np.float64],
) -> TreeWalk:
    """Lay out trees for walking.

    Parameters
    ----------
    roots : ndarray of shape (trees,)
    children : ndarray of shape (nodes, 2)
        A leaf is its own child.
    feature, cut, value : ndarray of shape (nodes,)

    Returns
    -------
    TreeWalk
    """
    order, firsts, starts, steps = [], [], [], []
    size = 0
    for root in roots:
        level, depth = np.array([root]), -1
        starts.append(size)
        while len(level):
            leaf = children[level, 0] == level
            places = size + np.arange(len(level))
            below = size + len(level) + 2 * (np.cumsum(~leaf) - 1)
            order.append(level)
            firsts.append(np.where(leaf, places, below))
            size, depth = size + len(level), depth + 1
            level = children[level[~leaf]].ravel()
        steps.append(depth)
    nodes, first = np.concatenate(order), np.concatenate(firsts).astype(np.int32)
    waits = first == np.arange(size)
    return TreeWalk(
        np.array(starts, dtype=np.int32),
        np.array(steps, dtype=np.int32),
        feature[nodes],
        np.where(waits, np.nan, cut[nodes]),
        first,
        value[nodes],
    )
