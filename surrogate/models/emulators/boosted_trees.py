"""Boosted trees emulator: for outputs that jump, for many categories and for many runs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import xgboost
from sklearn.utils import check_random_state

from surrogate.models.emulators.emulator import Emulator
from surrogate.models.records.boosted_trees import BoostedTreesRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.records import Record

    FloatArray = NDArray[np.float64]

#: Up to here every value is a candidate for a cut; beyond, xgboost's histograms are as good and much faster.
_EXACT_RUNS = 5000


class BoostedTrees(Emulator):
    """Gradient-boosted regression trees (xgboost), with defaults for tens to thousands of runs without noise.

    Features are scaled to the unit interval of the runs and the output is standardised in float64 before xgboost
    rounds them to float32, so that large offsets lose no digits.

    Parameters
    ----------
    n_trees : int, default 500
        Number of trees.
    learning_rate : float, default 0.05
        Share of each tree's correction that is kept; with 500 trees the sum has converged.
    max_depth : int, optional
        Greatest number of cuts between root and leaf, that is the order of interactions. Default: three up to 5,000
        runs, which suits smooth simulators best and costs outputs that jump little, six beyond, where there are runs
        enough for leaves so small.
    subsample : float, default 0.5
        Share of the runs that each tree sees; half gave the lowest errors on small smooth problems.
    l2 : float, default 0.1
        Ridge penalty on leaf values; simulators have little noise, so a tenth of xgboost's default.
    n_jobs : int, default 1
        Threads of xgboost; one, because fits are small and outer loops (folds, outputs, Dask) run in parallel.
    random_state : int, RandomState or None, default 0
        Draws the runs of each tree.

    Attributes
    ----------
    record_ : BoostedTreesRecord
        What predicts.

    References
    ----------
    Friedman (2001), Greedy function approximation: a gradient boosting machine, Annals of Statistics 29.
    Chen & Guestrin (2016), XGBoost: a scalable tree boosting system, KDD.

    Examples
    --------
    >>> import numpy as np
    >>> from surrogate.models.emulators import BoostedTrees
    >>> X = np.linspace(0, 1, 60)[:, None]
    >>> model = BoostedTrees().fit(X, X[:, 0] > 0.5)
    >>> model.predict([[0.2], [0.8]]).round(2) + 0.0
    array([0., 1.])
    """

    def __init__(
        self,
        *,
        n_trees: int = 500,
        learning_rate: float = 0.05,
        max_depth: int | None = None,
        subsample: float = 0.5,
        l2: float = 0.1,
        n_jobs: int = 1,
        random_state: object = 0,
    ) -> None:
        self.n_trees = n_trees
        self.learning_rate = learning_rate
        self.max_depth = max_depth
        self.subsample = subsample
        self.l2 = l2
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _fit(self, X: FloatArray, y: FloatArray) -> Record:
        location, width = X.min(axis=0), np.ptp(X, axis=0)
        width[width == 0.0] = 1.0
        center, spread = float(y.mean()), float(y.std())
        booster = self._boost((X - location) / width, (y - center) / spread)
        model = json.loads(booster.save_raw("json"))["learner"]
        trees = model["gradient_booster"]["model"]["trees"]
        return BoostedTreesRecord(location=location, width=width, base=center, **_node_table(trees, spread))

    def _boost(self, X: FloatArray, y: FloatArray) -> xgboost.Booster:
        settings = {
            "learning_rate": self.learning_rate,
            "max_depth": self.max_depth or (3 if len(X) <= _EXACT_RUNS else 6),
            "subsample": self.subsample,
            "reg_lambda": self.l2,
            "tree_method": "exact" if len(X) <= _EXACT_RUNS else "hist",
            "base_score": 0.0,
            "nthread": self.n_jobs,
            "seed": int(check_random_state(self.random_state).randint(2**31 - 1)),
            "verbosity": 0,
        }
        return xgboost.train(settings, xgboost.DMatrix(X, y, nthread=self.n_jobs), self.n_trees)


def _node_table(trees: list[dict[str, Any]], spread: float) -> dict[str, Any]:
    """One table for xgboost's trees (as its JSON model states them), leaf values times `spread`."""
    sizes = [len(tree["left_children"]) for tree in trees]
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    nodes = np.arange(sum(sizes))
    offset = np.repeat(roots, sizes)

    def column(name: str, dtype: type) -> NDArray[Any]:
        return np.concatenate([np.asarray(tree[name], dtype=dtype) for tree in trees])

    pairs = np.stack([column("left_children", np.int64), column("right_children", np.int64)], axis=1)
    leaf = pairs[:, 0] < 0
    children = np.where(leaf[:, None], nodes[:, None], pairs + offset[:, None])
    condition = column("split_conditions", np.float32)  # a threshold, or the value of a leaf
    depth, front = 0, roots
    while not leaf[front].all():
        depth, front = depth + 1, np.unique(children[front])
    return {
        "roots": roots.astype(np.int32),
        "feature": np.where(leaf, 0, column("split_indices", np.int32)).astype(np.int32),
        "threshold": np.where(leaf, np.float32(0), condition),
        "children": children.astype(np.int32),
        "missing": np.where(leaf, 0, 1 - column("default_left", np.int32)).astype(np.int32),
        "value": np.where(leaf, condition.astype(np.float64) * spread, 0.0),
        "depth": depth,
    }
