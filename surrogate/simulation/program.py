"""Runs one external program in a fresh directory, under a supervisor that ends it whatever happens."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from surrogate.simulation.outcome import SimulationFailed, Status

# Of each stream, what is kept on disk: more than a log needs, and little beside what a run away can write.
LOG_LIMIT = 16 * 2**20
# In the environment of the program and of all that it starts, so that they are found if the supervisor is killed.
MARK = "SURROGATE_RUN"
_SUPERVISOR = str(Path(__file__).with_name("supervisor.py"))
_CLOSE_SECONDS = 30.0
_PREFIX = "surrogate-run-"
# A younger directory may still be without its supervisor's lock; if its worker is dead, it will not be for long.
_LEFTOVER_SECONDS = 60.0
_ORPHAN_SECONDS = 3.0
_LOOK_SECONDS = 10.0
_LOG_CHARACTERS = 750


@dataclass(frozen=True)
class Ended:
    """How a program ended.

    Attributes
    ----------
    cause : str
        "ended" by itself, "timeout", "memory" or "not started".
    detail : int or str
        What belongs to the cause: the exit code (negative for a signal), the bytes in memory, or why it did not start.
    log : str
        The last lines of its output and of its error stream.
    cut : frozenset of str
        The streams of which only the beginning was kept.
    """

    cause: str
    detail: int | str
    log: str
    cut: frozenset[str]


class Program:
    """A fresh directory, and in it one run of a program.

    A context manager. While it is open, ``folder`` is where the program runs, and ``stdout`` and ``stderr`` are the
    files that its streams are kept in. At the end, however it comes about, the program, all that it started and the
    directory are gone.

    Raises
    ------
    OSError
        If this is not a POSIX system, or the directory cannot be made.
    """

    def __init__(self) -> None:
        if os.name != "posix":
            raise OSError("external programs that can be killed with all that they start need Linux or macOS.")
        temporary = Path(tempfile.gettempdir())
        _look_for_leftovers(temporary)
        self.directory = temporary / f"{_PREFIX}{os.getpid()}-{uuid.uuid4().hex}"
        # First the supervisor, so that there is no moment at which a directory is nobody's.
        self._supervisor = subprocess.Popen(  # noqa: S603 - this interpreter with our own code
            [sys.executable, "-I", "-S", _SUPERVISOR, str(self.directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            self.folder, self._temporary = self.directory / "run", self.directory / "tmp"
            self.directory.mkdir(mode=0o700)
            self.folder.mkdir()
            self._temporary.mkdir()
            self.stdout, self.stderr = self.directory / "stdout", self.directory / "stderr"
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Program:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def run(
        self,
        arguments: Sequence[str],
        *,
        stdin: Path | None = None,
        environment: Mapping[str, str],
        timeout: float | None = None,
        memory: float | None = None,
    ) -> Ended:
        """Run the program to its end.

        Raises
        ------
        SimulationFailed
            If the supervisor itself was killed.
        """
        order = {
            "run": list(arguments),
            "folder": str(self.folder),
            "stdin": os.devnull if stdin is None else str(stdin),
            "stdout": str(self.stdout),
            "stderr": str(self.stderr),
            "environment": {**environment, "TMPDIR": str(self._temporary), MARK: self.directory.name},
            "timeout": timeout,
            "memory": memory,
            "log_limit": LOG_LIMIT,
            "psutil": _where_psutil_is(),
        }
        line = b""
        with suppress(BrokenPipeError):
            self._supervisor.stdin.write(json.dumps(order).encode() + b"\n")  # type: ignore[union-attr]
            self._supervisor.stdin.flush()  # type: ignore[union-attr]
            line = self._supervisor.stdout.readline()  # type: ignore[union-attr]
        answer = json.loads(line) if line.endswith(b"\n") else {"cause": "abandoned"}
        if answer["cause"] == "abandoned":
            kill_marked(self.directory.name)
            raise SimulationFailed("the supervisor of the program was killed", Status.SIGNAL)
        return _read(answer)

    def keep(self, folder: Path) -> Path:
        """Move the run's directory into `folder`, where it stays; return where it is then."""
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.move(self.directory, folder / self.directory.name))

    def close(self) -> None:
        """End everything and remove the directory."""
        with suppress(BrokenPipeError):
            self._supervisor.stdin.close()  # type: ignore[union-attr]
        try:
            self._supervisor.wait(_CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._supervisor.kill()
            self._supervisor.wait()
        self._supervisor.stdout.close()  # type: ignore[union-attr]
        shutil.rmtree(self.directory, ignore_errors=True)


def kill_marked(mark: str) -> None:
    """Kill all processes that carry the mark of a run in their environment."""
    import psutil

    for process in psutil.process_iter():
        with suppress(psutil.Error):  # somebody else's, or it has ended in the meantime
            if process.environ().get(MARK) == mark:
                process.kill()


_looked: dict[Path, float] = {}


def _look_for_leftovers(temporary: Path) -> None:
    """Call `remove_leftovers` with the first run of this process, and now and then later."""
    if time.monotonic() - _looked.get(temporary, -_LOOK_SECONDS) >= _LOOK_SECONDS:
        _looked[temporary] = time.monotonic()
        remove_leftovers(temporary)


def remove_leftovers(temporary: Path) -> None:
    """Remove the directories of runs whose worker and supervisor were both killed."""
    import fcntl

    for directory in temporary.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # it is in use, or somebody else's, or gone in the meantime
            found = directory.stat()
            if time.time() - found.st_mtime < _youth(directory) or found.st_uid != os.getuid():
                continue
            handle = os.open(directory, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(directory, ignore_errors=True)
            finally:
                os.close(handle)


def _youth(directory: Path) -> float:
    """How many seconds a directory is left alone: fewer if the worker that is named in it has died."""
    import psutil

    worker = directory.name.removeprefix(_PREFIX).partition("-")[0]
    return _ORPHAN_SECONDS if worker.isdecimal() and not psutil.pid_exists(int(worker)) else _LEFTOVER_SECONDS


def _where_psutil_is() -> str:
    found = importlib.util.find_spec("psutil")
    assert found is not None  # noqa: S101 - a dependency of this package
    return str(Path(str(found.origin)).parents[1])


def _read(answer: dict[str, Any]) -> Ended:
    streams = {name: answer[name] for name in ("stdout", "stderr") if name in answer}
    tails = [stream["tail"].strip()[-_LOG_CHARACTERS:] for stream in streams.values()]
    return Ended(
        answer["cause"],
        answer["detail"],
        "\n".join(tail for tail in tails if tail),
        frozenset(name for name, stream in streams.items() if stream["cut"]),
    )
