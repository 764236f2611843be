"""The transfer set of a distillation: rows, where they come from, and who labelled them."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class LabelledRows:
    """Data 2: the rows that a student learns from.

    Attributes
    ----------
    X : DataFrame or ndarray of shape (n, p)
        As the data were given.
    answers : ndarray of shape (n, c) or (n, k)
        The teacher's: chances of classes, or numbers.
    outputs : tuple of str
        Names of the columns of `answers`.
    truth : ndarray of shape (n,) or (n, k), or None
        Numbers of the true classes (-1 where unknown), or true numbers (NaN where unknown).
    origin : ndarray of str, shape (n,)
        "data", "unlabelled" or "generated".
    label_source : ndarray of str, shape (n,)
        "teacher", or "teacher out of fold" where it was asked by a copy that had not seen the row.
    """

    X: Any
    answers: NDArray[np.float64]
    outputs: tuple[str, ...]
    truth: NDArray[Any] | None
    origin: NDArray[np.str_]
    label_source: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.answers)

    def __repr__(self) -> str:
        counts = ", ".join(f"{(self.origin == one).sum()} {one}" for one in ("data", "unlabelled", "generated"))
        return f"LabelledRows({len(self)}: {counts})"

    def to_frame(self) -> pd.DataFrame:
        """Return one table: inputs, the teacher's answers as "teacher: ...", origin and label_source."""
        import pandas as pd

        table = self.X.reset_index(drop=True) if isinstance(self.X, pd.DataFrame) else pd.DataFrame(
            self.X, columns=[f"x{i + 1}" for i in range(self.X.shape[1])])  # fmt: skip
        answers = pd.DataFrame(self.answers, columns=[f"teacher: {name}" for name in self.outputs])
        sources = pd.DataFrame({"origin": self.origin, "label_source": self.label_source})
        return pd.concat([table, answers, sources], axis=1)


def take(X: Any, rows: NDArray[Any]) -> Any:
    """Return rows of a DataFrame or an array."""
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def stacked(parts: list[Any]) -> Any:
    """Return tables below each other: DataFrames by column name, arrays by position."""
    if len(parts) == 1:
        return parts[0]
    if hasattr(parts[0], "iloc"):
        import pandas as pd

        return pd.concat(parts, ignore_index=True)
    return np.concatenate(parts)


def row_keys(X: Any, *, single: bool = False) -> NDArray[np.int64]:
    """Return a number a row; equal rows have equal numbers, and others hardly ever.

    The same in every process, and for the same values in whatever dtype or container.

    Parameters
    ----------
    X : DataFrame or ndarray of shape (n, p)
    single : bool, default False
        Whether numbers are equal that are equal in single precision.

    Examples
    --------
    >>> keys = row_keys(np.array([[0.0, 1.0], [-0.0, 1.0], [1.0, 0.0]]))
    >>> bool(keys[0] == keys[1]), bool(keys[0] == keys[2])
    (True, False)
    """
    precision = np.float32 if single else np.float64
    if not hasattr(X, "iloc") and X.dtype.kind in "biuf":
        return _number_keys(X, precision)
    import pandas as pd

    table = pd.DataFrame(X).infer_objects()
    numeric = [pd.api.types.is_numeric_dtype(dtype) for dtype in table.dtypes]
    columns: list[NDArray[Any]] = [
        (table.iloc[:, i].to_numpy(precision, na_value=np.nan) + precision(0.0)).astype(np.float64)  # -0.0 is 0.0
        if numeric[i] else table.iloc[:, i].astype(object).to_numpy()
        for i in range(len(numeric))
    ]  # fmt: skip
    if all(numeric):
        return _number_keys(np.column_stack(columns) if columns else np.empty((len(table), 0)), precision)
    return pd.util.hash_pandas_object(pd.DataFrame(dict(enumerate(columns))), index=False).to_numpy().view(np.int64)


def _number_keys(X: NDArray[Any], precision: Any) -> NDArray[np.int64]:
    keys = np.empty(len(X), dtype=np.int64)
    for start in range(0, len(X), 10_000):
        block = np.ascontiguousarray(X[start : start + 10_000], dtype=precision) + precision(0.0)  # -0.0 is 0.0
        digests = b"".join(blake2b(row.tobytes(), digest_size=8).digest() for row in block)
        keys[start : start + len(block)] = np.frombuffer(digests, dtype="<i8")
    return keys


def repeats(X: Any, others: Any) -> NDArray[np.bool_]:
    """Return which rows of a table are also in another one, shape (n,).

    Numbers are compared in single precision if one of the tables has it: its copy of a double is another double.

    Examples
    --------
    >>> rows = np.array([[0.1, 0.2], [0.3, 0.4]])
    >>> repeats(rows, rows[:1].astype("float32")).tolist()
    [True, False]
    """
    single = _is_single(X) or _is_single(others)
    return np.isin(row_keys(X, single=single), row_keys(others, single=single))


def _is_single(X: Any) -> bool:
    dtypes = X.dtypes if hasattr(X, "iloc") else [X.dtype]
    return any(str(dtype).lower() in ("float16", "float32") for dtype in dtypes)
