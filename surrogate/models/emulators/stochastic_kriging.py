"""Stochastic kriging: for simulators that answer otherwise each time, run several times at the same inputs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from surrogate.models.emulators.emulator import Emulator
from surrogate.models.emulators.gaussian_process import GaussianProcess
from surrogate.models.records.constant import Constant
from surrogate.models.records.stochastic_kriging import StochasticKrigingRecord

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from numpy.typing import NDArray

    from surrogate.models.records import Record

    FloatArray = NDArray[np.float64]

_LEAST_REPLICATED = 5  # points with two runs or more, to know the size of the noise by
_LEAST_VARYING = 20  # such points, to know where the noise is larger
_ROUNDING = 1e-24  # of the variance of the output: less is no noise
_EQUAL = 1e-6  # difference of logarithms of variances that are the same everywhere


@dataclass(frozen=True, eq=False)
class KnownNoise:
    """How uncertain runs are, found by their features.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Features of the runs.
    std : ndarray of shape (n,)
        Standard deviation of the error of each.
    """

    X: FloatArray
    std: FloatArray

    def variances(self, X: FloatArray) -> FloatArray:
        """Return the variance of some of these runs; of replicates their mean variance.

        Raises
        ------
        ValueError
            If a row is none of the runs.
        """
        points, means, _, _ = replicates(self.X, self.std**2)
        known = {row.tobytes(): mean for row, mean in zip(np.ascontiguousarray(points), means, strict=True)}
        try:
            return np.array([known[row.tobytes()] for row in np.ascontiguousarray(X)])
        except KeyError:
            raise ValueError("noise: it is known of the runs given with it only; got another row.") from None


class StochasticKriging(Emulator):
    """A Gaussian process through the means of replicated runs, each as certain as its replicates say.

    The variance of the noise is that between replicates; its logarithm is smoothed over the space by a second Gaussian
    process where twenty points or more are replicated, else it is the same everywhere. A mean of `r` replicates has an
    `r`-th of it. Where the noise is known, it is not estimated.

    Parameters
    ----------
    n_starts : int, default 3
        As in `GaussianProcess`.
    start : mapping of str to sequence of float, optional
        As in `GaussianProcess`.
    random_state : int, RandomState or None, default 0
        As in `GaussianProcess`.
    noise : KnownNoise, optional
        Standard deviation of the error of each run, where it is known.

    Attributes
    ----------
    record_ : StochasticKrigingRecord
        What predicts; its ``noise(X)`` is the standard deviation of single runs.
    search_ : dict of str to tuple of float
        Where the search of each kernel ended.

    References
    ----------
    Ankenman, B., Nelson, B. L., Staum, J. (2010). Stochastic kriging for simulation metamodeling. Operations Research
    58, 371-382.

    Goldberg, P. W., Williams, C. K. I., Bishop, C. M. (1998). Regression with input-dependent noise: a Gaussian process
    treatment. Advances in Neural Information Processing Systems 10.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = np.repeat(np.linspace(0.0, 1.0, 40), 5)[:, None]
    >>> model = StochasticKriging().fit(X, np.sin(6 * X[:, 0]) + (0.01 + 0.2 * X[:, 0]) * rng.normal(size=200))
    >>> model.record_.noise([[0.0], [1.0]]).round(1)
    array([0. , 0.2])
    """

    def __init__(
        self,
        *,
        n_starts: int = 3,
        start: Mapping[str, tuple[float, ...]] | None = None,
        random_state: object = 0,
        noise: KnownNoise | None = None,
    ) -> None:
        self.noise = noise
        self.n_starts = n_starts
        self.start = start
        self.random_state = random_state

    def suits(self, X: FloatArray, y: FloatArray) -> bool:
        """Five points or more were run several times, with different answers, or the noise is known."""
        if self.noise is not None:
            return bool((self.noise.std > 0.0).any())
        _, _, counts, variances = replicates(X, y)
        return bool(((counts > 1) & (variances > _ROUNDING * y.var())).sum() >= _LEAST_REPLICATED)

    def _fit(self, X: FloatArray, y: FloatArray) -> Record:
        points, means, counts, variances = replicates(X, y)
        if len(points) < 2:
            return Constant(value=float(y.mean()), spread=float(y.std()), n_inputs=X.shape[1])
        known = None if self.noise is None else replicates(X, self.noise.variances(X))[1]
        if known is None:
            log_variance = self._estimated(points, counts, variances, float(y.var()))
            known_or_not = np.exp(log_variance.predict(points))
        else:
            least = max(_ROUNDING * float(y.var()), float(np.finfo(float).tiny))
            known_or_not = np.maximum(known, least)
            log_variance = self._smoothed(points, np.log(known_or_not))
        process = GaussianProcess(n_starts=self.n_starts, start=self.start, random_state=self.random_state)
        record = process.fit_means(points, means, known_or_not / counts, known=known is not None)
        self.search_ = process.search_
        return StochasticKrigingRecord(record, log_variance)

    def _smoothed(self, points: FloatArray, logs: FloatArray) -> Record:
        """Logarithm of a variance over the space as a record."""
        if np.ptp(logs) < _EQUAL or len(points) < _LEAST_VARYING:
            return Constant(value=float(np.log(np.exp(logs).mean())), spread=0.0, n_inputs=points.shape[1])
        smooth = GaussianProcess("matern52", n_starts=self.n_starts, random_state=self.random_state)
        return smooth.fit(points, logs).record_

    def _estimated(self, points: FloatArray, counts: NDArray[np.intp], variances: FloatArray, whole: float) -> Record:
        """Logarithm of the variance between replicates as a record."""
        from scipy.special import digamma

        known = (counts > 1) & (variances > _ROUNDING * whole)
        freedom = (counts - 1)[known]
        if known.sum() < _LEAST_VARYING:
            pooled = float(freedom @ variances[known] / freedom.sum()) if known.any() else 1e-6 * whole
            return Constant(value=float(np.log(pooled)), spread=0.0, n_inputs=points.shape[1])
        # the logarithm of a sample variance is too low on average, the more the fewer replicates
        logs = np.log(variances[known]) - digamma(freedom / 2) + np.log(freedom / 2)
        return self._smoothed(points[known], logs)

    def resumed(self) -> Self:
        """Return an unfitted copy: where the search ended depends on the noise of the fold."""
        from sklearn.base import clone

        copy: Self = clone(self)
        return copy


def replicates(X: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray, NDArray[np.intp], FloatArray]:
    """Bring runs at the same inputs together.

    Parameters
    ----------
    X, y : ndarray of shape (n, p), (n,)
        Runs.

    Returns
    -------
    points : ndarray of shape (m, p)
        Different inputs.
    means : ndarray of shape (m,)
        Of the outputs there.
    counts : ndarray of int, shape (m,)
        Number of runs there.
    variances : ndarray of shape (m,)
        Sample variances there, 0 for single runs.

    Examples
    --------
    >>> replicates(np.array([[0.0], [1.0], [0.0]]), np.array([1.0, 5.0, 3.0]))[1:]
    (array([2., 5.]), array([2, 1]), array([2., 0.]))
    """
    points, where, counts = np.unique(X, axis=0, return_inverse=True, return_counts=True)
    where = where.reshape(-1)
    means = np.bincount(where, y) / counts
    squares = np.bincount(where, (y - means[where]) ** 2)
    return points, means, counts, squares / np.maximum(counts - 1, 1)


def noise_between_replicates(X: FloatArray, y: FloatArray) -> float:
    """Return the standard deviation of runs at the same inputs, 0 where there are none or they agree.

    Examples
    --------
    >>> round(noise_between_replicates(np.zeros((2, 1)), np.array([1.0, 3.0])) ** 2, 9)
    2.0
    """
    _, _, counts, variances = replicates(X, y)
    freedom = counts - 1
    return float(np.sqrt(freedom @ variances / max(1, int(freedom.sum()))))
