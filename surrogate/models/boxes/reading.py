"""X and y at the door: read in every form, matched row for row, refused with a reason."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.space.labels import match_labels

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def is_table(X: Any) -> bool:
    """Whether `X` is a plain array of numbers or booleans that needs no DataFrame to be read."""
    return isinstance(X, np.ndarray) and X.dtype.kind in "fiub" and X.ndim == 2 and 0 not in X.shape


def read_frame(X: Any) -> pd.DataFrame:
    """Return `X` as a DataFrame with text names and a fresh index; arrays get the names x1, x2, ..."""
    import pandas as pd
    from scipy.sparse import issparse

    if issparse(X):
        raise TypeError("X: sparse data is not supported, a limit needs every value. Use X.toarray().")
    if isinstance(X, pd.DataFrame):
        frame = X.reset_index(drop=True)
        frame.columns = pd.Index([str(name) for name in X.columns])
        if frame.columns.has_duplicates:
            raise ValueError(f"X: columns must have different names, got {list(frame.columns)}. Rename them.")
    else:
        array = _read_array(X)
        frame = pd.DataFrame(array, columns=[f"x{i + 1}" for i in range(array.shape[1])])
    if not frame.shape[1]:
        raise ValueError(f"X: found 0 feature(s) (shape={frame.shape}) while a minimum of 1 is required.")
    if not len(frame):
        raise ValueError(f"X: found 0 sample(s) (shape={frame.shape}) while a minimum of 1 is required.")
    return frame


def _read_array(X: Any) -> NDArray[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            array = np.asarray(X)
        except (ValueError, UserWarning):
            raise ValueError("X: expected shape (n, d), a row a run; got rows of different length.") from None
    if not isinstance(X, np.ndarray) and array.dtype.kind in "US":
        # A list of rows with a text in it: numpy would turn its numbers into text as well.
        array = np.array(X, dtype=object)
    if array.dtype.kind == "c":
        raise ValueError("X: Complex data not supported: numbers must be ordered. Give real and imaginary parts.")
    if array.ndim != 2:
        raise ValueError(
            f"X: Expected 2D array, got {array.ndim}D array instead (shape {array.shape}). Reshape your data: "
            "X.reshape(-1, 1) for one column, X.reshape(1, -1) for one row."
        )
    return array


def read_y(y: Any, X: Any, name: str = "y", *, real: bool = False) -> NDArray[np.float64]:
    """Return cases of interest as float64 from 0 to 1, row for row with `X`; `name` is what errors call them.

    With `real` any finite numbers are allowed.
    """
    import pandas as pd

    if y is None:
        raise ValueError(f"{name}: requires y to be passed, but the target y is None. Give a boolean per row of X.")
    if isinstance(y, pd.Series) and isinstance(X, pd.DataFrame):
        y = match_labels(y, X, name)
    elif isinstance(y, pd.DataFrame):
        raise ValueError(f"{name}: expected one column, got a DataFrame with {list(y.columns)}. Pick one of them.")
    array = np.asarray(y)
    if array.ndim != 1:
        raise ValueError(
            f"{name}: expected one value a row, shape ({len(X)},), got shape {array.shape}. Use y.ravel()."
        )
    if len(array) != len(X):
        raise ValueError(f"{name}: expected one value for each of the {len(X)} rows of X, got {len(array)}.")
    values = _numbers(array, name, real)
    if len(values) == 1:
        raise ValueError(f"{name}: found 1 sample; a box needs rows of interest and others to tell apart.")
    if values.min() == values.max():
        found = {0.0: "no row is a case of interest", 1.0: "every row is a case of interest"}.get(
            values[0], f"all values are {values[0]:g}"
        )
        raise ValueError(f"{name}: {found}, so there is nothing to tell apart. Move the threshold of the case.")
    return values


def read_weights(sample_weight: Any, n: int) -> NDArray[np.float64]:
    """Return weights as float64, none negative and some positive."""
    try:
        weights = np.asarray(sample_weight, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"sample_weight: expected {n} numbers, got {sample_weight!r}.") from None
    problems = {
        f"got shape {weights.shape}": weights.shape != (n,),
        "some are missing or infinite": not np.isfinite(weights).all(),
        "some are negative": (weights < 0).any(),
        "Sample weights must contain at least one non-zero number": not weights.any(),
    }
    for problem, found in problems.items():
        if found:
            raise ValueError(f"sample_weight: expected {n} finite numbers, none negative; {problem}.")
    return weights


def _numbers(array: NDArray[Any], name: str, real: bool) -> NDArray[np.float64]:
    allowed = "booleans, 0/1 or numbers from 0 to 1 (probabilities)" if not real else "booleans or numbers"
    try:
        if array.dtype.kind in "USMmc" or (
            array.dtype.kind == "O" and any(isinstance(value, (str, bytes)) for value in array)
        ):
            raise TypeError
        values = array.astype(np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name}: expected {allowed}, got dtype {array.dtype} such as {array[0]!r}. Unknown label type: compare "
            "with the label of interest first."
        ) from None
    if not np.isfinite(values).all():
        row = int(np.flatnonzero(~np.isfinite(values))[0])
        raise ValueError(
            f"{name}: Input y contains NaN or infinity (first in row {row}); expected {allowed}. "
            "Drop failed runs first."
        )
    if not real and (values.min() < 0 or values.max() > 1):
        bad = values[(values < 0) | (values > 1)][0]
        raise ValueError(f"{name}: expected {allowed}, got {bad:g}. Compare with a threshold first, as in y > 0.9.")
    return values
