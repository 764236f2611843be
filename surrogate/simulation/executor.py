"""Where runs happen: here, in processes, in any executor, or on a Dask cluster.

The only place of the package that knows Dask; it is imported when a cluster is asked for.
"""

from __future__ import annotations

import hashlib
import os
import time
from abc import ABC, abstractmethod
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from surrogate.simulation.chunk import run_chunk
from surrogate.simulation.isolation import ChildPool, ExecutorError, load, run_isolated, transport

if TYPE_CHECKING:
    from collections.abc import Iterator

    from surrogate.simulation.chunk import Chunk
    from surrogate.simulation.outcome import Outcome
    from surrogate.simulation.simulator import Simulator

    Answer = tuple[list[Outcome], float]

_ALLOWED = (
    'None (here, in this process), "processes", a concurrent.futures.Executor, a dask.distributed.Client, or the '
    'address of a Dask scheduler such as "tcp://10.0.0.1:8786"'
)
_CONNECT_SECONDS = 10.0
_WAIT_FOR_WORKERS = 60.0
# Children on other machines end by themselves when their study has.
_IDLE_SECONDS = 60.0


class Here:
    """In this process and thread, or in one child of it."""

    def __init__(self, simulator: Simulator, timeout: float | None, isolated: bool) -> None:
        self._simulator = simulator
        self._timeout = timeout
        self._children = ChildPool(transport(simulator), simulator.vectorized) if isolated else None

    def run(self, chunk: Chunk) -> Iterator[list[Outcome]]:
        """Yield the chunk's outcomes in order, as they finish."""
        if self._children is None:
            return run_chunk(self._simulator, chunk)
        return run_isolated(self._children, chunk, self._timeout)

    def close(self) -> None:
        """End the child, if there is one."""
        if self._children is not None:
            self._children.close()


class Crew(ABC):
    """Workers that take chunks. A chunk's future fails only if the machinery does, never because a run did."""

    @abstractmethod
    def workers(self) -> int:
        """How many chunks can run at the same time, as of now."""

    @abstractmethod
    def submit(self, chunk: Chunk) -> Future[Answer]:
        """Start a chunk; the answer is its outcomes and the seconds it took."""

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

    @abstractmethod
    def close(self) -> None:
        """Stop what was started for this study, and nothing else."""


class Processes(Crew):
    """Child processes of this one, replaced when they crash; what kills one is known to the run."""

    def __init__(self, simulator: Simulator, timeout: float | None) -> None:
        self._children = ChildPool(transport(simulator), simulator.vectorized)
        self._timeout = timeout
        self._count = _cpus()
        self._threads = ThreadPoolExecutor(self._count, thread_name_prefix="surrogate-worker")

    def workers(self) -> int:
        return self._count

    def submit(self, chunk: Chunk) -> Future[Answer]:
        return self._threads.submit(_timed, run_isolated, self._children, chunk, self._timeout)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._children.close()
        self._threads.shutdown(wait=True)


class Threads(Crew):
    """A thread pool of the user, which shares the simulator with this thread."""

    def __init__(
        self, executor: ThreadPoolExecutor, simulator: Simulator, timeout: float | None, isolated: bool
    ) -> None:
        self._executor = executor
        self._here = Here(simulator, timeout, isolated)

    def workers(self) -> int:
        return self._executor._max_workers

    def submit(self, chunk: Chunk) -> Future[Answer]:
        return self._executor.submit(_timed, self._here.run, chunk)

    def close(self) -> None:
        self._here.close()


class Pool(Crew):
    """Any other `concurrent.futures.Executor`: the simulator travels with each chunk as bytes."""

    def __init__(self, executor: Executor, simulator: Simulator, timeout: float | None, isolated: bool) -> None:
        self._executor = executor
        self._simulator: Any = transport(simulator)
        self._key = hashlib.sha256(self._simulator).hexdigest()
        self._timeout = timeout
        self._isolated = isolated

    def workers(self) -> int:
        return int(getattr(self._executor, "_max_workers", None) or _cpus())

    def submit(self, chunk: Chunk) -> Future[Answer]:
        return self._executor.submit(_work, self._simulator, self._key, chunk, self._timeout, self._isolated)

    def close(self) -> None:
        """Leave the executor open: it belongs to the user."""


