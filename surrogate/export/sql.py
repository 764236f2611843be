"""Trees and boxes as SQL: a sum of CASE expressions over the columns of a table."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.export.export import Answers, described
from surrogate.export.formula import ClassTrees, Level, Trees
from surrogate.export.portable import Portable

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from surrogate.models.records.tree_walk import TreeWalk
    from surrogate.space import Box

#: Terms in one sum: SQLite, among others, allows expressions 1,000 deep.
_TERMS = 100


def write(portable: Portable, statement: str) -> bytes:
    """Return a SELECT over a table called ``inputs``.

    Raises
    ------
    ValueError
        For a model that is not made of trees, or inputs whose names differ in case only.
    """
    _check_told_apart(portable.names)
    for name, formula in portable.formulas.items():
        if not isinstance(formula, (Trees, ClassTrees, Level)) or name in portable.warps or _scores(formula):
            raise ValueError(
                f"output {name!r}: a {portable.records[name].kind} model has no form in SQL, which has CASE for trees "
                "only. Export it as '.c' or '.py'."
            )
    head = [
        *described(portable, statement), "",
        "Reads the inputs from a table called inputs, categories as their values. NULL where an input is NULL.",
    ]  # fmt: skip
    lines = [f"-- {line}".rstrip() for line in head]
    known = " AND ".join(_known(portable, i) for i in range(len(portable.names)))
    single = [one for formula in portable.formulas.values() for one in _by_class(formula)]
    answers = [
        f"  CASE WHEN {known} THEN {_expression(portable, formula)} END AS {quoted(name)}"
        for name, formula in zip(portable.outputs, single, strict=True)
    ]
    return ("\n".join([*lines, "SELECT", ",\n".join(answers), "FROM inputs"]) + "\n").encode()


def run(written: bytes, portable: Portable, rows: NDArray[np.float64], folder: Path) -> Answers:
    """Ask SQLite, which comes with Python."""
    with closing(sqlite3.connect(":memory:")) as database:
        names = ", ".join(quoted(name) for name in portable.names)
        database.execute(f"CREATE TABLE inputs ({names})")
        natural = [
            [v if good else None for v, good in zip(row, finite, strict=True)]
            for row, finite in zip(portable.natural(rows), np.isfinite(rows).tolist(), strict=True)
        ]
        marks = ", ".join("?" * len(portable.names))
        database.executemany(f"INSERT INTO inputs VALUES ({marks})", natural)  # noqa: S608 - question marks
        answered = database.execute(written.decode()).fetchall()
    values = np.array([[math.nan if v is None else v for v in row] for row in answered], dtype=np.float64)
    return Answers(values, f"SQLite {sqlite3.sqlite_version}")


def box_case(box: Box) -> str:
    """Write a box as a CASE expression.

    Parameters
    ----------
    box : Box

    Returns
    -------
    str
        1 inside, 0 outside.

    Examples
    --------
    >>> from surrogate.space import Box
    >>> box_case(Box({"b": (0.1, 0.2)}))
    'CASE WHEN "b" >= 0.1 AND "b" <= 0.2 THEN 1 ELSE 0 END'
    """
    return f"CASE WHEN {box.to_sql()} THEN 1 ELSE 0 END"


def quoted(name: str) -> str:
    """Quote a column's name."""
    return '"' + name.replace('"', '""') + '"'


def _check_told_apart(names: Iterable[str]) -> None:
    """Refuse inputs that may be one in SQL: to SQLite and others "a" and "A" are the same column, even in quotes."""
    known: dict[str, str] = {}
    for name in names:
        other = known.setdefault(name.lower(), name)
        if other != name:
            raise ValueError(
                f"inputs: {other!r} and {name!r} differ in case only, which SQLite and other databases do not tell "
                "apart. Rename one, or export as '.py' or '.c'."
            )


def _scores(formula: Any) -> bool:
    return isinstance(formula, ClassTrees) and formula.scores


def _by_class(formula: Any) -> list[Any]:
    """Return a formula for each class, or the formula."""
    if not isinstance(formula, ClassTrees):
        return [formula]
    return [
        Trees(formula.walk._replace(value=formula.walk.value[:, i]), float(base)) for i, base in enumerate(formula.base)
    ]


def _known(portable: Portable, i: int) -> str:
    values = portable.categories[i]
    name = quoted(portable.names[i])
    return f"{name} IS NOT NULL" if values is None else f"{name} IN ({', '.join(map(_value, values))})"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).upper()
    return repr(value) if isinstance(value, (int, float)) else "'" + str(value).replace("'", "''") + "'"


def _expression(portable: Portable, formula: Trees | Level | Any) -> str:
    if isinstance(formula, Level):
        return _number(formula.value)
    terms = [_case(portable, formula.walk, int(root)) for root in formula.walk.roots]
    sums = ["(" + "\n    + ".join(terms[i : i + _TERMS]) + ")" for i in range(0, len(terms), _TERMS)]
    return f"{_number(formula.base)} + (" + "\n    + ".join(sums) + ")"


def _case(portable: Portable, walk: TreeWalk, node: int) -> str:
    first = int(walk.first[node])
    if first == node:
        return _number(float(walk.value[node]))
    column, cut = portable.columns[int(walk.feature[node])], float(walk.cut[node])
    values, name = portable.categories[column.input], quoted(portable.names[column.input])
    if math.isinf(cut):  # always to one side
        return _case(portable, walk, first + (cut < 0))
    test = f"{name} < {_number(cut)}" if values is None else f"{name} <> {_value(values[column.code])}"
    return f"CASE WHEN {test} THEN {_case(portable, walk, first)} ELSE {_case(portable, walk, first + 1)} END"


def _number(value: float) -> str:
    """Write a number so that it reads back to the last bit, and as a floating-point number."""
    text = repr(value)
    return f"({text})" if value < 0 else text
