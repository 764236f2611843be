"""Whether an export reaches the same leaf in every tree: leaves carry marks whose sums tell them apart.

The sum of 300 leaf values can hide two wrong leaves. So each leaf's value is replaced by a random whole number below
2**40: sums of up to 8,192 of them are exact in floating point, in any order, and any set of wrong leaves has the right
sum with a probability of 2**-40.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from surrogate.export.portable import Portable, Trees, unwrapped

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
    marked = Portable(portable.space, portable.records)
    marked.warps.clear()
    features = portable.features(rows)
    sums = np.full((len(rows), len(portable.outputs)), np.nan)
    for i, (name, record) in enumerate(portable.records.items()):
        formula = portable.formulas[name]
        if isinstance(formula, Trees):
            marks = rng.integers(1, _MARKS, size=len(formula.walk.value)).astype(np.float64)
            marked.formulas[name] = Trees(formula.walk._replace(value=marks), 0.0)
            walk = unwrapped(record).walk  # type: ignore[attr-defined]  # what has trees walks them
            sums[:, i] = [
                total
                for start in range(0, len(rows), _ROWS)
                for total in marks[_leaves(walk, features[start : start + _ROWS])].sum(axis=1)
            ]
    return marked, sums


def _leaves(walk: TreeWalk, features: NDArray[np.float64]) -> NDArray[np.int32]:
    """Nodes where the rows end; shape (n, trees)."""
    rows = np.arange(len(features))[:, None]
    node = np.repeat(walk.roots[None], len(features), axis=0)
    for _ in range(int(walk.steps.max(initial=0))):
        node = walk.first[node] + (features[rows, walk.feature[node]] >= walk.cut[node])
    return node
