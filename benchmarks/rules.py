"""Rules, juntas, trees in activations and certificates, beside the published figures; prints a table in Markdown.

python benchmarks/rules.py > benchmarks/results/rules.md
"""

from __future__ import annotations

import time
import warnings

import numpy as np
from sklearn.datasets import load_breast_cancer, load_iris, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier

from surrogate import certify
from surrogate.design import Munge
from surrogate.models.rules import (
    AlternatingTreeClassifier,
    Trepan,
    distill_junta,
    distill_linear_representation,
    mlp_activations,
    rules_from_tree,
)


def row(what, published, ours, start):
    print(f"| {what} | {published} | {ours} | {time.process_time() - start:.1f} |", flush=True)


def fidelity():
    """Held-out fidelity to a forest at equal leaves, mean of four splits."""
    for name, load, leaves, published in (
        ("breast cancer", load_breast_cancer, 8, "trustee 0.9276 (other splits)"),
        ("wine", load_wine, 8, "trustee 0.8565 (other splits)"),
        ("iris", load_iris, 5, "-"),
    ):
        start, found = time.process_time(), {"CART": [], "CART on MUNGE": [], "alternating": [], "TREPAN": []}
        X, y = load(return_X_y=True)
        for seed in range(4):
            X1, X2, y1, _ = train_test_split(X, y, test_size=0.3, random_state=seed)
            teacher = RandomForestClassifier(100, random_state=seed).fit(X1, y1)
            rows = np.vstack([X1, np.asarray(Munge().fit(X1).sample(4000, seed))])
            said, cart = teacher.predict(rows), DecisionTreeClassifier(max_leaf_nodes=leaves, random_state=0)
            for label, student in (
                ("CART", cart.fit(X1, teacher.predict(X1))),
                ("CART on MUNGE", DecisionTreeClassifier(max_leaf_nodes=leaves, random_state=0).fit(rows, said)),
                ("alternating", AlternatingTreeClassifier(leaves).fit(rows, said)),
                ("TREPAN", Trepan(teacher.predict, max_leaf_nodes=leaves).fit(rows)),
            ):
                found[label].append((student.predict(X2) == teacher.predict(X2)).mean())
        text = ", ".join(f"{label} {np.mean(shares):.4f}" for label, shares in found.items())
        row(f"fidelity on held-out rows, {name}, {leaves} leaves", published, text, start)


def prediction():
    """Seconds for a million rows, beside the tree itself."""
    X, y = load_breast_cancer(return_X_y=True)
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    rules, rows = rules_from_tree(tree), np.tile(X, (1758, 1))[:1_000_000]
    start = time.process_time()
    same = (rules.predict(rows) == tree.predict(rows)).mean()
    spent = time.process_time() - start
    start = time.process_time()
    rules.predict(rows)
    ours = time.process_time() - start
    row(
        "a million rows of 30 columns", "< 1 s", f"{ours:.2f} s (the tree {spent - ours:.2f} s), same {same:.0%}", start
    )


def juntas():
    """Exact supports and questions, of random functions that depend on all their inputs."""
    for d, k, runs, published in (
        (100, 3, 50, "mean 60, most 124"),
        (1000, 5, 50, "mean 105, most 149"),
        (1000, 8, 20, "mean 364, most 388"),
        (100_000, 5, 5, "mean 136, most 156"),
    ):
        start, exact, asked = time.process_time(), 0, []
        for seed in range(runs):
            rng = np.random.default_rng(seed)
            support = np.sort(rng.choice(d, k, replace=False))
            table = rng.permutation(np.arange(2**k) % 2)
            while any(
                (np.take(table.reshape((2,) * k), 0, i) == np.take(table.reshape((2,) * k), 1, i)).all()
                for i in range(k)
            ):
                table = rng.permutation(table)

            def teacher(X, support=support, table=table, k=k):
                return table[(X[:, support] > 0) @ (2 ** np.arange(k)[::-1])]

            junta = distill_junta(teacher, d, k, eps=0.05, seed=seed)
            exact += junta.support == tuple(support) and (junta.table == table).all()
            asked.append(junta.queries - 90)  # without the rows of the check
        row(
            f"junta d={d}, k={k}",
            published,
            f"{exact}/{runs} exact, mean {np.mean(asked):.0f}, most {max(asked)}",
            start,
        )


