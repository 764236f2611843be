"""Rules say exactly what their tree says, in every form, and their evidence is counted on unseen rows."""

from __future__ import annotations

import math
import sqlite3
import time
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from surrogate import PRIM, Box, Categorical, Integer, Real, Space
from surrogate.models.records import Record
from surrogate.models.rules import Among, AtLeast, Interval, Rule, RuleSet, rules_from_boxes, rules_from_tree
from surrogate.models.rules.columns import Columns
from surrogate.models.rules.condition import condition_from_dict, conjoined
from surrogate.validation.shares import exact_interval


def straddling(tree, X, rng):
    """Rows whose values lie on a threshold, or a float64 or float32 step beside it."""
    inner = tree.tree_
    rows = []
    for feature, t in zip(inner.feature, inner.threshold, strict=True):
        if feature < 0 or not np.isfinite(t):
            continue
        single = np.float32(t)
        near = [t, np.nextafter(t, np.inf), np.nextafter(t, -np.inf), single]
        near += [np.nextafter(single, np.float32(np.inf)), np.nextafter(single, np.float32(-np.inf))]
        # Half-way between float32 numbers, where rounding turns.
        near += [(np.float64(single) + np.float64(other)) / 2 for other in near[-2:]]
        for value in near:
            row = X[rng.integers(len(X))].astype(np.float64).copy()
            row[feature] = value
            rows.append(row)
    return np.array(rows).reshape(-1, X.shape[1])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(2, 4), st.booleans(), st.sampled_from(["r", "c"]))
def test_rules_of_a_tree_answer_what_it_answers_on_its_very_thresholds(seed, d, classes, gaps, kind):
    rng = np.random.default_rng(seed)
    X = np.round(rng.normal(size=(120, d)) * 10.0 ** rng.integers(-3, 4, d), rng.integers(1, 6))
    y = rng.integers(classes, size=120)
    if gaps:
        X[rng.random(X.shape) < 0.2] = np.nan
    grow = DecisionTreeClassifier if kind == "c" else DecisionTreeRegressor
    tree = grow(max_leaf_nodes=int(rng.integers(2, 30)), random_state=0).fit(X, y if kind == "c" else y * 1.5)
    rows = np.vstack([X, straddling(tree, X, rng)])
    rules = rules_from_tree(tree)
    assert (rules.predict(rows) == tree.predict(rows)).all()
    assert (rules.fires(rows).sum(axis=1) == 1).all()
    assert len(rules) <= tree.get_n_leaves()
    rounder = rules.rounded(X)
    assert (rounder.deciding(X) == rules.deciding(X)).all()
    assert (rounder.fires(rows).sum(axis=1) == 1).all()
    again = RuleSet.from_json(rules.to_json())
    assert again.to_json() == rules.to_json()
    assert (again.predict(rows) == rules.predict(rows)).all()
    assert (rules.with_default().predict(rows) == rules.predict(rows)).all()


@pytest.fixture(scope="module")
def cancer():
    data = load_breast_cancer(as_frame=True)
    return data.data, data.target


def test_a_hundred_thousand_rows_of_eight_leaves_are_answered_alike(cancer):
    X, y = cancer
    tree = DecisionTreeClassifier(max_leaf_nodes=8, random_state=0).fit(X, y)
    rules = rules_from_tree(tree, class_names=["malignant", "benign"])
    low, high = X.min().to_numpy(), X.max().to_numpy()
    rows = pd.DataFrame(np.random.default_rng(0).uniform(low, high, size=(100_000, 30)), columns=X.columns)
    assert (rules.predict(rows) == np.array(["malignant", "benign"])[tree.predict(rows)]).all()
    assert (rules.fires(rows).sum(axis=1) == 1).all()
    assert len(rules) < 8  # leaves of one class that lie side by side are one rule


def test_the_rules_of_a_tree_part_the_box(cancer):
    X, y = cancer
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    low, high = X.min(), X.max()
    volume = 0.0
    for rule in rules_from_tree(tree):
        share = 1.0
        for test in rule.conditions:
            inside = min(high[test.name], test.high) - max(low[test.name], test.low)
            share *= max(0.0, inside) / (high[test.name] - low[test.name])
        volume += share
    assert volume == pytest.approx(1.0, abs=1e-12)


def test_the_text_is_a_sentence_in_the_units_of_the_columns():
    X = (np.random.default_rng(0).integers(0, 10, (500, 2)) + 0.5) / 10
    y = np.where((X[:, 0] > 0.6) & (X[:, 1] <= 0.4), "positive", "negative")
    rules = rules_from_tree(
        DecisionTreeClassifier(random_state=0).fit(X, y), names=["depth", "slope"], units={"depth": "m"}
    )
    text = rules.rounded(X).with_default("negative").to_text()
    assert text == "if slope <= 0.4 and depth > 0.6 m then positive\notherwise negative"


