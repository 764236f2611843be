"""Formulas of one row, compiled: imported only when a model is asked for its fast form."""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np


@numba.njit(cache=True, nogil=True)
def natural(x: Any, source: Any, code: Any) -> Any:
    """Make columns of 0 and 1 of categories; numbers stay in natural units."""
    z = np.empty(len(source))
    for j in range(len(source)):
        value = x[source[j]]
        if code[j] < 0:
            z[j] = value
        else:
            z[j] = 1.0 if value == code[j] else 0.0
    return z


@numba.njit(cache=True, nogil=True)
def scaled(x: Any, source: Any, code: Any, on_log: Any, low: Any, width: Any, tiny: float) -> Any:
    """Scale the inputs as the smooth formulas take them."""
    u = natural(x, source, code)
    for j in range(len(source)):
        if on_log[j]:
            u[j] = math.log(max(u[j], tiny) / low[j]) / width[j]
        elif code[j] < 0:
            u[j] = (u[j] - low[j]) / width[j]
    return u


@numba.njit(cache=True, nogil=True)
def trees(z: Any, roots: Any, steps: int, feature: Any, cut: Any, first: Any, value: Any, base: float) -> float:
    """Walk all trees side by side; leaves wait, and are added in the order of the trees."""
    node = roots.copy()
    for _ in range(steps):
        for tree in range(len(roots)):
            at = node[tree]
            node[tree] = first[at] + (z[feature[at]] >= cut[at])
    total = 0.0
    for tree in range(len(roots)):
        total += value[node[tree]]
    return base + total


@numba.njit(cache=True, nogil=True)
def polynomial(u: Any, location: Any, width: Any, degrees: Any, coefficients: Any) -> float:
    """Sum of products of Legendre polynomials."""
    highest = degrees.max() if degrees.size else 0
    values = np.ones((len(u), highest + 2))
    for j in range(len(u)):
        t = 2.0 * (u[j] - location[j]) / width[j] - 1.0
        values[j, 1] = t
        for k in range(1, highest):
            values[j, k + 1] = ((2 * k + 1) * t * values[j, k] - k * values[j, k - 1]) / (k + 1)
    total = 0.0
    for i in range(len(coefficients)):
        term = coefficients[i]
        for j in range(len(u)):
            term *= values[j, degrees[i, j]]
        total += term
    return total


@numba.njit(cache=True, nogil=True)
def correlated(r2: float, correlation: int) -> float:
    """Evaluate a correlation: 0 is the squared exponential, 5 and 7 are Matern 5/2 and 7/2, 1 and 3 distances."""
    if correlation == 0:
        return math.exp(-0.5 * r2)
    if correlation == 1:
        return math.sqrt(r2)
    if correlation == 3:
        return r2 * math.sqrt(r2)
    s = math.sqrt(correlation * r2)
    if correlation == 5:
        return (1.0 + s + s * s / 3.0) * math.exp(-s)
    return (1.0 + s * (1.0 + s * (0.4 + s / 15.0))) * math.exp(-s)


@numba.njit(cache=True, nogil=True)
def universal_kriging(
    u: Any, correlation: int, points: Any, inverse: Any, weights: Any, interaction: float,
    location: Any, width: Any, degrees: Any, coefficients: Any,
) -> float:  # fmt: skip
    """Polynomial trend and products of correlations with damped interactions."""
    product = np.ones(len(weights))
    for j in range(len(inverse)):
        for i in range(len(weights)):
            difference = (u[j] - points[j, i]) * inverse[j]
            product[i] *= (1.0 + interaction * correlated(difference * difference, correlation)) / (1.0 + interaction)
    total = 0.0
    for i in range(len(weights)):
        total += weights[i] * product[i]
    return polynomial(u, location, width, degrees, coefficients) + total


@numba.njit(cache=True, nogil=True)
def kriging(u: Any, correlation: int, points: Any, inverse: Any, weights: Any, trend: float) -> float:
    """Level and the sum of the correlations with all runs."""
    r2 = np.zeros(len(weights))
    for j in range(len(inverse)):  # along memory: one input of all runs after the other
        for i in range(len(weights)):
            difference = (u[j] - points[j, i]) * inverse[j]
            r2[i] += difference * difference
    total = 0.0
    for i in range(len(weights)):
        total += weights[i] * correlated(r2[i], correlation)
    return trend + total


@numba.njit(cache=True, nogil=True)
def radial(
    u: Any, correlation: int, points: Any, inverse: Any, weights: Any,
    location: Any, width: Any, degrees: Any, coefficients: Any,
) -> float:  # fmt: skip
    """Polynomial trend and the sum of functions of the distances to all runs."""
    trend = polynomial(u, location, width, degrees, coefficients)
    return kriging(u, correlation, points, inverse, weights, trend)


@numba.njit(cache=True, nogil=True)
def network(u: Any, widths: Any, weights: Any, biases: Any, members: int, activation: int) -> float:
    """Sum of the members; tables follow each other layer by layer, member by member in a layer."""
    total, last = 0.0, len(widths) - 2
    most = widths.max()
    h, after = np.empty(most), np.empty(most)
    for member in range(members):
        h[: widths[0]] = u
        at, start = 0, 0
        for layer in range(last + 1):
            n, units = widths[layer], widths[layer + 1]
            for b in range(units):
                after[b] = biases[start + member * units + b]
            for a in range(n):
                row = at + (member * n + a) * units
                for b in range(units):
                    after[b] += h[a] * weights[row + b]
            if layer < last:
                for b in range(units):
                    s = after[b]
                    if activation == 0:
                        h[b] = math.tanh(s)
                    elif activation == 1:
                        h[b] = max(s, 0.0)
                    else:
                        h[b] = 0.5 + 0.5 * math.tanh(0.5 * s)
            at += members * n * units
            start += members * units
        total += after[0]
    return total
