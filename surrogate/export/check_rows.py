"""Rows on which an export is compared with the model that it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from surrogate.export.formula import WALKED
from surrogate.export.portable import Portable

if TYPE_CHECKING:
    from numpy.typing import NDArray

_RANDOM = 1000
_STRADDLING = 2000


def random_rows(portable: Portable, seed: int = 0) -> NDArray[np.float64]:
    """Draw rows all over the space.

    Parameters
    ----------
    portable : Portable
    seed : int, default 0
        Fixed, so that the same model gives the same file.

    Returns
    -------
    ndarray of shape (1000, d)
        Natural units, categories as codes.
    """
    rng = np.random.default_rng(seed)
    columns = []
    for parameter, values in zip(portable.parameters, portable.categories, strict=True):
        if values is not None:
            columns.append(rng.integers(len(values), size=_RANDOM).astype(np.float64))
        else:
            columns.append(np.asarray(parameter.from_unit(rng.random(_RANDOM)), dtype=np.float64))
    return np.stack(columns, axis=1)


def straddling_rows(portable: Portable, seed: int = 1) -> NDArray[np.float64]:
    """Rows on, just below and just above every threshold of all trees.

    Parameters
    ----------
    portable : Portable
    seed : int, default 1

    Returns
    -------
    ndarray of shape (n, d)
        At least 2,000 rows, each next to a threshold in as many inputs as have some; none for a model without trees.
    """
    rng = np.random.default_rng(seed)
    near: dict[int, list[NDArray[np.float64]]] = {}
    for formula in portable.formulas.values():
        if not isinstance(formula, WALKED):
            continue
        for j, column in enumerate(portable.columns):
            cuts = formula.walk.cut[(formula.walk.feature == j) & np.isfinite(formula.walk.cut)]
            if column.kind != "category" and cuts.size:
                near.setdefault(column.input, []).append(np.unique(cuts))
    if not near:
        return np.empty((0, len(portable.names)))
    sides = {}
    for i, parts in near.items():
        cuts = np.unique(np.concatenate(parts))
        sides[i] = rng.permutation(np.concatenate([cuts, np.nextafter(cuts, -np.inf), np.nextafter(cuts, np.inf)]))
    n = max(_STRADDLING, *(len(side) for side in sides.values()))
    rows = np.resize(random_rows(portable, seed), (n, len(portable.names)))
    for i, side in sides.items():
        rows[:, i] = np.resize(side, n)
    return rows


def broken_rows(portable: Portable) -> NDArray[np.float64]:
    """Rows with something that is no number in each numeric input; NaN is the right answer to all."""
    base = random_rows(portable)[:1]
    rows = []
    for i, values in enumerate(portable.categories):
        for bad in () if values is not None else (np.nan, np.inf, -np.inf):
            row = base.copy()
            row[0, i] = bad
            rows.append(row)
    return np.concatenate([*rows, base[:0]])
