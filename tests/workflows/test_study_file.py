"""A study file says what it means, or the message says which line is wrong and how to repair it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from surrogate.design import LatinHypercube, Sobol
from surrogate.space import Categorical, Integer, Real, Space
from surrogate.workflows.study_file import StudyFile, StudyFileError, line_of

LAKE = '[simulator]\nuse = "sims.policy.lake:Lake"\n'


def error_of(text: str) -> str:
    with pytest.raises(StudyFileError) as caught:
        study = StudyFile(text)
        study.design_for(study.space())
    return str(caught.value)


def test_a_study_without_bounds_takes_the_simulators_space() -> None:
    study = StudyFile(LAKE)
    simulator = study.simulator()
    assert study.space(simulator) == simulator.space
    assert study.design_for(simulator.space) == LatinHypercube(n=50, seed=0)


def test_bounds_are_read_in_every_form() -> None:
    study = StudyFile(
        LAKE
        + """
[bounds]
b = [0.1, 0.45]
q = {low = 2.0, high = 4.5, unit = "1/year"}
k = {low = 1e-4, high = 1.0, log = true}
crews = {low = 1, high = 6, integer = true}
fuel = {values = ["gas", "coal"]}
[bounds.long]
low = 0
high = 1
"""
    )
    assert study.space() == Space(
        {
            "b": Real(0.1, 0.45),
            "q": Real(2.0, 4.5, unit="1/year"),
            "k": Real(1e-4, 1.0, log=True),
            "crews": Integer(1, 6),
            "fuel": Categorical(["gas", "coal"]),
            "long": Real(0, 1),
        }
    )


def test_sections_reach_the_functions_that_they_are_for() -> None:
    study = StudyFile(
        LAKE
        + """
