"""`check_simulator` finds what is wrong with a simulator, names it, and survives it."""

from __future__ import annotations

import os
import random
import sys
import threading
import time

import cloudpickle
import numpy as np
import pytest

from surrogate import Categorical, Integer, SimulationFailed, Space, check_simulator
from surrogate.simulation import Command, SimulatorCheckFailed

# Children cannot import test modules, so these functions travel with their code.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

BOUNDS = {"a": (0.0, 1.0), "b": (0.0, 1.0)}
CALLS = [0]  # what itertools counts with cannot travel to other processes from Python 3.14 on


class Good:
    """Deterministic, with a field and a failure."""

    outputs = ("y", "series")

    def __call__(self, a, b):
        if a > 0.8:
            raise SimulationFailed("no equilibrium")
        return {"y": a + b, "series": np.array([a, b, a * b])}


class Stateful:
    """Remembers the last run, as PySD does."""

    def __init__(self):
        self.last = 0.0

    def __call__(self, a, b):
        answer = a + b + 0.1 * self.last
        self.last = a
        return answer


class Vectorized:
    vectorized = True

    def __init__(self, wrong=False):
        self.wrong = wrong

    def __call__(self, a, b):
        return a + b + (np.mean(a) if self.wrong else 0.0)


def counts_calls(a, b):
    CALLS[0] += 1
    return a + b + CALLS[0]


def draws_from_numpy(a, b):
    return a + b + np.random.normal()  # noqa: NPY002


def draws_from_python(a, b):
    return a + b + random.random()


def seeds_the_world(a, b):
    np.random.seed(0)  # noqa: NPY002
    return a + b + np.random.normal()  # noqa: NPY002


def own_entropy(a, b):
    return a + b + np.random.default_rng().normal()


def ignores(a, b):
    return a**2


def crashes(a, b):
    if a > 0.5:
        os.abort()
    return a + b


def leaves(a, b):
    if a > 0.5:
        os._exit(0)
    return a + b


def hangs(a, b):
    if a > 0.85:
        time.sleep(300)
    return a + b


def always_fails(a, b):
    raise ValueError("no such file: mesh.dat")


def nan_only(a, b):
    return np.nan


def speaks(a, b):
    return f"{a + b}"


def changes_shape(a, b):
    return {"y": np.full(3 if a > 0.5 else 4, a + b)}


def leaks_files(a, b):
    os.open(os.devnull, os.O_RDONLY)
    return a + b


def leaks_processes(a, b):
    os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "3")
    return a + b


def seeded(a, b, seed):
    return a + b + np.random.default_rng(seed).normal()


def ignores_the_seed(a, b, seed):
    return a + b


def failed(simulator, bounds=BOUNDS, **options):
    """Names of the failed checks, and the message."""
    with pytest.raises(SimulatorCheckFailed) as caught:
        check_simulator(simulator, bounds, **options)
    return {check.name for check in caught.value.report.failed}, str(caught.value)


def test_a_good_simulator_passes_and_its_table_can_be_read():
    report = check_simulator(Good(), BOUNDS)
    assert report.failed == ()
    text = str(report)
    assert text.startswith("Good:\n  travels         passed\n")
    assert "succeeded; exception: exception: no equilibrium" in text
    assert "outputs         passed  y, series" in text
    assert "seeds           -       takes no seed" in text