def test_same_answers_side_by_side_become_one_rule():
    a = Interval("a", high=1.0)
    b = Interval("b", low=2.0)
    rules = (
        Rule((a, b), "yes"),
        Rule((a.negated(), b), "yes"),
        Rule((b.negated(),), "no"),
    )
    short = RuleSet(rules, Columns.named(["a", "b"]), ("no", "yes"), exclusive=True).simplified()
    assert [rule.to_text() for rule in short] == ["if b > 2 then yes", "if b <= 2 then no"]


def test_rules_with_missing_values_say_so_where_it_is_told():
    rng = np.random.default_rng(1)
    X = rng.random((300, 2))
    X[:100, 0] = np.nan
    y = np.isnan(X[:, 0]) & (X[:, 1] > 0.5)
    tree = DecisionTreeClassifier(random_state=0).fit(X, y)
    rules = rules_from_tree(tree, missing=["x1"])
    assert (rules.predict(X) == tree.predict(X)).all()
    assert "x1 is missing" in rules.to_text()


def test_a_tree_on_the_features_of_a_space_speaks_of_its_inputs():
    space = Space(
        {"depth": Real(1e-3, 1e2, log=True, unit="m"), "n": Integer(1, 9), "fuel": Categorical(["gas", "coal", "oil"])}
    )
    X = space.from_unit(np.random.default_rng(0).random((600, 3)))
    y = ((X["depth"] > 0.5) & (X["fuel"] != "oil")) | (X["n"] >= 7)
    tree = DecisionTreeClassifier(random_state=0).fit(space.features(X), y)
    rules = rules_from_tree(tree, space=space)
    new = space.from_unit(np.random.default_rng(1).random((5000, 3)))
    assert (rules.predict(new) == tree.predict(space.features(new))).all()
    text = rules.to_text()
    assert "fuel is" in text
    assert " m " in text
    assert (RuleSet.from_json(rules.to_json()).predict(new) == rules.predict(new)).all()


def test_one_boosted_tree_has_rules_and_several_have_none():
    from surrogate.models.emulators import BoostedTrees

    rng = np.random.default_rng(0)
    X = rng.random((200, 3))
    y = X[:, 0] + (X[:, 1] > 0.5)
    one = BoostedTrees(n_trees=1).fit(X, y).record_
    rules = rules_from_tree(one)
    assert (rules.predict(X) == one.predict(X)).all()
    with pytest.raises(TypeError, match="add up"):
        rules_from_tree(BoostedTrees(n_trees=3).fit(X, y).record_)


def rows_of(frame):
    """Rows for a database, NaN as NULL."""
    return [tuple(None if isinstance(v, float) and math.isnan(v) else v for v in row) for row in frame.values.tolist()]


@pytest.mark.parametrize("gaps", [False, True])
def test_sql_answers_as_the_rules_do(gaps):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(400, 2)), columns=['odd "name"', "b; DROP TABLE t"])
    y = np.where(frame.iloc[:, 0] * frame.iloc[:, 1] > 0, "it's", "not")
    if gaps:
        frame = frame.mask(rng.random(frame.shape) < 0.2)
    tree = DecisionTreeClassifier(random_state=0).fit(frame, y)
    rules = rules_from_tree(tree)
    rows = np.vstack([frame, straddling(tree, frame.to_numpy(), rng)])
    database = sqlite3.connect(":memory:")
    names = ", ".join('"' + name.replace('"', '""') + '" REAL' for name in frame)
    database.execute(f"CREATE TABLE t ({names})")
    database.executemany("INSERT INTO t VALUES (?, ?)", rows_of(pd.DataFrame(rows)))
    answered = [row[0] for row in database.execute(f"SELECT {rules.to_sql()} FROM t")]
    database.close()
    assert answered == tree.predict(pd.DataFrame(rows, columns=frame.columns)).tolist()


def test_sql_of_categories_and_of_m_of_n():
    columns = Columns.read(pd.DataFrame({"a": [1.0], "b": [1.0], "c": [1.0], "fuel": ["gas"]}))
    test = AtLeast(2, (Interval("a", low=0.0), Interval("b", low=0.0), Among("fuel", frozenset({"gas"}))))
    rules = RuleSet(
        (Rule((test,), "yes"), Rule((Among("fuel", frozenset({"gas"}), False),), "other")),
        columns,
        ("no", "yes", "other"),
        "no",
    )
    frame = pd.DataFrame(
        {"a": [1.0, -1.0, 1.0, np.nan], "b": [1.0, -1.0, -1.0, 1.0], "c": 0.0, "fuel": ["coal", "gas", "gas", None]}
    )
    assert rules.predict(frame).tolist() == ["yes", "no", "yes", "other"]
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE t (a REAL, b REAL, c REAL, fuel TEXT)")
    database.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", rows_of(frame.astype(object)))
    assert [row[0] for row in database.execute(f"SELECT {rules.to_sql()} FROM t")] == rules.predict(frame).tolist()
    database.close()


