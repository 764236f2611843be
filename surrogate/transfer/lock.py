"""One driver at a time: the lock of a store."""

from __future__ import annotations

import errno
import json
import os
import platform
import shutil
import sqlite3
import threading
import time
import uuid
from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from typing import Any

from surrogate.transfer.filesystem import is_networked
from surrogate.transfer.provenance import now

# Who holds the lock.
HOLDER = "driver.json"
_RENEW_SECONDS = 10.0
# A driver on another computer that has not renewed its lock for so long is dead.
_STALE_SECONDS = 60.0
# A clock that jumps makes a lock look old: it must not be renewed either while it is watched for so long.
_WATCH_SECONDS = 1.5 * _RENEW_SECONDS


class Lock(ABC):
    """Held by the driver that writes a store; who holds it is written beside it as JSON.

    Attributes
    ----------
    text : str
        What the holder's file says.
    """

    def __init__(self, directory: Path) -> None:
        who = {"pid": os.getpid(), "host": platform.node(), "since": now(), "started": _started(os.getpid())}
        self.text = json.dumps({**who, "token": uuid.uuid4().hex})
        self._acquire(directory)
        try:
            (directory / HOLDER).write_text(self.text, encoding="utf-8")
        except BaseException:
            self.release()
            raise

    @abstractmethod
    def _acquire(self, directory: Path) -> None:
        """Take the lock; ``BlockingIOError`` if another driver holds it."""

    @abstractmethod
    def release(self) -> None:
        """Let the next driver in."""


class LocalLock(Lock):
    """An exclusive transaction on a small SQLite file of its own.

    The operating system lets go of it when the driver dies, however it dies, so a stale lock cannot exist.
    """

    def _acquire(self, directory: Path) -> None:
        self._connection = sqlite3.connect(
            directory / "driver.lock", timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            self._connection.close()
            if "locked" not in str(error):
                raise
            raise _refusal(directory) from None

    def release(self) -> None:
        self._connection.close()


class NetworkLock(Lock):
    """A directory that only one can put in place, for file systems whose locks are not reliable.

    It holds the name of its driver, and is renewed while that lives. It is stale, and taken over, if the driver ran on
    this computer and is gone, or if it has not been renewed for a minute by the clock of the file system, and is not
    while this driver watches it.
    """

    def _acquire(self, directory: Path) -> None:
        self._held = directory / "driver.held"
        mine = directory / f"driver.{uuid.uuid4().hex}"
        mine.mkdir()
        (mine / HOLDER).write_text(self.text, encoding="utf-8")
        try:
            if not (self._put(mine) or (self._is_stale(mine, _WATCH_SECONDS) and self._take_over(mine))):
                raise _refusal(directory)
        except BaseException:
            shutil.rmtree(mine, ignore_errors=True)
            raise
        self._released = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="surrogate-lock", daemon=True)
        self._thread.start()

    def _put(self, mine: Path) -> bool:
        """Put a lock in place; False if there is one, which a rename cannot replace because it is not empty."""
        try:
            mine.rename(self._held)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                raise
            return False
        return True

    def _take_over(self, mine: Path) -> bool:
        """Replace a stale lock; False if another driver is faster."""
        # One at a time: whoever was slower must not take away the lock that the faster has just put in place.
        turn = self._held.with_name("driver.turn")
        try:
            turn.mkdir()
        except FileExistsError:
            with suppress(OSError):
                if (mine / HOLDER).stat().st_mtime - turn.stat().st_mtime > _STALE_SECONDS:
                    turn.rmdir()  # whoever had it died, and the next driver has its turn
            return False
        try:
            if self._is_stale(mine):
                shutil.rmtree(self._held, ignore_errors=True)
            return self._put(mine)
        finally:
            turn.rmdir()

    def _renew(self) -> None:
        while not self._released.wait(_RENEW_SECONDS):
            with suppress(OSError):  # the ledger will say what is wrong with the disk
                os.utime(self._held / HOLDER)

    def _is_stale(self, mine: Path, watch: float = 0.0) -> bool:
        who = _holder(self._held)
        if who.get("host") == platform.node() and _started(who.get("pid")) != who.get("started"):
            return True
        os.utime(mine / HOLDER)  # the file system's own clock, which may differ from this computer's
        try:
            renewed = (self._held / HOLDER).stat().st_mtime
            if (mine / HOLDER).stat().st_mtime - renewed <= _STALE_SECONDS:
                return False
            end = time.monotonic() + watch
            while time.monotonic() < end:
                time.sleep(min(0.1, watch))
                if (self._held / HOLDER).stat().st_mtime != renewed:
                    return False
        except FileNotFoundError:  # released in the meantime
            pass
        return True

    def release(self) -> None:
        self._released.set()
        self._thread.join()
        with suppress(OSError):
            if (self._held / HOLDER).read_text(encoding="utf-8") == self.text:  # else it was taken over
                shutil.rmtree(self._held)


def lock(directory: Path) -> Lock:
    """Lock a store for this driver.

    Raises
    ------
    BlockingIOError
        If another driver holds it; the message has its process id and computer.
    """
    return NetworkLock(directory) if is_networked(directory) else LocalLock(directory)


def _refusal(directory: Path) -> BlockingIOError:
    return BlockingIOError(
        f"store: {directory} is being written by {_described(directory)}. Wait for it, end it, or use another "
        "store; TransferSet.open reads it at any time."
    )


def _holder(directory: Path) -> dict[str, Any]:
    try:
        who = json.loads((directory / HOLDER).read_text(encoding="utf-8"))
        return who if isinstance(who, dict) else {}
    except (OSError, ValueError):
        return {}


def _described(directory: Path) -> str:
    who = _holder(directory)
    if not {"pid", "host", "since"} <= who.keys():
        return "another process"
    return f"process {who['pid']} on {who['host']} since {who['since']}"


def _started(pid: Any) -> float:
    """Return when a process of this computer was started, 0 if there is none: its number may be used again."""
    import psutil

    try:
        return float(psutil.Process(pid).create_time())
    except (psutil.Error, TypeError, ValueError):
        return 0.0
