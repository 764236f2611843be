"""Leaves that know chances, in a tree whose tests were chosen by classes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def fill_leaves(model: Any, X: Any, chances: NDArray[np.float64], classes: NDArray[Any]) -> None:
    """Let the nodes of a decision tree answer with the mean chances of the rows that reach them.

    Tests that were chosen by the likeliest class follow a teacher's answers closely, but the shares of these in a leaf
    are surer than the teacher. Nothing is done to other models, nor to trees with ``class_weight`` or
    ``monotonic_cst``, whose leaves shall not be means.

    Parameters
    ----------
    model : fitted estimator
        A decision tree of scikit-learn, or a pipeline that ends with one; changed in place.
    X : DataFrame or array_like of shape (n, p)
        The rows that it learnt from.
    chances : ndarray of shape (n, c)
    classes : ndarray of shape (c,)
        Their columns; the tree may know a part of them.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> X, chances = np.array([[0.0], [1.0]]), np.array([[0.9, 0.1], [0.3, 0.7]])
    >>> tree = DecisionTreeClassifier().fit(X, chances.argmax(axis=1))
    >>> fill_leaves(tree, X, chances, np.array([0, 1]))
    >>> tree.predict_proba(X).tolist()
    [[0.9, 0.1], [0.3, 0.7]]
    """
    steps = getattr(model, "steps", None)
    if steps:
        fill_leaves(steps[-1][1], model[:-1].transform(X) if len(steps) > 1 else X, chances, classes)
        return
    if not hasattr(model, "tree_") or model.class_weight is not None or model.monotonic_cst is not None:
        return
    tree = model.tree_
    sums = np.zeros((tree.node_count, len(model.classes_)))
    columns = [classes.tolist().index(one) for one in model.classes_.tolist()]
    np.add.at(sums, model.apply(X), chances[:, columns])
    for node in reversed(range(tree.node_count)):  # children come after their parents
        if tree.children_left[node] >= 0:
            sums[node] = sums[tree.children_left[node]] + sums[tree.children_right[node]]
    total = sums.sum(axis=1, keepdims=True)
    tree.value[:, 0] = np.divide(sums, total, out=tree.value[:, 0].copy(), where=total > 0)
