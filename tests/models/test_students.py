"""Students: what a teacher's answers teach them, and records that predict the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import check_grad
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris, load_wine, make_friedman1
from sklearn.ensemble import ExtraTreesRegressor, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from surrogate.models.records import Record
from surrogate.models.rules import AlternatingTreeClassifier
from surrogate.models.students import (
    BoostedTreesStudent,
    MLPStudent,
    SelfTraining,
    TorchStudent,
    hinton_loss,
    logits_of,
    record_of,
    teach,
)

V, Z = np.array([[1.0, 0.0, -2.0]]), np.array([[2.0, -1.0, 0.5]])


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


# Hinton's loss -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("temperature", "loss"), [(1, 0.358613), (4, 0.844642), (20, 0.993660)])
def test_loss_has_the_reference_values(temperature, loss):
    assert hinton_loss(Z, V, temperature=temperature)[0] == pytest.approx(loss, abs=1e-6)


def test_gradient_has_the_reference_values_and_the_limit_of_high_temperatures():
    assert hinton_loss(Z, V)[1][0] == pytest.approx([0.080213, -0.220384, 0.140171], abs=1e-6)
    centred = (Z - Z.mean()) - (V - V.mean())
    assert hinton_loss(Z, V, temperature=1e5)[1] == pytest.approx(centred / 3, abs=1e-4)
    assert centred[0] / 3 == pytest.approx([0.055556, -0.611111, 0.555556], abs=1e-6)


def test_temperature_squared_keeps_the_size_of_the_gradient():
    size = {t: np.linalg.norm(hinton_loss(Z, V, temperature=t)[1]) for t in (1, 20)}
    assert 0.5 <= size[20] / size[1] <= 4
    assert size[20] / 20**2 / size[1] < 0.02


def test_a_student_that_agrees_has_no_loss_and_none_is_below():
    rng = np.random.default_rng(0)
    for temperature in (1.0, 3.0):
        z = rng.normal(size=(50, 4))
        loss, gradient = hinton_loss(z, z, temperature=temperature)
        assert loss == 0.0
        assert not gradient.any()
        assert hinton_loss(z, rng.normal(size=(50, 4)), temperature=temperature)[0] > 0


@pytest.mark.parametrize(("temperature", "soft_weight"), [(1.0, 1.0), (4.0, 0.7), (2.0, 0.0)])
def test_the_gradient_is_that_of_the_loss(temperature, soft_weight):
    rng = np.random.default_rng(0)
    v, truth = rng.normal(size=(6, 3)), np.array([0, 1, 2, -1, 1, -1])

    def loss(z, part):
        return hinton_loss(z.reshape(6, 3), v, truth, temperature=temperature, soft_weight=soft_weight)[part]

    error = check_grad(lambda z: loss(z, 0), lambda z: loss(z, 1).ravel(), rng.normal(size=18))
    assert error < 1e-6


def test_chances_in_the_place_of_logits_are_refused():
    chances = np.array([[0.2, 0.8], [0.5, 0.5]])
    with pytest.raises(ValueError, match="these are chances"):
        MLPStudent().fit_logits([[0.0], [1.0]], chances)
    assert softmax(logits_of(chances)) == pytest.approx(chances)


def test_answers_about_other_rows_than_those_learnt_from_are_refused():
    # A much-printed program makes soft labels of its 270 validation rows and compares them with 1,257 training rows.
    X, y = load_digits(return_X_y=True)
    teacher = LogisticRegression(C=0.01, max_iter=1000).fit(X[:300] / 16, y[:300])
    with pytest.raises(ValueError, match="same number of rows is needed; got 1257, 270"):
        MLPStudent().fit_logits(X[:1257], logits_of(teacher.predict_proba(X[-270:] / 16)))


@pytest.mark.parametrize("wrong", [{"temperature": 0.0}, {"soft_weight": 1.5}])
def test_mixtures_outside_their_limits_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        teach(DecisionTreeClassifier(), [[0.0], [1.0]], np.eye(2), classes=np.arange(2), **wrong)


# Teaching any estimator ----------------------------------------------------------------------------------------------


def soft_labels(n=200, c=3, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.random((n, 3))
    return X, softmax(4 * np.column_stack([X[:, 0], X[:, 1] * X[:, 2], np.sin(6 * X[:, 1])])[:, :c])


def test_a_tree_on_weighted_rows_is_the_tree_on_several_outputs():
    X, chances = soft_labels()
    student = DecisionTreeClassifier(max_leaf_nodes=8, random_state=0)
    tree = teach(student, X, chances, classes=np.arange(3), labels="proba")
    regression = DecisionTreeRegressor(max_leaf_nodes=8, random_state=0).fit(X, chances)
    assert type(tree) is DecisionTreeClassifier
    assert tree.predict_proba(X) == pytest.approx(regression.predict(X), abs=2e-3)


def test_weighted_rows_give_the_cross_entropy_to_the_soft_labels():
    X, chances = soft_labels()
    model = teach(LogisticRegression(C=1e4, tol=1e-8, max_iter=2000), X, chances, classes=np.arange(3))
    told = model.predict_proba(X)
    design = np.column_stack([X, np.ones(len(X))])
    assert design.T @ (told - chances) == pytest.approx(np.zeros((4, 3)), abs=0.3)  # the gradient vanishes
    linear = teach(Ridge(1e-6), X, chances, classes=np.arange(3), labels="logit")
    assert (linear.predict(X) == told.argmax(1)).mean() > 0.85


@pytest.mark.parametrize(
    "student",
    [
        DecisionTreeClassifier(random_state=0),
        make_pipeline(StandardScaler(), LogisticRegression(C=100)),
        KNeighborsClassifier(3),
        DecisionTreeRegressor(random_state=0),
        SVR(C=10),
        MLPStudent((16,)),
        BoostedTreesStudent(n_trees=30),
    ],
    ids=lambda s: type(s).__name__,
)
@pytest.mark.parametrize("c", [2, 3])
def test_any_estimator_learns_soft_labels_of_named_classes(student, c):
    X, chances = soft_labels(300, c)
    classes = np.array(["low", "middle", "top"])[:c]
    frame = pd.DataFrame(X, columns=list("abc"))
    model = teach(student, frame if not isinstance(student, MLPStudent) else X, chances, classes=classes)
    told = model.predict(frame if not isinstance(student, MLPStudent) else X)
    assert (told == classes[chances.argmax(1)]).mean() > 0.8


def test_a_trees_tests_are_chosen_by_classes_and_its_leaves_know_the_chances():
    rng = np.random.default_rng(0)
    X = rng.random((400, 3))
    chances = rng.dirichlet([1.0, 1.0, 0.02], 400)
    chances[X[:, 0] > 0.5, 0] += 1
    chances /= chances.sum(axis=1, keepdims=True)
    names = np.array(["c", "b", "a"])  # in the teacher's own order
    student = DecisionTreeClassifier(max_leaf_nodes=6, random_state=0)
    hard = DecisionTreeClassifier(max_leaf_nodes=6, random_state=0).fit(X, names[chances.argmax(axis=1)])
    for model in (student, make_pipeline(StandardScaler(), student)):
        taught = teach(model, X, chances, classes=names)
        mean = np.array([chances[hard.apply(X) == leaf].mean(axis=0) for leaf in hard.apply(X)])
        columns = [names.tolist().index(one) for one in taught.classes_]
        told = mean[:, columns] / mean[:, columns].sum(axis=1, keepdims=True)
        np.testing.assert_allclose(taught.predict_proba(X), told, rtol=1e-9)
        assert (taught.predict(X) == taught.classes_[told.argmax(axis=1)]).all()
    record = record_of(teach(student, X, chances, classes=names))
    np.testing.assert_allclose(record.probabilities(X).sum(axis=1), 1.0)


@pytest.mark.parametrize("settings", [{"class_weight": "balanced"}, {"monotonic_cst": [1, 0]}])
def test_leaves_that_shall_not_be_means_stay_as_they_were_grown(settings):
    X = np.random.default_rng(0).random((200, 2))
    chances = np.column_stack([1 - X[:, 0] / 2, X[:, 0] / 2]) if "class_weight" in settings else np.column_stack(
        [1 - X[:, 0], X[:, 0]])  # fmt: skip
    chances[:5] = [0.1, 0.9]
    student = DecisionTreeClassifier(max_leaf_nodes=4, random_state=0, **settings)
    grown = clone(student).fit(X, chances.argmax(axis=1))
    taught = teach(student, X, chances, classes=np.array([0, 1]))
    np.testing.assert_array_equal(taught.predict_proba(X), grown.predict_proba(X))


def test_true_classes_count_by_their_weight_and_unknown_ones_not_at_all():
    X = np.array([[0.0], [1.0]])
    teacher, truth = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([1, -1])
    for weight, told in ((1.0, [0, 1]), (0.7, [0, 1]), (0.2, [1, 1])):
        tree = teach(DecisionTreeClassifier(), X, teacher, classes=np.arange(2), truth=truth, soft_weight=weight)
        assert tree.predict(X).tolist() == told
        assert tree.predict_proba(X)[0, 0] == pytest.approx(weight, abs=1e-9)


def test_regression_on_the_blend_is_the_weighted_sum_of_both_losses():
    X, y = make_friedman1(200, random_state=0, noise=1.0)
    answers = (y + np.random.default_rng(0).normal(size=200))[:, None]
    blend = teach(DecisionTreeRegressor(max_leaf_nodes=16, random_state=0), X, answers, truth=y, soft_weight=0.3)
    twice = DecisionTreeRegressor(max_leaf_nodes=16, random_state=0).fit(
        np.concatenate([X, X]), np.concatenate([y, answers[:, 0]]), np.repeat([0.7, 0.3], 200)
    )
    assert (blend.tree_.feature == twice.tree_.feature).all()
    assert blend.predict(X) == pytest.approx(twice.predict(X))
    direct = DecisionTreeRegressor(max_leaf_nodes=16, random_state=0).fit(X, 0.7 * y + 0.3 * answers[:, 0])
    assert (blend.predict(X) == direct.predict(X)).all()


@pytest.mark.parametrize("student", [LinearRegression(), SVR(), make_pipeline(StandardScaler(), Ridge())])
def test_several_outputs_are_learnt_by_every_regressor(student):
    X = np.random.default_rng(0).random((60, 2))
    assert teach(student, X, np.column_stack([X[:, 0], X.sum(1)])).predict(X).shape == (60, 2)


@pytest.mark.parametrize(
    ("student", "classes", "labels", "message"),
    [
        (DecisionTreeClassifier(), None, "proba", "teacher answers numbers"),
        (DecisionTreeClassifier(), np.arange(3), "logit", "cannot be fitted to logits"),
    ],
)
def test_what_a_student_cannot_learn_is_said(student, classes, labels, message):
    X, chances = soft_labels()
    with pytest.raises(ValueError, match=message):
        teach(student, X, chances, classes=classes, labels=labels)


# The students of the package ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("student", [MLPStudent((16,), epochs=5), BoostedTreesStudent(n_trees=10)])
def test_students_are_scikit_learn_classifiers_and_repeat_themselves(student):
    X, y = load_iris(return_X_y=True)
    names = load_iris().target_names[y]
    one, two = (clone(student).fit(X, names) for _ in range(2))
    assert one.score(X, names) > 0.9
    assert one.predict_proba(X).tobytes() == two.predict_proba(X).tobytes()
    with pytest.raises(ValueError, match="two classes"):
        clone(student).fit(X, np.zeros(len(X)))


def test_the_network_learns_from_logits_alone_and_tells_how():
    X, y = load_digits(return_X_y=True)
    X = X / 16
    teacher = LogisticRegression(C=1.0, max_iter=500).fit(X, y)
    student = MLPStudent((32,)).fit_logits(X, logits_of(teacher.predict_proba(X)), temperature=2.0)
    assert (student.predict(X) == teacher.predict(X)).mean() > 0.98
    history = student.history_
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]
    assert history["agreement"].iloc[-1] > 0.98
    assert history["accuracy"].isna().all()


@pytest.mark.parametrize("c", [2, 3])
def test_records_predict_as_their_models_also_at_the_cuts_and_come_back_from_their_state(c):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    y = np.digitize(X[:, 0] * X[:, 1], [0.0, 0.5][: c - 1])
    for model in (
        DecisionTreeClassifier(random_state=0),
        RandomForestClassifier(7, random_state=0),
        BoostedTreesStudent(n_trees=5),
        MLPStudent((8,), epochs=3),
    ):
        fitted = model.fit(X, y)
        record = record_of(fitted)
        cuts = getattr(record, "cut", np.zeros(1))
        straddling = np.repeat(X[:30], len(cuts[cuts != 0]) or 1, axis=0)
        for value in (cuts, np.nextafter(cuts, -np.inf), cuts.astype(np.float32)):
            chosen = np.tile(value[cuts != 0], 30) if (cuts != 0).any() else 0.0
            straddling[:, 0] = chosen
            assert record.probabilities(straddling) == pytest.approx(fitted.predict_proba(straddling), abs=1e-12)
            assert (record.predict(straddling) == fitted.predict(straddling)).all()
        again = Record.from_state(*record.to_state())
        assert again.probabilities(X).tobytes() == record.probabilities(X).tobytes()
    assert record_of(KNeighborsClassifier().fit(X, y)) is None


def test_a_boosted_record_gives_xgboost_its_chances():
    import xgboost

    X, chances = soft_labels(300)
    y = chances.argmax(1)
    student = BoostedTreesStudent(n_trees=10).fit(X, y)
    own = xgboost.XGBClassifier(
        n_estimators=10, learning_rate=0.2, max_depth=4, base_score=0.5, tree_method="hist", n_jobs=1
    ).fit(X, y)
    assert student.predict_proba(X) == pytest.approx(own.predict_proba(X), abs=1e-5)


@pytest.mark.parametrize(
    "model", [DecisionTreeRegressor(max_leaf_nodes=24, random_state=0), ExtraTreesRegressor(4, random_state=0)]
)
def test_records_of_regression_trees_predict_as_their_models_also_at_the_cuts(model):
    X, y = make_friedman1(150, random_state=0)
    X[::9, 2] = np.nan
    model = clone(model).fit(X, y)
    record = record_of(model)
    trees = [one.tree_ for one in getattr(model, "estimators_", [model])]
    cuts = np.concatenate([tree.threshold[tree.feature == 3] for tree in trees])
    rows = np.vstack([X, *(np.where(np.arange(10) == 3, c, X[:5]) for cut in cuts for c in around(cut))])
    np.testing.assert_allclose(record.predict(rows), model.predict(rows), rtol=1e-13)
    assert record_of(clone(model).fit(X, np.column_stack([y, y]))) is None


def around(cut):
    """A threshold, its neighbours, and those in single precision."""
    single = np.float32(cut)
    return [cut, *np.nextafter(cut, [-9, 9]), float(single), *map(float, np.nextafter(single, np.float32([-9, 9])))]


def test_records_of_alternating_trees_predict_as_their_rules_and_know_no_names():
    X, y = load_wine(return_X_y=True)
    X[::5, 12] = np.nan
    model = AlternatingTreeClassifier(8).fit(X, y)
    record = record_of(model)
    place = {name: i for i, name in enumerate(model.columns_.names)}
    ends = [(place[test.name], test.high) for test in model.tree_of_rules_.tests if test is not None]
    rows = np.vstack([X, *(np.where(np.arange(13) == i, c, X[:9]) for i, end in ends for c in around(end))])
    assert (model.classes_[record.predict(rows).astype(int)] == model.predict(rows)).all()
    assert record.probabilities(rows).max(axis=1).min() == 1.0
    names = pd.DataFrame({"town": ["a", "b"] * 10})
    assert record_of(AlternatingTreeClassifier(2).fit(names, [0, 1] * 10)) is None


def test_missing_numbers_go_where_the_tree_sends_them():
    X = np.array([[0.0], [1.0], [2.0], [np.nan], [np.nan]])
    tree = DecisionTreeClassifier().fit(X, [0, 0, 1, 1, 1])
    assert record_of(tree).predict(X).tolist() == tree.predict(X).tolist()


# Self-training -------------------------------------------------------------------------------------------------------


def test_self_training_stops_before_it_adds_wrong_labels():
    X, y = load_digits(return_X_y=True)
    X = X / 16
    model = SelfTraining(LogisticRegression(C=1.0, max_iter=300), confidence=0.9).fit(X[:300], y[:300], X[300:])
    history = model.history_
    assert history["accepted"].iloc[0]
    labelled = model.pseudo_labels_ >= 0
    assert (model.classes_[model.pseudo_labels_] == y[300:])[labelled].mean() > 0.94
    assert history["n_labelled"].iloc[-1] == labelled.sum()
    given = [int((model.pseudo_rounds_ == i).sum()) for i in range(len(history))]
    assert given == np.where(history["accepted"], history["n_new"], 0).tolist()
    assert ((model.pseudo_rounds_ >= 0) == labelled).all()
    careless = SelfTraining(LogisticRegression(C=100, max_iter=1000), confidence=0.4, least_accuracy=0.97)
    rounds = careless.fit(X[:100], y[:100], X[300:]).history_
    assert not rounds["accepted"].iloc[-1]
    assert rounds["estimated_accuracy"].iloc[-1] < 0.97


def test_self_training_without_a_pool_is_the_estimator():
    X, y = load_iris(return_X_y=True)
    model = SelfTraining(DecisionTreeClassifier(random_state=0)).fit(X, y)
    assert (model.predict(X) == DecisionTreeClassifier(random_state=0).fit(X, y).predict(X)).all()
    assert model.history_.empty


# torch ---------------------------------------------------------------------------------------------------------------


def test_without_torch_the_extra_is_named():
    try:
        import torch  # noqa: F401
    except ImportError:
        with pytest.raises(ImportError, match=r"surrogate-discovery\[torch\]"):
            TorchStudent(lambda: None).fit([[0.0], [1.0]], [0, 1])
    else:
        pytest.skip("torch is installed")


def test_a_torch_module_learns_from_logits():
    torch = pytest.importorskip("torch")
    X, chances = soft_labels(400)
    student = TorchStudent(
        lambda: torch.nn.Sequential(torch.nn.Linear(3, 32), torch.nn.ReLU(), torch.nn.Linear(32, 3)),
        epochs=150,
        learning_rate=1e-2,
    )
    model = teach(student, X, chances, classes=np.arange(3), temperature=2.0)
    assert (model.predict(X) == chances.argmax(1)).mean() > 0.85
    again = teach(student, X, chances, classes=np.arange(3), temperature=2.0)
    assert model.predict_proba(X).tobytes() == again.predict_proba(X).tobytes()
    assert teach(student, X, chances, classes=np.arange(3), truth=chances.argmax(1), soft_weight=0.5).history_


def swapped(student):
    X = pd.DataFrame(np.random.default_rng(0).random((80, 2)), columns=["a", "b"])
    student.fit(X, (X["a"] > 0.5).astype(int))
    return student, X, X[["b", "a"]].assign(more=0.0)


@pytest.mark.parametrize("student", [MLPStudent((8,), epochs=30), BoostedTreesStudent()])
def test_columns_of_a_frame_are_found_by_name(student):
    student, X, other = swapped(student)
    assert (student.predict(other) == student.predict(X)).all()
    assert (student.predict_proba(other) == student.predict_proba(X)).all()
    with pytest.raises(ValueError, match=r"X: columns \['a'\] .* are missing"):
        student.predict(X[["b"]])
