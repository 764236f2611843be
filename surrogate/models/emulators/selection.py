"""The choice between emulators, by errors on runs that they did not see."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sklearn.base import clone

from surrogate.models.emulators.emulator import single_threaded
from surrogate.validation import ChosenErrors, OutOfFold, cross_validate, errors_of_choosing, folds
from surrogate.validation.metrics import is_constant

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.emulators.emulator import Emulator
    from surrogate.models.records import Record
    from surrogate.validation.cross_validation import Split
    from surrogate.validation.optimism import Choose

Prefer = Literal["accuracy", "speed", "small"]
PREFERENCES = ("accuracy", "speed", "small")

_SMALLEST = 1e-120  # size of an output that can still be squared, with room for sums
_LEAST_RUNS = 3  # so that a fold leaves two to fit to
#: Held-out runs, and how many times the best mean squared error a candidate may then have: the fewer, the more.
_HOPELESS = ((10, 30.0), (20, 8.0), (40, 4.0))
_TRADE = 0.05  # of the variance: what "speed" and "small" may cost
_MOST_GP_RUNS = 2000  # a Gaussian process costs n**3 time and n**2 memory
_MOST_KRIGING_RUNS = 500  # its product correlation costs another n**2 times the number of features


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
    """

    kind: str
    emulator: Emulator
    out_of_fold: OutOfFold
    errors: ChosenErrors
    rows: tuple[dict[str, Any], ...]
    fit_seconds: float


@dataclass
class _Trial:
    """A candidate on its way through the folds."""

    name: str
    emulator: Emulator
    out: OutOfFold
    note: str = ""
    failed: bool = False
    predict_us: float = np.nan
    bytes: int = 0

    def run(self, X: NDArray[np.float64], y: NDArray[np.float64], split: Split) -> None:
        """Go through one fold; a candidate that cannot be fitted must not cost the others."""
        try:
            cross_validate(self.emulator, X, y, [split], so_far=self.out)
            if len(self.out.fit_seconds) == 1:
                self.emulator = self.out.model.resumed()  # later folds share most runs: their searches start there
        except Exception as error:
            self.failed, self.note = True, f"failed: {error}".splitlines()[0]

    def measure(self, X: NDArray[np.float64]) -> None:
        """Measure time and size of the model fitted last."""
        if self.out.model is not None:
            record = self.out.model.record_
            self.predict_us, self.bytes = microseconds_a_row(record, X), size_in_bytes(record)

    def mse(self, y: NDArray[np.float64]) -> float:
        """Mean squared error over the folds reached."""
        reached = self.out.reached
        return np.inf if self.failed else float(np.mean((self.out.prediction - y)[reached] ** 2))

    def q2(self, y: NDArray[np.float64]) -> float:
        """Share of variance explained over the folds reached."""
        return 1.0 - self.mse(y) / float(np.mean((y - y.mean())[self.out.reached] ** 2))


def default_candidates(n: int, seed: int = 0) -> dict[str, Emulator]:
    """Return the emulators that are worth trying for `n` runs.

    Parameters
    ----------
    n : int
        Number of runs. Beyond 500 kriging is left out, beyond 2,000 the Gaussian process and polynomial chaos: their
        time grows with up to the cube of `n`.
    seed : int, default 0
        Their ``random_state``.

    Returns
    -------
    dict of str to Emulator
        Not fitted, by the name of their kind.

    Examples
    --------
    >>> list(default_candidates(100))
    ['gaussian_process', 'kriging', 'pc_kriging', 'polynomial_chaos', 'boosted_trees', 'mlp']
    """
    from surrogate.models.emulators import MLP, BoostedTrees, GaussianProcess, Kriging, PolynomialChaos

    candidates: dict[str, Emulator] = {}
    if n <= _MOST_GP_RUNS:
        candidates["gaussian_process"] = GaussianProcess(random_state=seed)
    if n <= _MOST_KRIGING_RUNS:
        candidates["kriging"] = Kriging(random_state=seed)
        candidates["pc_kriging"] = Kriging("polynomial_chaos", random_state=seed)
    if n <= _MOST_GP_RUNS:
        candidates["polynomial_chaos"] = PolynomialChaos()
    return {**candidates, "boosted_trees": BoostedTrees(random_state=seed), "mlp": MLP(random_state=seed)}


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


