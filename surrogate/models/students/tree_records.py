"""Fitted scikit-learn trees and forests as records, which predict with numpy alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.records import Record
from surrogate.models.records.boosted_trees import BoostedTreesRecord
from surrogate.models.records.class_trees import ClassTreesRecord
from surrogate.models.records.cut import first_reaching
from surrogate.models.rules.condition import Among

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def record_of(model: Any) -> Record | None:
    """Return what a fitted model predicts with, if it can be had without the model's library.

    Parameters
    ----------
    model : fitted estimator
        A student or emulator of this package, a decision tree, random forest or extra trees of scikit-learn with one
        output, or an `AlternatingTreeClassifier` of numbers. The last knows no chances: the class that it answers has
        all.

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
    from sklearn.base import is_classifier

    from surrogate.models.rules import AlternatingTreeClassifier

    own = getattr(model, "record_", None)
    if isinstance(own, Record):
        return own
    if isinstance(model, AlternatingTreeClassifier):
        return _alternating(model)
    trees = _inner_trees(model)
    if not trees or model.n_outputs_ != 1:
        return None
    if not is_classifier(model):
        return _numbers(trees)
    tables = [_table(tree, len(trees)) for tree in trees]
    classes = tuple(str(one) for one in model.classes_)
    return class_trees(tables, classes, trees[0].n_features, np.zeros(len(classes)), scores=False)


def _inner_trees(model: Any) -> list[Any]:
    from sklearn.ensemble import (
        ExtraTreesClassifier,
        ExtraTreesRegressor,
        RandomForestClassifier,
        RandomForestRegressor,
    )
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    forests = (RandomForestClassifier, ExtraTreesClassifier, RandomForestRegressor, ExtraTreesRegressor)
    if isinstance(model, (DecisionTreeClassifier, DecisionTreeRegressor)):
        return [model.tree_]
    return [one.tree_ for one in model.estimators_] if isinstance(model, forests) else []


def _alternating(model: Any) -> Record | None:
    """Return an alternating tree; None if a test is about names."""
    tree, columns = model.tree_of_rules_, model.columns_
    if any(isinstance(test, Among) for test in tree.tests):
        return None
    classes = model.classes_.tolist()
    inner = [test is not None for test in tree.tests]
    # A test passes up to its end: what comes after it goes to the second child.
    ends = np.array([test.high if test else 0.0 for test in tree.tests])
    table = {
        "left": np.array(tree.yes),
        "right": np.array(tree.no),
        "feature": np.array([columns.ordinal[test.name] if test else 0 for test in tree.tests]),
        "cut": np.nextafter(ends, np.inf),
        "missing": np.array([0 if test and test.missing else 1 for test in tree.tests]),
        "value": np.eye(len(classes))[
            [0 if test else classes.index(answer) for test, answer in zip(inner, tree.answers, strict=True)]
        ],
    }
    names = tuple(str(one) for one in classes)
    return class_trees([table], names, len(columns.names), np.zeros(len(names)), scores=False)


def _numbers(trees: list[Any]) -> BoostedTreesRecord:
    """Return trees whose leaves hold numbers, the mean of which is the answer."""
    sizes = [tree.node_count for tree in trees]
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    left, right, feature, threshold, goes_left, value = (
        np.concatenate(parts)
        for parts in zip(
            *((t.children_left, t.children_right, t.feature, t.threshold, t.missing_go_to_left, t.value[:, 0, 0])
              for t in trees), strict=True)
    )  # fmt: skip
    leaf, offset = left < 0, np.repeat(roots, sizes)
    single = threshold.astype(np.float32)
    single = np.where(single > threshold, single, np.nextafter(single, np.float32(np.inf)))
    return BoostedTreesRecord(
        location=np.zeros(trees[0].n_features),
        width=np.ones(trees[0].n_features),
        roots=roots.astype(np.int32),
        feature=np.where(leaf, 0, feature).astype(np.int32),
        threshold=np.where(leaf, np.float32(0), single),
        children=np.where(
            leaf[:, None], np.arange(len(left))[:, None], np.stack([left, right], axis=1) + offset[:, None]
        ).astype(np.int32),
        missing=np.where(leaf, 0, 1 - goes_left.astype(np.int32)).astype(np.int32),
        value=np.where(leaf, value, 0.0) / len(trees),
        depth=max(int(tree.max_depth) for tree in trees),
        base=0.0,
    )


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
