"""The outcomes of all planned runs, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.simulation import Outcome, OutputForm, Status
from surrogate.simulation.outputs import not_finite_rows

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

STATUSES = tuple(Status)
_CODE = {status: code for code, status in enumerate(STATUSES)}
OK = _CODE[Status.OK]
PENDING = _CODE[Status.PENDING]


class Outcomes:
    """Outcomes in columns, a row a planned run: memory of some bytes a run, not of an object each.

    Parameters
    ----------
    n : int
        Planned runs; all are pending at first.
    form : OutputForm, optional
        Names and shapes of the outputs, if they are known already.
    keep_fields : bool, default True
        Whether fields stay in memory; with a store they lie there.
    """

    def __init__(self, n: int, form: OutputForm | None = None, keep_fields: bool = True) -> None:
        self.form = form or OutputForm()
        self.codes = np.full(n, PENDING, dtype=np.int8)
        self.seconds = np.zeros(n)
        self.attempts = np.zeros(n, dtype=np.int16)
        self.messages: dict[int, str] = {}
        self.hosts: dict[int, str] = {}
        self._numbers: NDArray[np.float64] | None = None
        self._fields: dict[str, dict[int, NDArray[np.float64]]] | None = {} if keep_fields else None

    @classmethod
    def from_columns(cls, form: OutputForm, columns: Mapping[str, NDArray[np.float64]], n: int) -> Outcomes:
        """Take over `n` finished runs; those with an output that is not finite failed."""
        outcomes = cls(n, form)
        bad = not_finite_rows(columns, n)
        outcomes.codes[:] = np.where(bad, _CODE[Status.NOT_FINITE], OK)
        outcomes.attempts[:] = 1
        for i, name in enumerate(form.names):
            outcomes.numbers[:, i] = columns[name]
        for row in np.flatnonzero(bad).tolist():
            wrong = next(name for name, column in columns.items() if not np.isfinite(column[row]).all())
            outcomes.messages[row] = f"output {wrong!r} is NaN or infinite"
        outcomes._fields = {name: dict(enumerate(columns[name])) for name in form.fields}
        return outcomes

    def __len__(self) -> int:
        return len(self.codes)

    def add(self, row: int, outcome: Outcome) -> Outcome:
        """Take note of an outcome, after holding it to the form of the others; return what was noted."""
        outcome = self.form.check(outcome)
        self.codes[row] = _CODE[outcome.status]
        self.seconds[row] = outcome.seconds
        self.attempts[row] = outcome.attempts
        self.messages.pop(row, None)
        self.hosts.pop(row, None)
        if outcome.status is not Status.OK:
            self.messages[row] = outcome.message
            self.hosts[row] = outcome.host
            return outcome
        outputs = outcome.outputs
        self.numbers[row] = [outputs[name] for name in self.form.names]
        if self._fields is not None:
            for name in self.form.fields:
                self._fields.setdefault(name, {})[row] = outputs[name]  # type: ignore[assignment]
        return outcome

    @property
    def numbers(self) -> NDArray[np.float64]:
        """Outputs that are numbers, shape (n, k); only rows of successful runs mean anything."""
        if self._numbers is None or self._numbers.shape[1] != len(self.form.names):
            self._numbers = np.full((len(self), len(self.form.names)), np.nan)
        return self._numbers

    def is_ok(self, row: int) -> bool:
        """Whether a run succeeded."""
        return bool(self.codes[row] == OK)

    @property
    def ok(self) -> NDArray[np.int64]:
        """Rows of the successful runs."""
        return np.flatnonzero(self.codes == OK)

    @property
    def failed(self) -> NDArray[np.int64]:
        """Rows of the runs that finished without success."""
        return np.flatnonzero((self.codes != OK) & (self.codes != PENDING))

    @property
    def unfinished(self) -> NDArray[np.int64]:
        """Rows that are to be run: not yet run, or lost with the machinery."""
        again = [code for code, status in enumerate(STATUSES) if status.repeatable]
        return np.flatnonzero(np.isin(self.codes, again))

    def field(self, name: str) -> NDArray[np.float64]:
        """Return a field of the successful runs, shape (m, ...)."""
        shape = self.form.fields[name]
        kept = (self._fields or {}).get(name, {})
        return np.array([kept[row] for row in self.ok.tolist()]).reshape(len(self.ok), *shape)


class Fields(Mapping[str, "NDArray[np.float64]"]):
    """Fields by name, read when they are asked for; arrays of shape (m, ...), a row a successful run."""

    def __init__(self, names: tuple[str, ...], read: Callable[[str], NDArray[np.float64]]) -> None:
        self._names = names
        self._read = read

    def __getitem__(self, name: str) -> NDArray[np.float64]:
        if name not in self._names:
            raise KeyError(f"fields: no output {name!r} that is an array; there are {list(self._names)}.")
        array = self._read(name)
        array.flags.writeable = False
        return array

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return f"Fields({list(self._names)})"


def status_text(codes: NDArray[np.int8]) -> NDArray[Any]:
    """Return the statuses as text."""
    return np.array([str(status) for status in STATUSES], dtype=object)[codes]
