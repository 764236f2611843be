"""What answers in place of a simulator: fitted outputs over a space, without the runs."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.workflows.dask_rows import is_dask, map_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from surrogate.export.one_row import OneRow
    from surrogate.space import Space
    from surrogate.transfer import TransferSet
    from surrogate.workflows.domain import Domain
    from surrogate.workflows.fitted_output import FittedOutput


class Predictor:
    """A fitted model without its runs, which is all that a worker or a model file needs.

    Attributes
    ----------
    space : Space
        What may vary.
    outputs : tuple of str
        Names of the outputs, in the order of the columns of `predict`.
    """

    vectorized = True
    _transfer: TransferSet | None = None

    def __init__(self, space: Space, fitted: Mapping[str, FittedOutput], domain: Domain) -> None:
        self.space = space
        self.outputs = tuple(fitted)
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

    def _portable(self) -> Predictor:
        """Return the model without the runs, which no worker needs."""
        return Predictor(self.space, self._fitted, self._domain)


def _side_by_side(columns: list[NDArray[np.float64]], output: str | None) -> NDArray[np.float64]:
    return columns[0] if len(columns) == 1 else np.stack(columns, axis=1)


def _std(model: Predictor, output: str | None, X: Any) -> Any:
    return model.predict(X, return_std=True, output=output)[1]


def _limit(model: Predictor, coverage: float, output: str | None, side: int, X: Any) -> Any:
    return model.interval(X, coverage, output=output)[side]
