"""Leave home: write a model in another language, after checking that it gives the same numbers there."""

from __future__ import annotations

import importlib
import os
import secrets
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from surrogate.export.check_rows import broken_rows, random_rows, straddling_rows
from surrogate.export.marked_leaves import mark_leaves
from surrogate.export.portable import Portable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.records import Record
    from surrogate.space import Space

#: Largest difference that an export may show, relative to the size of the terms that it adds up.
BOUND = 1e-12

_LANGUAGES = {
    ".py": "python_module",
    ".c": "c99",
    ".js": "javascript",
    ".sql": "sql",
    ".onnx": "onnx_graph",
    ".fmu": "fmu",
}


class ExportError(RuntimeError):
    """What was written does not give the model's numbers, or cannot be written here."""


class Language(Protocol):
    """What a module of this room does for its language."""

    def write(self, portable: Portable, statement: str) -> bytes:
        """Return the file, with `statement` where a reader finds it."""

    def run(self, written: bytes, portable: Portable, rows: NDArray[np.float64], folder: Path) -> Answers | None:
        """Ask the file for its answers, or return None where this machine cannot run it."""


@dataclass(frozen=True)
class Answers:
    """What an exported file answered.

    Parameters
    ----------
    values : ndarray of shape (n, k)
    by : str
        What ran it, for the statement.
    """

    values: NDArray[np.float64]
    by: str


def export_model(
    path: str | os.PathLike[str], space: Space, records: Mapping[str, Record], *, fmi: int = 2, raw: bool = False
) -> str:
    """Write a model in the language that the suffix of `path` names, checked on rows of this machine.

    Parameters
    ----------
    path : path
        ``*.py``, ``*.c``, ``*.js``, ``*.sql``, ``*.onnx`` or ``*.fmu``. It appears whole or not at all.
    space : Space
        Inputs, which the export takes in their natural units and in this order.
    records : mapping of str to Record
        What predicts each output.
    fmi : {2, 3}, default 2
        Version of the standard of an FMU; more programs read 2.
    raw : bool, default False
        Whether the records take the inputs as they are, as students do, not the features of `space`.

    Returns
    -------
    str
        What was checked, as it stands in the file.

    Raises
    ------
    ValueError
        If the suffix or a kind of record is unknown.
    ExportError
        If the export gives other numbers than the model, or a program that it needs is missing.

    Examples
    --------
    >>> import tempfile
    >>> from surrogate.models.records import Constant
    >>> from surrogate.space import Space
    >>> space = Space({"x": (0.0, 1.0)})
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     text = export_model(folder + "/flat.py", space, {"y": Constant(value=2.5, spread=0.0, n_inputs=1)})
    >>> text.splitlines()[0]
    'Checked when written: 1000 random rows, 0 rows on and beside the thresholds, 3 rows that are no numbers.'
    """
    suffix = Path(path).suffix
    if suffix not in _LANGUAGES:
        raise ValueError(
            f"path: '.surrogate' (the model file) or one of {', '.join(_LANGUAGES)} is available; got {suffix!r}. "
            "Write for instance model.export('model.c')."
        )
    if fmi not in (2, 3):
        raise ValueError(f"fmi: 2 or 3 is available, for '.fmu'; got {fmi!r}.")
    module = importlib.import_module(f"surrogate.export.{_LANGUAGES[suffix]}")
    language: Language = module.CoSimulation(fmi) if suffix == ".fmu" else module
    portable = Portable(space, records, raw=raw)
    statement = checked(language, portable)
    _write_whole(Path(path), language.write(portable, statement))
    return statement


