"""Small trees that stay close to their teacher: CART, refined by alternating optimisation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.validation import check_is_fitted

from surrogate.models.rules.alternation import Nodes, alternate, nodes_of
from surrogate.models.rules.columns import Columns
from surrogate.models.rules.condition import Among, Condition, Interval
from surrogate.models.rules.rule import Rule
from surrogate.models.rules.rule_set import RuleSet
from surrogate.models.rules.tree import Tree

if TYPE_CHECKING:
    from numpy.typing import NDArray


class _AlternatingTree(BaseEstimator):
    """What classification and regression share."""

    columns_: Columns
    tree_of_rules_: Tree
    rules_: RuleSet

    def __init__(
        self,
        max_leaf_nodes: int = 8,
        *,
        min_samples_leaf: int = 1,
        n_starts: int = 4,
        max_sweeps: int = 30,
        random_state: Any = 0,
    ) -> None:
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples_leaf = min_samples_leaf
        self.n_starts = n_starts
        self.max_sweeps = max_sweeps
        self.random_state = random_state

    def predict(self, X: Any) -> NDArray[Any]:
        """Answer each row of a table; DataFrames are matched by name, arrays by position."""
        check_is_fitted(self, "rules_")
        return self.rules_.predict(X)

    def _check(self) -> None:
        for name, least in (("max_leaf_nodes", 2), ("min_samples_leaf", 1), ("n_starts", 1), ("max_sweeps", 0)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
                raise ValueError(f"{name}: a whole number of at least {least} is needed, got {value!r}.")

    def _grow(self, X: Any, targets: NDArray[np.float64], weights: NDArray[np.float64], costs: Any) -> Nodes:
        """Return the best of several trees, each grown by CART and then improved."""
        self.columns_ = Columns.read(X)
        self.n_features_in_ = len(self.columns_.names)
        if hasattr(X, "columns"):
            self.feature_names_in_ = np.asarray(self.columns_.names, dtype=object)
        wide, self._places = self.columns_.one_hot(self.columns_.encode(X))
        if len(wide) != len(targets):
            raise ValueError(f"y: one value for each of the {len(wide)} rows of X is needed, got {len(targets)}.")
        if not len(wide):
            raise ValueError("X: at least one row is needed, got none.")
        order = np.argsort(wide, axis=0, kind="stable")
        cost, best = costs
        rng = np.random.default_rng(self.random_state)
        found: tuple[float, Nodes] | None = None
        for start in range(self.n_starts):
            nodes = self._start(start, wide, targets, weights, rng)
            total = self._improved(nodes, wide, order, targets, weights, cost, best)
            if found is None or total < found[0]:
                found = total, nodes
        assert found is not None  # noqa: S101 - n_starts is at least 1
        return found[1]

    def _improved(self, nodes: Nodes, X: Any, order: Any, targets: Any, weights: Any, cost: Any, best: Any) -> float:
        """Improve the tests; leaves that this makes needless are spent elsewhere, as long as that helps."""
        total = alternate(nodes, X, order, cost, best, self.min_samples_leaf, self.max_sweeps)
        while nodes.n_leaves() < self.max_leaf_nodes and self._split_a_leaf(nodes, X, targets, weights):
            before = total
            total = alternate(nodes, X, order, cost, best, self.min_samples_leaf, self.max_sweeps)
            if not total < before:
                break
        return total

    def _start(self, start: int, X: Any, targets: Any, weights: Any, rng: np.random.Generator) -> Nodes:
        """Grow the first tree by CART on all rows, others on a resample of them for variety."""
        counts = weights if not start else weights * rng.multinomial(len(X), np.full(len(X), 1 / len(X)))
        rows = np.flatnonzero(counts > 0)
        tree = self._cart(max_leaf_nodes=self.max_leaf_nodes, random_state=int(rng.integers(2**31)))
        tree.fit(X[rows], targets[rows], sample_weight=counts[rows])
        return nodes_of(tree.tree_, self._node_answers(tree))

    def _split_a_leaf(self, nodes: Nodes, X: Any, targets: Any, weights: Any) -> bool:
        """Split the leaf in which one more test of CART says most; False if there is none."""
        chosen: tuple[float, int, Any] | None = None
        for leaf, rows in nodes.rows(X).items():
            if nodes.feature[leaf] >= 0 or len(rows) < 2 * self.min_samples_leaf or not (weights[rows] > 0).any():
                continue
            stump = self._cart(max_leaf_nodes=2, random_state=0)
            stump.fit(X[rows], targets[rows], sample_weight=weights[rows])
            inner = stump.tree_
            if inner.node_count < 3:
                continue
            mass = inner.weighted_n_node_samples
            gain = float(inner.impurity[0] * mass[0] - inner.impurity[1:] @ mass[1:])
            if chosen is None or gain > chosen[0]:
                chosen = gain, leaf, stump
        if chosen is None:
            return False
        _, leaf, stump = chosen
        split, size = nodes_of(stump.tree_, self._node_answers(stump)), len(nodes.feature)
        nodes.feature[leaf], nodes.threshold[leaf] = split.feature[0], split.threshold[0]
        nodes.missing_left[leaf] = split.missing_left[0]
        nodes.left[leaf], nodes.right[leaf] = size, size + 1
        nodes.feature += [-1, -1]
        nodes.threshold += [np.nan, np.nan]
        nodes.left += [-1, -1]
        nodes.right += [-1, -1]
        nodes.missing_left += [False, False]
        nodes.answer += split.answer[1:]
        return True

    def _cart(self, **settings: Any) -> Any:
        raise NotImplementedError

    def _node_answers(self, tree: Any) -> NDArray[np.float64]:
        raise NotImplementedError

    def _finish(self, nodes: Nodes, X: Any, answers: Any, classes: tuple[Any, ...] | None) -> None:
        order = [0]
        for node in order:
            order += [] if nodes.feature[node] < 0 else [nodes.left[node], nodes.right[node]]
        at = {node: i for i, node in enumerate(order)}
        leaf = [nodes.feature[node] < 0 for node in order]
        tree = Tree(
            tuple(None if end else self._test(nodes, node) for node, end in zip(order, leaf, strict=True)),
            tuple(-1 if end else at[nodes.left[node]] for node, end in zip(order, leaf, strict=True)),
            tuple(-1 if end else at[nodes.right[node]] for node, end in zip(order, leaf, strict=True)),
            tuple(answers(nodes.answer[node]) for node in order),
        )
        tree = tree.collapsed()
        tests = RuleSet(tuple(Rule((test,), tree.answers[-1]) for test in tree.tests if test), self.columns_, classes)
        short = iter([rule.conditions[0] for rule in tests.rounded(X)])
        self.tree_of_rules_ = replace(tree, tests=tuple(test and next(short) for test in tree.tests))
        self.rules_ = RuleSet(self.tree_of_rules_.rules(), self.columns_, classes, exclusive=True).simplified()

    def _test(self, nodes: Nodes, node: int) -> Condition:
        column, code = self._places[nodes.feature[node]]
        name = self.columns_.names[column]
        if code is None:
            return Interval(name, high=nodes.threshold[node], missing=nodes.missing_left[node])
        return Among(name, frozenset({(self.columns_.categories[column] or ())[code]}), inside=False)


class AlternatingTreeClassifier(ClassifierMixin, _AlternatingTree):
    """Classification tree with few leaves and few mistakes.

    CART chooses each test once, from the top down, for purity. Here the tests of its tree are then chosen again, one
    at a time and from the bottom up, for the fewest mistakes of the whole tree given all others, until none can be
    improved [1]_. This never costs mistakes in the rows that are fitted, and at equal leaves it usually saves some on
    others when these are many, as they are when a teacher labels them.

    Parameters
    ----------
    max_leaf_nodes : int, default 8
        Most leaves: what a reader can hold in the head.
    min_samples_leaf : int, default 1
        Least rows on each side of a test.
    n_starts : int, default 4
        Trees that are improved, the first from all rows, others from resamples; the best is kept.
    max_sweeps : int, default 30
        At most so many rounds over the nodes; 0 is CART itself.
    random_state : int or None, default 0

    Attributes
    ----------
    rules_ : RuleSet
        The same tree as rules, through which it predicts; ends of intervals rounded where no fitted row minds.
    tree_of_rules_ : Tree
    classes_ : ndarray
    n_features_in_ : int

    References
    ----------
    .. [1] Carreira-Perpinan & Tavallali 2018, Alternating optimization of decision trees, with application to
       learning sparse oblique trees, NeurIPS 31.

    Examples
    --------
    >>> X = np.random.default_rng(0).random((1000, 2))
    >>> y = (X[:, 0] > 0.5) ^ (X[:, 1] > 0.5)
    >>> AlternatingTreeClassifier(max_leaf_nodes=4).fit(X, y).score(X, y) > 0.99
    True
    """

    classes_: NDArray[Any]

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Grow and improve the tree.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, d)
            Numbers, truth values or text; missing values are allowed.
        y : array-like of shape (n,)
            Classes.
        sample_weight : array-like of shape (n,), optional
            What a mistake in each row costs. A row with soft labels is one row a class, weighted by its probability.

        Returns
        -------
        AlternatingTreeClassifier
            Itself.
        """
        self._check()
        self.classes_, codes = np.unique(np.asarray(y), return_inverse=True)
        weights = _weights(sample_weight, len(codes))

        def cost(rows: NDArray[np.intp], answer: float) -> NDArray[np.float64]:
            return np.where(codes[rows] == answer, 0.0, weights[rows])

        def best(rows: NDArray[np.intp]) -> float:
            return float(np.bincount(codes[rows], weights[rows], len(self.classes_)).argmax())

        nodes = self._grow(X, codes.astype(np.float64), weights, (cost, best))
        self._finish(nodes, X, lambda code: self.classes_[int(code)], tuple(self.classes_.tolist()))
        return self

    def _cart(self, **settings: Any) -> Any:
        from sklearn.tree import DecisionTreeClassifier

        return DecisionTreeClassifier(min_samples_leaf=self.min_samples_leaf, **settings)

    def _node_answers(self, tree: Any) -> NDArray[np.float64]:
        return np.asarray(tree.classes_[tree.tree_.value[:, 0, :].argmax(axis=1)], dtype=np.float64)


