"""Whatever Model B is, its file gives it back."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

from surrogate import Box, Surrogate
from surrogate.export import ModelFileError, write_model
from surrogate.models.rules import rules_from_tree
from surrogate.workflows import SavedStudent, load_model, save_model

X, Y = load_iris(return_X_y=True)


def test_a_surrogate_and_a_student_come_back(tmp_path):
    model = Surrogate.from_runs(X[:, :2], X[:, 2])
    save_model(model, tmp_path / "m")
    assert (load_model(tmp_path / "m").predict(X[:, :2]) == model.predict(X[:, :2])).all()
    student = SavedStudent.of(DecisionTreeClassifier(random_state=0).fit(X, Y), X)
    save_model(student, tmp_path / "s")
    assert (load_model(tmp_path / "s").predict(X) == student.predict(X)).all()


def test_a_box_comes_back(tmp_path):
    box = Box({"b": (0.1, np.inf), "fuel": {"gas", "coal's"}})
    save_model(box, tmp_path / "b")
    assert load_model(tmp_path / "b").limits == box.limits


def test_rules_come_back(tmp_path):
    rules = rules_from_tree(DecisionTreeClassifier(max_depth=3, random_state=0).fit(X, Y))
    save_model(rules, tmp_path / "r")
    again = load_model(tmp_path / "r")
    assert again.to_text() == rules.to_text()
    assert (again.predict(X) == rules.predict(X)).all()


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(TypeError, match=r"SavedStudent\.of"):
        save_model(3, tmp_path / "x")
    write_model(tmp_path / "y", {"kind": "oracle"}, {})
    with pytest.raises(ModelFileError, match="Upgrade"):
        load_model(tmp_path / "y")
    write_model(tmp_path / "z", {"kind": "box"}, {})
    with pytest.raises(ModelFileError, match="incomplete"):
        load_model(tmp_path / "z")
