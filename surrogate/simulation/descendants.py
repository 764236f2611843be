"""Everything that a process has started, also what has left its group and session."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from contextlib import suppress
from typing import Any

_SET_DEATH_SIGNAL, _SET_SUBREAPER = 1, 36  # of Linux' prctl

_SUPERVISOR = "simulation/supervisor.py"


def adopt_orphans() -> None:
    """Make whoever loses its parent below this process a child of it, so that nobody escapes by detaching.

    Linux only; elsewhere a process that detaches itself twice is not found.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_SUBREAPER, 1, 0, 0, 0)


def die_with_parent() -> None:
    """Let the kernel kill this process when its parent has died; Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def kill_descendants(seconds: float, supervisors: float = 0.0) -> None:
    """Kill all descendants of this process, again and again until there are none; at most for so long.

    Supervisors of external programs, whose worker is dead, have so many seconds to end their programs and remove the
    directories of their runs.
    """
    if not _reaped():
        return
    import psutil

    patience = time.monotonic() + supervisors
    while _reaped() and time.monotonic() < patience and any(map(_supervises, psutil.Process().children())):
        time.sleep(0.01)
    deadline = time.monotonic() + seconds
    while _reaped() and time.monotonic() < deadline:
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):  # it has ended in the meantime
                process.kill()
        time.sleep(0.002)


def resident(pid: int) -> int:
    """Return the bytes that a process and all its descendants have in memory; 0 if it has ended."""
    import psutil

    try:
        family = [psutil.Process(pid)]
        family.extend(family[0].children(recursive=True))
    except psutil.Error:
        return 0
    return sum(map(_resident, family))


def _supervises(process: Any) -> bool:
    try:
        return any(part.endswith(_SUPERVISOR) for part in process.cmdline())
    except Exception:  # it has ended in the meantime
        return False


def _resident(process: Any) -> int:
    try:
        return int(process.memory_info().rss)
    except Exception:  # it has ended in the meantime
        return 0


def _reaped() -> bool:
    """Take leave of ended children; False if no child is left."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return False
        if pid == 0:
            return True
