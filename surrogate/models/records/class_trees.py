"""The record of trees that classify: a decision tree, a forest or boosted trees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from surrogate.models.records.classifier import ClassifierRecord, softmax

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClassTreesRecord(ClassifierRecord):
    """Trees whose leaves hold one number a class; the numbers of all trees are added up.

    A row goes to the second child of a node when its feature reaches `cut`, to the `missing` one when it is NaN. Cuts
    are such that they decide as the library does that fitted the trees, which rounds features to float32.

    Parameters
    ----------
    classes : tuple of str
        Names of the classes.
    width : int
        Number of features.
    roots : ndarray of int32, shape (trees,)
        The node at which each tree starts.
    feature : ndarray of int32, shape (nodes,)
        Column that a node compares; 0 for leaves.
    cut : ndarray of shape (nodes,)
        What it is compared with; 0 for leaves.
    children : ndarray of int32, shape (nodes, 2)
        Next nodes; a leaf is its own child.
    missing : ndarray of int32, shape (nodes,)
        Which child, 0 or 1, takes rows where the feature is NaN.
    value : ndarray of shape (nodes, c)
        What a leaf adds to each class.
    base : ndarray of shape (c,)
        What the sums start from.
    scores : bool
        Whether the sums are scores, whose softmax are the chances; else they are the chances.
    depth : int
        Steps from the roots to the deepest leaf.
    """

    kind: ClassVar[str] = "class_trees"

    width: int
    roots: NDArray[np.int32]
    feature: NDArray[np.int32]
    cut: NDArray[np.float64]
    children: NDArray[np.int32]
    missing: NDArray[np.int32]
    value: NDArray[np.float64]
    base: NDArray[np.float64]
    scores: bool
    depth: int

    def __post_init__(self) -> None:
        super().__post_init__()
        n, c = len(self.cut), len(self.classes)
        shapes = [a.shape for a in (self.feature, self.children, self.missing, self.value, self.base)]
        if shapes != [(n,), (n, 2), (n,), (n, c), (c,)] or self.roots.ndim != 1:
            raise ValueError(f"class_trees: shapes (n,), (n, 2), (n,), (n, c), (c,) are needed; got {shapes}.")
        for name, array, limit in (
            ("roots", self.roots, n),
            ("children", self.children, n),
            ("feature", self.feature, self.width),
            ("missing", self.missing, 2),
        ):
            if array.size and not (array.min() >= 0 and array.max() < limit):
                raise ValueError(f"class_trees.{name}: numbers from 0 to {limit - 1} are needed.")

    @property
    def n_features(self) -> int:
        """Number of columns of `X`."""
        return self.width

    @property
    def _row_bytes(self) -> int:
        return 8 * len(self.roots) * (4 + len(self.classes)) + 8 * self.width

    def _probability_block(self, X: FloatArray) -> FloatArray:
        row = np.arange(len(X))[:, None]
        node = np.broadcast_to(self.roots, (len(X), len(self.roots)))
        some_missing = bool(np.isnan(X).any())
        for _ in range(self.depth):
            x = X[row, self.feature[node]]
            second = (x >= self.cut[node]).astype(np.int32)
            if some_missing:
                second = np.where(np.isnan(x), self.missing[node], second)
            node = self.children[node, second]
        total = np.broadcast_to(self.base, (len(X), len(self.base)))
        for tree in range(len(self.roots)):  # tree after tree: the same bits everywhere
            total = total + self.value[node[:, tree]]
        return softmax(total) if self.scores else total
