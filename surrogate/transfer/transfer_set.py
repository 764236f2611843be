"""The transfer set (Data 2): what Model A answered, and what became of every planned run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.simulation import OutputForm, Status
from surrogate.space import Categorical, Integer, Real, Space
from surrogate.space.labels import match_labels
from surrogate.transfer.outcomes import OK, Fields, Outcomes, status_text

if TYPE_CHECKING:
    from os import PathLike

    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, repr=False)
class TransferSet:
    """What Model A answered, and what became of every planned run.

    Made by `collect`, opened from a store with `open`, or built from runs made elsewhere with `from_frame`.
    Everything that is handed out is a copy: a transfer set does not change.

    Attributes
    ----------
    space : Space
        What varied; with policies, "policy" is one of its parameters.
    provenance : dict
        Seeds, versions, the simulator's fingerprint, times and the computer.

    Examples
    --------
    >>> runs = TransferSet.from_frame({"x1": [0.0, 0.5, 1.0]}, {"y": [1.0, float("nan"), 3.0]})
    >>> len(runs), runs["y"].tolist(), runs.status.tolist()
    (2, [1.0, 3.0], ['ok', 'not finite', 'ok'])
    """

    space: Space
    _inputs: pd.DataFrame
    _outcomes: Outcomes
    provenance: dict[str, Any] = field(default_factory=dict)
    _stored_fields: Fields | None = None

    # Successful runs, row for row

    def __len__(self) -> int:
        return len(self._ok)

    @cached_property
    def _ok(self) -> NDArray[np.int64]:
        return np.flatnonzero(self._outcomes.codes == OK)

    @property
    def X(self) -> pd.DataFrame:
        """Inputs of the successful runs, in the order of the plan, with a RangeIndex."""
        return self._inputs[list(self.space.names)].iloc[self._ok].reset_index(drop=True)

    @property
    def y(self) -> pd.Series | pd.DataFrame:
        """Outputs of the successful runs that are numbers: a Series if there is one, else a DataFrame."""
        import pandas as pd

        names = list(self.output_names)
        table = pd.DataFrame(self._outcomes.numbers[self._ok], columns=names)
        return table[names[0]] if len(names) == 1 else table

    @property
    def fields(self) -> Mapping[str, NDArray[np.float64]]:
        """Outputs that are arrays, by name, shape (n, ...); those in a store are read when asked for."""
        if self._stored_fields is not None:
            return self._stored_fields
        return Fields(tuple(self._outcomes.form.fields), self._outcomes.field)

    @property
    def output_names(self) -> tuple[str, ...]:
        """Names of the outputs that are numbers, in the simulator's order; those of arrays are in `fields`."""
        return self._outcomes.form.names

    def __getitem__(self, name: str) -> pd.Series:
        """Return one output of the successful runs."""
        import pandas as pd

        if name not in self.output_names:
            hint = f' It is an array: write runs.fields["{name}"].' if name in self._outcomes.form.fields else ""
            raise KeyError(f"runs: no output {name!r}; outputs are {list(self.output_names)}.{hint}")
        column = self._outcomes.numbers[self._ok, self.output_names.index(name)]
        return pd.Series(column, name=name)

    @property
    def seconds(self) -> pd.Series:
        """How long each of the successful runs took; 0 for runs made elsewhere that do not say."""
        import pandas as pd

        return pd.Series(self._outcomes.seconds[self._ok], name="seconds")

    # All planned runs

    @property
    def inputs(self) -> pd.DataFrame:
        """Inputs of all planned runs; with replicates, their number is in the column "replicate"."""
        return self._inputs.copy()

    @property
    def status(self) -> pd.Series:
        """Status of all planned runs as text: "ok", "pending", "exception", ..."""
        import pandas as pd

        return pd.Series(status_text(self._outcomes.codes), name="status", dtype=object)

    @property
    def failures(self) -> pd.DataFrame:
        """Runs that failed, indexed by planned row: inputs, status, message, attempts, seconds, host."""
        rows = self._outcomes.failed
        table = self._inputs.iloc[rows].copy()
        table.index.name = "row"
        table["status"] = status_text(self._outcomes.codes[rows])
        table["message"] = [self._outcomes.messages.get(row, "") for row in rows.tolist()]
        table["attempts"] = self._outcomes.attempts[rows]
        table["seconds"] = self._outcomes.seconds[rows]
        table["host"] = [self._outcomes.hosts.get(row, "") for row in rows.tolist()]
        return table

    def __repr__(self) -> str:
        counts = Counter(status_text(self._outcomes.codes).tolist())
        others = ", ".join(f"{count} {status}" for status, count in counts.items() if status != Status.OK)
        outputs = ", ".join((*self.output_names, *(f"{name} (field)" for name in self._outcomes.form.fields)))
        return (
            f"TransferSet({len(self)} of {len(self._outcomes)} runs ok{f'; {others}' if others else ''}; "
            f"inputs {', '.join(self.space.names)}; outputs {outputs or 'not known yet'})"
        )

    def _repr_html_(self) -> str:
        """Table for notebooks, everything escaped: the range of every input and output of the successful runs."""
        from html import escape

        described = [("input", str(name), column) for name, column in self.X.items()]
        described += [("output", name, self[name]) for name in self.output_names]
        rows = ""
        for kind, name, values in described:
            numbers = values.dtype.kind in "iuf" and len(values)
            spread = (
                f"{values.min():.4g} to {values.max():.4g}" if numbers else ", ".join(map(str, values.unique()[:8]))
            )
            rows += f"<tr><td>{kind}</td><th>{escape(name)}</th><td>{escape(spread)}</td></tr>"
        return f"<p>{escape(repr(self))}</p><table>{rows}</table>"

    # Other ways to come by one

    @classmethod
    def open(cls, path: str | PathLike[str]) -> TransferSet:
        """Read what a store holds, of a study that is finished, running or dead.

        Parameters
        ----------
        path : path
            The directory that was given to `collect` as `store`.

        Raises
        ------
        ValueError
            If there is no such store, or it is damaged or of a newer version.
        """
        from surrogate.transfer.store import Store

        with Store.open(path) as store:
            outcomes = store.outcomes()
            return cls(store.space, store.inputs(), outcomes, store.provenance(), store.fields(outcomes))

    @classmethod
    def from_frame(
        cls,
        inputs: Any,
        outputs: Any,
        *,
        fields: Mapping[str, Any] | None = None,
        space: Any = None,
    ) -> TransferSet:
        """Build a transfer set from runs made elsewhere.

        Parameters
        ----------
        inputs : DataFrame, mapping of columns, or array of shape (n, d)
            A row a run. Arrays have columns x1, x2, ... unless `space` says otherwise.
        outputs : Series, DataFrame, mapping of columns, or array of shape (n,) or (n, k)
            Row for row with `inputs`; two pandas objects are matched by their labels.
            A row with NaN or an infinite number is a failed run.
        fields : mapping of str to array of shape (n, ...), optional
            Outputs that are arrays.
        space : bounds, optional
            What varied; by default the range of each column of numbers and the values of each other column.

        Returns
        -------
        TransferSet

        Raises
        ------
        ValueError
            If rows do not match in number, or a column is missing, not numeric where it must be, or (without
            `space`) constant.
        """
        from surrogate.transfer.provenance import provenance

        space = Space.from_bounds(_observed(inputs) if space is None else space)
        table = space.frame(inputs, "inputs")
        columns = _output_columns(match_labels(outputs, inputs, "outputs"))
        for name, column in {**columns, **(fields or {})}.items():
            if len(column) != len(table):
                raise ValueError(f"outputs[{name!r}]: expected {len(table)} rows, as in inputs; got {len(column)}.")
        arrays = {name: np.asarray(values, dtype=np.float64) for name, values in (fields or {}).items()}
        form = OutputForm({**dict.fromkeys(columns), **{name: array.shape[1:] for name, array in arrays.items()}})
        outcomes = Outcomes.from_columns(form, {**columns, **arrays}, len(table))
        return cls(space, table, outcomes, provenance(simulator=None, design="runs made elsewhere"))


