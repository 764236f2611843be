"""Accuracy of emulators from 50, 100 and 200 runs: this package against its peers, on the same samples.

    pip install -e ".[bench]"
    OMP_NUM_THREADS=1 python benchmarks/emulators.py --models peers     # minutes
    OMP_NUM_THREADS=1 python benchmarks/emulators.py --models smt       # the slow peer: hours
    OMP_NUM_THREADS=1 python benchmarks/emulators.py --models ours
    python benchmarks/emulators.py --table                              # writes results/emulators.md

The metric is 1 - Q2, the share of variance that is not explained, on 4,096 Sobol points that no fit has seen: the
median over design seeds. Everything is resumable: what stands in results/emulators.jsonl is not done again.
`--suite general` and `--suite further` take functions that served no choice in this package, `--suite field` a field,
on which peers fit the coefficients of its modes.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections import defaultdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import process_time

import numpy as np
from field_functions import FIELDS
from field_peers import on_modes, openturns_field_chaos
from further_functions import FUNCTIONS as FURTHER
from published_functions import FUNCTIONS as PUBLISHED
from published_functions import Function, of_simulator
from scipy.stats import qmc

from sims.functions import Borehole, Ishigami, OTLCircuit, Piston, WingWeight

RESULTS = Path(__file__).parent / "results"
SIZES = (50, 100, 200)
TEST_POINTS = 4096
ROUNDING = 1e-20  # errors below it are what floating point leaves: they count as this much in a ratio


def steps(u):
    """Four plateaus with a slope on them, cut across two of four inputs."""
    left, low = u[:, 0] < 0.4317, u[:, 1] < 0.6183  # nowhere near the strata of a Latin hypercube
    plateau = np.select([left & low, left, low], [0.0, 2.0, 5.0], 1.0)
    return plateau + 0.3 * u[:, 2] + 0.2 * u[:, 3] ** 2


def friedman_inert(u):
    """Friedman 1991, five inputs of twenty."""
    return 10 * np.sin(np.pi * u[:, 0] * u[:, 1]) + 20 * (u[:, 2] - 0.5) ** 2 + 10 * u[:, 3] + 5 * u[:, 4]


def pendulum(u):
    """Angle of a damped pendulum after four seconds, from angle, speed, damping and length (Runge-Kutta)."""
    state = np.stack([0.2 + 1.3 * u[:, 0], -1.0 + 2.0 * u[:, 1]])
    damping, pull = 0.05 + 0.45 * u[:, 2], 9.81 / (0.8 + 1.2 * u[:, 3])

    def rate(s):
        return np.stack([s[1], -damping * s[1] - pull * np.sin(s[0])])

    step = 0.01
    for _ in range(400):
        k1 = rate(state)
        k2 = rate(state + 0.5 * step * k1)
        k3 = rate(state + 0.5 * step * k2)
        k4 = rate(state + step * k3)
        state = state + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return state[0]


def robot_arm(u):
    """Distance of a four-segment arm's end from its shoulder: An & Owen 2001."""
    angles, lengths = np.cumsum(2 * np.pi * u[:, :4], axis=1), u[:, 4:]
    return np.hypot((lengths * np.cos(angles)).sum(axis=1), (lengths * np.sin(angles)).sum(axis=1))


def exponential(u):
    """Dette & Pepelyshev 2010, three inputs."""
    return 100 * (np.exp(-2 / u[:, 0] ** 1.75) + np.exp(-2 / u[:, 1] ** 1.5) + np.exp(-2 / u[:, 2] ** 1.25))


def _function(name, d, of):
    return Function(name, d, d, 0.0, of)


