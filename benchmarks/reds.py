"""REDS against tuned PRIM: how many simulations it saves.

Cases: test functions of the REDS publication, the smart grid, the lake, and (with ``--bryant``, the path of the CSV in
the ema_workbench wheel) the data of Bryant & Lempert by repeated cross-validation. Methods:

- ``prim``: peel_alpha by 5-fold cross-validation of the area under the precision-recall curve, at N, 2N and 4N runs;
- ``reds``: REDS that knows of each run only whether it is a case, as in the publication, at N;
- ``reds output``: REDS that is given the condition on the output, as `discover` gives it, at N.

Both end at 20 runs in the box, or before: PRIM at its highest density among the runs, as published, REDS as it does.
Everything is measured on points that no method has seen. Run again, it goes on where it was stopped; ``--table`` prints
what there is::

    python benchmarks/reds.py --work DIR [--bryant CSV] [--seeds 10] [--table FILE]
"""

from __future__ import annotations

import argparse
import json
import time
import warnings
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
from published_functions import FUNCTIONS

from surrogate import PRIM, LatinHypercube, Space
from surrogate.models.boxes.columns import read_columns
from surrogate.models.boxes.evidence.heldout import stratified_folds
from surrogate.models.boxes.evidence.precision_recall import pr_auc
from surrogate.models.boxes.reds.emulated import recounted
from surrogate.models.boxes.reds.labelling import Asked
from surrogate.models.boxes.reds.reds import REDS
from surrogate.space import Expression

ALPHAS = (0.03, 0.05, 0.07, 0.10, 0.13, 0.16, 0.20)
SIZES = (200, 400, 800)
LEAST = 20
TEST = 20_000


@cache
def unit_space(d):
    return Space([(0.0, 1.0)] * d)


# Cases: name -> (d, informative, draw(n, seed) -> (U, output), test (U, output), threshold)


def function_case(f):
    def draw(n, seed):
        u = LatinHypercube(n, seed=seed).sample(unit_space(f.d)).to_numpy()
        return u, f(u)

    u = np.random.default_rng(12345).random((TEST, f.d))
    return f.d, f.informative, draw, (u, f(u)), f.threshold


def lake_case(work):
    from sims.policy import Lake

    lake = Lake()

    def run(u):
        inputs = {name: column.to_numpy() for name, column in lake.space.from_unit(u).items()}
        return np.asarray(lake(**inputs)["reliability"])

    kept = work / "lake.npz"
    if not kept.exists():
        u = np.random.default_rng(12345).random((TEST, 5))
        np.savez(kept, u=u, y=run(u))

    def draw(n, seed):
        u = LatinHypercube(n, seed=seed).sample(unit_space(5)).to_numpy()
        return u, run(u)

    test = np.load(kept)
    return 5, 5, draw, (test["u"], test["y"]), 0.9


def grid_case(work):
    """Draw the runs from a pool that is made once, for a grid takes 20 ms."""
    kept = work / "grid.npz"
    if not kept.exists():
        from sims.policy import SymmetricSmartGrid
        from surrogate.design import Sobol

        grid = SymmetricSmartGrid()
        table = Sobol(8192, seed=0).sample(grid.space)
        y = [grid(**row)["growth_rate"] for row in table.to_dict("records")]
        np.savez(kept, u=grid.space.to_unit(table), y=np.array(y))
    pool = np.load(kept)
    u, y = pool["u"], pool["y"]
    for_test = np.random.default_rng(0).permutation(len(u)) < 3000

    def draw(n, seed):
        rows = np.random.default_rng(seed).choice(np.flatnonzero(~for_test), n, replace=False)
        return u[rows], y[rows]

    return 12, 12, draw, (u[for_test], y[for_test]), 0.0


# Methods: each returns a trajectory as a list of limits


