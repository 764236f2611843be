"""Every example runs, at small size, as a user would run it, and says what it promises."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

EXAMPLES = Path(__file__).parents[1] / "examples"
# On a busy machine the threads of small matrix products wait for each other; one is enough here.
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}
SIZES = {
    "first_surrogate.py": 40,
    "on_a_cluster.py": 24,
    "find_a_box.py": 300,
    "optimise_on_a_surrogate.py": 50,
    "distill_digits.py": 20,
    "mnist_tree.py": 500,
    "rules_of_a_forest.py": 1000,
}


def shell(command, folder):
    """Run a command in a folder; its output and errors are shown if it fails."""
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def given(name, folder):
    """What a script is given beside its size: for the tree of digits a small file like MNIST's."""
    if name != "mnist_tree.py":
        return []
    X, y = load_digits(return_X_y=True)
    images = np.pad(np.kron(X.reshape(-1, 8, 8) * 15, np.ones((1, 3, 3))).astype(np.uint8), ((0, 0), (2, 2), (2, 2)))
    np.savez(folder / "digits.npz", X=images[:1300], y=y[:1300], X_test=images[1300:], y_test=y[1300:])
    return ["digits.npz", "--copies", "1"]


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What each script printed, and the folder that it ran in; each is run once."""
    cache = {}

    def run(name):
        if name not in cache:
            folder = tmp_path_factory.mktemp(name.removesuffix(".py"))
            command = [sys.executable, str(EXAMPLES / name), *given(name, folder), "--n", str(SIZES[name])]
            done = shell(command, folder)
            cache[name] = done.stdout, folder
        return cache[name]

    return run


def number(pattern, text):
    """The number that the pattern's group finds in the text."""
    found = re.search(pattern, text)
    assert found, f"{pattern} not in:\n{text}"
    return float(found.group(1))


def test_every_script_is_tested_here():
    assert {path.name for path in EXAMPLES.glob("*.py")} == set(SIZES)


@pytest.mark.slow
def test_first_surrogate_predicts_what_is_simulated(said):
    text, folder = said("first_surrogate.py")
    flights = re.findall(r"([\d.]+) m predicted \(([\d.]+) to ([\d.]+)\), ([\d.]+) m simulated", text)
    assert len(flights) == 2
    for predicted, low, high, simulated in (map(float, flight) for flight in flights):
        assert low <= predicted <= high
        assert predicted == pytest.approx(simulated, rel=0.01)
    assert "it predicts the same bits: True" in text
    assert (folder / "ball.surrogate").stat().st_size > 1000


@pytest.mark.slow
def test_the_cluster_gives_the_bits_of_this_process(said):
    text, folder = said("on_a_cluster.py")
    assert "24 runs on 2 workers, 0 failed" in text
    assert "the same bits as in this process: True" in text
    assert "temperature fields: (24, 41, 41)" in text
    assert (folder / "heat.runs").is_dir()


@pytest.mark.slow
def test_the_box_holds_in_new_futures(said):
    text, folder = said("find_a_box.py")
    share = number(r"lost in (\d+) of 300", text) / 300
    assert 0.3 < share < 0.5
    assert number(r"inside the box: (\d+)% lose", text) / 100 > 1.5 * share
    page = (folder / "lake.html").read_text(encoding="utf-8")
    assert "In which futures does the policy lose the lake?" in page


@pytest.mark.slow
def test_the_optimum_on_the_model_is_one_of_the_simulator(said):
    text, _ = said("optimise_on_a_surrogate.py")
    predicted = number(r"predicted ([\d.]+) lb", text)
    simulated = number(r"simulated ([\d.]+) lb", text)
    assert predicted == pytest.approx(simulated, rel=0.01)
    # The formula falls with small Sw, A and taper and with thick sections, and sweep only adds weight.
    assert simulated == pytest.approx(169.28, rel=0.01)


@pytest.mark.slow
def test_the_digits_network_is_small_fast_and_honest_about_its_gain(said):
    text, _ = said("distill_digits.py")
    assert number(r"student +([\d.]+)", text) > 0.93
    assert number(r"size: ([\d.]+)%", text) < 3
    assert number(r"one row: (\d+) times", text) >= 10
    assert "No gain" in text
    assert "within 50 ms and 20 kB" in text


@pytest.mark.slow
def test_a_teacher_makes_a_better_tree_of_digits(said):
    text, _ = said("mnist_tree.py")
    assert number(r"taught by the teacher: accuracy ([\d.]+)", text) > 0.6
    assert "1000 data, 291 unlabelled, 500 generated" in text


@pytest.mark.slow
def test_six_rules_say_what_the_forest_says(said):
    text, folder = said("rules_of_a_forest.py")
    assert number(r"say what the forest says in ([\d.]+)% of new rows", text) > 90
    assert number(r"queries: ([\d.]+)%", text) > 90
    assert "fidelity" in text
    assert (folder / "rules.sql").read_text(encoding="utf-8").startswith("CASE\nWHEN")


@pytest.mark.slow
def test_the_lake_study_runs_in_the_shell(tmp_path):
    text = (EXAMPLES / "lake.toml").read_text(encoding="utf-8")
    assert "n = 1000" in text
    (tmp_path / "lake.toml").write_text(text.replace("n = 1000", "n = 80"), encoding="utf-8")
    shell([str(Path(sys.executable).with_name("surrogate")), "run", "lake.toml"], tmp_path)
    page = (tmp_path / "lake.html").read_text(encoding="utf-8")
    assert "When does the lake tip?" in page
    assert "reliability &lt; 0.9" in page or "reliability < 0.9" in page

    from surrogate import TransferSet

    assert len(TransferSet.open(tmp_path / "lake.runs")) == 80
