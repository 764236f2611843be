"""Distillation: what is said where it cannot be known, and labels and classes that are matched by name."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

from surrogate import distill
from surrogate.design import GaussianMixture, NaiveBayesMixture

TREE = DecisionTreeClassifier(max_leaf_nodes=8, random_state=0)


def data(n=60):
    X = np.random.default_rng(0).random((n, 2))
    return X, np.where(X[:, 0] > 0.7, "rare", "often")


def forest(X, y, random_state=0):
    return RandomForestClassifier(5, random_state=random_state).fit(X, y)


def test_coin_flips_are_not_worth_it_where_the_teacher_may_have_seen_them():
    rng = np.random.default_rng(0)
    X = rng.random((200, 3))
    y = rng.random(200) > 0.5
    teacher = forest(X, y)
    result = distill(lambda rows: teacher.predict_proba(rows), DecisionTreeClassifier(max_leaf_nodes=32), X, y, n=1000,
                     seed=0)  # fmt: skip
    assert result.gain > 0.1  # the truth that the teacher passed on
    assert not result.worth_it
    assert result.verdict.startswith("Not known:")
    assert "Give test=(X, y)" in result.verdict


def test_teachers_without_a_random_state_are_fitted_again_by_the_seed():
    X, y = data()
    flipped = np.where(np.random.default_rng(1).random(60) < 0.3, "rare", y)
    teacher = forest(X, flipped, random_state=None)
    one, two = (distill(teacher, TREE, X, flipped, n=50, seed=2**40) for _ in range(2))
    assert one.scores == two.scores
    assert (one.held_out.told["teacher"] == two.held_out.told["teacher"]).all()


def test_labels_are_matched_by_the_index():
    X, y = data()
    X, y = pd.DataFrame(X, columns=["a", "b"], index=np.arange(60)[::-1]), pd.Series(y, index=np.arange(60)[::-1])
    teacher = forest(X, y)
    test = (X + 1e-4, y.sample(frac=1, random_state=0))
    plain, mixed = (distill(teacher, TREE, X, labels, test=test, n=20, seed=0) for labels in (y, y.sort_index()))
    assert (plain.transfer.truth == mixed.transfer.truth).all()
    assert mixed.scores["direct"] > 0.9
    with pytest.raises(ValueError, match="y: the labels"):
        distill(teacher, TREE, X, y.rename(lambda i: i + 1), n=20)


def test_columns_of_chances_are_found_by_the_names_of_the_classes():
    X, y = data()
    teacher = forest(X, y)

    def backwards(rows):
        return pd.DataFrame(teacher.predict_proba(rows), columns=teacher.classes_)[["rare", "often"]]

    result = distill(backwards, TREE, X, y, test=(X + 1e-4, y), n=20, seed=0)
    assert result.scores["teacher"] > 0.9
    assert result.notes == ()
    unnamed = distill(backwards, TREE, X, n=20, seed=0)
    assert unnamed.teacher.outputs == ("rare", "often")
    with pytest.raises(ValueError, match="Name every column by its class"):
        distill(lambda rows: backwards(rows).rename(columns={"rare": "seldom"}), TREE, X, y, n=20)


def test_columns_in_another_order_than_the_classes_are_noted():
    X, y = data()
    teacher = forest(X, y)
    result = distill(lambda rows: teacher.predict_proba(rows)[:, ::-1], TREE, X, y, test=(X + 1e-4, y), n=20, seed=0)
    assert "are its columns in the order ['often', 'rare']?" in result.notes[0]


@pytest.mark.parametrize("others", [0, 2])
def test_the_only_row_of_a_class_stays_with_every_teacher(others):
    X, y = data()
    y = np.full(60, "often") if others == 0 else y.copy()
    y[7] = "once"
    X[8], y[8] = X[7], "once"  # the same row again
    teacher = GradientBoostingClassifier(n_estimators=3, random_state=0).fit(X, y)
    result = distill(teacher, TREE, X, y, n=20, seed=0)
    assert len(result.held_out.X) == 58
    assert np.isfinite(result.transfer.answers).all()


def test_an_overfitted_teacher_labels_the_only_row_of_a_class_itself():
    X = np.random.default_rng(0).random((80, 3))
    y = np.random.default_rng(1).choice(["a", "b"], 80)
    y[7] = "once"
    result = distill(forest(X, y), TREE, X, y, n=20, seed=0)
    source = result.transfer.label_source[:80]
    assert source[7] == "teacher"
    assert (np.delete(source, 7) == "teacher out of fold").all()


def test_the_likeliest_class_of_a_function_of_chances_is_taught():
    X, y = data()
    teacher = forest(X, y)
    result = distill(lambda rows: teacher.predict_proba(rows)[:, 1], TREE, X, y, test=(X + 1e-4, y), labels="hard",
                     n=20, seed=0)  # fmt: skip
    assert result.teacher.classes.tolist() == ["often", "rare"]
    assert result.scores["student"] > 0.8


def test_what_cannot_be_distilled_is_said():
    X, y = data()
    teacher = forest(X, y)
    with pytest.raises(ValueError, match="teacher: two classes are needed; it knows only"):
        distill(forest(X, np.full(60, "a")), TREE, X)
    with pytest.raises(ValueError, match="X: it has no rows"):
        distill(teacher, TREE, X[:0])
    with pytest.raises(ValueError, match="repeats: expected a whole number of at least 2"):
        distill(teacher, TREE, X, n=20, seed=0).stability(1)
    with pytest.raises(ValueError, match='generator: with none of "auto" could the student be taught: labels: '):
        distill(teacher, TREE, X, generator="auto", labels="logit", n=20)


@pytest.mark.parametrize("mixture", [NaiveBayesMixture, GaussianMixture])
@pytest.mark.parametrize("wrong", [0, -1, "2"])
def test_mixtures_need_a_whole_number_of_components(mixture, wrong):
    with pytest.raises(ValueError, match="n_components: expected a whole number of at least 1"):
        mixture(wrong).fit(data()[0])


def test_mixtures_of_hardly_any_rows():
    X = np.array([[0.0, 1.0]])
    assert (NaiveBayesMixture().fit(X).sample(3, seed=0) == X).all()
    with pytest.raises(ValueError, match="n_components: 5 are asked for, but there are only 3 rows"):
        GaussianMixture(5).fit(np.arange(6.0).reshape(3, 2))