class Cluster(Pool):
    """A Dask cluster, as an executor of Dask's own making."""

    def __init__(self, client: Any, own: bool, simulator: Simulator, timeout: float | None, isolated: bool) -> None:
        import dask

        self._client = client
        self._own = own
        try:
            client.wait_for_workers(1, timeout=_WAIT_FOR_WORKERS)
            # Every chunk must run, even one that equals another (replicates), hence not pure.
            super().__init__(client.get_executor(pure=False), simulator, timeout, isolated)
            with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"}):
                # A task, not scattered data, so that the simulator is there again when a worker was lost.
                self._simulator = client.submit(bytes, self._simulator, key=f"simulator-{self._key}")
        except BaseException as error:
            self.close()
            if isinstance(error, TimeoutError):
                raise ExecutorError(
                    f"executor: no Dask worker joined {client.scheduler.address} within {_WAIT_FOR_WORKERS:g} s. "
                    "Start workers with `dask worker ADDRESS`."
                ) from None
            raise
        self._counted = -1.0
        self._threads = 1

    def workers(self) -> int:
        """Threads of all workers, asked once a second because a cluster may grow and shrink."""
        if time.monotonic() - self._counted > 1.0:
            self._threads = sum(self._client.nthreads().values())
            self._counted = time.monotonic()
        return self._threads

    def close(self) -> None:
        self._simulator = None
        if self._own:
            self._client.close()


def as_crew(executor: Any, simulator: Simulator, *, timeout: float | None, isolation: str | None) -> Here | Crew:
    """Read the `executor` argument; ``ValueError`` or ``TypeError`` if it, `timeout` or `isolation` is wrong."""
    if isolation not in (None, "process"):
        raise ValueError(f'isolation: expected None or "process", got {isolation!r}.')
    if timeout is not None and not timeout > 0:
        raise ValueError(f"timeout: expected a number of seconds above 0, or None; got {timeout!r}.")
    isolated = isolation is not None or timeout is not None
    if executor is None:
        return Here(simulator, timeout, isolated)
    if isinstance(executor, str):
        if executor == "processes":
            return Processes(simulator, timeout)
        if "://" in executor:
            return Cluster(_connect(executor), True, simulator, timeout, isolated)
        raise ValueError(f"executor: expected {_ALLOWED}; got {executor!r}.")
    if isinstance(executor, ThreadPoolExecutor):
        return Threads(executor, simulator, timeout, isolated)
    if isinstance(executor, Executor):
        return Pool(executor, simulator, timeout, isolated)
    # Asked by name, so that Dask is not imported for those who do not use it.
    if any(cls.__module__ == "distributed.client" and cls.__name__ == "Client" for cls in type(executor).__mro__):
        return Cluster(executor, False, simulator, timeout, isolated)
    raise TypeError(f"executor: expected {_ALLOWED}; got {type(executor).__name__}.")


def _connect(address: str) -> Any:
    from dask.distributed import Client

    try:
        return Client(address, set_as_default=False, timeout=_CONNECT_SECONDS)  # type: ignore[no-untyped-call]
    except OSError as error:
        raise ExecutorError(
            f"executor: no Dask scheduler answers at {address!r} ({error}). Start one with `dask scheduler`."
        ) from error


def _cpus() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _timed(function: Any, *arguments: Any) -> Answer:
    start = time.perf_counter()
    outcomes = [outcome for some in function(*arguments) for outcome in some]
    return outcomes, time.perf_counter() - start


def _work(simulator: bytes, key: str, chunk: Chunk, timeout: float | None, isolated: bool) -> Answer:
    """Run a chunk in a worker process, which loads each simulator once."""
    if not isolated:
        return _timed(run_chunk, load(simulator, key), chunk)
    children = _children.get(key)
    if children is None:
        children = _children.setdefault(key, ChildPool(simulator, load(simulator, key).vectorized, _IDLE_SECONDS))
    return _timed(run_isolated, children, chunk, timeout)


_children: dict[str, ChildPool] = {}
