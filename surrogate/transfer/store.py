"""The durable store of a transfer set: a directory with a ledger and arrays."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import closing
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.simulation import Outcome, OutputForm, Status
from surrogate.space import Categorical, Space
from surrogate.transfer.arrays import Arrays
from surrogate.transfer.ledger import FILE_NAME, EmptyStore, connect
from surrogate.transfer.lock import Lock
from surrogate.transfer.outcomes import STATUSES, Fields, Outcomes
from surrogate.transfer.plan import POLICY, REPLICATE, Plan, canonical
from surrogate.transfer.writer import Writer

if TYPE_CHECKING:
    import sqlite3

    import pandas as pd
    from numpy.typing import NDArray

_BATCH = 10_000


class Store:
    """A directory that holds a transfer set, opened for reading or (by one driver at a time) for writing.

    Parameters
    ----------
    path : path
    write : bool
        Whether to lock it, and to make it if there is none.

    Raises
    ------
    ValueError
        If it is no store, is damaged, or was written by a newer version.
    BlockingIOError
        If another driver is writing it.
    """

    def __init__(self, path: str | PathLike[str], *, write: bool) -> None:
        self.directory = Path(path)
        self._lock: Lock | None = None
        self._writer: Writer | None = None
        _check_directory(self.directory, write)
        if write:
            self.directory.mkdir(parents=True, exist_ok=True)
            self._lock = Lock(self.directory)
        try:
            self._connection = connect(self.directory, write=write)
        except BaseException:
            if self._lock is not None:
                self._lock.release()
            raise
        self._rows: NDArray[np.int64] | None = None

    @classmethod
    def open(cls, path: str | PathLike[str]) -> Store:
        """Open an existing store for reading, as it is at this moment, also while a driver writes it."""
        store = cls(path, write=False)
        store._connection.execute("BEGIN")
        if store._meta("space") is None:
            store.close()
            raise EmptyStore(store.directory)
        return store

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Write what is waiting, and let the next driver in."""
        try:
            if self._writer is not None:
                self._writer.close()
        finally:
            self._connection.close()
            if self._lock is not None:
                self._lock.release()

    # Writing

    def adopt(self, space: Space, fingerprint: str, on_change: str) -> str:
        """Take this study in; return the fingerprint under which its runs are kept.

        Raises
        ------
        ValueError
            If the space differs from the store's, or the simulator does and `on_change` is "stop".
        """
        stored = self._meta("space")
        described = space.to_dict()
        if stored is not None:
            described = _merged(stored, described, self.directory)
        held = self._meta("fingerprint")
        if held is not None and held != fingerprint and on_change == "stop":
            raise ValueError(
                f"store: {self.directory} holds runs of another simulator: its code, constants or settings have "
                'changed. Use another store; or on_change="rerun" to run everything again (old runs are kept aside), '
                'or on_change="keep" if the change does not change results.'
            )
        used = held if held is not None and on_change == "keep" else fingerprint
        with self._transaction():
            self._set_meta("space", described)
            self._set_meta("fingerprint", used)
            for one in (used, fingerprint):
                self._connection.execute("INSERT OR IGNORE INTO simulators (fingerprint) VALUES (?)", (one,))
        self._key_simulator = self._simulator(used)
        self._run_simulator = self._simulator(fingerprint)
        return used

    def points(self, description: dict[str, Any]) -> NDArray[np.float64] | None:
        """Return the points, coded, of a design that was planned here before, or None."""
        text = canonical(description).decode()
        found = self._connection.execute("SELECT points FROM designs WHERE description = ?", (text,)).fetchone()
        return None if found is None else self._arrays.read(found[0], self._connection)

    def keep_points(self, description: dict[str, Any], points: NDArray[np.float64]) -> None:
        """Remember the points of a design."""
        with self._transaction():
            digest = self._arrays.write(points, self._connection)
            text = canonical(description).decode()
            self._connection.execute("INSERT OR REPLACE INTO designs VALUES (?, ?)", (text, digest))

    def plan(self, plan: Plan, keys: Iterable[bytes], seeds: NDArray[np.int64] | None) -> None:
        """Add those runs of the plan that are not planned yet; afterwards `outcomes` speaks of this plan's rows."""
        space = self.space
        table = plan.inputs
        codes = encode(table, space)
        replicates = table[REPLICATE].tolist() if REPLICATE in table else [0] * len(table)
        own = [None] * len(table) if seeds is None else seeds.tolist()
        execute = self._connection.execute
        with self._transaction():
            execute("CREATE TEMP TABLE IF NOT EXISTS asked (position INTEGER PRIMARY KEY, key BLOB NOT NULL)")
            execute("DELETE FROM asked")
            self._connection.executemany("INSERT INTO asked VALUES (?, ?)", enumerate(keys))
            execute(
                "CREATE TEMP TABLE IF NOT EXISTS details (position INTEGER PRIMARY KEY, inputs BLOB, replicate, seed)"
            )
            execute("DELETE FROM details")
            self._connection.executemany(
                "INSERT INTO details VALUES (?, ?, ?, ?)",
                ((i, codes[i].tobytes(), replicates[i], own[i]) for i in range(len(codes))),
            )
            execute(
                "INSERT OR IGNORE INTO plan (key, simulator, inputs, replicate, seed) "
                "SELECT key, ?, inputs, replicate, seed FROM asked JOIN details USING (position) ORDER BY position",
                (self._key_simulator,),
            )
            execute("DELETE FROM details")
        found = execute("SELECT plan.row FROM asked JOIN plan USING (key) ORDER BY position").fetchall()
        self._rows = np.fromiter((row for (row,) in found), dtype=np.int64, count=len(found))

    def begin(self, provenance: dict[str, Any]) -> int:
        """Remember that a collection has begun; return its number."""
        with self._transaction():
            cursor = self._connection.execute(
                "INSERT INTO collections (provenance) VALUES (?)", (json.dumps(provenance),)
            )
        self._writer = Writer(self.directory, self._run_simulator)
        return int(cursor.lastrowid or 0)

    def finish(self, collection: int, provenance: dict[str, Any]) -> None:
        """Write what is waiting, and the collection's final provenance."""
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.close()
        with self._transaction():
            self._connection.execute(
                "UPDATE collections SET provenance = ? WHERE id = ?", (json.dumps(provenance), collection)
            )

    def keep_form(self, form: OutputForm) -> None:
        """Remember the names and shapes of the outputs, once the first run has shown them."""
        outputs = json.dumps([[name, shape] for name, shape in (form.shapes or {}).items()])
        with self._transaction():
            self._connection.execute("UPDATE simulators SET outputs = ? WHERE id = ?", (outputs, self._key_simulator))

    def add(self, position: int, outcome: Outcome, form: OutputForm) -> None:
        """Hand over the outcome of a planned run; it is durable within 50 ms."""
        if self._writer is None:
            raise RuntimeError("store: nothing can be added before begin() or after finish().")
        self._writer.add(int(self._planned_rows()[position]), outcome, form.names, tuple(form.fields))

    # Reading

    @property
    def space(self) -> Space:
        """What varied, with the policy if there are any."""
        return Space.from_dict(self._meta("space"))

    def inputs(self) -> pd.DataFrame:
        """Return the inputs of all planned runs of the simulator whose runs count."""
        rows = self._connection.execute(
            "SELECT inputs, replicate FROM plan WHERE simulator = ? ORDER BY row", (self._counting,)
        ).fetchall()
        space = self.space
        codes = np.frombuffer(b"".join(row[0] for row in rows), dtype="<f8").reshape(len(rows), len(space))
        table = decode(codes, space)
        replicates = np.fromiter((row[1] for row in rows), dtype=np.int64, count=len(rows))
        if replicates.any():
            table[REPLICATE] = replicates
        return table

    def outcomes(self) -> Outcomes:
        """Return the outcomes of the rows of the plan, or of all that count."""
        rows = self._planned_rows()
        outcomes = Outcomes(len(rows), self._form(), keep_fields=False)
        position = np.full(int(rows.max(initial=0)) + 1, -1, dtype=np.int64)
        position[rows] = np.arange(len(rows))
        cursor = self._connection.execute("SELECT row, status, outputs, seconds, attempts, message, host FROM runs")
        while batch := cursor.fetchmany(_BATCH):
            _take_in(outcomes, position, batch)
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

    def _set_meta(self, name: str, value: Any) -> None:
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, json.dumps(value)))

    def _transaction(self) -> _Transaction:
        return _Transaction(self._connection)