def checked(language: Language, portable: Portable) -> str:
    """Compare an export with the records, and say what was compared.

    Raises
    ------
    ExportError
        If a difference is larger than the bound.
    """
    random, near, broken = random_rows(portable), straddling_rows(portable), broken_rows(portable)
    good = np.concatenate([random, near])
    with tempfile.TemporaryDirectory() as folder:
        draft = language.write(portable, "Being checked.")
        answers = language.run(draft, portable, np.concatenate([good, broken]), Path(folder))
    if answers is None:
        return "Not checked when written: no program that runs it was found on that machine."
    compared = _compared(portable, good, answers.values[: len(good)])
    if not np.isnan(answers.values[len(good) :]).all():
        raise ExportError("the export answers rows that hold no numbers. Nothing was written. Please report this.")
    lines = [
        f"Checked when written: {len(random)} random rows, {len(near)} rows on and beside the thresholds, "
        f"{len(broken)} rows that are no numbers.",
        f"Run by {answers.by}.",
        *compared,
    ]
    if len(near):
        _check_leaves(language, portable, near)
        lines.append(f"Every tree ends in the same leaf on each of the {len(near)} rows on and beside the thresholds.")
    return "\n".join(lines)


def _compared(portable: Portable, rows: NDArray[np.float64], answers: NDArray[np.float64]) -> list[str]:
    """Say how far the answers lie from those of the records; ``ExportError`` if too far."""
    reference, sizes = portable.reference(rows), portable.sizes(rows)
    differences = np.abs(answers - reference)
    shares = differences / np.where(sizes > 0.0, sizes, 1.0)
    lines = []
    for i, name in enumerate(portable.outputs):
        worst = int(np.argmax(np.where(np.isnan(shares[:, i]), np.inf, shares[:, i])))
        if not shares[worst, i] <= BOUND:
            row = dict(zip(portable.names, portable.natural(rows[[worst]])[0], strict=True))
            raise ExportError(
                f"output {name!r}: the export answers {answers[worst, i]!r} where the model answers "
                f"{reference[worst, i]!r}, at {row}"
                f"; at most {BOUND:g} of {sizes[i]:g} is allowed. Nothing was written. Please report this as a bug."
            )
        largest = float(np.abs(reference[:, i]).max()) or 1.0
        lines.append(
            f"Output {name}: largest difference {differences[:, i].max():.3g}, that is "
            f"{differences[:, i].max() / largest:.2g} of the largest answer; allowed {BOUND * sizes[i]:.3g}, that is "
            f"{BOUND:g} of the size of the terms that are added."
        )
    return lines


def _check_leaves(language: Language, portable: Portable, near: NDArray[np.float64]) -> None:
    marked, sums = mark_leaves(portable, near)
    with tempfile.TemporaryDirectory() as folder:
        answers = language.run(language.write(marked, "Being checked."), marked, near, Path(folder))
    wrong = np.zeros(sums.shape, dtype=bool) if answers is None else ~np.isnan(sums) & (answers.values != sums)
    if wrong.any():
        row, output = np.argwhere(wrong)[0]
        where = dict(zip(portable.names, portable.natural(near[[row]])[0], strict=True))
        raise ExportError(
            f"output {portable.outputs[output]!r}: a tree of the export ends in another leaf than the model's, at "
            f"{where}. Nothing was written. Please report this as a bug."
        )


def _write_whole(target: Path, data: bytes) -> None:
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        draft.write_bytes(data)
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def described(portable: Portable, statement: str) -> list[str]:
    """Lines for the head of a file: what it is, its inputs and outputs, and what was checked."""
    lines = ["Written by surrogate-discovery.", "", "Inputs, in this order:"]
    for name, parameter, values in zip(portable.names, portable.parameters, portable.categories, strict=True):
        kind: Any = f"one of {', '.join(map(repr, values))}" if values is not None else _limits(parameter)
        lines.append(f"  {name}: {kind}")
    lines += ["Outputs:", *(f"  {name}" for name in portable.outputs), "", *statement.splitlines()]
    return [" ".join(line.split("\n")).replace("\r", " ") for line in lines]


def _limits(parameter: Any) -> str:
    unit = f" {parameter.unit}" if parameter.unit else ""
    return f"{parameter.low:g} to {parameter.high:g}{unit}{', a whole number' if parameter.kind == 'integer' else ''}"
