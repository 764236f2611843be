"""Read numbers from the files that a program wrote, strictly: what is no number is an error and never a guess."""

from __future__ import annotations

import csv
import json
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from surrogate.simulation.fingerprint import fingerprint
from surrogate.simulation.outputs import BadOutput

_NUMBER = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:[eEdDqQ]([+-]?[0-9]+))?")
# Fortran drops the letter when the exponent has three digits.
_NO_LETTER = re.compile(r"([+-]?(?:[0-9]+\.[0-9]*|\.[0-9]+))([+-][0-9]{3})")
_NOT_A_NUMBER = re.compile(r"[+-]?nan(\(.*\))?", re.IGNORECASE)
_INFINITE = re.compile(r"([+-]?)inf(inity)?", re.IGNORECASE)
_RULE = re.compile(r"[-=+|\s]+")
# A file is read whole; an answer in a larger one needs a parser of the user's own.
_FILE_LIMIT = 256 * 2**20
_KINDS = ("regex", "column", "json")


def read_number(text: str) -> float:
    """Read a number as programs in C, Fortran and Python write it.

    Raises
    ------
    BadOutput
        If it is none: asterisks, a decimal comma, a unit, nothing.

    Examples
    --------
    >>> read_number("1D+03"), read_number("1.0-101"), read_number("-.5")
    (1000.0, 1e-101, -0.5)
    """
    text = text.strip()
    match = _NUMBER.fullmatch(text) or _NO_LETTER.fullmatch(text)
    if match:
        return float(f"{match[1]}e{match[2] or 0}")
    if _NOT_A_NUMBER.fullmatch(text):
        return math.nan
    infinite = _INFINITE.fullmatch(text)
    if infinite:
        return float(f"{infinite[1]}inf")
    if text and set(text) == {"*"}:
        raise BadOutput(f"{text!r} is what Fortran prints for a number that does not fit its column")
    if re.fullmatch(r"[+-]?[0-9.]*,[0-9]+([eEdD][+-]?[0-9]+)?", text):
        raise BadOutput(f"{text!r} has a comma, which may be a decimal point or not; let the program write points")
    raise BadOutput(f"{text[:60]!r} is no number")


@dataclass(frozen=True)
class Parser(ABC):
    """Reads one output from one file.

    Parameters
    ----------
    file : str
        Path inside the run's folder, or ``"stdout"`` or ``"stderr"``.
    """

    file: str

    @abstractmethod
    def read(self, path: Path) -> Any:
        """Return a number, or an array (a field)."""


@dataclass(frozen=True)
class Function(Parser):
    """A function of the user's own, called with the path of the file."""

    function: Callable[[Path], Any]

    def read(self, path: Path) -> Any:
        return self.function(path)

    def fingerprint(self) -> str:
        """Return a fingerprint of the function and the file's name."""
        return f"{self.file} {fingerprint(self.function)}"


@dataclass(frozen=True)
class Pattern(Parser):
    """The group of a regular expression, in its last match unless `row` says which."""

    regex: str
    row: int | str = -1

    def read(self, path: Path) -> Any:
        found = re.findall(self.regex, _text(path), re.MULTILINE)
        return _picked([[text] for text in found], self.row, 0, f"matches of {self.regex!r}")


@dataclass(frozen=True)
class Column(Parser):
    """An entry of a column of a table, in its last row unless `row` says which.

    A column is named as in the table's header (the last line of the file that has this entry), or counted from 1 in a
    table without one. Entries are separated by blanks, or by `delimiter`. The table ends at an empty line.
    """

    column: str | int
    row: int | str = -1
    delimiter: str | None = None
    skip: int = 0

    def read(self, path: Path) -> Any:
        lines = [self._entries(line) for line in _text(path).splitlines()][self.skip :]
        if isinstance(self.column, int):
            rows, index, width = lines, self.column - 1, None
        else:
            headers = [i for i, entries in enumerate(lines) if self.column in entries]
            if not headers:
                raise BadOutput(f"no line has a column {self.column!r}")
            header = lines[headers[-1]]
            rows, index, width = lines[headers[-1] + 1 :], header.index(self.column), len(header)
        table: list[list[str]] = []
        for entries in rows:
            if not any(entries):
                if table:
                    break
                continue
            if width is not None and all(_RULE.fullmatch(entry) for entry in entries):
                continue
            if len(entries) <= index or len(entries) != (width or len(entries)):
                expected = f"the header {width}" if width else f"column {self.column} is asked for"
                raise BadOutput(
                    f"a row of the table has {len(entries)} entries, {expected}: {' '.join(entries)[:80]!r}"
                )
            table.append(entries)
        return _picked(table, self.row, index, f"rows with column {self.column!r}")

    def _entries(self, line: str) -> list[str]:
        if self.delimiter is None:
            return line.split()
        return [entry.strip() for entry in next(csv.reader([line], delimiter=self.delimiter), [])]


