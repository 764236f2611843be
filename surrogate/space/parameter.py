"""What one input of a simulator may be: the contract, and the checks that its kinds share."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Parameter(ABC):
    """What one input of a simulator may be.

    A parameter maps its values to the unit interval and back (for designs) and to numeric features
    (for emulators).
    """

    kind: ClassVar[str]
    unit: str | None

    @abstractmethod
    def check(self, values: Any, name: str) -> NDArray[Any]:
        """Return `values` as a 1-D array of the parameter's dtype, or raise ``ValueError`` that names `name`."""

    @abstractmethod
    def contains(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Whether each (checked) value lies within the limits, which are inclusive."""

    @abstractmethod
    def to_unit(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Map (checked) values to [0, 1]: their cumulative probability."""

    @abstractmethod
    def from_unit(self, u: NDArray[np.float64]) -> NDArray[Any]:
        """Map numbers in [0, 1] to values: the inverse of the cumulative probability."""

    @abstractmethod
    def features(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Return the columns, shape (n, k), that an emulator sees."""

    @abstractmethod
    def feature_names(self, name: str) -> list[str]:
        """Names of the columns of `features` for a parameter called `name`."""

    @abstractmethod
    def restrict(self, limit: Any) -> Parameter:
        """Return the parameter narrowed to a box's limit; ``ValueError`` if nothing remains."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able description; `parameter_from_dict` reads it back."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.kind, repr(self.to_dict())))


def plain(value: Any) -> Any:
    """Turn a numpy scalar into the Python one that compares, hashes and prints like what the user wrote."""
    return value.item() if isinstance(value, np.generic) else value


def number(value: Any, which: str) -> float:
    """Read a limit; NaN, booleans and text are refused."""
    scalar = plain(value)
    if isinstance(scalar, bool) or not isinstance(scalar, (int, float)) or scalar != scalar:
        raise ValueError(f"{which} must be a number, got {value!r}.")
    return float(scalar)


def check_order(low: float, high: float) -> None:
    """Raise ``ValueError`` unless low is below high."""
    if low > high:
        raise ValueError(f"low must be below high, got ({low:g}, {high:g}). Swap them: ({high:g}, {low:g}).")
    if low == high:
        raise ValueError(
            f"low must be below high, got ({low:g}, {high:g}). Widen the range, or fix the value inside the simulator "
            "and leave the parameter out."
        )


def interval(limit: Any) -> tuple[float, float]:
    """Read a box's limit on a number."""
    if not isinstance(limit, (tuple, list)) or len(limit) != 2:
        raise ValueError(f"the limit of a number is a pair (low, high), got {limit!r}.")
    return float(limit[0]), float(limit[1])


def json_number(value: float) -> float | str:
    """Write a limit so that JSON can hold it: an infinite one as text."""
    return value if math.isfinite(value) else str(value)


def floats(values: Any, name: str) -> NDArray[np.float64]:
    """Return `values` as finite float64, or say which row is not."""
    array = values.to_numpy() if hasattr(values, "to_numpy") else np.asarray(values)
    if array.dtype.kind not in "biuf":
        if array.dtype.kind == "c" or any(isinstance(value, (str, bytes, complex)) for value in array):
            raise ValueError(f"{name}: expected numbers, got {_first_text(array)!r}. Convert the column to numbers.")
        try:
            array = np.array([math.nan if value is None else value for value in array], dtype=np.float64)
        except (TypeError, ValueError):
            raise ValueError(
                f"{name}: expected numbers, got dtype {array.dtype} with {_first_text(array)!r}. Convert the column."
            ) from None
    numbers = array.astype(np.float64)
    bad = np.flatnonzero(~np.isfinite(numbers))
    if bad.size:
        raise ValueError(
            f"{name}: expected finite numbers, got {numbers[bad[0]]} in row {bad[0]} ({bad.size} such rows). "
            "Drop or fill these rows."
        )
    return np.asarray(numbers)


def _first_text(array: NDArray[Any]) -> Any:
    for value in array:
        if isinstance(value, (str, bytes, complex)):
            return value
    return array[0] if len(array) else None
