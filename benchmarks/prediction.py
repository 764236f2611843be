"""Time prediction of one row and of a million, beside onnxruntime, scikit-learn, xgboost and SMT; one core.

pip install '.[bench,onnx]' && OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python benchmarks/prediction.py out.md
"""

from __future__ import annotations

import ctypes
import gc
import importlib.metadata
import importlib.util
import platform
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import xgboost
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from sklearn.neural_network import MLPRegressor
from sklearn.tree import DecisionTreeRegressor

from surrogate import Space
from surrogate.export import c99, export_model
from surrogate.export.one_row import OneRow
from surrogate.export.portable import Portable
from surrogate.models.emulators import MLP, BoostedTrees, GaussianProcess

D, BATCH = 6, 1_000_000
SPACE = Space({f"x{i}": (0.0, 1.0) for i in range(D)})


def output(X):
    return np.sin(X @ np.arange(1.0, D + 1)) + X[:, 0] * X[:, 3]


def one_row_us(function, rows):
    """Median and 95th percentile of a call, in microseconds, over different rows."""
    for row in rows[:200]:
        function(row)
    gc.disable()
    times = np.empty(len(rows))
    for i, row in enumerate(rows):
        start = time.perf_counter_ns()
        function(row)
        times[i] = time.perf_counter_ns() - start
    gc.enable()
    return np.median(times) / 1e3, np.percentile(times, 95) / 1e3


def batch_us(function, X, repeats=2):
    """Microseconds a row in batch, the faster of two; where rows are slow, over fewer of them."""
    function(X[:2000])
    start = time.perf_counter()
    function(X[:2000])
    a_row = (time.perf_counter() - start) / 2000
    n = int(np.clip(1.0 / a_row, 100_000 if a_row < 50e-6 else 2000, len(X)))
    function(X[: 100_000 if n == 100_000 else 2000])  # compiled walks start with many rows
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        function(X[:n])
        best = min(best, time.perf_counter() - start)
    return best / n * 1e6


