"""The contract of an emulator: a scikit-learn regressor that learns a simulator and predicts through a record."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from surrogate.models.records import Constant, Record

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

#: Outputs whose spread is below this fraction of their size differ by rounding only.
_ROUNDING = 8 * float(np.finfo(np.float64).eps)

#: Up to here threads of the linear algebra wait for each other longer than they work.
_FEW_RUNS = 1000


def single_threaded(n: int) -> AbstractContextManager[Any]:
    """Keep the linear algebra of fits to few runs to one thread: on a busy computer several are twenty times slower."""
    return threadpool_limits(1, user_api="blas") if n <= _FEW_RUNS else nullcontext()


class Emulator(RegressorMixin, BaseEstimator, ABC):
    """Model B that answers in numbers: one scalar output as a function of a matrix of features.

    The estimator knows how to `fit`; `record_`, its numpy-only fitted half, predicts from the first call on and is
    what the model file and the exports hold. Features are what `Space.features` gives; any float matrix does.

    A new kind of emulator is a scikit-learn estimator that implements `_fit`. Several outputs are handled one level
    up, with one emulator an output.

    Attributes
    ----------
    record_ : Record
        The fitted half.
    n_features_in_ : int
        Number of features seen in `fit`.
    """

    record_: Record
    n_features_in_: int

    @abstractmethod
    def _fit(self, X: NDArray[np.float64], y: NDArray[np.float64]) -> Record:
        """Learn from at least two finite rows and an output that varies."""

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn an output from runs.

        Parameters
        ----------
        X : array_like of shape (n, p)
            Features, finite, at least two rows.
        y : array_like of shape (n,)
            Output, finite. An output that never varies gives a `Constant` record.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For fewer than two runs, values that are not finite, or lengths that differ.
        """
        features: NDArray[np.float64]
        features, output = validate_data(self, X, y, dtype=np.float64, order="C", y_numeric=True, ensure_min_samples=2)
        output = np.ascontiguousarray(output, dtype=np.float64)
        if np.ptp(output) <= _ROUNDING * np.max(np.abs(output)):
            self.record_ = Constant(value=float(np.median(output)), spread=0.0, n_inputs=features.shape[1])
        else:
            with single_threaded(len(output)):
                self.record_ = self._fit(features, output)
        return self

    def suits(self, X: NDArray[np.float64], y: NDArray[np.float64]) -> bool:
        """Whether this kind is worth trying on such runs, told from the runs alone and at no cost.

        Parameters
        ----------
        X, y : ndarray of shape (n, p), (n,)
            Runs.

        Returns
        -------
        bool
            True unless a kind is made for some runs only.
        """
        return True

    def resumed(self) -> Self:
        """Return an unfitted copy whose search starts where this fitted one ended, for fits to parts of its runs.

        Only the beginning of a search is handed on, never what was learned; a plain copy where there is no search.

        Returns
        -------
        Emulator
        """
        copy: Self = clone(self)
        return copy.set_params(start=self.search_) if hasattr(self, "search_") else copy

    def predict(self, X: ArrayLike, return_std: bool = False) -> Any:
        """Predict the output.

        Parameters
        ----------
        X : array_like of shape (n, p)
            Features.
        return_std : bool, default False
            Also give the standard deviation that the model itself states.

        Returns
        -------
        ndarray of shape (n,), or a pair of them with `return_std`

        Raises
        ------
        ValueError
            For `return_std` where the kind of model states none, or a table that does not fit.
        """
        check_is_fitted(self, "record_")
        X = validate_data(self, X, reset=False, dtype=np.float64, order="C")
        mean = self.record_.predict(X)
        if not return_std:
            return mean
        std = self.record_.std(X)
        if std is None:
            raise ValueError(
                f"return_std: {type(self).__name__} states no standard deviation of its own. "
                "Use an emulator that does (GaussianProcess), or conformal intervals."
            )
        return mean, std
