"""The report: what was asked, what was found, and the evidence for it, as one HTML page."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from surrogate.report.page import render

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import ArrayLike

    from surrogate.space import Box, Space
    from surrogate.transfer import TransferSet
    from surrogate.validation import Scorecard


class Findings(Protocol):
    """What the report needs of a scenario discovery; `surrogate.workflows.Study` is one."""

    @property
    def X(self) -> pd.DataFrame:
        """Inputs of the runs that the boxes were sought in, a row a run."""

    @property
    def y(self) -> ArrayLike:
        """Case of interest per row of `X`: boolean, 0/1 or a probability."""

    @property
    def case(self) -> str | None:
        """The condition in words or as an expression, such as ``"reliability < 0.9"``."""

    @property
    def space(self) -> Space:
        """What may vary."""

    @property
    def trajectory(self) -> pd.DataFrame:
        """A row a box: coverage, density, mass, n_restricted and the ``heldout_`` columns."""

    @property
    def chosen(self) -> int:
        """Row number of the chosen box in `trajectory`."""

    @property
    def boxes(self) -> Sequence[Box]:
        """The chosen box, then those that cover what it leaves."""

    @property
    def search(self) -> Any:
        """The search, whose ``boxes_`` are the boxes of the trajectory, row for row."""

    @property
    def outputs(self) -> Mapping[str, ArrayLike]:
        """Outputs in numbers, row for row with `X`; empty where they are not known."""

    @property
    def lost(self) -> pd.DataFrame:
        """Inputs and status of the runs that failed, which `X` does not hold."""

    def rules(self) -> Any:
        """Return the boxes as sentences."""

    def stability(self) -> Any:
        """Return how often each limit is found again in resampled runs."""


@dataclass(frozen=True)
class Report:
    """One self-contained HTML page about a study.

    The page needs no network and no other file. Its own script, the only one that its security policy lets run, shows
    the other boxes of the trajectory and counts them for other cases; without scripts the page shows the chosen box.
    Equal arguments give equal bytes.

    Parameters
    ----------
    runs : TransferSet, optional
        The runs, with their failures and provenance.
    study : Findings, optional
        The scenario discovery, such as `surrogate.workflows.Study`. Without it the page tells of runs and emulators.
    scorecards : mapping of str to Scorecard, default={}
        One per emulated output.
    predictions : mapping of str to (observed, predicted), default={}
        Out-of-fold predictions per emulated output, each of shape (n,), for the parity figures.
    sensitivities : mapping of str to DataFrame, default={}
        Per emulated output a row an input, with columns first and total and their ``_low`` and ``_high``.
    convergence : mapping of str to DataFrame, default={}
        Per emulated output a row a number of runs, with columns n and q2, and optionally q2_low and q2_high.
    drop_costs : DataFrame, optional
        What dropping each limit of the chosen box costs, with ``heldout_density_loss`` by input.
    learning_curve : DataFrame, optional
        What boxes from different runs have in common, by the number of runs; see `Study.learning_curve`.
    title, question : str, optional
        What the page is called and what was asked; made from the case if absent.
    provenance : mapping, default={}
        Facts to print beside those of the runs, such as the seed of the search. Nested mappings are flattened.

    Examples
    --------
    >>> html = Report(title="Nothing has been run yet").to_html()
    >>> html.startswith("<!doctype html>"), "://" in html
    (True, False)
    """

    runs: TransferSet | None = None
    study: Findings | None = None
    scorecards: Mapping[str, Scorecard] = field(default_factory=dict)
    predictions: Mapping[str, tuple[ArrayLike, ArrayLike]] = field(default_factory=dict)
    sensitivities: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    convergence: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    drop_costs: pd.DataFrame | None = None
    learning_curve: pd.DataFrame | None = None
    title: str | None = None
    question: str | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def to_html(self) -> str:
        """Return the page."""
        return render(self)

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write the page, whole or not at all, and return its path.

        Raises
        ------
        OSError
            If the folder does not exist or cannot be written to; an older report at `path` is then untouched.
        """
        target = Path(path)
        if not target.parent.is_dir():
            raise FileNotFoundError(f"{target}: the folder {str(target.parent)!r} does not exist. Make it first.")
        if target.is_dir():
            raise IsADirectoryError(f"{target}: this is a folder. Name a file in it, such as {target / 'report.html'}.")
        page = self.to_html().encode()
        descriptor, scratch = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(page)
            # mkstemp makes a private file; a report is as readable as any file that its user writes.
            Path(scratch).chmod(0o666 & ~_umask())
            Path(scratch).replace(target)
        except BaseException:
            Path(scratch).unlink(missing_ok=True)
            raise
        return target


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
