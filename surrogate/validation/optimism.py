"""Errors of a choice among candidates, freed from the optimism of having chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Choose = Callable[["NDArray[np.float64]"], "NDArray[np.intp]"]


@dataclass(frozen=True)
class ChosenErrors:
    """What to expect of the candidate that was chosen.

    Parameters
    ----------
    squared, absolute : ndarray of shape (n,)
        Error of each run as made by the candidates that would have been chosen without that run.
    q2_interval : tuple of float
        95 % interval of the Q2 of these errors.

    Examples
    --------
    >>> ChosenErrors(np.array([4.0, 0.0]), np.array([2.0, 0.0]), (0.9, 1.0)).rmse
    1.4142135623730951
    """

    squared: NDArray[np.float64]
    absolute: NDArray[np.float64]
    q2_interval: tuple[float, float]

    @property
    def rmse(self) -> float:
        """Root mean squared error, in the output's unit."""
        return float(np.sqrt(self.squared.mean()))

    @property
    def mae(self) -> float:
        """Mean absolute error, in the output's unit."""
        return float(self.absolute.mean())


def errors_of_choosing(
    y: NDArray[np.float64], predictions: NDArray[np.float64], choose: Choose, seed: int = 0, n_bootstrap: int = 1000
) -> ChosenErrors:
    """Redo the choice in bootstrap samples of the runs and take each run's error where it was left out.

    The best of several candidates looks better on the runs that it was chosen by than it is. So the choice is repeated
    in bootstrap samples of the out-of-fold predictions, and the chosen one's error on a run counts only in samples
    without this run. If all samples choose the same candidate the errors are its plain out-of-fold errors.

    Parameters
    ----------
    y : ndarray of shape (n,)
        Output.
    predictions : ndarray of shape (n, candidates)
        Out-of-fold predictions.
    choose : callable
        Maps mean squared errors (m, candidates) to the numbers (m,) of the candidates chosen: the very rule that made
        the real choice.
    seed : int, default 0
        Of the bootstrap.
    n_bootstrap : int, default 1000
        Number of samples; the 2.5 % limits of the interval then rest on 25 samples each.

    Returns
    -------
    ChosenErrors

    References
    ----------
    Tsamardinos, I., Greasidou, E., Borboudakis, G. (2018). Bootstrapping the out-of-sample predictions for efficient
    and accurate cross-validation. Machine Learning 107, 1895-1922.

    Examples
    --------
    >>> y = np.arange(50.0)
    >>> errors = errors_of_choosing(y, np.stack([y + 1.0, y + 5.0], axis=1), lambda mse: mse.argmin(axis=1))
    >>> errors.rmse
    1.0
    """
    n, n_candidates = predictions.shape
    absolute = np.abs(predictions - y[:, None])
    squared = absolute**2
    counts = np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=n_bootstrap).astype(float)
    chosen = choose(counts @ squared / n)
    left_out = counts == 0.0
    weights = np.stack([left_out[chosen == j].sum(axis=0) for j in range(n_candidates)], axis=1).astype(float)
    total = weights.sum(axis=1, keepdims=True)
    weights = np.where(total > 0.0, weights / np.maximum(total, 1.0), 1.0 / n_candidates)
    errors = ChosenErrors((weights * squared).sum(axis=1), (weights * absolute).sum(axis=1), (np.nan, np.nan))
    return ChosenErrors(errors.squared, errors.absolute, _q2_interval(y, errors.squared, counts))


def _q2_interval(
    y: NDArray[np.float64], squared: NDArray[np.float64], counts: NDArray[np.float64]
) -> tuple[float, float]:
    """Percentile interval over the bootstrap samples `counts` (m, n)."""
    centred = y - y.mean()  # keeps the one-pass variance exact enough
    variation = counts @ centred**2 - (counts @ centred) ** 2 / len(y)
    varied = variation > 0.0  # a sample may hold equal outputs only
    if not varied.any():
        return float("nan"), float("nan")
    q2 = 1.0 - (counts @ squared)[varied] / variation[varied]
    low, high = np.quantile(q2, [0.025, 0.975])
    return float(low), float(high)
