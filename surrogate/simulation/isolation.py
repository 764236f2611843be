"""Runs in a child process that may crash, hang or be killed without harm to the study."""

from __future__ import annotations

import math
import os
import pickle
import select
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from surrogate.simulation.child import last_lines
from surrogate.simulation.chunk import host
from surrogate.simulation.descendants import resident
from surrogate.simulation.outcome import Outcome, Status
from surrogate.simulation.program import MARK, kill_marked
from surrogate.simulation.transport import ExecutorError

if TYPE_CHECKING:
    from surrogate.simulation.chunk import Chunk

_START_SECONDS = 120.0
_KILL_SECONDS = 10.0
_MEMORY_SECONDS = 0.1
_BOOT = (
    "import sys; sys.path[:] = {path!r}; sys.argv[:] = {argv!r}; "
    "from surrogate.simulation.child import main; main({idle!r}, {terminal!r})"
)


@dataclass(frozen=True)
class Limits:
    """What one run may take before it is killed, with everything that it started.

    Parameters
    ----------
    timeout : float, optional
        Seconds of one run; of one call, if the simulator is vectorised.
    memory : float, optional
        Bytes that the run's process and all that it started may have in memory, looked at every 0.1 s.
    """

    timeout: float | None = None
    memory: float | None = None


class ChildProcess:
    """One child that runs chunks; it and all that it started die with it, or with this process.

    Parameters
    ----------
    simulator : bytes
        From `surrogate.simulation.transport`.
    idle : float, optional
        Seconds without work after which the child ends; by default it waits for `kill`.
    """

    def __init__(self, simulator: bytes, idle: float | None = None) -> None:
        if os.name != "posix":
            raise ExecutorError("isolation: child processes that can be killed need Linux or macOS.")
        self._mark = f"child-{uuid.uuid4().hex}"
        path = [entry or os.getcwd() for entry in sys.path]  # noqa: PTH109 - sys.path holds text
        # What runs print: in a file without a name, so that it is there when the child has died, and gone with us.
        self._log = tempfile.TemporaryFile("ab+", buffering=0, prefix="surrogate-log-")  # noqa: SIM115 - `kill` closes
        terminal = _terminal()
        try:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter with our own code
                [sys.executable, "-c", _BOOT.format(path=path, argv=sys.argv, idle=idle, terminal=terminal)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                pass_fds=(terminal,),
                env={**os.environ, MARK: self._mark},
                start_new_session=True,
                bufsize=0,
            )
        except BaseException:
            self._log.close()
            raise
        finally:
            os.close(terminal)
        self._buffer = bytearray()
        self._poll = select.poll()
        self._poll.register(self._process.stdout, select.POLLIN)  # type: ignore[arg-type]
        try:
            self._write(simulator)
            answer = self.read(Limits(_START_SECONDS))
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
            return bool(self.read(Limits(_START_SECONDS)) == "started")
        except (EOFError, BrokenPipeError):
            return False

    def read(self, limits: Limits) -> Any:
        """Return the next message; raise what `limits` say, or ``EOFError`` if the child is gone.

        Raises
        ------
        TimeoutError, MemoryError, EOFError
        """
        deadline = None if limits.timeout is None else time.monotonic() + limits.timeout
        size = struct.unpack(">Q", self._take(8, deadline, limits.memory))[0]
        return pickle.loads(self._take(size, deadline, limits.memory))  # noqa: S301 - from our own child

    def end(self) -> None:
        """Tell the child's watcher to kill it and all that it started."""
        self._process.terminate()

    def kill(self) -> tuple[int, str]:
        """End the child and all that it started; return its exit code (negative for a signal) and its last lines."""
        self.end()
        self._process.stdin.close()  # type: ignore[union-attr]
        self._process.stdout.close()  # type: ignore[union-attr]
        try:
            code = self._process.wait(_KILL_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        if code == -signal.SIGKILL:  # perhaps it was the watcher that was killed, and could not clean up
            kill_marked(self._mark)
        with self._log:
            return code, last_lines(self._log.fileno())

    def _write(self, content: bytes) -> None:
        rest = memoryview(struct.pack(">Q", len(content)) + content)
        while rest:
            rest = rest[self._process.stdin.write(rest) :]  # type: ignore[union-attr]

    def _take(self, size: int, deadline: float | None, memory: float | None) -> bytes:
        while len(self._buffer) < size:
            left = math.inf if deadline is None else max(0.0, deadline - time.monotonic())
            wait = left if memory is None else min(left, _MEMORY_SECONDS)
            if not self._poll.poll(None if wait == math.inf else wait * 1000):
                if memory is not None and (used := resident(self._process.pid)) > memory:
                    raise MemoryError(used)
                if wait == left:
                    raise TimeoutError
                continue
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
        From `surrogate.simulation.transport`.
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

    def discard(self, child: ChildProcess) -> tuple[int, str]:
        """Kill a child; return its exit code (negative for a signal) and its last lines."""
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


def run_isolated(children: ChildPool, chunk: Chunk, limits: Limits) -> Iterator[list[Outcome]]:
    """Run a chunk as `run_chunk` does, but in a child; a run that kills or outlasts it is an outcome too."""
    done = 0
    while done < len(chunk):
        child = children.start(chunk.part(done, len(chunk)))
        start = time.perf_counter()
        try:
            while done < len(chunk):
                outcomes: list[Outcome] = child.read(limits)
                done += len(outcomes)
                yield outcomes
                start = time.perf_counter()
        except TimeoutError:
            _, printed = children.discard(child)
            status, message = Status.TIMEOUT, f"killed after {limits.timeout:g} s"
        except MemoryError as error:
            _, printed = children.discard(child)
            used, most = int(error.args[0]) / 1e6, (limits.memory or 0.0) / 1e6
            status, message = (
                Status.MEMORY,
                f"killed because it used {used:.0f} MB of memory; the limit is {most:.0f} MB",
            )
        except EOFError:
            code, printed = children.discard(child)
            status, message = _cause_of_death(code)
        except BaseException:  # the study is being stopped, nobody will read the rest
            children.discard(child)
            raise
        else:
            children.release(child)
            return
        if children.vectorized and len(chunk) > 1:
            # One run hides among many that were called together: halves, until it is alone.
            for half in chunk.halves():
                yield from run_isolated(children, half, limits)
            return
        done += 1
        message = f"{message}\n{printed}" if printed else message
        yield [Outcome(status, {}, message, time.perf_counter() - start, chunk.attempts, host())]


def _terminal() -> int:
    """Return a copy of the standard error stream's descriptor; of nothing, if there is none."""
    try:
        return os.dup(2)
    except OSError:
        return os.open(os.devnull, os.O_WRONLY)


def _cause_of_death(code: int) -> tuple[Status, str]:
    if code >= 0:
        return Status.EXIT_CODE, f"the simulator ended its process with exit code {code}"
    name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
    hint = ", perhaps because memory ran out" if -code == signal.SIGKILL else ""
    return Status.SIGNAL, f"the process of the simulator was killed by {name}{hint}"
