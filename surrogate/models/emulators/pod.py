"""Emulators of fields: modes of the runs (POD), and one emulator a coefficient."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.emulators.mode_search import ModeSearch
from surrogate.models.emulators.orthogonal_basis import Bases, set_bases
from surrogate.models.emulators.selection import check_preference, check_runs, default_candidates
from surrogate.models.emulators.snapshots import Basis, Snapshots
from surrogate.models.records.pod import PODRecord
from surrogate.validation import folds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.emulators.emulator import Emulator
    from surrogate.models.emulators.selection import Prefer

    Floats = NDArray[np.float64]

_MOST_MODES = 50
_FEW_RUNS = 500


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

    @classmethod
    def of(cls, search: ModeSearch) -> FieldErrors:
        """Gather the errors with the best number of modes."""
        n, r, snapshots = len(search.X), search.best, search.snapshots
        modes = search.modes[:r]
        truth, prediction, std = (
            np.stack([getattr(mode, name) for mode in modes], axis=1) if r else np.zeros((n, 0))
            for name in ("truth", "prediction", "std")
        )
        fields, projections = (np.empty((n, len(snapshots.rows))) for _ in range(2))
        fold = np.empty(n, dtype=np.intp)
        for number, ((_, test), basis) in enumerate(zip(search.splits, search.bases, strict=True)):
            k = min(r, basis.weights.shape[1])
            fields[test] = snapshots.as_sums(basis, prediction[test, :k])
            projections[test] = snapshots.as_sums(basis, truth[test, :k])
            fold[test] = number
        return cls(fields, projections, std, fold, search.truncation(r), search.regression(r))


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


def fit_field(
    X: Floats, snapshots: Snapshots, *, prefer: Prefer = "accuracy", seed: int = 0, bases: Bases | None = None
) -> FieldFit:
    """Choose modes and emulators of a field.

    Modes are added while they lower the error on unseen runs: in every fold the basis is made of its training runs,
    and emulators of all kinds are fitted to the coefficients (see `ModeSearch`). More modes leave less out
    (truncation), but later coefficients are harder to predict (regression); the number of modes with the least sum is
    taken.

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
    bases : tuple of ndarray or None, optional
        Polynomials for the declared distributions of the features.

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
    check_preference(prefer)
    check_runs(X)
    started = perf_counter()
    basis = snapshots.basis()
    search = ModeSearch(X, snapshots, basis, folds(X, seed=seed), prefer)
    candidates = _candidates(len(X), seed)
    set_bases(candidates, bases)
    while len(search.tried) < min(_MOST_MODES, len(basis.variances)) and not search.done:
        search.add(candidates)
    modes = search.modes[: search.best]
    kind = modes[0].kind if modes else ""
    rows = tuple({**row, "chosen": row["name"] == kind} for row in search.rows)
    return FieldFit(
        tuple(mode.kind for mode in modes), basis, np.array([np.sqrt(np.mean(mode.squared)) for mode in modes]),
        tuple(mode.emulator for mode in modes), FieldErrors.of(search), rows, perf_counter() - started,
    )  # fmt: skip


def _candidates(n: int, seed: int) -> dict[str, Emulator]:
    """Return the usual candidates but those that cost much and rarely win here.

    Coefficients have both signs, so that warping helps few of them; networks need many runs. Radial basis functions
    were chosen by chance, if at all.
    """
    seldom = ("warped", "rbf", *(["mlp"] if n <= _FEW_RUNS else []))
    return {name: one for name, one in default_candidates(n, seed).items() if not name.startswith(tuple(seldom))}
