"""Emulators of fields: modes of the runs (POD), and one emulator a coefficient."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from surrogate.models.emulators.emulator import single_threaded
from surrogate.models.emulators.selection import default_candidates, select
from surrogate.models.emulators.snapshots import Basis, Snapshots
from surrogate.models.records.pod import PODRecord
from surrogate.validation import folds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from surrogate.models.emulators.emulator import Emulator
    from surrogate.models.emulators.selection import Prefer, Selection
    from surrogate.validation.cross_validation import Split

    Floats = NDArray[np.float64]

_MOST_MODES = 50
_FEW_RUNS = 500
_RACES = 6  # leading coefficients that choose the kind of emulator, if each holds a share of the variance:
_SHARE = 0.01
_LITTLE_LEFT = 0.05  # of the error: modes that could save no more are not looked for
_IDLE = 2  # modes in succession that save nothing end the search


@dataclass(frozen=True)
class FieldErrors:
    """What a field's emulator did on runs that it had not seen, basis and emulators made anew in every fold.

    Parameters
    ----------
    fields : ndarray of shape (n, s)
        Predicted fields as weights of the snapshots.
    projections : ndarray of shape (n, s)
        The fields' projections on the modes, as weights of the snapshots: what perfect emulators would predict.
    stds : ndarray of shape (n, r)
        Standard deviations of the coefficients.
    fold : ndarray of int, shape (n,)
        Fold of each run.
    truncation, regression : ndarray of shape (n,)
        Squared errors of each run, summed over the field: what the modes leave out, and what the emulators miss.
    """

    fields: Floats
    projections: Floats
    stds: Floats
    fold: NDArray[np.intp]
    truncation: Floats
    regression: Floats


@dataclass(frozen=True)
class FieldFit:
    """A field's emulator and the evidence for it.

    Parameters
    ----------
    kinds : tuple of str
        Kind of emulator of each coefficient; empty for a field that never varied.
    basis : Basis
        Modes as sums of the snapshots, of which the first ``len(kinds)`` are used.
    errors_of_coefficients : ndarray of shape (r,)
        Root mean squared, on unseen runs.
    emulators : tuple of Emulator
        One a coefficient, fitted to all runs.
    errors : FieldErrors
        On unseen runs.
    rows : tuple of dict
        Candidates for the first coefficient, as `Scorecard.candidates` shows them.
    fit_seconds : float
        Time of everything.
    """

    kinds: tuple[str, ...]
    basis: Basis
    errors_of_coefficients: Floats
    emulators: tuple[Emulator, ...]
    errors: FieldErrors
    rows: tuple[dict[str, Any], ...]
    fit_seconds: float

    def record(self, snapshots: Snapshots, shape: tuple[int, ...], modes: Floats, floor: Floats, p: int) -> PODRecord:
        """Return what predicts, given the modes (r, N) and the floor (N,) of the standard deviation."""
        mean = np.empty(snapshots.Y.shape[1])
        for part in snapshots.blocks():
            mean[part] = snapshots.Y[snapshots.rows, part].mean(axis=0)
        coefficients = tuple(one.record_ for one in self.emulators)
        return PODRecord(shape, mean, modes, self.errors_of_coefficients, floor, coefficients, p)


def fit_field(X: Floats, snapshots: Snapshots, *, prefer: Prefer = "accuracy", seed: int = 0) -> FieldFit:
    """Choose modes and emulators of a field.

    The kinds of emulator are chosen by `select` for up to six leading coefficients; the others take the kind that
    was best over these. Modes are added while they lower the error on unseen runs: in every fold the basis is made
    of its training runs, and the emulators are fitted to their coefficients. More modes leave less out (truncation),
    but later coefficients are harder to predict (regression); the number of modes with the least sum is taken.

    Parameters
    ----------
    X : ndarray of shape (n, p)
        Features.
    snapshots : Snapshots
        The runs.
    prefer : {"accuracy", "speed", "small"}, default "accuracy"
        What the choice between kinds is for.
    seed : int, default 0
        Of folds and emulators.

    Returns
    -------
    FieldFit

    Raises
    ------
    ValueError
        As `select`.

    References
    ----------
    Bui-Thanh, T., Damodaran, M., Willcox, K. (2003). Proper orthogonal decomposition extensions for parametric
    applications in compressible aerodynamics. AIAA Paper 2003-4213.
    """
    started = perf_counter()
    basis = snapshots.basis()
    search = _Search(X, snapshots, basis, folds(X, seed=seed))
    races: list[Selection] = []
    candidates = _candidates(len(X), seed)
    for j in range(min(_MOST_MODES, len(basis.variances))):
        if j < _RACES and (j == 0 or basis.variances[j] > _SHARE * basis.variances.sum()):
            races.append(select(candidates, X, search.coefficients[:, j], prefer=prefer, seed=seed))
            search.add(races[-1].kind, races[-1].emulator)
        else:
            kind = _best_over(races, candidates)
            with single_threaded(len(X)):
                search.add(kind, clone(candidates[kind]).fit(X, search.coefficients[:, j]))
        if search.done:
            break
    used = search.best
    return FieldFit(
        tuple(search.kinds[:used]), basis, search.errors_of_coefficients(used), tuple(search.emulators[:used]),
        search.errors(used), races[0].rows if races else (), perf_counter() - started,
    )  # fmt: skip


def _candidates(n: int, seed: int) -> dict[str, Emulator]:
    """Return the usual candidates, without networks for few runs: they cost as much as all others and rarely win."""
    usual = default_candidates(n, seed)
    return {name: one for name, one in usual.items() if name != "mlp" or n > _FEW_RUNS}


class _Search:
    """Modes one after the other, each with its emulator and its errors on unseen runs."""

    def __init__(self, X: Floats, snapshots: Snapshots, basis: Basis, splits: list[Split]) -> None:
        self.X, self.snapshots = X, snapshots
        self.coefficients = snapshots.coefficients(basis)
        self.splits = splits
        self.bases = [snapshots.basis(train) for train, _ in splits]
        self.truths = [snapshots.coefficients(one) for one in self.bases]
        self.left = np.empty(len(X))
        for (_, test), one in zip(splits, self.bases, strict=True):
            self.left[test] = snapshots.distances(one)[test]
        self.kinds: list[str] = []
        self.emulators: list[Emulator] = []
        # A column a mode, for each run in its fold's basis: coefficient, prediction and standard deviation.
        self.columns: list[tuple[Floats, Floats, Floats]] = []
        self.totals = [float(self.left.sum())]

    def add(self, kind: str, emulator: Emulator) -> None:
        """Take the next mode, with an emulator fitted to its coefficient in all runs."""
        j, n = len(self.kinds), len(self.X)
        truth, told, std = np.zeros(n), np.zeros(n), np.full(n, np.nan)
        with single_threaded(n):
            for (train, test), coefficients in zip(self.splits, self.truths, strict=True):
                if j >= coefficients.shape[1]:
                    continue  # fewer runs than modes
                record = emulator.resumed().fit(self.X[train], coefficients[train, j]).record_
                truth[test], told[test] = coefficients[test, j], record.predict(self.X[test])
                own = record.std(self.X[test])
                std[test] = np.nan if own is None else own
        rms = np.sqrt(np.mean((told - truth) ** 2))
        self.columns.append((truth, told, np.where(np.isnan(std), rms, std)))
        self.kinds.append(kind)
        self.emulators.append(emulator)
        self.totals.append(float(self.truncation(j + 1).sum() + self.regression(j + 1).sum()))

    @property
    def best(self) -> int:
        """Number of modes with the least error."""
        return int(np.argmin(self.totals))

    @property
    def done(self) -> bool:
        """Whether more modes cannot help much, or have stopped helping."""
        tried = len(self.kinds)
        return float(self.truncation(tried).sum()) < _LITTLE_LEFT * self.totals[tried] or tried - self.best >= _IDLE

    def truncation(self, r: int) -> Floats:
        """Squared error of each run that `r` modes leave."""
        return np.maximum(self.left - sum((truth**2 for truth, _, _ in self.columns[:r]), np.zeros(1)), 0.0)

    def regression(self, r: int) -> Floats:
        """Squared error of each run in the coefficients of `r` modes."""
        return sum(((told - truth) ** 2 for truth, told, _ in self.columns[:r]), np.zeros(len(self.X)))

    def errors_of_coefficients(self, r: int) -> Floats:
        """Root mean squared error of each of `r` coefficients."""
        return np.array([np.sqrt(np.mean((told - truth) ** 2)) for truth, told, _ in self.columns[:r]])

    def errors(self, r: int) -> FieldErrors:
        """Return the errors with `r` modes."""
        n = len(self.X)
        truth, told, std = (
            np.stack([c[i] for c in self.columns[:r]], axis=1) if r else np.zeros((n, 0)) for i in range(3)
        )
        fields, projections = (np.empty((n, len(self.snapshots.rows))) for _ in range(2))
        fold = np.empty(n, dtype=np.intp)
        for number, ((_, test), basis) in enumerate(zip(self.splits, self.bases, strict=True)):
            k = min(r, basis.weights.shape[1])
            fields[test] = self.snapshots.as_sums(basis, told[test, :k])
            projections[test] = self.snapshots.as_sums(basis, truth[test, :k])
            fold[test] = number
        return FieldErrors(fields, projections, std, fold, self.truncation(r), self.regression(r))


def _best_over(races: list[Selection], candidates: Mapping[str, Emulator]) -> str:
    """Return the candidate with the least mean error over the races, in shares of each coefficient's variance."""
    missed = dict.fromkeys(candidates, 0.0)
    for race in races:
        q2 = {row["name"]: 0.0 if row["note"] else row["q2"] for row in race.rows}
        for name in missed:
            missed[name] += 1.0 - q2.get(name, 0.0)
    return min(missed, key=lambda name: missed[name])