_SUITES = {
    "named": (
        _function("borehole", 8, of_simulator(Borehole())),
        _function("wing weight", 10, of_simulator(WingWeight())),
        _function("OTL", 6, of_simulator(OTLCircuit())),
        _function("piston", 7, of_simulator(Piston())),
        _function("Ishigami", 3, of_simulator(Ishigami())),
        _function("steps", 4, steps),
        _function("Friedman inert", 20, friedman_inert),
        _function("pendulum", 4, pendulum),
    ),
    "general": (
        *(f for f in PUBLISHED if f.name in ("hart3", "willetal06", "sobol", "loepetal13", "welchetal92")),
        _function("robot arm", 8, robot_arm),
        _function("exponential", 3, exponential),
    ),
    "further": FURTHER,
    "field": (FIELDS["prey"],),
}


# Models: (X, y, seed) -> predict(X) or, of ours, predict(X) with lower and upper limits. -----------------------------


def ours(X, y, seed):
    from surrogate import Surrogate

    model = Surrogate.from_runs(X, {"f": y} if y.ndim > 1 else y, [(0.0, 1.0)] * X.shape[1], seed=seed)
    return lambda Z: (model.predict(Z), *model.interval(Z, coverage=0.95)), model.scorecard.kind


def smt_kriging(corr):
    def fit(X, y, seed):
        from smt.surrogate_models import KRG

        model = KRG(corr=corr, print_global=False, seed=seed)
        model.set_training_values(X, y)
        model.train()
        return lambda Z: model.predict_values(Z)[:, 0]

    return fit


def sklearn_gpr(X, y, seed):
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

    d = X.shape[1]
    kernel = ConstantKernel(1.0, (1e-4, 1e6)) * Matern(np.ones(d), (1e-2, 1e3), nu=2.5) + WhiteKernel(1e-6, (1e-12, 1))
    model = GaussianProcessRegressor(kernel, normalize_y=True, n_restarts_optimizer=2, random_state=seed).fit(X, y)
    return model.predict


def openturns_gpr(X, y, seed):
    import openturns as ot

    d = X.shape[1]
    fitter = ot.GaussianProcessFitter(X, y[:, None], ot.MaternModel([0.5] * d, 2.5), ot.ConstantBasisFactory(d).build())
    fitter.setOptimizationBounds(ot.Interval([0.01] * d, [100.0] * d))
    fitter.run()
    regression = ot.GaussianProcessRegression(fitter.getResult())
    regression.run()
    meta = regression.getResult().getMetaModel()
    return lambda Z: np.asarray(meta(Z))[:, 0]


def openturns_pce(X, y, seed):
    import openturns as ot

    d = X.shape[1]
    ot.ResourceMap.SetAsBool("FunctionalChaosValidation-ModelSelection", True)
    uniform = ot.JointDistribution([ot.Uniform(0.0, 1.0)] * d)
    enumeration = ot.HyperbolicAnisotropicEnumerateFunction(d, 0.75)
    basis = ot.OrthogonalProductPolynomialFactory([ot.Uniform(0.0, 1.0)] * d, enumeration)
    selection = ot.LeastSquaresMetaModelSelectionFactory(ot.LARS(), ot.CorrectedLeaveOneOut())
    best = (-np.inf, None)
    for degree in range(2, 11):
        size = enumeration.getBasisSizeFromTotalDegree(degree)
        if size > 1500:
            break
        strategy = ot.LeastSquaresStrategy(selection)
        algorithm = ot.FunctionalChaosAlgorithm(X, y[:, None], uniform, ot.FixedStrategy(basis, size), strategy)
        algorithm.run()
        result = algorithm.getResult()
        score = ot.FunctionalChaosValidation(result).computeR2Score()[0]
        if score > best[0]:
            best = (score, result.getMetaModel())
    meta = best[1]
    return lambda Z: np.asarray(meta(Z))[:, 0]


def egobox_gp(kernel):
    def fit(X, y, seed):
        import egobox

        spec = getattr(egobox.CorrelationSpec, kernel)
        model = egobox.Gpx.builder(corr_spec=spec, seed=seed).fit(X, y[:, None])
        return lambda Z: np.asarray(model.predict(Z)).reshape(-1)

    return fit


