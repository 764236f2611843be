"""A student leaves its library: the file predicts the same bits, the exports the same classes."""

from __future__ import annotations

import importlib.util

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from surrogate.export import ModelFileError, write_model
from surrogate.models.rules import AlternatingTreeClassifier
from surrogate.models.students import BoostedTreesStudent, MLPStudent
from surrogate.workflows import SavedStudent

X, Y = load_iris(return_X_y=True, as_frame=True)
NAMES = np.array(["setosa", "versicolor", "virginica"])[Y]


@pytest.mark.parametrize(
    "model",
    [DecisionTreeClassifier(random_state=0), RandomForestClassifier(5, random_state=0), MLPStudent(),
     BoostedTreesStudent()],
    ids=lambda model: type(model).__name__,
)  # fmt: skip
def test_a_saved_student_predicts_the_same_bits(model, tmp_path):
    model.fit(X, NAMES)
    student = SavedStudent.of(model, X)
    student.save(tmp_path / "s.surrogate")
    again = SavedStudent.load(tmp_path / "s.surrogate")
    assert (again.predict(X) == model.predict(X)).all()
    assert (again.predict_proba(X) == student.predict_proba(X)).all()
    assert np.abs(again.predict_proba(X) - model.predict_proba(X)).max() < 2e-6
    assert again.names == tuple(X.columns)
    shuffled = X[X.columns[::-1]]
    assert (again.predict(shuffled) == again.predict(X.to_numpy())).all()


def test_classes_keep_their_type(tmp_path):
    student = SavedStudent.of(DecisionTreeClassifier().fit(X, Y), X)
    student.save(tmp_path / "s.surrogate")
    assert SavedStudent.load(tmp_path / "s.surrogate").predict(X).dtype.kind == "i"


def test_an_exported_student_answers_the_chances(tmp_path):
    table = X.assign(always=3.0)
    model = DecisionTreeClassifier(random_state=0).fit(table, NAMES)
    SavedStudent.of(model, table).export(tmp_path / "student.py")
    spec = importlib.util.spec_from_file_location("student", tmp_path / "student.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (module.predict(table.to_numpy()) == model.predict_proba(table)).all()
    assert module.OUTPUTS == ("setosa", "versicolor", "virginica")


@pytest.mark.parametrize("model", [AlternatingTreeClassifier(5), DecisionTreeRegressor(max_leaf_nodes=9)])
def test_readable_trees_leave_too(model, tmp_path):
    numbers = X["petal length (cm)"] ** 2
    model.fit(X, numbers if isinstance(model, DecisionTreeRegressor) else NAMES)
    student = SavedStudent.of(model, X)
    student.save(tmp_path / "s.surrogate")
    assert (SavedStudent.load(tmp_path / "s.surrogate").predict(X) == model.predict(X)).all()
    student.export(tmp_path / "student.py")
    student.export(tmp_path / "student.sql")


def test_models_without_a_form_of_their_own_are_refused_in_words():
    with pytest.raises(ValueError, match="GradientBoostingClassifier has no form outside its library"):
        SavedStudent.of(GradientBoostingClassifier().fit(X, Y), X)
    with pytest.raises(ValueError, match="inputs that are numbers"):
        SavedStudent.of(DecisionTreeClassifier().fit([[0.0], [1.0]], [0, 1]), pd.DataFrame({"a": ["x", "y"]}))


def test_other_files_are_refused(tmp_path):
    write_model(tmp_path / "a.surrogate", {"kind": "surrogate"}, {})
    with pytest.raises(ModelFileError, match="not a student"):
        SavedStudent.load(tmp_path / "a.surrogate")
    write_model(tmp_path / "b.surrogate", {"kind": "student", "low": {}}, {})
    with pytest.raises(ModelFileError, match="incomplete"):
        SavedStudent.load(tmp_path / "b.surrogate")
