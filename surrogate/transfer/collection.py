"""Running a design through a simulator: the one way by which runs are made."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import closing, nullcontext
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.simulation import Outcome, Progress, Simulator, Status, as_simulator, run
from surrogate.simulation.outputs import Pilot
from surrogate.simulation.progress import Reporter
from surrogate.transfer.driver import Driver
from surrogate.transfer.futures import futures_of, no_points, space_of
from surrogate.transfer.outcomes import Fields, Outcomes
from surrogate.transfer.plan import Plan, check_policies
from surrogate.transfer.provenance import now, provenance
from surrogate.transfer.transfer_set import TransferSet

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.space import Space

# What `TransferSet.failures` tells beside the inputs.
_COLUMNS = ("status", "message", "attempts", "seconds", "host")
# Fewer finished runs say too little about the share that fails.
_ENOUGH = 20


class TooManyFailures(RuntimeError):
    """A study was stopped because too many of its runs failed.

    Attributes
    ----------
    runs : TransferSet
        What was run until then.
    """

    runs: TransferSet


def collect(
    simulator: Any,
    bounds: Any = None,
    design: Any = None,
    *,
    store: str | PathLike[str] | None = None,
    executor: Any = None,
    timeout: float | None = None,
    isolation: str | None = None,
    retries: int = 1,
    replicates: int = 1,
    policies: Mapping[str, Mapping[str, Any]] | None = None,
    max_failed: float = 0.2,
    on_change: str = "stop",
    progress: Callable[[Progress], None] | None = None,
    seed: int = 0,
    memory: float | None = None,
) -> TransferSet:
    """Run a design through a simulator, here or on a cluster; on an existing store only what is missing.

    Parameters
    ----------
    simulator : callable or fitted estimator
        See `surrogate.simulation.as_simulator`.
    bounds : bounds, optional
        What may vary; by default ``simulator.space``.
    design : design, int, DataFrame or array of shape (n, d), optional
        Where to look. A number n is a Latin hypercube of n points seeded with `seed`; the default
        is n = max(30, 10 d). A table holds the points themselves.
    store : path, optional
        A directory that keeps every run. If it exists, only runs that it does not hold are run: the same call
        again resumes a study that was killed, a larger design adds to it. A design without a seed is not drawn
        again. Failed runs are not run again, unless a worker was lost. By default runs stay in memory.
    executor : None, "processes", concurrent.futures.Executor, dask.distributed.Client or str, default None
        Where to run: here, in child processes (one a processor), in an executor or on a Dask cluster, given by
        itself, its client or the address of its scheduler. Results do not depend on it.
    timeout : float, optional
        Seconds that a run may take before it is killed. Implies ``isolation="process"``.
    isolation : {None, "process"}, default None
        With "process", runs happen in a child process, and may crash.
    retries : int, default 1
        How often runs are started again when their worker was lost. Runs that fail by themselves are not.
    replicates : int, default 1
        How often each point is run, each time with another seed.
    policies : mapping of str to mapping, optional
        Named settings, as in ``{"none": {}, "cap": {"emission": 0.02}}``: arguments of the simulator that are
        fixed by a decision. Each meets the same points and the same seeds. The name is the column "policy".
    max_failed : float, default 0.2
        The study stops as soon as more than this share of its runs has failed, judged from 20 finished
        runs on: a typing error should not burn 100,000 runs. 1 never stops.
    on_change : {"stop", "keep", "rerun"}, default "stop"
        If the store holds runs of a simulator whose fingerprint differs: stop with an error, keep
        its runs beside new ones, or run everything again (the old runs stay in the ledger, but do not count).
    progress : callable, optional
        Receives a `surrogate.simulation.Progress` as runs finish. By default a line on standard error, if that is
        a terminal.
    seed : int, default 0
        Of the study: each run's own seed follows from it, the point and the replicate.
    memory : float, optional
        Bytes that a run's process, with everything it started, may have in memory before it is killed. Implies
        ``isolation="process"``.

    Returns
    -------
    TransferSet
        The runs of this design, in its order, whatever else the store holds.

    Raises
    ------
    ValueError, TypeError
        If an argument is wrong, before any run.
    BlockingIOError
        If another driver is writing the store.
    TooManyFailures
        If more than `max_failed` failed, or (unless `max_failed` is 1) not one run succeeded. As every error
        after runs were made, and as ``KeyboardInterrupt``, it carries them as ``.runs``.

    Examples
    --------
    >>> runs = collect(lambda a, b: {"sum": a + b}, {"a": (0, 1), "b": (0, 1)}, 40)
    >>> len(runs), list(runs.X.columns), runs.output_names
    (40, ['a', 'b'], ('sum',))
    """
    _check(retries, replicates, max_failed, on_change, seed)
    space = space_of(simulator, bounds)
    _check_names(space)
    chosen = check_policies(policies, space)
    settings = tuple(dict.fromkeys(name for given in (chosen or {}).values() for name in given))
    ready = as_simulator(simulator, space, settings=tuple(name for name in settings if name not in space.parameters))
    with nullcontext() if store is None else Driver(store) as kept:
        fingerprint = ready.fingerprint
        if kept is not None:
            table_space = Plan(space, no_points(space), chosen).table_space
            fingerprint = kept.adopt(table_space, fingerprint, on_change, ready.parts())
        description, futures = futures_of(design, space, seed, kept)
        plan = Plan(space, futures, chosen, replicates)
        seeds = plan.seeds(seed) if ready.takes_seed else None
        record = provenance(
            simulator=ready, design=description, seed=seed, replicates=replicates, policies=chosen, planned=len(plan)
        )
        if kept is None:
            outcomes = Outcomes(len(plan))
        else:
            kept.plan(plan, plan.keys(fingerprint, seeds), seeds)
            outcomes = kept.outcomes()
        study = _Study(ready, plan, outcomes, kept, record, max_failed, progress)
        return study.run(seeds, executor=executor, timeout=timeout, isolation=isolation, memory=memory, retries=retries)


class _Study:
    """The runs of one call under way."""

    def __init__(
        self,
        simulator: Simulator,
        plan: Plan,
        outcomes: Outcomes,
        store: Driver | None,
        record: dict[str, Any],
        max_failed: float,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self._simulator = simulator
        self._plan = plan
        self._outcomes = outcomes
        self._store = store
        self._record = record
        self._max_failed = max_failed
        missing = len(outcomes.unfinished)
        self._reporter = Reporter(progress, len(plan), len(plan) - missing, len(outcomes.failed))
        self._finished = 0
        self._failed = 0
        if not len(outcomes.ok):
            outcomes.form.decide(None)
        self._pilot = Pilot(outcomes.form)
        self._kept_form = self._checked_form = outcomes.form.shapes

    def run(self, seeds: NDArray[np.int64] | None, **running: Any) -> TransferSet:
        """Run what is missing; every error that comes after runs were made carries them."""
        number = self._store.begin(self._record) if self._store is not None else 0
        try:
            try:
                rows = self._refuse_outside(self._outcomes.unfinished)
                # Here the store's own thread writes arrays while the next run is under way.
                elsewhere = running["executor"] is not None
                keep = self._store.keeper() if self._store is not None and elsewhere else None
                chunks = self._plan.chunks(rows, seeds, keep)
                with closing(run(self._simulator, chunks, **running)) as outcomes:
                    for row, outcome in outcomes:
                        self._note(row, outcome)
                        if self._store is not None and self._finished == 1:
                            self._store.note_changed(self._simulator.parts())
                        self._check_budget()
            finally:
                self._reporter.close()
                self._record["finished"] = now()
                if self._store is not None:
                    self._store.finish(number, self._record)
                    self._store.note_changed(self._simulator.parts())
            self._check_any()
        except BaseException as error:
            error.runs = self._transfer_set()  # type: ignore[attr-defined]
            raise
        return self._transfer_set()

    def _note(self, row: int, outcome: Outcome) -> None:
        judged = self._pilot.hear(row, outcome)
        if len(judged) > 1:  # those that the majority of the first few puts in the wrong come first
            judged.sort(key=lambda pair: self._outcomes.form.check(pair[1]).status is Status.OK)
        for one, outcome in judged:
            again = one != row
            self._failed -= again and not self._outcomes.is_ok(one)
            outcome = self._outcomes.add(one, outcome)
            failed = outcome.status is not Status.OK
            if not failed and self._checked_form is not self._outcomes.form.shapes:
                self._check_output_names(outcome)
            self._finished += not again
            self._failed += failed
            if self._store is not None:
                self._keep(one, outcome)
            if not again:
                self._reporter.count((lambda: self._described(row)) if failed else None)

    def _keep(self, row: int, outcome: Outcome) -> None:
        assert self._store is not None  # noqa: S101 - for the type checker
        form = self._outcomes.form
        if outcome.status is Status.OK and self._kept_form != form.shapes:
            self._store.keep_form(form)
            self._kept_form = form.shapes
        self._store.add(row, outcome, form)

    def _check_output_names(self, outcome: Outcome) -> None:
        self._checked_form = self._outcomes.form.shapes
        for name in outcome.outputs:
            # An answer without a name is called y, or y1, y2, ...: nobody chose that, so it may meet an input's name.
            if name in self._plan.inputs and not re.fullmatch(r"y\d*", name):
                raise ValueError(
                    f"simulator: its output {name!r} has the name of an input, and tables hold both. Rename one."
                )

    def _refuse_outside(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Record the points that the space does not hold, unrun; return the others."""
        inside = self._plan.inside()
        share = 1.0 - inside.mean()
        outside = rows[~inside[rows]]
        if share > self._max_failed and len(outside):
            row = self._plan.inputs.iloc[int(outside[0])].to_dict()
            raise ValueError(
                f"design: {share:.0%} of its {len(inside)} points lie outside the bounds or break a constraint, "
                f"more than max_failed={self._max_failed:g}; the first is {row}. Widen the bounds or correct it."
            )
        for row in outside.tolist():
            self._note(
                row, Outcome(Status.OUT_OF_BOUNDS, {}, "the point lies outside the bounds or breaks a constraint")
            )
        self._finished = self._failed = 0  # the budget is about runs
        return rows[inside[rows]]

    def _check_budget(self) -> None:
        if self._finished >= _ENOUGH and self._failed > self._max_failed * self._finished:
            raise TooManyFailures(
                f"{self._failed} of the first {self._finished} runs failed, more than max_failed={self._max_failed:g}; "
                f"the first: {self._first_failure()}. Repair the simulator or narrow the bounds (error.runs.failures "
                "lists them), or go on regardless with a larger max_failed."
            )

    def _check_any(self) -> None:
        if self._max_failed < 1 and not len(self._outcomes.ok):
            raise TooManyFailures(
                f"all {len(self._plan)} runs failed; the first: {self._first_failure()}. Call the simulator by hand "
                "with these inputs; error.runs.failures lists all."
            )

    def _first_failure(self) -> str:
        return self._described(int(self._outcomes.failed[0]))

    def _described(self, row: int) -> str:
        inputs = ", ".join(f"{name}={value!r}" for name, value in self._plan.inputs.iloc[row].to_dict().items())
        return f"{self._outcomes.messages[row]} [row {row}: {inputs}]"

    def _transfer_set(self) -> TransferSet:
        fields: Fields | None = self._store.fields(self._outcomes) if self._store is not None else None
        return TransferSet(self._plan.table_space, self._plan.inputs, self._outcomes, self._record, fields)


def _check_names(space: Space) -> None:
    for name in space.names:
        if name in _COLUMNS:
            raise ValueError(
                f"bounds: the name {name!r} is taken by a column of runs.failures ({', '.join(_COLUMNS)}). "
                "Rename the parameter."
            )


def _check(retries: int, replicates: int, max_failed: float, on_change: str, seed: int) -> None:
    for name, value, least in (("retries", retries, 0), ("replicates", replicates, 1), ("seed", seed, 0)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
            raise ValueError(f"{name}: expected a whole number of at least {least}, got {value!r}.")
    if isinstance(max_failed, bool) or not isinstance(max_failed, (int, float)) or not 0 <= max_failed <= 1:
        raise ValueError(f"max_failed: expected a share between 0 and 1, got {max_failed!r}.")
    if on_change not in ("stop", "keep", "rerun"):
        raise ValueError(f'on_change: expected "stop", "keep" or "rerun", got {on_change!r}.')
