"""Runs in a child process that may crash, hang or be killed without harm to the study."""

from __future__ import annotations

import os
import pickle
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from surrogate.simulation.chunk import host
from surrogate.simulation.outcome import Outcome, Status

if TYPE_CHECKING:
    from surrogate.simulation.chunk import Chunk
    from surrogate.simulation.simulator import Simulator

_START_SECONDS = 120.0
_KILL_SECONDS = 10.0
_BOOT = (
    "import sys; sys.path[:] = {path!r}; sys.argv[:] = {argv!r}; "
    "from surrogate.simulation.child import main; main({idle!r})"
)


class ExecutorError(RuntimeError):
    """The executor can run no chunk at all: its workers are gone, or cannot load the simulator."""


def transport(simulator: Simulator) -> bytes:
    """Return the simulator as bytes for another process, functions of scripts and notebooks included."""
    import cloudpickle  # type: ignore[import-untyped]

    try:
        return bytes(cloudpickle.dumps(simulator))
    except Exception as error:
        raise ExecutorError(
            f"simulator: {simulator.name} cannot be sent to another process ({type(error).__name__}: {error}). "
            "Open files, locks and connections inside the function, or run with executor=None."
        ) from error


def load(simulator: bytes, key: str) -> Simulator:
    """Return the simulator that `transport` packed, loaded once a process."""
    return _load(key, _Bytes(simulator))