def module_of(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.predict_one


def compiled_c(path):
    """Compile the exported C and return it as a function of a row, through ctypes."""
    library = path.with_suffix(".so")
    subprocess.run(["cc", *c99.FLAGS, "-fPIC", "-shared", str(path), "-o", str(library), "-lm"], check=True)
    predict, y = ctypes.CDLL(str(library)).predict, (ctypes.c_double * 1)()
    row_type = ctypes.c_double * D

    def ask(row):
        predict(row_type.from_buffer(row), y)
        return y[0]

    return ask


def session_of(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return lambda X: session.run(None, {"X": X})[0]


def measure(name, record, peers, folder, rows, X):
    """Rows of the table for one model: ways of asking it, and its peers."""
    for suffix in (".py", ".c", ".onnx"):
        export_model(folder / (name + suffix), SPACE, {"y": record})
    onnx = session_of(folder / f"{name}.onnx")
    as_lists, as_tables = [row.tolist() for row in rows], [row[None] for row in rows]
    found = {
        "exported .py": (*one_row_us(module_of(folder / f"{name}.py"), as_lists), None),
        "model.fast": (*one_row_us(OneRow(Portable(SPACE, {"y": record})), list(rows)), None),
        "exported .c, through ctypes": (*one_row_us(compiled_c(folder / f"{name}.c"), list(rows)), None),
        "record.predict": (*one_row_us(record.predict, as_tables[:500]), batch_us(record.predict, X)),
        "onnxruntime, double": (*one_row_us(onnx, as_tables), batch_us(onnx, X)),
    }
    for peer, function in peers.items():
        found[peer] = (*one_row_us(function, as_tables[:500]), batch_us(function, X))
    return found


def main(target):
    rng = np.random.default_rng(0)
    X = rng.random((3000, D))
    y, few = output(X), X[:200]
    folder = Path(tempfile.mkdtemp())
    rows, many = rng.random((3000, D)), rng.random((BATCH, D))
    trees = BoostedTrees(n_trees=300, max_depth=6).fit(X, y).record_
    tree = BoostedTrees(n_trees=1, max_depth=8, learning_rate=1.0).fit(X, y).record_
    network = MLP(hidden=(64, 64), n_members=1, max_iter=50).fit(X, y).record_
    process = GaussianProcess(kernel="squared_exponential").fit(few, output(few)).record_
    boosted = xgboost.XGBRegressor(n_estimators=300, max_depth=6, learning_rate=0.05, n_jobs=1).fit(X, y)
    perceptron = MLPRegressor(hidden_layer_sizes=(64, 64), activation="tanh", max_iter=20)
    peers = {
        "single tree, depth 8": (tree, {"scikit-learn": DecisionTreeRegressor(max_depth=8).fit(X, y).predict}),
        "boosted trees, 300 of depth 6": (trees, {"xgboost, float32": boosted.predict}),
        "MLP, 2 x 64, tanh": (
            network,
            {"scikit-learn": perceptron.fit(X, y).predict},
        ),
        "Gaussian process, n = 200": (process, {"scikit-learn": sklearn_process(few), "SMT kriging": smt_kriging(few)}),
    }
    lines = header()
    for i, (title, (record, others)) in enumerate(peers.items()):
        found = measure(f"model{i}", record, others, folder, rows, many)
        lines += ["", f"## {title}", "", "| | one row, median us | p95 us | batch, us a row |", "|---|---|---|---|"]
        print(title, f"{time.perf_counter():.0f} s", flush=True)
        for way, (median, p95, batch) in found.items():
            lines.append(f"| {way} | {median:.2f} | {p95:.2f} | {'' if batch is None else f'{batch:.3f}'} |")
        lines += ["", *ratios(found)]
    scaled = ((X - trees.location) / trees.width).astype(np.float32)
    standard = (y - y.mean()) / y.std()
    booster = BoostedTrees(n_trees=300, max_depth=6)._boost((X - trees.location) / trees.width, standard)
    apart = np.abs(booster.predict(xgboost.DMatrix(scaled)) * y.std() + y.mean() - trees.predict(X)).max()
    lines += [
        "",
        f"Largest distance of our float64 sums to xgboost's float32 sums: {apart:.2g} (spread {y.std():.2g}).",
    ]
    Path(target).write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def ratios(found):
    """Compare our fastest ways with the others."""
    ours = min(found[way][0] for way in ("exported .py", "model.fast", "exported .c, through ctypes"))
    fast = {way: found[way][0] for way in found}
    text = [f"Fastest one-row way of ours {ours:.2f} us: "]
    text += [f"{value / ours:.1f}x faster than {way}; " for way, value in fast.items() if way not in _OURS]
    batch = found["record.predict"][2]
    text += ["batch: "]
    text += [f"{value[2] / batch:.1f}x the throughput of {way}; " for way, value in found.items() if way not in _OURS]
    return ["".join(text).rstrip("; ") + "."]


_OURS = ("exported .py", "model.fast", "exported .c, through ctypes", "record.predict")


def sklearn_process(X):
    fitted = GaussianProcessRegressor(RBF([0.5] * D), optimizer=None, alpha=1e-8).fit(X, output(X))
    return fitted.predict


def smt_kriging(X):
    from smt.surrogate_models import KRG

    kriging = KRG(print_global=False, theta0=[0.5] * D, n_start=1)
    kriging.set_training_values(X, output(X))
    kriging.train()
    return kriging.predict_values


def header():
    packages = ("numpy", "onnxruntime", "scikit-learn", "xgboost", "smt", "numba")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in packages)
    return [
        "# Prediction",
        "",
        f"`python benchmarks/prediction.py`, one thread each, {time.strftime('%Y-%m-%d')}. {platform.system()} "
        f"{platform.machine()}, Python {platform.python_version()}; {versions}.",
        f"One row: 3,000 different rows, one call each. Batch: {BATCH:,} rows, or as many as take a second.",
    ]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(sys.argv[1] if len(sys.argv) > 1 else "prediction.md")
