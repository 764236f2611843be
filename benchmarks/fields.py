"""Fit fields of 1,000 to 1,000,000 numbers a run: seconds, memory, error, and interval coverage, beside peers.

pip install '.[bench]' && OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/fields.py out.md

Every case runs in a process of its own, so that its peak of memory is its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from versions import versions

from surrogate import LatinHypercube, Space

N_TEST = 200
BOUNDS = {"speed": (0.5, 1.5), "damping": (0.1, 1.0), "place": (0.2, 0.8), "width": (0.05, 0.2)}


def wave(X, size):
    """Return a damped oscillation at `size` times, with a pulse: smooth in its four inputs, of no finite rank."""
    t = np.linspace(0.0, 1.0, size)
    speed, damping, place, width = X.T[:, :, None]
    return np.exp(-3 * damping * t) * np.cos(12 * speed * t) + np.exp(-(((t - place) / width) ** 2))


def data(n, size, n_test=N_TEST):
    space = Space.from_bounds(BOUNDS)
    X = LatinHypercube(n, 0).sample(space).to_numpy()
    T = LatinHypercube(n_test, 1).sample(space).to_numpy()
    return X, T


def missed(predicted, truth):
    """1 - Q2 over all runs and locations."""
    return float(np.sum((predicted - truth) ** 2) / np.sum((truth - truth.mean(axis=0)) ** 2))


def ours(X, Y, T, Z):
    from surrogate import Surrogate

    model = Surrogate.from_runs(X, {"f": Y}, BOUNDS)
    predicted = model.predict(T)
    low, high = model.interval(T)
    wide = model.interval(T, simultaneous=True)
    card = model.scorecard
    inside = ((wide[0] <= Z) & (wide[1] >= Z)).all(axis=1)
    more = {
        "modes": card.modes, "claimed": 1 - card.q2, "truncation": card.truncation_error,
        "regression": card.regression_error,
        "coverage": float(((low <= Z) & (high >= Z)).mean()), "whole": float(inside.mean()),
    }  # fmt: skip
    return predicted, more


def openturns_chaos(X, Y, T, Z):
    """Karhunen-Loeve by SVD (threshold 1e-8 of the variance) and sparse chaos of the coefficients, LARS."""
    import openturns as ot

    ot.Log.Show(ot.Log.NONE)
    size = Y.shape[1]
    mesh = ot.IntervalMesher([size - 1]).build(ot.Interval(0.0, 1.0))
    process = ot.ProcessSample(mesh, [[[v] for v in row] for row in Y])
    modes = ot.KarhunenLoeveSVDAlgorithm(process, 1e-8)
    modes.run()
    result = modes.getResult()
    coefficients = result.project(process)
    inputs = ot.JointDistribution([ot.Uniform(*BOUNDS[name]) for name in BOUNDS])
    basis = ot.OrthogonalProductPolynomialFactory([inputs.getMarginal(i) for i in range(4)])
    strategy = ot.FixedStrategy(basis, basis.getEnumerateFunction().getStrataCumulatedCardinal(6))
    selection = ot.LeastSquaresStrategy(ot.LeastSquaresMetaModelSelectionFactory(ot.LARS(), ot.CorrectedLeaveOneOut()))
    algorithm = ot.FunctionalChaosAlgorithm(ot.Sample(X), coefficients, inputs, strategy, selection)
    algorithm.run()
    told = algorithm.getResult().getMetaModel()(ot.Sample(T))
    fields = [np.asarray(result.liftAsField(c).getValues()).ravel() for c in told]
    return np.array(fields), {"modes": len(result.getEigenvalues())}


def pca_and_gp(X, Y, T, Z):
    """scikit-learn: PCA to 99.999 % of the variance, a tuned ARD Gaussian process a component."""
    from sklearn.decomposition import PCA
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    pca = PCA(0.99999, svd_solver="full").fit(Y)
    unit, at = (X - X.min(0)) / np.ptp(X, 0), (T - X.min(0)) / np.ptp(X, 0)
    told = []
    for c in pca.transform(Y).T:
        kernel = ConstantKernel(1.0, (1e-3, 1e3)) * Matern(np.ones(4), (1e-2, 1e2), nu=2.5) + WhiteKernel(
            1e-6, (1e-10, 1.0)
        )
        gp = GaussianProcessRegressor(kernel, normalize_y=True, n_restarts_optimizer=2, random_state=0)
        told.append(gp.fit(unit, c).predict(at))
    return pca.inverse_transform(np.stack(told, axis=1)), {"modes": int(pca.n_components_)}


def gp_a_location(X, Y, T, Z):
    """scikit-learn: one tuned Gaussian process a location."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    unit, at = (X - X.min(0)) / np.ptp(X, 0), (T - X.min(0)) / np.ptp(X, 0)
    told = []
    for c in Y.T:
        kernel = ConstantKernel(1.0, (1e-3, 1e3)) * Matern(np.ones(4), (1e-2, 1e2), nu=2.5) + WhiteKernel(
            1e-6, (1e-10, 1.0)
        )
        told.append(GaussianProcessRegressor(kernel, normalize_y=True, random_state=0).fit(unit, c).predict(at))
    return np.stack(told, axis=1), {}


