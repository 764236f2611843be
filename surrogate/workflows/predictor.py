"""What answers in place of a simulator: fitted outputs over a space, without the runs."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.workflows.dask_rows import is_dask, map_rows
from surrogate.workflows.fitted_field import FittedField
from surrogate.workflows.row_blocks import blocks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from surrogate.export.one_row import OneRow
    from surrogate.models.records import Record
    from surrogate.space import Space
    from surrogate.workflows.domain import Domain
    from surrogate.workflows.fitted_output import FittedOutput


class Predictor:
    """A fitted model without its runs, which is all that a worker or a model file needs.

    Attributes
    ----------
    space : Space
        What may vary.
    outputs : tuple of str
        Names of all outputs.
    output_names : tuple of str
        Names of the outputs that are numbers, in the order of the columns of `predict`.
    fields : tuple of str
        Names of the outputs that are arrays.
    """

    vectorized = True

    def __init__(self, space: Space, fitted: Mapping[str, FittedOutput | FittedField], domain: Domain) -> None:
        self.space = space
        self.fields = tuple(name for name, one in fitted.items() if isinstance(one, FittedField))
        self.output_names = tuple(name for name in fitted if name not in self.fields)
        self.outputs = (*self.output_names, *self.fields)
        self._fitted = dict(fitted)
        self._domain = domain

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
            Only this output, a number or a field. Default: all outputs that are numbers, or the only field of a model
            without them.

        Returns
        -------
        ndarray of shape (n,) for one output, (n, k) for several, (n, ...) for a field, or a pair with `return_std`
            Dask collections give Dask collections (an array, for a field). Rows are worked through in blocks: besides
            inputs and answers, memory does not grow with n.

        Raises
        ------
        ValueError
            For wrong widths, missing names, NaN, and unknown outputs.
        """
        chosen = self._chosen(output)
        if is_dask(X):
            mean = self._lazily(X, partial(self._portable().predict, output=output), output)
            return (mean, self._lazily(X, partial(_std, self._portable(), output), output)) if return_std else mean

        def answer(features: NDArray[np.float64]) -> list[NDArray[np.float64]]:
            mean = _side_by_side([one.record.predict(features) for one in chosen])
            return [mean, _side_by_side([one.std(features) for one in chosen])] if return_std else [mean]

        answers = self._in_blocks(X, answer, chosen)
        return tuple(answers) if return_std else answers[0]

    def interval(
        self, X: Any, coverage: float = 0.95, *, output: str | None = None, simultaneous: bool = False
    ) -> tuple[Any, Any]:
        """Limits between which the simulator's answer lies with probability `coverage`.

        Conformal: made from errors on runs that the model had not seen, without assumptions about their distribution.
        The promise is an average over points like the runs; see `in_domain` for others. For a field it is an average
        over its locations too, by conformal risk control, or for the whole field at once.

        Parameters
        ----------
        X : array_like of shape (n, d), DataFrame, dask array or dask DataFrame
            Inputs.
        coverage : float, default 0.95
            Between 0 and 1.
        output : str, optional
            Only this output, as in `predict`.
        simultaneous : bool, default False
            Of a field: limits that hold for the whole field with probability `coverage`, not for this share of its
            locations on average.

        Returns
        -------
        lower, upper : ndarray of shape (n,) for one output, (n, k) for several, (n, ...) for a field
            Infinite where there are too few runs for the promise: 0.95 needs 19, 0.99 needs 99.

        Raises
        ------
        ValueError
            For a `coverage` that is no share, `simultaneous` for outputs that are numbers, and as `predict`.
        """
        chosen = self._chosen(output)
        if simultaneous and not isinstance(chosen[0], FittedField):
            raise ValueError(
                "simultaneous: is for the locations of a field; name one with output=..., or leave it out."
            )
        if is_dask(X):
            settings = {"coverage": coverage, "output": output, "simultaneous": simultaneous}
            low, high = (self._lazily(X, partial(_limit, self._portable(), i, settings), output) for i in (0, 1))
            return low, high

        def answer(features: NDArray[np.float64]) -> list[NDArray[np.float64]]:
            limits = [
                one.interval(features, coverage, simultaneous)
                if isinstance(one, FittedField)
                else one.interval(features, coverage)
                for one in chosen
            ]
            return [_side_by_side([limit[i] for limit in limits]) for i in (0, 1)]

        low, high = self._in_blocks(X, answer, chosen)
        return low, high

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
            return map_rows(X, self._portable().in_domain, dtype=np.bool_)
        inside = [self.space.contains(rows) & self._domain.contains(self.space.features(rows)) for rows in blocks(X)]
        return np.concatenate(inside)

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
        ndarray of shape (n, d) for one output, (n, k, d) for several, (n, ..., d) for a field
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
        features = self.space.features(rows)
        return {name: self._fitted[name].record.predict(features) for name in self.outputs}

    @cached_property
    def fast(self) -> OneRow:
        """Compiled function of one row, for controllers and optimisers.

        ``model.fast(x)`` takes the inputs in the order of ``space.names`` and returns a float, or an array of shape
        (k,) for several outputs, within 1e-12 of what is added up in `predict` and without its checks: what is no
        number, or no category, gives NaN. Threads may share it. It is compiled when first asked for, which takes
        seconds on a machine that has not done so before. Fields are no part of it.
        """
        from surrogate.export.one_row import OneRow
        from surrogate.export.portable import Portable

        return OneRow(Portable(self.space, self._records()))

    # Helpers --------------------------------------------------------------------------------------------------------

    def _chosen(self, output: str | None) -> Sequence[FittedOutput | FittedField]:
        """Return what answers for `output`: the outputs that are numbers by default, or the only field."""
        if output is not None and output not in self._fitted:
            known = ", ".join(map(repr, self.outputs))
            raise ValueError(f"output: one of {known} is known; got {output!r}.")
        if output is None and not self.output_names and len(self.fields) > 1:
            raise ValueError(f"output: name one of the fields {', '.join(map(repr, self.fields))}; got None.")
        names = (output,) if output is not None else self.output_names or self.fields
        return [self._fitted[name] for name in names]

    def _records(self) -> dict[str, Record]:
        """Return the records of the outputs that are numbers, for the exports, which know no fields."""
        if not self.output_names:
            raise ValueError(
                f"export: only outputs that are numbers leave the package, and this model has only fields "
                f"({', '.join(self.fields)}). Save it (*.surrogate), or fit numbers made from the field."
            )
        return {name: self._fitted[name].record for name in self.output_names}

    def _in_blocks(
        self, X: Any, answer: Callable[[NDArray[np.float64]], list[NDArray[np.float64]]],
        chosen: Sequence[FittedOutput | FittedField],
    ) -> list[NDArray[np.float64]]:  # fmt: skip
        """Put answers together that were made for one block of rows after the other."""
        numbers = sum(len(one.record.mean) if isinstance(one, FittedField) else 1 for one in chosen)
        whole: list[NDArray[np.float64]] = []
        done = 0
        for rows in blocks(X, numbers):
            part = answer(self.space.features(rows))
            if rows is X:
                return part
            whole = whole or [np.empty((len(X), *one.shape[1:])) for one in part]
            for all_rows, some in zip(whole, part, strict=True):
                all_rows[done : done + len(some)] = some
            done += len(part[0])
        return whole

    def _lazily(self, X: Any, function: Callable[[Any], Any], output: str | None) -> Any:
        """Apply a function of rows to a Dask collection."""
        chosen = self._chosen(output)
        if isinstance(chosen[0], FittedField):
            rows = X[list(self.space.names)].to_dask_array() if hasattr(X, "columns") else X
            return map_rows(rows, function, shape=chosen[0].record.shape)
        return map_rows(X, function, names=None if len(chosen) == 1 else self.output_names)

    def _portable(self) -> Predictor:
        """Return the model without the runs, which no worker needs."""
        return Predictor(self.space, self._fitted, self._domain)


def _side_by_side(columns: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    return columns[0] if len(columns) == 1 else np.stack(columns, axis=1)


def _std(model: Predictor, output: str | None, X: Any) -> Any:
    return model.predict(X, return_std=True, output=output)[1]


def _limit(model: Predictor, side: int, settings: dict[str, Any], X: Any) -> Any:
    return model.interval(X, **settings)[side]
