"""Do 95 % intervals of `model.sensitivity()` hold the simulator's own Sobol' indices? 20 designs of each size.

OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/sensitivity.py out.md models/

Models are kept in the folder, and those that are there are taken as they are. A second part takes indices from runs
without a model.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from scipy.stats import qmc
from versions import versions

from sims.functions import Borehole
from surrogate import LatinHypercube, Space, Surrogate, TransferSet
from surrogate.workflows import sensitivity

SEEDS = 20
BOREHOLE = Borehole()
G_WEIGHTS = np.array([0.0, 0.5, 3.0, 9.0, 99.0, 99.0])


def ishigami(U):
    x = np.pi * (2.0 * U - 1.0)
    return np.sin(x[:, 0]) + 7.0 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


def g_function(U):
    return np.prod((np.abs(4.0 * U - 2.0) + G_WEIGHTS) / (1.0 + G_WEIGHTS), axis=1)


def borehole(U):
    inputs = BOREHOLE.space.from_unit(U)
    return np.asarray(BOREHOLE(**{name: inputs[name].to_numpy() for name in inputs}))


CASES = {"ish": (ishigami, 3, (60, 120)), "g": (g_function, 6, (60, 150)), "bore": (borehole, 8, (40, 80))}


def exact(f, d, m=2**18):
    """Return indices of the function itself, by Jansen's estimators on many points; errors are about 1e-4."""
    points = qmc.Sobol(2 * d, seed=1).random(m)
    A, B = points[:, :d], points[:, d:]
    at_a, at_b = f(A), f(B)
    variance = np.var(np.concatenate([at_a, at_b]))
    first, total = np.empty(d), np.empty(d)
    for i in range(d):
        mixed = A.copy()
        mixed[:, i] = B[:, i]
        answers = f(mixed)
        first[i] = 1.0 - np.mean((at_b - answers) ** 2) / 2.0 / variance
        total[i] = np.mean((at_a - answers) ** 2) / 2.0 / variance
    return first, total


def model_of(f, d, n, seed, path):
    if not path.exists():
        X = LatinHypercube(n, seed).sample(Space.from_bounds([(0, 1)] * d)).to_numpy()
        Surrogate.from_runs(X, f(X), [(0, 1)] * d, seed=seed).save(path)
    return Surrogate.load(path)


def judged(table, truth, slack=3e-4):
    """Return which intervals hold the truth, their widths and the errors of the indices, each (2, d)."""
    low, high, value = (np.array([table[f"{c}{end}"] for c in ("first", "total")]) for end in ("_low", "_high", ""))
    return (low <= truth + slack) & (high >= truth - slack), high - low, np.abs(value - truth)


def main():
    folder = Path(sys.argv[2])
    folder.mkdir(exist_ok=True)
    lines = ["| function | runs | median Q2 | first inside | total inside | worst input | mean width | mean error |"]
    lines.append("|---" * 8 + "|")
    given = ["| function | runs | first inside | mean width | mean error |", "|---" * 5 + "|"]
    for name, (f, d, sizes) in CASES.items():
        truth = np.array(exact(f, d))
        for n in sizes:
            models = [(s, model_of(f, d, n, s, folder / f"{name}_{n}_{s}.surrogate")) for s in range(SEEDS)]
            inside, width, error = np.array([judged(m.sensitivity(seed=s), truth) for s, m in models]).swapaxes(0, 1)
            q2 = np.median([m.scorecard.q2 for _, m in models])
            first, total = inside.mean(axis=(0, 2))
            worst = inside.mean(axis=0).min()
            lines.append(
                f"| {f.__name__} | {n} | {q2:.5f} | {first:.3f} | {total:.3f} | {worst:.2f} | {width.mean():.4f} "
                f"| {error.mean():.4f} |"
            )
            print(lines[-1], flush=True)
        held, wide, off = [], [], []
        for seed in range(SEEDS):
            X = np.random.default_rng(seed).random((1000, d))
            table = sensitivity(TransferSet.from_frame(X, f(X), space=[(0, 1)] * d))
            held.append((table["first_low"] <= truth[0] + 3e-4) & (table["first_high"] >= truth[0] - 3e-4))
            wide.append(table["first_high"] - table["first_low"])
            off.append(np.abs(table["first"] - truth[0]))
        given.append(f"| {f.__name__} | 1000 | {np.mean(held):.3f} | {np.mean(wide):.4f} | {np.mean(off):.4f} |")
        print(given[-1], flush=True)
    head = f"# Sensitivity\n\n`python benchmarks/sensitivity.py`. {versions('SALib')}\n"
    what = f"Share of 95 % intervals that hold the index of the function itself, over {SEEDS} Latin hypercubes.\n"
    data = "\nFrom 1,000 random runs without a model (correlation ratio, jackknife):\n"
    Path(sys.argv[1]).write_text("\n".join([head, what, *lines, data, *given]) + "\n")


if __name__ == "__main__":
    main()
