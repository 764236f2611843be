"""What a student is: a classifier that can also be taught by the answers of a teacher."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from surrogate.models.students.hinton import check_logits

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class Student(ClassifierMixin, BaseEstimator, ABC):
    """A scikit-learn classifier that learns from a teacher's logits as well as from true classes.

    A new kind implements `_learn`, `_chances` and `_numbers`. Any other scikit-learn estimator can be a student too:
    see `teach`.

    Attributes
    ----------
    classes_ : ndarray of shape (c,)
    n_features_in_ : int
    """

    classes_: NDArray[Any]
    n_features_in_: int

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn from true classes alone.

        Parameters
        ----------
        X : array_like of shape (n, p)
        y : array_like of shape (n,)

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For fewer than two classes, or rows that do not match.
        """
        rows, given = validate_data(self, X, y, dtype=np.float64, order="C")
        self.classes_, truth = np.unique(given, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"y: two classes are needed; got only {self.classes_.tolist()}.")
        # With nothing from a teacher the logits do not count.
        self._learn(rows, np.zeros((len(rows), len(self.classes_))), truth.astype(np.intp), 1.0, 0.0)
        return self

    def fit_logits(
        self,
        X: ArrayLike,
        logits: ArrayLike,
        y: ArrayLike | None = None,
        *,
        classes: ArrayLike | None = None,
        temperature: float = 1.0,
        soft_weight: float = 1.0,
    ) -> Self:
        """Learn from a teacher, and from true classes where there are some.

        Parameters
        ----------
        X : array_like of shape (n, p)
        logits : array_like of shape (n, c)
            The teacher's, `logits_of` its chances.
        y : array_like of int, shape (n,), optional
            Numbers of the true classes, -1 where unknown: those rows are taught by the teacher alone.
        classes : array_like of shape (c,), optional
            The classes in the order of the logits; default 0, 1, ...
        temperature : float, default 1.0
            Softens both sides of the comparison; above 1 the student also learns how alike the wrong classes are.
        soft_weight : float, default 1.0
            Weight of the teacher against the true class, from 0 to 1.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For chances in place of logits, or numbers outside their limits.
        """
        taught = check_logits(logits)
        rows = validate_data(self, X, dtype=np.float64, order="C")
        truth = np.full(len(rows), -1) if y is None else np.asarray(y)
        if not len(rows) == len(taught) == len(truth):
            raise ValueError(f"X, logits, y: the same number of rows is needed; got {len(rows)}, {len(taught)} and "
                             f"{len(truth)}.")  # fmt: skip
        check_mixture(temperature, soft_weight)
        self.classes_ = np.arange(taught.shape[1]) if classes is None else np.asarray(classes)
        self._learn(rows, taught, truth.astype(np.intp), float(temperature), float(soft_weight))
        return self

    def predict_proba(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the chance of every class, shape (n, c)."""
        check_is_fitted(self, "classes_")
        return self._chances(self._in_order(X))

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the likeliest class of each row, shape (n,)."""
        check_is_fitted(self, "classes_")
        return self.classes_[self._numbers(self._in_order(X))]

    def _in_order(self, X: ArrayLike) -> ArrayLike:
        """Return the columns that it learned from, in that order; other tables than DataFrames go by position."""
        names = getattr(self, "feature_names_in_", None)
        if names is None or not hasattr(X, "columns"):
            return X
        missing = [name for name in names if name not in X.columns]
        if missing:
            raise ValueError(f"X: columns {missing[:10]} that the student learned from are missing.")
        ordered: ArrayLike = X[list(names)]  # type: ignore[index]
        return ordered

    @abstractmethod
    def _learn(
        self,
        X: NDArray[np.float64],
        logits: NDArray[np.float64],
        truth: NDArray[np.intp],
        temperature: float,
        soft_weight: float,
    ) -> None:
        """Learn by Hinton's loss; a true class of -1 is unknown."""

    @abstractmethod
    def _chances(self, X: ArrayLike) -> NDArray[np.float64]: ...

    def _numbers(self, X: ArrayLike) -> NDArray[np.intp]:
        numbers: NDArray[np.intp] = self._chances(X).argmax(axis=1)
        return numbers


def check_mixture(temperature: float, soft_weight: float) -> None:
    """Raise ``ValueError`` for a temperature that is not above 0 or a weight that is not from 0 to 1."""
    if not 0.0 < temperature < np.inf:
        raise ValueError(f"temperature: a number above 0 is needed, usually 1 to 10; got {temperature}.")
    if not 0.0 <= soft_weight <= 1.0:
        raise ValueError(f"soft_weight: a number from 0 (true labels only) to 1 (teacher only); got {soft_weight}.")
