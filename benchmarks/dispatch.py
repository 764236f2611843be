"""What it costs to have a run made: beside EMA Workbench's evaluators and plain `client.map`, in one go.

    python benchmarks/dispatch.py           # writes benchmarks/results/dispatch.md;  --quick for a look

EMA Workbench is the extra "bench" (ema_workbench==2.5.3); without it its rows are left out.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from versions import versions

from surrogate.simulation import Chunk, as_simulator, run
from surrogate.transfer import collect

BOUNDS = {"a": (0, 1), "b": (0, 1)}


def empty(a, b):
    return a


def vectorised(a, b):
    return a


vectorised.vectorized = True


def ten_milliseconds(a, b):
    time.sleep(0.01)
    return a


def points(n):
    return np.random.default_rng(0).random((n, 2))


def bare(function, n, executor=None):
    """Run through the runner alone: no store, no transfer set."""
    columns = dict(zip("ab", points(n).T.copy(), strict=True))
    outcomes = run(as_simulator(function, BOUNDS), [Chunk(np.arange(n), columns, {})], executor=executor)
    return sum(outcome.seconds for _, outcome in outcomes)


def collected(function, n, executor=None, stored=False):
    with tempfile.TemporaryDirectory() as folder:
        return len(
            collect(function, BOUNDS, points(n), executor=executor, store=f"{folder}/s.runs" if stored else None)
        )


class Table:
    """Measured rows."""

    def __init__(self) -> None:
        self.lines = [
            "| what | runs | seconds | microseconds a run | share of ideal | asked |",
            "|---|---|---|---|---|---|",
        ]

    def measure(
        self, what: str, n: int, job: Callable[[], object], ideal: float | None = None, asked: str = ""
    ) -> None:
        wall, busy = time.perf_counter(), time.process_time()
        spent = job()
        wall, busy = time.perf_counter() - wall, time.process_time() - busy
        share = "" if ideal is None else f"{ideal / wall:.1%}"
        if ideal is not None and isinstance(spent, float):
            share += f" ({spent / 2 / wall:.1%} of the seconds that the runs took)"
        self.lines.append(
            f"| {what} | {n} | {wall:.2f} | {1e6 * wall / n:.1f} (own CPU {1e6 * busy / n:.1f}) | {share} | {asked} |"
        )
        print(self.lines[-1], flush=True)


def here(table: Table, n: int) -> None:
    collected(vectorised, 100, stored=True)  # imports
    table.measure("here, vectorised, runner alone", n, lambda: bare(vectorised, n), asked="20 µs")
    table.measure("here, vectorised, collect without store", n, lambda: collected(vectorised, n), asked="20 µs")
    table.measure(
        "here, vectorised, collect with store", n, lambda: collected(vectorised, n, stored=True), asked="100 µs"
    )
    table.measure("here, one call a run, runner alone", n, lambda: bare(empty, n))


def on_dask(table: Table, n: int, slow: int) -> None:
    from dask.distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        client.wait_for_workers(2)
        bare(empty, 2000, client)
        ideal = slow * 0.01 / 2
        table.measure("Dask, one call a run", n, lambda: bare(empty, n, client), asked="200 µs")
        table.measure("Dask, one call a run, collect with store", n, lambda: collected(empty, n, client, stored=True))
        table.measure("Dask, vectorised", n, lambda: bare(vectorised, n, client))
        table.measure("Dask, 10 ms a run", slow, lambda: bare(ten_milliseconds, slow, client), ideal, "95 %")
        few = points(slow)
        table.measure(
            "plain client.map, empty", slow, lambda: client.gather(client.map(empty, *few.T.tolist(), pure=False))
        )
        table.measure(
            "plain client.map, 10 ms a run",
            slow,
            lambda: client.gather(client.map(ten_milliseconds, *few.T.tolist(), pure=False)),
            ideal,
        )


def ema_workbench(table: Table, n: int, slow: int) -> None:
    try:
        from ema_workbench import Model, MultiprocessingEvaluator, RealParameter, ScalarOutcome, SequentialEvaluator
    except ImportError:
        print("EMA Workbench is not installed: pip install 'surrogate-discovery[bench]'")
        return
    logging.getLogger("EMA").setLevel(logging.ERROR)

    def model(function):
        made = Model("model", function=function)
        made.uncertainties = [RealParameter("a", 0, 1), RealParameter("b", 0, 1)]
        made.outcomes = [ScalarOutcome("y")]
        return made

    with SequentialEvaluator(model(ema_empty)) as evaluator:
        table.measure("EMA Workbench, sequential, empty", n, lambda: evaluator.perform_experiments(scenarios=n))
    with MultiprocessingEvaluator(model(ema_empty), n_processes=2) as evaluator:
        evaluator.perform_experiments(scenarios=10)
        table.measure("EMA Workbench, 2 processes, empty", n, lambda: evaluator.perform_experiments(scenarios=n))
    with MultiprocessingEvaluator(model(ema_ten_milliseconds), n_processes=2) as evaluator:
        evaluator.perform_experiments(scenarios=10)
        job = lambda: evaluator.perform_experiments(scenarios=slow)  # noqa: E731
        table.measure("EMA Workbench, 2 processes, 10 ms a run", slow, job, slow * 0.01 / 2)


def ema_empty(a=0.0, b=0.0):
    return {"y": a}


def ema_ten_milliseconds(a=0.0, b=0.0):
    time.sleep(0.01)
    return {"y": a}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs, and nothing is written")
    quick = parser.parse_args().quick
    n, slow = (10_000, 500) if quick else (100_000, 5000)
    table = Table()
    here(table, n)
    on_dask(table, n, slow)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ema_workbench(table, n // 20, slow)
    if not quick:
        head = ["# Cost of dispatching a run", "", "Simulators that do nothing, or sleep for 10 ms; two workers.", ""]
        text = "\n".join([*head, *table.lines, "", versions("ema_workbench"), ""])
        (Path(__file__).parent / "results" / "dispatch.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