def libkriging(kernel):
    def fit(X, y, seed):
        import pylibkriging

        method = "BFGS20" if len(y) <= 100 else "BFGS"
        model = pylibkriging.Kriging(y, X, kernel, "constant", False, method, "LL")
        return lambda Z: np.asarray(model.predict(Z, False, False, False)[0]).reshape(-1)

    return fit


def lightgbm_trees(X, y, seed):
    import lightgbm

    model = lightgbm.LGBMRegressor(
        n_estimators=500,
        learning_rate=0.05,
        num_leaves=15,
        min_child_samples=5,
        random_state=seed,
        n_jobs=1,
        verbose=-1,
    ).fit(X, y)
    return model.predict


def xgboost_trees(X, y, seed):
    import xgboost

    model = xgboost.XGBRegressor(n_estimators=500, learning_rate=0.05, max_depth=3, subsample=0.5, random_state=seed,
                                 n_jobs=1).fit(X, y)  # fmt: skip
    return model.predict


MODELS = {
    "ours": {"ours": ours},
    "peers": {
        "openturns pce": openturns_pce,
        "libkriging matern52": libkriging("matern5_2"),
        "libkriging gauss": libkriging("gauss"),
        "egobox matern52": egobox_gp("MATERN52"),
        "egobox squared": egobox_gp("SQUARED_EXPONENTIAL"),
        "sklearn gpr": sklearn_gpr,
        "openturns gpr": openturns_gpr,
        "lightgbm": lightgbm_trees,
        "xgboost": xgboost_trees,
    },
    "smt": {"smt squared": smt_kriging("squar_exp"), "smt matern52": smt_kriging("matern52")},
}
PACKAGES = ("numpy", "scipy", "smt", "openturns", "egobox", "pylibkriging", "lightgbm", "xgboost-cpu", "scikit-learn")

NOTE = (
    "Made by `benchmarks/emulators.py`. Latin hypercubes, the same for everybody; 4,096 unseen Sobol points. "
    "Errors: median over the seeds 0 to 2 (SMT at 200 runs: the first seed). Below 1e-20 they are rounding, "
    "and count as 1e-20 in a ratio. "
    "Intervals: nominal 0.95, mean over as many seeds as the column says, their least, and the median width. CPU "
    "seconds of the whole call, all candidates and the choice included, on a computer that others used too. "
)


def measure(fit, function, n, seed):
    X = qmc.LatinHypercube(function.d, rng=seed).random(n)
    Z = qmc.Sobol(function.d, rng=12345).random(TEST_POINTS)
    truth = np.asarray(function(Z), dtype=float)
    started = process_time()
    fitted = fit(X, np.asarray(function(X), dtype=float), seed)
    seconds = process_time() - started
    predict, kind = fitted if isinstance(fitted, tuple) else (fitted, "")
    answer = predict(Z)
    row = {"seconds": round(seconds, 3), "kind": kind}
    if isinstance(answer, tuple):
        answer, lower, upper = answer
        row["interval_coverage"] = float(np.mean((lower <= truth) & (truth <= upper)))
        row["interval_width"] = float(np.mean(upper - lower) / np.sqrt(truth.var(axis=0).mean()))
    return {"error": float(np.mean((answer - truth) ** 2) / truth.var(axis=0).mean()), **row}


def models(group, suite):
    """Return the models of a group; of fields, peers fit the coefficients of modes."""
    if suite != "field" or group == "ours":
        return MODELS[group]
    own = {"openturns field chaos": openturns_field_chaos} if group == "peers" else {}
    return own | {f"modes + {name}": on_modes(fit) for name, fit in MODELS[group].items()}


