"""Runs that were made elsewhere, by hand or by a batch job, taken into a store."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.simulation import Outcome, Status, as_simulator
from surrogate.space import Space
from surrogate.transfer.driver import Driver
from surrogate.transfer.futures import futures_of, no_points, space_of
from surrogate.transfer.outcomes import STATUSES
from surrogate.transfer.plan import REPLICATE, Plan, check_policies
from surrogate.transfer.provenance import now, provenance
from surrogate.transfer.transfer_set import TransferSet

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

ROW, SEED = "row", "seed"
_ABOUT_RUNS = ("status", "message", "seconds", "host")
_ELSEWHERE = "runs made elsewhere"


def plan_runs(
    simulator: Any,
    bounds: Any = None,
    design: Any = None,
    *,
    store: str | PathLike[str],
    replicates: int = 1,
    policies: Mapping[str, Mapping[str, Any]] | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Plan the runs of a design in a store without running any, for somebody else to make them.

    Parameters
    ----------
    simulator : simulator or None
        What `collect` will be called with later, if it will be; None if runs are made elsewhere only.
    bounds, design, store, replicates, policies, seed
        As in `collect`. Planning the same again changes nothing.

    Returns
    -------
    DataFrame
        The column ``row``, which names each run, the inputs, and ``seed`` if the simulator takes one: to be written
        as CSV and handed out. `record` takes the answers.

    Raises
    ------
    ValueError
        If the store holds runs of another simulator, or of other bounds.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from surrogate.transfer import plan_runs, record
    >>> with TemporaryDirectory() as folder:
    ...     table = plan_runs(None, {"x": (0, 1)}, 3, store=f"{folder}/laboratory.runs")
    ...     table["y"] = table["x"] ** 2
    ...     runs = record(f"{folder}/laboratory.runs", table)
    >>> len(runs), runs.output_names
    (3, ('y',))
    """
    space = space_of(simulator, bounds)
    chosen = check_policies(policies, space)
    settings = tuple(dict.fromkeys(n for given in (chosen or {}).values() for n in given if n not in space.parameters))
    ready = None if simulator is None else as_simulator(simulator, space, settings=settings)
    with Driver(store) as kept:
        fingerprint = _ELSEWHERE if ready is None else ready.fingerprint
        kept.adopt(Plan(space, no_points(space), chosen).table_space, fingerprint, "stop")
        description, futures = futures_of(design, space, seed, kept)
        plan = Plan(space, futures, chosen, replicates)
        seeds = plan.seeds(seed) if ready is not None and ready.takes_seed else None
        kept.plan(plan, plan.keys(fingerprint, seeds), seeds)
        described = provenance(simulator=ready, design=description, seed=seed, planned=len(plan))
        kept.finish(kept.begin(described), {**described, "finished": now()})
        table = plan.inputs.copy()
        table.insert(0, ROW, kept.numbers())
    if seeds is not None:
        table[SEED] = seeds
    return table


def record(store: str | PathLike[str], results: Any) -> TransferSet:
    """Take runs that were made elsewhere into the store that planned them.

    Each row is matched to a planned run: by the column ``row`` if there is one (its inputs, if they are given too,
    must then agree), else by its inputs. Other columns are outputs, but for ``status``, ``message``, ``seconds`` and
    ``host``. A run whose status is not "ok", or with an output that is empty, NaN or infinite, is a failure. Runs that
    are recorded already are left alone if they agree, and a run that had failed may be recorded again.

    Parameters
    ----------
    store : path
        A store in which the runs were planned, by `plan_runs` or by `collect`.
    results : DataFrame, mapping of columns, or path of a CSV file

    Returns
    -------
    TransferSet
        All that the store holds.

    Raises
    ------
    ValueError
        If a row matches no planned run or two, an output is no number, or a run was recorded with another result.
        Nothing is recorded then.

    Examples
    --------
    See `plan_runs`.
    """
    table = _read(results)
    with Driver(store) as kept:
        kept.resume()
        space, inputs, outcomes = kept.space, kept.inputs(), kept.outcomes()
        rows = _matched(table, inputs, kept.numbers(), space)
        known = {*space.names, ROW, SEED, REPLICATE, *_ABOUT_RUNS}
        names = [name for name in table.columns if name not in known]
        if not names:
            raise ValueError(f"results: no column is an output; there are {list(table.columns)}.")
        if outcomes.form.shapes is not None and set(names) != set(outcomes.form.shapes):
            held = list(outcomes.form.shapes)
            raise ValueError(f"results: outputs are {names}, but the store holds {held}. Give the same columns.")
        new = []
        for row, outcome in zip(rows.tolist(), _outcomes(table, names), strict=True):
            before = STATUSES[outcomes.codes[row]]
            if before is Status.OK:
                numbers = dict(zip(outcomes.form.names, outcomes.numbers[row].tolist(), strict=True))
                _check_equal(numbers, outcome, int(kept.numbers()[row]))
            elif before is not outcome.status:
                new.append((row, outcomes.form.check(outcome)))
        _add(kept, outcomes.form, new)
    return TransferSet.open(store)


def _add(kept: Driver, form: Any, new: list[tuple[int, Outcome]]) -> None:
    described = provenance(simulator=None, design=_ELSEWHERE, recorded=len(new))
    number = kept.begin(described)
    if form.shapes is not None:
        kept.keep_form(form)
    for row, outcome in new:
        kept.add(row, outcome, form)
    kept.finish(number, {**described, "finished": now()})


