"""Reads what a simulator returned, and holds all runs to the same outputs."""

from __future__ import annotations

import numbers
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.simulation.outcome import Outcome, Status

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from surrogate.simulation.outcome import Outputs

_RETURNS = "a number, a 1-D array of numbers, or a dict of numbers and arrays"


class BadOutput(Exception):
    """What the simulator returned cannot be read."""


class NotFinite(Exception):
    """What the simulator returned holds NaN or an infinite number."""


def read_answer(answer: Any, declared: Sequence[str] | None) -> Outputs:
    """Return the outputs of one run by name; raise `BadOutput` or `NotFinite`."""
    if type(answer) is float and declared is None:
        if answer - answer != 0.0:
            raise NotFinite(f"output 'y' is {answer}")
        return {"y": answer}
    if _is_mapping(answer):
        outputs = {_name(name): _value(value, name) for name, value in answer.items()}
        return _finite(_declared(outputs, declared))
    values = _numbers(answer, "the simulator")
    if values.ndim > 1:
        raise BadOutput(
            f"the simulator returned an array of shape {values.shape}; a run answers with {_RETURNS}. "
            "For a field return {'name': array}"
        )
    row = values.reshape(-1).tolist()
    return _finite(dict(zip(_positional_names(row, declared, values.ndim), row, strict=True)))


def read_answers(answer: Any, n: int, declared: Sequence[str] | None) -> dict[str, NDArray[np.float64]]:
    """Return the outputs of `n` runs of a vectorised simulator, arrays with first axis n; raise `BadOutput`."""
    if _is_mapping(answer):
        columns = {_name(name): _numbers(value, f"output {name!r}") for name, value in answer.items()}
        for name, column in columns.items():
            if column.ndim == 0 or len(column) != n:
                raise BadOutput(f"output {name!r} has shape {column.shape} for {n} runs; its first axis must be {n}")
        return _declared(columns, declared)
    values = _numbers(answer, "the simulator")
    if values.ndim not in (1, 2) or len(values) != n:
        raise BadOutput(
            f"the vectorised simulator returned shape {values.shape} for {n} runs; expected ({n},), ({n}, k) or a dict "
            f"of arrays with first axis {n}"
        )
    table = values[:, None] if values.ndim == 1 else values
    names = _positional_names(range(table.shape[1]), declared, values.ndim - 1)
    return {name: table[:, i] for i, name in enumerate(names)}


class OutputForm:
    """The names of the outputs and the shapes of the fields: what every successful run must agree on.

    Parameters
    ----------
    shapes : mapping of str to tuple or None, optional
        Output name to field shape, None for a number. By default the first successful run decides; `Pilot` lets
        the majority of the first few correct it.

    Examples
    --------
    >>> form = OutputForm()
    >>> form.check(Outcome(Status.OK, {"y": 1.0})).status, form.names
    (<Status.OK: 'ok'>, ('y',))
    >>> form.check(Outcome(Status.OK, {"z": 1.0})).message
    "outputs are ('z',), but those of the first runs were ('y',)"
    """

    def __init__(self, shapes: Mapping[str, tuple[int, ...] | None] | None = None) -> None:
        self.decide(shapes)

    def decide(self, shapes: Mapping[str, tuple[int, ...] | None] | None) -> None:
        """Set the names and shapes that runs must have from now on."""
        self.shapes: dict[str, tuple[int, ...] | None] | None = None if shapes is None else dict(shapes)
        shown = (self.shapes or {}).items()
        # Kept, because they are asked for with every run.
        self._names = tuple(name for name, shape in shown if shape is None)
        self._fields = {name: shape for name, shape in shown if shape is not None}

    @property
    def names(self) -> tuple[str, ...]:
        """Outputs that are numbers, in the order of the first run."""
        return self._names

    @property
    def fields(self) -> dict[str, tuple[int, ...]]:
        """Outputs that are arrays, with their shapes."""
        return self._fields

    def check(self, outcome: Outcome) -> Outcome:
        """Return the outcome, or a `BAD_OUTPUT` one if its outputs differ from those of the first runs."""
        if outcome.status is not Status.OK:
            return outcome
        outputs = outcome.outputs
        if self.shapes is None:
            self.decide(shapes_of(outcome))
            return outcome
        if outputs.keys() != self.shapes.keys():
            problem = f"outputs are {tuple(outputs)}, but those of the first runs were {tuple(self.shapes)}"
        else:
            other = next((name for name, shape in self.shapes.items() if _shape(outputs[name]) != shape), None)
            if other is None:
                return outcome
            shapes = _shape(outputs[other]), self.shapes[other]
            problem = f"output {other!r} is {_said(shapes[0])}, but was {_said(shapes[1])} in the first runs"
        return Outcome(Status.BAD_OUTPUT, {}, problem, outcome.seconds, outcome.attempts, outcome.host)


