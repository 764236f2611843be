"""What a box holds: coverage, density, mass and how easily chance would do as well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class BoxStatistics(Mapping[str, Any]):
    """Numbers of one box on one set of rows, by attribute or by ``["name"]``.

    Attributes
    ----------
    n, k : int, float
        Rows in the box, and cases of interest among them (a sum of probabilities where y is one).
    coverage : float
        Share of all cases of interest that the box holds; NaN if there are none.
    density : float
        Share of the rows in the box that are cases of interest; NaN if the box is empty.
    mass : float
        Share of all rows that the box holds.
    lift : float
        Density divided by the share of cases among all rows.
    n_restricted : int
        Number of limited parameters.
    quasi_p : dict
        In the shape of the limits: a pair (for the low and the high limit, NaN where open) or one number for
        a set. The probability that as many cases would lie in the box by chance if this limit did not matter:
        a binomial test with the density of the box without the limit [1]_. It is "quasi" because the limits
        were chosen on the same rows; it is not corrected for the number of limits tried.

    References
    ----------
    .. [1] Bryant & Lempert 2010, Technological Forecasting and Social Change 77, 34-49.
    """

    n: int
    k: float
    coverage: float
    density: float
    mass: float
    lift: float
    n_restricted: int
    quasi_p: dict[str, Any]

    def __getitem__(self, name: str) -> Any:
        if name not in set(self):
            raise KeyError(name)
        return getattr(self, name)

    def __iter__(self) -> Iterator[str]:
        return (field.name for field in fields(self))

    def __len__(self) -> int:
        return len(fields(self))


def box_statistics(inside: NDArray[np.bool_], y: Any, weights: Any, without: Mapping[str, Any]) -> BoxStatistics:
    """Count `y` in the rows `inside`; `without` holds, for each limit, the rows inside if it were dropped."""
    y = read_cases(y, len(inside))
    w = np.ones(len(y)) if weights is None else _read_weights(weights, len(y))
    n, k = int(inside.sum()), float(y[inside].sum())
    weight, cases = float(w[inside].sum()), float((w * y)[inside].sum())
    all_weight, all_cases = float(w.sum()), float((w * y).sum())
    density = cases / weight if weight else np.nan
    quasi_p: dict[str, Any] = {}
    for name, rows in without.items():
        if isinstance(rows, tuple):
            quasi_p[name] = tuple(np.nan if side is None else _quasi_p(n, k, side, y) for side in rows)
        else:
            quasi_p[name] = _quasi_p(n, k, rows, y)
    return BoxStatistics(
        n=n,
        k=int(k) if k.is_integer() else k,
        coverage=cases / all_cases if all_cases else np.nan,
        density=density,
        mass=weight / all_weight if all_weight else np.nan,
        lift=density / (all_cases / all_weight) if all_cases else np.nan,
        n_restricted=len(without),
        quasi_p=quasi_p,
    )


def read_cases(y: Any, n: int) -> NDArray[np.float64]:
    """Return the cases of interest as numbers from 0 to 1, or raise ``ValueError``."""
    array = np.asarray(y)
    if array.shape != (n,):
        raise ValueError(f"y: expected one value a row, shape ({n},); got shape {array.shape}.")
    try:
        values = array.astype(np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"y: expected booleans, 0/1 or probabilities, got dtype {array.dtype}.") from None
    if not ((values >= 0) & (values <= 1)).all():
        bad = values[~((values >= 0) & (values <= 1))][0]
        raise ValueError(f"y: expected booleans, 0/1 or probabilities, got {bad:g}. Compare it with a threshold first.")
    return values


def _read_weights(weights: Any, n: int) -> NDArray[np.float64]:
    array = np.asarray(weights, dtype=np.float64)
    if array.shape != (n,) or not np.isfinite(array).all() or (array < 0).any() or not array.any():
        raise ValueError(f"weights: expected {n} finite numbers, none negative and not all 0; got shape {array.shape}.")
    return array


def _quasi_p(n: int, k: float, rows_without: NDArray[np.bool_], y: NDArray[np.float64]) -> float:
    """P(at least k cases in n rows) at the density without the limit."""
    if n == 0:
        return np.nan
    if k <= 0:
        return 1.0
    from scipy.special import betainc

    # The binomial survival function as an incomplete beta function, which also takes sums of probabilities.
    return float(betainc(k, n - k + 1, y[rows_without].mean()))
