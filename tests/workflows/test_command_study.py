"""A study file whose simulator is an external program."""

from __future__ import annotations

import pytest

from surrogate import TransferSet
from surrogate.workflows.command_line import main
from surrogate.workflows.study_file import StudyFile, StudyFileError

STUDY = """
[simulator.command]
template = "deck"
run = ["cat", "answer"]
outputs.y = {file = "stdout", column = 1}

[bounds]
x = [0.0, 1.0]

[design]
n = 40

[run]
store = "cat.runs"

[discover]
case = "y > 0.5"
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "elsewhere" / "deck").mkdir(parents=True)
    (tmp_path / "elsewhere" / "deck" / "answer.jinja").write_text("{{ x * x }}\n")
    (tmp_path / "elsewhere" / "study.toml").write_text(STUDY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_study_runs_a_program_whose_deck_lies_beside_the_study_file(folder):
    with pytest.raises(SystemExit) as ended:
        main(["run", "elsewhere/study.toml"])
    assert ended.value.code in (0, None)
    runs = TransferSet.open("cat.runs")
    assert len(runs) == 40
    assert runs["y"].tolist() == (runs.X["x"] ** 2).tolist()


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('template = "deck"', 'template = "dec"', "there is no directory"),
        ('run = ["cat", "answer"]', 'run = "cat answer"', "No shell reads it"),
        ('run = ["cat", "answer"]', "", "command needs 'run'"),
        ("column = 1", "colum = 1", "one of regex, column, json"),
        ('run = ["cat", "answer"]', 'run = ["cat"]\nshell = true', "command has no key 'shell'"),
        ("[simulator.command]", '[simulator]\nuse = "math:sin"\n[simulator.command]', "either `use` or `command`"),
    ],
)
def test_what_is_wrong_with_a_command_is_said_with_its_line(folder, old, new, words):
    file = folder / "elsewhere" / "study.toml"
    file.write_text(STUDY.replace(old, new))
    with pytest.raises(StudyFileError) as caught:
        StudyFile.read(file).simulator()
    assert words in str(caught.value)
    assert f"{file}, line " in str(caught.value)
