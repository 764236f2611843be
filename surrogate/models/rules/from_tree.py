"""The rules of a fitted tree, lossless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.records.boosted_trees import BoostedTreesRecord
from surrogate.models.records.cut import first_reaching
from surrogate.models.rules.columns import Columns
from surrogate.models.rules.condition import Among, Condition, Interval
from surrogate.models.rules.rule_set import RuleSet
from surrogate.models.rules.tree import Tree
from surrogate.space import Space
from surrogate.space.parameter import plain

if TYPE_CHECKING:
    from numpy.typing import NDArray


def rules_from_tree(
    tree: Any,
    *,
    names: Sequence[str] | None = None,
    units: Mapping[str, str] | None = None,
    space: Any = None,
    class_names: Sequence[str] | None = None,
    output: str = "",
    unit: str = "",
    missing: Sequence[str] = (),
    number: int | None = None,
) -> RuleSet:
    """Write a fitted tree as rules that answer the very same in every row.

    Limits on a column are joined, branches with one answer collapsed, and rules of one answer merged where they
    touch. Thresholds are moved to the float64 numbers at which the tree itself changes its mind, which rounds its
    inputs to float32 first.

    Parameters
    ----------
    tree : DecisionTreeClassifier, DecisionTreeRegressor, or record of one boosted tree
        Fitted. Anything with scikit-learn's ``tree_`` will do.
    names : sequence of str, optional
        Of the columns; by default ``feature_names_in_``, or x1, x2, ...
    units : mapping of str to str, optional
        Of the columns, for texts.
    space : Space or bounds, optional
        If the tree was fitted to ``space.features(X)``: the rules then speak of the space's own inputs, in their
        units and categories.
    class_names : sequence of str, optional
        What to call the classes, in the order of ``classes_``.
    output, unit : str, optional
        What is answered, for texts.
    missing : sequence of str, optional
        Columns of which texts say where rows without a value go.
    number : int, optional
        Which output of a tree with several.

    Returns
    -------
    RuleSet
        Exclusive, and one rule holds in every row.

    Raises
    ------
    TypeError
        For something that is not one tree.
    ValueError
        For names that do not fit, or several outputs without a `number`.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> X = (np.random.default_rng(0).integers(0, 10, (400, 2)) + 0.5) / 10
    >>> y = np.where((X[:, 0] > 0.7) & (X[:, 1] <= 0.6), "positive", "negative")
    >>> tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    >>> rules = rules_from_tree(tree).rounded(X)
    >>> print(rules.with_default("negative").to_text(digits=2))
    if x1 > 0.7 and x2 <= 0.6 then positive
    otherwise negative
    >>> bool((rules.predict(X) == tree.predict(X)).all())
    True
    """
    if isinstance(tree, BoostedTreesRecord):
        grown, classes, width = _from_record(tree), None, tree.n_features
    elif hasattr(tree, "tree_"):
        grown, classes, width = _from_sklearn(tree, number)
    else:
        raise TypeError(
            f"tree: one fitted tree is needed, got {type(tree).__name__}. For a forest or any other model use "
            "extract_rules, which asks it as a teacher."
        )
    if space is not None:
        space = Space.from_bounds(space)
        columns = Columns.of_space(space)
        if len(space.feature_names) != width:
            raise ValueError(f"space: it has {len(space.feature_names)} features, the tree was fitted to {width}.")
        asks = _of_space(space)
    else:
        columns = Columns.named(_names(tree, names, width), units)
        asks = [_of_column(name) for name in columns.names]
    if class_names is not None and classes is not None:
        if len(class_names) != len(classes):
            raise ValueError(f"class_names: {len(classes)} are needed, for {classes}; got {list(class_names)}.")
        grown = _renamed(grown, dict(zip(classes, class_names, strict=True)))
        classes = tuple(class_names)
    tests = tuple(None if test is None else asks[test[0]](*test[1:]) for test in grown.tests)
    rules = Tree(tests, grown.yes, grown.no, grown.answers).collapsed().rules()
    found = RuleSet(rules, columns, classes, exclusive=True, output=output, unit=unit, missing=tuple(missing))
    return found.simplified()


class _Grown:
    """A tree whose tests are (feature, what is compared, threshold, where NaN goes)."""

    def __init__(self, tests: list[Any], yes: list[int], no: list[int], answers: list[Any]) -> None:
        self.tests, self.yes, self.no, self.answers = tests, tuple(yes), tuple(no), tuple(answers)


def _renamed(grown: _Grown, names: Mapping[Any, str]) -> _Grown:
    return _Grown(grown.tests, list(grown.yes), list(grown.no), [names.get(plain(a), a) for a in grown.answers])


def _from_sklearn(tree: Any, number: int | None) -> tuple[_Grown, tuple[Any, ...] | None, int]:
    inner = tree.tree_
    if inner.n_outputs > 1 and number is None:
        raise ValueError(f"number: the tree has {inner.n_outputs} outputs; say which, from 0.")
    output = number or 0
    value = inner.value[:, output, :]
    classes = getattr(tree, "classes_", None)
    if classes is not None:
        classes = tuple(plain(c) for c in (classes[output] if inner.n_outputs > 1 else classes))
        answers: list[Any] = [classes[i] for i in value.argmax(axis=1)]
    else:
        answers = value[:, 0].tolist()
    left, right = inner.children_left, inner.children_right
    missing_left = getattr(inner, "missing_go_to_left", np.zeros(len(left), dtype=np.uint8))
    tests = [
        None if left[i] < 0 else (int(inner.feature[i]), "above", float(inner.threshold[i]), bool(missing_left[i]))
        for i in range(inner.node_count)
    ]
    # scikit-learn's children come after their parents already.
    return _Grown(tests, left.tolist(), right.tolist(), answers), classes, int(inner.n_features)


def _from_record(record: BoostedTreesRecord) -> _Grown:
    if len(record.roots) != 1:
        raise TypeError(
            f"tree: {len(record.roots)} boosted trees add up and have no rules of their own. Use extract_rules, which "
            "asks them as a teacher."
        )
    order, place = [int(record.roots[0])], 0
    while place < len(order):
        below = record.children[order[place]].tolist()
        order += below if below[0] != order[place] else []
        place += 1
    at = {node: i for i, node in enumerate(order)}
    leaf = [int(record.children[node, 0]) == node for node in order]
    tests, yes, no = [], [], []
    for node, ends in zip(order, leaf, strict=True):
        first, second = (at[child] for child in record.children[node].tolist())
        cut = (int(record.feature[node]), "reaching", float(record.cuts[node]), bool(record.missing[node] == 0))
        tests.append(None if ends else cut)
        yes.append(-1 if ends else first)
        no.append(-1 if ends else second)
    return _Grown(tests, yes, no, [float(record.base + record.value[node]) for node in order])


def _names(tree: Any, names: Sequence[str] | None, width: int) -> list[str]:
    known = names if names is not None else getattr(tree, "feature_names_in_", None)
    found = [f"x{i + 1}" for i in range(width)] if known is None else [str(name) for name in known]
    if len(found) != width or len(set(found)) < width:
        raise ValueError(f"names: {width} different names are needed, got {found[:20]}.")
    return found


def _of_column(name: str) -> Any:
    """Return how a comparison of a column becomes a condition on it."""

    def ask(how: str, threshold: float, missing: bool) -> Condition:
        if how == "reaching":
            return Interval(name, high=threshold, high_closed=False, missing=missing)
        return Interval(name, high=float(_last_below(_float32, threshold)), missing=missing)

    return ask


def _float32(x: NDArray[np.float64]) -> NDArray[np.float32]:
    return x.astype(np.float32)


def _last_below(scaled: Any, threshold: float) -> float:
    """Return the largest number whose rounded, scaled value does not exceed a threshold."""
    if threshold == np.inf:
        return np.inf
    beyond = np.float32(threshold)
    if float(beyond) <= threshold:
        beyond = np.nextafter(beyond, np.float32(np.inf))
    cut = first_reaching(scaled, np.array([beyond]))[0]
    return float(np.nextafter(cut, -np.inf))


def _of_space(space: Space) -> list[Any]:
    """Return how a comparison of each feature of a space becomes a condition on an input."""
    asks: list[Any] = []
    for name, parameter in space.parameters.items():
        values = getattr(parameter, "values", None)
        if values is not None:
            asks += [_of_category(name, value) for value in values]
        else:
            asks.append(_of_number(name, parameter))
    return asks


def _of_category(name: str, value: Any) -> Any:
    def ask(how: str, threshold: float, missing: bool) -> Condition:
        test = Among(name, frozenset({value}), inside=False)
        below = [low < threshold if how == "reaching" else low <= threshold for low in (0.0, 1.0)]
        if below == [True, False]:
            return test
        return Among(name, frozenset(), inside=not below[0])  # always one way

    return ask


def _of_number(name: str, parameter: Any) -> Any:
    def scaled(x: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(parameter.features(x)[:, 0])

    def ask(how: str, threshold: float, missing: bool) -> Condition:
        if how == "reaching":
            cut = first_reaching(scaled, np.array([threshold]))[0]
            return Interval(name, high=float(cut), high_closed=False, missing=missing)
        return Interval(name, high=_last_below(lambda x: scaled(x).astype(np.float32), threshold), missing=missing)

    return ask
