"""Arrays of a store, each under the SHA-256 of its ``.npy`` bytes."""

from __future__ import annotations

import hashlib
import io
import os
import sqlite3
import uuid
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.simulation import Outcome
from surrogate.transfer.lock import HOLDER

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Smaller arrays lie in the ledger: a file each would cost a disk flush each, and use up inodes.
INSIDE_LIMIT = 64 * 1024
# What a file is called while it is being written; left by a crash, it means nothing.
PART = ".part"


@dataclass(frozen=True, slots=True)
class ArrayReference:
    """Stands for an array that a worker has put into the store.

    Parameters
    ----------
    digest : str
        SHA-256 of its ``.npy`` bytes, in hexadecimal.
    shape : tuple of int
    """

    digest: str
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """Bytes that are still to be written."""
        return 0


@dataclass(frozen=True)
class Keeper:
    """Travels with the runs, and puts their large arrays into the store from where they were made.

    Where the store cannot be reached or written, arrays travel to the driver instead, which writes them, or says why
    it cannot.

    Parameters
    ----------
    directory : Path
        Of the store.
    driver : str
        What its ``driver.json`` says, by which another computer knows that it sees the same directory.
    """

    directory: Path
    driver: str

    def __call__(self, outcome: Outcome) -> Outcome:
        large = [
            name
            for name, value in outcome.outputs.items()
            if isinstance(value, np.ndarray) and value.nbytes >= INSIDE_LIMIT
        ]
        if not large:
            return outcome
        try:
            if (self.directory / HOLDER).read_text(encoding="utf-8") != self.driver:
                return outcome
            arrays = Arrays(self.directory / "arrays")
            kept: Any = {name: arrays.write_large(outcome.outputs[name]) for name in large}  # type: ignore[arg-type]
        except OSError:
            return outcome
        return replace(outcome, outputs={**outcome.outputs, **kept})


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

    def write(self, array: NDArray[Any] | ArrayReference, connection: sqlite3.Connection) -> str:
        """Keep an array, unless it is kept already; return its SHA-256 in hexadecimal."""
        if isinstance(array, ArrayReference):
            return array.digest
        digest, content = _packed(array)
        if len(content) < INSIDE_LIMIT:
            connection.execute("INSERT OR IGNORE INTO arrays VALUES (?, ?)", (bytes.fromhex(digest), content))
        else:
            self._write_file(digest, content)
        return digest

    def write_large(self, array: NDArray[Any]) -> ArrayReference:
        """Keep an array that is large enough for a file of its own; return what refers to it."""
        digest, content = _packed(array)
        self._write_file(digest, content)
        return ArrayReference(digest, array.shape)

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

    def _write_file(self, digest: str, content: bytes) -> None:
        path = self._path(digest)
        if path.exists():
            return
        if not path.parent.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            _flush_directory(self._directory)
            _flush_directory(self._directory.parent)
        # A name of its own: several workers may write equal arrays at the same time.
        aside = path.with_suffix(f".{uuid.uuid4().hex}{PART}")
        try:
            with aside.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            aside.replace(path)
        except BaseException:
            with suppress(OSError):
                aside.unlink()
            raise
        _flush_directory(path.parent)


def _packed(array: NDArray[Any]) -> tuple[str, bytes]:
    """Return the ``.npy`` bytes of an array, and their SHA-256."""
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.ascontiguousarray(array), allow_pickle=False)
    content = buffer.getvalue()
    return hashlib.sha256(content).hexdigest(), content


def _flush_directory(directory: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
