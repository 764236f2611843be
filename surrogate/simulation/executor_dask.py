"""A Dask cluster as an executor; with it the only place of the package that knows Dask."""

from __future__ import annotations

import hashlib
import itertools
import pickle
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator
from concurrent.futures import CancelledError, Future, InvalidStateError
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from surrogate.simulation.executor import Crew, work
from surrogate.simulation.transport import ExecutorError, check_versions, transport, versions

if TYPE_CHECKING:
    from surrogate.simulation.chunk import Chunk
    from surrogate.simulation.executor import Answer, Hear
    from surrogate.simulation.isolation import Limits
    from surrogate.simulation.outcome import Outcome
    from surrogate.simulation.simulator import Simulator

_CONNECT_SECONDS = 10.0
_WAIT_FOR_WORKERS = 60.0
# Workers of a batch system may all end together; the next ones start within minutes, or the study is better resumed.
# Dask's own setting `distributed.scheduler.no-workers-timeout` goes before.
_WITHOUT_WORKERS = 300.0
_ASK_SECONDS = 1.0
# How long a finished run waits on its worker for others to travel with it.
_SEND_SECONDS = 0.02
# What travels early passes through the scheduler, which must stay light; the chunk's answer holds everything.
_SEND_BYTES = 64 * 1024


class Cluster(Crew):
    """A Dask cluster, as itself or given by a client, by an executor of one, or by the address of its scheduler.

    A chunk lasts about a second. As its runs finish, their outcomes are sent ahead as events of Dask; the chunk's
    answer holds them all again, so that nothing depends on the events.

    When a worker is lost, Dask would give its chunks to other workers, four of which a single run may take down
    before Dask gives up. So the scheduler's word that a worker is gone ends its chunks here, and the runner decides.
    """

    # Of fast runs so many are acknowledged together.
    _FAST = 256

    def __init__(self, executor: Any, simulator: Simulator, limits: Limits | None) -> None:
        import dask
        from dask.distributed import Client
        from distributed.deploy.cluster import Cluster as Deployed

        self._own = isinstance(executor, (str, Deployed))
        if self._own:
            executor = _connect(executor)
        self._client: Any = executor if isinstance(executor, Client) else executor._client
        if isinstance(executor, Client):
            executor = self._client.get_executor()
        self._executor = executor
        self._limits = limits
        if not simulator.vectorized:
            self.chunk_limit = self._FAST
        self._numbers = itertools.count()
        self._hearers: dict[int, tuple[Hear, int]] = {}  # of each chunk, with how many outcomes it has heard
        self._chunks: dict[str, tuple[Future[Answer], Future[Answer]]] = {}  # by key: that of Dask, and ours
        self._void: deque[Future[Answer]] = deque()  # to be cancelled, which Dask's own thread cannot do
        self._topic = f"surrogate-{uuid.uuid4().hex}"
        self._content = transport(simulator)
        self._key = hashlib.sha256(self._content).hexdigest()
        self._simulator: Any = None
        self._patience = _patience(dask.config.get("distributed.scheduler.no-workers-timeout", None))
        try:
            self._meet_workers()
            self._client.subscribe_topic(self._topic, self._told)
            self._client.subscribe_topic("all", self._lost)
        except BaseException:
            self.close()
            raise
        self._counted = -_ASK_SECONDS
        self._threads = 1
        self._seen = time.monotonic()

    def workers(self) -> int:
        """Threads of all workers, asked once a second because a cluster may grow and shrink."""
        while self._void:
            self._void.popleft().cancel()
        now = time.monotonic()
        if now - self._counted > _ASK_SECONDS:
            self._threads = sum(self._client.nthreads().values())
            self._counted = now
            if self._threads:
                self._seen = now
        return self._threads

    def submit(self, chunk: Chunk, hear: Hear) -> Future[Answer]:
        number = next(self._numbers)
        key = f"{self._topic}-{number}"
        self._hearers[number] = hear, 0
        receiver = self._topic, number
        # Every chunk has a key of its own: it must run, even if it equals another (replicates).
        there: Future[Answer] = self._executor.submit(
            _work, self._packed(), self._key, chunk, self._limits, receiver, key=key
        )
        future: Future[Answer] = Future()
        self._chunks[key] = there, future

        def end(future: Future[Answer]) -> None:
            self._chunks.pop(key, None)
            self._hearers.pop(number, None)
            if future.cancelled():
                there.cancel()

        future.add_done_callback(end)
        there.add_done_callback(lambda _: _hand_on(there, future))
        return future

    def check(self, error: BaseException) -> None:
        if type(error).__name__ == "NoValidWorkerError":
            raise self._abandoned() from error
        super().check(error)

    def idle(self) -> None:
        if self._client.status not in ("running", "connecting"):
            raise ExecutorError("executor: the client was closed, or its scheduler is gone, while runs were under way.")
        if not self.workers() and time.monotonic() - self._seen > self._patience:
            raise self._abandoned()

    def _abandoned(self) -> ExecutorError:
        return ExecutorError(
            f"executor: no workers left; the cluster has had none for {self._patience:g} s, and runs are under way. "
            "Start workers; with a store, the same call then runs what is missing. If a run takes workers down, "
            'isolation="process" makes it an outcome like others.'
        )

    def close(self) -> None:
        self._simulator = None
        for topic in (self._topic, "all"):
            with suppress(Exception):  # the scheduler may be gone
                self._client.unsubscribe_topic(topic)
        if self._own:
            self._client.close()

    def _packed(self) -> Any:
        """Return the simulator as a task of Dask, not as scattered data, so that it is made again after a loss."""
        if self._simulator is None or self._simulator.status in ("error", "cancelled", "lost"):
            import dask

            with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TB"}):
                self._simulator = self._client.submit(bytes, self._content, key=f"simulator-{uuid.uuid4().hex}")
        return self._simulator

    def _lost(self, event: tuple[float, Any]) -> None:
        """Take the scheduler's word that a worker has gone without leave, and which chunks it held."""
        found = event[1]
        if not isinstance(found, dict) or found.get("action") != "remove-worker" or found.get("expected"):
            return
        for key in found["processing-tasks"]:
            there, future = self._chunks.get(key, (None, None))
            if there is not None and future is not None and not there.done():
                self._void.append(there)
                with suppress(InvalidStateError):  # the study is being stopped
                    future.set_exception(RuntimeError(f"Dask lost the worker {found['worker']}"))

    def _told(self, event: tuple[float, Any]) -> None:
        """Take an event: the number of a chunk, and outcomes of it from `start` on."""
        number, start, content = event[1]
        hear, heard = self._hearers.get(number, (None, 0))
        if hear is None or start > heard:
            return
        # If Dask has started the chunk again, the first outcomes come twice.
        outcomes = pickle.loads(content)[heard - start :]  # noqa: S301 - in transit, from our own workers
        self._hearers[number] = hear, heard + len(outcomes)
        hear(outcomes)

    def _meet_workers(self) -> None:
        """Wait for the first worker, and refuse workers whose answers could not be trusted."""
        try:
            self._client.wait_for_workers(1, timeout=_WAIT_FOR_WORKERS)
        except TimeoutError:
            raise ExecutorError(
                f"executor: no Dask worker joined {self._client.scheduler.address} within {_WAIT_FOR_WORKERS:g} s. "
                "Start workers with `dask worker ADDRESS`, or wait for those of a batch system with "
                "client.wait_for_workers(1) before."
            ) from None
        for worker, found in self._client.run(versions, on_error="return").items():
            check_versions(found if isinstance(found, dict) else {"python": versions()["python"]}, versions(), worker)


