"""The text of which exported Python modules are made: numpy alone, a part a kind of model."""

from __future__ import annotations

HEAD = '''
import math

import numpy as np

INPUTS = {inputs}
OUTPUTS = {outputs}
_BLOCK = 1024


def predict(X):
    """Answer for the rows of X, shape (n, {d}): an array of shape (n,){several}.

    A row with something that is no number, or an unknown category, gets NaN.
    """
    X = np.asarray(X, dtype={dtype})
    if X.ndim != 2 or X.shape[1] != {d}:
        raise ValueError(f"X: expected shape (n, {d}), got {{X.shape}}.")
    parts = [_block(X[i : i + _BLOCK]) for i in range(0, len(X), _BLOCK)]
    return np.concatenate(parts) if parts else np.empty({empty})


def predict_one(x):
    """Answer for one row of {d} values: {one}."""
    if isinstance(x, np.ndarray):
        x = x.tolist()
    if not ({good_one}):
        return {nan_one}
{columns_one}    return {answers_one}


def _block(X):
    good = {good}
    X = np.where(good[:, None], X, {filler})
{columns}    answers = np.column_stack([{answers}])
    answers[~good] = np.nan
    return answers{squeeze}
'''

TREES = """

def _walk_one(z, trees, base):
    roots, feature, cut, first, value = trees
    total = 0.0
    for node in roots:
        below = first[node]
        while below != node:
            node = below + (z[feature[node]] >= cut[node])
            below = first[node]
        total += value[node]
    return base + total


def _walk(Z, tables, base):
    roots, steps, feature, cut, first, value = tables
    rows = np.arange(len(Z))[:, None]
    node = np.broadcast_to(roots, (len(Z), len(roots)))
    for _ in range(steps):
        node = first[node] + (Z[rows, feature[node]] >= cut[node])
    return base + np.cumsum(value[node], axis=1)[:, -1]


def _tables(roots, steps, feature, cut, first, value):
    arrays = [np.array(a) for a in (roots, feature, cut, first, value)]
    return arrays[0], steps, *arrays[1:]
"""

KRIGING = """

def _kriging(U, points, inverse, weights, trend, interaction):
    # Differences, not the expanded square, so that nothing cancels.
    total = [_correlations(u, points, inverse, interaction).dot(weights) for u in U]
    return (trend if type(trend) is float else _polynomial(U, *trend)) + np.array(total)


def _kriging_one(u, points, inverse, weights, trend, interaction):
    total = float(_correlations(np.array(u), points, inverse, interaction).dot(weights))
    return (trend if type(trend) is float else _polynomial_one(u, *trend)) + total


def _correlations(u, points, inverse, interaction):
    d = points - u * inverse
    if interaction is None:
        return _correlation(np.einsum("ij,ij->i", d, d))
    return ((1.0 + interaction * _correlation(d * d)) / (1.0 + interaction)).prod(axis=1)


def _correlation(r2, kind={kind!r}):
    if kind == "squared_exponential":
        return np.exp(-0.5 * r2)
    if kind == "distance":
        return np.sqrt(r2)
    if kind == "cube":
        return r2 * np.sqrt(r2)
    s = np.sqrt((5.0 if kind == "matern52" else 7.0) * r2)
    if kind == "matern52":
        return (1.0 + s + s * s / 3.0) * np.exp(-s)
    return (1.0 + s * (1.0 + s * (0.4 + s / 15.0))) * np.exp(-s)
"""

POLYNOMIALS = """

def _polynomial(U, location, width, degrees, coefficients):
    t = 2.0 * (U - location) / width - 1.0
    values = [np.ones_like(t), t]
    for k in range(1, degrees.max(initial=0)):
        values.append(((2 * k + 1) * t * values[k] - k * values[k - 1]) / (k + 1))
    values, terms = np.array(values), np.ones((len(degrees), len(t)))
    for j in range(t.shape[1]):
        terms *= values[degrees[:, j], :, j]
    return coefficients @ terms


def _polynomial_one(u, *tables):
    return float(_polynomial(np.array(u)[None], *tables)[0])
"""

WARP = """

def _warp(z, power, center, spread, low, high):
    z = np.minimum(np.maximum(z, low), high)
    if power is None:
        return spread * np.exp(z)
    above, below = _unwarp(np.maximum(z, 0.0), power), -_unwarp(np.maximum(-z, 0.0), 2.0 - power)
    return center + spread * np.where(z >= 0.0, above, below)


def _unwarp(z, power):
    return np.expm1(z) if power == 0.0 else np.expm1(np.log1p(power * z) / power)
"""

ACTIVATIONS = {
    "tanh": "np.tanh({})",
    "relu": "np.maximum({}, 0.0)",
    "logistic": "0.5 + 0.5 * np.tanh(0.5 * ({}))",
}

# What each activation takes to exactly 1.
SATURATED = {"tanh": 40.0, "relu": 1.0, "logistic": 80.0}

CLASSES = """

def _softmax(S):
    S = np.exp(S - S.max(axis=-1, keepdims=True))
    return S / S.sum(axis=-1, keepdims=True)


def _class_walk(Z, tables, base, scores):
    roots, steps, feature, cut, first, value = tables
    rows = np.arange(len(Z))[:, None]
    node = np.broadcast_to(roots, (len(Z), len(roots)))
    for _ in range(steps):
        node = first[node] + (Z[rows, feature[node]] >= cut[node])
    total = np.broadcast_to(base, (len(Z), len(base)))
    for tree in range(len(roots)):
        total = total + value[node[:, tree]]
    return _softmax(total) if scores else total


def _class_walk_one(z, trees, base, scores):
    roots, feature, cut, first, value = trees
    total = base
    for node in roots:
        below = first[node]
        while below != node:
            node = below + (z[feature[node]] >= cut[node])
            below = first[node]
        total = [a + b for a, b in zip(total, value[node])]
    return _softmax(np.array(total)).tolist() if scores else total
"""

NETWORKS = """

def _with_biases(W, B, one):
    # The last input is always 1 and carries the biases; so is the last unit, for the layer that follows.
    n, units = W.shape
    A = np.zeros((n + 1, units + 1))
    A[:n, :units], A[n, :units], A[n, units] = W, B, one
    return A
"""
