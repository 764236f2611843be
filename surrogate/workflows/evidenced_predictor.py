"""What a surrogate knows about itself: how good it is, what it comes from, and what its inputs do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from surrogate.workflows.predictor import Predictor

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from surrogate.space import Space
    from surrogate.transfer import TransferSet
    from surrogate.validation import Scorecard
    from surrogate.workflows.domain import Domain
    from surrogate.workflows.fitted_field import FittedField
    from surrogate.workflows.fitted_output import FittedOutput


class EvidencedPredictor(Predictor):
    """A fitted model with the evidence for it: scorecards, the runs where there are some, tables and plots.

    Attributes
    ----------
    scorecards : dict of str to Scorecard
        A scorecard an output; a `FieldScorecard` for a field.
    """

    def __init__(
        self,
        space: Space,
        fitted: Mapping[str, FittedOutput | FittedField],
        domain: Domain,
        transfer: TransferSet | None = None,
        *,
        provenance: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(space, fitted, domain)
        self._provenance = provenance
        self.scorecards: dict[str, Scorecard] = {
            name: replace(self._fitted[name].scorecard, n_outputs=len(fitted)) for name in self.outputs
        }
        self._transfer = transfer
        self._history: tuple[dict[str, Any], ...] = ()

    @property
    def scorecard(self) -> Scorecard:
        """Scorecard of the first output, or the only one; `scorecards` has all."""
        return self.scorecards[self.outputs[0]]

    @property
    def transfer(self) -> TransferSet:
        """The runs that the model was fitted to.

        Raises
        ------
        AttributeError
            After `load`: a model file holds no runs.
        """
        if self._transfer is None:
            raise AttributeError("transfer: a model file holds no runs. Open their store: TransferSet.open(path).")
        return self._transfer

    @property
    def provenance(self) -> dict[str, Any]:
        """Where the model comes from: simulator and its fingerprint, design, number of runs, versions; it is saved."""
        if self._transfer is None:
            return dict(self._provenance or {})
        facts = ("simulator", "fingerprint", "design", "versions")
        kept = {name: self._transfer.provenance.get(name) for name in facts}
        return {**kept, "runs": len(self._transfer), "planned": len(self._transfer.inputs)}

    @property
    def out_of_fold(self) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """What the runs answered and what was predicted of each without its fold, two arrays (n,) an output.

        Fields are left out, which are too large to keep twice.

        Raises
        ------
        AttributeError
            After `load`: a model file holds no runs.
        """
        found = ((name, getattr(self._fitted[name], "out_of_fold", None)) for name in self.output_names)
        pairs = {name: pair for name, pair in found if pair is not None}
        if not pairs and self.output_names:
            raise AttributeError("out_of_fold: a model file holds no runs. Fit the model again to their store.")
        return pairs

    @property
    def convergence(self) -> dict[str, pd.DataFrame]:
        """How good the model was at each number of runs, a table an output, for `surrogate.report.plot_convergence`.

        Columns n (runs), q2, q2_low and q2_high (95 % bootstrap interval), misclassified with its limits (share on the
        wrong side of a level), and evidence: "leave-one-out" (errors at the runs that infill chose, each weighed by the
        share of the space next to it: a guide for the search), "held-out" (runs that infill never used: what counts)
        or "cross-validation" (all runs fill the space).
        """
        import pandas as pd

        rows = list(self._history) or self._history_row()
        tables = pd.DataFrame(rows).groupby("output", sort=False)
        return {str(name): table.drop(columns="output").reset_index(drop=True) for name, table in tables}

    def _history_row(self) -> list[dict[str, Any]]:
        """Return what the scorecards say, a row an output."""
        cards = self.scorecards.items()
        return [
            {"output": name, "n": card.n + card.n_failed, "q2": card.q2, "q2_low": card.q2_interval[0],
             "q2_high": card.q2_interval[1], "evidence": "held-out" if card.n_held_out else "cross-validation"}
            for name, card in cards
        ]  # fmt: skip

    def sensitivity(self, output: str | None = None, *, second_order: bool = False, seed: int = 0) -> pd.DataFrame:
        """First-order and total Sobol' indices of the inputs, with intervals that hold the model's own error.

        See `surrogate.workflows.model_sensitivity.sobol_indices` for how, and `surrogate.workflows.sensitivity` for
        indices from runs without a model.

        Parameters
        ----------
        output : str, optional
            One output, a number or a field. Default: all outputs.
        second_order : bool, default False
            Also the indices of pairs of inputs.
        seed : int, default 0
            Of the sample.

        Returns
        -------
        DataFrame
            A row an input, or an output and input if there are several outputs; columns first, first_low, first_high,
            total, total_low, total_high (95 % intervals).

        Raises
        ------
        ValueError
            If the space has constraints, or `output` is unknown.
        """
        from surrogate.workflows.model_sensitivity import sobol_indices

        self._chosen(output or self.outputs[0])
        names = self.outputs if output is None else (output,)
        return sobol_indices(self.space, {name: self._fitted[name] for name in names}, second_order, seed)

    def plot_parity(self, output: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw out-of-fold predictions of an output (by default the first) over what the simulator answered."""
        from surrogate.report.figures import plot_parity

        name = self.outputs[0] if output is None else output
        self._chosen(name)
        return plot_parity(*self.out_of_fold[name], ax, output=name)

    def plot_sensitivity(self, output: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw what each input explains of an output, alone and with interactions."""
        from surrogate.report.figures import plot_sensitivity

        return plot_sensitivity(self.sensitivity(output or self.outputs[0]), ax)

    def plot_convergence(self, ax: Axes | None = None) -> Axes:
        """Draw how good the model was at each number of runs, a line an output."""
        from surrogate.report.figures import plot_convergence

        return plot_convergence(self.convergence, ax)

    def _repr_html_(self) -> str:
        from surrogate.report.notebook import surrogate_html

        return surrogate_html(self.space.names, self.scorecards)

    def __repr__(self) -> str:
        lines = [f"Surrogate of {len(self.space)} inputs ({', '.join(self.space.names)})"]
        lines += [f"  {name}: {card.kind}, {card.verdict}" for name, card in self.scorecards.items()]
        return "\n".join(lines)
