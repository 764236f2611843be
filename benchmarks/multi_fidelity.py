"""Few expensive runs with the help of many cheap ones, against the expensive ones alone.

    OMP_NUM_THREADS=1 python benchmarks/multi_fidelity.py        # writes results/multi_fidelity.md

Pairs of Xiong, Qian & Wu 2013 (borehole, Currin, Park), as listed by Surjanovic & Bingham, Virtual Library of
Simulation Experiments. Errors on 4,096 Sobol points that no fit has seen.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from time import process_time

import numpy as np
from scipy.stats import qmc
from versions import versions

from sims.functions import Borehole
from surrogate import Surrogate

SEEDS = range(5)
SIZES = (10, 20, 50)
PATH = Path(__file__).parent / "results" / "multi_fidelity.jsonl"


def _borehole(u, first, second):
    rw, r, Tu, Hu, Tl, Hl, L, Kw = Borehole.space.from_unit(u).to_numpy().T
    ratio = np.log(r / rw)
    return first * Tu * (Hu - Hl) / (ratio * (second + 2 * L * Tu / (ratio * rw**2 * Kw) + Tu / Tl))


def borehole(u):
    return _borehole(u, 2 * np.pi, 1.0)


def borehole_cheap(u):
    return _borehole(u, 5.0, 1.5)


def currin(u):
    """Currin, Mitchell, Morris & Ylvisaker 1988."""
    a, b = u[:, 0], np.maximum(u[:, 1], 1e-12)
    top = 2300 * a**3 + 1900 * a**2 + 2092 * a + 60
    return (1 - np.exp(-0.5 / b)) * top / (100 * a**3 + 500 * a**2 + 4 * a + 20)


def currin_cheap(u):
    a, b = u[:, :1], u[:, 1:]
    near = [np.hstack([a + i, np.maximum(0.0, b + j)]) for i in (0.05, -0.05) for j in (0.05, -0.05)]
    return sum(map(currin, near)) / 4


def park(u):
    """Park 1991."""
    a, b, c, d = np.maximum(u, 1e-9).T
    return a / 2 * (np.sqrt(1 + (b + c**2) * d / a**2) - 1) + (a + 3 * d) * np.exp(1 + np.sin(c))


def park_cheap(u):
    return (1 + np.sin(u[:, 0]) / 10) * park(u) - 2 * u[:, 0] + u[:, 1] ** 2 + u[:, 2] ** 2 + 0.5


PAIRS = {"borehole": (8, borehole, borehole_cheap), "Currin": (2, currin, currin_cheap), "Park": (4, park, park_cheap)}


class Vectorized:
    """A function of the unit cube as a simulator."""

    vectorized = True

    def __init__(self, function):
        self.function = function

    def __call__(self, X):
        return self.function(X)


def run():
    done = {(r["pair"], r["n"], r["seed"]) for r in read()}
    for name, (d, dear, cheap) in PAIRS.items():
        Z = qmc.Sobol(d, rng=12345).random(4096)
        truth = dear(Z)
        for n in SIZES:
            for seed in SEEDS:
                if (name, n, seed) in done:
                    continue
                row = {"pair": name, "n": n, "seed": seed}
                for which, more in (("alone", {}), ("both", {"cheap": Vectorized(cheap)})):
                    started = process_time()
                    model = Surrogate.fit(Vectorized(dear), [(0.0, 1.0)] * d, n=n, seed=seed, **more)
                    row[f"{which}_seconds"] = round(process_time() - started, 1)
                    low, high = model.interval(Z)
                    row[which] = float(np.mean((model.predict(Z) - truth) ** 2) / truth.var())
                    row[f"{which}_coverage"] = float(np.mean((low <= truth) & (truth <= high)))
                    row[f"{which}_kind"] = model.scorecard.kind
                with PATH.open("a") as file:
                    file.write(json.dumps(row) + "\n")
                print(row, flush=True)


def read():
    return [json.loads(line) for line in PATH.read_text().splitlines()] if PATH.exists() else []


def write_table():
    lines = [
        "# Few expensive runs and many cheap ones\n",
        "`python benchmarks/multi_fidelity.py`, one thread, on a machine that was shared: 1 - Q2 on 4,096 unseen "
        f"points, median over five Latin hypercubes. {versions()}\n",
        "Expensive and cheap variants of Xiong, Qian and Wu (2013). `Surrogate.fit(..., cheap=)` with its default "
        "number of cheap runs (5 an expensive one, at least 20 an input) against the same call without. helped: in how "
        "many of the designs a model with the cheap variant was chosen; inside: share of unseen points inside 95 % "
        "intervals (with fewer than 19 runs none are finite).\n",
        "| pair | runs | cheap runs | alone | with cheap | ratio | helped | inside | CPU s |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    rows = read()
    for name, (d, *_) in PAIRS.items():
        for n in SIZES:
            here = [r for r in rows if (r["pair"], r["n"]) == (name, n)]
            if not here:
                continue
            alone, both = (float(np.median([r[key] for r in here])) for key in ("alone", "both"))
            helped = sum(r["both_kind"].startswith(("co_", "multi_")) for r in here)
            inside, seconds = (np.mean([r[key] for r in here]) for key in ("both_coverage", "both_seconds"))
            lines.append(
                f"| {name} | {n} | {max(5 * n, 20 * d)} | {alone:.1e} | {both:.1e} | {both / alone:.2g} "
                f"| {helped} of {len(here)} | {inside:.3f} | {seconds:.0f} |"
            )
    PATH.with_suffix(".md").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", action="store_true", help="only write the table")
    if not parser.parse_args().table:
        run()
    write_table()