class _Transaction:
    """All or nothing."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        self._connection.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._connection.execute("COMMIT" if kind is None else "ROLLBACK")


def encode(table: pd.DataFrame, space: Space) -> NDArray[np.float64]:
    """Return inputs as numbers, shape (n, d): of a category its position among the values."""
    columns = [
        parameter.codes(table[name].to_numpy()) if isinstance(parameter, Categorical) else table[name].to_numpy()
        for name, parameter in space.parameters.items()
    ]
    return np.ascontiguousarray(np.column_stack(columns), dtype="<f8")


def decode(codes: NDArray[np.float64], space: Space) -> pd.DataFrame:
    """Return inputs from numbers: the inverse of `encode`."""
    columns = {
        name: [parameter.values[int(code)] for code in codes[:, i]]
        if isinstance(parameter, Categorical)
        else codes[:, i]
        for i, (name, parameter) in enumerate(space.parameters.items())
    }
    return space.frame(columns, "store")


def _check_directory(directory: Path, write: bool) -> None:
    if directory.exists() and not directory.is_dir():
        raise ValueError(f"store: {directory} is a file; a store is a directory. Give another path.")
    if (directory / FILE_NAME).exists():
        return
    if not write:
        raise ValueError(f"store: {directory} holds no transfer set (no {FILE_NAME} in it).")
    # A driver that died at once leaves its lock behind, and nothing else.
    entries = sorted(entry.name for entry in directory.iterdir()) if directory.exists() else []
    foreign = [name for name in entries if not name.startswith("driver.")]
    if foreign:
        raise ValueError(f"store: {directory} holds other things ({', '.join(foreign[:3])}). Give a new path.")


def _merged(stored: dict[str, Any], asked: dict[str, Any], directory: Path) -> dict[str, Any]:
    """Return the space of store and study together: equal, but that a study may bring new policies."""
    old = {entry["name"]: entry for entry in stored["parameters"]}
    new = {entry["name"]: entry for entry in asked["parameters"]}
    for name in [*old, *(name for name in new if name not in old)]:
        if name == POLICY and name in old and name in new:
            new[name]["values"] = list(dict.fromkeys([*old[name]["values"], *new[name]["values"]]))
        elif old.get(name) != new.get(name):
            raise ValueError(
                f"bounds[{name!r}]: {_shown(new.get(name))}, but the store {directory} was made with "
                f"{_shown(old.get(name))}. Use the same bounds or another store; to look closer in a part, keep the "
                "bounds and give the points as design=some_design.sample(space.restrict(box))."
            )
    if list(old) != list(new) or stored["constraints"] != asked["constraints"]:
        raise ValueError(
            f"bounds: the store {directory} was made with other constraints, or the parameters in another order: "
            f"{list(old)}. Use the same bounds or another store."
        )
    return {**asked, "parameters": list(new.values())}


def _shown(entry: dict[str, Any] | None) -> str:
    return "absent" if entry is None else str({key: value for key, value in entry.items() if key != "name"})


def _take_in(outcomes: Outcomes, position: NDArray[np.int64], batch: list[tuple[Any, ...]]) -> None:
    """Copy rows of the ledger into columns."""
    code = {str(status): i for i, status in enumerate(STATUSES)}
    rows, statuses, numbers, seconds, attempts, messages, hosts = zip(*batch, strict=True)
    stored = np.array(rows)
    known = stored < len(position)
    at = np.where(known, position[np.minimum(stored, len(position) - 1)], -1)
    mine = at >= 0
    outcomes.codes[at[mine]] = np.array([code[status] for status in statuses], dtype=np.int8)[mine]
    outcomes.seconds[at[mine]] = np.array(seconds)[mine]
    outcomes.attempts[at[mine]] = np.array(attempts)[mine]
    ok = mine & np.array([status == Status.OK for status in statuses])
    values = b"".join(numbers[i] for i in np.flatnonzero(ok).tolist())
    outcomes.numbers[at[ok]] = np.frombuffer(values, dtype="<f8").reshape(int(ok.sum()), len(outcomes.form.names))
    for i in np.flatnonzero(mine & ~ok).tolist():
        outcomes.messages[int(at[i])] = messages[i]
        outcomes.hosts[int(at[i])] = hosts[i]


def _digests(connection: sqlite3.Connection, rows: NDArray[np.int64], name: str) -> list[str]:
    query = "SELECT json_extract(fields, '$.' || json_quote(?)) FROM runs WHERE row = ?"
    return [connection.execute(query, (name, row)).fetchone()[0] for row in rows.tolist()]
