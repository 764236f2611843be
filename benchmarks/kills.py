"""Kills drivers, simulators, workers and schedulers with SIGKILL at random moments, and checks that nothing is lost.

    python benchmarks/kills.py                        # 200 drivers, and the rest; writes benchmarks/results/kills.md
    python benchmarks/kills.py --driver 10 --processes 2 --simulator 1 --dask 0      # a short one; writes nothing

Moments are spread over a whole study: some are a random time after its start, most a random number of committed runs.
After every kill the store is opened as it was left: every run that was acknowledged before the kill (seen committed by
another process) must be there, byte for byte, and once. The same study is started again until it is complete; then it
must equal an undisturbed one. Processes are found by a mark in their environment.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import closing, suppress
from pathlib import Path

import numpy as np
import pandas as pd
import psutil

from surrogate.design import LatinHypercube
from surrogate.transfer import TransferSet, collect, verify

RUNS = 150
# Kills that a study suffers before it may end.
DISTURBED = 6
BOUNDS = {"a": (0, 1), "b": (0, 1)}
MARK = "SURROGATE_KILLS"


class Model:
    """Scalars, a small field, and a field that is large enough for a file of its own; some runs fail."""

    def fingerprint(self):
        return "kills"

    def __call__(self, a, b, seed):
        time.sleep(0.004)
        if a > 0.95:
            raise ValueError("too steep")
        noise = np.random.default_rng(seed).normal()
        return {"y": a + b, "noise": noise, "path": np.array([a, b]), "grid": np.full(9000, a)}


def study(store, executor=None):
    return collect(Model(), BOUNDS, LatinHypercube(RUNS, seed=0), store=store, executor=executor)


def committed(store: Path) -> dict:
    """Return what another program sees in the ledger: row to content, all but the times."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(f"file:{store}/ledger.sqlite?mode=ro", uri=True)) as ledger:
        return {row[0]: row[1:] for row in ledger.execute("SELECT row, status, outputs, fields, message FROM runs")}
    return {}


