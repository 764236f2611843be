"""The record of a field: a mean, modes, and an emulator of each mode's coefficient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from surrogate.models.records.record import Record

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class PODRecord(Record):
    """A field as its mean and a sum of modes (proper orthogonal decomposition).

    The prediction is ``mean + sum_j coefficients_j(X) * modes_j``; `predict` and `std` give arrays (n, ...),
    `gradient` (n, ..., p).

    Parameters
    ----------
    shape : tuple of int
        Shape of the field; N is the number of its locations.
    mean : ndarray of shape (N,)
        Mean over the runs.
    modes : ndarray of shape (r, N)
        Orthonormal, the one with the most variance first.
    errors : ndarray of shape (r,)
        Root mean squared error of each coefficient on unseen runs: its standard deviation where its kind states none.
    floor : ndarray of shape (N,)
        Least standard deviation at each location: what the modes leave out, and a part of the usual error.
    coefficients : tuple of Record
        One a mode.
    n_inputs : int
        Number of columns of `X`.

    References
    ----------
    Sirovich, L. (1987). Turbulence and the dynamics of coherent structures. Quarterly of Applied Mathematics 45,
    561-571.

    Examples
    --------
    >>> from surrogate.models.records import Constant
    >>> two = Constant(value=2.0, spread=0.5, n_inputs=1)
    >>> one, modes = np.ones(1), np.array([[0.6, 0.8]])
    >>> PODRecord((2,), np.ones(2), modes, one, np.zeros(2), (two,), 1).predict([[0.5]])
    array([[2.2, 2.6]])
    """

    kind: ClassVar[str] = "pod"
    has_std: ClassVar[bool] = True
    has_gradient: ClassVar[bool] = True

    shape: tuple[int, ...]
    mean: FloatArray
    modes: FloatArray
    errors: FloatArray
    floor: FloatArray
    coefficients: tuple[Record, ...]
    n_inputs: int

    def __post_init__(self) -> None:
        super().__post_init__()
        n, r = int(np.prod(self.shape, dtype=np.int64)), len(self.coefficients)
        shapes = [a.shape for a in (self.mean, self.modes, self.errors, self.floor)]
        widths = {one.n_features for one in self.coefficients} | {self.n_inputs}
        if shapes != [(n,), (r, n), (r,), (n,)] or len(widths) != 1:
            raise ValueError(
                f"pod: shapes ({n},), ({r}, {n}), ({r},), ({n},) and coefficients of {self.n_inputs} features are "
                f"needed; got {shapes} and widths {sorted(widths)}."
            )

    @property
    def n_features(self) -> int:
        """Number of columns of `X`."""
        return self.n_inputs

    @property
    def _row_bytes(self) -> int:
        return 8 * len(self.mean)

    def predict(self, X: ArrayLike) -> FloatArray:
        """Predict the field.

        Parameters
        ----------
        X : array_like of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, ...)

        Raises
        ------
        ValueError
            When `X` is not a table of numbers with `n_features` columns.
        """
        return self._in_blocks(self._predict_block, X, self.shape)

    def std(self, X: ArrayLike) -> FloatArray:
        """Predict the standard deviation at each location: that of the coefficients, and what the modes leave out.

        Parameters
        ----------
        X : array_like of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, ...)

        Raises
        ------
        ValueError
            When `X` is not a table of numbers with `n_features` columns.
        """
        squared_modes, least = self.modes**2, self.floor**2  # once, not once a block

        def block(rows: FloatArray) -> FloatArray:
            own = zip(self.coefficients, self.errors, strict=True)
            stds = [np.full(len(rows), error) if (std := one.std(rows)) is None else std for one, error in own]
            return self._shaped(np.sqrt(_columns(stds, len(rows)) ** 2 @ squared_modes + least))

        return self._in_blocks(block, X, self.shape)

    def gradient(self, X: ArrayLike) -> FloatArray:
        """Compute the derivatives of `predict` with respect to the features.

        Parameters
        ----------
        X : array_like of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, ..., p)

        Raises
        ------
        NotImplementedError
            When a coefficient's kind of model has no analytic derivatives.
        ValueError
            When `X` is not a table of numbers with `n_features` columns.
        """
        return self._in_blocks(self._gradient_block, X, (*self.shape, self.n_inputs))

    def coefficients_at(self, X: ArrayLike) -> FloatArray:
        """Predict the coefficients of the modes.

        Parameters
        ----------
        X : array_like of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, r)
        """
        rows = np.ascontiguousarray(X, dtype=np.float64)
        return _columns([one.predict(rows) for one in self.coefficients], len(rows))

    def _predict_block(self, X: FloatArray) -> FloatArray:
        return self._shaped(self.coefficients_at(X) @ self.modes + self.mean)

    def _gradient_block(self, X: FloatArray) -> FloatArray:
        slopes = np.zeros((len(X), len(self.mean), self.n_inputs))
        for one, mode in zip(self.coefficients, self.modes, strict=True):
            slopes += mode[:, None] * one.gradient(X)[:, None, :]
        return slopes.reshape(len(X), *self.shape, self.n_inputs)

    def _shaped(self, values: FloatArray) -> FloatArray:
        return values.reshape(len(values), *self.shape)


def _columns(columns: list[FloatArray], n: int) -> FloatArray:
    return np.stack(columns, axis=1) if columns else np.zeros((n, 0))
