"""Failures are outcomes, whatever the executor."""

from __future__ import annotations

import concurrent.futures
import itertools
import math
import os
import signal
import subprocess
import sys
import time
from collections import Counter

import cloudpickle
import numpy as np
import pytest

from surrogate.simulation import Chunk, ExecutorError, SimulationFailed, Status, as_simulator, executor_dask, run
from surrogate.simulation import executor as executor_module
from surrogate.simulation import runner as runner_module

# Workers cannot import test modules, so these functions travel with their code.
cloudpickle.register_pickle_by_value(sys.modules[__name__])


def faulty(x, kind):
    if kind == "raise":
        raise ValueError("no root")
    if kind == "failed":
        raise SimulationFailed("no steady state")
    if kind == "exit":
        sys.exit(3)
    if kind == "memory":
        raise MemoryError
    answers = {
        "nan": math.nan,
        "none": None,
        "text": "1.0",
        "complex": 1j,
        "matrix": np.zeros((2, 2)),
        "inf": [1, math.inf],
    }
    return answers.get(kind, x)


KINDS = {
    "raise": Status.EXCEPTION,
    "failed": Status.EXCEPTION,
    "exit": Status.EXIT_CODE,
    "memory": Status.MEMORY,
    "nan": Status.NOT_FINITE,
    "inf": Status.NOT_FINITE,
    "none": Status.BAD_OUTPUT,
    "text": Status.BAD_OUTPUT,
    "complex": Status.BAD_OUTPUT,
    "matrix": Status.BAD_OUTPUT,
    "fine": Status.OK,
}


def planned(n, kinds=("fine",), **settings):
    from surrogate.space import Categorical

    space = {"x": (0, 1), "kind": Categorical([*KINDS, "crash", "leave", "hang"])}
    columns = {"x": np.linspace(0, 1, n), "kind": np.array([kinds[i % len(kinds)] for i in range(n)], dtype=object)}
    return space, [Chunk(np.arange(n), columns, settings)]


def outcomes_of(function, n=20, kinds=("fine",), **running):
    space, chunks = planned(n, kinds)
    found = dict(run(as_simulator(function, space), chunks, **running))
    assert sorted(found) == list(range(n))
    return [found[row] for row in range(n)]


def running_in(name):
    if name == "threads":
        return {"executor": concurrent.futures.ThreadPoolExecutor(2)}
    return {"here": {}, "processes": {"executor": "processes"}, "isolated": {"isolation": "process"}}[name]


@pytest.mark.parametrize("where", ["here", "threads", "processes", "isolated"])
def test_whatever_a_run_does_is_recorded_and_never_a_number(where):
    found = outcomes_of(faulty, 2 * len(KINDS), tuple(KINDS), **running_in(where))
    for outcome, (kind, status) in zip(found, [*KINDS.items()] * 2, strict=True):
        assert outcome.status is status, (kind, outcome)
        assert bool(outcome.outputs) == (status is Status.OK)
        assert bool(outcome.message) == (status is not Status.OK)
        assert outcome.host
    assert "ValueError: no root (test_runner.py, line " in found[0].message
    assert found[1].message == "no steady state"


@pytest.mark.parametrize("where", ["here", "processes"])
def test_in_a_vectorised_call_only_the_runs_at_fault_fail(where):
    def model(x, kind):
        if (kind == "raise").any():
            raise ValueError("bad row")
        return np.where(kind == "nan", np.nan, x)

    model.vectorized = True
    found = outcomes_of(model, 200, ("fine",) * 7 + ("raise",) + ("fine",) * 4 + ("nan",), **running_in(where))
    assert Counter(o.status for o in found) == {Status.OK: 170, Status.EXCEPTION: 15, Status.NOT_FINITE: 15}
    assert found[0].outputs == {"y": 0.0}


def test_a_vectorised_answer_of_the_wrong_length_is_bad_output():
    def model(x, kind):
        return x.sum()

    model.vectorized = True
    assert {o.status for o in outcomes_of(model, 30)} == {Status.BAD_OUTPUT}


def test_fields_of_a_vectorised_call_are_dealt_out_to_the_runs():
    def model(x, kind):
        return {"twice": 2 * x, "Cp": x[:, None] * np.arange(3.0)}

    model.vectorized = True
    found = outcomes_of(model, 50)
    assert found[49].outputs["twice"] == 2.0
    np.testing.assert_array_equal(found[49].outputs["Cp"], [0.0, 1.0, 2.0])


def crashing(x, kind):
    if kind == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if kind == "leave":
        os._exit(7)
    if kind == "hang":
        while True:
            pass
    return x


