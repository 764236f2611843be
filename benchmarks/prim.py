"""Speed of one PRIM trajectory beside the EMA Workbench and `prim` of the Platypus project, on the same data.

    OMP_NUM_THREADS=1 python benchmarks/prim.py

All run in this process, one thread, one after the other; seconds are of the processor, best of the repeats after a
first call that is reported beside. Writes results/prim.md. Needs the extra `bench`.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import platform
import sys
import time
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import pandas as pd

from surrogate import PRIM
from surrogate.models.boxes.columns import read_columns

# This file has the name of a peer, which would be hidden by it.
sys.path = [entry for entry in sys.path if Path(entry).resolve() != Path(__file__).resolve().parent]

SIZES = ((1_000, 10), (10_000, 20), (100_000, 20), (1_000_000, 20))


def data(n, d):
    """Three informative inputs; one label in ten is wrong."""
    generator = np.random.default_rng(0)
    X = generator.random((n, d))
    y = ((X[:, 0] > 0.5) & (X[:, 1] < 0.6) & (X[:, 2] > 0.3)) ^ (generator.random(n) < 0.1)
    return X, y


def seconds(run, repeats=1):
    """Return processor and wall seconds of the fastest run, and its result."""
    best = (np.inf, np.inf)
    for _ in range(repeats):
        wall, cpu = time.perf_counter(), time.process_time()
        result = run()
        best = min(best, (time.process_time() - cpu, time.perf_counter() - wall))
    return *best, result


def ema(frame, y):
    from ema_workbench.analysis import prim

    return prim.Prim(frame, y.astype(int), threshold=0.8, peel_alpha=0.05).find_box()


def platypus(frame, y):
    import prim

    return prim.Prim(frame, y.astype(int), threshold=0.5, threshold_type=">", peel_alpha=0.05).find_box()


def same_boxes(ours, theirs):
    """Whether n of all boxes and the limits of the last are the same."""
    n = np.round(theirs.peeling_trajectory["mass"].to_numpy() * ours.trajectory_["n"].iloc[0]).astype(int)
    if n.tolist() != ours.trajectory_["n"].tolist():
        return False
    low_high = theirs.box_lims[-1]
    return all(
        np.where(np.isfinite(limit), limit, low_high[name].to_numpy(float)).tolist()
        == low_high[name].to_numpy(float).tolist()
        for name, limit in ours.boxes_[-1].limits.items()
    )


def one_size(n, d):
    X, y = data(n, d)
    frame = pd.DataFrame(X, columns=[f"x{i + 1}" for i in range(d)])
    cpu_first, _, _ = seconds(lambda: PRIM().fit(X, y))
    cpu, wall, ours = seconds(lambda: PRIM().fit(X, y), repeats=5)
    row = {"n": n, "d": d, "boxes": len(ours.boxes_), "first (s)": cpu_first, "ours (s)": cpu, "wall (s)": wall}
    for name, run, most in (("EMA", ema, 100_000), ("prim", platypus, 10_000)):
        if n <= most:
            try:
                run(frame[:200], y[:200])  # imports and first calls are not timed
                theirs, _, result = seconds(lambda run=run: run(frame, y))
            except ImportError:
                continue
            row |= {f"{name} (s)": theirs, f"{name} / ours": theirs / cpu}
            if name == "EMA":
                row["same boxes"] = same_boxes(ours, result)
    print(row, flush=True)
    sorting, _, _ = seconds(lambda: [np.argsort(X[:, j]) for j in range(d)])
    return row | {"argsort (s)": sorting, "ours / argsort": cpu / sorting}


def bootstraps(n, d, number=100):
    """Trajectories on bootstrap samples, of the same bins, beside one of EMA's."""
    X, y = data(n, d)
    frame = pd.DataFrame(X, columns=[f"x{i + 1}" for i in range(d)])
    generator = np.random.default_rng(0)
    finder, cases = PRIM(), y.astype(float)

    def run():
        columns = read_columns(frame)
        for _ in range(number):
            rows = generator.integers(n, size=n)
            finder.search(columns.take(rows), cases[rows])

    ours, _, _ = seconds(run)
    theirs, _, _ = seconds(lambda: ema(frame, y))
    return f"{number} bootstrap trajectories at {n} x {d}: {ours:.2f} s; 5 of EMA's: {5 * theirs:.2f} s."


def installed(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def main():
    warnings.simplefilter("ignore")
    table = pd.DataFrame([one_size(n, d) for n, d in SIZES])
    packages = ("surrogate-discovery", "numpy", "numba", "pandas", "ema_workbench", "prim")
    lines = ["# Speed of one PRIM trajectory", "", (__doc__ or "").split("\n\n")[2].replace("\n", " "), ""]
    lines += ["| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns)]
    for row in table.to_dict("records"):
        lines.append("| " + " | ".join(cell(value) for value in row.values()) + " |")
    lines += [
        "",
        bootstraps(10_000, 20),
        "",
        "EMA was not run above 100 000 rows and prim not above 10 000: they take minutes there.",
    ]
    lines += ["", f"Python {platform.python_version()}, " + ", ".join(f"{p} {installed(p)}" for p in packages) + "."]
    load = os.getloadavg()[0]
    lines += ["", f"Machine: {platform.machine()}, {os.cpu_count()} processors, load {load:.1f} while it ran."]
    text = "\n".join(lines) + "\n"
    print(text)
    (Path(__file__).parent / "results" / "prim.md").write_text(text)


def cell(value):
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.3g}"
    return str(value)


if __name__ == "__main__":
    main()
