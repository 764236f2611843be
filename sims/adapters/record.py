"""What a run of a ready-made model recorded over time, and what is read from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from surrogate.simulation.fingerprint import fingerprint

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    # The recorded series by name of variable, all of one length, "time" among them.
    Record = Mapping[str, NDArray[np.float64]]
    Output = str | Callable[[Record], Any]


@dataclass(frozen=True)
class Recording:
    """Which variables a run records, and how its outputs come out of them.

    Parameters
    ----------
    outputs : dict of str to (str or callable)
        The name of a variable, for its last value, or ``function(record)`` that returns a number or a field, where
        ``record["name"]`` is the series of a variable and ``record["time"]`` its times.
    record : sequence of str, default ()
        Variables that the functions need, besides those that `outputs` names.

    Raises
    ------
    TypeError, ValueError
        If an output is neither, or functions have nothing to read.

    Examples
    --------
    >>> recording = Recording({"end": "T", "peak": lambda record: max(record["T"])}, record=["T"])
    >>> recording.read({"time": [0.0, 1.0], "T": [80.0, 60.0]})
    {'end': 60.0, 'peak': 80.0}
    """

    outputs: Mapping[str, Output]
    record: Sequence[str] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.outputs, Mapping) or not self.outputs:
            raise TypeError(f"outputs must map at least one name to a variable or a function, got {self.outputs!r}.")
        for name, output in self.outputs.items():
            if not isinstance(output, str) and not callable(output):
                raise TypeError(f"outputs[{name!r}] must be the name of a variable or a function, got {output!r}.")
        if isinstance(self.record, str):
            raise TypeError(f"record must be a list of names, got {self.record!r}. Write [{self.record!r}].")
        if not self.variables:
            raise ValueError("record: name the variables that the functions in `outputs` read.")

    @property
    def variables(self) -> tuple[str, ...]:
        """All variables that are recorded, each once."""
        named = [output for output in self.outputs.values() if isinstance(output, str)]
        return tuple(dict.fromkeys([*named, *self.record]))

    def fingerprint(self) -> str:
        """Return a fingerprint of the outputs, functions included."""
        functions = [output if isinstance(output, str) else fingerprint(output) for output in self.outputs.values()]
        return fingerprint((list(self.outputs), functions, list(self.record)))

    def read(self, record: Record) -> dict[str, Any]:
        """Return the outputs of a run by name."""
        return {
            name: float(record[output][-1]) if isinstance(output, str) else output(record)
            for name, output in self.outputs.items()
        }