def test_html_and_markdown_escape_what_names_hold():
    class Cells(HTMLParser):
        def __init__(self):
            super().__init__()
            self.tags, self.text = set(), []

        def handle_starttag(self, tag, attrs):
            self.tags.add(tag)

        def handle_data(self, data):
            self.text.append(data)

    columns = Columns.named(["<script>x</script>|*"])
    rules = RuleSet((Rule((Interval("<script>x</script>|*", low=1.0),), "<b>"),), columns, ("<b>", "a"), "a")
    page = Cells()
    page.feed(rules.to_html())
    assert page.tags == {"table", "thead", "tbody", "tr", "th", "td"}
    assert "<script>x</script>|* > 1" in page.text
    assert rules._repr_html_() == rules.to_html()
    line = rules.to_markdown().splitlines()[2]
    assert line.replace("\\|", "").count("|") == 3
    assert "\\<script\\>" in line


def test_evidence_counts_unseen_rows_with_exact_intervals(cancer):
    X, y = cancer
    tree = DecisionTreeClassifier(max_leaf_nodes=4, random_state=0).fit(X[:300], y[:300])
    said = 1 - y[300:]
    rules = rules_from_tree(tree).measured(X[300:], y[300:], teacher=said)
    table = rules.to_dataframe()
    assert table["rows"].sum() == len(X) - 300
    assert table["share"].sum() == pytest.approx(1.0)
    deciding = rules.deciding(X[300:])
    for i, rule in enumerate(rules):
        mine = deciding == i
        right = int((y[300:][mine] == rule.answer).sum())
        assert rule.evidence.precision == (right / mine.sum(), *exact_interval(right, int(mine.sum())))
        assert rule.evidence.fidelity[0] == pytest.approx(1 - rule.evidence.precision[0])
    assert "precision" in rules.to_text()
    assert RuleSet.from_json(rules.to_json()).rules == rules.rules


def test_evidence_of_rules_that_answer_numbers():
    X = np.linspace(0, 1, 200)[:, None]
    y = (X[:, 0] > 0.5) * 2.0
    rules = rules_from_tree(DecisionTreeRegressor(max_leaf_nodes=2).fit(X, y), output="lift", unit="N")
    measured = rules.measured(X, y, teacher=lambda X: X[:, 0] * 0 + 1.0)
    assert [rule.evidence.rmse for rule in measured] == [0.0, 0.0]
    assert [rule.evidence.teacher_rmse for rule in measured] == [1.0, 1.0]
    assert "then lift = 2 N" in rules.to_text()


def test_the_exact_interval_is_the_published_one():
    # Clopper & Pearson: 0 of 10 at 95 % gives 1 - 0.025**(1/10); 50 of 100 gives 0.3983 to 0.6017.
    assert exact_interval(0, 10) == (0.0, pytest.approx(1 - 0.025**0.1))
    assert exact_interval(10, 10) == (pytest.approx(0.025**0.1), 1.0)
    assert exact_interval(50, 100) == (pytest.approx(0.39832, abs=1e-5), pytest.approx(0.60168, abs=1e-5))


def test_boxes_of_a_classifier_become_a_rule_list():
    rng = np.random.default_rng(0)
    X = pd.DataFrame(rng.random((1000, 3)), columns=["a", "b", "c"])
    teacher = DecisionTreeClassifier(random_state=0).fit(X, (X["a"] > 0.6) & (X["b"] < 0.4))
    box = PRIM().fit(X, teacher.predict(X)).box_
    rules = rules_from_boxes([box], X, inside="positive", outside="negative")
    new = pd.DataFrame(rng.random((2000, 3)), columns=["a", "b", "c"])
    assert ((rules.predict(new) == "positive") == box.contains(new)).all()
    assert rules.rules[0].box().contains(new).tolist() == box.contains(new).tolist()
    assert Rule.from_box(Box({"fuel": {"gas"}}), 1).to_text() == "if fuel is gas then 1"


