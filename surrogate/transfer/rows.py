"""Rows of the ledger as columns, and back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.space import Categorical, Space
from surrogate.transfer.outcomes import OK, STATUSES, Outcomes

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


def encode(table: pd.DataFrame, space: Space) -> NDArray[np.float64]:
    """Return inputs as numbers, shape (n, d): of a category its position among the values."""
    columns = [
        parameter.codes(table[name].to_numpy()) if isinstance(parameter, Categorical) else table[name].to_numpy()
        for name, parameter in space.parameters.items()
    ]
    return np.ascontiguousarray(np.column_stack(columns), dtype="<f8")


def decode(codes: NDArray[np.float64], space: Space) -> pd.DataFrame:
    """Return inputs from numbers: the inverse of `encode`."""
    columns = {
        name: [parameter.values[int(code)] for code in codes[:, i]]
        if isinstance(parameter, Categorical)
        else codes[:, i]
        for i, (name, parameter) in enumerate(space.parameters.items())
    }
    return space.frame(columns, "store")


def take_in_successes(outcomes: Outcomes, position: NDArray[np.int64], batch: list[tuple[Any, ...]]) -> None:
    """Copy successful rows of the ledger, (row, outputs), into columns."""
    stored, numbers = zip(*batch, strict=True)
    at = _places(np.array(stored), position)
    if (at < 0).any():
        numbers = tuple(numbers[i] for i in np.flatnonzero(at >= 0).tolist())
        at = at[at >= 0]
    outcomes.codes[at] = OK
    outcomes.attempts[at] = 1
    outcomes.numbers[at] = np.frombuffer(b"".join(numbers), dtype="<f8").reshape(len(at), len(outcomes.form.names))


def take_in_failures(outcomes: Outcomes, position: NDArray[np.int64], rows: Iterable[tuple[Any, ...]]) -> None:
    """Copy failed rows of the ledger, (row, status, seconds, attempts, message, host), into columns."""
    code = {str(status): i for i, status in enumerate(STATUSES)}
    for row, status, seconds, attempts, message, host in rows:
        at = int(_places(np.array([row]), position)[0])
        if at < 0:
            continue
        outcomes.codes[at] = code[status]
        outcomes.seconds[at] = seconds
        outcomes.attempts[at] = attempts
        outcomes.messages[at] = message
        outcomes.hosts[at] = host


def _places(rows: NDArray[np.int64], position: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where the ledger's rows stand in the plan; -1 for those of another one."""
    known = rows < len(position)
    return np.where(known, position[np.minimum(rows, len(position) - 1)], -1)
