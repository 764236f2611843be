"""Shorter rules answer nearly as the long ones do, in rows that they were not chosen by."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_wine, make_friedman1
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from surrogate.models.rules import AlternatingTreeClassifier, RuleSet, rules_from_tree
from surrogate.models.rules.columns import Columns
from surrogate.models.rules.condition import Interval
from surrogate.models.rules.rule import Rule
from surrogate.models.rules.shortening import _Search


def long_rules(load=load_breast_cancer, leaves=12):
    X, y = load(return_X_y=True)
    tree = DecisionTreeClassifier(max_leaf_nodes=leaves, random_state=0).fit(X[::2], y[::2])
    return rules_from_tree(tree), X[1::2]


@pytest.mark.parametrize("load", [load_breast_cancer, load_wine])
@pytest.mark.parametrize("fidelity", [1.0, 0.98, 0.9])
def test_fewer_conditions_keep_the_stated_share_in_rows_they_were_not_chosen_by(load, fidelity):
    rules, X = long_rules(load)
    short = rules.shortened(X, fidelity, seed=1)
    assert short.n_conditions < rules.n_conditions
    assert len(short) <= len(rules)
    checked = np.random.default_rng(1).permutation(len(X))[len(X) // 2 :]
    assert (short.predict(X[checked]) == rules.predict(X[checked])).mean() >= fidelity
    decided = sum(rule.evidence.rows for rule in short)
    same = sum(rule.evidence.rows * rule.evidence.fidelity[0] for rule in short)
    assert decided <= len(checked)
    assert same <= decided


def test_more_loss_makes_shorter_rules():
    rules, X = long_rules()
    sizes = [rules.shortened(X, fidelity).n_conditions for fidelity in (1.0, 0.98, 0.95, 0.9, 0.5)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[-1] < sizes[0]


def test_the_cost_of_a_deletion_is_what_the_shorter_rules_really_cost():
    rules, X = long_rules(leaves=6)
    listed = rules.with_default()
    search = _Search.of(listed, rules, rules.columns.encode(X))
    state = {r: list(range(len(rule.conditions))) for r, rule in enumerate(listed.rules)}
    assert search.cost(state) == 0
    for _ in range(4):
        before = search.cost(state)
        more, left = search._deleted(state)
        kept = [
            Rule(tuple(listed.rules[r].conditions[c] for c in cs), listed.rules[r].answer) for r, cs in left.items()
        ]
        short = RuleSet(tuple(kept), rules.columns, rules.classes, default=listed.default)
        wrong = (short.predict(X) != rules.predict(X)).mean()
        assert before + more == pytest.approx(wrong)
        assert search.cost(left) == pytest.approx(wrong)
        options = [
            {r: [c for c in cs if (r, c) != (rule, gone)] for r, cs in state.items()}
            for rule, gone in itertools.chain.from_iterable(((r, c) for c in cs) for r, cs in state.items())
        ]
        assert more <= min(search.cost(option) for option in options) - before + 1e-12
        state = left


def test_numbers_are_shortened_by_the_variance_that_is_left():
    X, y = make_friedman1(1000, random_state=0)
    rules = rules_from_tree(DecisionTreeRegressor(max_leaf_nodes=16, random_state=0).fit(X, y))
    for fidelity in (1.0, 0.9):
        short = rules.shortened(X, fidelity)
        assert short.n_conditions < rules.n_conditions
        left = ((short.predict(X) - rules.predict(X)) ** 2).mean() / rules.predict(X).var()
        assert left < 1 - fidelity + 0.02


def test_mixed_tables_with_missing_values_and_lists_with_a_default():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"age": rng.normal(size=400), "town": rng.choice(["a", "b", "c"], 400)})
    X.loc[::9, "age"] = np.nan
    y = np.where((X["town"] == "a") & (X["age"] > 0), "yes", "no")
    rules = AlternatingTreeClassifier(max_leaf_nodes=6).fit(X, y).rules_
    short = rules.shortened(X, 0.95)
    assert (short.predict(X) == rules.predict(X)).mean() > 0.93
    again = short.shortened(X.to_dict("list"), 0.9)
    assert again.n_conditions <= short.n_conditions
    assert RuleSet.from_json(short.to_json()).to_text() == short.to_text()


def test_what_cannot_be_shortened_is_said():
    rule = Rule((Interval("a", low=0.5),), "yes")
    votes = RuleSet((rule, rule), Columns.named(["a"]), ("no", "yes"), default="no", ordered=False)
    with pytest.raises(ValueError, match="rules that vote"):
        votes.shortened([[0.1]] * 9)
    listed = RuleSet((rule,), Columns.named(["a"]), ("no", "yes"), default="no")
    with pytest.raises(ValueError, match="fidelity: a number"):
        listed.shortened([[0.1]] * 9, 1.5)
    with pytest.raises(ValueError, match="four rows"):
        listed.shortened([[0.1]])
    escaping = RuleSet((rule,), Columns.named(["a"]), ("no", "yes"))
    with pytest.raises(ValueError, match="no rule holds in row 0"):
        escaping.shortened([[0.1]] * 9)
    assert len(RuleSet((), Columns.named(["a"]), ("no", "yes"), default="no").shortened([[0.1]] * 9)) == 0
