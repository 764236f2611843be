"""Test functions with local features, and smooth ones without, all of the unit cube: shape (n, d) -> (n,).

Written from the papers that are named; the engineering functions are those of `sims.functions`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from sims.functions import Borehole, Ishigami, OTLCircuit, Piston, WingWeight


@dataclass(frozen=True)
class Function:
    """A function of the unit cube."""

    name: str
    d: int
    local: bool  # whether most of its variation happens in a small part of the space
    of: Callable[[np.ndarray], np.ndarray]

    def __call__(self, u):
        return self.of(u)


def _of_simulator(simulator):
    def run(u):
        inputs = {name: column.to_numpy() for name, column in simulator.space.from_unit(u).items()}
        answer = simulator(**inputs)
        return np.asarray(next(iter(answer.values())) if isinstance(answer, dict) else answer)

    return run


def gramacy_lee(u):
    """Gramacy & Lee 2009, Adaptive design and analysis of supercomputer experiments, Technometrics 51: on [-2, 6]^2."""
    x = 8 * u - 2
    return x[:, 0] * np.exp(-(x**2).sum(axis=1))


def easom(u):
    """Easom 1990, on [-3, 9]^2."""
    x = 12 * u - 3
    return -np.cos(x).prod(axis=1) * np.exp(-((x - np.pi) ** 2).sum(axis=1))


def gaussian_peak(u):
    """Genz 1984, Testing multidimensional integration routines: Gaussian family, in three dimensions."""
    return np.exp(-((6 * (u - [0.3, 0.6, 0.7])) ** 2).sum(axis=1))


def branin_peak(u):
    """Branin 1972 with a narrow peak on it."""
    x, y = 15 * u[:, 0] - 5, 15 * u[:, 1]
    branin = (y - 5.1 / (4 * np.pi**2) * x**2 + 5 / np.pi * x - 6) ** 2 + 10 * (1 - 1 / (8 * np.pi)) * np.cos(x) + 10
    return branin / 50 + 8 * np.exp(-((u[:, 0] - 0.7) ** 2 + (u[:, 1] - 0.75) ** 2) / (2 * 0.05**2))


def oscillator(u):
    """Steady amplitude of a driven damped oscillator m x'' + c x' + k x = F cos(w t), over w, c and F: a resonance."""
    ratio, damping, force = 0.2 + 3.8 * u[:, 0], 0.1 + 0.3 * u[:, 1], 0.5 + u[:, 2]
    return force / np.sqrt((1 - ratio**2) ** 2 + (2 * damping * ratio) ** 2)


def front(u):
    """Return a steep curved front around one corner: the tanh step of adaptive mesh refinement (Mitchell 2013)."""
    return np.tanh(20 * (0.35 - np.hypot(u[:, 0], u[:, 1])))


def michalewicz(u):
    """Michalewicz 1992, m = 5, in two dimensions."""
    x = np.pi * u
    return (
        -np.sin(x[:, 0]) * np.sin(x[:, 0] ** 2 / np.pi) ** 10 - np.sin(x[:, 1]) * np.sin(2 * x[:, 1] ** 2 / np.pi) ** 10
    )


def franke(u):
    """Franke 1979."""
    x, y = 9 * u.T
    hills = 0.75 * np.exp(-((x - 2) ** 2 + (y - 2) ** 2) / 4) + 0.75 * np.exp(-((x + 1) ** 2) / 49 - (y + 1) / 10)
    return hills + 0.5 * np.exp(-((x - 7) ** 2 + (y - 3) ** 2) / 4) - 0.2 * np.exp(-((x - 4) ** 2) - (y - 7) ** 2)


def gramacy_lee_6(u):
    """Gramacy & Lee 2009: six inputs, two of them inert, fast oscillation at one end of the first."""
    return np.exp(np.sin((0.9 * (u[:, 0] + 0.48)) ** 10)) + u[:, 1] * u[:, 2] + u[:, 3]


