"""Active REDS: what runs at the border of the case save beside runs that fill the space.

Four test functions, of which the emulator knows cases only. Active: a Latin hypercube of 100 runs, four batches of 25
where the label is uncertain. Beside it: Latin hypercubes of 200, 300 and 400 runs. Measured on 20,000 unseen points:
share of wrong labels, PR AUC and precision of the boxes. Results are kept in DIR/active.jsonl, and shown by
``benchmarks/reds.py --table``::

    python benchmarks/reds_active.py --work DIR [--seeds 5]
"""

from __future__ import annotations

import argparse
import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from published_functions import FUNCTIONS
from reds import LEAST, function_case, measured, unit_space

from surrogate import PRIM
from surrogate.models.boxes.columns import read_columns
from surrogate.models.boxes.reds.labelling import Asked
from surrogate.models.boxes.reds.next_points import uncertain_points
from surrogate.models.boxes.reds.reds import REDS

CASES = ("hart3", "sobol", "otlcircuit", "moon10hdc1")
FIRST, BATCH, BATCHES = 100, 25, 4


def emulate(u, y, seed, n_new):
    space = unit_space(u.shape[1])
    columns = read_columns(pd.DataFrame(u, columns=space.names))
    finder = PRIM(paste_alpha=0, mass_min=LEAST / len(y))
    emulated = REDS(finder, space=space, n_new=n_new, random_state=seed).emulate(columns, Asked(y, {}))
    return emulated, emulated.learn(folds=3)


def judged(u, y, seed, test_u, test_y, informative, active):
    emulated, labelling = emulate(u, y, seed, 30_000)
    labels = emulated.labels(labelling)
    steps = emulated.believed(emulated.tuned(labels).search(emulated.points.columns, labels), placed=active)
    table = pd.DataFrame(test_u, columns=unit_space(u.shape[1]).names)
    result = measured([step.limits for step in steps], read_columns(table), test_y, informative)
    wrong = (labelling.probability(test_u, table) > 0.5) != (test_y > 0.5)
    return {"wrong": float(wrong.mean()), **{key: result[key] for key in ("pr_auc", "precision", "restricted")}}


def run_actively(f, draw, threshold, seed):
    u, output = draw(FIRST, 100_000 + seed)
    for number in range(BATCHES):
        y = (output < threshold).astype(float)
        emulated, labelling = emulate(u, y, seed + 10 * number + 7, 10_000)
        chosen = uncertain_points(emulated.labels(labelling), emulated.points.features, u, BATCH)
        fresh = emulated.points.features[chosen]
        u, output = np.vstack([u, fresh]), np.append(output, f(fresh))
    return u, output


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=5)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    kept = asked.work / "active.jsonl"
    done = {(row["case"], row["seed"], row["runs"]) for row in map(json.loads, kept.open())} if kept.exists() else set()
    for seed in range(asked.seeds):
        for f in FUNCTIONS:
            if f.name not in CASES:
                continue
            _, informative, draw, (test_u, test_output), threshold = function_case(f)
            for runs in ("200 active", "200", "300", "400"):
                if (f.name, seed, runs) in done:
                    continue
                active = runs.endswith("active")
                u, output = (
                    run_actively(f, draw, threshold, seed) if active else draw(int(runs), 1000 * int(runs) + seed)
                )
                y, test_y = (output < threshold).astype(float), (test_output < threshold).astype(float)
                row = {
                    "case": f.name,
                    "seed": seed,
                    "runs": runs,
                    **judged(u, y, seed, test_u, test_y, informative, active),
                }
                with kept.open("a") as file:
                    file.write(json.dumps(row) + "\n")
        print(f"seed {seed} done", flush=True)


if __name__ == "__main__":
    main()
