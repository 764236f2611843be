"""Predictions for runs that were left out while the model was fitted."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Split = tuple["NDArray[np.intp]", "NDArray[np.intp]"]

_MANY_RUNS = 100  # up to here a fifth of the runs is dear to a fit, and fits are cheap


def folds(X: NDArray[np.float64], k: int | None = None, seed: int = 0) -> list[Split]:
    """Shuffled K-fold splits that never part equal rows.

    Rows of equal inputs (replicates, duplicated points) go to the same fold: otherwise the model would be asked for
    what it was told.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Inputs, a row a run.
    k : int, optional
        Number of folds, cut to the number of different rows. Default 10 up to 100 runs, so that a fold's model lacks
        few of them, and 5 beyond, where fits cost more and lack less.
    seed : int, default 0
        Shuffles the rows; the same seed gives the same folds.

    Returns
    -------
    list of (train, test)
        Row numbers, ascending. Each row is in exactly one ``test``.

    Raises
    ------
    ValueError
        If there are fewer than two different rows or `k` is below 2.

    Examples
    --------
    >>> [test.tolist() for train, test in folds(np.array([[0.0], [1.0], [2.0], [0.0]]), k=3, seed=1)]
    [[0, 3], [1], [2]]
    """
    n = len(X)
    rows, row_of = np.unique(X, axis=0, return_inverse=True)
    if len(rows) < 2:
        raise ValueError(f"X: cross-validation needs at least 2 different rows; got {len(rows)}. Add runs.")
    if k is None:
        k = 10 if n <= _MANY_RUNS else 5
    if k < 2:
        raise ValueError(f"k: at least 2 folds are needed; got {k}. Leave k out for the default.")
    k = min(k, len(rows))
    order = np.random.default_rng(seed).permutation(len(rows))
    fold_of_row = np.empty(len(rows), dtype=np.intp)
    fold_of_row[order] = np.arange(len(rows)) % k
    fold = fold_of_row[row_of.reshape(-1)]
    return [(np.flatnonzero(fold != i), np.flatnonzero(fold == i)) for i in range(k)]


def probe_points(X: NDArray[np.float64], m: int = 256, seed: int = 0) -> NDArray[np.float64]:
    """Points where nothing was run, spread as the runs are: each column takes its values from runs of its own.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Inputs, a row a run.
    m : int, default 256
        Number of points.
    seed : int, default 0
        Draws the runs.

    Returns
    -------
    ndarray of shape (m, p)

    Examples
    --------
    >>> len(np.unique(probe_points(np.array([[0.0, 5.0], [1.0, 6.0]]), 500), axis=0))
    4
    """
    rows = np.random.default_rng(seed).integers(len(X), size=(m, X.shape[1]))
    return np.take_along_axis(X, rows, axis=0)


@dataclass
class OutOfFold:
    """What was predicted for each run by a model that had not seen it.

    Parameters
    ----------
    prediction : ndarray of shape (n,)
        Out-of-fold predictions; NaN where the run's fold was not reached.
    std : ndarray of shape (n,)
        The model's own standard deviations; NaN where it has none.
    fold : ndarray of int, shape (n,)
        Number of the run's fold, -1 where it was not reached.
    fit_seconds : list of float
        Time of each fit.
    model : object or None
        The estimator fitted last, for timing a prediction.
    at_probe : list of ndarray of shape (m,)
        What each fold's model says at points where nothing was run; empty where none were given.

    Examples
    --------
    >>> OutOfFold.empty(3).fold.tolist()
    [-1, -1, -1]
    """

    prediction: NDArray[np.float64]
    std: NDArray[np.float64]
    fold: NDArray[np.intp]
    fit_seconds: list[float]
    model: Any = None
    at_probe: list[NDArray[np.float64]] = field(default_factory=list)

    @classmethod
    def empty(cls, n: int) -> OutOfFold:
        """Nothing predicted yet.

        Parameters
        ----------
        n : int
            Number of runs.

        Returns
        -------
        OutOfFold
        """
        return cls(np.full(n, np.nan), np.full(n, np.nan), np.full(n, -1, dtype=np.intp), [])

    @property
    def reached(self) -> NDArray[np.bool_]:
        """Which runs have a prediction, a boolean each."""
        return self.fold >= 0


def cross_validate(
    estimator: Any,
    X: NDArray[np.float64],
    y: NDArray[np.float64],
    splits: Sequence[Split],
    so_far: OutOfFold | None = None,
    probe: NDArray[np.float64] | None = None,
) -> OutOfFold:
    """Fit a fresh clone to each fold's training rows and predict its test rows.

    Everything that `estimator` does in ``fit`` (scaling, choice of terms, tuning) is thereby redone in each fold, as it
    must be: choices made on all rows and kept in the folds make errors look smaller than they are.

    Parameters
    ----------
    estimator : scikit-learn regressor
        Cloned, never changed. One with a fitted record (``record_``, as all emulators) is asked through it, which also
        gives the standard deviations that some kinds state.
    X : ndarray of shape (n, p)
        Inputs.
    y : ndarray of shape (n,)
        One output.
    splits : sequence of (train, test)
        From :func:`folds`, or some of it.
    so_far : OutOfFold, optional
        Folds done by an earlier call, which these continue.
    probe : ndarray of shape (m, p), optional
        Points at which every fold's model is asked too: how far they agree shows how stable the fit is.

    Returns
    -------
    OutOfFold

    Raises
    ------
    ValueError
        If a prediction is not finite.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> X = np.arange(6.0)[:, None]
    >>> cross_validate(LinearRegression(), X, 2 * X[:, 0], folds(X, 3)).prediction.round(6).tolist()
    [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    """
    from sklearn.base import clone

    done = OutOfFold.empty(len(y)) if so_far is None else so_far
    for train, test in splits:
        started = perf_counter()
        model = clone(estimator).fit(X[train], y[train])
        done.fit_seconds.append(perf_counter() - started)
        record = getattr(model, "record_", None)
        ask = (model if record is None else record).predict
        prediction = ask(X[test])
        std = None if record is None else record.std(X[test])
        if not np.isfinite(prediction).all():
            raise ValueError(f"{type(estimator).__name__}: a prediction is not finite.")
        done.prediction[test] = prediction
        done.std[test] = np.nan if std is None else std
        done.fold[test] = done.fold.max() + 1
        done.model = model
        if probe is not None:
            done.at_probe.append(ask(probe))
    return done
