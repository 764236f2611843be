"""The contract of box finders: scikit-learn manners, a trajectory, and the box chosen from it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from inspect import signature
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from surrogate.models.boxes.choice import most_correlated
from surrogate.models.boxes.columns import Columns, read_columns, read_table
from surrogate.models.boxes.reading import is_table, read_frame, read_weights, read_y
from surrogate.models.boxes.trajectory import Step, trajectory_table
from surrogate.space import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray


class BoxFinder(BaseEstimator, ABC):
    """A method that finds boxes in which cases of interest are dense.

    A subclass says how to search (`search`); reading data, the trajectory and the choice are the same for all.

    Attributes
    ----------
    trajectory_ : DataFrame
        A row a box: n, k, coverage, density, mass, n_restricted.
    boxes_ : list of Box
        One a trajectory row.
    box_ : Box
        The in-sample choice: the first box with the largest correlation between lying in it and being a case
        (`surrogate.models.boxes.choice.box_correlation`). `surrogate.discover` chooses by held-out evidence.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Only after fitting a DataFrame whose columns have text names.
    """

    feature_names_in_: NDArray[Any]
    real_target: ClassVar[bool] = False
    """Whether `y` may be any number, whose mean in the box is sought to be high."""

    @abstractmethod
    def search(self, columns: Columns, y: NDArray[np.float64]) -> list[Step]:
        """Return the trajectory on data that was read and checked already.

        A method that can weigh rows takes their weights as a third argument.
        """

    @abstractmethod
    def check_parameters(self) -> None:
        """Raise ``ValueError`` or ``TypeError`` for a parameter that is not allowed."""

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> BoxFinder:
        """Search boxes.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, d)
            Columns may be floats, integers, booleans, text or categories, ordered or not. Constant columns are
            ignored; missing values are refused.
        y : array-like of shape (n,)
            Cases of interest: boolean, 0/1, a probability or another number from 0 to 1. A Series with the labels
            of `X` in another order is aligned to it. Some methods (PRIM) also take a real target.
        sample_weight : array-like of shape (n,), optional
            How much each row counts in every number of the trajectory, none negative. Whole numbers are repeated
            rows; of others only the ratios matter. Not every method takes them.

        Returns
        -------
        BoxFinder
            Itself.

        Raises
        ------
        ValueError, TypeError
            For data in which no box can be sought: none or all rows of interest, missing values, lengths or labels
            of `X` and `y` that do not match, values outside [0, 1], weights where the method takes none.
        """
        self.check_parameters()
        if is_table(X):
            names = [f"x{i + 1}" for i in range(X.shape[1])]
            cases, columns = read_y(y, X, real=self.real_target), read_table(X, names)
        else:
            frame = read_frame(X)
            names = list(frame.columns)
            cases = read_y(y, X if hasattr(X, "columns") else frame, real=self.real_target)
            columns = read_columns(frame)
        weights = None if sample_weight is None else self._read_weights(sample_weight, len(cases))
        if weights is not None and not weights.all():
            # Rows without weight are no rows: not even as the place of a limit, or as the only negative target.
            rows = np.flatnonzero(weights)
            return self.fit(X.iloc[rows] if hasattr(X, "iloc") else np.asarray(X)[rows], cases[rows], weights[rows])
        steps = self.search(columns, cases) if weights is None else self.search(columns, cases, weights)  # type: ignore[call-arg]
        self.n_features_in_ = len(names)
        self._set_feature_names(X)
        self.boxes_ = [Box(step.limits, names=names) for step in steps]
        self.trajectory_ = trajectory_table(steps, cases, weights)
        self.box_ = self.boxes_[most_correlated(self.trajectory_["n"], self.trajectory_["k"], cases, weights)]
        return self

    def _read_weights(self, sample_weight: Any, n: int) -> NDArray[np.float64]:
        if len(signature(self.search).parameters) < 3:
            raise TypeError(f"sample_weight: {type(self).__name__} cannot weigh rows. Use PRIM, or repeat rows.")
        return read_weights(sample_weight, n)

    def predict(self, X: Any) -> NDArray[np.bool_]:
        """Whether each row lies in `box_`.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, d)
            DataFrames are matched by name, arrays by position.

        Returns
        -------
        ndarray of bool, shape (n,)
        """
        check_is_fitted(self)
        frame = read_frame(X)
        missing = [name for name in getattr(self, "feature_names_in_", ()) if name not in frame]
        if missing and hasattr(X, "columns"):
            raise ValueError(f"X: column {missing[0]!r}, seen in fit, is missing; got {list(frame.columns)}.")
        if not hasattr(X, "columns") and frame.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {frame.shape[1]} features, but {type(self).__name__} is expecting {self.n_features_in_} "
                "features as input."
            )
        names = list(self.box_.names or ())
        if not hasattr(X, "columns"):
            frame.columns = names
        read_columns(frame[names])
        return self.box_.contains(frame)

    def _set_feature_names(self, X: Any) -> None:
        if hasattr(self, "feature_names_in_"):
            del self.feature_names_in_
        if hasattr(X, "columns") and all(isinstance(name, str) for name in X.columns):
            self.feature_names_in_ = np.asarray(X.columns, dtype=object)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags
