"""The durable store of a transfer set: a directory with a ledger and arrays."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from surrogate.simulation import OutputForm
from surrogate.space import Space
from surrogate.transfer.arrays import Arrays
from surrogate.transfer.ledger import FILE_NAME, EmptyStore, connect
from surrogate.transfer.outcomes import Fields, Outcomes
from surrogate.transfer.plan import REPLICATE
from surrogate.transfer.rows import decode, take_in_failures, take_in_successes

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_BATCH = 10_000


class Store:
    """A directory that holds a transfer set, opened for reading; `Driver` writes one.

    Parameters
    ----------
    directory : Path
    connection : sqlite3.Connection
        To its ledger.
    """

    def __init__(self, directory: Path, connection: sqlite3.Connection) -> None:
        self.directory = directory
        self._connection = connection
        self._rows: NDArray[np.int64] | None = None

    @classmethod
    def open(cls, path: str | PathLike[str]) -> Store:
        """Open an existing store as it is at this moment, also while a driver writes it.

        Raises
        ------
        ValueError
            If it is no store, is damaged, empty, or was written by a newer version.
        """
        directory = Path(path).absolute()
        if not (directory / FILE_NAME).exists():
            raise ValueError(f"store: {directory} holds no transfer set (no {FILE_NAME} in it).")
        store = cls(directory, connect(directory, write=False))
        store._connection.execute("BEGIN")
        if store._meta("space") is None:
            store.close()
            raise EmptyStore(directory)
        return store

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the ledger."""
        self._connection.close()

    @property
    def space(self) -> Space:
        """What varied, with the policy if there are any."""
        return Space.from_dict(self._meta("space"))

    def inputs(self) -> pd.DataFrame:
        """Return the inputs of all planned runs of the simulator whose runs count."""
        # Few columns a query: what a row costs is its Python objects.
        of_mine = "FROM plan WHERE simulator = ? ORDER BY row"
        codes = [np.empty(0)]
        cursor = self._connection.execute(f"SELECT inputs {of_mine}", (self._counting,))
        while batch := cursor.fetchmany(_BATCH):
            codes.append(np.frombuffer(b"".join([row[0] for row in batch]), dtype="<f8"))
        several = self._connection.execute("SELECT max(replicate) FROM plan").fetchone()[0]
        space = self.space
        table = decode(np.concatenate(codes).reshape(-1, len(space)), space)
        if several:
            found = self._connection.execute(f"SELECT replicate {of_mine}", (self._counting,))
            table[REPLICATE] = np.fromiter((row[0] for row in found), dtype=np.int64)
        return table

    def outcomes(self) -> Outcomes:
        """Return the outcomes of the rows of the plan, or of all that count."""
        rows = self._planned_rows()
        outcomes = Outcomes(len(rows), self._form(), keep_fields=False)
        position = np.full(int(rows.max(initial=0)) + 1, -1, dtype=np.int64)
        position[rows] = np.arange(len(rows))
        cursor = self._connection.execute("SELECT row, outputs FROM runs WHERE status = 'ok'")
        while batch := cursor.fetchmany(_BATCH):
            take_in_successes(outcomes, position, batch)
        take_in_failures(
            outcomes,
            position,
            self._connection.execute(
                "SELECT row, status, seconds, attempts, message, host FROM runs WHERE status != 'ok'"
            ),
        )
        return outcomes

    def fields(self, outcomes: Outcomes) -> Fields:
        """Return the fields of the successful runs, to be read when asked for, also after the store is closed."""
        rows = self._planned_rows()[outcomes.ok]
        shapes = outcomes.form.fields

        def read(name: str) -> NDArray[np.float64]:
            with closing(connect(self.directory, write=False)) as connection:
                found = _digests(connection, rows, name)
                array = np.empty((len(found), *shapes[name]))
                for i, digest in enumerate(found):
                    array[i] = self._arrays.read(digest, connection)
            return array

        return Fields(tuple(shapes), read)

    def provenance(self) -> dict[str, Any]:
        """Return the provenance of the latest collection, and under "earlier" of those before it."""
        found = self._connection.execute("SELECT provenance FROM collections ORDER BY id").fetchall()
        all_of_them = [json.loads(text) for (text,) in found]
        if not all_of_them:
            return {}
        return {**all_of_them[-1], **({"earlier": all_of_them[:-1]} if len(all_of_them) > 1 else {})}

    # Inside

    @property
    def _arrays(self) -> Arrays:
        return Arrays(self.directory / "arrays")

    @property
    def _counting(self) -> int:
        return self._simulator(self._meta("fingerprint"))

    def _planned_rows(self) -> NDArray[np.int64]:
        if self._rows is None:
            query = "SELECT min(row), max(row), count(*) FROM plan WHERE simulator = ?"
            low, high, count = self._connection.execute(query, (self._counting,)).fetchone()
            if count and count == high - low + 1:
                self._rows = np.arange(low, high + 1)
                return self._rows
            found = self._connection.execute("SELECT row FROM plan WHERE simulator = ? ORDER BY row", (self._counting,))
            self._rows = np.fromiter((row for (row,) in found), dtype=np.int64)
        return self._rows

    def _form(self) -> OutputForm:
        found = self._connection.execute("SELECT outputs FROM simulators WHERE id = ?", (self._counting,)).fetchone()
        if found is None or found[0] is None:
            return OutputForm()
        return OutputForm({name: None if shape is None else tuple(shape) for name, shape in json.loads(found[0])})

    def _simulator(self, fingerprint: str | None) -> int:
        found = self._connection.execute("SELECT id FROM simulators WHERE fingerprint = ?", (fingerprint,)).fetchone()
        return 0 if found is None else int(found[0])

    def _meta(self, name: str) -> Any:
        found = self._connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if found is None else json.loads(found[0])


def check_directory(directory: Path) -> None:
    """Raise ``ValueError`` unless a store is or can be made here."""
    if directory.exists() and not directory.is_dir():
        raise ValueError(f"store: {directory} is a file; a store is a directory. Give another path.")
    entries = {entry.name for entry in directory.iterdir()} if directory.exists() else set()
    # A driver that died at once leaves its lock behind, and nothing else.
    foreign = sorted(name for name in entries if not name.startswith("driver."))
    if foreign and FILE_NAME not in entries:
        raise ValueError(f"store: {directory} holds other things ({', '.join(foreign[:3])}). Give a new path.")


def _digests(connection: sqlite3.Connection, rows: NDArray[np.int64], name: str) -> list[str]:
    query = "SELECT json_extract(fields, '$.' || json_quote(?)) FROM runs WHERE row = ?"
    return [connection.execute(query, (name, row)).fetchone()[0] for row in rows.tolist()]
