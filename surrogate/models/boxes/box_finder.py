"""The contract of box finders: scikit-learn manners, a trajectory, and the box chosen from it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from surrogate.models.boxes.choice import most_correlated
from surrogate.models.boxes.columns import Columns, read_columns
from surrogate.models.boxes.reading import read_frame, read_y
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

    @abstractmethod
    def search(self, columns: Columns, y: NDArray[np.float64]) -> list[Step]:
        """Return the trajectory on data that was read and checked already."""

    @abstractmethod
    def check_parameters(self) -> None:
        """Raise ``ValueError`` or ``TypeError`` for a parameter that is not allowed."""

    def fit(self, X: Any, y: Any) -> BoxFinder:
        """Search boxes.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, d)
            Columns may be floats, integers, booleans, text or categories, ordered or not. Constant columns are
            ignored; missing values are refused.
        y : array-like of shape (n,)
            Cases of interest: boolean, 0/1, a probability or another number from 0 to 1. A Series with the labels
            of `X` in another order is aligned to it.

        Returns
        -------
        BoxFinder
            Itself.

        Raises
        ------
        ValueError, TypeError
            For data in which no box can be sought: none or all rows of interest, missing values, lengths or labels
            of `X` and `y` that do not match, values outside [0, 1].
        """
        import pandas as pd

        self.check_parameters()
        frame = read_frame(X)
        cases = read_y(y, X if isinstance(X, pd.DataFrame) else frame)
        columns = read_columns(frame)
        steps = self.search(columns, cases)
        self.n_features_in_ = frame.shape[1]
        self._set_feature_names(X)
        self.boxes_ = [Box(step.limits, names=list(frame.columns)) for step in steps]
        self.trajectory_ = trajectory_table(steps, cases)
        self.box_ = self.boxes_[most_correlated(self.trajectory_["n"], self.trajectory_["k"], cases)]
        return self

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