@pytest.mark.parametrize(
    ("simulator", "checks", "message"),
    [
        (Stateful(), {"no memory"}, "the answer depends on the runs before"),
        (counts_calls, {"no memory"}, "y was "),
        (draws_from_numpy, {"repeatable", "no memory", "own randomness"}, "take a `seed` instead"),
        (draws_from_python, {"repeatable", "no memory", "own randomness"}, "take a `seed` instead"),
        (seeds_the_world, {"own randomness"}, "global random generator"),
        (own_entropy, {"repeatable", "no memory"}, "random numbers without a `seed`"),
        (ignores, {"inputs used"}, "a change of b changes no output"),
        (always_fails, {"answers", "inputs used"}, "0 of 12 runs succeeded; exception: ValueError: no such file"),
        (nan_only, {"answers", "inputs used"}, "0 of 12 runs succeeded; not finite: output 'y' is nan"),
        (speaks, {"answers", "outputs", "inputs used"}, "of type str; expected a number"),
        (changes_shape, {"outputs"}, "in the first runs"),
        (Vectorized(wrong=True), {"repeatable", "vectorized"}, "together and one by one"),
        (leaks_files, {"leaves nothing"}, "files are left open by 10 runs"),
        (leaks_processes, {"leaves nothing"}, "processes are left behind"),
        (ignores_the_seed, {"seeds"}, "another seed gives the same answers"),
    ],
    ids=lambda value: getattr(value, "__name__", type(value).__name__),
)
def test_a_bad_simulator_fails_by_name(simulator, checks, message):
    names, text = failed(simulator)
    assert names == checks
    assert message in text


@pytest.mark.parametrize(
    ("simulator", "check", "message"),
    [
        (crashes, "survives", "killed by SIGABRT, at a=0."),
        (leaves, "survives", "exit code 0, at a=0."),
        (lambda a, b: sys.exit(3), "survives", "sys.exit(3)"),
        (hangs, "time limit", "runs did not end: killed after 1 s, at a=0."),
    ],
    ids=["crashes", "leaves", "exits", "hangs"],
)
def test_a_simulator_that_crashes_or_hangs_harms_nobody(simulator, check, message):
    names, text = failed(simulator, timeout=1.0)
    assert check in names
    assert names <= {check, "answers", "inputs used"}
    assert message in text


def test_what_cannot_travel_is_checked_here():
    lock = threading.Lock()

    def simulator(a, b):
        with lock:
            return a + b

    names, text = failed(simulator)
    assert names == {"travels"}
    assert "cannot be sent to another process" in text


@pytest.mark.parametrize("simulator", [seeded, Vectorized()], ids=["seeded", "vectorized"])
def test_seeds_and_many_runs_at_once_are_good(simulator):
    assert check_simulator(simulator, BOUNDS).failed == ()


def test_every_kind_of_input_and_bounds_without_names_can_be_tried():
    bounds = {"n": Integer(1, 5), "fuel": Categorical(["gas", "coal"]), "x": (0.0, 1.0)}
    space = Space(Space.from_bounds(bounds).parameters, constraints=["n * x <= 4"])
    assert check_simulator(lambda n, fuel, x: n * x + len(fuel), space).failed == ()
    assert "inputs used" in failed(lambda n, fuel, x: n * x, space)[0]
    assert check_simulator(lambda x: x[0] - x[1], [(0, 1), (0, 1)]).failed == ()


def test_an_input_that_matters_here_and_there_is_used():
    assert check_simulator(lambda a, b: a + (b if a > 0.5 else 0.0), BOUNDS).failed == ()


def test_an_external_program_that_fails_now_and_then_is_good():
    files = {"in.jinja": "{% if a > 0.7 %}*****{% else %}{{ a + b }}{% endif %}"}
    command = Command(files, ["cat", "in"], {"y": {"file": "stdout", "column": 1}}, timeout=10)
    assert "exception: bad output: output 'y'" in str(check_simulator(command, BOUNDS, n=6))


def test_known_failures_can_be_skipped_and_misspelt_ones_are_named():
    report = check_simulator(ignores, BOUNDS, skip=["inputs used"])
    assert "inputs used     -       skipped" in str(report)
    with pytest.raises(ValueError, match="there is no check 'input'; there are travels, survives"):
        check_simulator(ignores, BOUNDS, skip=["input"])
    with pytest.raises(ValueError, match="at least 2 points"):
        check_simulator(ignores, BOUNDS, n=1)
    with pytest.raises(ValueError, match=r"bounds\['c'\]"):
        check_simulator(ignores, {"a": (0, 1), "c": (0, 1)})
