"""Gaussian process emulator (kriging): the most accurate choice for tens to hundreds of smooth runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from sklearn.utils import check_random_state

from surrogate.models.emulators.emulator import Emulator
from surrogate.models.emulators.kernel_search import (
    Objective,
    descend,
    kernels_to_try,
    search_kernels,
    worth_resuming,
)
from surrogate.models.emulators.restricted_likelihood import IMPOSSIBLE, RestrictedLikelihood
from surrogate.models.records.gaussian_process import GaussianProcessRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.records import Record

    FloatArray = NDArray[np.float64]

#: Length scales are sought between a hundredth and a thousand times the width of the runs, the nugget from what
#: rounding needs to an output that is mostly noise.
_LENGTHS = (np.log(1e-2), np.log(1e3))
_NUGGETS = (np.log(1e-11), np.log(10.0))

#: Of the variance of the output: a known noise below it is left to the nugget, which rounding needs too.
_LEAST_NOISE = 1e-8

#: Above this number of runs the search starts on a random part of them: an evaluation costs n**3.
_SEARCH_RUNS = 400


class GaussianProcess(Emulator):
    """Gaussian process with one length scale a feature, an estimated nugget and a constant trend.

    Length scales and nugget are the mode of their marginal posterior: restricted likelihood times a weak prior (see
    `RestrictedLikelihood`), by L-BFGS-B with analytic gradients from several starts. Features are scaled to the unit
    interval of the runs and the output is standardised, so units do not matter.

    Parameters
    ----------
    kernel : {"auto", "matern52", "matern72", "squared_exponential"}, default "auto"
        Correlation function. "auto" fits all and keeps the one of highest marginal posterior: they have the same
        parameters and the same prior, so the comparison is fair and needs no held-out runs.
    n_starts : int, default 3
        Optimisations of each kernel, from the best of ``10 * n_starts`` points; each kernel after the first also
        starts from the optimum of the one before. One start is known to get stuck, more than three seldom pay.
    start : mapping of str to sequence of float, optional
        Parameters by kernel to start from in place of a search (`search_` of a fit to similar runs); only these
        kernels are tried then.
    random_state : int, RandomState or None, default 0
        Draws the starts (and the part of the runs that the search uses beyond 400).

    Attributes
    ----------
    record_ : GaussianProcessRecord
        What predicts; ``record_.length`` holds the length scales in the features' units.
    log_posterior_ : dict of str to float
        Log marginal posterior (up to a constant) of each kernel tried.
    search_ : dict of str to tuple of float
        Where the search of each kernel ended, of those that were not far behind.

    References
    ----------
    Sacks, Welch, Mitchell & Wynn (1989), Design and analysis of computer experiments, Statistical Science 4.
    Gu, Wang & Berger (2018), Robust Gaussian stochastic process emulation, Annals of Statistics 46.

    Examples
    --------
    >>> import numpy as np
    >>> from surrogate.models.emulators import GaussianProcess
    >>> X = np.linspace(0, 1, 12)[:, None]
    >>> model = GaussianProcess().fit(X, np.sin(6 * X[:, 0]))
    >>> mean, std = model.predict([[0.33]], return_std=True)
    >>> bool(abs(mean[0] - np.sin(6 * 0.33)) < 1e-4)
    True
    """

    def __init__(
        self,
        kernel: str = "auto",
        *,
        n_starts: int = 3,
        start: Mapping[str, tuple[float, ...]] | None = None,
        random_state: object = 0,
    ) -> None:
        self.kernel = kernel
        self.n_starts = n_starts
        self.start = start
        self.random_state = random_state

    def _fit(self, X: FloatArray, y: FloatArray) -> Record:
        return self._record(X, y, None)

    def fit_means(
        self, X: FloatArray, y: FloatArray, variance: FloatArray, known: bool = False
    ) -> GaussianProcessRecord:
        """Fit to outputs that are uncertain each in its own way, such as means of replicates.

        Parameters
        ----------
        X, y : ndarray of shape (n, p), (n,)
            Different points and what is known of the output there.
        variance : ndarray of shape (n,)
            Of each, or proportional to it.
        known : bool, default False
            Whether it is the variance; else how large they are all together is estimated.

        Returns
        -------
        GaussianProcessRecord
            Of the output without that noise: its standard deviation is that of the mean.
        """
        mean = float(variance.mean())
        level = mean / float(y.var() or 1.0) if known else None
        if level is not None and level < _LEAST_NOISE:
            level = None
        return replace(self._record(X, y, variance / mean, level), nugget=0.0)

    def _record(
        self, X: FloatArray, y: FloatArray, noise: FloatArray | None, level: float | None = None
    ) -> GaussianProcessRecord:
        kernels = self._kernels()
        low, width = X.min(axis=0), np.ptp(X, axis=0)
        width[width == 0.0] = 1.0
        unit = (X - low) / width
        center, spread = y.mean(), y.std() or 1.0
        standard = (y - center) / spread

        kernel, parameters = self._search(unit, standard, kernels, noise, level)
        solution = RestrictedLikelihood(unit, standard, kernel, noise, level).solution(parameters)
        length = np.exp(parameters[:-1])
        return GaussianProcessRecord(
            correlation=kernel,
            location=low,
            length=length * width,
            points=unit / length,
            weights=solution.weights * spread,
            trend=float(center + spread * solution.trend),
            scale=float(spread * np.sqrt(solution.variance)),
            nugget=float(np.exp(parameters[-1])),
            whitener=solution.whitener,
        )

    def _kernels(self) -> list[str]:
        # in the order of smoothness: the optimum of one is a good start for the next
        return kernels_to_try(self.kernel, ["matern52", "matern72", "squared_exponential"], self.n_starts, self.start)

    def _search(
        self, X: FloatArray, y: FloatArray, kernels: list[str], noise: FloatArray | None, level: float | None
    ) -> tuple[str, FloatArray]:
        """Best kernel and parameters; on many runs sought on a part of them, then polished on all."""
        random = check_random_state(self.random_state)
        part = np.sort(random.permutation(len(X))[:_SEARCH_RUNS])
        part_spread = float(y[part].std() or 1.0)
        part_y, part_level = (y[part] - y[part].mean()) / part_spread, level and level / part_spread**2
        limits = [_LENGTHS] * X.shape[1] + [_NUGGETS]
        part_noise = None if noise is None else noise[part]
        found = search_kernels(
            kernels,
            lambda kernel: RestrictedLikelihood(X[part], part_y, kernel, part_noise, part_level),
            lambda objective, before: before + _spread_starts(objective, X.shape[1], self.n_starts, random),
            limits,
            (15, 200),
            self.start,
        )
        self.log_posterior_ = {kernel: -value for kernel, (value, _) in found.items()}
        self.search_ = worth_resuming(found)
        kernel = min(found, key=lambda name: found[name][0])
        parameters = found[kernel][1]
        objective = RestrictedLikelihood(X, y, kernel, noise, level)
        while objective(parameters)[0] == IMPOSSIBLE:  # a part of the runs may need less nugget than all of them
            parameters[-1] += np.log(10.0)
        if len(part) < len(X):
            parameters = descend(objective, parameters, limits, 8)[1]
        return kernel, parameters


def _spread_starts(objective: Objective, p: int, n_starts: int, random: np.random.RandomState) -> list[FloatArray]:
    """Take the best of many points: equal length scales, short to long, smooth and noisy, and random ones."""
    pool = [
        np.append(np.full(p, np.log(length) + 0.5 * np.log(p)), np.log(nugget))
        for length in (0.1, 0.3, 1.0, 3.0)
        for nugget in (1e-6, 0.1)
    ]
    while len(pool) < 10 * n_starts:
        lengths = random.normal(0.5 * np.log(p), 1.0, size=p)
        pool.append(np.append(np.clip(lengths, *_LENGTHS), random.uniform(np.log(1e-8), np.log(0.1))))
    return sorted(pool, key=lambda parameters: objective(parameters)[0])[:n_starts]
