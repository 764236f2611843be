"""The program of the process that watches over one external program, and outlives the worker that asked for it.

It is started as a script by `surrogate.simulation.program`, with the standard library alone, because it starts once a
run: ``python -I -S supervisor.py DIRECTORY``. The order comes as one line of JSON; the answer is one line of JSON. The
end of its input means that the worker is done, or dead: then nothing that the program started, and nothing that it
wrote, stays behind.
"""

from __future__ import annotations

import fcntl
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from surrogate.simulation.descendants import adopt_orphans, die_with_parent, kill_descendants, resident
else:
    sys.path.append(str(Path(__file__).parent))  # a script has no package, and this interpreter no site-packages
    from descendants import adopt_orphans, die_with_parent, kill_descendants, resident

_PIECE = 1 << 16
_TAIL = 4096
_KILL_SECONDS = 10.0
_WORKER_SECONDS = 1.0
_MEMORY_SECONDS = 0.05


class Log:
    """One of the program's streams: its beginning goes to a file, its end is remembered, the middle may be lost."""

    def __init__(self, stream: Any, path: str, limit: int) -> None:
        self.source: int = stream.fileno()
        os.set_blocking(self.source, False)
        self._file = Path(path).open("wb")  # noqa: SIM115 - `close` closes it
        self._room = limit
        self._tail = b""
        self.cut = False

    def read(self) -> bool:
        """Take what is there; False at the end of the stream."""
        try:
            piece = os.read(self.source, _PIECE)
        except BlockingIOError:
            return True
        self._file.write(piece[: self._room])
        self.cut = self.cut or len(piece) > self._room
        self._room = max(0, self._room - len(piece))
        self._tail = (self._tail + piece)[-_TAIL:]
        return bool(piece)

    def close(self) -> dict[str, Any]:
        """Take what is left in the pipe, which nobody writes to any more."""
        left = 1 << 20  # more than a pipe holds
        while left > 0 and self.read():
            left -= _PIECE
        self._file.close()
        return {"tail": self._tail.decode(errors="replace"), "cut": self.cut}


class Watch:
    """One program, from its start to the end of all that it started."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self._worker = os.getppid()
        self._waking, wake = os.pipe()
        os.set_blocking(self._waking, False)
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake)
        for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: None)  # a handler, so that the number reaches the pipe
        sys.path.append(order["psutil"])  # where the worker found it
        adopt_orphans()
        # What this process itself has in memory does not count; asked for only where there is a limit.
        self._own = 0 if order["memory"] is None else resident(os.getpid())

    def run(self) -> dict[str, Any]:
        """Run the program; return how it ended."""
        start = time.monotonic()
        try:
            program = self._start()
        except (OSError, ValueError) as error:
            return {"cause": "not started", "detail": str(error)}
        logs = {
            name: Log(stream, self._order[name], self._order["log_limit"])
            for name, stream in (("stdout", program.stdout), ("stderr", program.stderr))
        }
        cause, detail = self._wait(program.pid, start, list(logs.values()))
        with suppress(OSError):
            os.killpg(program.pid, signal.SIGKILL)
        kill_descendants(_KILL_SECONDS)
        return {"cause": cause, "detail": detail, **{name: log.close() for name, log in logs.items()}}

    def _start(self) -> subprocess.Popen[bytes]:
        with Path(self._order["stdin"]).open("rb") as stdin:
            return subprocess.Popen(  # noqa: S603 - the program that the user named, without a shell
                self._order["run"],
                cwd=self._order["folder"],
                env=self._order["environment"],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
                preexec_fn=self._before_start,
            )

    def _before_start(self) -> None:
        die_with_parent()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def _wait(self, pid: int, start: float, logs: list[Log]) -> tuple[str, int]:
        """Wait for the end of the program, its time, its memory or the worker; return which, and its number."""
        timeout, memory = self._order["timeout"], self._order["memory"]
        poll = select.poll()
        poll.register(0, 0)  # reports nothing but the end of the worker
        poll.register(self._waking, select.POLLIN)
        streams = {log.source: log for log in logs}
        for source in streams:
            poll.register(source, select.POLLIN)
        next_look = start
        while True:
            now = time.monotonic()
            if timeout is not None and now >= start + timeout:
                return "timeout", 0
            if memory is not None and now >= next_look:
                used = resident(os.getpid()) - self._own
                if used > memory:
                    return "memory", used
                next_look = time.monotonic() + _MEMORY_SECONDS
            wait = _WORKER_SECONDS if memory is None else _MEMORY_SECONDS
            if timeout is not None:
                wait = min(wait, start + timeout - now)
            events = dict(poll.poll(max(1, wait * 1000)))
            for source in streams.keys() & events.keys():
                if not streams[source].read():
                    poll.unregister(source)
            signals = os.read(self._waking, 64) if self._waking in events else b""
            if 0 in events or set(signals) - {signal.SIGCHLD} or os.getppid() != self._worker:
                return "abandoned", 0
            # Asked without taking the answer: until then nobody else can get the program's number.
            ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) if signals else None
            if ended is not None:
                return "ended", ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status


def main(directory: str) -> None:
    """Carry out one order, answer, wait for the worker, and remove the run's directory."""
    line = sys.stdin.buffer.readline()
    if line.endswith(b"\n"):
        # Held for as long as this process lives: who gets the lock knows that the directory is nobody's any more.
        fcntl.flock(os.open(directory, os.O_RDONLY), fcntl.LOCK_EX)
        try:
            answer = Watch(json.loads(line)).run()
        except Exception as error:
            answer = {"cause": "not started", "detail": f"{type(error).__name__}: {error}"}
        with suppress(BrokenPipeError):  # nobody listens any more
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()
        while answer["cause"] != "abandoned" and sys.stdin.buffer.read(_PIECE):
            pass  # the worker reads the outputs, and then closes the pipe
    shutil.rmtree(directory, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
