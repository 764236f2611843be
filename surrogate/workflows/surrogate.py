"""The engineer's front door: a simulator and bounds in, a checked fast model out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from surrogate.workflows.evidenced_predictor import EvidencedPredictor

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    import pandas as pd

    from surrogate.design import Design
    from surrogate.models.emulators.selection import Prefer
    from surrogate.transfer import TransferSet
    from surrogate.workflows.fitted_field import FittedField
    from surrogate.workflows.fitted_output import FittedOutput


class Surrogate(EvidencedPredictor):
    """A fast model of a slow simulator, with intervals and a scorecard.

    Made by `fit` (runs the simulator), `from_runs` (has the runs) or `load` (has the model), not by calling the class.
    Each output has its own emulator, chosen by cross-validation. A surrogate is itself a simulator, so that
    ``collect(model, design=...)`` asks it like any other.

    Attributes
    ----------
    space : Space
        What may vary.
    outputs : tuple of str
        Names of all outputs: those that are numbers, in the order of the columns of `predict`, then the fields.
    output_names, fields : tuple of str
        The two apart.
    scorecards : dict of str to Scorecard
        A scorecard an output; a `FieldScorecard` for a field.

    Examples
    --------
    >>> model = Surrogate.fit(lambda x, y: x**2 + y, {"x": (-1.0, 1.0), "y": (0.0, 1.0)}, n=30, seed=0)
    >>> model.predict([[0.5, 0.25]]).round(2)
    array([0.5])
    >>> model.scorecard.q2 > 0.99
    True
    """

    # Making one -----------------------------------------------------------------------------------------------------

    @classmethod
    def fit(
        cls,
        simulator: Any,
        bounds: Any = None,
        design: Design | pd.DataFrame | int | None = None,
        *,
        n: int | None = None,
        budget: int | None = None,
        target: float | None = None,
        level: float | Mapping[str, float] | None = None,
        noise: float | str | Mapping[str, float | str] | None = None,
        cheap: Any = None,
        n_cheap: int | None = None,
        prefer: Prefer = "accuracy",
        seed: int | None = None,
        **running: Any,
    ) -> Self:
        """Run a simulator at well-chosen points and fit a model to its answers.

        Parameters
        ----------
        simulator : callable
            What to replace; see `surrogate.simulation`.
        bounds : bounds, optional
            What may vary: a dict ``name -> (low, high) | Real | Integer | Categorical | scipy frozen distribution``, a
            list of pairs, a SALib problem or a Space. Default: the simulator's own ``space``.
        design : Design, int or DataFrame, optional
            Where to run. Default: a Latin hypercube of `n` points.
        n : int, optional
            Number of points to run at, default ``max(30, 10 d)`` for d inputs: enough to fit most smooth simulators
            well (Loeppky et al. 2009).
        budget : int, optional
            Most runs. With `target` or `level` they are made in batches, each where the model of the runs before is
            expected to err (see `surrogate.design.infill.Infill`), after a first design of `n` points, by default
            ``min(4 d, 36)`` and at least 10. Without, the budget is used at once. Below 60 points batches fill the
            space.
        target : float, optional
            Q2 of every output at which to stop; with `level`, the share of points on the right side of it. Points
            chosen by infill are not like others, so it is measured on a batch of its own that fills the space (a fifth
            of the runs, 24 to 100), which neither infill nor the choice of an emulator has seen; in the end the model
            is fitted to all runs, and the scorecard says how many were held out. The check that ends the rounds is also
            the score that is reported, hence slightly high. Needs `budget`.
        level : float or dict of str to float, optional
            Of the output, or by output: runs are made where it is uncertain on which side of it the output lies, for
            its boundary rather than for all values. Needs `budget`, at least 60 points.
        noise : float, str, or dict of these by output, optional
            Standard deviation of the error of each answer, where it is known, as of a Monte Carlo simulation. Text is
            the name of an output that holds it run by run; it is not fitted then. Not together with `target` or
            `level`. Left out, noise is estimated, from `replicates` if there are some.
        cheap : callable, Surrogate or TransferSet, optional
            A cheap variant of the simulator over the same space, as a coarse mesh gives it, or what is known of it: it
            is run first, more often, and its answers become one more input of the model, so that few expensive runs are
            enough. Whether they help is for cross-validation to say. Not together with `target` or `level`.
        n_cheap : int, optional
            Number of runs of `cheap`, default 5 an expensive one and at least 20 an input. With a `store` they are kept
            beside it: those of "wing.runs" in "wing.cheap.runs".
        prefer : {"accuracy", "speed", "small"}, default "accuracy"
            What the choice between emulators is for; see `surrogate.models.emulators.selection.select`.
        seed : int, optional
            Of the design, the runs and the fit. Default 0, so that the same call gives the same model and, with a
            `store`, resumes.
        **running
            How to run: store, executor, timeout, isolation, retries, replicates, policies, max_failed, on_change and
            progress, as in `surrogate.collect`. With policies, the policy is one more input of the model.

        Returns
        -------
        Surrogate

        Raises
        ------
        ValueError, TypeError
            Naming the argument that is wrong. An error after runs were made carries them as ``.runs``.

        References
        ----------
        Loeppky, J. L., Sacks, J., Welch, W. J. (2009). Choosing the sample size of a computer experiment: a practical
        guide. Technometrics 51(4), 366-376.
        """
        from surrogate.workflows import sampling

        return sampling.fit(  # type: ignore[no-any-return]
            cls, simulator, bounds, design, n=n, budget=budget, target=target, level=level, noise=noise, cheap=cheap,
            n_cheap=n_cheap, prefer=prefer, seed=seed, running=running,
        )  # fmt: skip

    @classmethod
    def from_runs(
        cls,
        X: Any,
        y: Any = None,
        bounds: Any = None,
        *,
        cheap: Surrogate | TransferSet | None = None,
        noise: Any = None,
        prefer: Prefer = "accuracy",
        seed: int | None = None,
    ) -> Self:
        """Fit a model to runs that were already made.

        Parameters
        ----------
        X : TransferSet, DataFrame or array_like of shape (n, d)
            Runs, or their inputs.
        y : array_like of shape (n,) or (n, k), Series, DataFrame, dict, str or list of str, optional
            Outputs; runs with NaN count as failed and are left out. A field is an array (n, ...) in a dict:
            ``{"lift": lift, "Cp": Cp}``. Text names the columns of `X` that are outputs. Left out when `X` is a
            TransferSet, which has its own; text then picks some of them.
        bounds : bounds, optional
            What may vary. Default: the TransferSet's space, that of `cheap`, or the range of the runs.
        cheap : Surrogate or TransferSet, optional
            Of a cheap variant of the simulator over the same space, with an output of the same name (or one output
            only), from many runs: its answers become one more input, so that few runs of this one are enough. Whether
            they help is for cross-validation to say.
        noise : float, str, array_like of shape (n,), or dict of these by output, optional
            Standard deviation of the error of each answer, where it is known: the same for all runs, run by run, or the
            name of an output or a column of `X` that holds it. Used up to 2,000 runs.
        prefer : {"accuracy", "speed", "small"}, default "accuracy"
            What the choice between emulators is for.
        seed : int, optional
            Of the folds and the fit, default 0.

        Returns
        -------
        Surrogate

        Raises
        ------
        ValueError, TypeError
            Naming the argument that is wrong.

        Examples
        --------
        >>> X = np.linspace(0.0, 3.0, 30)[:, None]
        >>> model = Surrogate.from_runs(X, np.sin(X[:, 0]))
        >>> abs(model.predict([[1.5]])[0] - np.sin(1.5)) < 0.01
        np.True_
        """
        from surrogate.design.design import check_seed
        from surrogate.models.emulators.selection import check_preference
        from surrogate.transfer import TransferSet
        from surrogate.workflows.noise import of_columns
        from surrogate.workflows.sampling import read_runs

        check_preference(prefer)
        seed = check_seed(seed) or 0
        if cheap is not None and bounds is None and y is not None:
            bounds = cheap.space
        noise, X = of_columns(noise, X)
        runs, outputs = read_runs(X, y, bounds)
        if isinstance(cheap, TransferSet):
            cheap = cls.from_runs(cheap, seed=seed)
        return cls._fit_runs(runs, outputs, prefer, seed, cheap, noise)

    @classmethod
    def _fit_runs(
        cls,
        runs: TransferSet,
        outputs: tuple[str, ...],
        prefer: Prefer,
        seed: int,
        cheap: Surrogate | None = None,
        noise: Any = None,
    ) -> Self:
        from surrogate.models.emulators.orthogonal_basis import declared_bases
        from surrogate.workflows.cheap_variant import cheap_record
        from surrogate.workflows.domain import Domain
        from surrogate.workflows.fitted_field import FittedField
        from surrogate.workflows.fitted_output import FittedOutput
        from surrogate.workflows.noise import read_noise

        stds, outputs = read_noise(noise, runs, outputs)
        features = runs.space.features(runs.X)
        bases = declared_bases(runs.space)
        n_failed = len(runs.inputs) - len(runs)
        fitted: dict[str, FittedOutput | FittedField] = {}
        for name in outputs:
            how: dict[str, Any] = {"n_failed": n_failed, "prefer": prefer, "seed": seed, "bases": bases}
            if name in runs.fields:
                fitted[name] = FittedField.fit(name, features, runs.fields[name], **how)
            else:
                y = np.asarray(runs[name], dtype=float)
                how |= {"cheap": cheap_record(cheap, name, runs.space), "noise": stds.get(name)}
                fitted[name] = FittedOutput.fit(name, features, y, **how)
        return cls(runs.space, fitted, Domain.fit(features), runs)

    def cost_card(self) -> pd.DataFrame:
        """Measure what the model costs, beside the simulator and the candidates that were not chosen.

        Returns
        -------
        DataFrame
            Rows: "simulator" (where the model has its runs), "predict" (this model, checks included), "fast" (its
            compiled form for one row, where there is one), and every candidate of every output as it was measured when
            the choice was made. Columns: parameters, memory_bytes, disk_bytes (of the model file), one_row_us and
            one_row_p95_us (median and 95th percentile of a call with one row, in microseconds), rows_a_second (in
            batches) and speed_up (of one row, over the simulator). NaN where something was not measured.
        """
        from surrogate.workflows.cost_card import cost_card

        return cost_card(self, None if self._transfer is None else self._transfer.seconds)

    # Keeping it -----------------------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the model to a file that `load` reads without running anything in it.

        Parameters
        ----------
        path : path
            Commonly ``*.surrogate``. The runs are not part of the file. A constraint that is a Python function is
            stored by name only and not checked by `in_domain` after loading; one that is text is.
        """
        from surrogate.workflows.saved import save

        save(path, self.space, self._fitted, self._domain, self.provenance)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Read a model from a file; it predicts the very same bits.

        Parameters
        ----------
        path : path
            As given to `save`.

        Returns
        -------
        Surrogate

        Raises
        ------
        ValueError
            If the file is damaged, foreign, unsafe or newer than this program.
        """
        from surrogate.workflows.saved import load

        space, fitted, domain, provenance = load(path)
        return cls(space, fitted, domain, provenance=provenance)

    def export(self, path: str | os.PathLike[str], *, fmi: int = 2) -> None:
        """Write the model for use elsewhere, in the form that the suffix of `path` names.

        The file is first run on this machine, on random rows and on rows on and beside every threshold; what was
        compared stands in its head.

        Parameters
        ----------
        path : path
            ``*.py`` (needs numpy alone), ``*.c`` (C99, needs nothing), ``*.js``, ``*.onnx`` (needs the extra
            ``onnx``), ``*.fmu`` (needs a C compiler and the extra ``fmu``), ``*.sql`` (trees only), or
            ``*.surrogate``, the model file as `save` writes it. All but the last take inputs in natural units, in the
            order of ``space.names``, and answer as `predict(X)` does: without intervals, and without fields.
        fmi : {2, 3}, default 2
            Version of the standard of an FMU; more programs read 2.

        Raises
        ------
        ValueError
            If there is no export for the suffix or for the kind of model.
        surrogate.export.ExportError
            If the file would not give this model's numbers; nothing is written then.
        """
        from pathlib import Path

        from surrogate.export import export_model
        from surrogate.workflows.saved import check_folder

        check_folder(path)
        if Path(path).suffix == ".surrogate":
            self.save(path)
        else:
            export_model(path, self.space, self._records(), fmi=fmi)
