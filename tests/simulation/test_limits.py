"""Nothing that a run starts outlives its limits, wherever it hides."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import cloudpickle
import numpy as np
import psutil
import pytest

from surrogate.simulation import Chunk, ExecutorError, Status, as_simulator, run
from surrogate.simulation import transport as transport_module

cloudpickle.register_pickle_by_value(sys.modules[__name__])
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' subreaper")


def outcomes_of(model, n=1, **running):
    chunk = Chunk(np.arange(n), {"x": np.linspace(0, 1, n)}, {})
    found = dict(run(as_simulator(model, {"x": (0, 1)}), [chunk], **running))
    return [found[row] for row in range(n)]


def alive(marker):
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        if marker in " ".join(process.info["cmdline"] or ()) and process.info["status"] != psutil.STATUS_ZOMBIE:
            found.append(process)
    return found


def gone(marker, seconds=10):
    deadline = time.monotonic() + seconds
    while alive(marker) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive(marker)


def detached(marker, wait=True):
    """Start a process that leaves the group and the session, ignores SIGTERM and loses its parent."""
    script = f"trap '' TERM; sleep 60; : {marker}"
    subprocess.run(["setsid", "sh", "-c", f'setsid sh -c "{script}" & exit'], check=True)
    if wait:
        time.sleep(60)


@linux
@pytest.mark.parametrize("executor", [None, "processes"])
def test_a_grandchild_that_starts_its_own_session_dies_with_its_run(executor):
    marker = f"{time.time_ns()}"
    found = outcomes_of(lambda x: detached(marker), timeout=1.0, executor=executor)
    assert found[0].status is Status.TIMEOUT
    assert gone(marker)


@linux
def test_what_successful_runs_leave_running_dies_with_the_study():
    marker = f"{time.time_ns()}"
    found = outcomes_of(lambda x: detached(marker, wait=False) or x, 2, isolation="process")
    assert {o.status for o in found} == {Status.OK}
    assert gone(marker)


@linux
def test_nothing_survives_a_watcher_that_is_killed():
    marker = f"{time.time_ns()}"

    def model(x):
        detached(marker, wait=False)
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)

    found = outcomes_of(model, isolation="process")
    assert found[0].status is Status.SIGNAL
    assert gone(marker)


def test_a_loop_in_c_that_holds_the_interpreter_is_killed():
    found = outcomes_of(lambda x: pow(3, 10**9, 10**400_000), timeout=0.5)
    assert found[0].status is Status.TIMEOUT


@pytest.mark.parametrize("executor", [None, "processes"])
def test_a_run_that_takes_too_much_memory_is_killed_and_the_others_finish(executor):
    def model(x):
        if x == 0.5:
            kept = np.ones(60_000_000)  # 480 MB
            time.sleep(30)
            return kept.sum()
        return x

    found = outcomes_of(model, 5, memory=300e6, executor=executor)
    assert [o.status for o in found] == [Status.OK, Status.OK, Status.MEMORY, Status.OK, Status.OK]
    assert "the limit is 300 MB" in found[2].message


def test_memory_of_what_a_run_started_counts_too():
    def model(x):
        hungry = "import time; kept = bytearray(400_000_000); time.sleep(30)"
        return subprocess.run([sys.executable, "-c", hungry]).returncode

    assert outcomes_of(model, memory=300e6)[0].status is Status.MEMORY


@linux
@pytest.mark.parametrize("limit", [{"timeout": 1.5}, {"timeout": 20, "memory": 300e6}], ids=["timeout", "memory"])
def test_a_fork_bomb_is_ended_to_the_last_process(limit, tmp_path):
    def bomb(x):
        """Everyone starts others and sleeps; the bomb is capped, so that a failed test harms nobody."""
        if x < 0.5:
            for _ in range(7):
                if os.fork() == 0:
                    os.setsid()
            (tmp_path / str(os.getpid())).touch()
            ballast = bytearray(4 << 20)  # noqa: F841 - for the memory limit
            time.sleep(60)
        return x

    bombed, fine = outcomes_of(bomb, n=2, **limit)
    assert bombed.status is (Status.MEMORY if "memory" in limit else Status.TIMEOUT)
    assert fine.status is Status.OK
    started = [int(path.name) for path in tmp_path.iterdir()]
    assert len(started) > 20
    deadline = time.monotonic() + 10
    while (left := [pid for pid in started if psutil.pid_exists(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not left


def test_a_worker_with_other_versions_is_refused_by_name():
    here = transport_module.versions()
    transport_module.check_versions(here, here, "node7")
    for other, words in (({"python": "2.7"}, "worker node7 has python 2.7"), ({}, "has no")):
        with pytest.raises(ExecutorError, match=f"{words}.*Install the same environment"):
            transport_module.check_versions({**dict.fromkeys(here), **other}, here, "node7")
    packed = transport_module.transport(as_simulator(lambda x: x, {"x": (0, 1)}))
    older = packed.replace(here["surrogate-discovery"].encode(), b"0.0.0", 1)
    with pytest.raises(ExecutorError, match=r"this study needs surrogate-discovery 0\.0\.0"):
        transport_module.load(older, "older")
