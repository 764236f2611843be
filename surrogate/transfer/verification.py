"""Reads a whole store again and names what is damaged."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from surrogate.simulation import Status
from surrogate.transfer.arrays import PART, Arrays
from surrogate.transfer.ledger import FILE_NAME, connect

_SHOWN = 100


@dataclass(frozen=True)
class Verification:
    """What `verify` found.

    Attributes
    ----------
    runs : int
        Finished runs in the ledger.
    arrays : int
        Arrays that were read and hashed.
    damage : tuple of str
        What is wrong, a sentence each; empty if nothing is.
    unused : int
        Arrays that no run refers to, left behind by a crash: harmless.
    """

    runs: int
    arrays: int
    damage: tuple[str, ...]
    unused: int

    @property
    def ok(self) -> bool:
        """Whether nothing is damaged."""
        return not self.damage

    def __str__(self) -> str:
        lines = [f"{self.runs} runs and {self.arrays} arrays read"]
        if self.unused:
            lines.append(f"{self.unused} arrays that no run refers to: harmless, left behind by a crash")
        if self.ok:
            return "\n".join([*lines, "nothing is damaged"])
        more = len(self.damage) - _SHOWN
        rest = [f"and {more} more"] if more > 0 else []
        return "\n".join([*lines, f"{len(self.damage)} things are damaged:", *self.damage[:_SHOWN], *rest])


def verify(path: str | PathLike[str]) -> Verification:
    """Read everything that a store holds, hash all arrays again, and name what is damaged.

    A driver may be writing the store at the same time.

    Parameters
    ----------
    path : path
        The directory that was given to `collect` as `store`.

    Raises
    ------
    ValueError
        If there is no store, or its ledger cannot be opened at all.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from surrogate.transfer import collect, verify
    >>> with TemporaryDirectory() as folder:
    ...     runs = collect(lambda x: x, {"x": (0, 1)}, 5, store=f"{folder}/line.runs")
    ...     print(verify(f"{folder}/line.runs"))
    5 runs and 1 arrays read
    nothing is damaged
    """
    directory = Path(path)
    if not (directory / FILE_NAME).exists():
        raise ValueError(f"store: {directory} holds no transfer set (no {FILE_NAME} in it).")
    try:
        with closing(connect(directory, write=False)) as connection:
            return _verified(directory, connection)
    except sqlite3.DatabaseError as error:
        return Verification(0, 0, (f"ledger: {error}",), 0)


def _verified(directory: Path, connection: sqlite3.Connection) -> Verification:
    connection.execute("BEGIN")
    damage = [f"ledger: {text}" for (text,) in connection.execute("PRAGMA integrity_check") if text != "ok"]
    if damage:
        return Verification(0, 0, tuple(damage), 0)
    used: Counter[str] = Counter()
    runs = 0
    for row, found in _runs(connection, used):
        runs += 1
        damage.extend(f"run {row}: {text}" for text in found)
    used.update(digest for (digest,) in connection.execute("SELECT points FROM designs"))
    damage += _damaged_arrays(Arrays(directory / "arrays"), connection, used)
    held = {bytes(digest).hex() for (digest,) in connection.execute("SELECT sha256 FROM arrays")}
    on_disk = {file.stem for file in (directory / "arrays").glob("*/*.npy")}
    aside = sum(1 for _ in (directory / "arrays").glob(f"*/*{PART}"))
    return Verification(runs, len(used), tuple(damage), len((held | on_disk) - used.keys()) + aside)


def _runs(connection: sqlite3.Connection, used: Counter[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield what is wrong with each row of the ledger; note the arrays that it refers to."""
    forms = {
        number: [] if outputs is None else json.loads(outputs)
        for number, outputs in connection.execute("SELECT id, outputs FROM simulators")
    }
    query = """SELECT runs.row, plan.simulator, runs.status, runs.outputs, runs.fields
        FROM runs LEFT JOIN plan USING (row) ORDER BY runs.row"""
    statuses = set(Status)
    for row, simulator, status, outputs, fields in connection.execute(query):
        found = []
        if simulator is None:
            found.append("nothing planned it")
        if status not in statuses:
            found.append(f"unknown status {status!r}")
        form = dict(forms.get(simulator, []))
        digests = {} if fields is None else json.loads(fields)
        used.update(digests.values())
        if status == Status.OK:
            numbers = [name for name, shape in form.items() if shape is None]
            if outputs is None or len(outputs) != 8 * len(numbers):
                found.append(f"its outputs are not {len(numbers)} numbers")
            elif not np.isfinite(np.frombuffer(outputs, dtype="<f8")).all():
                found.append("an output is NaN or infinite")
            missing = [name for name, shape in form.items() if shape is not None and name not in digests]
            found.extend(f"its field {name!r} is missing" for name in missing)
        yield row, found


def _damaged_arrays(arrays: Arrays, connection: sqlite3.Connection, used: Counter[str]) -> list[str]:
    damage = []
    for digest in sorted(used):
        try:
            arrays.read(digest, connection)
        except (ValueError, OSError) as error:
            damage.append(f"array {digest}, of {used[digest]} runs or designs: {error}")
    return damage