[design]
kind = "sobol"
n = 64
[run]
store = "here.runs"
executor = "processes"
timeout = 60
max_failed = 0.1
[report]
file = "there.html"
"""
    )
    assert study.design_for(Space({"x": (0, 1)})) == Sobol(n=64, seed=0)
    assert study.running() == {"executor": "processes", "timeout": 60, "max_failed": 0.1}
    assert (study.store, study.report_file) == (Path("here.runs"), Path("there.html"))


def test_what_is_written_goes_to_the_current_folder_and_is_called_after_the_study(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "wing.toml"
    file.parent.mkdir()
    file.write_text(LAKE)
    study = StudyFile.read(file)
    assert (study.store, study.report_file) == (Path("wing.runs"), Path("wing.html"))


def test_what_is_read_is_sought_beside_the_study_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "neighbour_of_the_study.py").write_text("def half(x):\n    return x / 2\n")
    file = tmp_path / "study.toml"
    file.write_text('[simulator]\nuse = "neighbour_of_the_study:half"\n[bounds]\nx = [0, 1]\n')
    assert StudyFile.read(file).simulator()(3.0) == 1.5


def test_reading_a_study_imports_nothing(tmp_path: Path) -> None:
    file = tmp_path / "study.toml"
    (tmp_path / "module_that_must_stay_asleep.py").write_text("raise SystemExit('imported')")
    file.write_text('[simulator]\nuse = "module_that_must_stay_asleep:f"\n[discover]\ncase = "__import__(\'os\')"\n')
    assert StudyFile.read(file).sections["discover"]["case"] == "__import__('os')"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[simulatr]\nuse = 'x:y'", ["line 1", "[simulator]", "Did you mean 'simulator'?"]),
        (LAKE + "[run]\nstor = 'x'", ["line 4", "stor", "executor", "Did you mean 'store'?"]),
        (LAKE + "[run]\ntimeout = 'soon'", ["line 4", "seconds, a number above 0", "'soon'"]),
        (LAKE + "[run]\n\nmax_failed = 1.5", ["line 5", "share from 0 to 1", "1.5"]),
        (LAKE + "[run]\non_change = 'go'", ["line 4", '"stop", "keep", "rerun"', "'go'"]),
        (LAKE + "[run]\nretries = true", ["line 4", "whole number", "True"]),
        (LAKE + "run = 3", ["line 3", "[simulator] run", "no such key"]),
        ("run = 3\n" + LAKE, ["line 1", "expected a section", "[run]"]),
        (LAKE + "[design]\nkind = 'sobl'\nn = 4", ["line 4", "sobol", "Did you mean"]),
        (LAKE + "[design]\nm = 4", ["line 4", "'m'", "n, seed"]),
        (LAKE + "[design]\nn = -4", ["line 4", "-4"]),
        (LAKE + "[bounds]\nb = [3.0, 1.0]", ["line 4", "[bounds] b", "low must be below high", "Swap"]),
        (LAKE + "[bounds]\nb = ['gas', 'coal']", ["line 4", "{values = ['gas', 'coal']}"]),
        (LAKE + "[bounds]\nb = {low = 1.0}", ["line 4", "'high' is missing"]),
        (LAKE + "[bounds]\nb = {low = 1, hihg = 2}", ["line 4", "Did you mean 'high'?"]),
        (LAKE + "[bounds]\nb = {low = 1, high = 2, log = true, integer = true}", ["line 4", "do not go together"]),
        (LAKE + "[bounds]\nb = 'wide'", ["line 4", "expected a pair"]),
        ("[simulator]\nuse = 'sims.policy.lake'", ["line 2", "package.module:Name"]),
        ("[simulator]\nuse = 'sims.policy.lake:Lak'", ["line 2", "Did you mean 'Lake'?"]),
        ("[simulator]\nuse = 'no_such_module_anywhere:f'", ["line 2", "cannot import", "ModuleNotFoundError"]),
        ("[simulator]\ncommand = {run = ['xfoil']}", ["line 2", "command needs 'template'"]),
        ("[design]\nn = 4", ["use = "]),
        ("[simulator]\nuse = 'math:sin'", ["[bounds]", "x1 = [0.0, 1.0]"]),
        ("[simulator\nuse = 1", ["not valid TOML", "line 1"]),
    ],
)
def test_mistakes_are_named_with_line_allowed_values_and_repair(text: str, parts: list[str]) -> None:
    message = error_of(text)
    for part in parts:
        assert part in message


def test_a_module_that_fails_while_imported_is_named_with_its_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "broken_when_imported.py").write_text("raise OSError('licence file missing')")
    file = tmp_path / "study.toml"
    file.write_text('[simulator]\nuse = "broken_when_imported:f"\n')
    with pytest.raises(StudyFileError, match="OSError: licence file missing"):
        StudyFile.read(file).simulator()


def test_a_missing_file_a_folder_and_other_bytes_are_clear_errors(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9")
    for path, part in (
        (tmp_path / "no.toml", "surrogate init"),
        (tmp_path, "folder"),
        (tmp_path / "latin.toml", "UTF-8"),
    ):
        with pytest.raises(StudyFileError, match=part):
            StudyFile.read(path)


def test_lines_are_found_in_every_way_of_writing_toml() -> None:
    text = '# [run]\n[run]\n"store" = "x" # [design]\n\n[bounds."a b"]\nlow = 1\n[design]\nn=3\n'
    assert line_of(text, "run") == 2
    assert line_of(text, "run", "store") == 3
    assert line_of(text, "bounds", "a b") == 5
    assert line_of(text, "design", "n") == 8
    assert line_of("run.store = 'x'", "run", "store") == 1
    assert line_of(text, "nowhere") is None


def test_bounds_may_be_distributions_with_limits() -> None:
    study = StudyFile(
        '[bounds]\nb = {distribution = {name = "norm", loc = 0.3, scale = 0.1}, low = 0.0, high = 0.5, unit = "m"}\n'
        'c = {distribution = {name = "triang", c = 0.5, loc = 1.0, scale = 2.0}}\n'
    )
    b, c = study.space().parameters.values()
    assert (b.low, b.high, b.unit, b.distribution.mean()) == (0.0, 0.5, "m", 0.3)
    assert (c.low, c.high) == (1.0, 3.0)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ('b = {distribution = "norm"}', "name = "),
        ('b = {distribution = {name = "nrm"}}', "'nrm' is not one of scipy.stats"),
        ('b = {distribution = {name = "norm", mean = 2.0}}', "arguments of scipy.stats"),
        ('b = {distribution = {name = "norm", scale = -2.0}}', "study file, line 2: [bounds] b"),
    ],
)
def test_a_wrong_distribution_is_told_with_its_line(text: str, part: str) -> None:
    with pytest.raises(StudyFileError, match=r"line 2: \[bounds\] b") as told:
        StudyFile(f"[bounds]\n{text}\n").space()
    assert part in str(told.value)


def test_constraints_of_a_study_keep_runs_out_and_wrong_ones_are_told_with_their_line() -> None:
    study = StudyFile('[bounds]\nx = [0.0, 1.0]\ny = [0.0, 1.0]\n[design]\nn = 40\nconstraints = ["x + y <= 1"]\n')
    space = study.space()
    points = study.design_for(space).sample(space)
    assert (points["x"] + points["y"] <= 1).all()
    for wrong in ('"x < 1"', '["x + z <= 1"]', "[1]"):
        with pytest.raises(StudyFileError, match=r"line 6: \[design\] constraints"):
            StudyFile(study.text.replace('["x + y <= 1"]', wrong)).space()
