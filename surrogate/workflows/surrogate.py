"""The engineer's front door: a simulator and bounds in, a checked fast model out."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from surrogate.workflows.dask_rows import is_dask, map_rows

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.design import Design
    from surrogate.export.one_row import OneRow
    from surrogate.models.emulators.selection import Prefer
    from surrogate.space import Space
    from surrogate.transfer import TransferSet
    from surrogate.validation import Scorecard
    from surrogate.workflows.domain import Domain
    from surrogate.workflows.fitted_output import FittedOutput


class Surrogate:
    """A fast model of a slow simulator, with intervals and a scorecard.

    Made by `fit` (runs the simulator), `from_runs` (has the runs) or `load` (has the model), not by calling the class.
    Each output has its own emulator, chosen by cross-validation. A surrogate is itself a simulator, so that
    ``collect(model, design=...)`` asks it like any other.

    Attributes
    ----------
    space : Space
        What may vary.
    outputs : tuple of str
        Names of the outputs, in the order of the columns of `predict`.
    scorecards : dict of str to Scorecard
        A scorecard an output.

    Examples
    --------
    >>> model = Surrogate.fit(lambda x, y: x**2 + y, {"x": (-1.0, 1.0), "y": (0.0, 1.0)}, n=30, seed=0)
    >>> model.predict([[0.5, 0.25]]).round(2)
    array([0.5])
    >>> model.scorecard.q2 > 0.99
    True
    """

    vectorized = True

    def __init__(
        self, space: Space, fitted: Mapping[str, FittedOutput], domain: Domain, transfer: TransferSet | None = None
    ) -> None:
        self.space = space
        self.outputs = tuple(fitted)
        self.scorecards: dict[str, Scorecard] = {name: one.scorecard for name, one in fitted.items()}
        self._fitted = dict(fitted)
        self._domain = domain
        self._transfer = transfer

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
        level: float | None = None,
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
            Most runs. With `target`, batches are added to the first n until the target or the budget is reached;
            without, the budget is used at once.
        target : float, optional
            Cross-validated Q2 of every output at which to stop. Needs `budget`.
        level : float, optional
            Not available yet: put no value here.
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
            cls, simulator, bounds, design, n=n, budget=budget, target=target, level=level, prefer=prefer, seed=seed,
            running=running,
        )  # fmt: skip

    @classmethod
    def from_runs(
        cls, X: Any, y: Any = None, bounds: Any = None, *, prefer: Prefer = "accuracy", seed: int | None = None
    ) -> Self:
        """Fit a model to runs that were already made.

        Parameters
        ----------
        X : TransferSet, DataFrame or array_like of shape (n, d)
            Runs, or their inputs.
        y : array_like of shape (n,) or (n, k), Series, DataFrame, str or list of str, optional
            Outputs; runs with NaN count as failed and are left out. Text names the columns of `X` that are outputs.
            Left out when `X` is a TransferSet, which has its own; text then picks some of them.
        bounds : bounds, optional
            What may vary. Default: the TransferSet's space, or the range of the runs.
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
        from surrogate.workflows.sampling import read_runs

        check_preference(prefer)
        seed = check_seed(seed) or 0
        runs, outputs = read_runs(X, y, bounds)
        return cls._fit_runs(runs, outputs, prefer, seed)

    @classmethod
    def _fit_runs(cls, runs: TransferSet, outputs: tuple[str, ...], prefer: Prefer, seed: int) -> Self:
        from surrogate.workflows.domain import Domain
        from surrogate.workflows.fitted_output import FittedOutput

        features = runs.space.features(runs.X)
        n_failed = len(runs.inputs) - len(runs)
        fitted = {
            name: FittedOutput.fit(
                name, features, np.asarray(runs[name], dtype=float), n_failed=n_failed, prefer=prefer, seed=seed
            )
            for name in outputs
        }
        return cls(runs.space, fitted, Domain.fit(features), runs)

    # Asking it ------------------------------------------------------------------------------------------------------

    def predict(self, X: Any, return_std: bool = False, *, output: str | None = None) -> Any:
        """Answer in place of the simulator.

        Parameters
        ----------
        X : array_like of shape (n, d), DataFrame, dask array or dask DataFrame
            Inputs; DataFrames are matched by name, arrays by position.
        return_std : bool, default False
            Also return a standard deviation: the model's own, or the size of its errors on unseen runs where it has
            none. For limits that hold use `interval`.
        output : str, optional
            Only this output.

        Returns
        -------
        ndarray of shape (n,) for one output, (n, k) for several, or a pair of them with `return_std`
            Dask collections give Dask collections.

        Raises
        ------
        ValueError
            For wrong widths, missing names, NaN, and unknown outputs.
        """
        if is_dask(X):
            ask = partial(self._portable().predict, output=output)
            mean = map_rows(X, ask, self._columns(output))
            if not return_std:
                return mean
            return mean, map_rows(X, partial(_std, self._portable(), output), self._columns(output))
        features = self.space.features(X)
        chosen = self._chosen(output)
        mean = _side_by_side([one.record.predict(features) for one in chosen], output)
        return (mean, _side_by_side([one.std(features) for one in chosen], output)) if return_std else mean

    def interval(self, X: Any, coverage: float = 0.95, *, output: str | None = None) -> tuple[Any, Any]:
        """Limits between which the simulator's answer lies with probability `coverage`.

        Conformal: made from errors on runs that the model had not seen, without assumptions about their distribution.
        The promise is an average over points like the runs; see `in_domain` for others.

        Parameters
        ----------
        X : array_like of shape (n, d), DataFrame, dask array or dask DataFrame
            Inputs.
        coverage : float, default 0.95
            Between 0 and 1.
        output : str, optional
            Only this output.

        Returns
        -------
        lower, upper : ndarray of shape (n,) for one output, (n, k) for several
            Infinite where there are too few runs for the promise: 0.95 needs 19, 0.99 needs 99.

        Raises
        ------
        ValueError
            For a `coverage` that is no share, and as `predict`.
        """
        if is_dask(X):
            sides = [
                map_rows(X, partial(_limit, self._portable(), coverage, output, i), self._columns(output))
                for i in (0, 1)
            ]
            return sides[0], sides[1]
        features = self.space.features(X)
        limits = [one.interval(features, coverage) for one in self._chosen(output)]
        return _side_by_side([low for low, _ in limits], output), _side_by_side([high for _, high in limits], output)

    def in_domain(self, X: Any) -> Any:
        """Whether the model has runs to stand on.

        Parameters
        ----------
        X : array_like of shape (n, d), DataFrame, dask array or dask DataFrame
            Inputs.

        Returns
        -------
        ndarray of bool, shape (n,)
            True inside the limits and constraints of the space, and near a run; see
            `surrogate.workflows.domain.Domain`.
        """
        if is_dask(X):
            return map_rows(X, self._portable().in_domain, None, np.bool_)
        return self.space.contains(X) & self._domain.contains(self.space.features(X))

    def gradient(self, X: Any, *, output: str | None = None) -> NDArray[np.float64]:
        """Return the derivatives of the prediction.

        Parameters
        ----------
        X : array_like of shape (n, d) or DataFrame
            Inputs.
        output : str, optional
            Only this output.

        Returns
        -------
        ndarray of shape (n, d) for one output, (n, k, d) for several
            Per unit of each input, in the order of ``space.names``. Integers are treated as if continuous; categories
            have no derivative: NaN.

        Raises
        ------
        NotImplementedError
            If the chosen kind of model has no analytic derivatives.
        """
        from surrogate.workflows.derivatives import per_input

        frame = self.space.frame(X)
        features = self.space.features(frame)
        slopes = [per_input(self.space, frame, one.record.gradient(features)) for one in self._chosen(output)]
        return slopes[0] if len(slopes) == 1 else np.stack(slopes, axis=1)

    def __call__(self, X: Any = None, /, **columns: Any) -> dict[str, NDArray[np.float64]]:
        """Answer as a vectorised simulator: one array (n, d), or a column (n,) an input by name."""
        rows = X if X is not None else {name: np.atleast_1d(column) for name, column in columns.items()}
        answers = np.reshape(self.predict(rows), (-1, len(self.outputs)))
        return {name: answers[:, i] for i, name in enumerate(self.outputs)}

    # Knowing it -----------------------------------------------------------------------------------------------------

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
    def out_of_fold(self) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        """What the runs answered and what was predicted of each without its fold, two arrays (n,) an output.

        Raises
        ------
        AttributeError
            After `load`: a model file holds no runs.
        """
        pairs = {name: one.out_of_fold for name, one in self._fitted.items() if one.out_of_fold is not None}
        if not pairs:
            raise AttributeError("out_of_fold: a model file holds no runs. Fit the model again to their store.")
        return pairs

    def sensitivity(self, output: str | None = None, seed: int = 0) -> pd.DataFrame:
        """First-order and total Sobol' indices of the inputs, by asking the model.

        Parameters
        ----------
        output : str, optional
            Default: the first or only output.
        seed : int, default 0
            Of the sample.

        Returns
        -------
        DataFrame
            A row an input; columns first, first_low, first_high, total, total_low, total_high.

        Raises
        ------
        ValueError
            If the space has constraints, or `output` is unknown.
        """
        from surrogate.workflows.sensitivity import sobol_indices

        name = self.outputs[0] if output is None else output
        return sobol_indices(partial(self.predict, output=name), self.space, seed)

    def __repr__(self) -> str:
        lines = [f"Surrogate of {len(self.space)} inputs ({', '.join(self.space.names)})"]
        lines += [f"  {name}: {card.kind}, {card.verdict}" for name, card in self.scorecards.items()]
        return "\n".join(lines)

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

        save(path, self.space, self._fitted, self._domain)

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

        return cls(*load(path))

    def export(self, path: str | os.PathLike[str]) -> None:
        """Write the model for use elsewhere, in the form that the suffix of `path` names.

        The file is first run on this machine, on random rows and on rows on and beside every threshold; what was
        compared stands in its head.

        Parameters
        ----------
        path : path
            ``*.py`` (needs numpy alone), ``*.c`` (C99, needs nothing), ``*.js``, ``*.onnx`` (needs the extra
            ``onnx``), ``*.fmu`` (needs a C compiler and the extra ``fmu``), ``*.sql`` (trees only), or
            ``*.surrogate``, the model file as `save` writes it. All but the last take inputs in natural units, in the
            order of ``space.names``, and answer predictions only, without intervals.

        Raises
        ------
        ValueError
            If there is no export for the suffix or for the kind of model.
        surrogate.export.ExportError
            If the file would not give this model's numbers; nothing is written then.
        """
        from pathlib import Path

        from surrogate.export import export_model

        if Path(path).suffix == ".surrogate":
            self.save(path)
        else:
            export_model(path, self.space, {name: one.record for name, one in self._fitted.items()})

    @cached_property
    def fast(self) -> OneRow:
        """Compiled function of one row, for controllers and optimisers.

        ``model.fast(x)`` takes the inputs in the order of ``space.names`` and returns a float, or an array of shape
        (k,) for several outputs, within 1e-12 of what is added up in `predict` and without its checks: what is no
        number, or no category, gives NaN. Threads may share it. It is compiled when first asked for, which takes
        seconds on a machine that has not done so before.
        """
        from surrogate.export.one_row import OneRow
        from surrogate.export.portable import Portable

        return OneRow(Portable(self.space, {name: one.record for name, one in self._fitted.items()}))

    # Helpers --------------------------------------------------------------------------------------------------------

    def _chosen(self, output: str | None) -> list[FittedOutput]:
        if output is not None and output not in self._fitted:
            is_field = self._transfer is not None and output in self._transfer.fields
            hint = " It is a field, which cannot be fitted yet: let the simulator return numbers made from it."
            known = ", ".join(map(repr, self.outputs))
            raise ValueError(f"output: one of {known} is known; got {output!r}.{hint if is_field else ''}")
        return list(self._fitted.values()) if output is None else [self._fitted[output]]

    def _columns(self, output: str | None) -> tuple[str, ...] | None:
        """Names of the columns of an answer, None if it has one number a row."""
        self._chosen(output)
        return None if output is not None or len(self.outputs) == 1 else self.outputs

    def _portable(self) -> Surrogate:
        """Return the model without the runs, which no worker needs."""
        return Surrogate(self.space, self._fitted, self._domain)


def _side_by_side(columns: list[NDArray[np.float64]], output: str | None) -> NDArray[np.float64]:
    return columns[0] if len(columns) == 1 else np.stack(columns, axis=1)


def _std(model: Surrogate, output: str | None, X: Any) -> Any:
    return model.predict(X, return_std=True, output=output)[1]


def _limit(model: Surrogate, coverage: float, output: str | None, side: int, X: Any) -> Any:
    return model.interval(X, coverage, output=output)[side]
