"""Boosted trees for cases that are certain, or probable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xgboost
from sklearn.base import BaseEstimator

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class BoostedCase(BaseEstimator):
    """Gradient-boosted trees under the logistic loss, for 200 to thousands of runs.

    Cases may be probabilities, which scikit-learn's classifiers refuse.

    Parameters
    ----------
    n_trees : int, default 300
    learning_rate : float, default 0.05
        With 300 trees the sum has about converged.
    max_depth : int, default 3
        Order of interactions.
    subsample : float, default 0.5
        Share of the runs that each tree sees.
    random_state : int, default 0

    References
    ----------
    Chen & Guestrin (2016), XGBoost: a scalable tree boosting system, KDD.

    Examples
    --------
    >>> X = np.linspace(0, 1, 60)[:, None]
    >>> model = BoostedCase().fit(X, (X[:, 0] > 0.5).astype(float))
    >>> (model.decision_function(np.array([[0.2], [0.8]])) > 0).tolist()
    [False, True]
    """

    def __init__(
        self,
        *,
        n_trees: int = 300,
        learning_rate: float = 0.05,
        max_depth: int = 3,
        subsample: float = 0.5,
        random_state: int = 0,
    ) -> None:
        self.n_trees = n_trees
        self.learning_rate = learning_rate
        self.max_depth = max_depth
        self.subsample = subsample
        self.random_state = random_state

    def fit(self, X: Floats, y: Floats) -> BoostedCase:
        """Fit to features (n, p) and cases from 0 to 1, shape (n,)."""
        settings: dict[str, Any] = {
            "objective": "binary:logistic",
            "base_score": float(np.clip(y.mean(), 1e-3, 1 - 1e-3)),
            "learning_rate": self.learning_rate,
            "max_depth": self.max_depth,
            "subsample": self.subsample,
            "tree_method": "hist",
            "nthread": 1,
            "seed": self.random_state,
            "verbosity": 0,
        }
        self.booster_ = xgboost.train(settings, xgboost.DMatrix(X, y, nthread=1), self.n_trees)
        return self

    def decision_function(self, X: Floats) -> Floats:
        """Return the log-odds of a case, shape (n,)."""
        told = self.booster_.predict(xgboost.DMatrix(X, nthread=1), output_margin=True)
        return np.asarray(told, dtype=np.float64)