def learned_tree(d, depth, seed, rows):
    """Train a network on a full tree of random tests."""
    rng = np.random.default_rng(seed)
    tests = [rng.choice(d, depth, replace=False) for _ in range(2**depth)]

    def place(level, node):
        return tests[(1 << level) + node - 1][level] if level else tests[0][0]

    def answer(X):
        node = np.zeros(len(X), dtype=int)
        for level in range(depth):
            chosen = np.array([place(level, i) for i in range(2**level)])
            positive = X[np.arange(len(X)), chosen[node]] > 0
            node = 2 * node + positive
        return positive.astype(int)

    X, fresh = rng.choice([-1.0, 1.0], size=(rows, d)), rng.choice([-1.0, 1.0], size=(20_000, d))
    network = MLPClassifier(
        (128,) * 3 if d < 100 else (256,) * 3, batch_size=200, learning_rate_init=2e-3, random_state=seed
    )
    for _ in range(15):
        network.partial_fit(X, answer(X), classes=[0, 1])
        if network.score(fresh, answer(fresh)) == 1.0:
            break
    return network


def trees():
    """Trees read out of networks."""
    for d, depth, beam, ridge, seeds, published in (
        (30, 2, 10, 3e-3, 3, "3/3 exact, 601 probes"),
        (30, 3, 10, 3e-3, 3, "3/3 exact, 1,135-1,149 probes"),
        (100, 3, 10, 3e-3, 3, "0.87, 4,091 probes"),
        (100, 3, 10, 0.3, 3, "0.87, 4,091 probes"),
        (100, 3, 50, 3e-3, 1, "1.00, 18,459 probes"),
        (100, 4, 10, 3e-3, 1, "0.81, 6,022 probes"),
        (100, 4, 50, 3e-3, 1, "0.87, 28,042 probes"),
        (100, 4, 100, 3e-3, 1, "1.00, 52,856 probes"),
    ):
        start, said = time.process_time(), []
        for seed in range(seeds):
            network = learned_tree(d, depth, seed, 20_000 if d < 100 else 100_000)
            found = distill_linear_representation(
                network, mlp_activations(network), d, depth=depth, beam=beam, ridge=ridge, seed=seed
            )
            said.append(f"{found.fidelity[0]:.4f} ({found.probes:,} probes)")
        strong = "" if ridge == 3e-3 else f", penalty of the probes {ridge}"
        row(f"tree in a network, d={d}, depth {depth}, beam {beam}{strong}", published, ", ".join(said), start)


def certificates():
    """Rows needed, and planted errors refused."""
    for eps, delta, n in ((0.01, 0.05, 299), (0.001, 0.05, 2995), (0.01, 0.01, 459)):
        start = time.process_time()
        found = certify(lambda X: X["x1"] > 0, lambda X: X["x1"] > 0, [(0, 1)], eps=eps, delta=delta, seed=0)
        row(f"certificate eps={eps}, delta={delta}", n, found.n, start)
    for share in (0.02, 0.05):
        start = time.process_time()
        refused = sum(
            not certify(lambda X: X["x1"] > 2, lambda X, share=share: X["x1"] < share, [(0, 1)], seed=seed)
            for seed in range(100)
        )
        row(f"planted error {share} refused at eps=0.01", ">= 99 of 100", f"{refused} of 100", start)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print("| what | published or asked | ours | seconds of one core |\n|---|---|---|---|", flush=True)
    for part in (certificates, juntas, prediction, fidelity, trees):
        part()
