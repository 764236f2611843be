"""The program of a child process: a watcher, and under it the process that runs the simulator."""

from __future__ import annotations

import mmap
import os
import pickle
import select
import signal
import struct
import sys
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from surrogate.simulation.descendants import adopt_orphans, die_with_parent, kill_descendants

if TYPE_CHECKING:
    from surrogate.simulation.outcome import Outcome

_KILL_SECONDS = 5.0
_SUPERVISOR_SECONDS = 2.0
_SHOW_SECONDS = 0.2
# Of what runs print so much is kept on disk; it has been shown by then.
_LOG_BYTES = 16 << 20
_TAIL_CHARACTERS = 750


def main(idle: float | None, terminal: int) -> None:
    """Fork into watcher and worker before anything heavy is imported.

    What a run prints goes to the standard error stream, a file; the watcher shows it on `terminal` too.

    The watcher holds the pipe from the parent and sleeps. When the parent dies, asks for it, or the worker
    ends, it kills the worker's process group and whoever left it, so that nothing which a run started survives
    it, even if the run holds the interpreter's lock, ignores signals or starts a session of its own.
    """
    adopt_orphans()
    waking, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda *_: None)  # a handler, so that the number reaches the pipe
    log = Log(terminal)
    worker = os.fork()
    if worker:
        _watch(worker, waking, log)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    die_with_parent()
    os.setpgid(0, 0)
    os.close(waking)
    os.close(wake)
    _serve(idle, log)


class Log:
    """What the runs of a child print: a file that the parent reads too when the child has died.

    Parameters
    ----------
    terminal : int
        Descriptor of the stream on which it is shown.
    """

    def __init__(self, terminal: int) -> None:
        self._terminal = terminal
        self._shown = 0
        self._start = mmap.mmap(-1, 8)  # where the present run began: shared by watcher and worker

    def begin(self) -> None:
        """Say that a run begins; called by the worker."""
        with suppress(OSError, ValueError):  # a run may have closed the stream
            sys.stdout.flush()
            sys.stderr.flush()
            self._start[:] = struct.pack("=q", os.fstat(2).st_size)

    def tail(self) -> str:
        """Return the last lines that the present run has printed; called by the worker."""
        with suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
            return last_lines(2, self._begun())
        return ""

    def show(self) -> None:
        """Show what is new; called by the watcher now and then."""
        size = os.fstat(2).st_size
        if size > self._shown:
            piece = os.pread(2, min(size - self._shown, _LOG_BYTES), self._shown)
            with suppress(OSError):
                os.write(self._terminal, piece)
            self._shown = size
        if size > _LOG_BYTES:
            os.ftruncate(2, 0)  # whoever appends goes on at the beginning
            self._shown = 0

    def end(self) -> None:
        """Leave the present run's last lines, and nothing else; called by the watcher when the worker is dead."""
        with suppress(OSError):
            self.show()
            kept = last_lines(2, self._begun()).encode()
            os.ftruncate(2, 0)
            os.write(2, kept)

    def _begun(self) -> int:
        start = int(struct.unpack("=q", self._start[:])[0])
        return start if start <= os.fstat(2).st_size else 0


def last_lines(file: int, start: int = 0) -> str:
    """Return the end of what a file holds from `start` on, without control characters but line ends."""
    size = os.fstat(file).st_size
    start = max(start, size - 4 * _TAIL_CHARACTERS)
    text = os.pread(file, size - start, start).decode(errors="replace")
    return "".join(c for c in text if c.isprintable() or c in "\n\t").strip()[-_TAIL_CHARACTERS:]


def _watch(worker: int, waking: int, log: Log) -> NoReturn:
    with suppress(OSError):  # whoever of the two comes first
        os.setpgid(worker, worker)
    os.close(1)  # the parent must see the end of the pipe when the worker is gone
    poll = select.poll()
    poll.register(0, 0)  # reports nothing but the end of the parent
    poll.register(waking, select.POLLIN)
    while True:
        events = dict(poll.poll(_SHOW_SECONDS * 1000))
        log.show()
        signals = os.read(waking, 64) if waking in events else b""
        if 0 in events or signal.SIGTERM in signals:
            _kill_group(worker)
            status = os.waitpid(worker, 0)[1]
            kill_descendants(_KILL_SECONDS, _SUPERVISOR_SECONDS)
            log.end()
            _end_like(status)
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:  # adopted orphans end too
            if ended[0] == worker:
                _kill_group(worker)
                kill_descendants(_KILL_SECONDS, _SUPERVISOR_SECONDS)
                log.end()
                _end_like(ended[1])


def _kill_group(leader: int) -> None:
    with suppress(OSError):  # nobody may be left
        os.killpg(leader, signal.SIGKILL)


def _end_like(status: int) -> NoReturn:
    """End as the worker did, so that the parent learns how."""
    if os.WIFSIGNALED(status):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        number = os.WTERMSIG(status)
        if number != signal.SIGKILL:
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.WEXITSTATUS(status))


def _serve(idle: float | None, log: Log) -> None:
    # The pipes move away from 0 and 1: a simulator may print, and may read from an empty input.
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr] # a crash must not take a line with it
    from surrogate.simulation.chunk import run_chunk
    from surrogate.simulation.transport import ExecutorError, load

    try:
        simulator = load(_read(incoming), "")
    except ExecutorError as error:
        _write(outgoing, str(error))
        return
    _write(outgoing, None)
    poll = select.poll()
    poll.register(incoming, select.POLLIN)
    while poll.poll(None if idle is None else idle * 1000):
        content = _read(incoming)
        _write(outgoing, "started")
        log.begin()
        for outcomes in run_chunk(simulator, pickle.loads(content)):  # noqa: S301 - from our own parent
            _write(outgoing, [_with_log(outcome, log) for outcome in outcomes] if len(outcomes) == 1 else outcomes)
            log.begin()


def _with_log(outcome: Outcome, log: Log) -> Outcome:
    """Add to a failed run's message what it printed last."""
    if outcome.status == "ok" or not (printed := log.tail()):
        return outcome
    return replace(outcome, message=f"{outcome.message}\n{printed}")


def _read(source: int) -> bytes:
    size = struct.unpack(">Q", _take(source, 8))[0]
    return _take(source, size)


def _take(source: int, size: int) -> bytes:
    parts = []
    while size:
        part = os.read(source, min(size, 1 << 20))
        if not part:
            sys.exit(0)  # the parent closed the pipe: the study is over
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _write(target: int, message: Any) -> None:
    content = pickle.dumps(message, protocol=5)
    rest = memoryview(struct.pack(">Q", len(content)) + content)
    try:
        while rest:
            rest = rest[os.write(target, rest) :]
    except BrokenPipeError:
        sys.exit(0)  # as above
