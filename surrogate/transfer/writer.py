"""Writes finished runs in the background, many in one commit."""

from __future__ import annotations

import json
import queue
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import numpy as np

from surrogate.simulation import Outcome
from surrogate.transfer.arrays import Arrays
from surrogate.transfer.ledger import connect, transaction
from surrogate.transfer.provenance import now

GROUP = 256
# With the flush to disk itself a run is safe within 50 ms of its end.
GROUP_SECONDS = 0.02
_WAITING = 4 * GROUP

Item = tuple[int, Outcome, tuple[str, ...], tuple[str, ...]]

_INSERT = """INSERT OR REPLACE INTO runs
    (row, simulator, status, outputs, fields, message, seconds, attempts, host, finished)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""


class Writer:
    """One thread with one connection, which commits finished runs in groups.

    A thread, because the next run may keep this one busy for hours while the last is not yet on disk.

    Parameters
    ----------
    directory : Path
        The store.
    simulator : int
        Number of the simulator in the ledger.
    """

    def __init__(self, directory: Path, simulator: int) -> None:
        self._directory = directory
        self._simulator = simulator
        self._items: queue.Queue[Item | None] = queue.Queue(_WAITING)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="surrogate-ledger", daemon=True)
        self._thread.start()

    def add(self, row: int, outcome: Outcome, numbers: tuple[str, ...], fields: tuple[str, ...]) -> None:
        """Hand over a finished run; raises what went wrong with an earlier one."""
        while True:
            if self._error is not None:
                raise self._error
            try:
                return self._items.put((row, outcome, numbers, fields), timeout=0.5)
            except queue.Full:
                continue

    def close(self) -> None:
        """Write what is waiting and end; raises what went wrong."""
        while self._thread.is_alive():
            try:
                self._items.put(None, timeout=0.5)
                break
            except queue.Full:
                continue
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        try:
            with closing(connect(self._directory, write=True)) as connection:
                arrays = Arrays(self._directory / "arrays")
                last = False
                while not last:
                    group, last = self._group()
                    if group:
                        self._commit(connection, arrays, group)
        except Exception as error:
            self._error = _explained(error, self._directory)

    def _group(self) -> tuple[list[Item], bool]:
        """Wait for a finished run, and shortly for others."""
        item = self._items.get()
        group: list[Item] = []
        until = time.monotonic() + GROUP_SECONDS
        while item is not None:
            group.append(item)
            if len(group) == GROUP:
                return group, False
            try:
                item = self._items.get(timeout=max(0.0, until - time.monotonic()))
            except queue.Empty:
                return group, False
        return group, True

    def _commit(self, connection: sqlite3.Connection, arrays: Arrays, group: list[Item]) -> None:
        with transaction(connection):
            finished = now()
            rows = []
            for row, outcome, names, fields in group:
                ok = bool(outcome.outputs)
                numbers = np.array([outcome.outputs[name] for name in names], "<f8").tobytes() if ok else None
                kept = {name: arrays.write(np.asarray(outcome.outputs[name]), connection) for name in fields if ok}
                how = (outcome.message, outcome.seconds, outcome.attempts, outcome.host, finished)
                shown = json.dumps(kept) if kept else None
                rows.append((row, self._simulator, str(outcome.status), numbers, shown, *how))
            connection.executemany(_INSERT, rows)


def _explained(error: Exception, directory: Path) -> Exception:
    """Say that the store is what failed, and that it is whole."""
    if isinstance(error, (OSError, sqlite3.Error)):
        return OSError(
            f"store: cannot write to {directory} ({error}). What was committed is safe: repair the cause (a full disk, "
            "a lost permission) and run the same collect(...) again."
        )
    return error
