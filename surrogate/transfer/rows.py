"""Rows of the ledger as columns, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.simulation import Status
from surrogate.space import Categorical, Space
from surrogate.transfer.outcomes import STATUSES, Outcomes

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


def take_in(outcomes: Outcomes, position: NDArray[np.int64], batch: list[tuple[Any, ...]]) -> None:
    """Copy rows of the ledger into columns."""
    code = {str(status): i for i, status in enumerate(STATUSES)}
    rows, statuses, numbers, seconds, attempts, messages, hosts = zip(*batch, strict=True)
    stored = np.array(rows)
    known = stored < len(position)
    at = np.where(known, position[np.minimum(stored, len(position) - 1)], -1)
    mine = at >= 0
    outcomes.codes[at[mine]] = np.array([code[status] for status in statuses], dtype=np.int8)[mine]
    outcomes.seconds[at[mine]] = np.array(seconds)[mine]
    outcomes.attempts[at[mine]] = np.array(attempts)[mine]
    ok = mine & np.array([status == Status.OK for status in statuses])
    values = b"".join(numbers[i] for i in np.flatnonzero(ok).tolist())
    outcomes.numbers[at[ok]] = np.frombuffer(values, dtype="<f8").reshape(int(ok.sum()), len(outcomes.form.names))
    for i in np.flatnonzero(mine & ~ok).tolist():
        outcomes.messages[int(at[i])] = messages[i]
        outcomes.hosts[int(at[i])] = hosts[i]
