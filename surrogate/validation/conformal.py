"""Intervals that hold for any kind of model, from its errors on runs that it did not see."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LEAST_SHARE = 0.3  # of the rms error: a model that claims less certainty than this is not believed
_ROUNDING = 64 * float(np.finfo(np.float64).eps)  # of the largest output: smaller errors are rounding


def conformal_quantile(scores: NDArray[np.float64], coverage: float) -> float:
    """Smallest score that at least `coverage` of new scores stay below.

    The ``ceil((n + 1) * coverage)``-th smallest of `n` exchangeable scores bounds the next one with probability at
    least `coverage`, whatever their distribution.

    Parameters
    ----------
    scores : ndarray of shape (n,)
        Scores of runs that the model did not see.
    coverage : float
        Wanted share, between 0 and 1 exclusive.

    Returns
    -------
    float
        Infinite if `n` is too small to promise so much: 0.95 needs 19 scores, 0.99 needs 99.

    Raises
    ------
    ValueError
        If `coverage` is not between 0 and 1.

    References
    ----------
    Vovk, V., Gammerman, A., Shafer, G. (2005). Algorithmic Learning in a Random World. Springer.

    Examples
    --------
    >>> conformal_quantile(np.arange(1.0, 20.0), 0.95)
    19.0
    >>> conformal_quantile(np.arange(1.0, 19.0), 0.95)
    inf
    """
    if not 0.0 < coverage < 1.0:
        raise ValueError(f"coverage: a share between 0 and 1 is needed; got {coverage}. Use 0.95 for 95 %.")
    n = len(scores)
    rank = math.ceil((n + 1) * coverage - 1e-9)  # 20 * 0.95 must not become 19.000000000000004
    return math.inf if rank > n else float(np.partition(scores, rank - 1)[rank - 1])


@dataclass(frozen=True)
class Conformal:
    """Conformal intervals around a model's predictions.

    Each run was predicted once by a model that had not seen it. Its score is the size of that error, in units of the
    local scale. The interval at a new point is ``prediction -/+ quantile of the scores x local scale``. The scale is
    the model's own standard deviation where it has one, so that intervals are narrow where the model knows much;
    otherwise it is the same everywhere.

    This is the K-fold form of the jackknife of Barber et al. with the normalised score of Jaber et al., centred on the
    model of all runs: the interval always holds the prediction, and no fold's model has to be kept. It needs a fit that
    is stable; where it is not, `reaching` makes the intervals wider. Coverage is marginal: it holds on average over
    points like the runs.

    Parameters
    ----------
    scores : ndarray of shape (n,)
        Errors on runs that the model did not see, over their scale; ascending.
    floor : float
        Least scale, in the output's unit.

    References
    ----------
    Barber, R. F., Candes, E. J., Ramdas, A., Tibshirani, R. J. (2021). Predictive inference with the jackknife+.
    Annals of Statistics 49(1), 486-507.

    Jaber, E., Blot, V., Brunel, N., et al. (2025). Conformal approach to Gaussian process surrogate evaluation with
    marginal coverage guarantees. arXiv:2401.07733.

    Examples
    --------
    >>> errors = np.linspace(-1.0, 1.0, 39)
    >>> conformal = Conformal.fit(errors, np.zeros(39))
    >>> lower, upper = conformal.interval(np.array([5.0]), None, 0.95)
    >>> round(float(lower[0]), 6), round(float(upper[0]), 6)
    (4.0, 6.0)
    """

    scores: NDArray[np.float64]
    floor: float

    @classmethod
    def fit(
        cls, y: NDArray[np.float64], prediction: NDArray[np.float64], std: NDArray[np.float64] | None = None
    ) -> Conformal:
        """Take the scores of runs that the model did not see.

        Parameters
        ----------
        y, prediction : ndarray of shape (n,)
            Outputs and their out-of-fold predictions.
        std : ndarray of shape (n,), optional
            Out-of-fold standard deviations, NaN where the model has none.

        Returns
        -------
        Conformal
        """
        # A number that can still be squared stands in for the rounding of outputs that are all zero.
        rounding = max(_ROUNDING * float(np.abs(y).max()), 1e-150)
        errors = np.maximum(np.abs(y - prediction), rounding)
        has_own = std is not None and np.isfinite(std).all()
        level = float(np.sqrt(np.mean(errors**2)))
        conformal = cls(errors, _LEAST_SHARE * level if has_own else level)
        return cls(np.sort(errors / conformal.scale(std if has_own else None)), conformal.floor)

    def widened(self, times: float) -> Conformal:
        """Return intervals `times` as wide.

        Parameters
        ----------
        times : float
            At least 1; less leaves them as they are. The optimism of having chosen the model by the very errors that
            the scores are made of, for example.

        Returns
        -------
        Conformal

        Examples
        --------
        >>> Conformal.fit(np.full(39, 0.1), np.zeros(39)).widened(2.0).interval(np.zeros(1), None, 0.9)[1].round(6)
        array([0.2])
        """
        return self if times <= 1.0 else Conformal(self.scores * times, self.floor)

    def reaching(
        self,
        prediction: NDArray[np.float64],
        std: NDArray[np.float64] | None,
        of_folds: NDArray[np.float64],
        coverage: float = 0.95,
    ) -> Conformal:
        """Return intervals that reach what half of the folds' models say, at a share `coverage` of points.

        The errors are of the folds' models, the intervals lie around the model of all runs. If a few runs more turn
        the fit into another one, as happens to sparse polynomials near the least number of runs, then small errors
        of the ones say nothing about the other; but the folds' models then answer otherwise, at any point. Where a fit
        is stable they stay well within the intervals, and nothing is changed.

        Parameters
        ----------
        prediction : ndarray of shape (m,)
            What the model of all runs says at some points.
        std : ndarray of shape (m,) or None
            Its own standard deviations there, None if it has none.
        of_folds : ndarray of shape (k, m)
            What the models of the folds say there.
        coverage : float, default 0.95
            Share of points, and of the intervals that are compared.

        Returns
        -------
        Conformal
            With larger scores, or the same.

        Examples
        --------
        >>> conformal = Conformal.fit(np.full(39, 0.1), np.zeros(39))
        >>> conformal.reaching(np.zeros(50), None, np.full((5, 50), 0.09)) is conformal
        True
        >>> unstable = conformal.reaching(np.zeros(50), None, np.full((5, 50), 0.3))
        >>> unstable.interval(np.zeros(1), None, 0.95)[1].round(6)
        array([0.3])
        """
        half = conformal_quantile(self.scores, coverage) * self.scale(std)
        away = np.median(np.abs(of_folds - prediction), axis=0)
        return self.widened(float(np.quantile(away / half, coverage)))

    def scale(self, std: NDArray[np.float64] | None) -> NDArray[np.float64]:
        """Local size of an error.

        Parameters
        ----------
        std : ndarray of shape (n,) or None
            The model's own standard deviations, None if it has none.

        Returns
        -------
        ndarray of shape (n,), or (1,) where it is the same everywhere
        """
        return np.array([self.floor]) if std is None else np.hypot(std, self.floor)

    def interval(
        self, prediction: NDArray[np.float64], std: NDArray[np.float64] | None, coverage: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Lower and upper limits around `prediction`.

        Parameters
        ----------
        prediction : ndarray of shape (n,)
            Predictions of the model of all runs.
        std : ndarray of shape (n,) or None
            Its own standard deviations, None if it has none.
        coverage : float
            Wanted share of new outputs inside, between 0 and 1.

        Returns
        -------
        lower, upper : ndarray of shape (n,)
            Infinite if there are too few scores, see :func:`conformal_quantile`.
        """
        half = conformal_quantile(self.scores, coverage) * self.scale(std)
        return prediction - half, prediction + half