def tuned_prim(u, y, seed):
    columns = read_columns(pd.DataFrame(u, columns=unit_space(u.shape[1]).names))
    areas = np.zeros(len(ALPHAS))
    for train, test in stratified_folds(y, 5, 1, seed):
        part = columns.take(train)
        for place, alpha in enumerate(ALPHAS):
            steps = plain_prim(part, y[train], alpha)
            areas[place] += curve([s.limits for s in steps], columns, y, test)[0]
    steps = plain_prim(columns, y, ALPHAS[int(areas.argmax())])
    # As published: the trajectory ends at its first highest density.
    return [s.limits for s in steps[: int(np.argmax([s.k / s.n for s in steps])) + 1]]


def plain_prim(columns, y, alpha):
    mass = min(LEAST / len(y), 0.9)
    return PRIM(peel_alpha=alpha, paste_alpha=0, mass_min=mass, objective="original").search(columns, y)


def reds(u, output, threshold, seed, n_new=100_000, with_output=True, **settings):
    """Return the trajectories of REDS without and with the output; the emulators of the case serve both."""
    d = u.shape[1]
    space = unit_space(d)
    columns = read_columns(pd.DataFrame(u, columns=space.names))
    y = (output < threshold).astype(float)
    asked = Asked(y, {"out": output} if with_output else {}, Expression(f"out < {threshold}") if with_output else None)
    finder = PRIM(paste_alpha=0, mass_min=LEAST / len(y))
    emulated = REDS(finder, space=space, n_new=n_new, random_state=seed, **settings).emulate(columns, asked)
    of_case = [e for e in emulated.emulations if "case" in e.name]
    of_output = [e for e in emulated.emulations if e not in of_case]
    labellings = {"reds": emulated.learn(among=of_case)}
    if of_output:
        other = emulated.learn(among=of_output)
        better = other.candidates[0]["log_loss"] < labellings["reds"].candidates[0]["log_loss"]
        labellings["reds output"] = other if better else labellings["reds"]
    found, done = {}, {}
    for method, labelling in labellings.items():
        if labelling.name not in done:
            labels = emulated.labels(labelling)
            finder = emulated.tuned(labels)
            steps = emulated.believed(finder.search(emulated.points.columns, labels))
            done[labelling.name] = [s.limits for s in recounted(steps, columns, y)], finder.peel_alpha
        limits, alpha = done[labelling.name]
        told = {"emulator": labelling.name, "skill": labelling.skill, "calibration": labelling.calibration_error}
        found[method] = limits, {**told, "alpha": alpha}
    return found


# Measures


def curve(boxes, columns, y, rows=slice(None)):
    """Return the area under the precision-recall curve less the base rate, and the last box's precision."""
    truth = y[rows]
    inside = [columns.inside(limits, rows) for limits in boxes]
    n = np.array([i.sum() for i in inside])
    k = np.array([truth[i].sum() for i in inside])
    some = n > 0
    density = np.where(some, k / np.maximum(n, 1), 0.0)
    return pr_auc(k / truth.sum(), density) - truth.mean(), float(density[-1])


def measured(boxes, test_columns, test_y, informative):
    area, precision = curve(boxes, test_columns, test_y)
    last = boxes[-1]
    n = len(last)
    return {
        "pr_auc": area,
        "precision": precision,
        "restricted": n,
        "irrelevant": max(0, n - informative),
        "box": {name: [max(low, 0.0), min(high, 1.0)] for name, (low, high) in last.items()},
    }


def consistency(boxes):
    """Mean over pairs of boxes of the unit cube: volume of the intersection over that of the union."""
    shares = []
    for one, other in combinations(boxes, 2):
        common = volume_one = volume_other = 1.0
        for name in {*one, *other}:
            (low, high), (low2, high2) = one.get(name, (0, 1)), other.get(name, (0, 1))
            volume_one *= high - low
            volume_other *= high2 - low2
            common *= max(0.0, min(high, high2) - max(low, low2))
        shares.append(common / (volume_one + volume_other - common))
    return float(np.mean(shares))


