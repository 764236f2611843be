"""Whether an export reaches the same leaf in every tree: leaves carry marks whose sums tell them apart.

The sum of 300 leaf values can hide two wrong leaves. So each leaf's value is replaced by a random whole number below
2**40: sums of up to 8,192 of them are exact in floating point, in any order, and any set of wrong leaves has the right
sum with a probability of 2**-40.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from surrogate.export.formula import WALKED, ClassTrees, Trees
from surrogate.export.portable import Portable, class_walk, unwrapped
from surrogate.models.records.class_trees import ClassTreesRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.records.tree_walk import TreeWalk

_MARKS = 2**40
_ROWS = 1024


def mark_leaves(portable: Portable, rows: NDArray[np.float64]) -> tuple[Portable, NDArray[np.float64]]:
    """Put marks in place of the values of all leaves.

    Parameters
    ----------
    portable : Portable
    rows : ndarray of shape (n, d)
        Natural units, categories as codes.

    Returns
    -------
    marked : Portable
        The same trees, with marks as values and nothing added to them. Other kinds of models are as they were.
    sums : ndarray of shape (n, k)
        What `marked` must answer at `rows`, by the leaves that the records themselves reach; NaN where an output
        has no trees.
    """
    rng = np.random.default_rng(2)
    marked = Portable(portable.space, portable.records, raw=portable.raw)
    marked.warps.clear()
    features = portable.features(rows)
    sums = np.full((len(rows), len(portable.outputs)), np.nan)
    for name, record in portable.records.items():
        formula, place = portable.formulas[name], portable.places[name]
        if isinstance(formula, WALKED):
            marks = rng.integers(1, _MARKS, size=formula.walk.value.shape).astype(np.float64)
            walk = formula.walk._replace(value=marks)
            if isinstance(formula, ClassTrees):
                marked.formulas[name] = ClassTrees(walk, np.zeros(len(formula.base)), scores=False)
            else:
                marked.formulas[name] = Trees(walk, 0.0)
            own = class_walk(record) if isinstance(record, ClassTreesRecord) else unwrapped(record).walk  # type: ignore[attr-defined]
            for start in range(0, len(rows), _ROWS):
                part = marks[_leaves(own, features[start : start + _ROWS])].sum(axis=1)
                sums[start : start + _ROWS, place] = part.reshape(len(part), -1)
    return marked, sums


def _leaves(walk: TreeWalk, features: NDArray[np.float64]) -> NDArray[np.int32]:
    """Nodes where the rows end; shape (n, trees)."""
    rows = np.arange(len(features))[:, None]
    node = np.repeat(walk.roots[None], len(features), axis=0)
    for _ in range(int(walk.steps.max(initial=0))):
        node = walk.first[node] + (features[rows, walk.feature[node]] >= walk.cut[node])
    return node
