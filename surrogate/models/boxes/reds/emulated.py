"""Runs with new points beside them: labelled by emulators of the runs, searched, and judged by held-out runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone

from surrogate.models.boxes.evidence import heldout
from surrogate.models.boxes.evidence.box_volume import observed_space
from surrogate.models.boxes.evidence.choice_rules import one_standard_error
from surrogate.models.boxes.evidence.heldout import Chosen, HeldOut, match_by_mass, stratified_folds
from surrogate.models.boxes.evidence.precision_recall import pr_auc
from surrogate.models.boxes.reds.labelling import Asked, Emulation, Labelling, OfCase, label, usual_emulations
from surrogate.models.boxes.reds.new_points import draw_points, features_of, inputs_of
from surrogate.models.boxes.trajectory import counted
from surrogate.space import Space
from surrogate.validation.fold_progress import told

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.models.boxes.box_finder import BoxFinder
    from surrogate.models.boxes.columns import Columns
    from surrogate.models.boxes.evidence.heldout import Rule
    from surrogate.models.boxes.trajectory import Step

    Floats = NDArray[np.float64]

_LEAST_CASES = 10  # with and without the case: two in each fold of five
_NEAR = 1.2  # times the least log loss: worth trying again in a fold
_FEW_RUNS = 300  # up to here a fold needs four fifths of the runs to stand for all of them, beyond two thirds
_FOLDS_WITHIN = 3  # in which the emulators of a fold are compared and calibrated
_AS_DENSE = 0.01  # boxes of two samples of runs have then most in common, at the price of half a point of precision
_BLOCK = 10_000  # new points at a time, so that a Gaussian process needs little memory


class Emulated:
    """Runs, and new points for emulators of the runs to label. The parameters are those of `REDS`.

    Attributes
    ----------
    points : NewPoints
        The same for all emulators: their inputs tell nothing of the labels.
    """

    def __init__(
        self,
        columns: Columns,
        asked: Asked,
        *,
        finder: BoxFinder,
        emulator: Any,
        n_new: int,
        hard: bool,
        space: Any,
        seed: int,
        peel_alphas: Sequence[float] | None,
        min_runs: int,
        gate: bool,
    ) -> None:
        with_it, without = float(asked.y.sum()), float((1 - asked.y).sum())
        if gate and min(with_it, without) < _LEAST_CASES:
            raise ValueError(
                f"runs: an emulator of the case needs at least {_LEAST_CASES} runs with it and without it; got "
                f"{with_it:g} and {without:g}. Make more runs, move the threshold, or use PRIM."
            )
        space = observed_space(columns) if space is None else Space.from_bounds(space)
        for column in columns.columns:
            if column.name not in space.parameters and len(column.values) > 1:
                raise ValueError(
                    f"space: the input {column.name!r} is not a parameter of {list(space.names)}. Add it, so that new "
                    "points can be drawn."
                )
        varied = columns.select([column.name for column in columns.columns if column.name in space.parameters])
        self.columns, self.asked = columns, asked
        self.points = draw_points(space, varied, n_new, seed)
        self._inputs = inputs_of(columns)
        self._features = features_of(space, self._inputs[list(self.points.inputs)])
        self._finder, self._hard, self._seed = finder, hard, seed
        self._peel_alphas, self._min_runs, self._gate = peel_alphas, min_runs, gate
        self.emulations = (
            usual_emulations(len(self._features), asked, seed)
            if emulator is None
            else [OfCase(type(emulator).__name__, emulator)]
        )

    # Labels

    def learn(
        self,
        rows: NDArray[np.intp] | slice = slice(None),
        folds: int | None = None,
        among: Sequence[Emulation] | None = None,
    ) -> Labelling:
        """Choose, calibrate and fit an emulator of some of the runs."""
        asked = self.asked.take(rows)
        folds = folds or (5 if len(asked.y) <= _FEW_RUNS else 3)
        splits = list(stratified_folds(asked.y, folds, 1, self._seed))
        return label(among or self.emulations, self._features[rows], self._inputs.iloc[rows], asked, splits)

    def labels(self, labelling: Labelling) -> Floats:
        """Label the new points, shape (n_new,)."""
        features, inputs = self.points.features, self.points.inputs
        blocks = [slice(start, start + _BLOCK) for start in range(0, len(features), _BLOCK)]
        p = np.concatenate([labelling.probability(features[block], inputs.iloc[block]) for block in blocks])
        labels = (p >= 0.5).astype(np.float64) if self._hard else p
        if self._gate and labels.min() == labels.max():
            raise ValueError(
                f"labels: the emulator says {labels[0]:.3g} for each of the {len(labels)} new points, so there is "
                "nothing to tell apart. Use labels='probability', or make more runs."
            )
        return labels

    # Boxes

    def tuned(self, labels: Floats) -> BoxFinder:
        """Return the finder with the `peel_alpha` that suits the new points best."""
        finder: BoxFinder = clone(self._finder)
        if not self._peel_alphas or not hasattr(finder, "peel_alpha") or labels.min() == labels.max():
            return finder
        columns = self.points.columns
        # Neighbours in a Sobol' sequence lie apart: every other point is a sample of its own.
        sought, measured = np.arange(0, columns.n, 2), np.arange(1, columns.n, 2)
        half, truth = columns.take(sought), labels[measured]
        tries = [clone(finder).set_params(peel_alpha=alpha) for alpha in self._peel_alphas]
        areas = []
        for tried in tries:
            inside = [columns.inside(step.limits, measured) for step in tried.search(half, labels[sought])]
            n, k = np.array([(rows.sum(), truth[rows].sum()) for rows in inside], dtype=np.float64).T
            areas.append(pr_auc(k / truth.sum(), k / np.maximum(n, 1)))
        best: BoxFinder = tries[int(np.argmax(areas))]
        return best

    def believed(
        self, steps: Sequence[Step], rows: NDArray[np.intp] | slice = slice(None), *, placed: bool = False
    ) -> list[Step]:
        """Return the steps that runs can bear out, of a search on the new points.

        The last one is the first box as dense, by the emulator, as any: what is peeled from it follows differences
        of probability that no calibration can confirm. It also comes before the first box in which too few of the
        runs `rows` lie. Where runs were `placed` at the border of the case, few of them lie inside any box, and all
        of them say where it is: then a box must hold the share of the new points that as few are of all runs.
        """
        runs, n_new = len(self.asked.y), self.points.columns.n
        densities = [step.k / step.n for step in steps]
        kept: list[Step] = []
        for step, density in zip(steps, densities, strict=True):
            held = step.n / n_new * runs if placed else self.columns.inside(step.limits, rows).sum()
            if kept and held < self._min_runs:
                break
            kept.append(step)
            if density >= max(densities) - _AS_DENSE:
                break
        return kept

    def found(self, steps: list[Step], labels: Floats, labelling: Labelling, finder: BoxFinder) -> Found:
        """Return what a search came to, with coverage and density of its boxes on the new points."""
        import pandas as pd

        inside = [self.points.columns.inside(step.limits) for step in steps]
        k = np.array([labels[rows].sum() for rows in inside])
        n = np.array([rows.sum() for rows in inside])
        table = pd.DataFrame(
            {"emulator_coverage": k / max(float(labels.sum()), 1e-300), "emulator_density": k / np.maximum(n, 1)}
        )
        return Found(steps, labelling, finder, table)


@dataclass(frozen=True)
class Found:
    """What a search on labelled points came to.

    Attributes
    ----------
    steps : list of Step
    labelling : Labelling
    finder : BoxFinder
        What searched, with the settings chosen for it.
    on_emulator : DataFrame
        A row a step: ``emulator_coverage``, ``emulator_density``.
    """

    steps: list[Step]
    labelling: Labelling
    finder: BoxFinder
    on_emulator: pd.DataFrame


class EmulatedFolds:
    """The whole of REDS in every fold: an emulator of all runs, and one of the runs outside each fold.

    Emulators, calibration and labels of a fold know nothing of its runs. Fold by fold only emulators are compared
    that came near the best on all runs.

    Parameters
    ----------
    emulated : Emulated
    labelling : Labelling
        Of all runs.
    counted : ndarray of bool, optional
        The runs that stand for the space: folds, densities and coverages are of these, the others only teach. By
        default all.
    folds, repeats, seed : int
    rule : callable, default one_standard_error
        As in `heldout.choose`.
    covering : {"removing", "relabelling"}, default "removing"
        As in `surrogate.models.boxes.evidence.covering`.
    """

    def __init__(
        self,
        emulated: Emulated,
        labelling: Labelling,
        *,
        counted: NDArray[np.bool_] | None = None,
        folds: int,
        repeats: int,
        seed: int,
        rule: Rule = one_standard_error,
        covering: str = "removing",
    ) -> None:
        self.emulated, self.labelling, self.rule, self.covering = emulated, labelling, rule, covering
        self.labels = emulated.labels(labelling)
        self.finder = emulated.tuned(self.labels)
        self.folds, self.repeats = folds, repeats
        everyone = np.arange(emulated.columns.n)
        self.counted = np.ones(len(everyone), dtype=bool) if counted is None else counted
        rows = np.flatnonzero(self.counted)
        self.held_out = [rows[test] for _, test in stratified_folds(emulated.asked.y[rows], folds, repeats, seed)]
        least = labelling.candidates[0]["log_loss"]
        near = {row["name"] for row in labelling.candidates if row["log_loss"] <= _NEAR * least}
        among = [emulation for emulation in emulated.emulations if emulation.name in near]
        learnt = [np.setdiff1d(everyone, test, assume_unique=True) for test in self.held_out]
        self.fold_labels = [
            emulated.labels(emulated.learn(train, _FOLDS_WITHIN, among)).astype(np.float32) for train in told(learnt)
        ]

    def covers(self, max_boxes: int) -> list[Chosen]:
        """Choose a box, then boxes in what is left by those before, while held-out runs say that they help."""
        emulated, points = self.emulated, self.emulated.points.columns
        left, there = self.counted.copy(), np.ones(points.n, dtype=bool)
        base_rate = float(emulated.asked.y[left].mean())
        covers = [self.choose(left, there)]
        while len(covers) < max_boxes and (limits := covers[-1].steps[covers[-1].row].limits):
            left &= ~emulated.columns.inside(limits)
            there &= ~points.inside(limits)
            if len(np.unique(emulated.asked.y[left])) < 2 or there.mean() <= getattr(self.finder, "mass_min", 0.0):
                break
            cover = self.choose(left, there)
            if not cover.steps[cover.row].limits or cover.heldout.density[1][cover.row] <= base_rate:
                break
            covers.append(cover)
        return covers

    def found(self, first: Chosen) -> Found:
        """Return the search of the first box."""
        return self.emulated.found(first.steps, self.labels, self.labelling, self.finder)

    def choose(self, left: NDArray[np.bool_], there: NDArray[np.bool_]) -> Chosen:
        """Choose a box by held-out runs, as `heldout.choose` does.

        Parameters
        ----------
        left, there : ndarray of bool
            Which of the runs and which of the new points are still to be covered. Runs outside `left` teach the
            emulators all the same.
        """
        emulated = self.emulated
        columns, y = emulated.columns, emulated.asked.y
        all_labels: list[Any] = [self.labels, *self.fold_labels]
        if self.covering == "relabelling":
            y, all_labels = np.where(left, y, 0.0), [np.where(there, labels, 0.0) for labels in all_labels]
            left, there = self.counted, np.ones_like(there)
        rows, places = np.flatnonzero(left), np.flatnonzero(there)
        part, finder = emulated.points.columns.take(places), self.finder
        if getattr(finder, "mass_min", 0.0):
            # The least mass is a share of all points, however few of them are left.
            finder = clone(finder).set_params(mass_min=finder.get_params()["mass_min"] / there.mean())
        full = [
            (names, emulated.believed(steps, rows, placed=not self.counted.all()))
            for names, steps in heldout.searches(finder, part, all_labels[0][places])
        ]
        match = getattr(finder, "match", match_by_mass)
        counts = [np.zeros((3, len(self.held_out), len(steps))) for _, steps in full]
        for number, (test, labels) in enumerate(zip(self.held_out, all_labels[1:], strict=True)):
            found = heldout.searches(finder, part, labels[places].astype(np.float64))
            kept = test[left[test]]
            for size, (_, steps) in enumerate(full):
                matching = found[min(size, len(found) - 1)][1]
                matched = match(steps, matching)
                counts[size][:, number] = heldout.heldout_counts(columns, y, kept, matching, matched)
        evidence = [HeldOut(n, k, c, float(y[rows].sum()), self.repeats, self.folds) for n, k, c in counts]
        size, row = heldout.pick([steps for _, steps in full], evidence, float(y[rows].mean()), self.rule)
        names, steps = full[size]
        return Chosen(names, recounted(steps, columns.take(rows), y[rows]), evidence[size], row)


def recounted(steps: Sequence[Step], columns: Columns, y: Floats) -> list[Step]:
    """Return steps with the rows and cases of other data."""
    return [counted(step.limits, columns, y) for step in steps]
