"""Fitted scikit-learn trees and forests as records, which predict with numpy alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.records import Record
from surrogate.models.records.class_trees import ClassTreesRecord
from surrogate.models.records.cut import first_reaching

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def record_of(model: Any) -> Record | None:
    """Return what a fitted model predicts with, if it can be had without the model's library.

    Parameters
    ----------
    model : fitted estimator
        A student or emulator of this package, or a decision tree, random forest or extra trees classifier of
        scikit-learn with one output.

    Returns
    -------
    Record or None
        None for every other model.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> tree = DecisionTreeClassifier().fit([[0.0], [1.0]], ["no", "yes"])
    >>> record = record_of(tree)
    >>> record.classes, record.predict([[0.2], [0.7]])
    (('no', 'yes'), array([0., 1.]))
    """
    own = getattr(model, "record_", None)
    if isinstance(own, Record):
        return own
    from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
    from sklearn.tree import DecisionTreeClassifier

    if isinstance(model, DecisionTreeClassifier):
        trees = [model.tree_]
    elif isinstance(model, RandomForestClassifier | ExtraTreesClassifier):
        trees = [one.tree_ for one in model.estimators_]
    else:
        return None
    if model.n_outputs_ != 1:
        return None
    tables = [_table(tree, len(trees)) for tree in trees]
    classes = tuple(str(one) for one in model.classes_)
    return class_trees(tables, classes, trees[0].n_features, np.zeros(len(classes)), scores=False)


def _table(tree: Any, n_trees: int) -> dict[str, NDArray[Any]]:
    return {
        "left": tree.children_left,
        "right": tree.children_right,
        "feature": np.maximum(tree.feature, 0),
        "cut": first_above(np.asarray(tree.threshold), inclusive=False),
        "missing": 1 - tree.missing_go_to_left.astype(np.int64),
        "value": tree.value[:, 0, :] / tree.value[:, 0, :].sum(axis=1, keepdims=True) / n_trees,
    }


def first_above(thresholds: NDArray[np.floating], *, inclusive: bool) -> NDArray[np.float64]:
    """Find the smallest number that goes to the second child after it was rounded to float32.

    Parameters
    ----------
    thresholds : ndarray of shape (m,)
    inclusive : bool
        Whether a number that is the threshold goes to the second child, as in xgboost; in scikit-learn it goes to the
        first.

    Examples
    --------
    >>> cut = first_above(np.array([0.1]), inclusive=False)[0]
    >>> float(np.float32(cut)) > 0.1, float(np.float32(np.nextafter(cut, 0))) > 0.1
    (True, False)
    """
    single = thresholds.astype(np.float32)
    reached = single >= thresholds if inclusive else single > thresholds
    single = np.where(reached, single, np.nextafter(single, np.float32(np.inf)))
    return first_reaching(lambda x: x.astype(np.float32), single)


def class_trees(
    tables: Sequence[dict[str, NDArray[Any]]],
    classes: tuple[str, ...],
    width: int,
    base: NDArray[np.float64],
    *,
    scores: bool,
) -> ClassTreesRecord:
    """Join trees, each with left and right children (-1 at leaves), feature, cut, missing and value, to one record."""
    sizes = [len(table["left"]) for table in tables]
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    children, steps = [], 0
    for root, table in zip(roots, tables, strict=True):
        nodes, leaf = np.arange(len(table["left"])), table["left"] < 0
        pairs = np.stack([np.where(leaf, nodes, table["left"]), np.where(leaf, nodes, table["right"])], axis=1)
        depth, front = 0, np.array([0])
        while not leaf[front].all():
            depth, front = depth + 1, np.unique(pairs[front[~leaf[front]]])
        children.append(pairs + root)
        steps = max(steps, depth)
    leaf = np.concatenate([table["left"] < 0 for table in tables])

    def column(name: str) -> NDArray[Any]:
        joined = np.concatenate([table[name] for table in tables])
        return np.where(leaf, 0, joined)

    return ClassTreesRecord(
        classes=classes,
        width=int(width),
        roots=roots.astype(np.int32),
        feature=column("feature").astype(np.int32),
        cut=column("cut").astype(np.float64),
        children=np.concatenate(children).astype(np.int32),
        missing=column("missing").astype(np.int32),
        value=np.where(leaf[:, None], np.concatenate([table["value"] for table in tables]), 0.0),
        base=base.astype(np.float64),
        scores=scores,
        depth=steps,
    )
