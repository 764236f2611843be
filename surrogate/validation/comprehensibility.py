"""How much of a model there is to read."""

from __future__ import annotations

from typing import Any

import numpy as np


def tree_size(model: Any, X: Any) -> dict[str, float]:
    """Return what a reader of a scikit-learn decision tree has before him.

    Parameters
    ----------
    model : fitted estimator
        Alone or as the last step of a pipeline.
    X : DataFrame or ndarray of shape (n, p)
        Rows whose paths are counted.

    Returns
    -------
    dict of str to float
        leaves, depth, literals (mean number of conditions on a row's path) and columns (that are looked at); empty for
        models that are no decision trees.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> X = np.array([[0.0], [1.0], [2.0]])
    >>> tree_size(DecisionTreeClassifier().fit(X, [0, 1, 2]), X)["leaves"]
    3.0
    """
    *steps, (_, last) = getattr(model, "steps", [("", model)])
    tree = getattr(last, "tree_", None)
    if tree is None:
        return {}
    for _, step in steps:
        X = step.transform(X)
    split = tree.children_left >= 0
    literals = np.asarray(last.decision_path(X).sum(axis=1)).mean() - 1
    return {
        "leaves": float(tree.n_leaves),
        "depth": float(tree.max_depth),
        "literals": float(literals),
        "columns": float(len(np.unique(tree.feature[split]))),
    }
