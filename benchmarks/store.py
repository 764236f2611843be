"""A million runs with scalar outputs: written, resumed, and read into arrays.

python benchmarks/store.py              # writes benchmarks/results/store.md;  --runs 1e5 for a look
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from versions import versions

from surrogate.transfer import TransferSet, collect

BOUNDS = {"a": (0, 1), "b": (0, 1), "c": (0, 1)}


def model(a, b, c):
    return {"sum": a + b + c, "product": a * b * c}


model.vectorized = True


def peak() -> float:
    """Most memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=float, default=1e6)
    n = int(parser.parse_args().runs)
    lines = ["| what | seconds | own CPU seconds | peak MB of the process | asked |", "|---|---|---|---|---|"]

    def measure(what, job, asked=""):
        wall, busy = time.perf_counter(), time.process_time()
        result = job()
        wall, busy = time.perf_counter() - wall, time.process_time() - busy
        lines.append(f"| {what} | {wall:.1f} | {busy:.1f} | {peak():.0f} | {asked} |")
        print(lines[-1], flush=True)
        return result

    design = np.random.default_rng(0).random((n, 3))
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "s.runs"
        measure("a tenth, in memory", lambda: collect(model, BOUNDS, design[: n // 10]))
        measure(f"{n} runs made and written", lambda: collect(model, BOUNDS, design, store=store), "60 s")
        measure("read into arrays", lambda: read(store), "4 s")
        measure("read again", lambda: read(store), "4 s")
        size = sum(path.stat().st_size for path in store.rglob("*") if path.is_file())
    if n >= 1e6:
        about = f"{n} runs, 3 inputs, 2 outputs; {size / 1e6:.0f} MB on disk."
        text = "\n".join(["# A million runs in a store", "", *lines, "", about, "", versions(), ""])
        (Path(__file__).parent / "results" / "store.md").write_text(text, encoding="utf-8")


def read(store):
    runs = TransferSet.open(store)
    return runs.X.to_numpy(), runs.y.to_numpy()


if __name__ == "__main__":
    main()
