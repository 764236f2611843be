"""What a scenario discovery is asked: runs, their inputs, and which of them are cases of interest."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.simulation import Status
from surrogate.space import Categorical, Expression, Integer, Parameter, Real, Space
from surrogate.transfer import TransferSet

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

#: The case of the failure map.
FAILED = "failed"

# Planned runs that were never made say nothing about where a simulator breaks down.
_NOT_RUN = tuple(str(status) for status in Status if status.repeatable or status is Status.OUT_OF_BOUNDS)


@dataclass(frozen=True)
class Question:
    """Runs and cases, read and matched row for row.

    Attributes
    ----------
    runs : TransferSet or None
        Where the runs came from, if from a transfer set.
    X : DataFrame of shape (n, d)
        Inputs.
    y : ndarray of float64, shape (n,)
        1 for a case of interest, 0 for none.
    text : str or None
        The condition, if the case was given as one.
    rows : ndarray of int or None
        Place of each run among those planned, if they are from a transfer set.
    condition : Expression or None
        The same, if it is one on the outputs and inputs of successful runs.
    outputs : mapping of str to ndarray of shape (n,)
        The outputs in numbers that the condition names.
    lost : DataFrame
        Inputs and status of the runs that failed and are therefore not among `X`.
    """

    runs: TransferSet | None
    X: pd.DataFrame
    y: NDArray[np.float64]
    text: str | None
    lost: pd.DataFrame
    rows: NDArray[np.intp] | None = None
    condition: Expression | None = None
    outputs: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)

    def space(self, space: Any) -> Space:
        """Return what may vary: as given, as the runs say, or the range of the data."""
        if space is not None:
            given: Space = Space.from_bounds(space)
            missing = [name for name in self.X if name not in given.parameters]
            if missing:
                raise ValueError(f"space: the input {missing[0]!r} is not a parameter of {list(given.names)}. Add it.")
            return given
        if self.runs is not None:
            return self.runs.space
        observed = {str(name): _observed(str(name), self.X[name]) for name in self.X}
        return Space({name: parameter for name, parameter in observed.items() if parameter is not None})


def part_of(space: Space, names: Sequence[str]) -> Space:
    """Return the space of some of its parameters, with the constraints that can be asked without the others."""
    parameters = {name: space[name] for name in names}
    middle = Space(parameters).from_unit(np.full((1, len(parameters)), 0.5)) if parameters else None
    kept = [
        constraint
        for constraint in space.constraints
        if (
            set(constraint.names) <= set(parameters)
            if isinstance(constraint, Expression)
            else middle is not None and _answers(constraint, middle)
        )
    ]
    return Space(parameters, kept)


def _answers(constraint: Callable[[pd.DataFrame], Any], rows: pd.DataFrame) -> bool:
    try:
        constraint(rows)
    except (KeyError, AttributeError):  # it needs a column that is not there
        return False
    return True


def read_question(runs: Any, case: Any, inputs: Sequence[str] | None) -> Question:
    """Read runs in every form, and a case given as a condition, as "failed", or run by run.

    Raises
    ------
    ValueError, TypeError, FileNotFoundError
        For what cannot be read or matched, and for cases that none or all of the runs are.
    """
    import pandas as pd

    from surrogate.models.boxes.reading import read_frame, read_y

    if callable(case):
        raise TypeError("case: expected a condition such as 'reliability < 0.9' or one boolean a run, got a function.")
    if isinstance(runs, (str, Path)):
        runs = read_runs(Path(runs))
    asked = case.strip() if isinstance(case, str) else None
    if asked is not None and _about_status(asked, runs):
        return _failure_question(runs, asked, inputs)
    if isinstance(runs, TransferSet):
        if not len(runs):
            raise ValueError(
                f"runs: none of the {len(runs.inputs)} planned runs succeeded, so there is no case to seek. "
                "runs.failures tells why; discover(runs, 'failed') needs some that succeeded, too."
            )
        if asked is not None:
            outputs = {name: runs[name] for name in runs.output_names}
            return _condition_question(runs, Expression(asked), runs.X, outputs, inputs)
        table = runs.X
    else:
        # Labels of rows matter only where cases are matched by them.
        table = runs if isinstance(runs, pd.DataFrame) and asked is None else read_frame(runs)
        if asked is not None:
            return _condition_question(None, Expression(asked), table, {}, inputs)
    if inputs is not None:
        table = _columns_of(table, inputs)
    y = read_y(case, table, "case")
    own = runs if isinstance(runs, TransferSet) else None
    return Question(own, read_frame(table), y, None, _lost(own), _succeeded(own))


def read_runs(path: Path) -> Any:
    """Read a store of runs, or a CSV table of them.

    A first column without a name that counts the rows, as pandas writes it, is left out.

    Raises
    ------
    FileNotFoundError
        If there is nothing at `path`.
    ValueError
        If it is neither.
    """
    import pandas as pd

    if path.is_dir():
        return TransferSet.open(path)
    if not path.exists():
        raise FileNotFoundError(f"runs: there is no file or folder {path}. Give the path of a CSV table or a store.")
    try:
        table = pd.read_csv(path)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ValueError(f"runs: {path} is not a CSV table ({error}). Write it with a header and commas.") from None
    first = table.columns[0]
    if first == "Unnamed: 0" and (table[first].to_numpy() == np.arange(len(table))).all():
        table = table.drop(columns=first)
    if table.shape[1] < 2:
        raise ValueError(f"runs: {path} has only the column {first!r}. Are its columns divided by commas?")
    return table


# Conditions on outputs


def _condition_question(
    runs: TransferSet | None,
    condition: Expression,
    table: pd.DataFrame,
    outputs: dict[str, Any],
    inputs: Sequence[str] | None,
) -> Question:
    from surrogate.models.boxes.reading import read_frame

    known = "outputs and inputs" if outputs else "columns of runs"
    table = table.assign(**outputs) if outputs else table
    _check_names(condition, [*outputs, *(name for name in table if name not in outputs)], known)
    failed = table[list(condition.names)].isna().any(axis=1)
    if failed.all():
        raise ValueError(
            f"runs: all {len(table)} runs failed (NaN in {', '.join(condition.names)}), so {condition.text!r} has no "
            "case. Repair the simulator, or seek the case in another output."
        )
    given = set(outputs) or set(condition.names)
    kept = [str(name) for name in table if name not in given] if inputs is None else list(inputs)
    lost = _lost(runs) if runs is not None else _columns_of(table[failed], kept).assign(status=FAILED)
    table = table[~failed]
    y = _cases(condition, table)
    X = _columns_of(table, kept)
    if not X.shape[1]:
        raise ValueError(f"runs: no input is left beside {', '.join(sorted(given))}. Name them: inputs=[...].")
    named = {
        name: table[name].to_numpy(dtype=np.float64)
        for name in condition.names
        if name not in kept and table[name].dtype.kind in "iuf"
    }
    complete = all(name in named or name in kept for name in condition.names)
    rows = _succeeded(runs)
    return Question(
        runs,
        read_frame(X),
        y,
        condition.text,
        lost,
        None if rows is None else rows[~failed.to_numpy()],
        condition if complete else None,
        named if complete else {},
    )


def _check_names(condition: Expression, known: Sequence[Any], what: str) -> None:
    try:
        condition.check_names(tuple(str(name) for name in known), what)
    except ValueError as error:
        raise ValueError(f"case: {error}") from None


def _cases(condition: Expression, table: pd.DataFrame) -> NDArray[np.float64]:
    y = np.asarray(condition(table), dtype=bool)
    if not y.all() and y.any():
        return y.astype(np.float64)
    ranges = "; ".join(
        f"{name} runs from {table[name].min():.6g} to {table[name].max():.6g}"
        for name in condition.names
        if table[name].dtype.kind in "iuf"
    )
    raise ValueError(
        f"case: {condition.text!r} holds in {'all' if y.all() else 'none'} of the {len(y)} runs (base rate "
        f"{float(y.mean()):g}), so there is nothing to tell apart. Move its threshold{': ' if ranges else ''}{ranges}."
    )


def _columns_of(table: pd.DataFrame, inputs: Sequence[str]) -> pd.DataFrame:
    missing = [name for name in inputs if name not in table]
    if missing:
        raise ValueError(f"inputs: column {missing[0]!r} is not in runs; got {list(table.columns)}.")
    return table[list(inputs)]


# The failure map


def _about_status(case: str, runs: Any) -> bool:
    """Whether a case is about what became of the runs, and not about an input or output of that name."""
    own: Sequence[Any]
    if isinstance(runs, TransferSet):
        own = (*runs.output_names, *runs.space.names)
        return (case == FAILED or _names_only(case, "status")) and FAILED not in own and "status" not in own
    own = tuple(getattr(runs, "columns", ()))
    return (case == FAILED and FAILED not in own) or ("status" in own and _names_only(case, "status"))


def _names_only(case: str, name: str) -> bool:
    return bool(re.match(rf"{name}\b", case)) and Expression(case).names == (name,)


def _failure_question(runs: Any, case: str, inputs: Sequence[str] | None) -> Question:
    """Ask where runs fail: all runs that were made, failed ones as cases."""
    import pandas as pd

    from surrogate.models.boxes.reading import read_frame

    own = runs if isinstance(runs, TransferSet) else None
    if own is not None:
        table, status = own.inputs[list(own.space.names)], own.status
    else:
        table = read_frame(runs)
        table, status = _with_status(table, inputs)
    made = ~status.isin(_NOT_RUN).to_numpy()
    table, status = table[made], status[made]
    if inputs is not None:
        table = _columns_of(table, inputs)
    if case == FAILED:
        cases = (status != str(Status.OK)).to_numpy()
    else:
        cases = np.asarray(Expression(case)(pd.DataFrame({"status": status.to_numpy()})), dtype=bool)
    if cases.all() or not cases.any():
        raise ValueError(
            f"case: {case!r} holds in {'all' if cases.any() else 'none'} of the {len(cases)} runs that were made, so "
            f"there is no boundary to seek. Their statuses: {', '.join(map(str, sorted(set(status)))) or 'none'}."
        )
    rows = None if own is None else np.flatnonzero(made)
    return Question(own, read_frame(table), cases.astype(np.float64), case, table.iloc[:0].assign(status=""), rows)


def _with_status(table: pd.DataFrame, inputs: Sequence[str] | None) -> tuple[pd.DataFrame, pd.Series[Any]]:
    """Divide a table of runs into inputs and statuses: a column "status", or where numbers are missing."""
    import pandas as pd

    complete = [str(name) for name in table if not table[name].isna().any() and name != "status"]
    kept = complete if inputs is None else list(inputs)
    if "status" in table:
        status = table["status"].fillna(FAILED).astype(str)
        status.index = table.index
    else:
        outputs = [name for name in table if name not in kept]
        gone = table[outputs].isna().any(axis=1)
        status = pd.Series(np.where(gone, FAILED, str(Status.OK)), index=table.index, dtype=object)
    return _columns_of(table, kept), status


def _succeeded(runs: TransferSet | None) -> NDArray[np.intp] | None:
    return None if runs is None else np.flatnonzero((runs.status == str(Status.OK)).to_numpy())


def _lost(runs: TransferSet | None) -> pd.DataFrame:
    """Return inputs and status of the runs that failed; no rows where nothing is known."""
    import pandas as pd

    if runs is None:
        return pd.DataFrame({"status": pd.Series([], dtype=object)})
    status = runs.status
    failed = (status != str(Status.OK)) & ~status.isin(_NOT_RUN)
    return runs.inputs[failed.to_numpy()].assign(status=status[failed].to_numpy())


# Where no space is declared


def _observed(name: str, column: pd.Series[Any]) -> Parameter | None:
    """Return the range of a column; nothing if it is constant, for then it does not vary."""
    if column.nunique() < 2:
        return None
    if column.dtype.kind in "iu":
        return Integer(int(column.min()), int(column.max()))
    if column.dtype.kind == "f":
        return Real(float(column.min()), float(column.max()))
    try:
        return Categorical(tuple(column.unique().tolist()))
    except ValueError as error:
        raise ValueError(f"X[{name!r}]: {error}") from None
