"""Test functions of the REDS publication, written from the papers that introduced them.

All are functions of the unit cube, shape (n, d) -> (n,); a case of interest is a value below the threshold. Thresholds
are those of Arzamasov & Boehm 2021 (SIGMOD '21), inputs without influence included. Formulas as in the papers that are
named, and as listed by Surjanovic & Bingham, Virtual Library of Simulation Experiments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sims.functions import Ishigami, OTLCircuit, Piston, WingWeight


@dataclass(frozen=True)
class Function:
    """A function of the unit cube, with the threshold below which a value is a case."""

    name: str
    d: int
    informative: int
    threshold: float
    of: Callable[[np.ndarray], np.ndarray]

    def __call__(self, u):
        return self.of(u)


def of_simulator(simulator):
    def run(u):
        inputs = {name: column.to_numpy() for name, column in simulator.space.from_unit(u).items()}
        answer = simulator(**inputs)
        return np.asarray(next(iter(answer.values())) if isinstance(answer, dict) else answer)

    return run


_HARTMANN = np.array([1.0, 1.2, 3.0, 3.2])


def hartmann3(u):
    """Hartman 1973; Dixon & Szegoe 1978."""
    a = np.array([[3, 10, 30], [0.1, 10, 35], [3, 10, 30], [0.1, 10, 35]])
    p = 1e-4 * np.array([[3689, 1170, 2673], [4699, 4387, 7470], [1091, 8732, 5547], [381, 5743, 8828]])
    return -np.exp(-(a * (u[:, None, :] - p) ** 2).sum(axis=2)) @ _HARTMANN


def sobol_g(u):
    """Saltelli & Sobol' 1995."""
    a = np.array([0, 1, 4.5, 9, 99, 99, 99, 99])
    return np.prod((np.abs(4 * u - 2) + a) / (1 + a), axis=1)


def loeppky(u):
    """Loeppky, Williams & Moore 2013."""
    x = u.T
    return (6 * x[0] + 4 * x[1] + 5.5 * x[2] + 3 * x[0] * x[1] + 2.2 * x[0] * x[2] + 1.4 * x[1] * x[2] + x[3]
            + 0.5 * x[4] + 0.2 * x[5] + 0.1 * x[6])  # fmt: skip


def moon_c1(u):
    """Moon 2010, her high-dimensional function C1."""
    x = u.T
    return -19.71 * x[0] * x[17] + 23.72 * x[0] * x[18] - 13.34 * x[18] ** 2 + 28.99 * x[6] * x[11]


def welch(u):
    """Welch, Buck, Sacks, Wynn, Mitchell & Morris 1992."""
    x = u.T - 0.5
    return (5 * x[11] / (1 + x[0]) + 5 * (x[3] - x[19]) ** 2 + x[4] + 40 * x[18] ** 3 - 5 * x[18] + 0.05 * x[1]
            + 0.08 * x[2] - 0.03 * x[5] + 0.03 * x[6] - 0.09 * x[8] - 0.01 * x[9] - 0.07 * x[10] + 0.25 * x[12] ** 2
            - 0.04 * x[13] + 0.06 * x[14] - 0.01 * x[16] - 0.03 * x[17])  # fmt: skip


def williams(u):
    """Williams, Higdon, Gattiker, Moore, McKay & Keller-McNulty 2006."""
    return (u[:, 0] + 1) * np.cos(np.pi * u[:, 1])


def morris(u):
    """Morris 1991, with the coefficients of Saltelli, Chan & Scott 2000 where he drew them at random."""
    w = 2 * (u - 0.5)
    for i in (2, 4, 6):
        w[:, i] = 2 * (1.1 * u[:, i] / (u[:, i] + 0.1) - 0.5)
    i = np.arange(1, 21)
    first = np.where(i <= 10, 20.0, (-1.0) ** i)
    second = np.triu((-1.0) ** (i[:, None] + i), 1)
    second[:6, :6] = np.triu(np.full((6, 6), -15.0), 1)
    y = w @ first + np.einsum("ni,ij,nj->n", w, second, w)
    for triple in [(a, b, c) for a in range(5) for b in range(a) for c in range(b)]:
        y = y - 10 * w[:, triple].prod(axis=1)
    return y + 5 * w[:, :4].prod(axis=1)


FUNCTIONS = (
    Function("ishigami", 3, 3, 1.0, of_simulator(Ishigami())),
    Function("hart3", 3, 3, -1.0, hartmann3),
    Function("willetal06", 3, 2, -1.0, williams),
    Function("otlcircuit", 6, 6, 4.5, of_simulator(OTLCircuit())),
    Function("piston", 7, 7, 0.4, of_simulator(Piston())),
    Function("wingweight", 10, 10, 250.0, of_simulator(WingWeight())),
    Function("sobol", 8, 8, 0.7, sobol_g),
    Function("loepetal13", 10, 7, 9.0, loeppky),
    Function("moon10hdc1", 20, 5, 0.0, moon_c1),
    Function("welchetal92", 20, 18, 0.0, welch),
    Function("morris", 20, 20, 20.0, morris),
)
