"""Frozen scipy.stats distributions: checked, truncated to limits, and written as plain data."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def is_frozen(value: Any) -> bool:
    """Whether `value` looks like a frozen scipy distribution (without importing scipy.stats)."""
    return hasattr(value, "dist") and hasattr(value, "ppf") and hasattr(value, "support")


def is_discrete(distribution: Any) -> bool:
    """Whether a frozen distribution has a probability mass function rather than a density."""
    return hasattr(distribution, "pmf") and not hasattr(distribution.dist, "pdf")


def check_frozen(distribution: Any, *, discrete: bool) -> None:
    """Raise ``ValueError`` unless `distribution` is frozen, of the wanted kind and not degenerate."""
    kind, example = ("discrete", "scipy.stats.binom(10, 0.3)") if discrete else ("continuous", "scipy.stats.norm(3, 1)")
    if not is_frozen(distribution) or is_discrete(distribution) is not discrete:
        raise ValueError(
            f"distribution must be a frozen {kind} scipy.stats distribution such as {example}, got {distribution!r}."
        )
    if np.ndim(distribution.mean()) != 0:
        raise ValueError("distribution must be that of one number; its parameters are arrays. Give scalars.")
    low, high = distribution.support()
    if not low < high:
        raise ValueError(f"distribution has no width: its support is ({low}, {high}). Check its shape and scale.")


def truncated_ppf(distribution: Any, u: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Quantiles of `distribution` truncated to [low, high]."""
    # For a discrete one P(X < low) is P(X <= low - 1); for a continuous one both are the same number.
    before = low - 1 if is_discrete(distribution) else low
    p_low = 0.0 if low == -math.inf else float(distribution.cdf(before))
    p_high = 1.0 if high == math.inf else float(distribution.cdf(high))
    if not p_low < p_high:
        raise ValueError(f"the distribution has no probability between {low:g} and {high:g}. Move the limits.")
    values = np.asarray(distribution.ppf(p_low + u * (p_high - p_low)), dtype=np.float64)
    return np.clip(values, low, high)


def truncated_cdf(distribution: Any, values: NDArray[np.float64], low: float, high: float) -> NDArray[np.float64]:
    """Cumulative probability of `values` under `distribution` truncated to [low, high]."""
    p_low, p_high = float(distribution.cdf(low)), float(distribution.cdf(high))
    return np.clip((np.asarray(distribution.cdf(values), dtype=np.float64) - p_low) / (p_high - p_low), 0.0, 1.0)


def to_text(distribution: Any) -> str:
    """Name the distribution and its parameters, as in ``norm(3, 1)``."""
    given = [f"{a:g}" for a in distribution.args] + [f"{key}={value:g}" for key, value in distribution.kwds.items()]
    return f"{distribution.dist.name}({', '.join(given)})"


def to_dict(distribution: Any) -> dict[str, Any]:
    """Describe a frozen distribution by its name in scipy.stats and its parameters."""
    name = distribution.dist.name
    _named(name)
    return {
        "name": name,
        "args": [float(a) for a in distribution.args],
        "kwds": {key: float(value) for key, value in sorted(distribution.kwds.items())},
    }


def from_dict(description: dict[str, Any]) -> Any:
    """Rebuild what `to_dict` described. Only distributions of scipy.stats are looked up, nothing is executed."""
    return _named(description["name"])(*description["args"], **description["kwds"])


def _named(name: str) -> Any:
    from scipy import stats

    found = getattr(stats, str(name), None)
    if not isinstance(found, (stats.rv_continuous, stats.rv_discrete)):
        raise ValueError(
            f"distribution {name!r} is not one of scipy.stats and cannot be written to a file. "
            "Use a distribution of scipy.stats, or give limits instead."
        )
    return found