class AlternatingTreeRegressor(RegressorMixin, _AlternatingTree):
    """Regression tree with few leaves and small squared errors.

    As `AlternatingTreeClassifier`, with squared errors for mistakes.

    Parameters
    ----------
    max_leaf_nodes, min_samples_leaf, n_starts, max_sweeps, random_state
        As in `AlternatingTreeClassifier`.

    Attributes
    ----------
    rules_ : RuleSet
        The same tree as rules, through which it predicts; ends of intervals rounded where no fitted row minds.
    tree_of_rules_ : Tree
    n_features_in_ : int

    Examples
    --------
    >>> X = np.random.default_rng(0).random((500, 2))
    >>> y = np.where(X[:, 0] > 0.3, 1.0, 4.0)
    >>> print(AlternatingTreeRegressor(max_leaf_nodes=2).fit(X, y).rules_)
    if x1 <= 0.3 then 4
    if x1 > 0.3 then 1
    """

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Grow and improve the tree.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, d)
            Numbers, truth values or text; missing values are allowed.
        y : array-like of shape (n,)
            Numbers.
        sample_weight : array-like of shape (n,), optional
            What a squared error in each row costs.

        Returns
        -------
        AlternatingTreeRegressor
            Itself.
        """
        self._check()
        targets = np.asarray(y, dtype=np.float64)
        if targets.ndim != 1:
            raise ValueError(f"y: one number a row is needed, got shape {targets.shape}. Fit one tree an output.")
        weights = _weights(sample_weight, len(targets))

        def cost(rows: NDArray[np.intp], answer: float) -> NDArray[np.float64]:
            return np.asarray(weights[rows] * (targets[rows] - answer) ** 2)

        def best(rows: NDArray[np.intp]) -> float:
            total = weights[rows].sum()
            return float(weights[rows] @ targets[rows] / total) if total > 0 else float(targets[rows].mean())

        self._finish(self._grow(X, targets, weights, (cost, best)), X, float, None)
        return self

    def _cart(self, **settings: Any) -> Any:
        from sklearn.tree import DecisionTreeRegressor

        return DecisionTreeRegressor(min_samples_leaf=self.min_samples_leaf, **settings)

    def _node_answers(self, tree: Any) -> NDArray[np.float64]:
        return np.asarray(tree.tree_.value[:, 0, 0])


def _weights(sample_weight: Any, n: int) -> NDArray[np.float64]:
    weights = np.ones(n) if sample_weight is None else np.asarray(sample_weight, dtype=np.float64)
    if weights.shape != (n,) or not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
        raise ValueError(f"sample_weight: {n} finite numbers, none negative and not all 0, are needed.")
    return weights
