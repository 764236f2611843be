"""Distillation: any teacher into any student, with controls, on rows that nobody has seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, load_wine, make_friedman1
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from surrogate import LatinHypercube, Surrogate, distill
from surrogate.design import Munge
from surrogate.models.emulators import MLP
from surrogate.models.rules import AlternatingTreeClassifier
from surrogate.models.students import MLPStudent
from surrogate.validation import OverBudget

TREE = DecisionTreeClassifier(max_leaf_nodes=8, random_state=0)


def wine(train=100):
    X, y = load_wine(return_X_y=True)
    return train_test_split(X, y, train_size=train, stratify=y, random_state=0)


def forest(X, y):
    return RandomForestClassifier(30, random_state=0).fit(X, y)


@pytest.fixture(scope="module")
def result():
    X, X_test, y, y_test = wine()
    return distill(forest(X, y), TREE, X, y, unlabelled=X_test[:20], test=(X_test[20:], y_test[20:]), n=800, seed=0)


# What a result holds -------------------------------------------------------------------------------------------------


def test_the_transfer_set_says_where_rows_and_labels_come_from(result):
    counts = pd.Series(result.transfer.origin).value_counts().to_dict()
    assert counts == {"data": 100, "unlabelled": 20, "generated": 800}
    assert set(result.transfer.label_source) <= {"teacher", "teacher out of fold"}
    assert (result.transfer.truth[:100] >= 0).all()
    assert (result.transfer.truth[100:] == -1).all()
    table = result.transfer.to_frame()
    assert list(table.columns[-5:]) == ["teacher: 0", "teacher: 1", "teacher: 2", "origin", "label_source"]
    assert len(table) == len(result.transfer) == 920


def test_student_and_both_controls_are_plain_fitted_estimators(result):
    X, _, y, _ = wine()
    for model in (result.model, result.direct, result.relabelled):
        assert type(model) is DecisionTreeClassifier
        assert model.get_n_leaves() <= 8
    assert (
        result.direct.predict(X) == DecisionTreeClassifier(max_leaf_nodes=8, random_state=0).fit(X, y).predict(X)
    ).all()


def test_gain_is_the_difference_of_held_out_scores_and_lies_in_its_interval(result):
    _, X_test, _, y_test = wine()
    X_test, y_test = X_test[20:], y_test[20:]
    gain = result.model.score(X_test, y_test) - result.direct.score(X_test, y_test)
    assert result.gain == pytest.approx(gain)
    assert result.interval[0] <= result.gain <= result.interval[1]
    assert result.worth_it == (result.interval[0] > 0)
    lead = result.teacher.model.score(X_test, y_test) - result.direct.score(X_test, y_test)
    assert result.gain_retained == pytest.approx(gain / lead)
    assert ("Worth it" in result.verdict) == result.worth_it
    assert result.verdict in repr(result)


def test_fidelity_is_given_on_three_sets_and_by_class(result):
    table = result.fidelity
    assert table["set"].unique().tolist() == ["held-out rows", "unused transfer rows", "uniform in the box"]
    held = table[table["set"] == "held-out rows"].set_index("rows")
    _, X_test, _, _ = wine()
    X_test = X_test[20:]
    same = (result.teacher.model.predict(X_test) == result.model.predict(X_test)).mean()
    assert held.loc["all", "fidelity"] == pytest.approx(same)
    assert held.loc[["class 0", "class 1", "class 2"], "n"].sum() == held.loc["all", "n"] == 58
    assert held.loc[["teacher right", "teacher wrong"], "n"].sum() == 58
    assert ((table["low"] <= table["fidelity"]) & (table["fidelity"] <= table["high"])).all()


def test_the_scorecard_has_cost_and_score_of_all_four(result):
    card = result.scorecard
    assert list(card.index) == ["teacher", "student", "direct", "relabelled"]
    assert card.loc["teacher", "bytes"] > 10 * card.loc["student", "bytes"]
    assert card.loc["teacher", "single_us"] > 2 * card.loc["student", "single_us"]
    assert card.loc["teacher", "fidelity"] == 1.0
    assert result.budget(latency_ms=1000, size_kb=50).p95 > 0
    with pytest.raises(OverBudget, match=r"over budget: .* kB, allowed are 0.1 kB"):
        result.budget(size_kb=0.1)


def test_trees_are_measured_for_their_readers_and_for_their_stability(result):
    card = result.scorecard
    assert card.loc["student", "leaves"] == result.model.get_n_leaves()
    assert card.loc["student", "literals"] <= card.loc["student", "depth"] == result.model.get_depth()
    assert np.isnan(card.loc["teacher", "leaves"])
    assert 0.5 < result.stability(3) <= 1.0


def test_the_same_seed_gives_the_same_bytes():
    X, _, y, _ = wine()
    teacher = forest(X, y)
    student = DecisionTreeClassifier(max_features=2)
    one, two, other = (
        distill(teacher, student, X, y, test=(X[:5] + 1e-3, y[:5]), n=200, seed=seed) for seed in (1, 1, 2)
    )
    assert one.transfer.X.tobytes() == two.transfer.X.tobytes() != other.transfer.X.tobytes()
    assert one.model.tree_.threshold.tobytes() == two.model.tree_.threshold.tobytes()


# Honesty -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("frame", [False, True])
def test_a_planted_overlap_of_test_and_transfer_set_is_refused(frame):
    X, X_test, y, y_test = wine()
    teacher = forest(X, y)
    X_test[7] = X[3]
    pool = X[:0]
    if frame:
        X, X_test, pool = (pd.DataFrame(part).rename(columns=str) for part in (X, X_test, pool))
        teacher = forest(X, y)
    with pytest.raises(ValueError, match="test: 1 of its 78 rows are also in X"):
        distill(teacher, TREE, X, y, test=(X_test, y_test))
    with pytest.raises(ValueError, match="also in unlabelled"):
        distill(teacher, TREE, X[10:], y[10:], unlabelled=X_test[:3], test=(X_test, y_test))


def test_generated_rows_never_repeat_test_rows():
    X = np.random.default_rng(0).integers(0, 3, (200, 3))
    y = (X.sum(axis=1) > 3).astype(int)
    held = (X == [1, 1, 1]).all(axis=1)
    result = distill(forest(X, y), TREE, X[~held], y[~held], test=(X[held], y[held]), n=3000, seed=0)
    rows = result.transfer.X
    assert len(rows) > 1000
    assert not (rows == [1, 1, 1]).all(axis=1).any()


def test_an_overfitted_teacher_is_asked_out_of_fold():
    X, y = load_breast_cancer(return_X_y=True)
    rng = np.random.default_rng(0)
    y = np.where(rng.random(len(y)) < 0.2, 1 - y, y)
    teacher = forest(X[:300], y[:300])
    for test in (None, (X[300:], y[300:])):
        result = distill(teacher, TREE, X[:300], y[:300], test=test, n=200, seed=0)
        assert any("overfits" in note and "out of fold" in note for note in result.notes)
        data = result.transfer.origin == "data"
        assert set(result.transfer.label_source[data]) == {"teacher out of fold"}
        assert set(result.transfer.label_source[~data]) == {"teacher"}
        agreed = result.transfer.answers[data].argmax(1) == y[:300]
        assert agreed.mean() < 0.9 < (teacher.predict(X[:300]) == y[:300]).mean()


def test_a_teacher_that_generalises_labels_the_data_itself():
    X, y = load_breast_cancer(return_X_y=True)
    teacher = LogisticRegression(max_iter=10_000, C=1e-3).fit(X[:400], y[:400])
    result = distill(teacher, TREE, X[:400], y[:400], test=(X[400:], y[400:]), n=0, seed=0)
    assert result.notes == ()
    assert set(result.transfer.label_source) == {"teacher"}


def test_a_teacher_that_cannot_be_fitted_again_is_said_to_have_seen_the_rows():
    X, _, y, _ = wine()
    teacher = forest(X, y)
    result = distill(lambda X: teacher.predict_proba(X), TREE, X, y, n=100, seed=0)
    assert any("may have seen" in note for note in result.notes)


def test_without_test_rows_the_gain_is_cross_validated_with_the_teacher_refitted():
    X, _, y, _ = wine()
    y = np.random.default_rng(0).permutation(y)  # nothing can be learnt
    result = distill(forest(X, y), DecisionTreeClassifier(random_state=0), X, y, n=300, seed=0)
    assert len(result.held_out.X) == 100
    assert result.scores["teacher"] < 0.6  # on its own data it has nearly 1
    assert not result.worth_it


def test_relabelling_alone_is_told_from_what_further_rows_add():
    X, X_test, y, y_test = wine()
    result = distill(forest(X, y), TREE, X, y, test=(X_test, y_test), generator=None, seed=0)
    assert result.model is result.relabelled
    assert result.interval_over("relabelled") == (0.0, 0.0)
    assert result.learned.generator is None
    assert result.fidelity["set"].unique().tolist() == ["held-out rows", "uniform in the box"]


# Teachers, students, tables ------------------------------------------------------------------------------------------


def test_without_true_labels_the_gain_is_in_agreement_over_the_relabelled_control():
    X, _, y, _ = wine()
    result = distill(forest(X, y), TREE, X, n=500, seed=0)
    assert result.direct is None
    assert result.control == "relabelled"
    assert "agreement with the teacher" in result.verdict
    assert result.scores["teacher"] == 1.0


def mixed(n=300):
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"age": rng.integers(18, 80, n), "income": rng.lognormal(size=n),
                      "town": rng.choice(["a", "b", "c"], n)}, index=rng.permutation(n))  # fmt: skip
    y = pd.Series(np.where((X["age"] > 50) ^ (X["town"] == "a"), "yes", "no"), index=X.index)
    return X, y


def encoded(model):
    return make_pipeline(make_column_transformer((OneHotEncoder(), ["town"]), remainder="passthrough"), model)


def test_mixed_tables_go_through_pipelines_with_named_classes():
    X, y = mixed()
    teacher = encoded(RandomForestClassifier(30, random_state=0)).fit(X, y)
    result = distill(teacher, encoded(TREE), X, y, n=1000, seed=0)
    assert set(result.predict(X)) == {"yes", "no"}
    assert set(result.transfer.X["town"]) == {"a", "b", "c"}
    assert result.transfer.X["age"].dtype == X["age"].dtype
    assert result.scores["student"] > 0.8


def test_students_that_cannot_read_names_are_told_what_can():
    X, y = mixed(60)
    teacher = encoded(RandomForestClassifier(5, random_state=0)).fit(X, y)
    with pytest.raises(ValueError, match=r"columns \['town'\] are no numbers, .* AlternatingTreeClassifier"):
        distill(teacher, TREE, X, y, n=50, seed=0)
    assert set(distill(teacher, AlternatingTreeClassifier(4), X, y, n=50, seed=0).predict(X)) == {"yes", "no"}


@pytest.mark.parametrize("student", [MLPStudent((16,), epochs=10), DecisionTreeRegressor(max_leaf_nodes=16), Ridge()])
@pytest.mark.parametrize("labels", ["proba", "hard", "logit"])
def test_every_kind_of_label_reaches_every_kind_of_student(student, labels):
    X, y = load_iris(return_X_y=True)
    names = load_iris().target_names[y]
    teacher = LogisticRegression(max_iter=2000).fit(X[::2], names[::2])
    result = distill(teacher, student, X[::2], names[::2], test=(X[1::2][5:] + 1e-9, names[1::2][5:]), labels=labels,
                     n=300, temperature=2.0, soft_weight=0.7, seed=0)  # fmt: skip
    assert result.scores["student"] > (0.6 if isinstance(student, Ridge) else 0.85)
    assert set(result.predict(X)) <= set(names)


def test_functions_are_teachers_too():
    X, X_test, y, _ = wine()
    teacher = forest(X, y)
    by_chance = distill(teacher.predict_proba, TREE, X, test=(X_test, None), n=200, seed=0)
    by_class = distill(teacher.predict, TREE, X, test=(X_test, None), n=200, labels="hard", seed=0)
    scores = LogisticRegression(max_iter=5000).fit(X / X.max(0), y)
    by_logit = distill(
        lambda X_: scores.decision_function(X_ / X.max(0)),
        MLPStudent((8,), epochs=5),
        X,
        test=(X_test, None),
        n=200,
        labels="logit",
        seed=0,
    )
    for result in (by_chance, by_class, by_logit):
        assert result.teacher.classes.tolist() == [0, 1, 2]
        assert result.scores["student"] > 0.7


def test_regression_with_several_outputs_and_any_regressor():
    X, y = make_friedman1(150, random_state=0)
    Y = pd.DataFrame({"a": y, "b": X[:, 0]})
    teacher = RandomForestRegressor(20, random_state=0).fit(X, Y)
    for student in (DecisionTreeRegressor(max_leaf_nodes=32, random_state=0), LinearRegression()):
        result = distill(teacher, student, X, Y, n=1000, seed=0)
        assert result.predict(X).shape == (150, 2)
        assert set(result.fidelity["rows"]) == {"a", "b"}
        assert result.scores["student"] > 0.3


def test_a_gaussian_process_becomes_a_tiny_network_for_a_controller():
    def valve(pressure, angle):
        return pressure * np.sin(angle) + 0.1 * pressure**2

    rng = np.random.default_rng(0)
    X = pd.DataFrame({"pressure": rng.uniform(1, 4, 60), "angle": rng.uniform(0, 3, 60)})
    model = Surrogate.from_runs(X, valve(**X).rename("flow"))
    test = pd.DataFrame({"pressure": rng.uniform(1, 4, 500), "angle": rng.uniform(0, 3, 500)})
    tiny = MLP(hidden=(12,), n_members=1, l2=1e-5)
    result = distill(model, tiny, X, valve(**X), test=(test, valve(**test)),
                     generator=LatinHypercube(1), n=1000, seed=0)  # fmt: skip
    assert result.scores["student"] > 0.999
    record = result.model.record_
    assert sum(w.size for w in (*record.weights, *record.biases)) == 49
    assert record.gradient([[2.0, 1.0]])[0] == pytest.approx([np.sin(1) + 0.4, 2 * np.cos(1)], abs=0.1)
    assert result.teacher.outputs == ("flow",)


def test_an_interpolating_process_teaches_without_being_refitted_out_of_fold():
    X = np.linspace(0, 6, 40)[:, None]
    teacher = GaussianProcessRegressor(RBF(1.0), optimizer=None).fit(X, np.sin(X[:, 0]))
    result = distill(teacher, MLP(hidden=(16,), n_members=1), X, np.sin(X[:, 0]), n=500, seed=0)
    assert set(result.transfer.label_source) == {"teacher"}
    assert result.scores["student"] > 0.99


# Errors at the door --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"labels": "soft"}, ValueError, "labels: one of auto, proba, hard, logit"),
        ({"generator": "munge"}, TypeError, "generator: a data-driven design"),
        ({"generator": Munge}, TypeError, "generator: a data-driven design"),
        ({"n": -1}, ValueError, "n: expected"),
        ({"temperature": 0.0}, ValueError, "temperature"),
        ({"soft_weight": 2.0}, ValueError, "soft_weight"),
        ({"teacher": 3}, TypeError, "teacher: a fitted model"),
        ({"X": [1.0, 2.0]}, ValueError, "X: a table"),
        ({"y": [0, 1]}, ValueError, "y: 100 labels"),
        ({"y": np.full(100, 9)}, ValueError, r"y: classes \['9'\] are not among"),
        ({"test": "all"}, ValueError, r"test: a pair \(X, y\)"),
        ({"unlabelled": np.zeros((3, 2))}, ValueError, r"unlabelled: a table of shape \(n, 13\)"),
        ({"unlabelled": pd.DataFrame(np.zeros((3, 13)))}, ValueError, "unlabelled: an array is needed"),
        (
            {"student": LinearRegression(), "teacher": lambda X: X[:, 0], "y": np.full(100, np.nan)},
            ValueError,
            "finite",
        ),
        ({"teacher": lambda X: X[:, 0] * np.nan, "student": LinearRegression(), "y": None}, ValueError, "NaN"),
        ({"teacher": lambda X: np.eye(3)[np.zeros(len(X), int)], "labels": "logit"}, ValueError, "not logits"),
        ({"teacher": lambda X: X[:, :3]}, ValueError, "no chances"),
        ({"teacher": lambda X: X[:5]}, ValueError, "one answer a row"),
        ({"teacher": RandomForestClassifier()}, ValueError, "is it fitted"),
        ({"X": csr_matrix(np.ones((100, 2)))}, TypeError, r"sparse matrix .* X.toarray"),
        ({"X": pd.DataFrame(np.ones((100, 2)), columns=["a", "a"])}, ValueError, r"columns \['a'\] are there twice"),
    ],
)
def test_what_is_wrong_is_said_at_the_door(changes, error, message):
    X, _, y, _ = wine()
    given = {"teacher": None, "student": TREE, "X": X, "y": y, "n": 10, **changes}
    if given["teacher"] is None:
        given["teacher"] = forest(X, y)
    with pytest.raises(error, match=message):
        distill(given.pop("teacher"), given.pop("student"), given.pop("X"), given.pop("y"), **given)


def test_classifiers_without_chances_teach_hard_labels_only():
    X, y = load_iris(return_X_y=True)
    teacher = LinearSVC(dual=False, C=0.1).fit(X, y)
    with pytest.raises(ValueError, match="gives classes, but no chances"):
        distill(teacher, TREE, X, y, labels="proba")
    for labels in ("hard", "auto"):
        result = distill(teacher, TREE, X, y, labels=labels, n=300, seed=0)
        assert result.scores["student"] > 0.85
    named = distill(lambda X: np.where(X[:, 2] > 2.5, "long", "short"), MLPStudent((8,), epochs=10), X,
                    test=(X[::9] + 1e-6, None), n=200, seed=0)  # fmt: skip
    assert set(named.predict(X)) == {"long", "short"}
    assert named.scores["student"] > 0.85


def test_a_regression_teacher_and_a_classifying_student_do_not_go_together():
    X, y = make_friedman1(60, random_state=0)
    teacher = GradientBoostingRegressor(n_estimators=5).fit(X, y)
    with pytest.raises(ValueError, match="labels:|no chances|classifier"):
        distill(teacher, TREE, X, n=10)


def test_where_labels_are_many_no_gain_is_said():
    X, y = load_digits(return_X_y=True)
    X_train, X_test, y_train, y_test = train_test_split(X / 16, y, test_size=0.3, random_state=0, stratify=y)
    teacher = RandomForestClassifier(50, random_state=0).fit(X_train, y_train)
    result = distill(teacher, MLPStudent((32,), epochs=30), X_train, y_train, test=(X_test, y_test), generator=None,
                     temperature=4.0, soft_weight=0.7, seed=0)  # fmt: skip
    assert "No gain" in result.verdict
    assert result.interval[0] <= 0
