"""A run that takes workers down is found; innocent runs finish; without workers the study ends with its cause."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import Executor, Future

import cloudpickle
import dask
import numpy as np
import pytest

from surrogate.simulation import ExecutorError, Status, as_simulator, run
from surrogate.simulation.chunk import Chunk
from surrogate.transfer import TransferSet, collect

cloudpickle.register_pickle_by_value(sys.modules[__name__])


def deadly(a):
    time.sleep(0.002)
    if a == 0.5:
        os._exit(3)
    return a


def planned(n):
    return Chunk(np.arange(n), {"a": np.linspace(0, 1, n)}, {})


@pytest.mark.slow
def test_a_run_that_kills_its_worker_again_and_again_is_found_with_few_losses_on_a_cluster(tmp_path):
    from dask.distributed import LocalCluster

    def deadly(a):
        if a == 0.5:
            (tmp_path / f"{os.getpid()}").touch()
            os._exit(3)
        return a

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0", silence_logs=60) as cluster:
        # The cluster itself will do as well as a client of it.
        found = dict(run(as_simulator(deadly, {"a": (0, 1)}), [planned(33)], executor=cluster))
    assert [row for row in range(33) if found[row].status is not Status.OK] == [16]
    assert found[16].status is Status.WORKER_LOST
    assert "Dask lost the worker" in found[16].message
    # Two attempts, five halvings, one alone; Dask's own four attempts at each of them would be 32.
    assert len(list(tmp_path.iterdir())) < 16


def test_runs_that_stood_beside_the_deadly_one_are_not_condemned_with_it():
    """Each run is a chunk; the worker takes down with it all that it holds."""

    class Holding(Executor):
        _max_workers = 1

        def __init__(self):
            self.held = []

        def submit(self, function, *arguments):
            chunk = next(a for a in arguments if isinstance(a, Chunk))
            future = Future()
            self.held.append((chunk, future, lambda: function(*arguments)))
            threading.Timer(0.02, self.end).start()
            return future

        def end(self):
            held, self.held = self.held, []
            lost = any(0.5 in chunk.columns["a"] for chunk, _, _ in held)
            for _, future, work in held:
                future.set_exception(RuntimeError("worker died")) if lost else future.set_result(work())

    found = dict(run(as_simulator(lambda a: a, {"a": (0, 1)}), [planned(3)], executor=Holding()))
    assert [found[row].status for row in range(3)] == [Status.OK, Status.WORKER_LOST, Status.OK]


@pytest.fixture
def scheduler_without_nannies(tmp_path):
    """`dask scheduler` and two `dask worker --no-nanny`: nobody starts a worker again."""
    file = tmp_path / "scheduler.json"
    base = [sys.executable, "-m", "dask"]
    common = ["--scheduler-file", str(file), "--no-dashboard"]
    folder = ["--local-directory", str(tmp_path), "--nthreads", "1"]
    commands = [[*base, "scheduler", *common, "--port", "0", "--host", "127.0.0.1"]]
    commands += [[*base, "worker", "--no-nanny", *common, *folder]] * 2
    processes = [subprocess.Popen(c, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) for c in commands]
    yield file
    for process in processes:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_when_no_workers_are_left_that_is_said_and_what_was_acknowledged_stays(scheduler_without_nannies, tmp_path):
    from dask.distributed import Client

    store, points = tmp_path / "s.runs", {"a": np.linspace(0, 1, 101)}
    with (
        Client(scheduler_file=scheduler_without_nannies, set_as_default=False, timeout=60) as client,
        dask.config.set({"distributed.scheduler.no-workers-timeout": "2s"}),
        pytest.raises(ExecutorError, match=r"no workers left.* 2 s.*isolation=") as stopped,
    ):
        client.wait_for_workers(2)
        collect(deadly, {"a": (0, 1)}, points, store=store, executor=client)
    assert isinstance(stopped.value.runs, TransferSet)
    kept = len(TransferSet.open(store))
    assert 0 < kept < 101
    runs = collect(deadly, {"a": (0, 1)}, points, store=store, isolation="process")
    assert len(runs) == 100
    assert list(runs.failures["status"]) == ["exit code"]
