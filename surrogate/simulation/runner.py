"""Runs the planned runs and yields outcomes as they finish; knows no store."""

from __future__ import annotations

import math
import queue
import time
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any

from surrogate.simulation.chunk import Chunk, host
from surrogate.simulation.executor import Crew, Here, as_crew
from surrogate.simulation.outcome import Outcome, Status
from surrogate.simulation.transport import ExecutorError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from surrogate.simulation.executor import Answer
    from surrogate.simulation.simulator import Simulator

# How fast a chunk may outgrow the one before: the first run is a pilot, alone.
_GROWTH = 4
# Chunks in flight per worker: one runs, one waits.
_WINDOW = 2
_IDLE_SECONDS = 1.0
# Runs that may have taken a worker down are judged at the end, or when so many are waiting for it.
_SUSPECTS = 8


def run(
    simulator: Simulator,
    planned: Sequence[Chunk],
    *,
    executor: Any = None,
    timeout: float | None = None,
    isolation: str | None = None,
    memory: float | None = None,
    retries: int = 1,
) -> Generator[tuple[int, Outcome], None, None]:
    """Run everything that is planned; yield ``(row, Outcome)`` as runs finish.

    Parameters
    ----------
    simulator : Simulator
    planned : sequence of Chunk
        The runs, one chunk for each set of settings. They are cut into smaller chunks that last about a second,
        measured while running, and few of these are under way at a time, so memory stays flat.
    executor : None, "processes", concurrent.futures.Executor, Dask client, Dask cluster or str, default None
        Where to run: None is here, in this process and thread; a string is the address of a Dask scheduler.
    timeout : float, optional
        Seconds that one run may take (one call, if the simulator is vectorised); then it is killed, with
        everything it started. Implies ``isolation="process"``.
    isolation : {None, "process"}, default None
        Whether runs happen in a child process of the worker, which may crash.
    memory : float, optional
        Bytes that a run's process, with everything it started, may have in memory; then it is killed, as after
        `timeout`. Implies ``isolation="process"``.
    retries : int, default 1
        How often a chunk is started again when its worker was lost. Then it is halved, until one run is left. As
        a worker takes down with it whatever else it held, such a run is started once more while nothing else is
        under way; if the worker is lost again, the run is marked `WORKER_LOST`.

    Yields
    ------
    row : int
    outcome : Outcome
        A run that fails is an outcome too; nothing that a simulator does raises here. A run is yielded as soon as
        it has finished; on Dask some 0.02 s later, and from an executor of another kind with its chunk, which is
        made to last 0.03 s.

    Raises
    ------
    ExecutorError
        If the executor is gone, or its workers cannot load the simulator.
    """
    crew = as_crew(executor, simulator, timeout=timeout, isolation=isolation, memory=memory)
    source = _Source(planned, crew.chunk_seconds, crew.chunk_limit)
    try:
        if isinstance(crew, Here):
            yield from _run_here(crew, source)
        else:
            yield from _run_there(crew, source, retries)
    finally:
        crew.close()


class _Source:
    """Deals the planned runs out in chunks whose size follows the measured run time."""

    def __init__(self, planned: Sequence[Chunk], seconds: float, limit: int) -> None:
        self._seconds = seconds
        self._limit = limit
        self._planned = deque(chunk for chunk in planned if len(chunk))
        self._start = 0
        self._size = 1
        self.left = sum(len(chunk) for chunk in self._planned)

    def take(self, workers: int) -> Chunk:
        """Return the next chunk; towards the end smaller ones, so that all workers finish together."""
        current = self._planned[0]
        fair = max(1, math.ceil(self.left / (_WINDOW * workers)))
        stop = min(self._start + min(self._size, fair), len(current))
        chunk = current.part(self._start, stop)
        self._start = stop
        self.left -= len(chunk)
        if stop == len(current):
            self._planned.popleft()
            self._start = 0
        return chunk

    def measured(self, runs: int, seconds: float) -> None:
        """Learn from a chunk of `runs` that took `seconds`."""
        wanted = int(self._seconds * runs / max(seconds, 1e-9))
        self._size = max(1, min(wanted, _GROWTH * max(self._size, runs), self._limit))


def _run_here(crew: Here, source: _Source) -> Iterator[tuple[int, Outcome]]:
    while source.left:
        chunk = source.take(1)
        start = time.perf_counter()
        rows = iter(chunk.rows.tolist())
        busy = 0.0
        for outcomes in crew.run(chunk):
            busy += time.perf_counter() - start
            for outcome in outcomes:
                yield next(rows), outcome
            start = time.perf_counter()
        source.measured(len(chunk), busy)


