"""Where runs happen: here, in child processes, in any executor, or on a Dask cluster."""

from __future__ import annotations

import hashlib
import os
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor
from numbers import Real
from typing import TYPE_CHECKING, Any

from surrogate.simulation.chunk import run_chunk
from surrogate.simulation.isolation import ChildPool, Limits, run_isolated
from surrogate.simulation.transport import ExecutorError, load, transport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from surrogate.simulation.chunk import Chunk
    from surrogate.simulation.outcome import Outcome
    from surrogate.simulation.simulator import Simulator

    Answer = tuple[list[Outcome], float]
    # Is told the outcomes of a chunk in order, as its runs finish, from any thread.
    Hear = Callable[[list[Outcome]], None]

_ALLOWED = (
    'None (here, in this process), "processes", a concurrent.futures.Executor, a dask.distributed.Client, a Dask '
    'cluster, or the address of a Dask scheduler such as "tcp://10.0.0.1:8786"'
)
# Children on other machines end by themselves when their study has.
_IDLE_SECONDS = 60.0


# A chunk should last about this long: far above the cost of sending it, short enough to balance workers.
_CHUNK_SECONDS = 1.0
# Keeps the memory of a chunk's outcomes small, however fast the simulator is.
_CHUNK_LIMIT = 10_000


class Here:
    """In this process and thread, or in one child of it."""

    chunk_seconds = _CHUNK_SECONDS
    chunk_limit = _CHUNK_LIMIT

    def __init__(self, simulator: Simulator, limits: Limits | None) -> None:
        self._simulator = simulator
        self._limits = limits
        self._children = None if limits is None else ChildPool(transport(simulator), simulator.vectorized)

    def run(self, chunk: Chunk) -> Iterator[list[Outcome]]:
        """Yield the chunk's outcomes in order, as they finish."""
        if self._children is None or self._limits is None:
            return run_chunk(self._simulator, chunk)
        return run_isolated(self._children, chunk, self._limits)

    def close(self) -> None:
        """End the child, if there is one."""
        if self._children is not None:
            self._children.close()


class Crew(ABC):
    """Workers that take chunks. A chunk's future fails only if the machinery does, never because a run did.

    Attributes
    ----------
    chunk_seconds : float
        How long a chunk should last.
    chunk_limit : int
        How many runs a chunk may have, however fast they are.
    """

    chunk_seconds = _CHUNK_SECONDS
    chunk_limit = _CHUNK_LIMIT

    @abstractmethod
    def workers(self) -> int:
        """How many chunks can run at the same time, as of now."""

    @abstractmethod
    def submit(self, chunk: Chunk, hear: Hear) -> Future[Answer]:
        """Start a chunk; the answer is all its outcomes, those heard before included, and the seconds it took."""

    def check(self, error: BaseException) -> None:
        """Raise if `error` says that no chunk can succeed any more."""
        if isinstance(error, ExecutorError):
            raise error
        if isinstance(error, CancelledError):
            raise ExecutorError(
                "executor: it was closed, or its scheduler is gone, while runs were under way."
            ) from error
        if isinstance(error, BrokenExecutor):
            raise ExecutorError(
                f"executor: a worker of the {type(error).__name__.removeprefix('Broken')} died, and an executor of "
                'this kind does not replace it. With executor="processes", or isolation="process", a run that '
                "crashes is recorded and the others go on."
            ) from error
        if isinstance(error, ImportError):
            raise ExecutorError(
                f"executor: a worker cannot load this package ({error}). Install surrogate-discovery there."
            ) from error

    def idle(self) -> None:  # noqa: B027 - only a cluster can wait in vain
        """Be called about once a second while nothing finishes; raise if nothing ever will."""

    @abstractmethod
    def close(self) -> None:
        """Stop what was started for this study, and nothing else."""


class Processes(Crew):
    """Child processes of this one, replaced when they crash; what kills one is known to the run."""

    def __init__(self, simulator: Simulator, limits: Limits) -> None:
        self._children = ChildPool(transport(simulator), simulator.vectorized)
        self._limits = limits
        self._count = _cpus()
        self._threads = ThreadPoolExecutor(self._count, thread_name_prefix="surrogate-worker")

    def workers(self) -> int:
        return self._count

    def submit(self, chunk: Chunk, hear: Hear) -> Future[Answer]:
        return self._threads.submit(timed, hear, run_isolated, self._children, chunk, self._limits)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._children.close()
        self._threads.shutdown(wait=True)


