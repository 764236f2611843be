"""Fidelity at equal leaves: a tree on the teacher's labels, trustee's, and ours by the defaults of `distill`."""

from __future__ import annotations

import numpy as np
from sklearn import datasets
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.tree import DecisionTreeClassifier

from surrogate import distill
from surrogate.models.rules import AlternatingTreeClassifier

PEERS = {"a tree on the teacher's labels": "direct CART", "trustee": "trustee"}


def tables():
    """Return sets of data with an equal row kept once: iris has one twice."""
    made = {
        "breast_cancer": datasets.load_breast_cancer(return_X_y=True),
        "wine": datasets.load_wine(return_X_y=True),
        "iris": datasets.load_iris(return_X_y=True),
        "digits": datasets.load_digits(return_X_y=True),
        "moons": datasets.make_moons(400, noise=0.25, random_state=0),
        "classification": datasets.make_classification(400, 10, n_informative=5, random_state=0),
        "friedman1 above its median": (lambda X, y: (X, (y > np.median(y)).astype(int)))(
            *datasets.make_friedman1(400, random_state=0)),
        "quantiles, 3 classes": datasets.make_gaussian_quantiles(n_samples=400, n_features=4, random_state=0),
    }  # fmt: skip
    for name, (X, y) in made.items():
        once = np.sort(np.unique(X, axis=0, return_index=True)[1])
        yield name, X[once], y[once]


def trustees_tree(forest, X, labels, leaves, seed):
    """Return trustee's tree of at most so many leaves, or None where trustee is absent."""
    try:
        from trustee import ClassificationTrustee
    except ImportError:
        return None
    np.random.seed(seed)  # noqa: NPY002 - trustee draws from the global state
    trustee = ClassificationTrustee(expert=forest)
    trustee.fit(X, labels, num_iter=30, num_stability_iter=5, samples_size=0.7, max_leaf_nodes=leaves,
                verbose=False)  # fmt: skip
    return trustee.explain()[0]


def equal_leaves(splits=5):
    """Compare held-out fidelity at equal leaves over eight sets of data."""
    rows, leads = [], {}
    for name, X, y in tables():
        at = 32 if name == "digits" else 8
        told = {"direct CART": [], "trustee": [], "distilled": [], "distilled, alternating": []}
        for seed in range(splits):
            X_train, X_test, y_train, _ = train_test_split(X, y, test_size=0.5, stratify=y, random_state=seed)
            forest = RandomForestClassifier(random_state=seed).fit(X_train, y_train)
            asked, labels = forest.predict(X_test), forest.predict(X_train)
            tree = DecisionTreeClassifier(max_leaf_nodes=at, random_state=seed)
            told["direct CART"].append((tree.fit(X_train, labels).predict(X_test) == asked).mean())
            other = trustees_tree(forest, X_train, labels, at, seed)
            if other is not None:
                told["trustee"].append((other.predict(X_test) == asked).mean())
            students = {"distilled": tree, "distilled, alternating": AlternatingTreeClassifier(at, random_state=seed)}
            for who, student in students.items():
                result = distill(forest, student, X_train, test=(X_test, None), n=10_000, seed=seed)
                told[who].append((result.predict(X_test) == asked).mean())
        means = ", ".join(f"{who} {np.mean(values):.4f}" for who, values in told.items() if values)
        said, passed = [], True
        for peer in filter(told.get, PEERS.values()):
            for who in ("distilled", "distilled, alternating"):
                lead = np.subtract(told[who], told[peer])
                leads.setdefault((who, peer), []).append(lead.mean())
                said.append(f"{who} - {peer} {lead.mean():+.4f} ± {lead.std(ddof=1) / np.sqrt(splits):.4f}")
                passed = passed and lead.mean() > 0
        rows.append((f"{name}, forest into a tree of at most {at} leaves, {splits} splits: held-out fidelity",
                     "above trustee and a tree on the teacher's labels", f"{means}; {'; '.join(said)}",
                     bool(passed)))  # fmt: skip
    for (who, peer), values in leads.items():
        other = next(text for text, short in PEERS.items() if short == peer)
        count = sum(value > 0 for value in values)
        rows.append((f"equal leaves, all {len(values)} data sets, {splits} splits, {who}: better than {other}",
                     "on at least 6", f"on {count}, by {np.mean(values):+.4f} on average", count >= 6))  # fmt: skip
    return rows