class _UnderWay:
    """A chunk that was submitted, perhaps `alone`, and how much was heard of it."""

    def __init__(
        self, chunk: Chunk, news: queue.SimpleQueue[tuple[_UnderWay, list[Outcome] | None]], alone: bool
    ) -> None:
        self.chunk = chunk
        self.alone = alone
        self.heard = 0
        self.future: Future[Answer]
        self._news = news

    def start(self, crew: Crew) -> None:
        """Submit the chunk; what becomes of it goes to the queue, at last None."""
        try:
            self.future = crew.submit(self.chunk, lambda outcomes: self._news.put((self, outcomes)))
        except Exception as error:
            crew.check(error)
            raise ExecutorError(f"executor: it takes no more runs ({type(error).__name__}: {error}).") from error
        self.future.add_done_callback(lambda _: self._news.put((self, None)))

    def hear(self, outcomes: list[Outcome]) -> Iterator[tuple[int, Outcome]]:
        """Yield the next outcomes with their rows."""
        start, self.heard = self.heard, self.heard + len(outcomes)
        yield from zip(self.chunk.rows[start : self.heard].tolist(), outcomes, strict=True)

    def failure(self) -> BaseException | None:
        """Return why the chunk found no end, if it did not."""
        try:
            return self.future.exception()
        except CancelledError as error:
            return error


def _run_there(crew: Crew, source: _Source, retries: int) -> Iterator[tuple[int, Outcome]]:
    news: queue.SimpleQueue[tuple[_UnderWay, list[Outcome] | None]] = queue.SimpleQueue()
    under_way: set[_UnderWay] = set()
    waiting = _Waiting(source, retries)
    try:
        while True:
            workers = max(1, crew.workers())
            while (chunk := waiting.take(workers, len(under_way))) is not None:
                one = _UnderWay(chunk, news, waiting.judging)
                one.start(crew)
                under_way.add(one)
            if not under_way:
                return
            try:
                one, outcomes = news.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                crew.idle()
                continue
            if outcomes is not None:
                if one in under_way:
                    yield from one.hear(outcomes)
                continue
            under_way.remove(one)
            error = one.failure()
            if error is None:
                outcomes, seconds = one.future.result()
                source.measured(len(outcomes), seconds)
                yield from one.hear(outcomes[one.heard :])
                continue
            crew.check(error)
            yield from waiting.lost(one, error)
    finally:
        for one in under_way:
            one.future.cancel()


class _Waiting:
    """Chunks that wait for a worker: those that were lost with theirs, and the planned ones.

    Attributes
    ----------
    judging : bool
        Whether runs that may have taken a worker down are started one at a time, with nothing beside them.
    """

    def __init__(self, source: _Source, retries: int) -> None:
        self._source = source
        self._retries = retries
        self._again: deque[Chunk] = deque()
        self._suspects: deque[Chunk] = deque()
        self.judging = False

    def take(self, workers: int, under_way: int) -> Chunk | None:
        """Return the chunk to start beside the `under_way` ones, None if it is not the time for any."""
        more = bool(self._again or self._source.left)
        gathered = len(self._suspects) >= _SUSPECTS or not (more or under_way)
        self.judging = bool(self._suspects) and (self.judging or gathered)
        if self.judging:
            return None if under_way else self._suspects.popleft()
        if not more or under_way >= _WINDOW * workers:
            return None
        return self._again.popleft() if self._again else self._source.take(workers)

    def lost(self, one: _UnderWay, error: BaseException) -> Iterator[tuple[int, Outcome]]:
        """Start what was not heard of a chunk again, or halve it; a run that is lost alone has failed."""
        chunk = one.chunk.part(one.heard, len(one.chunk))
        if not len(chunk):
            return
        again = chunk.part(0, len(chunk), chunk.attempts + 1)
        if one.alone:
            message = f"the worker was lost in each of {chunk.attempts} attempts, at last with no other run: {error}"
            yield int(chunk.rows[0]), Outcome(Status.WORKER_LOST, {}, message, 0.0, chunk.attempts, host())
        elif chunk.attempts <= self._retries:
            self._again.append(again)
        elif len(chunk) > 1:
            self._again.extend(chunk.halves())
        else:
            self._suspects.append(again)
