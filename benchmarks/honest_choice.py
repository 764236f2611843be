"""Does the chosen box limit exactly the inputs that matter? Over many seeds, by number of runs.

    OMP_NUM_THREADS=1 python benchmarks/honest_choice.py [--seeds 50] [--sizes 500 1000 2000] --work DIR

The first variant is 3 informative inputs of 10 (x0 > .5, x1 < .6, x2 > .3) and 10 % of all labels flipped; the others
change one thing each. Counted is the share of seeds in which the box that `choose` picks by cross-validation, with the
settings of `surrogate.discover`, limits exactly the informative inputs; beside it how many the last box of the same
search limits. Results are kept in DIR/honest_choice.jsonl; the table is written to results/honest_choice.md.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd

from surrogate import PRIM
from surrogate.models.boxes.columns import read_columns
from surrogate.models.boxes.evidence.heldout import choose

RESULTS = Path(__file__).parent / "results"
THREE = {"x0": (0.5, 1.0), "x1": (0.0, 0.6), "x2": (0.3, 1.0)}
FIVE = {f"x{i}": (0.0, 0.8) for i in range(5)}
# Name: inputs, limits of the true box, share of flipped labels, correlation of neighbouring inputs, some categories.
VARIANTS = {
    "3 of 10, 10 % flipped": (10, THREE, 0.1, 0.0, False),
    "3 of 10, 20 % flipped": (10, THREE, 0.2, 0.0, False),
    "2 of 5, 10 % flipped": (5, {"x0": (0.5, 1.0), "x1": (0.0, 0.6)}, 0.1, 0.0, False),
    "5 of 20, 10 % flipped": (20, FIVE, 0.1, 0.0, False),
    "3 of 10, neighbours correlated by .5": (10, THREE, 0.1, 0.5, False),
    "3 of 10, half of them categories": (10, THREE, 0.1, 0.0, True),
}


def study(variant, n, seed):
    d, limits, flipped, correlation, categories = VARIANTS[variant]
    generator = np.random.default_rng(seed)
    if correlation:
        from scipy.stats import norm

        steps = generator.standard_normal((n, d))
        for j in range(1, d):
            steps[:, j] = correlation * steps[:, j - 1] + np.sqrt(1 - correlation**2) * steps[:, j]
        u = norm.cdf(steps)
    else:
        u = generator.random((n, d))
    X = pd.DataFrame(u, columns=[f"x{i}" for i in range(d)])
    y = np.logical_and.reduce([X[name].between(*limit) for name, limit in limits.items()])
    y = np.asarray(y) ^ (generator.random(n) < flipped)
    if categories:
        for name in X.columns[::2]:
            X[name] = np.array(list("abcdefghij"))[(10 * X[name]).astype(int)]
    return X, y.astype(float), set(limits)


def one(variant, n, seed):
    X, y, informative = study(variant, n, seed)
    columns = read_columns(X)
    chosen = choose(PRIM(), columns, y, repeats=4 if n <= 5000 else 1, seed=seed)
    limited = set(chosen.steps[chosen.row].limits)
    last = PRIM().search(columns, y)[-1].limits
    found = {"missing": len(informative - limited), "irrelevant": len(limited - informative), "last": len(last)}
    return {"variant": variant, "n": n, "seed": seed, **found}


def write(rows):
    table = pd.DataFrame(rows)
    table["exact"] = 100.0 * ((table["missing"] == 0) & (table["irrelevant"] == 0))
    groups = table.groupby(["variant", "n"], sort=False)
    shown = groups[["exact", "missing", "irrelevant", "last"]].mean().assign(seeds=groups.size())
    lines = ["# Does the chosen box limit exactly the inputs that matter?", ""]
    lines += [(__doc__ or "").split("\n\n")[2].replace("\n", " "), ""]
    lines += [
        "| variant | N | seeds | exact (%) | missing | irrelevant | limits of the last box |",
        "|---|---|---|---|---|---|---|",
    ]
    for (variant, n), row in shown.iterrows():
        lines.append(
            f"| {variant} | {n} | {row['seeds']:.0f} | {row['exact']:.0f} | {row['missing']:.2f} | "
            f"{row['irrelevant']:.2f} | {row['last']:.1f} |"
        )
    (RESULTS / "honest_choice.md").write_text("\n".join(lines) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--sizes", type=int, nargs="+", default=[500, 1000, 2000, 5000, 10_000, 100_000])
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS))
    parser.add_argument("--work", type=Path, required=True)
    asked = parser.parse_args()
    kept = asked.work / "honest_choice.jsonl"
    rows = [json.loads(line) for line in kept.open()] if kept.exists() else []
    done = {(row["variant"], row["n"], row["seed"]) for row in rows}
    for seed in range(asked.seeds):
        for variant in asked.variants:
            for n in asked.sizes:
                if (variant, n, seed) not in done:
                    rows.append(one(variant, n, seed))
                    with kept.open("a") as file:
                        file.write(json.dumps(rows[-1]) + "\n")
    order = {variant: place for place, variant in enumerate(VARIANTS)}
    write(sorted(rows, key=lambda row: (order[row["variant"]], row["n"])))


if __name__ == "__main__":
    main()
