"""How many modes a field needs, and which kind of emulator each of their coefficients."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from surrogate.models.emulators.emulator import single_threaded
from surrogate.models.emulators.race import DROPPED, Trial
from surrogate.models.emulators.selection import rule
from surrogate.validation import OutOfFold
from surrogate.validation.fold_progress import told

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from surrogate.models.emulators.emulator import Emulator
    from surrogate.models.emulators.selection import Prefer
    from surrogate.models.emulators.snapshots import Basis, Snapshots
    from surrogate.validation.cross_validation import Split

    Floats = NDArray[np.float64]

_HOPELESS_RUNS, _HOPELESS_TIMES = 20, 4.0  # held-out runs, and times the best error, from which a kind is given up
_LITTLE_LEFT = 0.01  # of the error: modes that could save no more are not looked for
_IDLE = 3  # modes in succession that save nothing end the search
_LITTLE_AT_STAKE = 0.1  # of the error made already: a mode with less variance gets the kind that was best so far
_CLEARLY = 0.8  # of the error of the kind that is best for the whole field: another one is then better for a mode


@dataclass(frozen=True)
class Mode:
    """A mode's coefficient with one kind of emulator, and the errors on unseen runs, each in the basis of its fold.

    Parameters
    ----------
    kind : str
        Of the emulator.
    emulator : Emulator
        Fitted to the coefficients of all runs.
    truth, prediction, std : ndarray of shape (n,)
        The coefficients in the bases of the folds, and what was predicted of them.
    """

    kind: str
    emulator: Emulator
    truth: Floats
    prediction: Floats
    std: Floats

    @property
    def squared(self) -> Floats:
        """Squared error of each run."""
        return np.square(self.prediction - self.truth)


class ModeSearch:
    """Modes one after the other, and emulators of all kinds for their coefficients.

    Cross-validation of a single coefficient is a noisy judge of kinds that are nearly as good. So every mode gets the
    kind that errs least over the whole field, unless another one errs clearly less, by a fifth, for this mode.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Features.
    snapshots : Snapshots
        The runs.
    basis : Basis
        Their modes.
    splits : list of (train, test)
        Folds; in each the basis is made of its training runs.
    prefer : {"accuracy", "speed", "small"}
        What the choice is for.
    """

    def __init__(self, X: Floats, snapshots: Snapshots, basis: Basis, splits: list[Split], prefer: Prefer) -> None:
        self.X, self.snapshots, self.splits, self.prefer = X, snapshots, splits, prefer
        self.coefficients = snapshots.coefficients(basis)
        self.bases = [snapshots.basis(train) for train, _ in splits]
        self.truths = [snapshots.coefficients(one) for one in self.bases]
        self.left = np.empty(len(X))
        for (_, test), one in zip(splits, self.bases, strict=True):
            self.left[test] = snapshots.distances(one)[test]
        self.tried: list[tuple[str, dict[str, Mode]]] = []  # the best kind for a mode, and all that came through
        self.rows: tuple[dict[str, Any], ...] = ()  # the candidates for the first mode
        self._missed: dict[str, float] = {}  # by kind, over the modes for which all kinds were tried

    def add(self, candidates: Mapping[str, Emulator]) -> None:
        """Try `candidates` for the coefficient of the next mode, or the best so far if little depends on it."""
        j = len(self.tried)
        y = self.coefficients[:, j]
        little = j > 0 and y @ y < _LITTLE_AT_STAKE * self.regression(j).sum()
        usual = {self.kind: candidates[self.kind]} if little else {}
        with single_threaded(len(y)):
            fitted = _fitted(usual, self.X, y) or _fitted(candidates, self.X, y)
            trials = [Trial(name, one.resumed(), OutOfFold.empty(len(y))) for name, one in fitted.items()]
            truth = self._through_the_folds(trials, j)
            best = self._best(trials, truth)
            modes = {trial.name: _mode(trial, fitted[trial.name], truth) for trial in trials if trial.running}
        self.tried.append((best.name, modes))
        if not little:
            mse = {trial.name: trial.mse(truth) for trial in trials}
            for name in candidates:  # what a kind is not made for, it misses wholly
                self._missed[name] = self._missed.get(name, 0.0) + len(y) * mse.get(name, float(np.mean(truth**2)))
        if not j:
            self.rows = self._described(trials, truth, best)

    def _through_the_folds(self, trials: list[Trial], j: int) -> Floats:
        """Fit and ask the candidates fold by fold; return the coefficients of the held-out runs."""
        truth, held_out = np.zeros(len(self.X)), 0
        for (train, test), coefficients in told(list(zip(self.splits, self.truths, strict=True))):
            if j >= coefficients.shape[1]:
                continue  # fewer runs than modes
            truth[test] = coefficients[test, j]
            for trial in trials:
                if trial.running:
                    trial.run(self.X, coefficients[:, j], (train, test), self.X[:1])
            held_out += len(test)
            least = min((trial.mse(truth) for trial in trials if trial.running), default=np.inf)
            for trial in trials:
                if trial.running and held_out >= _HOPELESS_RUNS and trial.mse(truth) > _HOPELESS_TIMES * least:
                    trial.note = DROPPED
        return truth

    def _best(self, trials: list[Trial], truth: Floats) -> Trial:
        finalists = [trial for trial in trials if trial.running]
        if not finalists:
            reasons = "; ".join(f"{trial.name} {trial.note}" for trial in trials)
            raise ValueError(f"runs: no emulator could be fitted to a field ({reasons}). Check it for absurd values.")
        if self.prefer != "accuracy":
            for trial in finalists:
                if trial.out.model is not None:
                    trial.measure(trial.out.model.record_, self.X)
        choose = rule(self.prefer, finalists, float(truth.var()))
        return finalists[int(choose(np.array([[trial.mse(truth) for trial in finalists]]))[0])]

    def _described(self, trials: list[Trial], truth: Floats, best: Trial) -> tuple[dict[str, Any], ...]:
        for trial in trials:
            if trial.out.model is not None:
                trial.measure(trial.out.model.record_, self.X)
        order = sorted(trials, key=lambda trial: (not trial.running, trial.mse(truth)))
        return tuple(trial.row(truth, len(self.splits), trial is best) for trial in order)

    @property
    def kind(self) -> str:
        """The kind with the least error over the modes for which all kinds were tried."""
        return min(self._missed, key=lambda name: self._missed[name])

    @property
    def modes(self) -> list[Mode]:
        """The modes tried, each with its emulator."""
        return [self._chosen(*one) for one in self.tried]

    def _chosen(self, best: str, modes: dict[str, Mode]) -> Mode:
        usual = modes.get(self.kind) if self.prefer == "accuracy" else None
        if usual is None or modes[best].squared.sum() < _CLEARLY * usual.squared.sum():
            return modes[best]
        return usual

    @property
    def best(self) -> int:
        """Number of modes with the least error."""
        return int(np.argmin([self._total(r) for r in range(len(self.tried) + 1)]))

    @property
    def done(self) -> bool:
        """Whether more modes cannot help much, or have stopped helping."""
        tried = len(self.tried)
        little = float(self.truncation(tried).sum()) < _LITTLE_LEFT * self._total(tried)
        return little or tried - self.best >= _IDLE

    def truncation(self, r: int) -> Floats:
        """Squared error of each run that `r` modes leave."""
        return np.maximum(self.left - sum((mode.truth**2 for mode in self.modes[:r]), np.zeros(1)), 0.0)

    def regression(self, r: int) -> Floats:
        """Squared error of each run in the coefficients of `r` modes."""
        return sum((mode.squared for mode in self.modes[:r]), np.zeros(len(self.X)))

    def _total(self, r: int) -> float:
        return float(self.truncation(r).sum() + self.regression(r).sum())


def _fitted(candidates: Mapping[str, Emulator], X: Floats, y: Floats) -> dict[str, Emulator]:
    """Fit to all runs, where the searches in the folds will start."""
    fitted: dict[str, Emulator] = {}
    for name, emulator in candidates.items():
        if emulator.suits(X, y):
            with suppress(Exception):  # one that cannot be fitted must not cost the others
                fitted[name] = clone(emulator).fit(X, y)
    return fitted


def _mode(trial: Trial, emulator: Emulator, truth: Floats) -> Mode:
    prediction = np.where(trial.out.reached, trial.out.prediction, 0.0)
    rms = np.sqrt(np.mean((prediction - truth) ** 2))
    return Mode(trial.name, emulator, truth, prediction, np.where(np.isnan(trial.out.std), rms, trial.out.std))