def start(store: Path, executor=None) -> int:
    """Start a driver in a fork of this process, which has everything imported already."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    try:
        os.setpgid(0, 0)
        study(store, executor)
        os._exit(0)
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
        os._exit(1)


def survivors(mark: str, seconds: float = 5.0) -> list[int]:
    """Return processes of a study that are still there after a while."""
    deadline = time.monotonic() + seconds
    while True:
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get(MARK) == mark and process.pid != os.getpid():
                    found.append(process.pid)
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


class Tally:
    """What went wrong, over all kills of a kind."""

    def __init__(self, undisturbed: TransferSet) -> None:
        self.undisturbed = undisturbed
        self.kills = self.complete = self.lost = self.twice = self.left = self.differ = self.damaged = 0
        self.moments: list[int] = []  # how many runs were committed at each kill

    def after(self, store: Path, before: dict | None, mark: str) -> None:
        """Check a store that was left behind by a kill; `before` is what it held then, if the study died of it."""
        self.kills += 1
        if before is not None:
            self.moments.append(len(before))
        self.left += len(survivors(mark))
        after = committed(store)
        self.lost += sum(after.get(row) != content for row, content in (before or {}).items())
        if after:
            with closing(sqlite3.connect(store / "ledger.sqlite")) as ledger:
                query = "SELECT count(*) - count(DISTINCT key) FROM runs JOIN plan USING (row)"
                self.twice += ledger.execute(query).fetchone()[0]

    def at_end(self, store: Path, spared: frozenset[str] = frozenset()) -> None:
        """Compare a complete store with the undisturbed one, but for runs that ended in a `spared` way."""
        self.complete += 1
        self.damaged += not verify(store).ok
        runs = TransferSet.open(store)
        same = ~runs.status.isin(spared).to_numpy()
        want = self.undisturbed
        equal = runs.inputs.equals(want.inputs) and runs.status[same].equals(want.status[same])
        both = ((runs.status == "ok") & (want.status == "ok")).to_numpy()
        mine, theirs = both[runs.status == "ok"], both[want.status == "ok"]
        equal = equal and pd.DataFrame(runs.y)[mine].reset_index(drop=True).equals(
            pd.DataFrame(want.y)[theirs].reset_index(drop=True)
        )
        for name in want.fields:
            equal = equal and np.array_equal(runs.fields[name][mine], want.fields[name][theirs])
        self.differ += not equal

    def row(self, kind: str) -> str:
        found = np.percentile(self.moments, [25, 50, 75]) if self.moments else ()
        quartiles = " / ".join(f"{count:.0f}" for count in found)
        return (
            f"| {kind} | {self.kills} | {quartiles} | {self.complete} | {self.lost} | {self.twice} | {self.left} | "
            f"{self.damaged} | {self.differ} |"
        )

    @property
    def ok(self) -> bool:
        return not (self.lost or self.twice or self.left or self.differ or self.damaged)


def wait_for_moment(store: Path, pid: int, rng: random.Random) -> None:
    """Return at a random moment of a study: in a quarter of all cases while it starts, else while it runs."""
    if rng.random() < 0.25:
        time.sleep(rng.uniform(0, 0.5))
        return
    wanted, ended = rng.randint(min(len(committed(store)), RUNS - 1), RUNS), False
    while len(committed(store)) < wanted and not ended:
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        time.sleep(0.002)
    time.sleep(rng.uniform(0, 0.02))


def kill_drivers(tally: Tally, folder: Path, rounds: int, rng: random.Random, executor=None) -> None:
    """Kill the driver at a random moment, again and again; finish every study that was disturbed often enough."""
    store, disturbed = folder / "0.runs", 0
    for i in range(rounds):
        mark = os.environ[MARK] = uuid.uuid4().hex
        pid = start(store, executor)
        wait_for_moment(store, pid, rng)
        before = committed(store)
        os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        tally.after(store, before, mark)
        disturbed += 1
        if os.WIFEXITED(status) or disturbed == DISTURBED or i == rounds - 1:
            study(store)
            tally.at_end(store)
            shutil.rmtree(store)
            store, disturbed = folder / f"{i + 1}.runs", 0


def kill_simulators(tally: Tally, folder: Path, rounds: int, rng: random.Random) -> None:
    """Kill child processes of a driver: their run is recorded as killed, and no other is touched."""
    for i in range(rounds):
        store, mark = folder / f"{i}.runs", uuid.uuid4().hex
        os.environ[MARK] = mark
        pid = start(store, "processes")
        for _ in range(3):
            time.sleep(rng.uniform(0.1, 0.4))
            with suppress(psutil.Error):
                children = psutil.Process(pid).children(recursive=True)
                if children:
                    rng.choice(children).kill()
        os.waitpid(pid, 0)
        tally.after(store, None, mark)
        study(store)
        tally.at_end(store, frozenset({"signal", "exit code"}))


class Cluster:
    """`dask scheduler` and `dask worker` processes of the command line."""

    def __init__(self, mark: str) -> None:
        self.environment = {**os.environ, MARK: mark, "OMP_NUM_THREADS": "1"}
        self.processes: list[subprocess.Popen] = []
        self.file = Path(tempfile.mkdtemp()) / "scheduler.json"
        self.scheduler = self._dask("scheduler", "--port", "0", "--no-dashboard", "--host", "127.0.0.1")
        self.nannies = [self.worker(), self.worker()]
        while not self.file.exists():
            time.sleep(0.02)

    def _dask(self, what: str, *arguments: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "dask", what, "--scheduler-file", str(self.file), *arguments]
        process = subprocess.Popen(command, env=self.environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def worker(self) -> subprocess.Popen:
        folder = tempfile.mkdtemp(dir=self.file.parent)
        return self._dask("worker", "--nthreads", "1", "--no-dashboard", "--local-directory", folder)

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
        shutil.rmtree(self.file.parent, ignore_errors=True)


STUDY = """
import sys; sys.path.insert(0, {folder!r})
from dask.distributed import Client
import cloudpickle, kills
cloudpickle.register_pickle_by_value(kills)
kills.study(sys.argv[1], Client(scheduler_file=sys.argv[2], timeout=30))
"""


def kill_dask(tally: Tally, folder: Path, rounds: int, rng: random.Random) -> None:
    """Kill a worker, a nanny, the scheduler or the driver while a study runs on a Dask cluster."""
    script = STUDY.format(folder=str(Path(__file__).parent))
    for i in range(rounds):
        store, mark = folder / f"{i}.runs", uuid.uuid4().hex
        cluster = Cluster(mark)
        command = [sys.executable, "-c", script, str(store), str(cluster.file)]
        driver = subprocess.Popen(command, env=cluster.environment, stderr=subprocess.DEVNULL)
        while not committed(store) and driver.poll() is None:
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.4))
        before = committed(store)
        kind = ("worker", "nanny", "scheduler", "driver")[i % 4]
        if kind == "worker":
            for nanny in cluster.nannies[: 1 + i % 2]:
                for child in psutil.Process(nanny.pid).children():
                    with suppress(psutil.Error):
                        child.kill()
        else:
            {"nanny": cluster.nannies[0], "scheduler": cluster.scheduler, "driver": driver}[kind].kill()
        with suppress(subprocess.TimeoutExpired):
            driver.wait(60)
        driver.kill()
        driver.wait()
        cluster.close()
        tally.after(store, before, mark)
        study(store)
        tally.at_end(store)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--driver", type=int, default=170, help="kills of drivers that run in their own process")
    parser.add_argument("--processes", type=int, default=30, help='kills of drivers with executor="processes"')
    parser.add_argument("--simulator", type=int, default=6, help="studies in which child processes are killed")
    parser.add_argument("--dask", type=int, default=4, help="studies on Dask in which something is killed")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    rng, begun = random.Random(asked.seed), time.monotonic()
    lines, fine = [], True
    with tempfile.TemporaryDirectory() as scratch:
        undisturbed = study(Path(scratch) / "undisturbed.runs")
        kinds = (
            ("driver, runs in its process", asked.driver, lambda t, f, n: kill_drivers(t, f, n, rng)),
            ("driver, child processes", asked.processes, lambda t, f, n: kill_drivers(t, f, n, rng, "processes")),
            ("three child processes a study", asked.simulator, lambda t, f, n: kill_simulators(t, f, n, rng)),
            ("Dask: worker, nanny, scheduler, driver", asked.dask, lambda t, f, n: kill_dask(t, f, n, rng)),
        )
        for kind, rounds, kill in kinds:
            folder = Path(scratch) / kind.split(",")[0].replace(":", "")
            folder.mkdir(exist_ok=True)
            tally = Tally(undisturbed)
            kill(tally, folder, rounds)
            lines.append(tally.row(kind))
            fine = fine and tally.ok
            print(lines[-1], flush=True)
            shutil.rmtree(folder)
    if asked.driver + asked.processes >= 200:
        from versions import versions

        head = "| killed with SIGKILL | kills | runs committed by then (quartiles) | studies completed |"
        head += " acknowledged runs lost | duplicate rows | surviving processes | damaged stores |"
        head += " differ from an undisturbed study |\n|" + "---|" * 9
        about = f"{RUNS} runs a study; `python benchmarks/kills.py`, {time.monotonic() - begun:.0f} s.\n\n{versions()}"
        text = "\n".join(["# Kills at random moments", "", head, *lines, "", about, ""])
        (Path(__file__).parent / "results" / "kills.md").write_text(text, encoding="utf-8")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