class Threads(Crew):
    """A thread pool of the user, which shares the simulator with this thread."""

    def __init__(self, executor: ThreadPoolExecutor, simulator: Simulator, limits: Limits | None) -> None:
        self._executor = executor
        self._here = Here(simulator, limits)

    def workers(self) -> int:
        return self._executor._max_workers

    def submit(self, chunk: Chunk, hear: Hear) -> Future[Answer]:
        return self._executor.submit(timed, hear, self._here.run, chunk)

    def close(self) -> None:
        self._here.close()


class Pool(Crew):
    """Any other `concurrent.futures.Executor`: the simulator travels with each chunk as bytes.

    Nothing is heard of a chunk before its end, so chunks are short.
    """

    chunk_seconds = 0.03

    def __init__(self, executor: Executor, simulator: Simulator, limits: Limits | None) -> None:
        self._executor = executor
        self._simulator = transport(simulator)
        self._key = hashlib.sha256(self._simulator).hexdigest()
        self._limits = limits

    def workers(self) -> int:
        return int(getattr(self._executor, "_max_workers", None) or _cpus())

    def submit(self, chunk: Chunk, hear: Hear) -> Future[Answer]:
        return self._executor.submit(work, self._simulator, self._key, chunk, self._limits)

    def close(self) -> None:
        """Leave the executor open: it belongs to the user."""


def as_crew(
    executor: Any, simulator: Simulator, *, timeout: float | None, isolation: str | None, memory: float | None
) -> Here | Crew:
    """Read the `executor` argument and the limits; ``ValueError`` or ``TypeError`` if one is wrong."""
    if isolation not in (None, "process"):
        raise ValueError(f'isolation: expected None or "process", got {isolation!r}.')
    for name, value, unit in (("timeout", timeout, "seconds"), ("memory", memory, "bytes")):
        if value is not None and (isinstance(value, bool) or not isinstance(value, Real)):
            raise TypeError(f"{name}: expected a number of {unit}, such as 60 or 2e9, or None; got {value!r}.")
        if value is not None and not value > 0:
            raise ValueError(f"{name}: expected a number of {unit} above 0, or None; got {value!r}.")
    limits = Limits(timeout, memory)
    some = limits if isolation is not None or limits != Limits() else None
    if executor is None:
        return Here(simulator, some)
    if isinstance(executor, str) and executor == "processes":
        return Processes(simulator, limits)
    if isinstance(executor, ThreadPoolExecutor):
        return Threads(executor, simulator, some)
    # Asked by name, so that Dask is not imported for those who do not use it.
    kinds = {f"{cls.__module__}.{cls.__name__}" for cls in type(executor).__mro__}
    dask = kinds & {
        *("distributed.client.Client", "distributed.cfexecutor.ClientExecutor", "distributed.deploy.cluster.Cluster"),
    }
    if dask or (isinstance(executor, str) and "://" in executor):
        from surrogate.simulation.executor_dask import Cluster

        return Cluster(executor, simulator, some)
    if isinstance(executor, Executor):
        return Pool(executor, simulator, some)
    shown = repr(executor) if isinstance(executor, str) else type(executor).__name__
    raise (ValueError if isinstance(executor, str) else TypeError)(f"executor: expected {_ALLOWED}; got {shown}.")


def timed(hear: Hear, function: Callable[..., Iterator[list[Outcome]]], *arguments: Any) -> Answer:
    """Collect what a function yields, telling `hear` of each piece, and measure how long it took."""
    start = time.perf_counter()
    outcomes = []
    for some in function(*arguments):
        outcomes += some
        hear(some)
    return outcomes, time.perf_counter() - start


def work(simulator: bytes, key: str, chunk: Chunk, limits: Limits | None, hear: Hear = lambda outcomes: None) -> Answer:
    """Run a chunk in a worker process, which loads each simulator once."""
    loaded = load(simulator, key)
    if limits is None:
        return timed(hear, run_chunk, loaded, chunk)
    children = _children.get(key)
    if children is None:
        children = _children.setdefault(key, ChildPool(simulator, loaded.vectorized, _IDLE_SECONDS))
    return timed(hear, run_isolated, children, chunk, limits)


_children: dict[str, ChildPool] = {}


def _cpus() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
