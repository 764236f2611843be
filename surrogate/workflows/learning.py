"""What a round of runs teaches about one output: an emulator, and its error at each run that it had not seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.emulators.emulator import Emulator
    from surrogate.models.emulators.selection import Prefer

    Floats = NDArray[np.float64]

_GROWTH = 1.5  # the choice between emulators is made anew when there are so many times the runs
#: Emulators that guide a search: quick, of different nature. The full choice is made once there is something to check.
_QUICK = ("gaussian_process", "kriging", "composite", "nearest_neighbour_gp", "boosted_trees")
_FEW_RUNS = 100  # up to here a search from the start is cheap, and no early optimum is handed on


class Learner:
    """An emulator that is fitted again and again while runs come in.

    The choice between some quick emulators is made when there are half as many runs more; in between the chosen one is
    fitted, beyond 100 runs from where its last search ended.

    Parameters
    ----------
    prefer : {"accuracy", "speed", "small"}
    seed : int
    """

    def __init__(self, prefer: Prefer, seed: int) -> None:
        self._prefer, self._seed = prefer, seed
        self._chosen_at = 0
        self.emulator: Any = None

    def learn(self, X: Floats, y: Floats) -> Floats:
        """Fit to runs, and return the error at each without it, shape (n,).

        Parameters
        ----------
        X : ndarray of shape (n, p)
            Features.
        y : ndarray of shape (n,)

        Returns
        -------
        ndarray of shape (n,)
        """
        from sklearn.base import clone

        from surrogate.models.emulators.selection import select

        if self.emulator is None or len(y) >= _GROWTH * self._chosen_at:
            self._chosen_at = len(y)
            known = candidates_for_chosen_runs(len(y), self._seed)
            quick = {name: emulator for name, emulator in known.items() if name in _QUICK}
            self.emulator = select(quick or known, X, y, prefer=self._prefer, seed=self._seed).emulator
        else:
            ready = self.emulator.resumed() if len(y) > _FEW_RUNS else _anew(clone(self.emulator))
            self.emulator = ready.fit(X, y)
        return leave_one_out(self.emulator, X, y, self._seed)


def candidates_for_chosen_runs(n: int, seed: int) -> dict[str, Emulator]:
    """Return the emulators worth trying for `n` runs of which some were chosen where an emulator erred.

    A composite process is among them: choosing runs pays where an output is rough in few places, as this expects.
    """
    from surrogate.models.emulators import Composite
    from surrogate.models.emulators.selection import default_candidates

    return {"composite": Composite(random_state=seed), **default_candidates(n, seed)}


def _anew(emulator: Emulator) -> Emulator:
    """Return the emulator without a place to start its search from."""
    return emulator.set_params(start=None) if "start" in emulator.get_params() else emulator


def leave_one_out(emulator: Emulator, X: Floats, y: Floats, seed: int = 0) -> Floats:
    """Return the error of an emulator at each run without that run, shape (n,).

    In closed form for Gaussian processes, at the length scales of all runs; by five folds for others.

    Parameters
    ----------
    emulator : Emulator
        Fitted to the runs.
    X : ndarray of shape (n, p)
    y : ndarray of shape (n,)
    seed : int, default 0
        Of the folds.

    Returns
    -------
    ndarray of shape (n,)

    References
    ----------
    Dubrule, O. (1983). Cross validation of kriging in a unique neighborhood. Mathematical Geology 15, 687-699.

    Examples
    --------
    >>> from surrogate.models.emulators import GaussianProcess
    >>> X = np.linspace(0.0, 1.0, 15)[:, None]
    >>> errors = leave_one_out(GaussianProcess().fit(X, np.sin(6 * X[:, 0])), X, np.sin(6 * X[:, 0]))
    >>> bool(np.abs(errors[0]) > np.abs(errors[7]))
    True
    """
    from surrogate.models.records.composite import CompositeRecord
    from surrogate.models.records.gaussian_process import GaussianProcessRecord
    from surrogate.models.records.kriging import KrigingRecord
    from surrogate.validation import cross_validate, folds

    record = emulator.record_
    closed = GaussianProcessRecord | KrigingRecord | CompositeRecord
    if not isinstance(record, closed) or len(record.weights) != len(y):
        predicted: Floats = cross_validate(emulator.resumed(), X, y, folds(X, 5, seed)).prediction
        return y - predicted
    whitener = record.whitener
    if isinstance(record, KrigingRecord):
        trend = whitener.T @ record.whitened_trend @ record.trend_whitener.T
    else:
        ones = whitener.sum(axis=1)
        trend = (whitener.T @ ones / np.linalg.norm(ones))[:, None]
    left_out = np.square(whitener).sum(axis=0) - np.square(trend).sum(axis=1)
    errors: Floats = record.weights / np.maximum(left_out, np.finfo(float).tiny)
    return errors


@dataclass(frozen=True)
class Score:
    """How good a model seems, with a 95 % bootstrap interval.

    Parameters
    ----------
    q2 : float
        Share of variance explained; 1 for an output that never varies and was met.
    q2_interval : tuple of float
    misclassified : float, default NaN
        Share of the space on the wrong side of the level; NaN without a level.
    misclassified_interval : tuple of float
    """

    q2: float
    q2_interval: tuple[float, float]
    misclassified: float = np.nan
    misclassified_interval: tuple[float, float] = (np.nan, np.nan)

    def reaches(self, target: float) -> bool:
        """Whether Q2, or with a level the share on its right side, is at least `target`."""
        return (self.q2 if np.isnan(self.misclassified) else 1.0 - self.misclassified) >= target

    def to_dict(self) -> dict[str, float]:
        """Take apart into a row of a table."""
        (low, high), (least, most) = self.q2_interval, self.misclassified_interval
        return {
            "q2": self.q2, "q2_low": low, "q2_high": high,
            "misclassified": self.misclassified, "misclassified_low": least, "misclassified_high": most,
        }  # fmt: skip


def share_interval(share: float, n: int) -> tuple[float, float]:
    """Return the 95 % Wilson limits of a share of `n`."""
    from surrogate.models.boxes.evidence.heldout import wilson

    _, low, high = wilson(share * n, n)
    return min(float(low), share), max(float(high), share)


def weighted_score(y: Floats, errors: Floats, shares: Floats, level: float | None, seed: int = 0) -> Score:
    """Score errors on runs that are denser in some parts of the space than in others.

    Parameters
    ----------
    y, errors : ndarray of shape (n,)
        Answers, and answers less predictions that had not seen them.
    shares : ndarray of shape (n,)
        Share of the space for which each run stands.
    level : float or None
    seed : int, default 0
        Of the bootstrap.

    Returns
    -------
    Score

    Examples
    --------
    >>> y = np.array([0.0, 1.0, 2.0, 3.0])
    >>> weighted_score(y, np.full(4, 0.1), np.full(4, 0.25), None).q2.__round__(3)
    0.992
    """
    counts = np.random.default_rng(seed).multinomial(len(y), np.full(len(y), 1.0 / len(y)), size=400)
    weights = np.vstack([shares, counts * shares])
    weights = weights / np.maximum(weights.sum(axis=1, keepdims=True), np.finfo(float).tiny)
    variance = weights @ np.square(y - y.mean()) - np.square(weights @ (y - y.mean()))
    lost = weights @ np.square(errors)
    floor = np.finfo(float).eps * max(float(np.square(y).max()), np.finfo(float).tiny)
    q2 = 1.0 - np.where(lost <= floor, 0.0, lost / np.maximum(variance, floor))
    interval = float(np.quantile(q2[1:], 0.025)), float(np.quantile(q2[1:], 0.975))
    if level is None:
        return Score(float(q2[0]), interval)
    wrong = float(weights[0] @ ((y < level) != (y - errors < level)))
    return Score(float(q2[0]), interval, wrong, share_interval(wrong, len(y)))
