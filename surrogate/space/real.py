"""A real number between two limits."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from surrogate.space import distribution as distributions
from surrogate.space.categorical import Categorical
from surrogate.space.parameter import Parameter, check_order, floats, interval, json_number, number

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Quantiles that stand for the ends of an unbounded distribution where a scale is needed.
_TAIL = 1e-3
# The unit interval is closed, an unbounded distribution is not: keep this far from its infinite ends.
_OPEN_END = 1e-9


@dataclass(frozen=True, eq=False, repr=False)
class Real(Parameter):
    """A real number between two limits.

    Parameters
    ----------
    low, high : float
        Inclusive limits, ``low < high``; finite unless a distribution is given.
    log : bool, default False
        Sample and emulate in the logarithm; needs ``low > 0``. Right for quantities that span decades,
        such as a permeability from 1e-9 to 1e-3.
    unit : str, optional
        Printed in tables, sentences and the report.
    distribution : scipy.stats frozen continuous distribution, optional
        How probable the values are. By default they are uniform (log-uniform with ``log=True``). A
        distribution that is wider than the limits is truncated to them.

    Raises
    ------
    ValueError
        If a limit is not a number, infinite without a distribution, or not below the other.

    Examples
    --------
    >>> Real(0.1, 0.45, unit="1/year").from_unit(np.array([0.0, 0.5, 1.0]))
    array([0.1  , 0.275, 0.45 ])
    >>> Real(1e-4, 1.0, log=True).from_unit(np.array([0.5]))
    array([0.01])
    """

    kind: ClassVar[str] = "real"

    low: float
    high: float
    _: KW_ONLY
    log: bool = False
    unit: str | None = None
    distribution: Any = None

    def __post_init__(self) -> None:
        low, high = number(self.low, "low"), number(self.high, "high")
        object.__setattr__(self, "low", low)
        object.__setattr__(self, "high", high)
        if self.distribution is not None:
            distributions.check_frozen(self.distribution, discrete=False)
        elif not (math.isfinite(low) and math.isfinite(high)):
            raise ValueError(
                f"limits must be finite, got ({low}, {high}). Give finite limits, or a scipy.stats distribution "
                "for a quantity that has none."
            )
        check_order(low, high)
        if not math.isfinite(high - low) and math.isfinite(low) and math.isfinite(high):
            raise ValueError(f"limits are too far apart for floating point: ({low}, {high}). Use log=True or rescale.")
        if self.log and low <= 0:
            raise ValueError(f"log=True needs low above 0, got low={low:g}. Raise low, or set log=False.")

    def __repr__(self) -> str:
        described = [f"{self.low:g}, {self.high:g}"]
        described += ["log=True"] if self.log else []
        described += [f"unit={self.unit!r}"] if self.unit is not None else []
        if self.distribution is not None:
            described.append(f"distribution={distributions.to_text(self.distribution)}")
        return f"Real({', '.join(described)})"

    @property
    def bounded(self) -> bool:
        """Whether both limits are finite."""
        return math.isfinite(self.low) and math.isfinite(self.high)

    @property
    def scale(self) -> tuple[float, float]:
        """The values that features map to 0 and 1: the limits, or the 0.1 % quantiles where there is no limit."""
        low, high = self.low, self.high
        if low == -math.inf:
            low = float(self.distribution.ppf(_TAIL))
        if high == math.inf:
            high = float(self.distribution.ppf(1 - _TAIL))
        return (low, high) if low < high else (self.low, self.high)

    def check(self, values: Any, name: str) -> NDArray[np.float64]:
        return floats(values, name)

    def contains(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        return np.asarray((values >= self.low) & (values <= self.high))

    def to_unit(self, values: NDArray[Any]) -> NDArray[np.float64]:
        if self.distribution is not None:
            return distributions.truncated_cdf(self.distribution, values, self.low, self.high)
        if self.log:
            unit = np.log(np.maximum(values, self.low) / self.low) / math.log(self.high / self.low)
        else:
            unit = (values - self.low) / (self.high - self.low)
        return np.asarray(np.clip(unit, 0.0, 1.0))

    def from_unit(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        if self.distribution is not None:
            start = 0.0 if math.isfinite(self.low) else _OPEN_END
            stop = 1.0 if math.isfinite(self.high) else 1.0 - _OPEN_END
            return distributions.truncated_ppf(self.distribution, np.clip(u, start, stop), self.low, self.high)
        if self.log:
            values = self.low * np.exp(u * math.log(self.high / self.low))
        else:
            values = self.low + u * (self.high - self.low)
        return np.asarray(np.clip(values, self.low, self.high))

    def features(self, values: NDArray[Any]) -> NDArray[np.float64]:
        low, high = self.scale
        if self.log:
            # Values at or below zero lie outside every log axis; they extrapolate from the smallest number.
            positive = np.maximum(values, np.finfo(float).tiny)
            return np.asarray(np.log(positive / low) / math.log(high / low))[:, None]
        return np.asarray((values - low) / (high - low))[:, None]

    def feature_names(self, name: str) -> list[str]:
        return [name]

    def restrict(self, limit: Any) -> Real | Categorical:
        low, high = interval(limit)
        low, high = max(low, self.low), min(high, self.high)
        if low > high:
            raise ValueError(f"the limit {limit} lies outside [{self.low:g}, {self.high:g}]. Give one that overlaps.")
        if low == high:
            return Categorical((low,))
        return Real(low, high, log=self.log, unit=self.unit, distribution=self.distribution)

    def to_dict(self) -> dict[str, Any]:
        described: dict[str, Any] = {"kind": self.kind, "low": json_number(self.low), "high": json_number(self.high)}
        if self.log:
            described["log"] = True
        if self.unit is not None:
            described["unit"] = self.unit
        if self.distribution is not None:
            described["distribution"] = distributions.to_dict(self.distribution)
        return described
