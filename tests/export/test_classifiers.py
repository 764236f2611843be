"""Students that classify leave home with the chance of every class, and every row in its leaf."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from sklearn.datasets import load_iris, load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

from surrogate import Space
from surrogate.export import c99, javascript, onnx_graph, python_module, sql
from surrogate.export.check_rows import straddling_rows
from surrogate.export.export import checked, export_model
from surrogate.export.portable import Portable
from surrogate.models.students import BoostedTreesStudent, MLPStudent
from surrogate.models.students.tree_records import record_of

LANGUAGES = {".py": python_module, ".c": c99, ".js": javascript, ".onnx": onnx_graph, ".sql": sql}
NEEDS = {".c": "gcc", ".js": "node"}


def limits_of(X):
    return zip(X.min(axis=0), X.max(axis=0), strict=True)


@pytest.fixture(scope="module")
def students():
    X, y = load_iris(return_X_y=True)
    space = Space({f'x{i} "*/': (float(low), float(high)) for i, (low, high) in enumerate(limits_of(X))})
    fitted = {
        "tree": DecisionTreeClassifier(random_state=0).fit(X, y),
        "forest": RandomForestClassifier(7, random_state=0).fit(X, y),
        "boosted": BoostedTreesStudent().fit(X, y),
        "mlp": MLPStudent().fit(X, y),
    }
    return space, X, {name: (one, record_of(one)) for name, one in fitted.items()}


@pytest.mark.parametrize("suffix", LANGUAGES)
@pytest.mark.parametrize("name", ["tree", "forest", "boosted", "mlp"])
def test_a_student_gives_the_chances_of_its_record(name, suffix, students, tmp_path):
    if suffix in NEEDS and shutil.which(NEEDS[suffix]) is None:
        pytest.skip(f"{NEEDS[suffix]} is not installed")
    space, X, fitted = students
    model, record = fitted[name]
    if suffix == ".sql" and name in ("boosted", "mlp"):
        with pytest.raises(ValueError, match="no form in SQL"):
            export_model(tmp_path / "m.sql", space, {"class": record}, raw=True)
        return
    statement = export_model(tmp_path / f"m{suffix}", space, {"class": record}, raw=True)
    assert statement.count("largest difference") == 3
    assert ("same leaf" in statement) == (name != "mlp")
    portable = Portable(space, {"class": record}, raw=True)
    language = LANGUAGES[suffix]
    answers = language.run(language.write(portable, ""), portable, X, tmp_path).values
    assert np.abs(answers - model.predict_proba(X)).max() < 2e-6  # xgboost adds in single precision


@pytest.mark.parametrize("suffix", LANGUAGES)
def test_no_row_beside_a_threshold_changes_its_class(suffix, students, tmp_path):
    if suffix in NEEDS and shutil.which(NEEDS[suffix]) is None:
        pytest.skip(f"{NEEDS[suffix]} is not installed")
    X, y = load_wine(return_X_y=True)
    space = Space({f"x{i}": (float(low), float(high)) for i, (low, high) in enumerate(limits_of(X))})
    tree = DecisionTreeClassifier(max_depth=4, random_state=0).fit(X, y)
    portable = Portable(space, {"class": record_of(tree)}, raw=True)
    rows = straddling_rows(portable)
    # scikit-learn rounds to float32: the neighbours in single precision of every threshold are tried as well
    single = rows.astype(np.float32)
    rows = np.concatenate([rows, single, np.nextafter(single, -np.inf), np.nextafter(single, np.inf)])
    assert len(rows) >= 1890
    language = LANGUAGES[suffix]
    answers = language.run(language.write(portable, ""), portable, rows.astype(np.float64), tmp_path).values
    assert (answers.argmax(axis=1) == tree.predict_proba(rows).argmax(axis=1)).all()


def test_an_emulator_and_a_classifier_share_a_file(students, tmp_path):
    from surrogate.models.records import Constant

    space, _, fitted = students
    portable = Portable(space, {"level": Constant(2.0, 0.0, 4), "class": fitted["tree"][1]}, raw=True)
    assert portable.outputs == ("level", "class 0", "class 1", "class 2")
    for suffix in (".py", ".sql"):
        assert "Checked" in checked(LANGUAGES[suffix], portable)
