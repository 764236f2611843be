"""TREPAN: a tree grown by asking a teacher, with m-of-n tests."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted

from surrogate.models.rules.columns import Columns
from surrogate.models.rules.literal import Group
from surrogate.models.rules.m_of_n import best_group, gains, literals_of
from surrogate.models.rules.queries import Marginals, differ
from surrogate.models.rules.rule_set import RuleSet
from surrogate.models.rules.tree import Tree
from surrogate.space.parameter import plain
from surrogate.validation.answers import answers_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Rows at a node from which its own distribution is compared with that of the node above.
_LOCAL_FROM = 30

#: Rows drawn from the distribution above for that comparison.
_COMPARED = 500


@dataclass
class _Node:
    """A node that is being grown; `rows` and `labels` hold queries too, `real` of them come first."""

    path: tuple[Group, ...]
    reach: float
    rows: NDArray[np.float64]
    labels: NDArray[np.intp]
    real: int
    model: Marginals
    answer: int
    test: Group | None = None
    children: list[int] = field(default_factory=list)


class Trepan(ClassifierMixin, BaseEstimator):
    """TREPAN (Craven & Shavlik 1996): a small tree that says what a teacher says, grown by asking it.

    Each node rests on at least `min_samples` rows: where few of the data come down to it, new rows that fulfil all
    tests on the way are drawn like the data, and the teacher is asked about them [1]_. Nodes that promise most are
    split first: those that many rows reach and whose answer is often wrong. A test may be of one column, or m of n
    such tests, which says in one line what takes a tree of single tests many.

    Parameters
    ----------
    oracle : callable or fitted estimator, optional
        The teacher, asked with tables like `X`. To survive ``clone`` give its method: ``oracle=teacher.predict``.
        Without one, `fit` learns from its rows alone.
    max_leaf_nodes : int, default 16
        Most leaves; the published trees have 15 tests.
    min_samples : int, default 1000
        Rows and queries together on which a node rests; the published number.
    m_of_n : bool, default True
        Whether to look for tests of several columns.
    beam : int, default 2
        Candidates that are kept in the search of such tests; published.
    purity : float, default 0.95
        A node is a leaf when, at confidence `purity`, its answer is right in such a share of its rows. The published
        0.95 takes 52 rows of one class.
    validation_fraction : float, default 0.0
        Share of the rows kept back to choose between the tree and the smaller trees that it grew from.
    random_state : int or None, default 0
        Of the queries.

    Attributes
    ----------
    tree_of_rules_ : Tree
    rules_ : RuleSet
        The same tree as rules, through which it predicts.
    classes_ : ndarray
    n_queries_ : int
        Rows that were drawn and asked about, besides those of `X`.

    References
    ----------
    .. [1] Craven & Shavlik 1996, Extracting tree-structured representations of trained networks, NIPS 8.

    Examples
    --------
    >>> def teacher(X):
    ...     return (X[:, :3] > 0.5).sum(axis=1) >= 2
    >>> X = np.random.default_rng(0).random((200, 5))
    >>> tree = Trepan(teacher, max_leaf_nodes=2).fit(X)
    >>> print(tree.rules_.with_default(False).to_text(digits=1))
    if at least 2 of (x1 > 0.5, x2 > 0.5, x3 > 0.5) then True
    otherwise False
    """

    classes_: NDArray[Any]

    def __init__(
        self,
        oracle: Any = None,
        *,
        max_leaf_nodes: int = 16,
        min_samples: int = 1000,
        m_of_n: bool = True,
        beam: int = 2,
        purity: float = 0.95,
        validation_fraction: float = 0.0,
        random_state: Any = 0,
    ) -> None:
        self.oracle = oracle
        self.max_leaf_nodes = max_leaf_nodes
        self.min_samples = min_samples
        self.m_of_n = m_of_n
        self.beam = beam
        self.purity = purity
        self.validation_fraction = validation_fraction
        self.random_state = random_state

    def fit(self, X: Any, y: Any = None) -> Self:
        """Grow the tree.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, d)
            Rows to start from; numbers, truth values or text, missing values allowed. They need no labels.
        y : array-like of shape (n,), optional
            What the teacher says of these rows; by default it is asked.

        Returns
        -------
        Trepan
            Itself.
        """
        self._check(y)
        self.columns_ = Columns.read(X)
        self.n_features_in_ = len(self.columns_.names)
        if hasattr(X, "columns"):
            self.feature_names_in_ = np.asarray(self.columns_.names, dtype=object)
        rows = self.columns_.encode(X)
        said = np.asarray(answers_of(self.oracle, X) if y is None else y)
        if said.shape != (len(rows),) or not len(rows):
            raise ValueError(f"y: one class for each of the {len(rows)} rows of X is needed, got shape {said.shape}.")
        self._known = {plain(label): i for i, label in enumerate(np.unique(said).tolist())}
        labels = self._codes(said)
        self._rng, self._like, self.n_queries_ = np.random.default_rng(self.random_state), X, 0
        kept, train = self._parted(len(rows))
        nodes, split_in_order = self._grow(rows[train], labels[train])
        if len(kept):
            split_in_order = self._chosen(nodes, split_in_order, rows[kept], labels[kept])
        self.classes_ = np.unique(np.array(list(self._known)))
        self._finish(nodes, split_in_order)
        del self._rng, self._like
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Answer each row of a table; DataFrames are matched by name, arrays by position."""
        check_is_fitted(self, "rules_")
        return self.rules_.predict(X)

    def _check(self, y: Any) -> None:
        for name, least in (("max_leaf_nodes", 2), ("min_samples", 1), ("beam", 1)):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
                raise ValueError(f"{name}: a whole number of at least {least} is needed, got {value!r}.")
        if not 0.5 <= self.purity < 1:
            raise ValueError(f"purity: a share from 0.5 to below 1 is needed, got {self.purity!r}.")
        if not 0 <= self.validation_fraction < 1:
            raise ValueError(f"validation_fraction: from 0 to below 1 is needed, got {self.validation_fraction!r}.")
        if self.oracle is None and y is None:
            raise ValueError("oracle: without a teacher to ask, y is needed. Write Trepan(oracle=teacher.predict).")

    def _parted(self, n: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        order = self._rng.permutation(n)
        kept = int(n * self.validation_fraction)
        return order[:kept], np.sort(order[kept:])

    def _codes(self, said: NDArray[Any]) -> NDArray[np.intp]:
        labels = [plain(label) for label in said.tolist()]
        for label in labels:
            self._known.setdefault(label, len(self._known))
        return np.array([self._known[label] for label in labels], dtype=np.intp)

    # Growing

    def _grow(self, rows: NDArray[np.float64], labels: NDArray[np.intp]) -> tuple[list[_Node], list[int]]:
        """Split the most promising node until there are enough leaves; return the order in which nodes were split."""
        root = self._node((), 1.0, rows, labels, Marginals(rows, self.columns_))
        nodes, waiting = [root], [self._promise(root, 0)]
        order: list[int] = []
        while waiting and len(order) + 1 < self.max_leaf_nodes:
            at = heapq.heappop(waiting)[1]
            node = nodes[at]
            test = None if self._pure(node) else self._test(node)
            if test is None:
                continue
            node.test = test
            order.append(at)
            passed = test.holds(node.rows)
            for way, group in ((passed, test), (~passed, test.negated())):
                real = way[: node.real]
                path = (*node.path, group)
                reach = node.reach * float(way.mean())
                child = self._node(
                    path, reach, node.rows[: node.real][real], node.labels[: node.real][real], node.model
                )
                node.children.append(len(nodes))
                nodes.append(child)
                heapq.heappush(waiting, self._promise(child, len(nodes) - 1))
        return nodes, order

    def _promise(self, node: _Node, place: int) -> tuple[float, int]:
        right = float((node.labels == node.answer).mean()) if len(node.labels) else 1.0
        return -node.reach * (1.0 - right), place

    def _node(
        self,
        path: tuple[Group, ...],
        reach: float,
        rows: NDArray[np.float64],
        labels: NDArray[np.intp],
        above: Marginals,
    ) -> _Node:
        """Make a node, with queries if too few rows come down to it."""
        model, real = above, len(rows)
        if path and real >= _LOCAL_FROM and real < self.min_samples:
            # That the tests on the way hold makes no difference; what else is different down here does.
            expected = above.sample(_COMPARED, path, self._rng)
            if len(expected) and differ(rows, expected, self.columns_):
                model = Marginals(rows, self.columns_)
        missing = self.min_samples - real
        if self.oracle is not None and missing > 0:
            drawn = model.sample(missing, path, self._rng)
            if not len(drawn) and model is not above:
                drawn = above.sample(missing, path, self._rng)
            if len(drawn):
                said = answers_of(self.oracle, self.columns_.decode(drawn, self._like))
                self.n_queries_ += len(drawn)
                rows, labels = np.vstack([rows, drawn]), np.append(labels, self._codes(said))
        answer = int(np.bincount(labels).argmax()) if len(labels) else 0
        return _Node(path, reach, rows, labels, real, model, answer)

    def _pure(self, node: _Node) -> bool:
        """Whether the share of the answer is surely large enough, by Wilson's bound."""
        from scipy.special import ndtri

        n = len(node.labels)
        if not n:
            return True  # nothing fulfils the tests on the way
        z2 = float(ndtri(self.purity)) ** 2
        share = float((node.labels == node.answer).mean())
        low = (share + z2 / (2 * n) - np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n**2)))) / (1 + z2 / n)
        return bool(low >= self.purity)

    def _test(self, node: _Node) -> Group | None:
        """Return the best test of a node, None if none tells anything."""
        classes = node.labels[:, None] == np.unique(node.labels)
        if classes.shape[1] < 2:
            return None
        literals = literals_of(node.rows, classes, self.columns_, each=3)
        if not literals:
            return None
        taken = {t.column for group in node.path if len(group.literals) > 1 for t in group.literals}
        group = best_group(node.rows, classes, literals, taken, self.beam if self.m_of_n else 0)
        return group if gains(group.holds(node.rows)[None], classes)[0] > 1e-12 else None

    # Choosing and finishing

    def _chosen(
        self, nodes: list[_Node], order: list[int], rows: NDArray[np.float64], labels: NDArray[np.intp]
    ) -> list[int]:
        """Return the first splits, as many as give the best fidelity on rows kept back; the fewest of equals."""
        answers = np.full(len(rows), nodes[0].answer)
        right = [int((answers == labels).sum())]
        reached = {0: np.ones(len(rows), dtype=bool)}
        for at in order:
            test = nodes[at].test
            assert test is not None  # noqa: S101 - `order` holds nodes that were split
            passed = test.holds(rows)
            for child, way in zip(nodes[at].children, (passed, ~passed), strict=True):
                reached[child] = reached[at] & way
                answers[reached[child]] = nodes[child].answer
            right.append(int((answers == labels).sum()))
        return order[: int(np.argmax(right))]

    def _finish(self, nodes: list[_Node], order: list[int]) -> None:
        split, kept = set(order), [0]
        for at in kept:
            kept += nodes[at].children if at in split else []
        number = {at: i for i, at in enumerate(kept)}
        labels = {code: label for label, code in self._known.items()}
        inner = [at in split for at in kept]
        tests = [
            test.condition(self.columns_) if is_inner and (test := nodes[at].test) is not None else None
            for at, is_inner in zip(kept, inner, strict=True)
        ]
        self.tree_of_rules_ = Tree(
            tuple(tests),
            tuple(number[nodes[at].children[0]] if is_inner else -1 for at, is_inner in zip(kept, inner, strict=True)),
            tuple(number[nodes[at].children[1]] if is_inner else -1 for at, is_inner in zip(kept, inner, strict=True)),
            tuple(labels[nodes[at].answer] for at in kept),
        ).collapsed()
        rules = RuleSet(self.tree_of_rules_.rules(), self.columns_, tuple(self.classes_.tolist()), exclusive=True)
        self.rules_ = rules.simplified().rounded(self._like)
