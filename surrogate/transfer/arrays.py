"""Arrays of a store, each under the SHA-256 of its ``.npy`` bytes."""

from __future__ import annotations

import hashlib
import io
import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Smaller arrays lie in the ledger: a file each would cost a disk flush each, and use up inodes.
INSIDE_LIMIT = 64 * 1024


class Arrays:
    """The arrays of one store.

    An array is durable before anything refers to it: a large one in a file that is written aside, flushed,
    renamed, and its directory flushed; a small one in the ledger, in the same transaction as its run. One
    that nothing refers to, left by a crash, does no harm.

    Parameters
    ----------
    directory : Path
        Where large arrays lie, in ``ab/abcd....npy``.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def write(self, array: NDArray[Any], connection: sqlite3.Connection) -> str:
        """Keep an array; return its SHA-256 in hexadecimal."""
        buffer = io.BytesIO()
        np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
        content = buffer.getvalue()
        digest = hashlib.sha256(content).hexdigest()
        if len(content) < INSIDE_LIMIT:
            connection.execute("INSERT OR IGNORE INTO arrays VALUES (?, ?)", (bytes.fromhex(digest), content))
        elif not self._path(digest).exists():
            self._write_file(self._path(digest), content)
        return digest

    def read(self, digest: str, connection: sqlite3.Connection) -> NDArray[Any]:
        """Return an array; ``ValueError`` if it is missing or not what was written."""
        found = connection.execute("SELECT npy FROM arrays WHERE sha256 = ?", (bytes.fromhex(digest),)).fetchone()
        if found is not None:
            content = bytes(found[0])
        else:
            try:
                content = self._path(digest).read_bytes()
            except FileNotFoundError:
                raise ValueError(f"store: the array {digest} is missing from {self._directory.parent}.") from None
        if hashlib.sha256(content).hexdigest() != digest:
            raise ValueError(f"store: the array {digest} in {self._directory.parent} is damaged.")
        array: NDArray[Any] = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
        return array

    def _path(self, digest: str) -> Path:
        return self._directory / digest[:2] / f"{digest}.npy"

    def _write_file(self, path: Path, content: bytes) -> None:
        if not path.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _flush_directory(self._directory)
            _flush_directory(self._directory.parent)
        aside = path.with_suffix(".part")
        with aside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
        _flush_directory(path.parent)


def _flush_directory(directory: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
