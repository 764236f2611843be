"""The walk through trees, compiled: imported only for many rows, or for one row at a time very often."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

_ROWS = 64  # walked side by side, so that the processor need not wait for one comparison before it starts the next


@numba.njit(cache=True, nogil=True)
def walk(X: Any, roots: Any, steps: Any, feature: Any, cut: Any, first: Any, value: Any, base: float, out: Any) -> None:
    """Add up the leaves of each row of `X`, tree after tree; rows hold numbers, none of them NaN or infinite."""
    node = np.empty(_ROWS, dtype=np.int32)
    total = np.empty(_ROWS)
    for start in range(0, X.shape[0], _ROWS):
        n = min(_ROWS, X.shape[0] - start)
        total[:n] = 0.0
        for tree in range(roots.shape[0]):
            node[:n] = roots[tree]
            for _ in range(steps[tree]):
                for row in range(n):
                    at = node[row]
                    node[row] = first[at] + (X[start + row, feature[at]] >= cut[at])
            for row in range(n):
                total[row] += value[node[row]]
        for row in range(n):
            out[start + row] = base + total[row]
