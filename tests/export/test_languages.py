"""What leaves home gives the model's numbers, or is not written."""

from __future__ import annotations

import ast
import dataclasses
import importlib.util
import math
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import numpy as np
import pytest

from surrogate import Box, Integer, Space
from surrogate.export import c99, javascript, onnx_graph, python_module, sql
from surrogate.export.check_rows import broken_rows, random_rows, straddling_rows
from surrogate.export.export import Answers, ExportError, checked, export_model
from surrogate.export.formula import Trees
from surrogate.export.portable import Portable
from surrogate.models.emulators import MLP
from surrogate.models.records import Constant

LANGUAGES = {".py": python_module, ".c": c99, ".js": javascript, ".onnx": onnx_graph}
NEEDS = {".c": "gcc", ".js": "node"}


def skip_without(suffix):
    if suffix in NEEDS and shutil.which(NEEDS[suffix]) is None:
        pytest.skip(f"{NEEDS[suffix]} is not installed")
    if suffix == ".onnx":
        pytest.importorskip("onnx")
        pytest.importorskip("onnxruntime")


def trees_of(records):
    return {name: record for name, record in records.items() if record.kind in ("boosted_trees", "constant")}


@pytest.mark.parametrize("suffix", LANGUAGES)
def test_all_kinds_of_models_in_one_file_give_the_models_numbers(suffix, space, records, tmp_path):
    skip_without(suffix)
    statement = export_model(tmp_path / f"model{suffix}", space, records)
    assert statement.startswith("Checked when written: 1000 random rows, 2")
    assert statement.count("largest difference") == len(records)


@pytest.mark.parametrize("suffix", LANGUAGES)
def test_each_kind_of_model_alone_gives_the_models_numbers(suffix, space, records, tmp_path):
    skip_without(suffix)
    for name, record in records.items():
        assert "Checked" in export_model(tmp_path / f"model{suffix}", space, {name: record})


@pytest.mark.parametrize("suffix", [".py", ".c", ".js", ".sql", ".onnx"])
def test_straddling_rows_end_in_the_same_leaves(suffix, space, records, tmp_path):
    skip_without(suffix)
    portable = Portable(space, trees_of(records))
    near = straddling_rows(portable)
    assert len(near) >= 2000
    language = {**LANGUAGES, ".sql": sql}[suffix]
    answers = language.run(language.write(portable, ""), portable, near, tmp_path).values
    assert np.abs(answers - portable.reference(near)).max() < 1e-12


def test_every_cut_is_straddled(space, records):
    portable = Portable(space, trees_of(records))
    near = straddling_rows(portable)
    for formula in portable.formulas.values():
        if isinstance(formula, Trees):
            for j in range(3):
                cuts = formula.walk.cut[(formula.walk.feature == j) & np.isfinite(formula.walk.cut)]
                for side in (cuts, np.nextafter(cuts, -np.inf), np.nextafter(cuts, np.inf)):
                    assert np.isin(side, near[:, j]).all()


@pytest.mark.parametrize("suffix", [".py", ".c", ".js", ".sql"])
def test_a_cut_that_is_off_by_one_bit_stops_the_export(suffix, space, records, monkeypatch):
    skip_without(suffix)
    language = {**LANGUAGES, ".sql": sql}[suffix]
    portable = Portable(space, {"tree": records["tree"]})
    formula = portable.formulas["tree"]
    node = int(np.flatnonzero((formula.walk.feature == 0) & np.isfinite(formula.walk.cut))[0])
    cut = formula.walk.cut.copy()
    cut[node] = np.nextafter(cut[node], np.inf)
    portable.formulas["tree"] = Trees(formula.walk._replace(cut=cut), formula.base)
    # The rows are those of the right thresholds.
    monkeypatch.setattr(
        "surrogate.export.export.straddling_rows",
        lambda _: straddling_rows(Portable(space, {"tree": records["tree"]})),
    )
    with pytest.raises(ExportError, match="Nothing was written"):
        checked(language, portable)


@pytest.mark.parametrize("suffix", [".py", ".c", ".js", ".sql", ".onnx"])
def test_a_wrong_leaf_stops_the_export_even_where_it_changes_no_sum(suffix, space, records, monkeypatch):
    skip_without(suffix)
    language = {**LANGUAGES, ".sql": sql}[suffix]
    flat = dataclasses.replace(records["tree"], value=np.zeros_like(records["tree"].value))
    assert "same leaf" in checked(language, Portable(space, {"tree": flat}))
    swapped = Portable(space, {"tree": flat})
    walk = swapped.formulas["tree"].walk
    node = int(np.flatnonzero((walk.feature == 0) & np.isfinite(walk.cut))[0])
    cut = np.where(np.arange(len(walk.cut)) == node, 1e9, walk.cut)
    swapped.formulas["tree"] = Trees(walk._replace(cut=cut), flat.base)
    monkeypatch.setattr(
        "surrogate.export.export.straddling_rows", lambda _: straddling_rows(Portable(space, {"tree": flat}))
    )
    with pytest.raises(ExportError, match="another leaf"):
        checked(language, swapped)


