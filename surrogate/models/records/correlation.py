"""Correlation functions of Gaussian processes, of the squared distance between scaled points."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

_ROOT5 = float(np.sqrt(5.0))
_ROOT7 = float(np.sqrt(7.0))


class Correlation(NamedTuple):
    """A correlation function and its slope, both elementwise functions of the squared scaled distance.

    Parameters
    ----------
    value : callable
        ``k(r2)``, 1 at zero distance.
    slope : callable
        ``h(r2) = -2 dk/d(r2)``. With points scaled by length scales, ``dk/d(log length_j) = h * difference_j**2`` and
        ``dk/dx_j = -h * difference_j / length_j``.
    """

    value: Callable[[FloatArray], FloatArray]
    slope: Callable[[FloatArray], FloatArray]


def squared_distances(A: FloatArray, B: FloatArray) -> FloatArray:
    """Squared Euclidean distances between the rows of `A` (n, p) and of `B` (m, p), an array of shape (n, m).

    The expanded square costs one matrix product; its rounding, about 1e-16 times the squared size of the scaled
    points, moves a correlation by as little and stays far below the smallest nugget.
    """
    products = A @ B.T
    products *= -2.0
    products += np.einsum("ij,ij->i", A, A)[:, None]
    products += np.einsum("ij,ij->i", B, B)
    return np.maximum(products, 0.0, out=products)


def _squared_exponential(r2: FloatArray) -> FloatArray:
    return np.exp(-0.5 * r2)


def _matern52(r2: FloatArray) -> FloatArray:
    s = _ROOT5 * np.sqrt(r2)
    return (1.0 + s + s * s / 3.0) * np.exp(-s)


def _matern52_slope(r2: FloatArray) -> FloatArray:
    s = _ROOT5 * np.sqrt(r2)
    return 5.0 / 3.0 * (1.0 + s) * np.exp(-s)


def _matern72(r2: FloatArray) -> FloatArray:
    s = _ROOT7 * np.sqrt(r2)
    return (1.0 + s * (1.0 + s * (0.4 + s / 15.0))) * np.exp(-s)


def _matern72_slope(r2: FloatArray) -> FloatArray:
    s = _ROOT7 * np.sqrt(r2)
    return 7.0 / 15.0 * (3.0 + s * (3.0 + s)) * np.exp(-s)


#: Correlation functions by name. Sample paths of Matern 5/2 have two derivatives, of Matern 7/2 three, of the squared
#: exponential all (Rasmussen & Williams 2006, Gaussian Processes for Machine Learning, section 4.2).
CORRELATIONS: dict[str, Correlation] = {
    "matern52": Correlation(_matern52, _matern52_slope),
    "matern72": Correlation(_matern72, _matern72_slope),
    "squared_exponential": Correlation(_squared_exponential, _squared_exponential),
}


def value_and_slope(correlation: str, r2: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Both functions of a `Correlation` at once, from one root and one exponential.

    Parameters
    ----------
    correlation : str
        A name in `CORRELATIONS`.
    r2 : ndarray
        Squared scaled distances.

    Returns
    -------
    value, slope : ndarray
        Of the shape of `r2`; arrays of their own.

    Examples
    --------
    >>> r2 = np.array([0.5, 2.0])
    >>> value, slope = value_and_slope("matern52", r2)
    >>> bool(np.allclose(value, CORRELATIONS["matern52"].value(r2)) and np.allclose(slope, _matern52_slope(r2)))
    True
    """
    if correlation != "matern52":
        kernel = CORRELATIONS[correlation]
        value = kernel.value(r2)
        return value, value.copy() if correlation == "squared_exponential" else kernel.slope(r2)
    s = np.sqrt(5.0 * r2)
    decay = np.exp(-s)
    s += 1.0
    s *= decay
    decay *= r2
    decay *= 5.0 / 3.0
    decay += s
    s *= 5.0 / 3.0
    return decay, s
