"""Rules of any model: learned on rows like the data, judged on rows held out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeClassifier

from surrogate import Categorical, Real, Space, Surrogate
from surrogate.design import Boundary, KernelDensity
from surrogate.models.rules import AtLeast, RuleSet, Trepan, extract_rules


@pytest.fixture(scope="module")
def cancer():
    data = load_breast_cancer(as_frame=True)
    forest = RandomForestClassifier(50, random_state=0).fit(data.data[::2], data.target[::2])
    return data, forest


def test_eight_rules_of_a_forest_with_evidence_on_unseen_rows(cancer):
    data, forest = cancer
    rules = extract_rules(
        forest, data.data, data.target, n=2000, class_names=data.target_names, units={"mean area": "µm²"}
    )
    assert len(rules) <= 8
    table = rules.to_dataframe()
    assert table["rows"].sum() == round(0.25 * len(data.data))
    shared = (table["fidelity"] * table["rows"]).sum() / table["rows"].sum()
    assert shared >= 0.93
    assert set(rules.classes) == {"malignant", "benign"}
    assert "precision" in rules.to_text()
    assert RuleSet.from_json(rules.to_json()).to_text() == rules.to_text()
    new = data.data[1::2]
    share, low, high = rules.fidelity(new, data.target_names[forest.predict(new)])
    assert low < share < high
    assert share > 0.93


def test_held_out_rows_teach_nothing():
    X = np.random.default_rng(0).random((200, 2))
    seen = []

    def teacher(rows):
        seen.append(np.asarray(rows))
        return rows[:, 0] > 0.5

    extract_rules(teacher, X, n=500)
    learned = {tuple(row) for part in seen[:-1] for row in part}
    held = [tuple(row) for row in seen[-1]]
    assert len(held) == 50
    assert not learned & set(held)


def test_equal_rows_are_held_out_together_and_never_made_anew():
    X = np.random.default_rng(0).integers(0, 4, (300, 3))
    seen = []

    def teacher(rows):
        seen.append(np.asarray(rows))
        return rows.sum(axis=1) > 4

    rules = extract_rules(teacher, X, n=2000)
    learned = {tuple(row) for part in seen[:-1] for row in part.tolist()}
    assert len(learned) > 30
    assert not learned & {tuple(row) for row in seen[-1].tolist()}
    assert int(rules.to_dataframe()["rows"].sum()) == len(seen[-1]) == pytest.approx(75, abs=5)
    with pytest.raises(ValueError, match="2 of them different, are too few"):
        extract_rules(teacher, X[:, :1] > 1)


def test_the_teacher_is_asked_with_the_names_it_knows():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({0: rng.random(200), 1: rng.integers(0, 9, 200), "c": rng.choice(["x", "y"], 200)})
    asked = []

    def teacher(table):
        asked.append(list(table.columns))
        return table[0] > 0.5

    rules = extract_rules(teacher, X, n=500, design=KernelDensity())
    assert {rule.conditions[0].name for rule in rules} == {"0"}
    Trepan(teacher, max_leaf_nodes=3, min_samples=400).fit(X)
    assert len(asked) >= 5
    assert all(columns == [0, 1, "c"] for columns in asked)
    table = pd.DataFrame(rng.random((200, 3)), columns=list("abc"))
    forest = RandomForestClassifier(10, random_state=0).fit(table, table["a"] > 0.5)
    for design in (None, Boundary()):
        named = extract_rules(forest, table, names=["height", "y", "z"], n=500, design=design)
        assert named.rules[0].conditions[0].name == "height"
    array = table.to_numpy()
    extract_rules(RandomForestClassifier(10).fit(array, array[:, 0] > 0.5), array, n=200, design=Boundary())


def test_the_classes_of_a_function_are_all_that_it_answers():
    X = np.random.default_rng(0).random((300, 2))
    X[0] = 2.0  # the only row of its class

    def teacher(rows):
        return np.where(rows[:, 0] > 1.9, 2, rows[:, 0] > 0.5)

    for seed in range(5):
        rules = extract_rules(teacher, X, teacher(X), class_names=["low", "high", "far"], n=300, seed=seed)
        assert {"low", "high"} <= set(rules.classes)


def test_many_whole_numbers_of_a_function_are_numbers():
    X = np.random.default_rng(0).random((400, 2))
    rules = extract_rules(lambda rows: (rows[:, 0] * 50).astype(int), X, n=2000)
    assert rules.classes is None
    assert all(rule.evidence.teacher_rmse < 4 for rule in rules)
    few = extract_rules(lambda rows: (rows[:, 0] * 4).astype(int), X, n=2000)
    assert few.classes == (0, 1, 2, 3)


class Fitted:
    """What a `Surrogate` shows of itself."""

    space = Space({"b": Real(0.1, 0.4, unit="1/year"), "q": (2.0, 4.5)})
    outputs = ("loss", "gain")

    def predict(self, X):
        return np.column_stack([X["b"] * X["q"], X["b"] + X["q"]])


def check_speaks_of_its_inputs(model):
    rules = extract_rules(model, case="loss > 0.8", n=3000, max_rules=6)
    text = rules.to_text()
    assert "1/year" in text
    assert "then loss > 0.8" in text
    assert "then not (loss > 0.8)" in text
    X = model.space.from_unit(np.random.default_rng(5).random((2000, 2)))
    assert (rules.predict(X) == (X["b"] * X["q"] > 0.8)).mean() > 0.93
    numbers = extract_rules(model, output="gain", n=2000, max_rules=6)
    assert "then gain = " in numbers.to_text()
    assert "rmse to the teacher" in numbers.to_text()
    with pytest.raises(ValueError, match="output: one of"):
        extract_rules(model, n=100)


def test_a_model_with_a_space_is_spoken_of_in_its_units():
    check_speaks_of_its_inputs(Fitted())


@pytest.mark.slow
def test_a_surrogate_is_spoken_of_in_its_units():
    check_speaks_of_its_inputs(
        Surrogate.fit(lambda b, q: {"loss": float(b * q), "gain": float(b + q)}, Fitted.space, n=40, seed=0)
    )


def test_numbers_become_a_rule_a_level():
    rng = np.random.default_rng(0)
    X = rng.random((300, 3))
    teacher = GradientBoostingRegressor(random_state=0).fit(X, np.where(X[:, 0] > 0.5, 2.0, 0.0) + X[:, 1])
    rules = extract_rules(teacher, X, n=2000, max_rules=12)
    new = rng.random((1000, 3))
    error = rules.predict(new) - teacher.predict(new)
    assert 1 - error.var() / teacher.predict(new).var() > 0.9


def test_any_student_with_rules_will_do(cancer):
    data, forest = cancer
    X = data.data.to_numpy()
    grown = extract_rules(
        lambda rows: forest.predict(pd.DataFrame(rows, columns=data.data.columns)),
        X,
        student=DecisionTreeClassifier(max_leaf_nodes=5, random_state=0),
        n=1000,
    )
    assert len(grown) <= 5
    assert grown.columns.names[0] == "x1"
    asked = extract_rules(forest, data.data, student=Trepan(max_leaf_nodes=6), n=1000)
    assert any(isinstance(test, AtLeast) for rule in asked for test in rule.conditions)
    with pytest.raises(TypeError, match="one fitted tree"):
        extract_rules(forest, data.data, student=LinearRegression(), n=100)


def test_mixed_tables_and_other_designs():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"a": rng.normal(size=300), "fuel": rng.choice(["gas", "coal"], 300)}, index=range(300, 600))
    y = pd.Series(np.where(X["fuel"] == "coal", "dirty", "clean"), index=X.index)
    rules = extract_rules(
        lambda rows: np.where(rows["fuel"] == "coal", "dirty", "clean"),
        X,
        y.sample(frac=1, random_state=0),
        n=500,
        design=KernelDensity(),
    )
    assert sorted(rule.to_text() for rule in rules) == ["if fuel is coal then dirty", "if fuel is not coal then clean"]
    assert all(rule.evidence.precision[0] == 1.0 for rule in rules)
    space = Space({"a": (0, 1), "fuel": Categorical(["gas", "coal"])})
    drawn = extract_rules(lambda rows: rows["a"].to_numpy() > 0.25, space=space, n=2000)
    assert sorted(rule.to_text(digits=2) for rule in drawn) == ["if a <= 0.25 then False", "if a > 0.25 then True"]


def test_several_classes():
    data = load_wine(as_frame=True)
    forest = RandomForestClassifier(50, random_state=0).fit(data.data, data.target)
    rules = extract_rules(forest, data.data, data.target, n=2000, class_names=list(data.target_names))
    assert set(rules.classes) == {"class_0", "class_1", "class_2"}
    assert rules.fidelity(data.data, data.target_names[forest.predict(data.data)])[0] > 0.9


def test_wrong_arguments_are_named():
    X = np.random.default_rng(0).random((20, 2))
    with pytest.raises(ValueError, match="held_out"):
        extract_rules(lambda X: X[:, 0] > 0, X, held_out=1.0)
    with pytest.raises(ValueError, match="X: rows are needed"):
        extract_rules(lambda X: X[:, 0] > 0)
    with pytest.raises(ValueError, match="too few"):
        extract_rules(lambda X: X[:, 0] > 0, X[:1])
    with pytest.raises(ValueError, match="y: one answer for each of the 20 rows"):
        extract_rules(lambda X: X[:, 0] > 0.5, X, [True] * 5)
    with pytest.raises(ValueError, match="y: X is needed"):
        extract_rules(lambda X: X["a"] > 0.5, y=[True] * 5, space={"a": (0, 1)})
    for wrong, error in (({"max_rules": 1}, ValueError), ({"seed": -1}, ValueError), ({"design": "munge"}, TypeError)):
        with pytest.raises(error, match=next(iter(wrong))):
            extract_rules(lambda X: X[:, 0] > 0.5, X, **wrong)
    with pytest.raises(ValueError, match="text: a version from 1 to 1 is expected, got None"):
        RuleSet.from_json('{"format": "surrogate rules"}')
    with pytest.raises(ValueError, match="class_names: 2 are needed"):
        extract_rules(lambda X: X[:, 0] > 0.5, X, class_names=["a"])
