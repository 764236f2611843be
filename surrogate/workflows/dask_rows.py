"""Dask collections, served through their own methods; Dask itself is never imported here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def is_dask(X: Any) -> bool:
    """Whether `X` is a Dask array or DataFrame."""
    return hasattr(X, "__dask_graph__") and (hasattr(X, "map_blocks") or hasattr(X, "map_partitions"))


def map_rows(
    X: Any,
    function: Callable[[Any], Any],
    *,
    names: Sequence[str] | None = None,
    shape: tuple[int, ...] = (),
    dtype: Any = np.float64,
) -> Any:
    """Apply a function of rows to each chunk, when it is computed.

    Parameters
    ----------
    X : dask array of shape (n, d) or dask DataFrame
        Inputs. Memory is that of one chunk of rows.
    function : callable
        Maps a chunk of rows to an array (m,), (m, k) if there are k `names`, or (m, ...) for a field.
    names : sequence of str, optional
        Names of the columns of a result with several.
    shape : tuple of int, optional
        Shape of the field that answers each row of a dask array.
    dtype : dtype, default float64
        Of the result.

    Returns
    -------
    dask array, or dask Series or DataFrame with the index of `X`
    """
    width = shape if names is None else (len(names),)
    if not hasattr(X, "columns"):
        rows = X.rechunk({1: -1})
        meta = np.empty((0,) * (1 + len(width)), dtype=dtype)
        if not width:
            return rows.map_blocks(function, drop_axis=1, dtype=dtype, meta=meta)
        chunks, further = (rows.chunks[0], *((size,) for size in width)), list(range(2, 1 + len(width)))
        return rows.map_blocks(function, chunks=chunks, new_axis=further or None, dtype=dtype, meta=meta)
    return X.map_partitions(
        _labelled, function, names, meta=_labels(X._meta.iloc[:0], np.empty((0, *width), dtype), names)
    )


def _labelled(frame: Any, function: Callable[[Any], Any], names: Sequence[str] | None) -> Any:
    return _labels(frame, function(frame), names)


def _labels(frame: Any, values: Any, names: Sequence[str] | None) -> Any:
    import pandas as pd

    if names is None:
        return pd.Series(values, index=frame.index)
    return pd.DataFrame(values, index=frame.index, columns=list(names))