class Pilot:
    """The first successful runs: if the very first was the odd one out, the others correct the form of the outputs.

    Parameters
    ----------
    form : OutputForm
        What is corrected. If it is decided already, it stays.

    Examples
    --------
    >>> form = OutputForm()
    >>> pilot = Pilot(form)
    >>> odd, good = Outcome(Status.OK, {"y": 0.0}), Outcome(Status.OK, {"lift": 1.0})
    >>> [len(pilot.hear(row, outcome)) for row, outcome in enumerate([odd, good, good, good])]
    [1, 1, 3, 1]
    >>> form.names
    ('lift',)
    """

    _SIZE = 5

    def __init__(self, form: OutputForm) -> None:
        self._form = form
        self._heard: list[tuple[int, Outcome]] = []
        self._open = form.shapes is None

    def hear(self, row: int, outcome: Outcome) -> list[tuple[int, Outcome]]:
        """Take a run as it was answered; return the runs to be judged by the form, earlier ones too if it changed."""
        if not self._open or outcome.status is not Status.OK:
            return [(row, outcome)]
        self._heard.append((row, outcome))
        shapes = [shapes_of(outcome) for _, outcome in self._heard]
        most = max(shapes, key=shapes.count)  # of equal ones the first
        judged = [(row, outcome)]
        if self._form.shapes != most:
            self._form.decide(most)
            judged = list(self._heard)
        if len(self._heard) == self._SIZE:
            self._open, self._heard = False, []
        return judged


def shapes_of(outcome: Outcome) -> dict[str, tuple[int, ...] | None]:
    """Return the names of a run's outputs with the shapes of the fields, None for a number."""
    return {name: _shape(value) for name, value in outcome.outputs.items()}


def not_finite_rows(columns: Mapping[str, NDArray[np.float64]], n: int) -> NDArray[np.bool_]:
    """Rows in which an output is NaN or infinite."""
    bad = np.zeros(n, dtype=bool)
    for column in columns.values():
        finite = np.isfinite(column)
        bad |= ~(finite if finite.ndim == 1 else finite.reshape(n, -1).all(axis=1))
    return bad


def _shape(value: Any) -> tuple[int, ...] | None:
    return None if type(value) is float else value.shape


def _said(shape: tuple[int, ...] | None) -> str:
    return "a number" if shape is None else f"an array of shape {shape}"


def _is_mapping(answer: Any) -> bool:
    return hasattr(answer, "keys") and hasattr(answer, "items")


def _name(name: Any) -> str:
    if not isinstance(name, str) or not name:
        raise BadOutput(f"names of outputs must be text, got {name!r}")
    return name


def _numbers(value: Any, what: str) -> NDArray[np.float64]:
    """Real numbers as float64: text, None, complex and ragged lists are refused; what is masked is NaN."""
    try:
        if isinstance(value, numbers.Real | Decimal):
            value = float(value)  # fractions too
        elif isinstance(value, np.ma.MaskedArray):
            value = np.ma.filled(value.astype(np.float64), np.nan)
        array = np.asarray(value)
    except OverflowError:
        raise BadOutput(f"{what} returned a whole number that is too large for a float") from None
    except (ValueError, TypeError) as error:
        raise BadOutput(f"{what} returned {type(value).__name__} that is no array of numbers: {error}") from None
    if array.dtype.kind not in "biuf":
        shown = repr(value)
        raise BadOutput(f"{what} returned {shown[:80]} of type {type(value).__name__}; expected {_RETURNS}")
    return array.astype(np.float64, copy=array.ndim > 0)


def _value(value: Any, name: Any) -> Any:
    if type(value) is float:
        return value
    array = _numbers(value, f"output {name!r}")
    return float(array) if array.ndim == 0 else array


def _declared(outputs: dict[str, Any], declared: Sequence[str] | None) -> dict[str, Any]:
    if not outputs:
        raise BadOutput(f"the simulator returned an empty dict; expected {_RETURNS}")
    if declared is None:
        return outputs
    if set(outputs) != set(declared):
        raise BadOutput(f"the simulator declares the outputs {tuple(declared)}, but returned {tuple(outputs)}")
    return {name: outputs[name] for name in declared}


def _positional_names(values: Sequence[Any], declared: Sequence[str] | None, ndim: int) -> Sequence[str]:
    """Names of outputs that came without: y for one number, y1 ... yk for an array."""
    if not values:
        raise BadOutput(f"the simulator returned an empty array; expected {_RETURNS}")
    if declared is None:
        return ["y"] if ndim == 0 else [f"y{i + 1}" for i in range(len(values))]
    if len(declared) != len(values):
        raise BadOutput(f"the simulator declares the outputs {tuple(declared)}, but returned {len(values)} numbers")
    return declared


def _finite(outputs: Outputs) -> Outputs:
    for name, value in outputs.items():
        if type(value) is float:
            if value - value != 0.0:
                raise NotFinite(f"output {name!r} is {value}")
        elif not np.isfinite(value).all():
            count = int((~np.isfinite(value)).sum())
            raise NotFinite(f"output {name!r} holds {count} numbers that are NaN or infinite")
    return outputs
