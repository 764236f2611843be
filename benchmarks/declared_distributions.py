"""Sparse chaos of inputs with declared distributions: polynomials orthonormal under them against those of Legendre.

    OMP_NUM_THREADS=1 python benchmarks/declared_distributions.py

Writes results/declared_distributions.md in a minute. Latin hypercubes in probability; errors on 20,000 fresh draws from
the same distributions.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.stats import beta, gamma, lognorm, norm, uniform
from versions import versions

from surrogate import LatinHypercube, Real, Space
from surrogate.models.emulators import PolynomialChaos
from surrogate.models.emulators.orthogonal_basis import declared_bases

SEEDS = range(5)


def lognormal(mean, deviation):
    spread = np.sqrt(np.log1p((deviation / mean) ** 2))
    return lognorm(spread, scale=mean * np.exp(-(spread**2) / 2))


def anything(distribution, **more):
    return Real(*map(float, distribution.support()), distribution=distribution, **more)


def cantilever(x):
    """Displacement of a beam's end under two loads, all inputs normal (Wu et al. 1990)."""
    load, push, module = x.T
    return 4 * 100**3 / (module * 2.4 * 3.9) * np.hypot(load / 3.9**2, push / 2.4**2)


def short_column(x):
    """Limit state of a column, yield stress lognormal, loads normal (Kuschel & Rackwitz 1997)."""
    stress, moment, force = x.T
    return 1 - 4 * moment / (5 * 15**2 * stress) - force**2 / (5**2 * 15**2 * stress**2)


def oscillation(x):
    """Ishigami's function of inputs that are mostly in the middle, beta, one of them skewed, gamma."""
    return np.sin(x[:, 0]) + 7 * np.sin(x[:, 1]) ** 2 + 0.1 * x[:, 2] ** 4 * np.sin(x[:, 0])


CASES = {
    "cantilever (normal)": (
        cantilever, {"y": norm(1000, 100), "x": norm(500, 100), "e": norm(2.9e7, 1.45e6)}),
    "short column (lognormal, normal)": (
        short_column, {"stress": lognormal(5, 0.5), "moment": norm(2000, 400), "force": norm(500, 100)}),
    "Ishigami (beta, gamma, uniform)": (
        oscillation,
        {"a": beta(3, 3, loc=-np.pi, scale=2 * np.pi), "b": gamma(4, scale=0.4), "c": uniform(-np.pi, 2 * np.pi)}),
}  # fmt: skip


def errors(function, distributions, n, seed):
    space = Space({name: anything(one) for name, one in distributions.items()})
    X = LatinHypercube(n, seed).sample(space)
    fresh = np.column_stack([one.rvs(20_000, random_state=i) for i, one in enumerate(distributions.values())])
    y, truth = function(X.to_numpy()), function(fresh)
    answers = []
    for bases in (declared_bases(space), None):
        record = PolynomialChaos(bases=bases).fit(space.features(X), y).record_
        answers.append(np.mean((record.predict(space.features(fresh)) - truth) ** 2) / truth.var())
    return answers


def main():
    lines = []
    for name, (function, distributions) in CASES.items():
        for n in (50, 100, 200):
            own, legendre = np.median([errors(function, distributions, n, seed) for seed in SEEDS], axis=0)
            lines.append(f"| {name} | {n} | {own:.1e} | {legendre:.1e} | {own / legendre:.2f} |")
            print(lines[-1], flush=True)
    text = [
        "# Chaos of inputs with declared distributions\n",
        "`python benchmarks/declared_distributions.py`: 1 - Q2 on 20,000 fresh draws from the distributions, median "
        f"over five Latin hypercubes. {versions()}\n",
        "| function | runs | orthonormal under the distributions | Legendre over the range | ratio |",
        "|---|---|---|---|---|",
        *lines,
    ]
    (Path(__file__).parent / "results" / "declared_distributions.md").write_text("\n".join(text) + "\n")


if __name__ == "__main__":
    main()
