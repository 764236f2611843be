"""Fields over the unit cube of their inputs: a pulse, the solution of an ordinary differential equation, a front.

None of them is of finite rank: pulse and front move with their inputs, which modes describe slowly.
"""

from __future__ import annotations

import numpy as np
from published_functions import Function


def _between(u, *limits):
    low, high = np.array(limits).T
    return (low + u * (high - low)).T[:, :, None]


def pulse(u, size=1_000):
    """Return a damped oscillation over time with a pulse; speed and damping, place and width."""
    t = np.linspace(0.0, 1.0, size)
    speed, damping, place, width = _between(u, (0.5, 1.5), (0.1, 1.0), (0.2, 0.8), (0.05, 0.2))
    return np.exp(-3 * damping * t) * np.cos(12 * speed * t) + np.exp(-(((t - place) / width) ** 2))


def prey(u, size=200):
    """Prey of Lotka and Volterra over two to three cycles (Runge-Kutta); four rates and how many there were."""
    growth, predation, death, gain, first = _between(u, (0.4, 0.9), (0.3, 0.6), (0.6, 1.2), (0.3, 0.6), (0.5, 2.0))
    state = np.stack([first, np.ones_like(first)])

    def rate(s):
        return np.stack([s[0] * (growth - predation * s[1]), s[1] * (gain * s[0] - death)])

    step = 15.0 / (size - 1) / 4
    answers = [state[0]]
    for _ in range(size - 1):
        for _ in range(4):
            k1 = rate(state)
            k2 = rate(state + step / 2 * k1)
            k3 = rate(state + step / 2 * k2)
            k4 = rate(state + step * k3)
            state = state + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        answers.append(state[0])
    return np.concatenate(answers, axis=1)


def front(u, size=500):
    """Return a travelling wave of Burgers' equation; states left and right, viscosity, start."""
    x = np.linspace(0.0, 1.0, size)
    left, right, viscosity, start = _between(u, (0.6, 1.4), (0.1, 0.4), (0.01, 0.05), (0.1, 0.3))
    middle, half = (left + right) / 2, (left - right) / 2
    return middle - half * np.tanh(half / (2 * viscosity) * (x - start - 0.5 * middle))


def reaction(u, size=300):
    """Second of three substances in a chain of reactions with rates over decades (Arrhenius); six inputs."""
    t = np.linspace(0.0, 5.0, size)
    heat, first, second, fast, slow, amount = _between(
        u, (350.0, 450.0), (50e3, 60e3), (55e3, 65e3), (6.5, 7.5), (6.8, 7.8), (0.5, 1.5)
    )
    rates = [10**power * np.exp(-energy / 8.314 / heat) for power, energy in ((fast, first), (slow, second))]
    apart = rates[1] - rates[0]
    apart = np.where(np.abs(apart) < 1e-9, 1e-9, apart)
    return amount * rates[0] / apart * (np.exp(-rates[0] * t) - np.exp(-rates[1] * t))


FIELDS = {
    f.name: f
    for f in (
        Function("pulse", 4, 4, 0.0, pulse), Function("prey", 5, 5, 0.0, prey), Function("front", 4, 4, 0.0, front),
        Function("reaction", 6, 6, 0.0, reaction),
    )
}  # fmt: skip