class _Bytes:
    """Bytes that count as equal, so that the cache looks at the key alone."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=4)
def _load(key: str, simulator: _Bytes) -> Simulator:
    try:
        return pickle.loads(simulator.content)  # type: ignore[no-any-return]  # noqa: S301 - in transit, never a file
    except Exception as error:
        raise ExecutorError(
            f"executor: worker {host()} cannot load the simulator ({type(error).__name__}: {error}). Install the same "
            "packages there, and put its module where workers find it."
        ) from error


class ChildProcess:
    """One child that runs chunks; it and all that it started die with it, or with this process.

    Parameters
    ----------
    simulator : bytes
        From `transport`.
    idle : float, optional
        Seconds without work after which the child ends; by default it waits for `kill`.
    """

    def __init__(self, simulator: bytes, idle: float | None = None) -> None:
        if os.name != "posix":
            raise ExecutorError("isolation: child processes that can be killed need Linux or macOS.")
        path = [entry or os.getcwd() for entry in sys.path]  # noqa: PTH109 - sys.path holds text
        self._process = subprocess.Popen(  # noqa: S603 - this interpreter with our own code
            [sys.executable, "-c", _BOOT.format(path=path, argv=sys.argv, idle=idle)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
            bufsize=0,
        )
        self._buffer = bytearray()
        self._poll = select.poll()
        self._poll.register(self._process.stdout, select.POLLIN)  # type: ignore[arg-type]
        try:
            self._write(simulator)
            answer = self.read(_START_SECONDS)
        except BaseException:
            self.kill()
            raise
        if answer is not None:
            self.kill()
            raise ExecutorError(answer)

    def start(self, chunk: Chunk) -> bool:
        """Send a chunk; False if the child has ended in the meantime."""
        try:
            self._write(pickle.dumps(chunk, protocol=5))
            return bool(self.read(_START_SECONDS) == "started")
        except (EOFError, BrokenPipeError):
            return False

    def read(self, timeout: float | None) -> Any:
        """Return the next message; ``TimeoutError`` after `timeout` seconds, ``EOFError`` if the child is gone."""
        deadline = None if timeout is None else time.monotonic() + timeout
        size = struct.unpack(">Q", self._take(8, deadline))[0]
        return pickle.loads(self._take(size, deadline))  # noqa: S301 - from our own child

    def end(self) -> None:
        """Tell the child's watcher to kill it and all that it started."""
        self._process.terminate()

    def kill(self) -> int:
        """End the child and all that it started; return its exit code, negative for a signal."""
        self.end()
        self._process.stdin.close()  # type: ignore[union-attr]
        self._process.stdout.close()  # type: ignore[union-attr]
        try:
            return self._process.wait(_KILL_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()

    def _write(self, content: bytes) -> None:
        rest = memoryview(struct.pack(">Q", len(content)) + content)
        while rest:
            rest = rest[self._process.stdin.write(rest) :]  # type: ignore[union-attr]

    def _take(self, size: int, deadline: float | None) -> bytes:
        while len(self._buffer) < size:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not self._poll.poll(None if left is None else left * 1000):
                raise TimeoutError
            received = os.read(self._process.stdout.fileno(), 1 << 20)  # type: ignore[union-attr]
            if not received:
                raise EOFError
            self._buffer += received
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken


class ChildPool:
    """Children of one simulator that wait for work; grows to as many as are used at a time.

    Parameters
    ----------
    simulator : bytes
        From `transport`.
    vectorized : bool
        Whether the simulator answers a whole chunk in one call.
    idle : float, optional
        Seconds without work after which a child ends; by default it waits for `close`.
    """

    def __init__(self, simulator: bytes, vectorized: bool, idle: float | None = None) -> None:
        self.vectorized = vectorized
        self._simulator = simulator
        self._idle = idle
        self._waiting: list[ChildProcess] = []
        self._working: set[ChildProcess] = set()
        self._lock = threading.Lock()
        self._closed = False

    def start(self, chunk: Chunk) -> ChildProcess:
        """Return a child that has started on the chunk."""
        while True:
            with self._lock:
                self._check_open()
                child = self._waiting.pop() if self._waiting else None
            fresh = child is None
            child = child or ChildProcess(self._simulator, self._idle)
            with self._lock:
                self._working.add(child)
            if child.start(chunk):
                return child
            self.discard(child)
            with self._lock:
                self._check_open()
            if fresh:
                raise ExecutorError("isolation: a child process ended as soon as it was started.")

    def release(self, child: ChildProcess) -> None:
        """Take a child back for later work."""
        with self._lock:
            self._working.discard(child)
            if not self._closed:
                self._waiting.append(child)
                return
        child.kill()

    def discard(self, child: ChildProcess) -> int:
        """Kill a child; return its exit code, negative for a signal."""
        with self._lock:
            self._working.discard(child)
        return child.kill()

    def close(self) -> None:
        """Kill all children. Those at work are only told to end: the threads that read from them clean up."""
        with self._lock:
            self._closed = True
            waiting, working = self._waiting, list(self._working)
            self._waiting = []
        for child in working:
            child.end()
        for child in waiting:
            child.kill()

    def _check_open(self) -> None:
        if self._closed:
            raise ExecutorError("the study was stopped")


def run_isolated(children: ChildPool, chunk: Chunk, timeout: float | None) -> Iterator[list[Outcome]]:
    """Run a chunk as `run_chunk` does, but in a child; a run that kills or outlasts it is an outcome too."""
    done = 0
    while done < len(chunk):
        child = children.start(chunk.part(done, len(chunk)))
        start = time.perf_counter()
        try:
            while done < len(chunk):
                outcomes: list[Outcome] = child.read(timeout)
                done += len(outcomes)
                yield outcomes
                start = time.perf_counter()
        except TimeoutError:
            children.discard(child)
            status, message = Status.TIMEOUT, f"killed after {timeout:g} s"
        except EOFError:
            status, message = _cause_of_death(children.discard(child))
        except BaseException:  # the study is being stopped, nobody will read the rest
            children.discard(child)
            raise
        else:
            children.release(child)
            return
        if children.vectorized and len(chunk) > 1:
            # One run hides among many that were called together: halves, until it is alone.
            for half in chunk.halves():
                yield from run_isolated(children, half, timeout)
            return
        done += 1
        yield [Outcome(status, {}, message, time.perf_counter() - start, chunk.attempts, host())]


def _cause_of_death(code: int) -> tuple[Status, str]:
    if code >= 0:
        return Status.EXIT_CODE, f"the simulator ended its process with exit code {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    hint = ", perhaps because memory ran out" if -code == signal.SIGKILL else ""
    return Status.SIGNAL, f"the process of the simulator was killed by {name}{hint}"
