"""Test functions of engineering and of integration, with inputs on the unit cube; none served a choice in the package.

Most are in Surjanovic & Bingham's Virtual Library of Simulation Experiments. Inputs that are given there as normal or
lognormal variables go here over the range of plus and minus two standard deviations.
"""

from __future__ import annotations

import numpy as np
from published_functions import Function


def _scaled(u, *ranges):
    low, high = np.array(ranges).T
    return (low + u * (high - low)).T


def environmental(u):
    """Concentration 1.5 m away and 40 s after a spill: Bliznyuk et al. 2008."""
    mass, rate, place, time = _scaled(u, (7, 13), (0.02, 0.12), (0.01, 3), (30.01, 30.295))
    first = mass / np.sqrt(4 * np.pi * rate * 40) * np.exp(-(1.5**2) / (4 * rate * 40))
    later = 40 - time
    return first + mass / np.sqrt(4 * np.pi * rate * later) * np.exp(-((1.5 - place) ** 2) / (4 * rate * later))


def curved(u):
    """Dette & Pepelyshev 2010, highly curved."""
    x1, x2, x3 = u.T
    return 4 * (x1 - 2 + 8 * x2 - 8 * x2**2) ** 2 + (3 - 4 * x2) ** 2 + 16 * np.sqrt(x3 + 1) * (2 * x3 - 1) ** 2


def rosenbrock(u):
    """Fall into a curved valley: Rosenbrock 1960, four inputs."""
    x = 15 * u - 5
    return (100 * (x[:, 1:] - x[:, :-1] ** 2) ** 2 + (x[:, :-1] - 1) ** 2).sum(axis=1)


def ackley(u):
    """Waves around a funnel: Ackley 1987, three inputs from -2 to 2."""
    x = 4 * u - 2
    wide, waves = np.sqrt((x**2).mean(axis=1)), np.cos(2 * np.pi * x).mean(axis=1)
    return -20 * np.exp(-0.2 * wide) - np.exp(waves) + 20 + np.e


def corner_peak(u):
    """Genz 1984, five inputs."""
    return (1 + u @ np.array([1.0, 0.9, 0.8, 0.7, 0.6])) ** -6.0


def product_peak(u):
    """Genz 1984, four inputs."""
    return np.prod(1 / (0.3**2 + (u - 0.4) ** 2), axis=1)


def oscillatory(u):
    """Genz 1984, six inputs."""
    return np.cos(0.6 * np.pi + u @ np.array([3.0, 2.5, 2.0, 1.5, 1.0, 0.5]))


def steel_column(u):
    """Limit state of a steel column: Kuschel & Rackwitz 1997, nine inputs."""
    ranges = ((330, 470), (4e5, 6e5), (4.2e5, 7.8e5), (4.2e5, 7.8e5), (290, 310), (18, 22), (290, 310), (10, 50))
    fs, p1, p2, p3, b, t, h, f0 = _scaled(u[:, :8], *ranges)
    young, length, p = 201600 + 16800 * u[:, 8], 7500, p1 + p2 + p3
    euler = np.pi**2 * young * b * t * h**2 / (2 * length**2)
    return fs - p * (1 / (2 * b * t) + f0 / (b * t * h) * euler / (euler - p))


def flood(u):
    """Yearly cost of a dyke in millions: Iooss & Lemaitre 2015, eight inputs."""
    ranges = ((500, 3000), (15, 50), (49, 51), (54, 56), (7, 9), (55, 56), (4990, 5010), (295, 305))
    q, ks, zv, zm, hd, cb, length, width = _scaled(u, *ranges)
    s = zv + (q / (width * ks * np.sqrt((zm - zv) / length))) ** 0.6 - hd - cb
    return (s > 0) + (s <= 0) * (0.2 + 0.8 * (1 - np.exp(-1000 / np.minimum(s, -1e-9) ** 4))) + np.maximum(hd, 8) / 20


def short_column(u):
    """Limit state of a short column: Kuschel & Rackwitz 1997, five inputs."""
    y, m, p = _scaled(u[:, :3], (4, 6), (1200, 2800), (300, 700))
    b, h = _scaled(u[:, 3:], (5, 15), (15, 25))
    return 1 - 4 * m / (b * h**2 * y) - (p / (b * h * y)) ** 2


def kinks(u):
    """Two kinks, one along an axis and one across two, and a smooth part; four inputs."""
    return np.maximum(u[:, 0] - u[:, 1], 0) + np.abs(u[:, 2] - 0.37) + np.sin(3 * u[:, 3]) * u[:, 0]


def saturation(u):
    """Saturate steeply in a sum of three inputs; a fourth hardly counts."""
    return 1 / (1 + np.exp(-12 * (u[:, 0] + 0.7 * u[:, 1] + 0.4 * u[:, 2] ** 2 - 1.1))) + 0.05 * u[:, 3]


def decades(u):
    """Follow an Arrhenius law over twenty decades, five inputs."""
    temperature, energy = 300 + 900 * u[:, 0], 6e4 + 6e4 * u[:, 1]
    return 10 ** (2 * u[:, 2]) * np.exp(-energy / 8.314 / temperature) * (1 + u[:, 3]) / (1 + 3 * u[:, 4] ** 2)


_OF = {
    environmental: 4, curved: 3, rosenbrock: 4, ackley: 3, corner_peak: 5, product_peak: 4, oscillatory: 6,
    steel_column: 9, flood: 8, short_column: 5, kinks: 4, saturation: 4, decades: 5,
}  # fmt: skip
FUNCTIONS = tuple(Function(of.__name__.replace("_", " "), d, d, 0.0, of) for of, d in _OF.items())