def interval_coverage(
    y: NDArray[np.float64],
    prediction: NDArray[np.float64],
    std: NDArray[np.float64],
    fold: NDArray[np.intp],
    coverage: float = 0.95,
) -> tuple[float, float]:
    """Share of runs inside intervals that were made without them, and the mean width of these intervals.

    The interval of each run takes its scores from the other folds only.

    Parameters
    ----------
    y, prediction, std : ndarray of shape (n,)
        Outputs, out-of-fold predictions and standard deviations (NaN where the model has none).
    fold : ndarray of int, shape (n,)
        Fold of each run.
    coverage : float, default 0.95
        Nominal share.

    Returns
    -------
    share, width : float
        The width is in the output's unit, infinite with too few runs.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> share, width = interval_coverage(rng.normal(size=400), np.zeros(400), np.full(400, np.nan), np.arange(400) % 5)
    >>> 0.92 < share < 0.98, 3.5 < width < 4.5
    (True, True)
    """
    lower, upper = np.empty_like(y), np.empty_like(y)
    own = std if np.isfinite(std).all() else None
    for number in np.unique(fold):
        here = fold == number
        conformal = Conformal.fit(y[~here], prediction[~here], None if own is None else own[~here])
        lower[here], upper[here] = conformal.interval(prediction[here], None if own is None else own[here], coverage)
    return float(np.mean((lower <= y) & (y <= upper))), float(np.mean(upper - lower))
