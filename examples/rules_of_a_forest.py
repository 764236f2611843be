"""Rules of a forest: what two hundred trees say, in a few sentences, and how far these can be trusted.

A random forest tells malignant from benign tumours. Six rules learn from it on rows like its data; each says how often
it is right, and as the forest, on rows that nobody has used.

    python rules_of_a_forest.py          # writes rules.sql
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier

from surrogate.models.rules import Trepan, extract_rules


def main(n: int) -> None:
    """Fit the forest, extract the rules, judge them, write them as SQL."""
    data = load_breast_cancer(as_frame=True)
    X, y, new = data.data[::2], data.target[::2], data.data[1::2]
    forest = RandomForestClassifier(200, random_state=0).fit(X, y)

    rules = extract_rules(forest, X, y, max_rules=6, n=n, class_names=data.target_names, seed=0)
    print(rules.to_text(digits=4))
    share, low, high = rules.fidelity(new, data.target_names[forest.predict(new)])
    print(f"{len(rules)} rules say what the forest says in {share:.1%} of new rows [{low:.1%}, {high:.1%}]")

    trepan = Trepan(forest.predict, max_leaf_nodes=3).fit(X)
    share, low, high = trepan.rules_.fidelity(new, forest)
    print(f"TREPAN with {trepan.tree_of_rules_.n_leaves} leaves, after {trepan.n_queries_} queries: {share:.1%}")
    print(trepan.tree_of_rules_.to_text(digits=3))

    Path("rules.sql").write_text(rules.to_sql() + "\n", encoding="utf-8")
    print("the same as an expression in SQL: rules.sql")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=10_000, help="number of new rows that the forest is asked about")
    main(parser.parse_args().n)