@dataclass(frozen=True)
class JSONKey(Parser):
    """A number, or a list of numbers (a field), in a JSON file."""

    key: tuple[str | int, ...]

    def read(self, path: Path) -> Any:
        try:
            value = json.loads(_text(path))
        except json.JSONDecodeError as error:
            raise BadOutput(f"not valid JSON: {error}") from None
        for step in self.key:
            known = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
            if step not in known:
                raise BadOutput(f"there is no {step!r} of {'.'.join(map(str, self.key))!r} in it")
            value = value[step]
        if isinstance(value, bool) or not isinstance(value, (int, float, list)):
            raise BadOutput(f"{json.dumps(value)[:60]} is no number")
        return value


def as_parser(name: str, described: Any) -> Parser:
    """Read what the user wrote as the parser of an output.

    Parameters
    ----------
    name : str
        Of the output, for messages.
    described : Parser, (file, function) or mapping
        A mapping has the key ``file`` and one of ``regex``, ``column`` and ``json``.

    Raises
    ------
    ValueError
        If it says too little, too much or something unknown.

    Examples
    --------
    >>> as_parser("lift", {"file": "polar.txt", "column": "CL"})
    Column(file='polar.txt', column='CL', row=-1, delimiter=None, skip=0)
    """
    parser = described if isinstance(described, Parser) else _built(f"outputs[{name!r}]", described)
    path = PurePosixPath(parser.file)
    if path.is_absolute() or ".." in path.parts:
        raise ValueError(f"outputs[{name!r}]: {parser.file!r} must lie inside the folder of the run.")
    return parser


def _built(where: str, described: Any) -> Parser:
    if isinstance(described, Sequence) and not isinstance(described, str) and len(described) == 2:
        file, function = described
        if isinstance(file, str) and file and callable(function):
            return Function(file, function)
    if not isinstance(described, Mapping):
        raise ValueError(
            f'{where}: expected {{"file": ..., "column": ...}} (or "regex" or "json" instead of "column") or a pair '
            f"(file, function); got {described!r}."
        )
    kinds = [kind for kind in _KINDS if kind in described]
    if len(kinds) != 1 or not isinstance(described.get("file"), str) or not described["file"]:
        raise ValueError(f'{where}: expected "file" and one of {", ".join(_KINDS)}; got {dict(described)!r}.')
    allowed = {"regex": ("row",), "column": ("row", "delimiter", "skip"), "json": ()}[kinds[0]]
    options = {key: value for key, value in described.items() if key not in ("file", kinds[0])}
    for key in options:
        if key not in allowed:
            raise ValueError(f"{where}: {kinds[0]!r} has no option {key!r}; it has {', '.join(allowed) or 'none'}.")
    row, skip = options.get("row", -1), options.get("skip", 0)
    if row != "all" and type(row) is not int:
        raise ValueError(f'{where}: row: expected a number from 0 on, or from the end as -1, or "all"; got {row!r}.')
    if type(skip) is not int or skip < 0:
        raise ValueError(f"{where}: skip: expected a number of lines; got {skip!r}.")
    make = {"regex": _pattern, "column": _column, "json": _json_key}[kinds[0]]
    return make(where, described["file"], described[kinds[0]], options)


def _pattern(where: str, file: str, regex: Any, options: Mapping[str, Any]) -> Parser:
    try:
        groups = re.compile(regex, re.MULTILINE).groups
    except (re.error, TypeError) as error:
        raise ValueError(f"{where}: regex: {error}: {regex!r}.") from None
    if groups != 1:
        raise ValueError(f"{where}: regex: needs one group in parentheses, around the number; {regex!r} has {groups}.")
    return Pattern(file, regex, **options)


def _column(where: str, file: str, column: Any, options: Mapping[str, Any]) -> Parser:
    delimiter = options.get("delimiter")
    if delimiter is not None and not (isinstance(delimiter, str) and len(delimiter) == 1):
        raise ValueError(f"{where}: delimiter: expected one character; got {delimiter!r}.")
    if not isinstance(column, str) and (type(column) is not int or column < 1):
        raise ValueError(f"{where}: column: expected a name in the header, or a number from 1 on; got {column!r}.")
    return Column(file, column, **options)


def _json_key(where: str, file: str, key: Any, options: Mapping[str, Any]) -> Parser:
    steps = tuple(key.split(".")) if isinstance(key, str) else tuple(key) if isinstance(key, Sequence) else ()
    if not steps or any(type(step) not in (str, int) or step == "" for step in steps):
        raise ValueError(f'{where}: json: expected a key such as "results.lift" or ["results", 0]; got {key!r}.')
    return JSONKey(file, steps)


def _text(path: Path) -> str:
    if path.stat().st_size > _FILE_LIMIT:
        raise BadOutput(f"it is larger than {_FILE_LIMIT >> 20} MiB; read it with a function of your own")
    return path.read_text(encoding="utf-8-sig", errors="replace")


def _picked(rows: Sequence[Sequence[str]], row: int | str, index: int, what: str) -> Any:
    if not rows:
        raise BadOutput(f"there are no {what}")
    if row == "all":
        return np.array([read_number(entries[index]) for entries in rows])
    assert isinstance(row, int)  # noqa: S101 - checked at the door
    if not -len(rows) <= row < len(rows):
        raise BadOutput(f"there are {len(rows)} {what}, and row {row} is asked for")
    return read_number(rows[row][index])
