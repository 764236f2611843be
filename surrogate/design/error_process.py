"""Where an emulator is expected to err, from its errors at runs that it had not seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from surrogate.space import Categorical, Integer, Space

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_NUGGET = 1e-6
_STEP = 0.02  # of the unit cube: short beside what runs can resolve, long beside rounding
_NEIGHBOURS = 3  # runs whose errors make the local scale
_PRIOR_RUNS = 0.2  # how many average runs stand beside them, so that nowhere the scale is one run's luck
_LEAST_SCALE = 1e-4  # of the mean: a run that was met by chance does not silence its neighbourhood
_LEAST_LENGTH = 0.05
_PRIOR_SPREAD = 20.0  # logarithms of single errors have a variance of 5: a slope is believed from some runs on
_MOST_SLOPE = 1.5
_REACH, _LONGEST_WAY = 0.5, 0.3  # of a length scale, and of the unit cube: how far local variation looks
_WAYS = 4
_LEAST_VARIATION = 1e-4
_ISOTROPIC = (0.08, 0.15, 0.3, 0.6, 1.2)  # times the root of the number of features


def matern52(A: Floats, B: Floats) -> Floats:
    """Matern 5/2 correlation of points scaled by their length scales, shapes (n, p), (m, p) -> (n, m)."""
    from scipy.spatial.distance import cdist

    distance = cdist(A, B)
    distance *= np.sqrt(5.0)
    correlation: Floats = (1.0 + distance + distance * distance / 3.0) * np.exp(-distance)
    return correlation


class ErrorProcess:
    """A Gaussian process of an emulator's errors whose size varies from place to place.

    Its correlation has the emulator's own length scales, so it is small near runs along inputs that matter. Its local
    size comes from the errors at the nearest runs, each over what the correlation alone would make of it: where the
    simulator is rougher than the emulator believes, errors are larger than their distance to runs explains.

    Parameters
    ----------
    features : ndarray of shape (n, p)
        Runs.
    errors : ndarray of shape (n,)
        Error at each run of an emulator that had not seen it.
    lengths : ndarray of shape (p,)
        Length scales.
    variation : ndarray of shape (n,), optional
        How much the prediction varies around each run (`local_variation`). Errors tend to be large where it does: the
        size of errors gets the power of it that explains the errors best, 0 if it explains nothing.

    References
    ----------
    Liu, H., Cai, J., Ong, Y.-S. (2017). An adaptive sampling approach for kriging metamodeling by maximizing expected
    prediction error. Computers & Chemical Engineering 106, 171-182.

    Examples
    --------
    >>> runs = np.linspace(0.0, 1.0, 9)[:, None]
    >>> process = ErrorProcess(runs, np.where(runs[:, 0] > 0.7, 1.0, 0.01), np.array([0.3]))
    >>> calm, rough = process.size(np.array([[0.3], [0.95]]))
    >>> bool(rough > 100 * calm)
    True
    """

    def __init__(self, features: Floats, errors: Floats, lengths: Floats, variation: Floats | None = None) -> None:
        from scipy.linalg import solve_triangular

        self.lengths = lengths
        self._points = features / lengths
        correlation = matern52(self._points, self._points)
        correlation[np.diag_indices(len(features))] += _NUGGET
        lower = np.linalg.cholesky(correlation)
        self._whitener = solve_triangular(lower, np.eye(len(features)), lower=True, check_finite=False)
        left_out = 1.0 / np.square(self._whitener).sum(axis=0)  # variance of each run given the others
        ratio = errors**2 / left_out
        mean = max(float(ratio.mean()), float(np.finfo(float).tiny))
        self._log_ratio = np.log(np.maximum(ratio, _LEAST_SCALE * mean))
        self._usual, self.slope = float(np.log(mean)), 0.0
        if variation is not None:
            off = np.log(variation) - np.log(variation).mean()
            self.slope = float(np.clip(off @ self._log_ratio / (off @ off + _PRIOR_SPREAD), 0.0, _MOST_SLOPE))
            self._log_ratio = self._log_ratio - self.slope * np.log(variation)
            self._usual = float(self._log_ratio.mean())
        # The mean of logarithms lies below the logarithm of the mean; at the runs both must tell the same errors.
        self._calibration = 1.0
        told = float(np.mean(self.size(features, variation) * left_out))
        self._calibration = float(np.mean(errors**2)) / told if told > 0.0 else 1.0

    def whitened(self, features: Floats) -> Floats:
        """Correlations with the runs, whitened: inner products are what the runs explain, shape (m, n)."""
        whitened: Floats = matern52(features / self.lengths, self._points) @ self._whitener.T
        return whitened

    def size(self, features: Floats, variation: Floats | None = None) -> Floats:
        """Local variance far from all runs, shape (m,); `variation` is needed if it was given for the runs."""
        from scipy.spatial.distance import cdist

        apart = cdist(features / self.lengths, self._points)
        k = min(_NEIGHBOURS, apart.shape[1]) - 1
        near = np.maximum(np.partition(apart, k, axis=1)[:, k : k + 1], 1e-9)
        weights = np.exp(-0.5 * np.square(apart / near))
        log_size = (weights @ self._log_ratio + _PRIOR_RUNS * self._usual) / (weights.sum(axis=1) + _PRIOR_RUNS)
        if variation is not None:
            log_size += self.slope * np.log(variation)
        size: Floats = self._calibration * np.exp(log_size)
        return size


def length_scales(space: Space, predict: Callable[[pd.DataFrame], Floats], rng: np.random.Generator) -> Floats:
    """Return the length scale of each feature, by how steep an emulator's prediction is.

    A Matern 5/2 process of length l and variance v has derivatives of variance ``5/3 v / l**2``.

    Parameters
    ----------
    space : Space
    predict : callable
        Inputs (m, d) to predictions (m,).
    rng : Generator
        Draws 400 points.

    Returns
    -------
    ndarray of shape (p,)

    Examples
    --------
    >>> steep = lambda X: np.sin(9 * X["a"]) + 0.1 * X["b"]
    >>> a, b = length_scales(Space({"a": (0, 1), "b": (0, 1)}), steep, np.random.default_rng(0))
    >>> bool(0.1 < a < 0.3 and b > 1)
    True
    """
    unit = rng.random((400, len(space)))
    rows = space.from_unit(unit)
    features, predicted = space.features(rows), np.asarray(predict(rows))
    variance = float(predicted.var())
    lengths, longest = [], 20.0 * np.sqrt(features.shape[1])
    for j, parameter in enumerate(space.parameters.values()):
        moved = unit.copy()
        if isinstance(parameter, Categorical):
            moved[:, j] = (unit[:, j] + 0.5) % 1.0
        else:
            step = max(_STEP, 1.0 / parameter.n_levels) if isinstance(parameter, Integer) else _STEP
            moved[:, j] += np.where(unit[:, j] < 0.5, step, -step)
        there = space.from_unit(moved)
        way = np.square(space.features(there) - features).sum(axis=1)
        rise = np.square(np.asarray(predict(there)) - predicted)
        slope = float(np.mean(rise[way > 0.0] / way[way > 0.0])) if (way > 0.0).any() else 0.0
        length = np.sqrt(5.0 / 3.0 * variance / slope) if slope > 0.0 else longest
        lengths += [length] * (parameter.n_levels if isinstance(parameter, Categorical) else 1)
    clipped: Floats = np.clip(np.array(lengths), _LEAST_LENGTH, longest)
    return clipped


def local_variation(
    space: Space, predict: Callable[[pd.DataFrame], Floats], points: Floats, lengths: Floats, rng: np.random.Generator
) -> Floats:
    """Return the mean squared change of a prediction around points, over half a length scale.

    Parameters
    ----------
    space : Space
    predict : callable
        Inputs (m, d) to predictions (m,).
    points : ndarray of shape (m, d)
        In the unit cube.
    lengths : ndarray of shape (p,)
        Length scales of the features.
    rng : Generator
        Draws four directions a point.

    Returns
    -------
    ndarray of shape (m,)
        Over its mean, and nowhere nearly zero.
    """
    feature, reach = 0, np.zeros(len(space))
    for j, parameter in enumerate(space.parameters.values()):
        if isinstance(parameter, Categorical):  # has no near and far
            feature += parameter.n_levels
        else:
            reach[j] = min(_REACH * lengths[feature], _LONGEST_WAY)
            feature += 1
    here, squares = np.asarray(predict(space.from_unit(points))), np.zeros(len(points))
    for _ in range(_WAYS):
        way = rng.standard_normal(points.shape)
        way *= np.sqrt(points.shape[1]) / np.linalg.norm(way, axis=1, keepdims=True)
        there = 1.0 - np.abs(1.0 - np.abs(points + reach * way))  # reflected at the sides of the cube
        squares += np.square(np.asarray(predict(space.from_unit(np.clip(there, 0.0, 1.0)))) - here)
    variation: Floats = np.maximum(squares / max(float(squares.mean()), np.finfo(float).tiny), _LEAST_VARIATION)
    return variation


def without_emulator(features: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return length scales and leave-one-out errors of a plain interpolation, for where no emulator has learned.

    An emulator may take a local feature that few runs have met for noise; to look closer there, the runs must be
    believed. One length for all features is chosen by its likelihood.

    Parameters
    ----------
    features : ndarray of shape (n, p)
    y : ndarray of shape (n,)

    Returns
    -------
    lengths : ndarray of shape (p,)
    errors : ndarray of shape (n,)
    """
    n, p = features.shape
    best: tuple[float, float, Floats] | None = None
    for length in np.sqrt(p) * np.array(_ISOTROPIC):
        correlation = matern52(features / length, features / length)
        correlation[np.diag_indices(n)] += _NUGGET
        inverse = np.linalg.inv(correlation)
        weights = inverse @ (y - inverse.sum(axis=0) @ y / inverse.sum())
        misfit = max(float(y @ weights), float(np.finfo(float).tiny))
        value = 0.5 * (np.linalg.slogdet(correlation)[1] + n * np.log(misfit))
        if best is None or value < best[0]:
            best = (value, float(length), weights / np.diag(inverse))
    assert best is not None  # noqa: S101 - there are lengths to try
    return np.full(p, best[1]), best[2]
