"""The answer of a scenario discovery, with its evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.simulation import Status
from surrogate.space import Box

if TYPE_CHECKING:
    from os import PathLike
    from pathlib import Path

    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.models.boxes import BoxFinder
    from surrogate.models.boxes.columns import Columns
    from surrogate.space import Space
    from surrogate.transfer import TransferSet
    from surrogate.workflows.question import Question


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
        A row a box of `search`: n, k, coverage, density, mass, n_restricted, and coverage and density on held-out
        runs with their 95 % intervals (``heldout_coverage``, ``heldout_coverage_low``, ``heldout_coverage_high``,
        ``heldout_density``, ...).
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

    @property
    def base_rate(self) -> float:
        """Share of cases among all runs."""
        return float(self.y.mean())

    def rules(self) -> list[str]:
        """Return each box as a sentence with counts, in natural units.

        Numbers are rounded to the fewest digits with which no run changes sides.
        """
        if not self.boxes:
            return [self._nothing()]
        return [
            self._sentence(i, box, row) for i, (box, row) in enumerate(zip(self.boxes, self._evidence, strict=True))
        ]

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
            rows.append((inside + lost, lost, slow, _share(lost, inside), _share(outside[1], outside[0])))
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

    def stability(self, n_resamples: int | None = None, seed: int | None = None) -> pd.DataFrame:
        """Say how often each parameter is limited again when the search is repeated on random halves of the runs.

        Parameters
        ----------
        n_resamples : int, optional
            By default 50; 10 for REDS, which fits an emulator in each.
        seed : int, optional
            By default that of the study.

        Returns
        -------
        DataFrame
            A row a parameter: `limited` in the chosen box, `reproduced_coverage`, `reproduced_density` (shares of
            the halves) and the positions of its limits; see `surrogate.models.boxes.evidence.stability.resample`.
        """
        from sklearn.base import clone

        from surrogate.models.boxes import REDS
        from surrogate.models.boxes.evidence.stability import resample

        row = self.trajectory.iloc[self.chosen]
        finder = self._finder
        if isinstance(finder, REDS):
            # A half of the runs may teach too little; that is what is asked here, and no error.
            finder = clone(finder).set_params(gate=False, space=self.space)
        table = resample(
            finder,
            self._columns,
            self.y,
            float(row["coverage"]),
            float(row["density"]),
            n_resamples=n_resamples or (10 if isinstance(self._finder, REDS) else 50),
            seed=self.seed if seed is None else seed,
        )
        table.insert(0, "limited", table.index.isin(list(self.box.limits)))
        return table

    def report(self, path: str | PathLike[str], title: str | None = None, question: str | None = None) -> Path:
        """Write the study as one self-contained HTML page and return its path.

        Parameters
        ----------
        path : path
        title, question : str, optional
            What the page is called and what was asked; made from the case by default.
        """
        from surrogate.report import Report

        provenance = {"discover": {"method": repr(self._finder), "seed": self.seed}}
        return Report(runs=self.runs, study=self, title=title, question=question, provenance=provenance).write(path)

    def __repr__(self) -> str:
        return f"Study({len(self.X)} runs, base rate {self.base_rate:.3g}): " + " ".join(self.rules())

    def _repr_html_(self) -> str:
        from html import escape

        items = "".join(f"<li>{escape(rule)}</li>" for rule in self.rules())
        return f"<p>{len(self.X)} runs, base rate {self.base_rate:.3g}</p><ul>{items}</ul>"

    def _case_text(self) -> str:
        return self.case if self.case is not None else "the case"

    def _nothing(self) -> str:
        best = self.trajectory.iloc[int(self.trajectory["heldout_density_low"].to_numpy().argmax())]
        return (
            f"No box says more about when {self._case_text()} holds than the base rate of {self.base_rate:.2f}: the "
            f"densest one on held-out runs has a density of {_interval(best, 'density')} there, not surely above it."
        )

    def _sentence(self, number: int, box: Box, row: pd.Series[Any]) -> str:
        """Count a box in the runs outside the boxes before it."""
        left = np.logical_and.reduce([np.ones(len(self.X), bool), *(~b.contains(self.X) for b in self.boxes[:number])])
        inside = left & box.contains(self.X)
        n, k, all_k = int(inside.sum()), float(self.y[inside].sum()), float(self.y.sum())
        runs, another = ("runs", "") if number == 0 else ("runs outside the boxes before", "another ")
        limits = box.to_text(_digits(box, self.X))
        return (
            f"In {k:.6g} of the {n} {runs} with {limits} ({100 * k / n:.0f} of 100), {self._case_text()} holds; "
            f"this covers {another}{100 * k / all_k:.0f} % of all {all_k:.6g} cases; on held-out {runs} "
            f"density {_interval(row, 'density')}, coverage {_interval(row, 'coverage')}.{self._failed_text(number)}"
        )

    def _failed_text(self, number: int) -> str:
        row = self.failures().iloc[number]
        if not row["failed"]:
            return ""
        slow = f", {int(row['timeout'])} of them by a timeout," if row["timeout"] else ""
        return (
            f" Of the {int(row['runs'])} runs that were made with these limits, {int(row['failed'])}{slow} failed "
            f"({_percent(row['share'])}, elsewhere {_percent(row['elsewhere'])}) and are not counted."
        )


def _digits(box: Box, X: pd.DataFrame) -> int:
    """Return the fewest significant digits, at least three, with which no row changes sides."""
    inside = box.contains(X)
    for digits in range(3, 17):
        limits = {
            name: limit if isinstance(limit, frozenset) else tuple(float(f"{end:.{digits}g}") for end in limit)
            for name, limit in box.limits.items()
        }
        in_order = all(isinstance(limit, frozenset) or limit[0] <= limit[1] for limit in limits.values())
        if in_order and (Box(limits, names=box.names).contains(X) == inside).all():
            return digits
    return 17


def _share(part: int, rest: int) -> float:
    return part / (part + rest) if part else 0.0


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def _interval(row: pd.Series[Any], what: str) -> str:
    value, low, high = (float(row[f"heldout_{what}{end}"]) for end in ("", "_low", "_high"))
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"
