"""The shallow lake problem: how much pollution a lake can take before it tips for good."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from surrogate.space import Real, Space

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = float | NDArray[np.float64]

# Benefit of one unit of release, as in Singh et al. (2015) and Kwakkel (2017).
_BENEFIT = 0.4
# A cut of the release by more than this in one year counts against inertia, as in Singh et al. (2015).
_CUT = 0.02
# 1000 futures x 100 series x 8 bytes stay within a processor's cache.
_BLOCK = 1000


class Lake:
    """The shallow lake problem, the standard case of policy analysis under deep uncertainty.

    A town releases phosphorus into its lake, year after year. The lake recycles phosphorus from its sediment; above a
    critical level this feeds on itself, and the lake turns eutrophic for good::

        P[t+1] = (1 - b) P[t] + P[t]^q / (1 + P[t]^q) + release[t] + inflow[t],    P[0] = 0

    What is uncertain: the lake's natural removal rate `b` and recycling exponent `q`, the `mean` and the standard
    deviation `stdev` of the lognormal natural inflow, and the discount factor `delta`. Phosphorus is dimensionless,
    one step is a year.

    Outputs, over `years` years and `n_samples` inflow series:

    - ``max_P``: the largest yearly phosphorus, averaged over the series;
    - ``utility``: discounted benefit of the release, ``sum 0.4 release[t] delta^t``;
    - ``inertia``: fraction of years in which the release is not cut by more than 0.02 (a property of the policy alone);
    - ``reliability``: fraction of years and series in which P stays below the critical level, the unstable root of
      ``P^q / (1 + P^q) = b P``.

    Parameters
    ----------
    release : float or sequence of float, default 0.02
        The policy: phosphorus released each year, constant or one number a year. The default loses the lake
        (reliability below 0.9) in about 40 % of the futures.
    years : int, default 100
        Length of the study.
    n_samples : int, default 100
        Number of inflow series that are averaged.
    seed : int, default 0
        Draws the series once. Every run meets the same standard normal numbers, scaled by its own `mean` and `stdev`
        (common random numbers): a run is a deterministic, smooth function of its inputs, and runs differ by their
        inputs alone. Make several lakes with different seeds to see the sampling noise.

    Notes
    -----
    If `b` is so large that the lake has no critical level, outside the published ranges, the reliability is NaN,
    which is recorded as a failed run.

    References
    ----------
    Carpenter, S. R., Ludwig, D. and Brock, W. A. (1999). Management of eutrophication for lakes subject to
    potentially irreversible change. Ecological Applications 9, 751-771.
    Singh, R., Reed, P. M. and Keller, K. (2015). Many-objective robust decision making for managing an ecosystem with
    a deeply uncertain threshold response. Ecology and Society 20(3), 12.
    Kwakkel, J. H. (2017). The Exploratory Modeling Workbench. Environmental Modelling & Software 96, 239-250 (ranges).

    Examples
    --------
    >>> safe = Lake()(b=0.42, q=4.0, mean=0.02, stdev=0.001, delta=0.98)
    >>> float(safe["reliability"])
    1.0
    >>> lost = Lake(release=0.1)(b=0.15, q=2.0, mean=0.05, stdev=0.005, delta=0.98)
    >>> bool(lost["reliability"] < 0.2)
    True
    """

    reference: ClassVar[str] = "Carpenter, Ludwig and Brock (1999), Ecological Applications 9, 751-771"
    units: ClassVar[dict[str, str]] = {"max_P": "1", "utility": "1", "inertia": "1", "reliability": "1"}
    outputs: ClassVar[tuple[str, ...]] = ("max_P", "utility", "inertia", "reliability")
    vectorized: ClassVar[bool] = True
    space: ClassVar[Space] = Space(
        {
            "b": Real(0.1, 0.45, unit="1/year"),
            "q": Real(2.0, 4.5),
            "mean": Real(0.01, 0.05, unit="1/year"),
            "stdev": Real(0.001, 0.005, unit="1/year"),
            "delta": Real(0.93, 0.99),
        }
    )

    def __init__(
        self, release: float | Sequence[float] = 0.02, years: int = 100, n_samples: int = 100, seed: int = 0
    ) -> None:
        if years < 2 or n_samples < 1:
            raise ValueError(f"years must be at least 2 and n_samples at least 1, got {years} and {n_samples}.")
        self.years = years
        self.n_samples = n_samples
        self.release = self._schedule(release)
        self.seed = seed
        self._normals = np.random.default_rng(seed).standard_normal((years - 1, n_samples))

    def __call__(
        self,
        *,
        b: Floats,
        q: Floats,
        mean: Floats,
        stdev: Floats,
        delta: Floats,
        release: float | Sequence[float] | None = None,
    ) -> dict[str, NDArray[np.float64]]:
        """Run the lake; arrays of shape (n,) give outputs of shape (n,), numbers give outputs of shape ().

        `release` puts another policy in place of the lake's own, the same for all runs of the call:
        ``collect(Lake(), design=..., policies={"none": {"release": 0.0}, "cap": {"release": 0.02}})``.
        """
        schedule = self.release if release is None else self._schedule(release)
        inputs = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in (b, q, mean, stdev, delta)))
        shape = inputs[0].shape
        columns = np.stack([column.reshape(-1) for column in inputs])
        blocks = [self._block(schedule, *columns[:, i : i + _BLOCK]) for i in range(0, columns.shape[1], _BLOCK)]
        joined = np.concatenate(blocks, axis=1) if blocks else np.empty((len(self.outputs), 0))
        return {name: row.reshape(shape) for name, row in zip(self.outputs, joined, strict=True)}

    def _schedule(self, release: float | Sequence[float]) -> NDArray[np.float64]:
        """Return the release of each year, shape (years,)."""
        schedule = np.asarray(release, dtype=np.float64)
        if schedule.shape not in ((), (self.years,)) or not (np.isfinite(schedule) & (schedule >= 0)).all():
            raise ValueError(
                f"release must be one finite number of at least 0, or one a year ({self.years}); got {release!r}."
            )
        return np.broadcast_to(schedule, (self.years,)).copy()

    def _block(
        self,
        release: NDArray[np.float64],
        b: NDArray[np.float64],
        q: NDArray[np.float64],
        mean: NDArray[np.float64],
        stdev: NDArray[np.float64],
        delta: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Return the outputs of one block of futures as rows, shape (4, n)."""
        critical = critical_phosphorus(b, q)[:, None]
        log_variance = np.log1p((stdev / mean) ** 2)
        log_mean, log_stdev = (np.log(mean) - 0.5 * log_variance)[:, None], np.sqrt(log_variance)[:, None]
        kept, exponent = (1.0 - b)[:, None], q[:, None]

        phosphorus = np.zeros((len(b), self.n_samples))
        safe = np.full(len(b), float(self.n_samples))
        highest = np.zeros(len(b))
        for year, normals in enumerate(self._normals):
            recycled = phosphorus**exponent
            recycled /= 1.0 + recycled
            phosphorus = kept * phosphorus + recycled + release[year] + np.exp(log_mean + log_stdev * normals)
            safe += (phosphorus < critical).sum(axis=1)
            np.maximum(highest, phosphorus.mean(axis=1), out=highest)

        reliability = np.where(np.isnan(critical[:, 0]), np.nan, safe / (self.n_samples * self.years))
        utility = _BENEFIT * (delta[:, None] ** np.arange(self.years) * release).sum(axis=1)
        inertia = np.full(len(b), np.mean(np.diff(release) > -_CUT))
        return np.stack([highest, utility, inertia, reliability])


def critical_phosphorus(b: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the lake's tipping point: the smallest positive root of ``P^q / (1 + P^q) = b P``, NaN where none is.

    Recycling per unit of phosphorus, ``P^(q-1) / (1 + P^q)``, rises from 0 to its maximum at ``(q - 1)^(1/q)``. The
    root is bisected in between until only neighbouring floating point numbers remain.
    """
    peak = (q - 1.0) ** (1.0 / q)
    low, high = np.zeros_like(peak), peak
    for _ in range(60):
        middle = 0.5 * (low + high)
        below = middle ** (q - 1.0) / (1.0 + middle**q) < b
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    tips = peak ** (q - 1.0) / (1.0 + peak**q) > b
    return np.where(tips, high, np.nan)
