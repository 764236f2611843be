"""A whole number between two limits."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from surrogate.space import distribution as distributions
from surrogate.space.categorical import Categorical
from surrogate.space.parameter import Parameter, check_order, floats, interval, number

if TYPE_CHECKING:
    from numpy.typing import NDArray

# An endless tail is cut where one draw in a billion would lie.
_OPEN_END = 1e-9


@dataclass(frozen=True, eq=False, repr=False)
class Integer(Parameter):
    """A whole number between two limits, both included.

    Parameters
    ----------
    low, high : int
        Inclusive limits, ``low < high``.
    unit : str, optional
        Printed in tables, sentences and the report.
    distribution : scipy.stats frozen discrete distribution, optional
        How probable the values are, truncated to the limits; by default all are equally probable.

    Raises
    ------
    ValueError
        If a limit is not a whole number, or not below the other.

    Examples
    --------
    >>> Integer(1, 4).from_unit(np.array([0.0, 0.3, 0.6, 1.0]))
    array([1, 2, 3, 4])
    """

    kind: ClassVar[str] = "integer"

    low: int
    high: int
    _: KW_ONLY
    unit: str | None = None
    distribution: Any = None

    def __post_init__(self) -> None:
        low, high = number(self.low, "low"), number(self.high, "high")
        if self.distribution is not None:
            distributions.check_frozen(self.distribution, discrete=True)
            low = low if math.isfinite(low) else float(self.distribution.ppf(_OPEN_END))
            high = high if math.isfinite(high) else float(self.distribution.ppf(1 - _OPEN_END))
        for value, which in ((low, "low"), (high, "high")):
            if not math.isfinite(value) or value != math.floor(value) or abs(value) > 2**53:
                raise ValueError(f"{which} must be a finite whole number, got {value:g}. For fractions use Real.")
        check_order(low, high)
        object.__setattr__(self, "low", int(low))
        object.__setattr__(self, "high", int(high))

    def __repr__(self) -> str:
        described = [f"{self.low}, {self.high}"]
        described += [f"unit={self.unit!r}"] if self.unit is not None else []
        if self.distribution is not None:
            described.append(f"distribution={distributions.to_text(self.distribution)}")
        return f"Integer({', '.join(described)})"

    @property
    def n_levels(self) -> int:
        """How many values there are."""
        return self.high - self.low + 1

    def check(self, values: Any, name: str) -> NDArray[np.int64]:
        numbers = floats(values, name)
        wrong = np.flatnonzero(numbers != np.floor(numbers))
        if wrong.size:
            raise ValueError(
                f"{name}: expected whole numbers, got {numbers[wrong[0]]:g} in row {wrong[0]}. "
                "Round it, or declare the parameter Real."
            )
        return numbers.astype(np.int64)

    def contains(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        return np.asarray((values >= self.low) & (values <= self.high))

    def to_unit(self, values: NDArray[Any]) -> NDArray[np.float64]:
        if self.distribution is None:
            return np.clip((values - self.low + 0.5) / self.n_levels, 0.0, 1.0)
        below = distributions.truncated_cdf(self.distribution, values - 1.0, self.low - 1, self.high)
        upto = distributions.truncated_cdf(self.distribution, np.asarray(values, float), self.low - 1, self.high)
        return 0.5 * (below + upto)

    def from_unit(self, u: NDArray[np.float64]) -> NDArray[np.int64]:
        if self.distribution is None:
            values = self.low + np.floor(u * self.n_levels)
        else:
            values = distributions.truncated_ppf(self.distribution, u, self.low, self.high)
        return np.asarray(np.clip(values, self.low, self.high), dtype=np.int64)

    def features(self, values: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray((values - self.low) / (self.high - self.low), dtype=np.float64)[:, None]

    def feature_names(self, name: str) -> list[str]:
        return [name]

    def restrict(self, limit: Any) -> Integer | Categorical:
        low, high = interval(limit)
        first, last = math.ceil(max(low, self.low)), math.floor(min(high, self.high))
        if first > last:
            raise ValueError(f"the limit {limit} holds no whole number of {self.low} to {self.high}. Widen it.")
        if first == last:
            return Categorical((first,))
        return Integer(first, last, unit=self.unit, distribution=self.distribution)

    def to_dict(self) -> dict[str, Any]:
        described: dict[str, Any] = {"kind": self.kind, "low": self.low, "high": self.high}
        if self.unit is not None:
            described["unit"] = self.unit
        if self.distribution is not None:
            described["distribution"] = distributions.to_dict(self.distribution)
        return described
