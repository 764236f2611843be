"""The SQLite file of a store: its tables, and how it is opened.

Format 1. Numbers in blobs are little-endian float64.

- ``meta``: name and JSON value: ``space`` (`Space.to_dict`, the policy included), ``fingerprint`` (of the
  simulator whose runs count).
- ``simulators``: each simulator that ran, by fingerprint, with its ``outputs``: JSON ``[[name, shape or null], ...]``.
- ``designs``: canonical JSON of a design's description, and the SHA-256 of its points among the arrays.
- ``collections``: the provenance of each call that wrote, as JSON.
- ``plan``: a row a planned run: ``key``, ``inputs`` (a number a parameter; of a category its position),
  ``replicate`` and ``seed``.
- ``runs``: a row a finished run: ``status``, ``outputs`` (the numbers, in the order of the simulator's outputs),
  ``fields`` (JSON: name to SHA-256 of an array), and how it went.
- ``arrays``: small arrays as ``.npy`` bytes; large ones are the files ``arrays/ab/abcd....npy``.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from surrogate.transfer.filesystem import is_networked

FILE_NAME = "ledger.sqlite"
FORMAT = 1
# Marks the file as a ledger of this package in SQLite's header ("SURR").
_APPLICATION = 0x53555252

_TABLES = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE simulators (id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, outputs TEXT)",
    "CREATE TABLE designs (description TEXT PRIMARY KEY, points TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE collections (id INTEGER PRIMARY KEY, provenance TEXT NOT NULL)",
    """CREATE TABLE plan (
        row INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, simulator INTEGER NOT NULL REFERENCES simulators(id),
        inputs BLOB NOT NULL, replicate INTEGER NOT NULL, seed INTEGER)""",
    """CREATE TABLE runs (
        row INTEGER PRIMARY KEY REFERENCES plan(row), simulator INTEGER NOT NULL REFERENCES simulators(id),
        status TEXT NOT NULL, outputs BLOB, fields TEXT, message TEXT NOT NULL, seconds REAL NOT NULL,
        attempts INTEGER NOT NULL, host TEXT NOT NULL, finished TEXT NOT NULL)""",
    "CREATE TABLE arrays (sha256 BLOB PRIMARY KEY, npy BLOB NOT NULL) WITHOUT ROWID",
)


class EmptyStore(ValueError):
    """Nothing was planned in a store yet."""

    def __init__(self, directory: Path) -> None:
        super().__init__(
            f"store: {directory} holds nothing yet: its study has just begun, or died at once. Wait, or run it again."
        )


def connect(directory: Path, *, write: bool) -> sqlite3.Connection:
    """Open the ledger of a store; with `write`, make it if there is none.

    Raises
    ------
    ValueError
        If the file is no ledger, is damaged, or was written by a newer version.
    """
    path = directory / FILE_NAME
    mode = "rwc" if write else "rw"
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            timeout=30,
            check_same_thread=False,
        )
        try:
            _prepare(connection, path, write)
        except BaseException:
            connection.close()
            raise
    except sqlite3.OperationalError:
        raise  # the disk, permissions or a lock: says what it is
    except sqlite3.DatabaseError as error:
        raise ValueError(f"store: {path} is damaged or no ledger of a transfer set ({error}).") from error
    return connection


def _prepare(connection: sqlite3.Connection, path: Path, write: bool) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    empty = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if not empty and application != _APPLICATION:
        raise ValueError(f"store: {path} is an SQLite file of another program.")
    if version > FORMAT:
        raise ValueError(
            f"store: {path} has format {version}; this version reads up to {FORMAT}. Update surrogate-discovery."
        )
    if not write:
        if empty:
            raise EmptyStore(path.parent)
        connection.execute("PRAGMA query_only = ON")
        return
    # A write-ahead log needs memory that is shared between processes, which network file systems do not have.
    connection.execute(f"PRAGMA journal_mode = {'DELETE' if is_networked(path.parent) else 'WAL'}")
    connection.execute("PRAGMA synchronous = FULL")
    if empty:
        with transaction(connection):
            for table in _TABLES:
                connection.execute(table)
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            connection.execute(f"PRAGMA user_version = {FORMAT}")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):  # SQLite has done so itself where the disk is full
            connection.rollback()
        raise


def explained(error: BaseException, directory: Path) -> BaseException:
    """Return an error of the disk or of SQLite as one that says that the store is what failed, and that it is whole."""
    if isinstance(error, (OSError, sqlite3.Error)):
        return OSError(
            f"store: cannot write to {directory} ({error}). What was committed is safe: repair the cause (a full disk, "
            "a lost permission) and run the same collect(...) again."
        )
    return error