def select(
    candidates: Mapping[str, Emulator],
    X: NDArray[np.float64],
    y: NDArray[np.float64],
    *,
    prefer: Prefer = "accuracy",
    seed: int = 0,
) -> Selection:
    """Choose among emulators by K-fold cross-validation and fit the chosen one to all runs.

    Everything is refitted inside each fold; from the second fold on, and for all runs, a
    search starts where that of the first fold ended.
    Candidates that are hopeless are dropped between folds, as in racing (Maron and Moore 1997): those with 30, 8 and 4
    times the least mean squared error on 10, 20 and 40 held-out runs (for the other preferences: those that explain at
    least 20 % of the variance less). A candidate that fails is noted and left out.

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
        bytes among the candidates that explain at most 5 % of the variance less than the best.
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
    different = len(np.unique(X, axis=0))
    if different < _LEAST_RUNS:
        raise ValueError(
            f"runs: at least {_LEAST_RUNS} successful runs at different inputs are needed to fit and to check a model; "
            f"got {different}. Make more runs (about 10 per input)."
        )
    largest = float(np.abs(y).max())
    if not is_constant(y) and not _SMALLEST < largest < 1 / _SMALLEST:
        raise ValueError(
            f"runs: the output reaches {largest:.3g}, whose square floating point cannot hold. "
            "Return it in another unit, or its logarithm."
        )
    started = perf_counter()
    if is_constant(y):
        return _constant(next(iter(candidates.values())), X, y, started)
    splits = folds(X, seed=seed)
    trials = [_Trial(name, emulator, OutOfFold.empty(len(y))) for name, emulator in candidates.items()]
    with single_threaded(len(y)):
        _race(trials, X, y, splits, prefer)
    finalists = [trial for trial in trials if trial.out.reached.all() and not trial.failed]
    if not finalists:
        reasons = "; ".join(f"{trial.name} {trial.note}" for trial in trials)
        raise ValueError(f"runs: no emulator could be fitted to them ({reasons}). Check the runs for absurd values.")
    choose = _rule(prefer, finalists, y)
    best = finalists[int(choose(np.array([[trial.mse(y) for trial in finalists]]))[0])]
    predictions = np.stack([trial.out.prediction for trial in finalists], axis=1)
    errors = errors_of_choosing(y, predictions, choose, seed)
    # resumed as in the folds: a search anew may end in an optimum that the out-of-fold errors know nothing of
    emulator: Emulator = clone(best.emulator).fit(X, y)
    best.predict_us, best.bytes = microseconds_a_row(emulator.record_, X), size_in_bytes(emulator.record_)
    return Selection(
        best.name, emulator, best.out, errors, _rows(trials, best, y, len(splits)), perf_counter() - started
    )


def microseconds_a_row(record: Record, X: NDArray[np.float64], rows: int = 1000) -> float:
    """Time of a prediction, in microseconds a row.

    Parameters
    ----------
    record : Record
        What predicts.
    X : ndarray of shape (n, p)
        Rows to repeat.
    rows : int, default 1000
        Size of the batch; 1 shows the cost of a call.

    Returns
    -------
    float
        Best of three, which is what the machine can do undisturbed.
    """
    batch = np.ascontiguousarray(np.resize(X, (rows, X.shape[1])))
    times = []
    for _ in range(3):
        started = perf_counter()
        record.predict(batch)
        times.append(perf_counter() - started)
    return 1e6 * min(times) / rows


def size_in_bytes(record: Record) -> int:
    """Bytes of a record: its arrays and its state as JSON.

    Parameters
    ----------
    record : Record
        What predicts.

    Returns
    -------
    int
    """
    state, arrays = record.to_state()
    return len(json.dumps(state)) + sum(array.nbytes for array in arrays.values())


def _race(
    trials: list[_Trial], X: NDArray[np.float64], y: NDArray[np.float64], splits: list[Split], prefer: str
) -> None:
    """Take the candidates fold by fold through all folds, those that have become hopeless no further."""
    running = list(trials)
    for number, split in enumerate(splits, start=1):
        for trial in running:
            trial.run(X, y, split)
        running = [trial for trial in running if not trial.failed]
        held_out = sum(len(test) for _, test in splits[:number])
        hopeless = min((times for runs, times in _HOPELESS if held_out >= runs), default=np.inf)
        if not running or np.isinf(hopeless):
            continue
        best = min(trial.mse(y) for trial in running)
        limit = hopeless * best if prefer == "accuracy" else best + hopeless * _TRADE * y.var()
        for trial in running:
            if trial.mse(y) > limit and number < len(splits):
                trial.note = "dropped early"
        running = [trial for trial in running if not trial.note]
    for trial in trials:
        trial.measure(X)


def _rule(prefer: str, trials: list[_Trial], y: NDArray[np.float64]) -> Choose:
    """Map mean squared errors (m, candidates) to the numbers of the candidates to choose."""
    if prefer == "accuracy":
        return lambda mse: mse.argmin(axis=1)
    cost = np.array([trial.predict_us if prefer == "speed" else trial.bytes for trial in trials])
    allowance = _TRADE * y.var()
    return lambda mse: np.where(mse <= mse.min(axis=1, keepdims=True) + allowance, cost, np.inf).argmin(axis=1)


def _rows(trials: list[_Trial], best: _Trial, y: NDArray[np.float64], n_folds: int) -> tuple[dict[str, Any], ...]:
    return tuple(
        {
            "name": trial.name,
            "q2": np.nan if trial.failed else trial.q2(y),
            "rmse": np.nan if trial.failed else float(np.sqrt(trial.mse(y))),
            "fit_seconds": sum(trial.out.fit_seconds),
            "predict_us": trial.predict_us,
            "bytes": trial.bytes,
            "folds": f"{len(trial.out.fit_seconds)} of {n_folds}",
            "chosen": trial is best,
            "note": trial.note,
        }
        for trial in sorted(trials, key=lambda trial: (trial.note != "", np.inf if trial.failed else -trial.q2(y)))
    )


def _constant(emulator: Emulator, X: NDArray[np.float64], y: NDArray[np.float64], started: float) -> Selection:
    """Fit the constant that every emulator makes of an output that never varies."""
    fitted: Emulator = clone(emulator).fit(X, y)
    out = OutOfFold(fitted.record_.predict(X), np.full(len(y), np.nan), np.zeros(len(y), dtype=np.intp), [])
    errors = np.abs(out.prediction - y)
    nothing = (np.nan, np.nan)
    return Selection("constant", fitted, out, ChosenErrors(errors**2, errors, nothing), (), perf_counter() - started)