def run(group, suite, seeds, sizes, path):
    done = {(r["model"], r["function"], r["n"], r["seed"]) for r in read(path) if r["error"] is not None}
    for n in sizes:
        for seed in range(seeds):
            for function in _SUITES[suite]:
                for name, fit in models(group, suite).items():
                    if (name, function.name, n, seed) in done:
                        continue
                    try:
                        with warnings.catch_warnings():
                            warnings.simplefilter("ignore")
                            row = measure(fit, function, n, seed)
                    except Exception as error:
                        row = {"error": None, "note": repr(error)[:200]}
                    row = {"suite": suite, "model": name, "function": function.name, "n": n, "seed": seed, **row}
                    with path.open("a") as file:
                        file.write(json.dumps(row) + "\n")
                    print(row, flush=True)


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def median_errors(rows):
    """Median error by cell and model, over the seeds that both we and peers have been run with."""
    done = [r for r in rows if r["error"] is not None]
    ours, peers = (
        {(r["function"], r["n"], r["seed"]) for r in done if (r["model"] == "ours") is own} for own in (True, False)
    )
    cells = defaultdict(lambda: defaultdict(list))
    for r in done:
        if (r["function"], r["n"], r["seed"]) in ours & peers:
            cells[r["function"], r["n"]][r["model"]].append(r["error"])
    return {cell: {model: float(np.median(e)) for model, e in models.items()} for cell, models in cells.items()}


def table(rows, suite):
    """Markdown of one suite: a row a cell, ours, the best peer and their ratio."""
    rows = [r for r in rows if r["suite"] == suite]
    own = [r for r in rows if r["model"] == "ours" and r["error"] is not None]
    lines = [
        f"\n## Suite: {suite}\n",
        "| function | n | ours | best peer | | ratio | chosen | seeds | intervals hold | least | width / sd | CPU s |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    ratios, coverages = [], []
    for (name, n), errors in median_errors(rows).items():
        mine = errors.pop("ours", None)
        if mine is None or not errors:
            continue
        peer = min(errors, key=errors.get)
        ratios.append(max(mine, ROUNDING) / max(errors[peer], ROUNDING))
        here = [r for r in own if (r["function"], r["n"]) == (name, n)]
        mean = {key: np.mean([r[key] for r in here]) for key in ("interval_coverage", "seconds")}
        kinds = ", ".join(sorted({r["kind"] for r in here}))
        lines.append(
            f"| {name} | {n} | {mine:.1e} | {errors[peer]:.1e} | {peer} | {ratios[-1]:.2f} | {kinds} | {len(here)} "
            f"| {mean['interval_coverage']:.3f} | {min(r['interval_coverage'] for r in here):.2f} "
            f"| {np.median([r['interval_width'] for r in here]):.2g} | {mean['seconds']:.1f} |"
        )
        coverages.append(mean["interval_coverage"])
    if ratios:
        lines.append(
            f"\nGeometric mean of the ratios {np.exp(np.mean(np.log(ratios))):.2f} (with none counted below a tenth "
            f"{np.exp(np.mean(np.log(np.maximum(ratios, 0.1)))):.2f}), worst {max(ratios):.2f}, "
            f"cells above 2: {sum(r > 2 for r in ratios)} of {len(ratios)}. Interval coverage: mean over cells "
            f"{np.mean(coverages):.3f}, least cell {min(coverages):.3f}."
        )
    return lines


def write_table(path):
    versions = []
    for package in PACKAGES:
        try:
            versions.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            versions.append(f"{package} absent")
    rows = read(path)
    text = ["# Emulators: 1 - Q2 from 50, 100 and 200 runs\n", NOTE + "; ".join(versions) + "."]
    for suite in _SUITES:
        text += table(rows, suite) if any(r["suite"] == suite for r in rows) else []
    path.with_suffix(".md").write_text("\n".join(text) + "\n")
    print("\n".join(text))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", choices=MODELS)
    parser.add_argument("--suite", choices=_SUITES, default="named")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--results", type=Path, default=RESULTS / "emulators.jsonl")
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args()
    arguments.results.parent.mkdir(parents=True, exist_ok=True)
    if arguments.models:
        run(arguments.models, arguments.suite, arguments.seeds, arguments.sizes, arguments.results)
    if arguments.table:
        write_table(arguments.results)


if __name__ == "__main__":
    main()
