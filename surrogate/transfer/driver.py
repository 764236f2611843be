"""The store as its one writer sees it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count, repeat
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.simulation import Outcome, OutputForm
from surrogate.space import Space
from surrogate.transfer.arrays import Keeper
from surrogate.transfer.ledger import EmptyStore, connect, explained, transaction
from surrogate.transfer.lock import lock
from surrogate.transfer.plan import POLICY, REPLICATE, Plan, canonical
from surrogate.transfer.rows import encode
from surrogate.transfer.store import Store, check_directory
from surrogate.transfer.writer import Writer

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Driver(Store):
    """A store that one study writes: locked, and made if there is none.

    Parameters
    ----------
    path : path

    Raises
    ------
    ValueError
        If the path holds something else, or the store is damaged or of a newer version.
    BlockingIOError
        If another driver is writing it.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        if not isinstance(path, (str, PathLike)) or not str(path):
            raise TypeError(f'store: expected the path of a folder, such as "lake.runs", or None; got {path!r}.')
        directory = Path(path).absolute()  # simulators may change the working directory
        check_directory(directory)
        directory.mkdir(parents=True, exist_ok=True)
        self._lock = lock(directory)
        self._writer: Writer | None = None
        try:
            super().__init__(directory, connect(directory, write=True))
        except BaseException:
            self._lock.release()
            raise

    def close(self) -> None:
        """Write what is waiting, and let the next driver in."""
        try:
            if self._writer is not None:
                self._writer.close()
        finally:
            super().close()
            self._lock.release()

    def adopt(self, space: Space, fingerprint: str, on_change: str, parts: dict[str, str] | None = None) -> str:
        """Take this study in; return the fingerprint under which its runs are kept.

        `parts` explain the fingerprint. What runs themselves have changed before (`note_changed`) does not count.

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
        if held is not None and held != fingerprint:
            fingerprint = self._judged(held, fingerprint, on_change, parts or {})
        used = held if held is not None and on_change == "keep" else fingerprint
        with self._transaction():
            self._set_meta("space", described)
            self._set_meta("fingerprint", used)
            if parts and self._meta(f"parts {used}") is None:
                self._set_meta(f"parts {used}", parts)
            for one in (used, fingerprint):
                self._connection.execute("INSERT OR IGNORE INTO simulators (fingerprint) VALUES (?)", (one,))
        self._key_simulator = self._simulator(used)
        self._run_simulator = self._simulator(fingerprint)
        return used

    def _judged(self, held: str, fingerprint: str, on_change: str, parts: dict[str, str]) -> str:
        """Return the fingerprint of a changed simulator: the one held if only its own runs have changed it."""
        changed = self._changes(held, parts)
        by_hand = sorted(changed - self._changed_by_runs(held))
        if changed and not by_hand:
            return held
        if on_change == "stop":
            named = ", ".join(by_hand[:3]) or "what its own fingerprint is made of"
            more = f" and {len(by_hand) - 3} more" if len(by_hand) > 3 else ""
            raise ValueError(
                f"store: {self.directory} holds runs of another simulator. Changed: {named}{more}. Use another store; "
                'or on_change="rerun" to run everything again (old runs are kept aside), or on_change="keep" if the '
                "change does not change results."
            )
        return fingerprint

    def note_changed(self, parts: dict[str, str]) -> None:
        """Remember which parts of the simulator its own runs have changed, such as a counter or a cache.

        They are state and make no other simulator: a study is resumed in spite of them.
        """
        used = self._meta("fingerprint")
        known = self._changed_by_runs(used)
        if not (changed := self._changes(used, parts)) <= known:
            with self._transaction():
                self._set_meta(f"changed by runs {used}", sorted(known | changed))

    def _changes(self, fingerprint: str | None, parts: dict[str, str]) -> set[str]:
        """Return the names of the parts that are not as they were when the simulator was first met."""
        before = self._meta(f"parts {fingerprint}") or {}
        return {name for name in {**before, **parts} if before.get(name) != parts.get(name)} if before else set()

    def _changed_by_runs(self, fingerprint: str) -> set[str]:
        return set(self._meta(f"changed by runs {fingerprint}") or ())

    def resume(self) -> None:
        """Take up the study that the store holds, as its simulator was left."""
        fingerprint = self._meta("fingerprint")
        if fingerprint is None:
            raise EmptyStore(self.directory)
        self._key_simulator = self._run_simulator = self._simulator(fingerprint)

    def numbers(self) -> NDArray[np.int64]:
        """Return the number in the ledger of each planned run."""
        return self._planned_rows()

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
        table = plan.inputs
        inputs = (code.tobytes() for code in encode(table, self.space))
        replicates = table[REPLICATE].tolist() if REPLICATE in table else repeat(0)
        own = repeat(None) if seeds is None else seeds.tolist()
        execute = self._connection.execute
        with self._transaction():
            execute(
                "CREATE TEMP TABLE IF NOT EXISTS asked "
                "(position INTEGER PRIMARY KEY, key BLOB, inputs BLOB, replicate INTEGER, seed INTEGER)"
            )
            execute("DELETE FROM asked")
            rows = zip(count(), keys, inputs, replicates, own, strict=False)
            self._connection.executemany("INSERT INTO asked VALUES (?, ?, ?, ?, ?)", rows)
            execute(
                "INSERT OR IGNORE INTO plan (key, simulator, inputs, replicate, seed) "
                "SELECT key, ?, inputs, replicate, seed FROM asked ORDER BY position",
                (self._key_simulator,),
            )
        found = execute("SELECT plan.row FROM asked JOIN plan USING (key) ORDER BY position")
        self._rows = np.fromiter((row for (row,) in found), dtype=np.int64)

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

    def keeper(self) -> Keeper:
        """Return what puts large arrays into this store from where they are made."""
        return Keeper(self.directory.absolute(), self._lock.text)

    def keep_form(self, form: OutputForm) -> None:
        """Remember the names and shapes of the outputs, once the first runs have shown them.

        What was added before is on disk then, so that no run has outputs of another form than the ledger says.
        """
        if self._writer is not None:
            self._writer.flush()
        outputs = json.dumps([[name, shape] for name, shape in (form.shapes or {}).items()])
        with self._transaction():
            self._connection.execute("UPDATE simulators SET outputs = ? WHERE id = ?", (outputs, self._key_simulator))

    def add(self, position: int, outcome: Outcome, form: OutputForm) -> None:
        """Hand over the outcome of a planned run; it is durable within 50 ms."""
        if self._writer is None:
            raise RuntimeError("store: nothing can be added before begin() or after finish().")
        self._writer.add(int(self._planned_rows()[position]), outcome, form.names, tuple(form.fields))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            with transaction(self._connection):
                yield
        except (OSError, sqlite3.Error) as error:
            raise explained(error, self.directory) from error

    def _set_meta(self, name: str, value: Any) -> None:
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (name, json.dumps(value)))


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
