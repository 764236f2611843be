"""Tables of any length, worked through in blocks of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_ROWS = 65_536
_MOST_NUMBERS = 4_000_000  # in an answer: 32 MB


def blocks(X: Any, numbers: int = 1) -> Iterator[Any]:
    """Cut inputs into blocks whose answers fit in little memory.

    Parameters
    ----------
    X : array_like of shape (n, d), DataFrame or dict of columns
        Only arrays and DataFrames are cut; others have been made number by number and are small.
    numbers : int, default 1
        How many numbers one row is answered with.

    Yields
    ------
    ndarray or DataFrame
        At least one, in order; `X` itself if it is not cut.

    Examples
    --------
    >>> import numpy as np
    >>> [len(block) for block in blocks(np.zeros((100_000, 2)))]
    [65536, 34464]
    """
    size = max(1, min(_MOST_ROWS, _MOST_NUMBERS // max(1, numbers)))
    table = X.iloc if hasattr(X, "iloc") else X
    if not hasattr(X, "shape") or len(X) <= size:
        yield X
        return
    for start in range(0, len(X), size):
        yield table[start : start + size]
