"""The choice between emulators, by errors on runs that they did not see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sklearn.base import clone

from surrogate.models.emulators.candidates import default_candidates as default_candidates
from surrogate.models.emulators.emulator import single_threaded
from surrogate.models.emulators.race import Trial, race
from surrogate.validation import ChosenErrors, OutOfFold, errors_of_choosing, folds
from surrogate.validation.cross_validation import probe_points
from surrogate.validation.metrics import is_constant

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.emulators.emulator import Emulator
    from surrogate.validation.optimism import Choose

    FloatArray = NDArray[np.float64]

Prefer = Literal["accuracy", "speed", "small"]
PREFERENCES = ("accuracy", "speed", "small")

_SMALLEST = 1e-120  # size of an output that can still be squared, with room for sums
_LEAST_RUNS = 3  # so that a fold leaves two to fit to
#: What "speed" and "small" may cost: twice the rms error and 5 % of the variance, or being as good as 99.9 %.
_TIMES, _SHARE, _GOOD = 4.0, 0.05, 0.001
_ALIKE = 1.5  # costs that differ by less are the same: then the more accurate wins


@dataclass(frozen=True)
class Selection:
    """The chosen emulator and the evidence for it.

    Parameters
    ----------
    kind : str
        Name of the candidate chosen; "constant" for an output that never varies.
    emulator : Emulator
        Fitted to all runs.
    out_of_fold : OutOfFold
        Its predictions for each run without that run's fold.
    errors : ChosenErrors
        What to expect of it, corrected for choosing.
    rows : tuple of dict
        A row a candidate, best first, as `Scorecard.candidates` shows them.
    fit_seconds : float
        Time of everything.
    probe : ndarray of shape (m, p)
        The points of ``out_of_fold.at_probe``.
    predict_us : float
        Microseconds a row of the final model.
    bytes : int
        Its size.
    """

    kind: str
    emulator: Emulator
    out_of_fold: OutOfFold
    errors: ChosenErrors
    rows: tuple[dict[str, Any], ...]
    fit_seconds: float
    probe: FloatArray
    predict_us: float
    bytes: int


def check_preference(prefer: Any) -> None:
    """Refuse what is not a preference.

    Parameters
    ----------
    prefer : object
        "accuracy", "speed" or "small".

    Raises
    ------
    ValueError
        If it is something else.
    """
    if prefer not in PREFERENCES:
        raise ValueError(f"prefer: one of {', '.join(map(repr, PREFERENCES))} is allowed; got {prefer!r}.")


def check_runs(X: FloatArray) -> None:
    """Refuse fewer runs than a model can be fitted to and checked with.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Features.

    Raises
    ------
    ValueError
        If there are fewer than three different rows.
    """
    different = len(np.unique(X, axis=0))
    if different < _LEAST_RUNS:
        raise ValueError(
            f"runs: at least {_LEAST_RUNS} successful runs at different inputs are needed to fit and to check a model; "
            f"got {different}. Make more runs (about 10 per input)."
        )


def select(
    candidates: Mapping[str, Emulator],
    X: FloatArray,
    y: FloatArray,
    *,
    prefer: Prefer = "accuracy",
    seed: int = 0,
) -> Selection:
    """Choose among emulators by K-fold cross-validation and fit the chosen one to all runs.

    Everything is refitted inside each fold; from the second fold on, and for all runs, a
    search starts where that of the first fold ended.
    Candidates that are hopeless are dropped between folds, as in racing (Maron and Moore 1997): those with 30, 8 and
    4 times the mean squared error that could still win on 10, 20 and 40 held-out runs, and from the second fold on
    those that are behind by three standard errors of the difference. A candidate that fails is noted and left out;
    one that does not suit the runs (see `Emulator.suits`) is not a candidate.

    Parameters
    ----------
    candidates : mapping of str to Emulator
        Not fitted; they are cloned.
    X : ndarray of shape (n, p)
        Features, finite.
    y : ndarray of shape (n,)
        One output, finite.
    prefer : {"accuracy", "speed", "small"}, default "accuracy"
        "accuracy" takes the smallest out-of-fold error. "speed" takes the fastest prediction and "small" the fewest
        bytes among the candidates with at most twice the root mean squared error of the best, at most 5 % of the
        variance explained less, or 99.9 % explained; where costs differ by less than half, the more accurate.
    seed : int, default 0
        Of the folds and of the bootstrap.

    Returns
    -------
    Selection

    Raises
    ------
    ValueError
        If there are fewer than three different rows, `prefer` is unknown, or no candidate can be fitted.

    References
    ----------
    Maron, O., Moore, A. W. (1997). The racing algorithm: model selection for lazy learners. Artificial Intelligence
    Review 11, 193-225.

    Examples
    --------
    >>> from surrogate.models.emulators import GaussianProcess
    >>> X = np.linspace(0.0, 1.0, 20)[:, None]
    >>> chosen = select({"gaussian_process": GaussianProcess()}, X, np.sin(6 * X[:, 0]))
    >>> chosen.kind, chosen.errors.rmse < 0.01
    ('gaussian_process', True)
    """
    check_preference(prefer)
    check_runs(X)
    largest = float(np.abs(y).max())
    if not is_constant(y) and not _SMALLEST < largest < 1 / _SMALLEST:
        raise ValueError(
            f"runs: the output reaches {largest:.3g}, whose square floating point cannot hold. "
            "Return it in another unit, or its logarithm."
        )
    started = perf_counter()
    if is_constant(y):
        return _constant(next(iter(candidates.values())), X, y, started)
    splits, probe, variance = folds(X, seed=seed), probe_points(X, seed=seed), float(y.var())
    trials = [
        Trial(name, emulator, OutOfFold.empty(len(y))) for name, emulator in candidates.items() if emulator.suits(X, y)
    ]
    with single_threaded(len(y)):
        race(trials, X, y, splits, probe, lambda best: _tolerated(best, prefer, variance))
    finalists = [trial for trial in trials if trial.running]
    if not finalists:
        reasons = "; ".join(f"{trial.name} {trial.note}" for trial in trials)
        raise ValueError(f"runs: no emulator could be fitted to them ({reasons}). Check the runs for absurd values.")
    choose = rule(prefer, finalists, variance)
    best = finalists[int(choose(np.array([[trial.mse(y) for trial in finalists]]))[0])]
    predictions = np.stack([trial.out.prediction for trial in finalists], axis=1)
    errors = errors_of_choosing(y, predictions, choose, seed)
    # resumed as in the folds: a search anew may end in an optimum that the out-of-fold errors know nothing of
    emulator: Emulator = clone(best.emulator).fit(X, y)
    best.measure(emulator.record_, X)
    order = sorted(trials, key=lambda trial: (not trial.running, trial.mse(y)))
    rows = tuple(trial.row(y, len(splits), trial is best) for trial in order)
    seconds = perf_counter() - started
    return Selection(best.name, emulator, best.out, errors, rows, seconds, probe, best.predict_us, best.bytes)


def _tolerated(best: Any, prefer: str, variance: float) -> Any:
    """Mean squared errors that a candidate may have beside the `best` one, array_like."""
    if prefer == "accuracy":
        return best
    return np.maximum(np.minimum(_TIMES * best, best + _SHARE * variance), _GOOD * variance)


def rule(prefer: str, trials: list[Trial], variance: float) -> Choose:
    """Return what maps mean squared errors (m, candidates) to the numbers of the candidates to choose.

    Parameters
    ----------
    prefer : {"accuracy", "speed", "small"}
        What the choice is for.
    trials : list of Trial
        The candidates; measured, unless only accuracy counts.
    variance : float
        Of the output.

    Returns
    -------
    callable
    """
    if prefer == "accuracy":
        return lambda mse: mse.argmin(axis=1)
    cost = np.array([trial.predict_us if prefer == "speed" else trial.bytes for trial in trials])

    def cheapest(mse: FloatArray) -> NDArray[np.intp]:
        good = mse <= _tolerated(mse.min(axis=1, keepdims=True), prefer, variance)
        least = np.where(good, cost, np.inf).min(axis=1, keepdims=True)
        numbers: NDArray[np.intp] = np.where(good & (cost <= _ALIKE * least), mse, np.inf).argmin(axis=1)
        return numbers

    return cheapest


def _constant(emulator: Emulator, X: FloatArray, y: FloatArray, started: float) -> Selection:
    """Fit the constant that every emulator makes of an output that never varies."""
    fitted: Emulator = clone(emulator).fit(X, y)
    out = OutOfFold(fitted.record_.predict(X), np.full(len(y), np.nan), np.zeros(len(y), dtype=np.intp), [])
    errors = np.abs(out.prediction - y)
    cost = Trial("constant", fitted, out)
    cost.measure(fitted.record_, X)
    seconds = perf_counter() - started
    chosen = ChosenErrors(errors**2, errors, (1.0, 1.0))
    return Selection("constant", fitted, out, chosen, (), seconds, X[:0], cost.predict_us, cost.bytes)