def _patience(setting: Any) -> float:
    from dask.utils import parse_timedelta

    return _WITHOUT_WORKERS if setting is None else float(parse_timedelta(setting))


def _hand_on(source: Future[Answer], target: Future[Answer]) -> None:
    """Let one future end as another did, unless it has ended before."""
    with suppress(InvalidStateError):
        if source.cancelled():
            target.set_exception(CancelledError())
        elif (error := source.exception()) is not None:
            target.set_exception(error)
        else:
            target.set_result(source.result())


def _connect(address: Any) -> Any:
    from dask.distributed import Client

    try:
        return Client(address, set_as_default=False, timeout=_CONNECT_SECONDS)  # type: ignore[no-untyped-call]
    except OSError as error:
        raise ExecutorError(
            f"executor: no Dask scheduler answers at {address!r} ({error}). Start one with `dask scheduler`. If it "
            "speaks TLS, connect to it yourself: executor=Client(address, security=Security(...))."
        ) from error


def _work(simulator: bytes, key: str, chunk: Chunk, limits: Limits | None, receiver: tuple[str, int]) -> Answer:
    """Run a chunk on a worker, and send outcomes ahead."""
    with _Ahead(receiver).sending() as hear:
        return work(simulator, key, chunk, limits, hear)


class _Ahead:
    """Sends outcomes of a chunk to the client while the chunk is running.

    Each is sent within `_SEND_SECONDS`, by a thread, because the next run may keep this one busy for hours.
    """

    def __init__(self, receiver: tuple[str, int]) -> None:
        from dask.distributed import get_worker

        self._topic, self._number = receiver
        self._worker = get_worker()
        self._unsent: list[Outcome] = []
        self._changed = threading.Condition()
        self._ended = False

    @contextmanager
    def sending(self) -> Iterator[Hear]:
        """Send what the function that it gives is told, until the end."""
        thread = threading.Thread(target=self._send, name="surrogate-ahead", daemon=True)
        thread.start()
        try:
            yield self._hear
        finally:
            with self._changed:
                self._ended = True
                self._changed.notify()

    def _hear(self, outcomes: list[Outcome]) -> None:
        with self._changed:
            first = not self._unsent
            self._unsent += outcomes
            if first:
                self._changed.notify()

    def _send(self) -> None:
        start = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._unsent or self._ended)
                self._changed.wait_for(lambda: self._ended, _SEND_SECONDS)
                if self._ended:
                    return  # the rest comes with the answer
                outcomes, self._unsent = self._unsent, []
            content = pickle.dumps(outcomes, protocol=5)
            if len(content) > _SEND_BYTES:
                return  # outcomes are told in order, so none after these can be sent either
            self._worker.log_event(self._topic, (self._number, start, content))
            start += len(outcomes)
