"""One driver at a time: the lock of a store."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from pathlib import Path

from surrogate.transfer.provenance import now


class Lock:
    """Held by the driver that writes a store.

    An exclusive transaction on a small SQLite file of its own: the operating system lets go of it when the
    driver dies, however it dies, so a stale lock cannot exist. Who holds it is written beside it as JSON.

    Parameters
    ----------
    directory : Path
        The store.

    Raises
    ------
    BlockingIOError
        If another driver holds it; the message has its process id and computer.
    """

    def __init__(self, directory: Path) -> None:
        holder = directory / "driver.json"
        self._connection = sqlite3.connect(
            directory / "driver.lock", timeout=0, isolation_level=None, check_same_thread=False
        )
        try:
            self._connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            self._connection.close()
            if "locked" not in str(error):
                raise
            raise BlockingIOError(
                f"store: {directory} is being written by {_described(holder)}. Wait for it, end it, or use another "
                "store; TransferSet.open reads it at any time."
            ) from None
        who = {"pid": os.getpid(), "host": platform.node(), "since": now()}
        holder.write_text(json.dumps(who), encoding="utf-8")

    def release(self) -> None:
        """Let the next driver in."""
        self._connection.close()


def _described(holder: Path) -> str:
    try:
        who = json.loads(holder.read_text(encoding="utf-8"))
        return f"process {who['pid']} on {who['host']} since {who['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