def bumps(d, seed, widths):
    """Return two random Gaussian bumps on a random quadratic trend."""
    rng = np.random.default_rng(seed)
    centers, widths = 0.15 + 0.7 * rng.random((2, d)), rng.uniform(*widths, 2)
    heights = rng.choice([-1.0, 1.0], 2) * rng.uniform(1.5, 3.0, 2)
    linear, square = rng.normal(size=(2, d))

    def run(u):
        apart = np.square(u[:, None] - centers).sum(axis=2)
        return u @ linear + 0.5 * u**2 @ square + np.exp(-apart / (2 * widths**2)) @ heights

    return run


def wave_packet(u):
    """Return an oscillation under a Gaussian envelope, on a square."""
    apart = u - [0.6, 0.35]
    return np.sin(25 * apart[:, 0]) * np.exp(-(apart**2).sum(axis=1) / (2 * 0.12**2)) + u.sum(axis=1) ** 2 / 2


def oblique_front(u):
    """Return a steep plane front at an angle to all axes, on a slope."""
    return np.tanh(20 * ((u - 0.5) @ [0.83, -0.56] + 0.1)) + 0.3 * u[:, 0]


def boundary_layer(u):
    """Return what decays fast from one side, and waves everywhere, in three dimensions."""
    return np.exp(-20 * u[:, 0]) * (1 + np.sin(3 * u[:, 1])) + 0.3 * np.cos(2 * u @ [0.35, 0.82, 0.33])


def kink(u):
    """Return an absolute value along a slanted line, and a parabola."""
    return 2 * np.abs((u - 0.45) @ [0.39, 0.92]) + u[:, 0] ** 2


def currin(u):
    """Currin, Mitchell, Morris & Ylvisaker 1991."""
    x, y = u[:, 0], np.maximum(u[:, 1], 1e-12)
    return (
        (1 - np.exp(-1 / (2 * y)))
        * (2300 * x**3 + 1900 * x**2 + 2092 * x + 60)
        / (100 * x**3 + 500 * x**2 + 4 * x + 20)
    )


def friedman(u):
    """Friedman 1991, with five inert inputs."""
    return 10 * np.sin(np.pi * u[:, 0] * u[:, 1]) + 20 * (u[:, 2] - 0.5) ** 2 + 10 * u[:, 3] + 5 * u[:, 4]


def inert(u):
    """Four inputs of twenty matter."""
    return np.sin(4 * u[:, 3]) + 2 * u[:, 7] ** 2 + u[:, 11] * u[:, 15]


FUNCTIONS = (
    Function("gramacy_lee", 2, True, gramacy_lee),
    Function("easom", 2, True, easom),
    Function("gaussian_peak", 3, True, gaussian_peak),
    Function("branin_peak", 2, True, branin_peak),
    Function("oscillator", 3, True, oscillator),
    Function("front", 2, True, front),
    Function("bumps_2", 2, True, bumps(2, 1, (0.06, 0.12))),
    Function("bumps_3", 3, True, bumps(3, 2, (0.1, 0.2))),
    Function("wave_packet", 2, True, wave_packet),
    Function("oblique_front", 2, True, oblique_front),
    Function("boundary_layer", 3, True, boundary_layer),
    Function("kink", 2, True, kink),
    Function("michalewicz", 2, True, michalewicz),
    Function("franke", 2, False, franke),
    Function("gramacy_lee_6", 6, True, gramacy_lee_6),
    Function("currin", 2, False, currin),
    Function("borehole", 8, False, _of_simulator(Borehole())),
    Function("wing_weight", 10, False, _of_simulator(WingWeight())),
    Function("otl_circuit", 6, False, _of_simulator(OTLCircuit())),
    Function("piston", 7, False, _of_simulator(Piston())),
    Function("ishigami", 3, False, _of_simulator(Ishigami())),
    Function("friedman", 10, False, friedman),
    Function("inert", 20, False, inert),
)