def test_ordered_rules_take_the_first_and_others_vote():
    columns = Columns.named(["a"])
    rules = (
        Rule((Interval("a", low=0.0),), "low", weight=1.0),
        Rule((Interval("a", low=1.0),), "high", weight=2.0),
        Rule((Interval("a", low=2.0),), "low", weight=2.0),
    )
    X = [[-1.0], [0.5], [1.5], [2.5]]
    classes = ("none", "low", "high")
    assert RuleSet(rules, columns, classes, "none").predict(X).tolist() == ["none", "low", "low", "low"]
    voted = RuleSet(rules, columns, classes, "none", ordered=False)
    assert voted.predict(X).tolist() == ["none", "low", "high", "low"]
    assert voted.simplified() is voted
    with pytest.raises(ValueError, match="CASE"):
        voted.to_sql()
    numbers = [Rule(rule.conditions, float(i), rule.weight) for i, rule in enumerate(rules)]
    mean = RuleSet(numbers, columns, None, -1.0, ordered=False).predict(X)
    assert mean == pytest.approx([-1.0, 0.0, 2 / 3, 6 / 5])


def test_a_row_that_no_rule_knows_is_refused_without_a_default():
    rules = RuleSet((Rule((Interval("a", low=0.0),), 1.0),), Columns.named(["a"]))
    with pytest.raises(ValueError, match="row 1"):
        rules.predict([[1.0], [-1.0]])
    with pytest.raises(ValueError, match="exclusive"):
        rules.with_default()


def test_the_record_predicts_the_same_bits_after_a_round_trip(cancer):
    X, y = cancer
    record = rules_from_tree(DecisionTreeClassifier(random_state=0).fit(X, y)).record
    state, arrays = record.to_state()
    again = Record.from_state(state, arrays)
    assert (again.predict(X.to_numpy()) == record.predict(X.to_numpy())).all()


def test_a_million_rows_are_answered_within_seconds(cancer):
    X, y = cancer
    rules = rules_from_tree(DecisionTreeClassifier(random_state=0).fit(X, y))
    rows = np.tile(X.to_numpy(), (1758, 1))[:1_000_000]
    start = time.process_time()
    rules.predict(rows)
    assert time.process_time() - start < 2.0  # 0.4 s of one core


intervals = st.builds(
    lambda low, high, a, b, missing: Interval("a", min(low, high), max(low, high), a, b, missing),
    *([st.sampled_from([-math.inf, -1.0, 0.0, 1.0, 2.0, math.inf])] * 2),
    *([st.booleans()] * 3),
)


@settings(max_examples=60, deadline=None)
@given(intervals, intervals)
def test_intervals_join_and_turn_over_as_sets_do(one, other):
    values = np.array(
        [-2.0, *(s for x in (-1.0, 0.0, 1.0, 2.0) for s in (x, np.nextafter(x, 9), np.nextafter(x, -9))), 3.0, np.nan]
    )

    def holds(test):
        rule = RuleSet((Rule((test,), 1.0),), Columns.named(["a"]), default=0.0)
        return rule.predict(values[:, None]) == 1.0

    assert (holds(one.intersected(other)) == (holds(one) & holds(other))).all()
    assert (holds(one.negated()) == ~holds(one)).all()
    united = one.united(other)
    if united is not None:
        assert (holds(united) == (holds(one) | holds(other))).all()
    assert condition_from_dict(one.to_dict()).limits == one.limits
    both = conjoined([one, other])
    assert (both is None) <= (~(holds(one) & holds(other))).all()


def test_iris_keeps_its_class_names():
    data = load_iris()
    tree = DecisionTreeClassifier(random_state=0).fit(data.data, data.target_names[data.target])
    rules = rules_from_tree(tree, names=data.feature_names)
    assert set(rules.predict(data.data)) == {"setosa", "versicolor", "virginica"}
    assert len(rules) == 9 or len(rules) < tree.get_n_leaves()


def test_wrong_arguments_are_named():
    X = np.random.default_rng(0).random((20, 2))
    tree = DecisionTreeRegressor(max_leaf_nodes=3).fit(X, X)
    with pytest.raises(ValueError, match="number: the tree has 2 outputs"):
        rules_from_tree(tree)
    assert (rules_from_tree(tree, number=1).predict(X) == tree.predict(X)[:, 1]).all()
    with pytest.raises(ValueError, match="names: 2 different"):
        rules_from_tree(tree, names=["a"], number=0)
    with pytest.raises(TypeError, match="one fitted tree"):
        rules_from_tree(object())
    with pytest.raises(ValueError, match="not one of the columns"):
        RuleSet((Rule((Interval("b"),), 1.0),), Columns.named(["a"]))
    with pytest.raises(ValueError, match="format"):
        RuleSet.from_json("{}")
