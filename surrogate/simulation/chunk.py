"""A chunk of runs: the unit that travels to a worker, and how it is run there."""

from __future__ import annotations

import platform
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.simulation.outcome import Outcome, SimulationFailed, Status
from surrogate.simulation.outputs import BadOutput, NotFinite, not_finite_rows, read_answer, read_answers

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.simulation.simulator import Simulator

_MESSAGE_LIMIT = 2000


@dataclass(frozen=True)
class Chunk:
    """Some runs that differ in their inputs and share their settings.

    Parameters
    ----------
    rows : ndarray of int, shape (m,)
        The planned rows that the runs answer.
    columns : mapping of str to ndarray of shape (m,)
        The inputs by name.
    settings : mapping, default {}
        Further arguments by name, the same for all runs (a policy).
    seeds : ndarray of int, shape (m,), optional
        The runs' own seeds, for a simulator that takes one.
    attempts : int, default 1
        How often the chunk has been started, this time included.
    keep : callable, optional
        Is given each outcome where the run was made, and returns what is to travel: a way to put large arrays away
        there and send a reference. It travels with the chunk, and never raises.
    """

    rows: NDArray[np.int64]
    columns: Mapping[str, NDArray[Any]]
    settings: Mapping[str, Any]
    seeds: NDArray[np.int64] | None = None
    attempts: int = 1
    keep: Callable[[Outcome], Outcome] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, start: int, stop: int, attempts: int | None = None) -> Chunk:
        """Return the runs from `start` up to `stop`."""
        cut = slice(start, stop)
        columns = {name: column[cut] for name, column in self.columns.items()}
        seeds = None if self.seeds is None else self.seeds[cut]
        return Chunk(self.rows[cut], columns, self.settings, seeds, attempts or self.attempts, self.keep)

    def halves(self) -> tuple[Chunk, Chunk]:
        """Return the first and the second half."""
        middle = len(self) // 2
        return self.part(0, middle), self.part(middle, len(self))


def run_chunk(simulator: Simulator, chunk: Chunk) -> Iterator[list[Outcome]]:
    """Run a chunk in this thread; yield outcomes in order, one by one or (vectorised) all at once."""
    for outcomes in _run(simulator, chunk):
        yield outcomes if chunk.keep is None else list(map(chunk.keep, outcomes))


def _run(simulator: Simulator, chunk: Chunk) -> Iterator[list[Outcome]]:
    if simulator.vectorized:
        yield _run_vectorized(simulator, chunk)
        return
    names = list(chunk.columns)
    seeds = [None] * len(chunk) if chunk.seeds is None else chunk.seeds.tolist()
    columns = [column.tolist() for column in chunk.columns.values()]
    for seed, *values in zip(seeds, *columns, strict=True):
        yield [_run_one(simulator, dict(zip(names, values, strict=True)), chunk, seed)]


def _run_one(simulator: Simulator, values: dict[str, Any], chunk: Chunk, seed: int | None) -> Outcome:
    start = time.perf_counter()
    try:
        outputs = read_answer(simulator.call(values, chunk.settings, seed), simulator.outputs)
    except (Exception, SystemExit) as error:
        status, message = describe(error)
        return Outcome(status, {}, message, time.perf_counter() - start, chunk.attempts, host())
    return Outcome(Status.OK, outputs, "", time.perf_counter() - start, chunk.attempts, host())


def _run_vectorized(simulator: Simulator, chunk: Chunk) -> list[Outcome]:
    """One call for all runs. If it raises, halves are tried, so that only the runs at fault fail."""
    start = time.perf_counter()
    n = len(chunk)
    try:
        answer = simulator.call_many(chunk.columns, chunk.settings, chunk.seeds)
        columns = read_answers(answer, n, simulator.outputs)
    except BadOutput as error:
        each = (time.perf_counter() - start) / n
        return [Outcome(Status.BAD_OUTPUT, {}, str(error), each, chunk.attempts, host())] * n
    except (Exception, SystemExit) as error:
        if n > 1:
            return [outcome for half in chunk.halves() for outcome in _run_vectorized(simulator, half)]
        status, message = describe(error)
        return [Outcome(status, {}, message, time.perf_counter() - start, chunk.attempts, host())]
    return _split(columns, n, (time.perf_counter() - start) / n, chunk.attempts)


def _split(columns: dict[str, NDArray[np.float64]], n: int, seconds: float, attempts: int) -> list[Outcome]:
    """Take the answers of a vectorised call apart into runs."""
    bad = not_finite_rows(columns, n)
    names = list(columns)
    # Rows of a field are copied, so that one kept run does not keep the whole chunk in memory.
    values = [c.tolist() if c.ndim == 1 else [row.copy() for row in c] for c in columns.values()]
    here, ok = host(), Status.OK
    outcomes = [
        Outcome(ok, dict(zip(names, row, strict=True)), "", seconds, attempts, here)
        for row in zip(*values, strict=True)
    ]
    for i in np.flatnonzero(bad):
        wrong = [name for name, column in columns.items() if not np.isfinite(column[i]).all()]
        message = f"output {wrong[0]!r} is NaN or infinite"
        outcomes[i] = Outcome(Status.NOT_FINITE, {}, message, seconds, attempts, here)
    return outcomes


def describe(error: BaseException) -> tuple[Status, str]:
    """Turn what a run raised into a status and a message that names the place in the user's code."""
    if isinstance(error, BadOutput):
        return Status.BAD_OUTPUT, str(error)
    if isinstance(error, NotFinite):
        return Status.NOT_FINITE, str(error)
    if isinstance(error, SimulationFailed):
        return error.status, _text(error) or "SimulationFailed"
    if isinstance(error, SystemExit):
        return Status.EXIT_CODE, f"the simulator called sys.exit({error.code!r})"
    status = Status.MEMORY if isinstance(error, MemoryError) else Status.EXCEPTION
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if PurePath(frame.filename).parent != PurePath(__file__).parent]
    place = f" ({PurePath(own[-1].filename).name}, line {own[-1].lineno}, in {own[-1].name})" if own else ""
    return status, f"{type(error).__name__}: {_text(error)}"[:_MESSAGE_LIMIT] + place


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return "(its message cannot be shown)"


@cache
def host() -> str:
    """Name of this computer."""
    return platform.node()