@pytest.mark.parametrize("executor", [None, "processes"])
def test_crashes_exits_and_hangs_hit_only_their_own_run(executor):
    kinds = ("fine", "fine", "crash", "fine", "leave", "hang", "fine", "fine")
    found = outcomes_of(crashing, 16, kinds, executor=executor, timeout=0.4)
    want = {"fine": Status.OK, "crash": Status.SIGNAL, "leave": Status.EXIT_CODE, "hang": Status.TIMEOUT}
    assert [o.status for o in found] == [want[kind] for kind in kinds * 2]
    assert "SIGSEGV" in found[2].message
    assert "exit code 7" in found[4].message
    assert "0.4 s" in found[5].message


def test_in_a_vectorised_call_the_run_that_crashes_is_found():
    def model(x, kind):
        if (kind == "crash").any():
            os.kill(os.getpid(), signal.SIGABRT)
        return x

    model.vectorized = True
    found = outcomes_of(model, 40, ("fine",) * 25 + ("crash",) + ("fine",) * 14, isolation="process")
    assert [row for row, o in enumerate(found) if o.status is not Status.OK] == [25]
    assert found[25].status is Status.SIGNAL


def alive(marker):
    """Processes whose command line holds the marker."""
    listed = subprocess.run(["ps", "-eo", "pid,stat,args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if marker in line and " Z" not in line]


def test_a_time_limit_kills_what_the_run_started():
    marker = f"{time.time_ns()}"

    def model(x, kind):
        subprocess.run(["sh", "-c", f"trap '' TERM; sleep 60 & sleep 60; : {marker}"], check=True)

    found = outcomes_of(model, 1, timeout=0.5)
    assert found[0].status is Status.TIMEOUT
    assert not alive(marker)


def test_nothing_survives_the_death_of_the_driver():
    script = """
import subprocess, sys
from surrogate.transfer import collect
def model(x):
    subprocess.run(["sh", "-c", "sleep 60; : " + MARKER])
MARKER = sys.argv[1]
collect(model, {"x": (0, 1)}, 4, executor="processes")
"""
    marker = f"{time.time_ns()}"
    driver = subprocess.Popen([sys.executable, "-c", script, marker])
    deadline = time.monotonic() + 20
    while len(alive(f"sleep 60; : {marker}")) < 1 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert alive(f"sleep 60; : {marker}")
    driver.kill()
    driver.wait()
    while alive(marker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(marker)


def test_closing_the_runner_early_ends_its_children():
    space, chunks = planned(50)
    outcomes = run(
        as_simulator(lambda x, kind: time.sleep(0.05) or os.getpid() % 1, space), chunks, executor="processes"
    )
    next(outcomes)
    start = time.monotonic()
    outcomes.close()
    assert time.monotonic() - start < 3.0


def test_prints_of_a_simulator_do_not_disturb(capfd):
    def model(x, kind):
        print("chatter")
        os.write(1, b"more chatter")
        return x

    assert {o.status for o in outcomes_of(model, 5, isolation="process")} == {Status.OK}
    assert capfd.readouterr().out == ""


def test_chunks_grow_from_one_run_to_a_second_of_work(monkeypatch):
    sizes = []

    def model(x, kind):
        sizes.append(len(x))
        return x

    model.vectorized = True
    monkeypatch.setattr(executor_module.Here, "chunk_limit", 500)
    outcomes_of(model, 5000)
    assert sizes[0] == 1
    assert max(sizes) == 500
    assert all(b <= 4 * a for a, b in itertools.pairwise(sizes))


def test_slow_runs_travel_alone():
    source = runner_module._Source(planned(100)[1], 1.0, 10_000)
    for _ in range(5):
        chunk = source.take(2)
        source.measured(len(chunk), 2.0 * len(chunk))
    assert len(source.take(2)) == 1


def test_what_cannot_travel_is_refused_with_the_way_out():
    lock = __import__("threading").Lock()
    with pytest.raises(ExecutorError, match="cannot be sent to another process"):
        outcomes_of(lambda x, kind: lock and x, 2, executor="processes")


@pytest.mark.parametrize(
    ("running", "error", "words"),
    [
        ({"executor": "cluster"}, ValueError, "executor: expected None"),
        ({"executor": 4}, TypeError, "executor: expected None"),
        ({"isolation": "thread"}, ValueError, "isolation: expected"),
        ({"timeout": 0}, ValueError, "timeout: expected"),
        ({"executor": "tcp://127.0.0.1:9"}, ExecutorError, "no Dask scheduler answers"),
    ],
)
def test_wrong_arguments_are_refused_by_name(running, error, words, monkeypatch):
    monkeypatch.setattr(executor_dask, "_CONNECT_SECONDS", 1)
    with pytest.raises(error, match=words):
        outcomes_of(lambda x, kind: x, 2, **running)