# Runs


class Kept:
    """Results, one JSON line each, so that a run that was stopped goes on."""

    def __init__(self, path):
        self.path = path
        self.rows = self.read(path)
        self.done = {(r["case"], r["n"], r["method"], r["seed"]) for r in self.rows}

    @staticmethod
    def read(path):
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def add(self, **row):
        self.rows.append(row)
        self.done.add((row["case"], row["n"], row["method"], row["seed"]))
        with self.path.open("a") as file:
            file.write(json.dumps(row) + "\n")


def run_case(kept, name, case, seed, sizes):
    d, informative, draw, (test_u, test_output), threshold = case
    test_columns = read_columns(pd.DataFrame(test_u, columns=unit_space(d).names))
    test_y = (test_output < threshold).astype(float)
    for n in sorted({m * n for n in sizes for m in (1, 2, 4)}):
        methods = ["prim"] + (["reds", "reds output"] if n in sizes else [])
        if all((name, n, method, seed) in kept.done for method in methods):
            continue
        u, output = draw(n, 1000 * n + seed)
        y = (output < threshold).astype(float)
        started = time.process_time()
        if (name, n, "prim", seed) not in kept.done:
            boxes = tuned_prim(u, y, seed)
            kept.add(case=name, n=n, method="prim", seed=seed, seconds=time.process_time() - started,
                     **measured(boxes, test_columns, test_y, informative))  # fmt: skip
        if n not in sizes:
            continue
        started = time.process_time()
        for method, (boxes, told) in reds(u, output, threshold, seed).items():
            kept.add(case=name, n=n, method=method, seed=seed, seconds=time.process_time() - started, **told,
                     **measured(boxes, test_columns, test_y, informative))  # fmt: skip


def run_bryant(kept, path, repeat):
    data = pd.read_csv(path)
    table, y = data.iloc[:, 2:11], data.iloc[:, 15].to_numpy(dtype=float)
    low, width = table.min(), table.max() - table.min()
    u = ((table - low) / width).to_numpy(dtype=float)
    columns = read_columns(pd.DataFrame(u, columns=unit_space(9).names))
    for fold, (train, test) in enumerate(stratified_folds(y, 5, 1, repeat)):
        seed = 5 * repeat + fold
        if ("bryant", 705, "reds", seed) in kept.done:
            continue
        found = {"prim": (tuned_prim(u[train], y[train], seed), {})}
        found |= reds(u[train], 1 - y[train], 0.5, seed, with_output=False)
        for method, (boxes, told) in found.items():
            kept.add(case="bryant", n=705, method=method, seed=seed, **told,
                     **measured(boxes, columns.take(test), y[test], 9))  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True, help="where results and pools of runs are kept")
    parser.add_argument("--bryant", type=Path)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--table", type=Path, help="write the table of what there is, and run nothing")
    asked = parser.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    kept = Kept(asked.work / "results.jsonl")
    if asked.table:
        from reds_table import write_table

        return write_table(kept.rows, Kept.read(asked.work / "active.jsonl"), asked.table, consistency)
    warnings.simplefilter("ignore")
    cases = {f.name: function_case(f) for f in FUNCTIONS}
    cases |= {"lake": lake_case(asked.work), "smart grid": grid_case(asked.work)}
    started = time.time()
    # The largest size takes as long as the others together, and comes last.
    for sizes in ((200,), (400,), (), (800,)):
        for seed in range(asked.seeds):
            for name, case in cases.items() if sizes else ():
                run_case(kept, name, case, seed, sizes)
            if asked.bryant and not sizes:
                run_bryant(kept, asked.bryant, seed)
            what = f"N = {' and '.join(map(str, sizes))}" if sizes else "bryant"
            print(f"{what}, seed {seed}: {len(kept.rows)} results after {time.time() - started:.0f} s", flush=True)
    return None


if __name__ == "__main__":
    main()