def _observed(inputs: Any) -> dict[str, Real | Integer | Categorical]:
    """Return the parameters that hold the given inputs."""
    import pandas as pd

    if not isinstance(inputs, (pd.DataFrame, Mapping)):
        array = np.asarray(inputs)
        if array.ndim != 2:
            raise ValueError(f"inputs: expected shape (n, d), a row a run; got shape {array.shape}.")
        inputs = {f"x{i + 1}": array[:, i] for i in range(array.shape[1])}
    table = pd.DataFrame(inputs)
    if not len(table.columns) or not len(table):
        raise ValueError(f"inputs: expected at least one row and one column, got shape {table.shape}.")
    observed: dict[str, Real | Integer | Categorical] = {}
    for name, column in table.items():
        if column.dtype.kind not in "iuf":
            observed[str(name)] = Categorical(tuple(column.unique().tolist()))
            continue
        low, high = column.min(), column.max()
        if not low < high:
            raise ValueError(
                f"inputs[{name!r}]: all values are {low:g}, so nothing can be learnt from it. Drop the column, or "
                "give the limits between which it may vary (space=..., or bounds=... of a surrogate)."
            )
        observed[str(name)] = Real(low, high) if column.dtype.kind == "f" else Integer(int(low), int(high))
    return observed


def _output_columns(outputs: Any) -> dict[str, NDArray[np.float64]]:
    """Read outputs in any form; names are y, or y1, y2, ..., where there are none."""
    import pandas as pd

    if isinstance(outputs, pd.Series):
        outputs = {"y" if outputs.name is None else str(outputs.name): outputs}
    if isinstance(outputs, (pd.DataFrame, Mapping)):
        named = {str(name): np.asarray(outputs[name]) for name in outputs}
    else:
        array = np.asarray(outputs)
        if array.ndim not in (1, 2):
            raise ValueError(f"outputs: expected shape (n,) or (n, k), got {array.shape}. For arrays use fields=...")
        named = {"y": array} if array.ndim == 1 else {f"y{i + 1}": array[:, i] for i in range(array.shape[1])}
    for name, column in named.items():
        if column.ndim != 1 or column.dtype.kind not in "biuf":
            raise ValueError(f"outputs[{name!r}]: expected a column of numbers, got dtype {column.dtype}.")
    return {name: column.astype(np.float64) for name, column in named.items()}
