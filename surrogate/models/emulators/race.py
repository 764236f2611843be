"""Candidates on their way through the folds: hopeless ones are not taken to the end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.emulators.gaussian_process import GaussianProcess
from surrogate.models.emulators.kriging import Kriging
from surrogate.models.emulators.warped import Warped
from surrogate.validation import OutOfFold, cross_validate
from surrogate.validation.fold_progress import told
from surrogate.validation.latency import measure_latency, size_in_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.emulators.emulator import Emulator
    from surrogate.models.records import Record
    from surrogate.validation.cross_validation import Split

    FloatArray = NDArray[np.float64]

#: Held-out runs, and how many times the best mean squared error a candidate may then have: the fewer, the more.
_HOPELESS = ((10, 30.0), (20, 8.0), (40, 4.0))
#: Standard errors of the difference, run by run, and folds, from which being behind is no chance. One fold does not do:
#: its errors share the luck of one fit.
_SURELY, _FOLDS, _RUNS = 3.0, 2, 20
DROPPED = "dropped early"


@dataclass
class Trial:
    """A candidate on its way through the folds.

    Parameters
    ----------
    name : str
        Of the candidate.
    emulator : Emulator
        Not fitted; after the first fold one whose search starts where that of the fold ended.
    out : OutOfFold
        What it predicted so far.
    note : str, default ""
        Why it did not get to the end.
    failed : bool, default False
        Whether it could not be fitted.
    predict_us : float
        Microseconds a row in a batch, once measured.
    one_row_us, one_row_p95_us : float
        Median and 95th percentile of a call with one row, in microseconds, once measured.
    parameters : int
        Numbers in the model fitted last, once measured.
    bytes : int
        Size of the model fitted last, once measured.
    """

    name: str
    emulator: Emulator
    out: OutOfFold
    note: str = ""
    failed: bool = False
    predict_us: float = np.nan
    one_row_us: float = np.nan
    one_row_p95_us: float = np.nan
    parameters: int = 0
    bytes: int = 0

    def run(self, X: FloatArray, y: FloatArray, split: Split, probe: FloatArray) -> None:
        """Go through one fold; a candidate that cannot be fitted must not cost the others."""
        try:
            cross_validate(self.emulator, X, y, [split], so_far=self.out, probe=probe)
            if len(self.out.fit_seconds) == 1:
                self.emulator = self.out.model.resumed()  # later folds share most runs: their searches start there
        except Exception as error:
            self.failed, self.note = True, f"failed: {error}".splitlines()[0]

    @property
    def running(self) -> bool:
        """Whether it has neither failed nor been dropped."""
        return not self.note

    def mse(self, y: FloatArray) -> float:
        """Mean squared error over the folds reached, infinite before the first and after a failure."""
        reached = self.out.reached
        return np.inf if self.failed or not reached.any() else float(np.mean((self.out.prediction - y)[reached] ** 2))

    def q2(self, y: FloatArray) -> float:
        """Share of variance explained over the folds reached."""
        reached = self.out.reached
        if self.failed or not reached.any():
            return np.nan
        return 1.0 - self.mse(y) / float(np.mean((y - y.mean())[reached] ** 2))

    def measure(self, record: Record, X: FloatArray) -> None:
        """Measure time and size of a fitted model."""
        self.bytes = size_in_bytes(record) or 0
        self.parameters = sum(array.size for array in record.to_state()[1].values())
        latency = measure_latency(record.predict, X, calls=60, seconds=0.05)
        self.predict_us, self.one_row_us, self.one_row_p95_us = latency.batch, latency.median, latency.p95

    def row(self, y: FloatArray, n_folds: int, chosen: bool) -> dict[str, Any]:
        """Describe it as `Scorecard.candidates` does."""
        return {
            "name": self.name,
            "q2": self.q2(y),
            "rmse": float(np.sqrt(self.mse(y))) if np.isfinite(self.mse(y)) else np.nan,
            "fit_seconds": sum(self.out.fit_seconds),
            "predict_us": self.predict_us,
            "one_row_us": self.one_row_us,
            "one_row_p95_us": self.one_row_p95_us,
            "parameters": self.parameters,
            "bytes": self.bytes,
            "folds": f"{len(self.out.fit_seconds)} of {n_folds}",
            "chosen": chosen,
            "note": self.note,
        }


def race(
    trials: list[Trial],
    X: FloatArray,
    y: FloatArray,
    splits: list[Split],
    probe: FloatArray,
    tolerated: Callable[[float], float],
) -> None:
    """Take the candidates fold by fold through all folds, those that have become hopeless no further.

    Hopeless is a multiple of the error that may still win, or being behind run by run by more than chance explains.

    Parameters
    ----------
    trials : list of Trial
        Changed in place.
    X, y : ndarray of shape (n, p), (n,)
        Runs.
    splits : list of (train, test)
        Folds.
    probe : ndarray of shape (m, p)
        Where every fold's model is asked too.
    tolerated : callable
        The mean squared error that a candidate may have and still win, of the least one: they differ where a candidate
        may win by what it costs less.

    References
    ----------
    Maron, O., Moore, A. W. (1997). The racing algorithm: model selection for lazy learners. Artificial Intelligence
    Review 11, 193-225.
    """
    for number, split in enumerate(told(splits), start=1):
        held_out = sum(len(test) for _, test in splits[:number])
        hopeless = min((times for runs, times in _HOPELESS if held_out >= runs), default=np.inf)
        for trial in trials:
            if trial.running and number == 1 and _on_the_wrong_scale(trial, trials, y, hopeless):
                trial.note = DROPPED
            if trial.running:
                trial.run(X, y, split, probe)
        running = [trial for trial in trials if trial.running]
        if number == len(splits) or np.isinf(hopeless) or not running:
            continue
        best = min(running, key=lambda trial: trial.mse(y))
        limit = tolerated(best.mse(y))
        for trial in running:
            if trial.mse(y) > hopeless * limit or (number >= _FOLDS and _behind(trial, best, y, limit)):
                trial.note = DROPPED
    for trial in trials:
        if trial.out.model is not None:
            trial.measure(trial.out.model.record_, X)


def _behind(trial: Trial, best: Trial, y: FloatArray, limit: float) -> bool:
    """Whether its squared errors exceed those that may still win by more than chance explains, run by run."""
    reached = best.out.reached & trial.out.reached
    least = best.mse(y)
    if reached.sum() < _RUNS or not least > 0.0:
        return False
    errors = [np.square(one.out.prediction - y)[reached] for one in (trial, best)]
    gap = errors[0] - limit / least * errors[1]
    return bool(gap.mean() > _SURELY * gap.std(ddof=1) / np.sqrt(len(gap)))


def _on_the_wrong_scale(trial: Trial, trials: list[Trial], y: FloatArray, hopeless: float) -> bool:
    """Whether Gaussian processes, which are dear, do so much worse on this scale of the output than on the other."""
    if not _is_gaussian_process(trial):
        return False
    best = {True: np.inf, False: np.inf}
    for other in trials:
        if _is_gaussian_process(other):
            scale = isinstance(other.emulator, Warped)
            best[scale] = min(best[scale], other.mse(y))
    here = isinstance(trial.emulator, Warped)
    return bool(np.isfinite(best[here]) and best[here] > hopeless * best[not here])


def _is_gaussian_process(trial: Trial) -> bool:
    emulator = trial.emulator
    return isinstance(emulator.emulator if isinstance(emulator, Warped) else emulator, GaussianProcess | Kriging)
