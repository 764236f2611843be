"""The runs that `check_simulator` makes and compares."""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.simulation import ExecutorError
from surrogate.simulation.chunk import Chunk, run_chunk
from surrogate.simulation.outcome import Outcome, SimulationFailed, Status
from surrogate.simulation.runner import run

if TYPE_CHECKING:
    import pandas as pd

    from surrogate.simulation.simulator import Simulator
    from surrogate.space import Space

# Statuses of runs that ended their process, or would not end: they are not run here.
FATAL = (Status.SIGNAL, Status.EXIT_CODE, Status.TIMEOUT, Status.WORKER_LOST)
# Many runs at once may add up in another order than one by one.
_TOLERANCE = 1e-12
# Points at which an input is changed before it counts as unused.
_TRIES = 5


class Trial:
    """Runs of one simulator: in a child process, here, and here again in another order.

    Parameters
    ----------
    simulator : Simulator
    n : int
        Points inside the space.
    timeout : float
        Seconds that a run in the child may take.
    seed : int
        Of the points and their order.

    Attributes
    ----------
    points : DataFrame
        `n` points inside the space, and below them, for each input, one of these with this input changed.
    rows : list of int
        Those of the `n` points whose runs harm nobody.
    first : list of Outcome
        Of all points, in the child; in this process if the simulator cannot travel, for the reason in ``obstacle``.
    again, shuffled : dict of int to Outcome
        Of `rows` by row, in this process, in the same and in another order.
    drew : bool
        Whether the runs in this process drew from the global random generators.
    left : dict of str to int
        How many more open files and child processes there were after the runs of ``shuffled``.
    """

    def __init__(self, simulator: Simulator, n: int, timeout: float, seed: int) -> None:
        from surrogate.design import LatinHypercube

        self.simulator = replace(simulator, function=_Plain(simulator.function))
        self.n = n
        inside = LatinHypercube(n, seed=seed).sample(simulator.space)
        self.changes = {name: list(_changes(inside, name, simulator.space)) for name in simulator.space.names}
        self.points = _table([inside, *(tries[0][1] for tries in self.changes.values() if tries)])
        self.obstacle, self._packed = "", b""
        try:
            chunk = self._chunk(self.points)
            found = dict(run(self.simulator, [chunk], isolation="process", timeout=timeout))
            self.first = [found[row] for row in range(len(chunk))]
            self._packed = _packed(self.simulator)
        except ExecutorError as error:
            self.obstacle = str(error)
            self.first = self.run_here(self.points)
        self.rows = [row for row in range(n) if self.first[row].status not in FATAL]
        before = _generators()
        self.again = self._by_row(self.rows)
        resources = _resources()
        self.shuffled = self._by_row(np.random.default_rng(seed).permutation(self.rows).astype(int).tolist())
        self.left = {name: count - resources[name] for name, count in _resources().items()}
        self.drew = _generators() != before

    def run_here(self, points: pd.DataFrame, *, seeds: int = 0, together: bool = True) -> list[Outcome]:
        """Run points in this process, with a copy of the simulator that has not run before, if it can be copied."""
        simulator = pickle.loads(self._packed) if self._packed else self.simulator  # noqa: S301 - packed above
        chunk = self._chunk(points, seeds)
        parts = [chunk] if together else [chunk.part(i, i + 1) for i in range(len(chunk))]
        return [outcome for part in parts if len(part) for some in run_chunk(simulator, part) for outcome in some]

    def difference(self, one: Outcome, other: Outcome) -> str:
        """Say how two outcomes of the same inputs differ; nothing if they do not."""
        if one.status is not other.status:
            failed = one if one.status is not Status.OK else other
            return f"{one.status} and {other.status} ({failed.message.partition(chr(10))[0][:80]})"
        tolerance = _TOLERANCE if self.simulator.vectorized else 0.0
        for name, value in one.outputs.items():
            if name not in other.outputs or not _equal(value, other.outputs[name], tolerance):
                return f"{name} was {_shown(value)} and {_shown(other.outputs.get(name))}"
        return ""

    def at(self, row: int) -> str:
        """Show the inputs of a row."""
        return ", ".join(f"{name}={value!r}" for name, value in self.points.iloc[[row]].to_dict("records")[0].items())

    def _by_row(self, rows: Sequence[int]) -> dict[int, Outcome]:
        return dict(zip(rows, self.run_here(self.points.iloc[list(rows)]), strict=True))

    def _chunk(self, points: pd.DataFrame, seeds: int = 0) -> Chunk:
        """Make a chunk; a point's seed belongs to its label, wherever it comes."""
        own = points.index.to_numpy(np.int64) + 1_000_003 * (seeds + 1)
        columns = {str(name): points[name].to_numpy() for name in points.columns}
        return Chunk(np.arange(len(points)), columns, {}, own if self.simulator.takes_seed else None)


def _packed(simulator: Simulator) -> bytes:
    import cloudpickle  # type: ignore[import-untyped]

    return bytes(cloudpickle.dumps(simulator))


class _Plain:
    """A simulator whose own word on how it failed cannot be taken for the end of its process."""

    def __init__(self, function: Any) -> None:
        self.function = function

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        try:
            return self.function(*arguments, **named)
        except SimulationFailed as error:
            raise SimulationFailed(f"{error.status}: {error}") from error


def _changes(points: pd.DataFrame, name: str, space: Space) -> Iterator[tuple[int, pd.DataFrame]]:
    """Yield points of which one input is changed, with the row that they were made from."""
    found = 0
    for row in range(len(points)):
        others = points[name][points[name] != points[name].iloc[row]]
        # Far away, so that an effect is seen: the other end of the column as it is sorted, or any other category.
        for other in sorted(others, key=str if others.dtype == object else None, reverse=row % 2 == 0)[:2]:
            changed = points.iloc[[row]].copy()
            changed[name] = other
            changed = changed.astype({name: points[name].dtype})
            if space.feasible(changed).all():
                yield row, changed
                found += 1
                break
        if found == _TRIES:
            return


def _table(parts: list[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    return pd.concat(parts)  # a changed point keeps the label, and with it the seed, of the row it was made from


def _generators() -> tuple[Any, ...]:
    """States of the global random generators of Python and NumPy."""
    state = np.random.get_state(legacy=False)["state"]  # noqa: NPY002
    return random.getstate(), state["key"].tobytes(), state["pos"]


def _resources() -> dict[str, int]:
    import psutil

    own = psutil.Process()
    return {"open files": own.num_fds(), "processes": len(own.children(recursive=True))}


def _equal(one: Any, other: Any, tolerance: float) -> bool:
    if np.shape(one) != np.shape(other):
        return False
    return bool(np.allclose(one, other, rtol=tolerance, atol=0.0)) if tolerance else np.array_equal(one, other)


def _shown(value: Any) -> str:
    return repr(value) if isinstance(value, float) or value is None else f"an array of mean {float(np.mean(value))!r}"
