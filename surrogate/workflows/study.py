"""The answer of a scenario discovery, with its evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.simulation import Status
from surrogate.space import Box, Space

if TYPE_CHECKING:
    from os import PathLike
    from pathlib import Path

    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from surrogate.models.boxes import BoxFinder, ParetoBoxes, WorstCase
    from surrogate.models.boxes.columns import Columns
    from surrogate.report import Report
    from surrogate.transfer import TransferSet
    from surrogate.workflows.box_search import How
    from surrogate.workflows.question import Question
    from surrogate.workflows.study_by_policy import StudyByPolicy
    from surrogate.workflows.surrogate import Surrogate

# Above this many runs repeated searches for the report alone take minutes.
_MANY_RUNS = 20_000


@dataclass(frozen=True, repr=False)
class Study:
    """The answer of a scenario discovery, with its evidence. Made by `discover`.

    Attributes
    ----------
    runs : TransferSet or None
        Where the runs came from, if from a transfer set.
    X : DataFrame of shape (n, d)
        Inputs of the runs that were searched.
    y : ndarray of float64, shape (n,)
        1 for a case of interest, 0 for none; a probability is a part of a case.
    case : str or None
        The condition, if it was given as one.
    space : Space
        What may vary; the range of the data if nothing else is known.
    search : BoxFinder
        The fitted search, in the parameters that held-out evidence supports.
    trajectory : DataFrame
        A row a box of `search`: n, k, coverage, density, mass, n_restricted, lift (density over base rate), and
        coverage and density on held-out runs with their 95 % intervals (``heldout_coverage``,
        ``heldout_coverage_low``, ``heldout_coverage_high``, ``heldout_density``, ...), and ``heldout_correlation``
        between lying in the box and being a case.
    chosen : int
        Row number of the chosen box.
    box : Box
        The chosen box; without limits if held-out evidence supports none.
    boxes : list of Box
        The chosen box, then one for each cover of what the boxes before it leave; empty if `box` has no limits.
    lost : DataFrame
        Inputs and status of the runs that failed, which `X` does not hold.
    """

    runs: TransferSet | None
    X: pd.DataFrame
    y: NDArray[np.float64]
    case: str | None
    space: Space
    search: BoxFinder
    trajectory: pd.DataFrame
    chosen: int
    box: Box
    boxes: list[Box]
    lost: pd.DataFrame
    seed: int
    _question: Question = field(compare=False)
    _columns: Columns = field(compare=False)
    _evidence: list[pd.Series[Any]] = field(compare=False)
    _finder: BoxFinder = field(compare=False)
    _how: How = field(compare=False)

    @property
    def base_rate(self) -> float:
        """Share of cases among all runs."""
        return float(self.y.mean())

    @cached_property
    def outputs(self) -> dict[str, NDArray[np.float64]]:
        """Outputs in numbers, arrays (n,) row for row with `X`; empty where runs that gave none are among them."""
        rows = self._question.rows
        if self.runs is None or rows is None:
            return dict(self._question.outputs)
        succeeded = np.flatnonzero((self.runs.status == str(Status.OK)).to_numpy())
        if not np.isin(rows, succeeded).all():
            return {}
        places = np.searchsorted(succeeded, rows)
        return {name: self.runs[name].to_numpy()[places] for name in self.runs.output_names}

    def rules(self) -> list[str]:
        """Return each box as a sentence with counts, in natural units.

        Numbers are rounded to the fewest digits with which no run changes sides.
        """
        from surrogate.workflows.sentences import sentences

        return sentences(self, self._evidence, relabelled=self._how.covering == "relabelling")

    def failures(self) -> pd.DataFrame:
        """Count the runs that failed inside each box: a box may be empty of cases only because runs died there.

        Returns
        -------
        DataFrame
            A row a box: `runs` (made in it), `failed` and `timeout` (how many of them failed, and were too slow),
            `share` (of the runs made in it that failed) and `elsewhere` (the same share outside the box).
        """
        import pandas as pd

        rows = []
        for box in self.boxes:
            failed = box.contains(self.lost) if len(self.lost) else np.zeros(0, dtype=bool)
            slow = int((self.lost["status"].to_numpy()[failed] == str(Status.TIMEOUT)).sum())
            inside, lost = int(box.contains(self.X).sum()), int(failed.sum())
            outside = len(self.X) - inside, len(self.lost) - lost
            shares = [part / (part + rest) if part else 0.0 for part, rest in ((lost, inside), outside[::-1])]
            rows.append((inside + lost, lost, slow, *shares))
        return pd.DataFrame(rows, columns=["runs", "failed", "timeout", "share", "elsewhere"])

    def next_runs(self, n: int, seed: int | None = None) -> pd.DataFrame:
        """Say which runs would tell most about the border of the case, for `surrogate.collect` to make.

        They lie where an emulator of the case is most uncertain, away from the runs made and from each other. Do not
        judge a box by them: they are not like the futures that may come. `surrogate.discover_actively` does all of it.

        Parameters
        ----------
        n : int
        seed : int, optional
            Of the candidates; by default that of the study.

        Returns
        -------
        DataFrame of shape (n, d)
            Inputs, for ``collect(simulator, study.space, study.next_runs(50), ...)``.

        Raises
        ------
        ValueError
            If there are fewer than 10 cases, or runs without the case, to learn from.
        """
        from sklearn.base import clone

        from surrogate.models.boxes import REDS
        from surrogate.workflows.active import next_runs

        if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
            raise ValueError(f"n: must be a whole number of at least 1, got {n!r}.")
        finder = self._finder if isinstance(self._finder, REDS) else REDS()
        finder = clone(finder).set_params(space=self.space)
        made = self.X if self.runs is None else self.runs.inputs
        return next_runs(self._question, finder, made, int(n), seed=self.seed if seed is None else seed)

    def choose(self, row: int) -> Study:
        """Return the study with another box of the trajectory chosen by hand; it has no further boxes.

        Parameters
        ----------
        row : int
            Number of a row of `trajectory`. One that was chosen because it looks good on these runs needs new runs
            as a test.

        Returns
        -------
        Study
        """
        if isinstance(row, bool) or not isinstance(row, (int, np.integer)) or not 0 <= row < len(self.trajectory):
            raise ValueError(f"row: must be a row number of the trajectory, below {len(self.trajectory)}; got {row!r}.")
        box = self.search.boxes_[row]
        box = Box(box.limits, names=box.names, units=self.box.units)
        evidence = [self.trajectory.iloc[row]]
        return replace(self, chosen=int(row), box=box, boxes=[box] if box.limits else [], _evidence=evidence)

    def drop_costs(self) -> pd.DataFrame:
        """Say what dropping each limit of the chosen box alone costs.

        Returns
        -------
        DataFrame
            The box itself in the row "", then a row a limited parameter, the cheapest to drop first: n, k, coverage,
            density, mass, `coverage_gain`, `density_loss`, `quasi_p`; see `surrogate.models.boxes.drop_costs`. Columns
            with ``heldout_`` before the name are from cross-validation of the search (not with REDS, whose emulators
            would have to be fitted anew): on the runs in which it was found a box looks as if it needed all its limits.
        """
        from surrogate.workflows import study_evidence

        return study_evidence.drop_costs(self)

    def pareto(self) -> ParetoBoxes:
        """Return the boxes that no other beats in coverage, density and number of limits together.

        They are sought in the runs themselves, also where REDS found the study's box.

        Returns
        -------
        ParetoBoxes
            Fitted: ``.trajectory_`` and ``.boxes_``, fewest limits first.
        """
        from surrogate.workflows import study_evidence

        return study_evidence.pareto(self)

    def stability(
        self, n_resamples: int | None = None, seed: int | None = None, *, executor: Any = None
    ) -> pd.DataFrame:
        """Say how often each parameter is limited again when the search is repeated on random halves of the runs.

        Parameters
        ----------
        n_resamples : int, optional
            By default 50; 10 for REDS, which fits an emulator in each.
        seed : int, optional
            By default that of the study.
        executor : optional
            Where to search, as in `surrogate.collect`; the answer is the same everywhere.

        Returns
        -------
        DataFrame
            A row a parameter: `limited` in the chosen box, `reproduced_coverage`, `reproduced_density` (shares of
            the halves) and the positions of its limits. ``attrs["overlap"]`` is the mean share of volume that boxes of
            the halves have in common with the chosen one, ``attrs["consistency"]`` with each other; see
            `surrogate.models.boxes.evidence.stability.resample`.
        """
        from surrogate.workflows import study_evidence

        return study_evidence.stability(self, n_resamples, self.seed if seed is None else seed, executor)

    def learning_curve(
        self, n_resamples: int | None = None, seed: int | None = None, *, executor: Any = None
    ) -> pd.DataFrame:
        """Say whether more runs would change the box: what boxes from different runs have in common, by their number.

        Parameters
        ----------
        n_resamples : int, optional
            Samples of each size; by default 40, and 6 for REDS, which fits an emulator in each.
        seed, executor
            As in `stability`.

        Returns
        -------
        DataFrame
            A row a number of runs: `runs`, `overlap` of the boxes of two samples without a common run (intersection
            over union of their volumes), `overlap_5`, `overlap_95`, `n_restricted`, `extrapolated`. The last two rows
            are all runs and twice as many, extrapolated: where they differ little, more runs would change little. See
            `surrogate.models.boxes.learning_curve`.
        """
        from surrogate.workflows import study_evidence

        return study_evidence.learning_curve(self, n_resamples, self.seed if seed is None else seed, executor)

    def by_policy(self, column: str = "policy") -> StudyByPolicy:
        """Ask the same of each policy alone.

        Parameters
        ----------
        column : str, default "policy"
            The input that names the policy.

        Returns
        -------
        StudyByPolicy
            Studies and boxes a policy, how they compare, and robustness metrics.
        """
        from surrogate.workflows.study_by_policy import StudyByPolicy

        return StudyByPolicy(self, column)

    def compare_with_reference(self, reference: Mapping[str, Any]) -> pd.DataFrame:
        """Say for each limit of the box on which side a reference future lies, and how far from it.

        Parameters
        ----------
        reference : mapping of str to value
            Today's best guess, or what a plan assumes, for all parameters that the box limits.

        Returns
        -------
        DataFrame
            See `surrogate.models.boxes.compare_with_reference`.
        """
        from surrogate.models.boxes import compare_with_reference

        return compare_with_reference(self.box, reference, self.space)

    @cached_property
    def emulator(self) -> Surrogate:
        """Emulators of the outputs that the condition names, fitted to the runs when first asked for.

        Raises
        ------
        ValueError
            If the case was not given as a condition on outputs that are numbers.
        """
        import pandas as pd

        from surrogate.workflows.question import part_of
        from surrogate.workflows.surrogate import Surrogate

        outputs = self._question.outputs
        if not outputs:
            raise ValueError(
                "case: an emulator needs outputs that are numbers, and the case names none. Give the case as a "
                "condition such as 'reliability < 0.9', or a simulator."
            )
        varied = part_of(self.space, [name for name in self.X if name in self.space.parameters])
        return Surrogate.from_runs(self.X[list(varied.names)], pd.DataFrame(outputs), varied, seed=self.seed)

    def worst_case(
        self,
        simulator: Any = None,
        *,
        outside: bool = False,
        output: str | None = None,
        minimize: bool = False,
        budget: int = 2000,
        seed: int | None = None,
    ) -> WorstCase:
        """Seek the worst future inside the box, or outside it, where the box may have missed something.

        Parameters
        ----------
        simulator : callable or fitted estimator, optional
            What is asked; by default `emulator`. Its answer is a guess: run the simulator at the point found.
        outside : bool, default False
        output : str, optional
            Which output; needed only if there are several.
        minimize : bool, default False
            Whether the smallest output is the worst.
        budget : int, default 2000
            How often the simulator is asked at most.
        seed : int, optional
            By default that of the study.

        Returns
        -------
        WorstCase
            `point`, `value`, and how the search went.
        """
        from surrogate.models.boxes import worst_case

        asked = self.emulator if simulator is None else simulator
        return worst_case(
            asked,
            self.space if simulator is not None else self.emulator.space,
            self.box,
            outside=outside,
            output=output,
            minimize=minimize,
            budget=budget,
            seed=self.seed if seed is None else seed,
        )

    def plot_tradeoff(self, ax: Axes | None = None) -> Axes:
        """Draw coverage and density of every box of the trajectory; see `surrogate.report.figures.plot_tradeoff`."""
        from surrogate.report.figures import plot_tradeoff

        return plot_tradeoff(self, ax)

    def plot_boxes(self, ax: Axes | None = None) -> Axes:
        """Draw what each box allows along the range of each input; see `surrogate.report.figures.plot_boxes`."""
        from surrogate.report.figures import plot_boxes

        return plot_boxes(self, ax)

    def plot_pairs(self, axes: Any = None, *, inputs: Sequence[str] | None = None) -> NDArray[Any]:
        """Draw the runs over pairs of inputs, with all boxes; see `surrogate.report.figures.plot_pairs`."""
        from surrogate.report.figures import plot_pairs

        return plot_pairs(self, axes, inputs=inputs)

    def report(self, path: str | PathLike[str], title: str | None = None, question: str | None = None) -> Path:
        """Write the study as one self-contained HTML page and return its path.

        Parameters
        ----------
        path : path
        title, question : str, optional
            What the page is called and what was asked; made from the case by default.
        """
        return self.to_report(title=title, question=question).write(path)

    def to_report(self, *, provenance: Mapping[str, Any] | None = None, **parts: Any) -> Report:
        """Return the study as a page that is not written yet.

        Parameters
        ----------
        provenance : mapping, optional
            Facts to print beside those of the runs; by default how this study was searched.
        **parts
            Other parts of the page, such as scorecards; see `surrogate.report.Report`.

        Returns
        -------
        Report
        """
        from surrogate.report import Report

        searched = {"discover": {"method": repr(self._finder), "seed": self.seed}}
        # Neither is shown where it would take longer than everything else together.
        curve = None if self._is_reds or len(self.X) > _MANY_RUNS else self.learning_curve()
        costs = self.drop_costs() if self.boxes and len(self.X) <= _MANY_RUNS else None
        evidence: dict[str, Any] = {"learning_curve": curve, "drop_costs": costs}
        return Report(
            runs=self.runs, study=self, provenance=searched if provenance is None else provenance, **evidence, **parts
        )

    def __repr__(self) -> str:
        return f"Study({len(self.X)} runs, base rate {self.base_rate:.3g}): " + " ".join(self.rules())

    def _repr_html_(self) -> str:
        from surrogate.report.notebook import study_html

        return study_html(self)

    @property
    def _is_reds(self) -> bool:
        from surrogate.models.boxes import REDS

        return isinstance(self._finder, REDS)
