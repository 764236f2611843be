"""A study that asks for what no run answers is refused before the runs, or after the first few."""

from __future__ import annotations

import textwrap

import pytest

from surrogate.transfer import TransferSet
from surrogate.workflows.study_file import StudyFile, StudyFileError
from surrogate.workflows.study_runner import sample

MODULE = """
class Declared:
    outputs = ("lift", "drag")

    def __call__(self, a, b):
        raise AssertionError("no run may be made")

class Silent:
    def __call__(self, a, b):
        return {"lift": a, "drag": b}
"""


@pytest.fixture
def study(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "wings.py").write_text(textwrap.dedent(MODULE))

    def make(simulator, rest):
        bounds = "[bounds]\na = [0.0, 1.0]\nb = [0.0, 1.0]"
        text = f'[simulator]\nuse = "wings:{simulator}"\n{bounds}\n[design]\nn = 40\n{rest}'
        path = tmp_path / "wing.toml"
        path.write_text(text)
        return StudyFile.read(path)

    monkeypatch.syspath_prepend(str(tmp_path))
    return make


TYPOS = [
    (
        '[fit]\noutputs = ["lfit"]',
        r"line 9: \[fit\] outputs: .* no output 'lfit'; it has lift, drag\. Did you mean 'lift'",
    ),
    (
        '[discover]\ncase = "drga > 0.5"',
        r"line 9: \[discover\] case: .*'drga'; .* lift, drag, a, b\. Did you mean 'drag'",
    ),
]


@pytest.mark.parametrize(("rest", "message"), TYPOS)
def test_a_misspelt_output_is_found_before_any_run_if_the_simulator_declares_its_outputs(study, rest, message):
    with pytest.raises(StudyFileError, match=message):
        sample(study("Declared", rest))


@pytest.mark.parametrize(("rest", "message"), TYPOS)
def test_a_misspelt_output_is_found_after_the_first_runs_otherwise(study, rest, message):
    file = study("Silent", rest)
    with pytest.raises(StudyFileError, match=message):
        sample(file)
    assert len(TransferSet.open(file.store)) == 3


def test_the_first_runs_are_part_of_the_study(study):
    runs = sample(study("Silent", '[fit]\noutputs = ["lift"]\n[discover]\ncase = "drag > 0.5"'))
    assert len(runs) == 40
    assert len(TransferSet.open("wing.runs")) == 40


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ('[discover]\ncase = "drag >"', r"\[discover\] case: "),
        ('[discover]\nmethod = "prim"', r"\[discover\]: say what is of interest"),
        ("[run]\nmemory = 0", r"\[run\] memory: expected bytes"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_any_run(study, rest, message):
    with pytest.raises(StudyFileError, match=message):
        sample(study("Declared", rest))


def test_memory_of_a_run_is_limited_by_the_study(study):
    file = study("Silent", "[run]\nmemory = 1e9")
    assert file.running() == {"memory": 1e9}
    assert len(sample(file)) == 40