def _read(results: Any) -> pd.DataFrame:
    import pandas as pd

    if isinstance(results, (pd.DataFrame, Mapping)):
        table = pd.DataFrame(results).reset_index(drop=True)
    else:
        try:
            # Text that happens to say NA stays text.
            table = pd.read_csv(Path(results), keep_default_na=False, na_values=[""])
        except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
            raise ValueError(f"results: {results} is no CSV table ({error}).") from None
    if not len(table):
        raise ValueError("results: there are no rows.")
    return table


def _matched(table: pd.DataFrame, inputs: pd.DataFrame, numbers: NDArray[np.int64], space: Space) -> NDArray[np.int64]:
    """Return the position in the plan of each row of the results."""
    given = [name for name in space.names if name in table]
    if ROW in table:
        position = {number: i for i, number in enumerate(numbers.tolist())}
        unknown = [value for value in table[ROW].tolist() if value not in position]
        if unknown:
            raise ValueError(f"results: row {unknown[0]!r} was never planned; rows go from {min(position)} on.")
        rows = np.array([position[value] for value in table[ROW].tolist()])
        for name in given:
            planned, found = inputs[name].to_numpy()[rows], table[name].to_numpy()
            differs = [i for i, (a, b) in enumerate(zip(planned, found, strict=True)) if not _agrees(a, b)]
            if differs:
                i = differs[0]
                raise ValueError(
                    f"results: row {table[ROW].iloc[i]} has {name}={found[i]}, but {planned[i]} was planned. "
                    "Are the rows mixed up?"
                )
    elif len(given) == len(space.names):
        rows = _by_inputs(table, inputs, space)
    else:
        missing = [name for name in space.names if name not in table]
        raise ValueError(f"results: give the column {ROW!r}, or all inputs; {missing[0]!r} is missing.")
    twice = len(rows) - len(np.unique(rows))
    if twice:
        raise ValueError(f"results: {twice} rows give a run that another row gives already.")
    return rows


def _by_inputs(table: pd.DataFrame, inputs: pd.DataFrame, space: Space) -> NDArray[np.int64]:
    names = [*space.names, *([REPLICATE] if REPLICATE in inputs and REPLICATE in table else [])]
    waiting: dict[tuple[Any, ...], list[int]] = {}
    for i, key in enumerate(_keys(inputs, names)):
        waiting.setdefault(key, []).append(i)
    rows = []
    for i, key in enumerate(_keys(space.frame(table, "results").join(table[names[len(space) :]]), names)):
        if not waiting.get(key):
            shown = ", ".join(f"{name}={value!r}" for name, value in zip(names, key, strict=True))
            raise ValueError(f"results: no planned run has the inputs of line {i + 1}: {shown}.")
        rows.append(waiting[key].pop(0))  # equal points are dealt out in order
    return np.array(rows, dtype=np.int64)


def _keys(table: pd.DataFrame, names: list[str]) -> Iterator[tuple[Any, ...]]:
    return zip(*(_rounded(table[name].tolist()) for name in names), strict=True)


def _rounded(values: list[Any]) -> list[Any]:
    """Numbers to 12 digits: other programs do not write more back."""
    return [float(f"{v:.12g}") if isinstance(v, float) else v for v in values]


def _agrees(planned: Any, found: Any) -> bool:
    if isinstance(planned, (float, np.floating)) and isinstance(found, (int, float, np.number)):
        return math.isclose(planned, found, rel_tol=1e-9, abs_tol=1e-300)
    return bool(planned == found) or str(planned) == str(found)


def _outcomes(table: pd.DataFrame, names: list[str]) -> Iterator[Outcome]:
    import pandas as pd

    columns = {}
    for name in names:
        column = pd.to_numeric(table[name], errors="coerce")
        wrong = table.index[column.isna() & table[name].notna() & (table[name].astype(str).str.lower() != "nan")]
        if len(wrong):
            raise ValueError(
                f"results: output {name!r} of line {wrong[0] + 1} is {table[name][wrong[0]]!r}, no number."
            )
        columns[name] = column.to_numpy(dtype=np.float64)
    about = {name: table[name].tolist() if name in table else [None] * len(table) for name in _ABOUT_RUNS}
    for i in range(len(table)):
        said = {name: "" if pd.isna(values[i]) else str(values[i]) for name, values in about.items()}
        seconds = float(said["seconds"] or 0.0)
        try:
            status = Status(said["status"] or "ok")
        except ValueError:
            allowed = ", ".join(Status)
            raise ValueError(f"results: status {said['status']!r} of line {i + 1} is none of {allowed}.") from None
        bad = [name for name in names if not math.isfinite(columns[name][i])]
        if status is Status.OK and bad:
            message = f"output {bad[0]!r} is empty, NaN or infinite"
            yield Outcome(Status.NOT_FINITE, {}, message, seconds, 1, said["host"])
        elif status is Status.OK:
            yield Outcome(status, {name: float(columns[name][i]) for name in names}, "", seconds, 1, said["host"])
        else:
            yield Outcome(status, {}, said["message"] or str(status), seconds, 1, said["host"])


def _check_equal(before: Mapping[str, float], outcome: Outcome, number: int) -> None:
    same = outcome.status is Status.OK and all(
        name in outcome.outputs and math.isclose(value, float(outcome.outputs[name]), rel_tol=1e-9)
        for name, value in before.items()
    )
    if not same:
        raise ValueError(
            f"results: run {number} is recorded already with {dict(before)}, and now comes as "
            f"{dict(outcome.outputs) or outcome.status}. If the first was wrong, record into a new store."
        )
