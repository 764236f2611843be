"""Writes finished runs in the background, many in one commit."""

from __future__ import annotations

import json
import sqlite3
import struct
import threading
from collections import deque
from contextlib import closing
from pathlib import Path
from typing import Any

from surrogate.simulation import Outcome
from surrogate.transfer.arrays import Arrays
from surrogate.transfer.ledger import connect, explained, transaction
from surrogate.transfer.provenance import now

# A group is written when it has so many runs or bytes, or its first run has waited so long. With the flush to disk
# itself a run is then safe within 50 ms of its end, if the disk keeps up.
GROUP = 256
GROUP_BYTES = 4 << 20
GROUP_SECONDS = 0.02
# One group is being written while the next gathers; beyond that the study waits for the disk.
_WAITING = 2

Item = tuple[int, Outcome, tuple[str, ...], tuple[str, ...], int]

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
        self._gathering: deque[Item] = deque()
        self._runs = self._bytes = 0  # not yet committed
        self._changed = threading.Condition()
        self._closing = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="surrogate-ledger", daemon=True)
        self._thread.start()

    def add(self, row: int, outcome: Outcome, numbers: tuple[str, ...], fields: tuple[str, ...]) -> None:
        """Hand over a finished run; raises what went wrong with an earlier one."""
        outputs: dict[str, Any] = outcome.outputs
        size = sum(outputs[name].nbytes for name in fields) if outputs and fields else 0
        with self._changed:
            while self._error is None and self._full():
                self._changed.wait()
            if self._error is not None:
                raise self._error
            self._gathering.append((row, outcome, numbers, fields, size))
            self._runs += 1
            self._bytes += size
            if self._runs in (1, GROUP) or self._bytes >= GROUP_BYTES:
                self._changed.notify_all()

    def flush(self) -> None:
        """Wait until all that was handed over is on disk; raises what went wrong."""
        with self._changed:
            self._changed.wait_for(lambda: self._error is not None or not self._runs)
            if self._error is not None:
                raise self._error

    def close(self) -> None:
        """Write what is waiting and end; raises what went wrong."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _full(self) -> bool:
        return self._runs >= _WAITING * GROUP or self._bytes >= _WAITING * GROUP_BYTES

    def _work(self) -> None:
        try:
            with closing(connect(self._directory, write=True)) as connection:
                arrays = Arrays(self._directory / "arrays")
                while group := self._group():
                    self._commit(connection, arrays, group)
                    with self._changed:
                        self._runs -= len(group)
                        self._bytes -= sum(item[-1] for item in group)
                        self._changed.notify_all()
        except BaseException as error:
            with self._changed:
                self._error = explained(error, self._directory)
                self._changed.notify_all()

    def _group(self) -> list[Item]:
        """Wait for a finished run, and shortly for others; empty when there will be none."""
        with self._changed:
            self._changed.wait_for(lambda: self._gathering or self._closing)
            self._changed.wait_for(self._enough, GROUP_SECONDS)
            group: list[Item] = []
            size = 0
            while self._gathering and len(group) < GROUP and size < GROUP_BYTES:
                group.append(self._gathering.popleft())
                size += group[-1][-1]
            return group

    def _enough(self) -> bool:
        return self._closing or len(self._gathering) >= GROUP or self._bytes >= GROUP_BYTES

    def _commit(self, connection: sqlite3.Connection, arrays: Arrays, group: list[Item]) -> None:
        with transaction(connection):
            finished = now()
            rows = []
            for row, outcome, names, fields, _ in group:
                outputs: dict[str, Any] = outcome.outputs
                numbers = struct.pack(f"<{len(names)}d", *(outputs[name] for name in names)) if outputs else None
                kept = {name: arrays.write(outputs[name], connection) for name in fields if outputs}
                how = (outcome.message, outcome.seconds, outcome.attempts, outcome.host, finished)
                shown = json.dumps(kept) if kept else None
                rows.append((row, self._simulator, str(outcome.status), numbers, shown, *how))
            connection.executemany(_INSERT, rows)
