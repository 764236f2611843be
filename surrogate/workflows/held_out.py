"""A model that was checked on runs which neither the choice of points nor the choice of an emulator nor a fit saw."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.workflows.fitted_output import FittedOutput
from surrogate.workflows.learning import Score, candidates_for_chosen_runs, share_interval

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from surrogate.models.emulators.selection import Prefer, Selection
    from surrogate.transfer import TransferSet

    Floats = NDArray[np.float64]


@dataclass(frozen=True)
class HeldOut:
    """The emulators of all other runs, and what they say at the held-out ones.

    Parameters
    ----------
    runs : TransferSet
        All runs.
    held_out : ndarray of bool, shape (n,)
        Which of the successful runs the emulators did not see.
    point : ndarray of int, shape (n,)
        Point of each successful run; its replicates and policies share the emulators' error, so that the bootstrap
        draws points.
    variance : dict of str to float
        Variance of each output over the space.
    chosen : dict of str to Selection
        By output.
    scores : dict of str to Score
        On the held-out runs, of the outputs that were adapted to.
    """

    runs: TransferSet
    held_out: NDArray[np.bool_]
    point: NDArray[np.intp]
    variance: Mapping[str, float]
    chosen: Mapping[str, Selection]
    scores: Mapping[str, Score]

    @classmethod
    def of(
        cls, runs: TransferSet, held_out: NDArray[np.bool_], point: NDArray[np.intp], shares: Floats,
        wanted: Mapping[str, float | None], *, prefer: Prefer, seed: int,
    ) -> HeldOut:  # fmt: skip
        """Choose and fit emulators to the other runs, and score them.

        Parameters
        ----------
        runs : TransferSet
        held_out : ndarray of bool, shape (n,)
            Which of the successful runs to keep from them.
        point : ndarray of int, shape (n,)
            Point of each of them.
        shares : ndarray of shape (n,)
            Share of the space for which each run stands.
        wanted : mapping of str to float or None
            Outputs that were adapted to, each with its level.
        prefer, seed
            As `select` takes them.

        Raises
        ------
        ValueError
            If all held-out runs failed.
        """
        from surrogate.models.emulators.selection import select

        if not held_out.any():
            raise ValueError(
                "runs: all that were held out to check the model failed. See .failures of the runs, and narrow the "
                "bounds to where the simulator answers."
            )
        features = runs.space.features(runs.X)
        chosen, scores, variance = {}, {}, {}
        for name in runs.output_names:
            y = runs[name].to_numpy(dtype=np.float64)
            variance[name] = float(shares @ np.square(y - shares @ y))
            candidates = candidates_for_chosen_runs(int((~held_out).sum()), seed)
            chosen[name] = select(candidates, features[~held_out], y[~held_out], prefer=prefer, seed=seed)
            if name in wanted:
                predicted = chosen[name].emulator.record_.predict(features[held_out])
                scores[name] = _score(y[held_out], predicted, variance[name], wanted[name], seed, point[held_out])
        return cls(runs, held_out, point, variance, chosen, scores)

    def reaches(self, target: float | None) -> bool:
        """Whether all outputs that were adapted to reach the target."""
        return target is not None and all(score.reaches(target) for score in self.scores.values())

    def fitted(self, seed: int) -> dict[str, FittedOutput]:
        """Fit every chosen emulator to all runs; scores and intervals stay those of the held-out ones.

        Parameters
        ----------
        seed : int
            Of the bootstrap.

        Returns
        -------
        dict of str to FittedOutput
        """
        return {name: self._output(name, selection, seed) for name, selection in self.chosen.items()}

    def _output(self, name: str, selection: Selection, seed: int) -> FittedOutput:
        from surrogate.validation import Conformal, Scorecard
        from surrogate.validation.conformal import interval_coverage

        features = self.runs.space.features(self.runs.X)
        y_all = self.runs[name].to_numpy(dtype=np.float64)
        emulator: Any = selection.emulator.resumed().fit(features, y_all)
        y, seen_by = y_all[self.held_out], selection.emulator.record_
        predicted = seen_by.predict(features[self.held_out])
        own = seen_by.std(features[self.held_out])
        constant = float(np.ptp(y_all)) == 0.0
        point = self.point[self.held_out]
        score = _score(y, predicted, self.variance[name], None, seed, point)
        std = np.full(len(y), np.nan) if own is None else own
        coverage, width = interval_coverage(y, predicted, std, point) if len(np.unique(point)) > 1 else (1.0, np.inf)
        errors = np.abs(y - predicted)
        card = Scorecard(
            output=name,
            kind=selection.kind,
            n=len(y_all),
            q2=score.q2,
            q2_interval=score.q2_interval,
            rmse=float(np.sqrt(np.mean(errors**2))),
            mae=float(errors.mean()),
            max_error=float(errors.max()),
            interval_coverage=1.0 if constant else coverage,
            interval_width=0.0 if constant else width,
            fit_seconds=selection.fit_seconds,
            predict_us=selection.predict_us,
            bytes=selection.bytes,
            n_failed=len(self.runs.inputs) - len(self.runs),
            constant=constant,
            n_held_out=len(y),
            candidate_rows=selection.rows,
        )
        return FittedOutput(emulator.record_, Conformal.fit(y, predicted, std), card, (y, predicted))


def _score(
    y: Floats, predicted: Floats, variance: float, level: float | None, seed: int, point: NDArray[np.intp]
) -> Score:
    """Score predictions of held-out runs; the variance is that of the output over the space, which all runs tell."""
    squares = np.square(y - predicted)
    floor = np.finfo(float).eps * max(float(np.square(y).max()), np.finfo(float).tiny)
    _, at = np.unique(point, return_inverse=True)
    runs = np.bincount(at)
    draws = np.random.default_rng(seed).integers(len(runs), size=(400, len(runs)))
    drawn = np.bincount(at, squares)[draws].sum(axis=1) / runs[draws].sum(axis=1)
    lost = np.append(squares.mean(), drawn)
    q2 = 1.0 - np.where(lost <= floor, 0.0, lost / max(variance, floor))
    interval = float(np.quantile(q2[1:], 0.025)), float(np.quantile(q2[1:], 0.975))
    if level is None:
        return Score(float(q2[0]), interval)
    wrong = float(np.mean((y < level) != (predicted < level)))
    return Score(float(q2[0]), interval, wrong, share_interval(wrong, len(runs)))
