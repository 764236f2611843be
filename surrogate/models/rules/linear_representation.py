"""A decision tree read out of a network's own activations, by the linear representation hypothesis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.rules.best_tree import Split, best_tree
from surrogate.models.rules.columns import Columns
from surrogate.models.rules.condition import Condition, Interval
from surrogate.models.rules.probing import Activations, Probe, literals_of, possible_probes, search
from surrogate.models.rules.rule_set import RuleSet
from surrogate.models.rules.tree import Tree
from surrogate.space.parameter import plain
from surrogate.validation.answers import answers_of
from surrogate.validation.shares import exact_interval

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class LinearRepresentationTree:
    """A decision tree found in a network. Made by `distill_linear_representation`.

    Attributes
    ----------
    tree : Tree
        Tests ``x > 0`` of inputs that are +1 or -1.
    names : tuple of str
        Of the inputs.
    classes : tuple
        What can be answered.
    probes : int
        Conjunctions that were probed.
    share : float
        The same as a share of all conjunctions of up to the tree's depth: what a full search would take.
    fidelity : (share, low, high)
        In how many fresh random rows tree and network agree, with an exact 95 % interval.
    """

    tree: Tree
    names: tuple[str, ...]
    classes: tuple[Any, ...]
    probes: int
    share: float
    fidelity: tuple[float, float, float]

    def __repr__(self) -> str:
        share, low, high = self.fidelity
        return (
            f"LinearRepresentationTree({self.tree.n_leaves} leaves, depth {self.tree.depth}; fidelity {share:.4f} "
            f"[{low:.4f}, {high:.4f}]; {self.probes} probes, {100 * self.share:.2g} % of all)"
        )

    def rules(self) -> RuleSet:
        """Return the tree as rules."""
        rules = RuleSet(self.tree.rules(), Columns.named(self.names), self.classes, exclusive=True)
        return rules.simplified()

    def predict(self, X: Any) -> NDArray[Any]:
        """Answer each row of an array of shape (n, d)."""
        return self.rules().predict(X)


def distill_linear_representation(
    network: Any,
    activations: Activations,
    d: int,
    *,
    depth: int = 3,
    beam: int = 10,
    max_leaves: int | None = None,
    ridge: float = 3e-3,
    n_probe: int = 3000,
    n_labels: int = 20_000,
    names: Sequence[str] | None = None,
    seed: int | None = 0,
) -> LinearRepresentationTree:
    """Read the decision tree that a network learned out of its activations.

    If the network computes a tree, each of its nodes is the conjunction of the tests above it, and (the linear
    representation hypothesis) each such conjunction is nearly a linear function of the activations. So conjunctions of
    growing length are probed by ridge regression, only the `beam` best of each length are made longer, and the tree
    that agrees best with the network is put together from those that were probed [1]_. No labels are needed: random
    inputs are drawn and the network is asked.

    Parameters
    ----------
    network : estimator or callable
        Answers an array of shape (n, d) of +1 and -1 with n classes.
    activations : callable
        Returns what the network computes inside, shape (n, p), such as `mlp_activations(network)`. The raw inputs must
        not be among it: every single literal is a linear function of them, which says nothing about the network.
    d : int
        Number of inputs, each +1 or -1.
    depth : int, default 3
        Most tests on a path.
    beam : int, default 10
        Conjunctions of each length that are made longer. Deeper trees of more inputs need more: 50 for depth 3 or 4
        and 100 inputs.
    max_leaves : int, optional
        Of the tree; by default what the depth allows.
    ridge : float, default 3e-3
        Penalty of the probes, in units of the activations' mean squared length. It keeps probes short, as the
        theorem asks: too small and noise is fitted (1e-4), too large and nothing is (1e-1).
    n_probe : int, default 3000
        Random rows to fit probes to, and as many others to judge them.
    n_labels : int, default 20000
        Random rows on which trees are compared, and as many others for the fidelity.
    names : sequence of str, optional
        Of the inputs; by default x1, x2, ...
    seed : int or None, default 0
        Of the rows.

    Returns
    -------
    LinearRepresentationTree

    References
    ----------
    .. [1] Boix-Adsera 2024, Towards a theory of model distillation, arXiv 2403.09053, algorithm 1.

    Examples
    --------
    A "network" whose activations hold both ANDs of a small tree, among noise:

    >>> def activations(X):
    ...     both = (X[:, 2] > 0) & (X[:, 5] > 0), (X[:, 2] < 0) & (X[:, 7] > 0)
    ...     return np.column_stack([*both, X[:, 2] > 0, np.tanh(X @ np.full((8, 4), 0.3)), np.ones(len(X))])
    >>> def network(X):
    ...     return np.where(X[:, 2] > 0, X[:, 5] > 0, X[:, 7] > 0)
    >>> found = distill_linear_representation(network, activations, 8, depth=2, n_probe=500, n_labels=2000)
    >>> found.fidelity[0], found.tree.n_leaves
    (1.0, 4)
    """
    for name, value in (("d", d), ("depth", depth), ("beam", beam), ("n_probe", n_probe), ("n_labels", n_labels)):
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise ValueError(f"{name}: a whole number of at least 1 is needed, got {value!r}.")
    if depth > d:
        raise ValueError(f"depth: at most d = {d} inputs can be tested on a path, got {depth}.")
    if not ridge > 0:
        raise ValueError(f"ridge: a positive number is needed, got {ridge!r}. Probes without a penalty fit noise.")
    found = tuple(f"x{i + 1}" for i in range(d)) if names is None else tuple(str(name) for name in names)
    if len(found) != d:
        raise ValueError(f"names: {d} are needed, got {len(found)}.")
    rng = np.random.default_rng(seed)
    fit, check, rows, fresh = (_random(rng, n, d) for n in (n_probe, n_probe, n_labels, n_labels))
    classes, labels = np.unique(answers_of(network, rows), return_inverse=True)
    levels = search(
        _prober(activations, fit, check, ridge),
        literals_of(rows),
        labels[:, None] == np.arange(len(classes)),
        depth,
        beam,
    )
    split, _ = best_tree(levels, d, max_leaves)
    names_of_classes = tuple(plain(c) for c in classes)
    tree = _tree(split, found, names_of_classes)
    probes = sum(len(level.key) for level in levels)
    made = LinearRepresentationTree(
        tree, found, names_of_classes, probes, probes / possible_probes(d, depth), (1.0, 0.0, 1.0)
    )
    k = int((made.predict(fresh) == answers_of(network, fresh)).sum())
    fidelity = (k / n_labels, *exact_interval(k, n_labels))
    return LinearRepresentationTree(tree, found, names_of_classes, probes, made.share, fidelity)


def mlp_activations(network: Any) -> Activations:
    """Return a function to the inner values of a fitted scikit-learn MLP: all hidden layers before and after
    activation, and the sign of the output.

    Parameters
    ----------
    network : MLPClassifier or MLPRegressor
        Fitted.

    Returns
    -------
    callable
        From an array of shape (n, d) to one of shape (n, p).
    """  # noqa: D205 - one sentence
    if not hasattr(network, "coefs_"):
        raise TypeError(f"network: a fitted MLPClassifier or MLPRegressor is needed, got {type(network).__name__}.")
    bends: dict[str, Callable[[Any], Any]] = {
        "relu": lambda z: np.maximum(z, 0.0),
        "tanh": np.tanh,
        "logistic": lambda z: 1.0 / (1.0 + np.exp(-z)),
        "identity": lambda z: z,
    }
    bend = bends[network.activation]

    def activations(X: Any) -> Any:
        values, parts = np.asarray(X, dtype=np.float64), []
        for weights, shift in zip(network.coefs_[:-1], network.intercepts_[:-1], strict=True):
            before = values @ weights + shift
            values = bend(before)
            parts += [before, values]
        parts.append(np.sign(values @ network.coefs_[-1] + network.intercepts_[-1]))
        return np.hstack(parts)

    return activations


def _random(rng: np.random.Generator, n: int, d: int) -> NDArray[np.float64]:
    return np.asarray(rng.integers(0, 2, size=(n, d)), dtype=np.float64) * 2.0 - 1.0


def _prober(
    activations: Activations, fit: NDArray[np.float64], check: NDArray[np.float64], ridge: float
) -> Callable[[NDArray[np.int64]], NDArray[np.float64]]:
    """Return the errors of probes of conjunctions, as a function."""
    phi, other = (np.asarray(activations(rows), dtype=np.float64) for rows in (fit, check))
    if phi.ndim != 2 or len(phi) != len(fit) or not np.isfinite(phi).all():
        raise ValueError(f"activations: finite numbers of shape ({len(fit)}, p) are needed, got shape {phi.shape}.")
    # One scale for all: a scale a feature would make every literal look linear.
    scale = np.sqrt(np.mean(np.einsum("ij,ij->i", phi, phi)))
    if scale == 0:
        raise ValueError("activations: all are 0, so there is nothing to probe.")
    probe = Probe(phi / scale, other / scale, ridge)
    holds, checked = literals_of(fit), literals_of(check)
    return lambda literals: np.asarray(probe.errors(literals, holds, checked))


def _tree(split: Split | int, names: Sequence[str], classes: tuple[Any, ...]) -> Tree:
    tests: list[Condition | None] = []
    yes: list[int] = []
    no: list[int] = []
    answers: list[Any] = []
    todo: list[Split | int] = [split]
    for node in todo:
        inner = isinstance(node, Split)
        tests.append(Interval(names[node.place], low=0.0) if isinstance(node, Split) else None)
        answers.append(None if isinstance(node, Split) else classes[node])
        yes.append(len(todo) if inner else -1)
        no.append(len(todo) + 1 if inner else -1)
        todo += [node.left, node.right] if isinstance(node, Split) else []
    return Tree(tuple(tests), tuple(yes), tuple(no), tuple(answers)).collapsed()
