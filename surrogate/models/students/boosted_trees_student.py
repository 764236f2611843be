"""Boosted trees as a student, taught by soft labels."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import xgboost
from sklearn.utils import check_random_state

from surrogate.models.records.class_trees import ClassTreesRecord
from surrogate.models.records.classifier import softmax
from surrogate.models.students.student import Student
from surrogate.models.students.tree_records import class_trees, first_above
from surrogate.models.students.weighted_classes import weighted_classes

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]


class BoostedTreesStudent(Student):
    """Gradient-boosted trees (xgboost) that are taught by a teacher's logits, by true classes or by both.

    Each row counts once for every class, weighted by the class's chance, which makes xgboost's own loss the
    cross-entropy to soft labels. With a temperature the chances are softened first.

    Parameters
    ----------
    n_trees : int, default 100
        Rounds; in each there is a tree for every class (one for two classes).
    learning_rate : float, default 0.2
    max_depth : int, default 4
        Greatest number of cuts between root and leaf.
    l2 : float, default 1.0
        Ridge penalty on leaf values.
    n_jobs : int, default 1
        Threads of xgboost.
    random_state : int, RandomState or None, default 0

    Attributes
    ----------
    record_ : ClassTreesRecord
        What predicts.

    References
    ----------
    Chen & Guestrin (2016), XGBoost: a scalable tree boosting system, KDD.

    Examples
    --------
    >>> X = np.linspace(0, 1, 60)[:, None]
    >>> student = BoostedTreesStudent(n_trees=20).fit(X, np.where(X[:, 0] > 0.5, "high", "low"))
    >>> student.predict([[0.2], [0.8]]).tolist()
    ['low', 'high']
    """

    def __init__(
        self,
        *,
        n_trees: int = 100,
        learning_rate: float = 0.2,
        max_depth: int = 4,
        l2: float = 1.0,
        n_jobs: int = 1,
        random_state: Any = 0,
    ) -> None:
        self.n_trees = n_trees
        self.learning_rate = learning_rate
        self.max_depth = max_depth
        self.l2 = l2
        self.n_jobs = n_jobs
        self.random_state = random_state

    def _learn(
        self, X: Floats, logits: Floats, truth: NDArray[np.intp], temperature: float, soft_weight: float
    ) -> None:
        chances, c = softmax(logits / temperature), logits.shape[1]
        known = np.flatnonzero(truth >= 0)
        chances[known] *= soft_weight
        chances[known, truth[known]] += 1 - soft_weight
        rows, labels, weights = weighted_classes(chances)
        settings = {
            "objective": "multi:softprob" if c > 2 else "binary:logistic",
            "learning_rate": self.learning_rate,
            "max_depth": self.max_depth,
            "reg_lambda": self.l2,
            "base_score": 0.5,
            "tree_method": "hist",
            "nthread": self.n_jobs,
            "seed": int(check_random_state(self.random_state).randint(2**31 - 1)),
            "verbosity": 0,
        }
        if c > 2:
            settings["num_class"] = c
        data = xgboost.DMatrix(X[rows], labels, weight=weights, nthread=self.n_jobs)
        booster = xgboost.train(settings, data, self.n_trees)
        names = tuple(str(one) for one in self.classes_)
        self.record_ = _record(json.loads(booster.save_raw("json"))["learner"], names, X.shape[1])

    def _chances(self, X: ArrayLike) -> Floats:
        return self.record_.probabilities(X)


def _record(model: dict[str, Any], classes: tuple[str, ...], width: int) -> ClassTreesRecord:
    """Return xgboost's JSON model as a record."""
    trees, belongs = model["gradient_booster"]["model"]["trees"], model["gradient_booster"]["model"]["tree_info"]
    tables = []
    for tree, own in zip(trees, belongs, strict=True):
        left = np.asarray(tree["left_children"])
        leaf = left < 0
        condition = np.asarray(tree["split_conditions"], dtype=np.float32)
        value = np.zeros((len(left), len(classes)))
        value[leaf, own if len(classes) > 2 else 1] = condition[leaf]
        tables.append(
            {
                "left": np.where(leaf, -1, left),
                "right": np.asarray(tree["right_children"]),
                "feature": np.asarray(tree["split_indices"]),
                "cut": first_above(condition, inclusive=True),
                "missing": 1 - np.asarray(tree["default_left"], dtype=np.int64),
                "value": value,
            }
        )
    return class_trees(tables, classes, width, np.zeros(len(classes)), scores=True)
