"""The program of a child process: a watcher, and under it the process that runs the simulator."""

from __future__ import annotations

import os
import pickle
import select
import signal
import struct
import sys
from contextlib import suppress
from typing import Any, NoReturn

from surrogate.simulation.descendants import adopt_orphans, die_with_parent, kill_descendants

_KILL_SECONDS = 5.0


def main(idle: float | None) -> None:
    """Fork into watcher and worker before anything heavy is imported.

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
    worker = os.fork()
    if worker:
        _watch(worker, waking)
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    die_with_parent()
    os.setpgid(0, 0)
    os.close(waking)
    os.close(wake)
    _serve(idle)


def _watch(worker: int, waking: int) -> NoReturn:
    with suppress(OSError):  # whoever of the two comes first
        os.setpgid(worker, worker)
    os.close(1)  # the parent must see the end of the pipe when the worker is gone
    poll = select.poll()
    poll.register(0, 0)  # reports nothing but the end of the parent
    poll.register(waking, select.POLLIN)
    while True:
        events = dict(poll.poll())
        signals = os.read(waking, 64) if waking in events else b""
        if 0 in events or signal.SIGTERM in signals:
            _kill_group(worker)
            status = os.waitpid(worker, 0)[1]
            kill_descendants(_KILL_SECONDS)
            _end_like(status)
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:  # adopted orphans end too
            if ended[0] == worker:
                _kill_group(worker)
                kill_descendants(_KILL_SECONDS)
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


def _serve(idle: float | None) -> None:
    # The pipes move away from 0 and 1: a simulator may print, and may read from an empty input.
    incoming, outgoing = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
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
        for outcomes in run_chunk(simulator, pickle.loads(content)):  # noqa: S301 - from our own parent
            _write(outgoing, outcomes)


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
