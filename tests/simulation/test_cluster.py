"""Real workers: a Dask cluster and a process pool answer as this process does."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import signal
import sys
import time

import cloudpickle
import numpy as np
import pytest

from surrogate.simulation import Chunk, ExecutorError, Status, as_simulator, run

cloudpickle.register_pickle_by_value(sys.modules[__name__])

BOUNDS = {"a": (0, 1), "b": (0, 1)}


@pytest.fixture(scope="module")
def cluster():
    from dask.distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:
        yield cluster


@pytest.fixture
def client(cluster):
    from dask.distributed import Client

    with Client(cluster, set_as_default=False) as client:
        yield client


def noisy(a, b, seed):
    if a > 0.9:
        raise ValueError("too steep")
    rng = np.random.default_rng(seed)
    return {"y": a * np.sin(b) + rng.normal(), "path": rng.normal(size=4).cumsum()}


def planned(n=300):
    rng = np.random.default_rng(0)
    columns = {"a": rng.random(n), "b": rng.random(n)}
    return [Chunk(np.arange(n), columns, {}, rng.integers(2**32, size=n))]


def answers(**running):
    found = dict(run(as_simulator(running.pop("simulator", noisy), BOUNDS), planned(), **running))
    rows = [found[row] for row in range(300)]
    return [(o.status, o.outputs.get("y"), np.asarray(o.outputs.get("path")).tolist(), o.message) for o in rows]


def test_a_dask_cluster_gives_the_very_same_bits(client):
    assert answers(executor=client) == answers()


def test_the_address_of_a_scheduler_is_enough(cluster):
    assert answers(executor=cluster.scheduler_address) == answers()


def test_a_process_pool_gives_the_very_same_bits():
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert answers(executor=pool) == answers()
        assert pool.submit(int, "3").result() == 3  # it belongs to the user and stays open


def test_own_processes_give_the_very_same_bits():
    assert answers(executor="processes") == answers() == answers(isolation="process")


def test_vectorised_simulators_agree_on_a_cluster(client):
    def model(a, b):
        return a * np.exp(-b)

    model.vectorized = True
    there = [row[1] for row in answers(simulator=model, executor=client)]
    np.testing.assert_allclose(there, [row[1] for row in answers(simulator=model)], rtol=1e-12)


def test_equal_points_are_run_each_time_on_a_cluster(client, tmp_path):
    log = tmp_path / "calls"

    def model(a, b):
        with log.open("a") as file:
            file.write("x\n")
        return a

    chunk = Chunk(np.arange(30), {"a": np.zeros(30), "b": np.zeros(30)}, {})
    assert len(list(run(as_simulator(model, BOUNDS), [chunk], executor=client))) == 30
    assert len(log.read_text().split()) == 30


def test_a_time_limit_and_a_crash_hit_one_run_and_spare_the_worker(client):
    def model(a, b):
        if a == 0.0:
            time.sleep(60)
        if a == 1.0:
            os.kill(os.getpid(), signal.SIGSEGV)
        return a

    before = set(client.scheduler_info()["workers"])
    chunk = Chunk(np.arange(9), {"a": np.array([0.5, 0, 0.5, 1] * 2 + [0.5]), "b": np.zeros(9)}, {})
    found = dict(run(as_simulator(model, BOUNDS), [chunk], executor=client, timeout=0.5))
    kinds = [Status.OK, Status.TIMEOUT, Status.OK, Status.SIGNAL]
    assert [found[row].status for row in range(9)] == [*kinds, *kinds, Status.OK]
    assert set(client.scheduler_info()["workers"]) == before


def test_a_worker_that_is_killed_costs_no_run(client):
    workers = [info["nanny"] and address for address, info in client.scheduler_info()["workers"].items()]
    pids = client.run(os.getpid)

    def model(a, b):
        time.sleep(0.01)
        return a

    rows = set()
    for row, outcome in run(as_simulator(model, BOUNDS), planned(), executor=client):
        if len(rows) == 50:
            os.kill(pids[workers[0]], signal.SIGKILL)
        assert outcome.status is Status.OK
        assert row not in rows
        rows.add(row)
    assert len(rows) == 300


def test_a_cluster_that_is_closed_under_way_is_named():
    from dask.distributed import Client, LocalCluster

    def model(a, b):
        time.sleep(0.05)
        return a

    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=":0") as short:
        client = Client(short, set_as_default=False)
        outcomes = run(as_simulator(model, BOUNDS), planned(), executor=client)
        next(outcomes)
        client.close()
        with pytest.raises(ExecutorError, match="executor: it (was closed|takes no more runs)"):
            list(outcomes)


def test_a_simulator_that_workers_cannot_load_stops_the_study_at_once(client):
    class Fragile:
        def __call__(self, a, b):
            return a

        def __reduce__(self):
            return (__import__, ("a_module_that_is_only_here",))

    with pytest.raises(ExecutorError, match="cannot load the simulator"):
        list(run(as_simulator(Fragile(), BOUNDS), planned(), executor=client))


def test_a_broken_pool_of_the_user_is_named():
    with (
        concurrent.futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool,
        pytest.raises(ExecutorError, match=r'executor="processes"'),
    ):
        list(run(as_simulator(lambda a, b: os._exit(1), BOUNDS), planned(), executor=pool))


def test_the_run_that_takes_workers_down_is_found_and_the_others_finish():
    """A pool that loses its worker on one poisonous run, and recovers: what a cluster does."""

    class Recovering(concurrent.futures.Executor):
        _max_workers = 2
        lost = 0

        def submit(self, function, *arguments):
            future = concurrent.futures.Future()
            chunk = next(a for a in arguments if isinstance(a, Chunk))
            if 137 in chunk.rows:
                self.lost += 1
                future.set_exception(RuntimeError("worker died"))
            else:
                future.set_result(function(*arguments))
            return future

    executor = Recovering()
    found = dict(run(as_simulator(lambda a, b: a, BOUNDS), planned(), executor=executor, retries=2))
    assert [row for row in range(300) if found[row].status is not Status.OK] == [137]
    assert found[137].status is Status.WORKER_LOST
    assert found[137].attempts == 4  # the last time with no other run
    assert "worker died" in found[137].message
    assert executor.lost < 15


def test_on_a_cluster_runs_are_heard_when_they_finish_and_not_with_their_chunk(client):
    def model(a, b):
        time.sleep(0.02)
        return time.time()

    lags, start = [], time.monotonic()
    for _, outcome in run(as_simulator(model, BOUNDS), planned(), executor=client):
        if time.monotonic() - start > 1.0:  # chunks have grown to a second
            lags.append(time.time() - outcome.outputs["y"])
    assert len(lags) > 100
    assert np.median(lags) < 0.1  # with their chunk: about half a second


def test_events_that_come_twice_or_torn_change_nothing(client):
    from surrogate.simulation.executor_dask import Cluster

    heard = []
    crew = Cluster(client, as_simulator(noisy, BOUNDS), None)
    crew._hearers[7] = heard.extend, 0
    for start, outcomes in ((0, [1, 2]), (0, [1, 2]), (1, [2, 3]), (5, [6]), (3, [4])):
        crew._told((0.0, (7, start, __import__("pickle").dumps(outcomes))))
    crew._told((0.0, (8, 0, b"")))  # of a chunk that is over
    crew.close()
    assert heard == [1, 2, 3, 4]


def test_workers_with_a_resource_are_asked_through_an_executor_of_dask_and_tls_is_honoured(tmp_path):
    pytest.importorskip("cryptography")
    from dask.distributed import Client, LocalCluster
    from distributed import Security

    log = tmp_path / "log"

    def model(a, b):
        with log.open("a") as file:
            file.write("+")
        time.sleep(0.005)
        with log.open("a") as file:
            file.write("-")
        return a

    security = Security.temporary()
    one = {"n_workers": 1, "threads_per_worker": 2, "processes": False, "dashboard_address": ":0"}
    with (
        LocalCluster(**one, security=security, resources={"licence": 1}) as cluster,
        Client(cluster, security=security, set_as_default=False) as client,
    ):
        assert cluster.scheduler_address.startswith("tls://")
        executor = client.get_executor(resources={"licence": 1})
        assert len(list(run(as_simulator(model, BOUNDS), planned(60)[:1], executor=executor))) == 60
    assert log.read_text() == "+-" * 60  # never two at a time, though the worker has two threads


def test_a_worker_is_set_up_once_by_a_plugin_and_loads_the_simulator_once(client, tmp_path):
    from distributed import WorkerPlugin

    class Setup(WorkerPlugin):
        def setup(self, worker):
            os.environ["SURROGATE_LICENCE"] = "42"

    class Model:
        def __setstate__(self, state):
            (tmp_path / f"{os.getpid()}-{time.time_ns()}").touch()

        def __getstate__(self):
            return {"some": "state"}

        def __call__(self, a, b):
            return float(os.environ["SURROGATE_LICENCE"])

    client.register_plugin(Setup())
    found = dict(run(as_simulator(Model(), BOUNDS), planned(), executor=client))
    assert {o.outputs["y"] for o in found.values()} == {42.0}
    loaded = [path.name.partition("-")[0] for path in tmp_path.iterdir()]
    assert len(loaded) == len(set(loaded)) <= 2


def test_a_pool_that_cannot_be_heard_gets_short_chunks():
    class Watching(concurrent.futures.Executor):
        def __init__(self):
            self.seconds = []

        def submit(self, function, *arguments):
            start = time.perf_counter()
            future = concurrent.futures.Future()
            future.set_result(function(*arguments))
            self.seconds.append(time.perf_counter() - start)
            return future

    def model(a, b):
        time.sleep(0.001)
        return a

    executor = Watching()
    list(run(as_simulator(model, BOUNDS), planned(), executor=executor))
    assert np.median(executor.seconds) < 0.1
    assert len(executor.seconds) < 100


def test_a_cluster_that_has_lost_all_workers_is_waited_for_and_then_named(client, monkeypatch):
    from surrogate.simulation.executor_dask import Cluster

    crew = Cluster(client, as_simulator(noisy, BOUNDS), None)
    crew.idle()
    monkeypatch.setattr(crew, "workers", lambda: 0)
    crew.idle()
    crew._seen -= 1000
    with pytest.raises(ExecutorError, match=r"no workers left; .* 300 s.*the same call then runs what is missing"):
        crew.idle()
    crew.close()