METHODS = {f.__name__: f for f in (ours, openturns_chaos, pca_and_gp, gp_a_location)}
CASES = [
    ("ours", 50, 1_000), ("ours", 100, 1_000), ("ours", 200, 1_000), ("ours", 100, 100_000), ("ours", 200, 1_000_000),
    ("openturns_chaos", 100, 1_000), ("openturns_chaos", 200, 1_000), ("pca_and_gp", 50, 1_000),
    ("pca_and_gp", 100, 1_000), ("pca_and_gp", 200, 1_000), ("pca_and_gp", 100, 100_000), ("gp_a_location", 50, 1_000),
]  # fmt: skip


def one(name, n, size):
    import resource
    import warnings

    warnings.simplefilter("ignore")
    X, T = data(n, size, N_TEST if size <= 100_000 else 20)
    Y, Z = wave(X, size), wave(T, size)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started, used = time.perf_counter(), time.process_time()
    predicted, more = METHODS[name](X, Y, T, Z)
    answer = {
        "name": name, "n": n, "size": size, "seconds": time.perf_counter() - started,
        "cpu": time.process_time() - used, "missed": missed(predicted, Z),
        "memory": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**20,
        "data": Y.nbytes / 2**30, **more,
    }  # fmt: skip
    print(json.dumps(answer))


def line(a):
    extra = f"{a['claimed']:.1e} | {a['coverage']:.3f} | {a['whole']:.3f}" if "coverage" in a else " | | "
    return (
        f"| {a['name']} | {a['n']} | {a['size']:,} | {a['cpu']:.1f} ({a['seconds']:.0f}) | {a['data']:.2f} "
        f"| {a['memory']:.2f} | {a.get('modes', '')} | {a['missed']:.1e} | {extra} |"
    )


def main():
    rows = []
    for name, n, size in CASES:
        done = subprocess.run(
            [sys.executable, __file__, name, str(n), str(size)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            print(name, n, size, "failed:", done.stderr.strip().splitlines()[-1:], flush=True)
            continue
        rows.append(json.loads(done.stdout.splitlines()[-1]))
        print(line(rows[-1]), flush=True)
    columns = [
        "method", "runs", "numbers a run", "CPU seconds (wall)", "data, GiB", "memory, GiB", "modes", "1 - Q2",
        "claimed", "inside", "whole",
    ]  # fmt: skip
    text = [
        f"# Fields\n\n`python benchmarks/fields.py`, one thread. {versions('scikit-learn', 'openturns')}\n",
        f"A damped oscillation with a pulse, four inputs, {N_TEST} unseen runs (20 of a million numbers). Memory is "
        "what fit, prediction and both intervals took on top of the data, of which a surrogate keeps its own copy. "
        "claimed: 1 - Q2 as the scorecard has it; inside: share of unseen numbers inside 95 % pointwise intervals; "
        "whole: share of unseen runs inside simultaneous ones.\n",
        f"| {' | '.join(columns)} |",
        "|---" * len(columns) + "|",
        *map(line, rows),
    ]
    Path(sys.argv[1]).write_text("\n".join(text) + "\n")


if __name__ == "__main__":
    if len(sys.argv) == 4:
        one(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
