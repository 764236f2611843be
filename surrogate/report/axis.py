"""Place the values of a parameter along a line, with ticks that people read easily."""

from __future__ import annotations

import math
from collections.abc import Hashable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from surrogate.report.numbers import number
from surrogate.space import Categorical, Real

if TYPE_CHECKING:
    from surrogate.space import Parameter


@dataclass(frozen=True)
class Axis:
    """A line from 0 to 1 that values are placed on.

    Parameters
    ----------
    low, high : float
        The values at 0 and 1.
    unit : str, optional
        Unit of the values.
    log : bool, default=False
        Whether equal ratios take equal lengths.
    categories : tuple, default=()
        Categories in order; each has the middle of its own section of the line.
    """

    low: float
    high: float
    unit: str | None = None
    log: bool = False
    categories: tuple[Hashable, ...] = ()

    @classmethod
    def of(cls, parameter: Parameter) -> Axis:
        """Return the axis of a parameter: its full range (of an endless distribution, all but its tails)."""
        if isinstance(parameter, Categorical):
            return cls(0.0, 1.0, categories=tuple(parameter.values))
        if isinstance(parameter, Real):
            low, high = parameter.scale
            return cls(float(low), float(high), parameter.unit, parameter.log)
        described: Any = parameter
        return cls(float(described.low), float(described.high), described.unit)

    @classmethod
    def around(cls, *values: ArrayLike) -> Axis:
        """Return an axis that holds all values, with a little room; a single value gets room as well."""
        joined = np.concatenate([np.asarray(part, dtype=np.float64).ravel() for part in values])
        low, high = (float(joined.min()), float(joined.max())) if joined.size else (0.0, 1.0)
        room = 0.04 * (high - low) or max(abs(low), 1.0) * 0.1
        return cls(low - room, high + room)

    def place(self, values: ArrayLike) -> NDArray[np.float64]:
        """Return where the values lie, 0 to 1; what is outside is put at the end."""
        if self.categories:
            order = {category: i for i, category in enumerate(self.categories)}
            indices = np.array([order.get(value, -1) for value in np.asarray(values, dtype=object)], dtype=np.float64)
            return np.clip((indices + 0.5) / len(self.categories), 0.0, 1.0)
        numbers = np.asarray(values, dtype=np.float64)
        if self.log:
            numbers = np.log(np.maximum(numbers, self.low) / self.low) / math.log(self.high / self.low)
        else:
            numbers = (numbers - self.low) / (self.high - self.low)
        return np.clip(numbers, 0.0, 1.0)

    def ticks(self, about: int = 4) -> list[tuple[float, str]]:
        """Return ``(place, label)`` of about so many round values."""
        if self.categories:
            return [((i + 0.5) / len(self.categories), str(category)) for i, category in enumerate(self.categories)]
        if self.log:
            values = _decades(self.low, self.high, about)
        else:
            values = _round_values(self.low, self.high, about)
        return [(float(place), number(value, 4)) for value, place in zip(values, self.place(values), strict=True)]


def _round_values(low: float, high: float, about: int) -> list[float]:
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = min((factor * power for factor in (1, 2, 2.5, 5, 10)), key=lambda candidate: abs(candidate - rough))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [i * step for i in range(first, last + 1)]


def _decades(low: float, high: float, about: int) -> list[float]:
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if last - first < 1:
        return [low, high]
    stride = max(1, round((last - first) / about))
    return [10.0**power for power in range(first, last + 1, stride)]