def test_an_export_that_differs_is_not_written(space, records, tmp_path, monkeypatch):
    wrong = lambda written, portable, rows, folder: Answers(portable.reference(rows) + 1e-9, "")  # noqa: E731
    monkeypatch.setattr(python_module, "run", wrong)
    with pytest.raises(ExportError, match="output 'tree'"):
        export_model(tmp_path / "model.py", space, {"tree": records["tree"]})
    assert list(tmp_path.iterdir()) == []


def test_the_reference_is_what_the_space_and_the_record_answer(space, records):
    portable = Portable(space, records)
    rows = random_rows(portable)[:50]
    table = np.array(portable.natural(rows), dtype=object)
    features = space.features(table)
    assert (portable.features(rows) == features).all()
    assert (portable.reference(rows)[:, 0] == records["trees"].predict(features)).all()


def test_the_python_module_needs_numpy_alone(space, records, tmp_path):
    export_model(tmp_path / "model.py", space, records)
    tree = ast.parse((tmp_path / "model.py").read_text())
    imported = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    assert imported == {"math", "numpy"}
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree))
    code = "import model, sys; assert not {'surrogate', 'pandas', 'scipy'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


def load(path):
    spec = importlib.util.spec_from_file_location("model", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_python_module_has_the_shapes_of_predict(space, records, tmp_path):
    export_model(tmp_path / "one.py", space, {"tree": records["tree"]})
    export_model(tmp_path / "two.py", space, {"tree": records["tree"], "tanh": records["tanh"]})
    one, two = load(tmp_path / "one.py"), load(tmp_path / "two.py")
    row = [0.2, 1e-5, 3, "oil"]
    assert one.predict([row, row]).shape == (2,)
    assert one.predict(np.empty((0, 4))).shape == (0,)
    assert two.predict([row, row]).shape == (2, 2)
    assert two.predict_one(row)[0] == one.predict_one(row) == one.predict([row])[0]
    assert math.isnan(one.predict_one([0.2, 1e-5, 3, "wood"]))
    with pytest.raises(ValueError, match="shape"):
        one.predict([[1.0, 2.0]])


@pytest.mark.parametrize("activation", ["tanh", "relu", "logistic"])
def test_a_single_network_answers_one_row_as_many(activation, tmp_path):
    unit = Space({"x": (0.0, 1.0), "y": (-2.0, 3.0)})
    F = np.random.default_rng(0).random((60, 2))
    record = MLP(activation=activation, n_members=1, hidden=(64, 64), max_iter=20).fit(F, np.cos(4 * F[:, 0])).record_
    export_model(tmp_path / "m.py", unit, {"y": record})
    module, X = load(tmp_path / "m.py"), np.random.default_rng(1).random((20, 2))
    assert np.allclose([module.predict_one(x) for x in X], module.predict(X), rtol=0, atol=1e-13)


def test_rows_that_are_no_numbers_get_no_number(space, records):
    assert len(broken_rows(Portable(space, records))) == 9


def test_integers_may_have_large_offsets(tmp_path):
    from surrogate.models.emulators import BoostedTrees

    wide = Space({"year": Integer(1_000_000, 1_000_050), "x": (1e6, 1e6 + 1e-3)})
    F = np.random.default_rng(0).random((80, 2))
    record = BoostedTrees(n_trees=30).fit(F, F[:, 0] + (F[:, 1] > 0.3)).record_
    for suffix in (".py", ".sql"):
        assert "same leaf" in export_model(tmp_path / f"m{suffix}", wide, {"y": record})


def test_sql_of_smooth_models_is_refused(space, records, tmp_path):
    with pytest.raises(ValueError, match=r"CASE for trees only. Export it as '.c'"):
        export_model(tmp_path / "m.sql", space, {"tanh": records["tanh"]})


def test_columns_that_sql_cannot_tell_apart_are_named(tmp_path):
    flat = Constant(value=2.5, spread=0.0, n_inputs=2)
    with pytest.raises(ValueError, match="inputs: 'a' and 'A' differ in case only"):
        export_model(tmp_path / "m.sql", Space({"a": (0, 1), "A": (0, 1)}), {"y": flat})


def test_an_unknown_suffix_names_the_known_ones(space, records, tmp_path):
    with pytest.raises(ValueError, match=r"\.py, \.c, \.js"):
        export_model(tmp_path / "m.f90", space, records)


def test_a_box_as_a_case_selects_its_rows():
    box = Box({"b": (0.1, 0.2), 'f"uel': {"coal's"}})
    rows = [(0.1, "coal's"), (0.2, "gas"), (np.nextafter(0.2, 1), "coal's"), (0.15, "coal's")]
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute('CREATE TABLE t (b, "f""uel")')
        database.executemany("INSERT INTO t VALUES (?, ?)", rows)
        answered = [row[0] for row in database.execute(f"SELECT {sql.box_case(box)} FROM t")]
    assert answered == [1, 0, 0, 1]


def test_equal_models_give_equal_files(space, records, tmp_path):
    for name in ("a.py", "b.py"):
        export_model(tmp_path / name, space, {"tanh": records["tanh"]})
    assert (tmp_path / "a.py").read_bytes() == (tmp_path / "b.py").read_bytes()
