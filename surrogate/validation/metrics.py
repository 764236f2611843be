"""How far predictions are from what the simulator said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def q2(y: ArrayLike, prediction: ArrayLike) -> float:
    """Share of the variance that is explained, on runs the model did not see.

    ``1 - sum((y - prediction)**2) / sum((y - mean(y))**2)``: 1 is perfect, 0 is no better than the mean, below 0 is
    worse than the mean. Computed on training data the same formula is called R2 and says little.

    Parameters
    ----------
    y, prediction : array_like of shape (n,)
        What the simulator said and what the model says, in the output's unit.

    Returns
    -------
    float
        Where `y` is constant there is no variance to explain: 1.0 if every prediction equals the constant up to
        rounding, otherwise 0.0.

    Raises
    ------
    ValueError
        If the lengths differ, nothing is given, or a value is not finite.

    Examples
    --------
    >>> q2([1.0, 2.0, 3.0], [1.0, 2.0, 3.0])
    1.0
    >>> q2([1.0, 2.0, 3.0], [2.0, 2.0, 2.0])
    0.0
    """
    truth, told = _pair(y, prediction)
    if is_constant(truth):
        return float(np.allclose(told, truth[0], rtol=1e-9, atol=0.0))
    unit = np.ptp(truth)  # keeps squares within floating point for outputs of any size
    return float(1.0 - np.sum(((truth - told) / unit) ** 2) / np.sum(((truth - truth.mean()) / unit) ** 2))


def rmse(y: ArrayLike, prediction: ArrayLike) -> float:
    """Root mean squared error, in the output's unit.

    Parameters
    ----------
    y, prediction : array_like of shape (n,)
        What the simulator said and what the model says.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the lengths differ, nothing is given, or a value is not finite.

    Examples
    --------
    >>> rmse([0.0, 0.0], [3.0, -3.0])
    3.0
    """
    truth, told = _pair(y, prediction)
    return float(np.sqrt(np.mean((truth - told) ** 2)))


def mae(y: ArrayLike, prediction: ArrayLike) -> float:
    """Mean absolute error, in the output's unit.

    Parameters
    ----------
    y, prediction : array_like of shape (n,)
        What the simulator said and what the model says.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the lengths differ, nothing is given, or a value is not finite.

    Examples
    --------
    >>> mae([0.0, 0.0], [1.0, -3.0])
    2.0
    """
    truth, told = _pair(y, prediction)
    return float(np.mean(np.abs(truth - told)))


def max_error(y: ArrayLike, prediction: ArrayLike) -> float:
    """Largest absolute error, in the output's unit.

    Parameters
    ----------
    y, prediction : array_like of shape (n,)
        What the simulator said and what the model says.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If the lengths differ, nothing is given, or a value is not finite.

    Examples
    --------
    >>> max_error([0.0, 0.0], [1.0, -3.0])
    3.0
    """
    truth, told = _pair(y, prediction)
    return float(np.max(np.abs(truth - told)))


def is_constant(y: NDArray[np.float64]) -> bool:
    """Whether `y` varies by no more than rounding.

    Parameters
    ----------
    y : ndarray of shape (n,)
        At least one finite value.

    Returns
    -------
    bool
        True if the range is at most eight roundings of the largest value.

    Examples
    --------
    >>> is_constant(np.array([0.3, 0.1 + 0.2]))
    True
    """
    return bool(np.ptp(y) <= 8.0 * np.finfo(float).eps * np.max(np.abs(y)))


def _pair(y: ArrayLike, prediction: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both as float vectors of one length, or an error."""
    truth, told = np.asarray(y, dtype=float), np.asarray(prediction, dtype=float)
    if truth.ndim != 1 or truth.shape != told.shape or truth.size == 0:
        raise ValueError(
            f"y, prediction: two vectors of one length are needed; got shapes {truth.shape} and {told.shape}. "
            "Score one output at a time."
        )
    for name, values in (("y", truth), ("prediction", told)):
        if not np.isfinite(values).all():
            raise ValueError(f"{name}: finite values are needed; got NaN or infinity. Leave failed runs out.")
    return truth, told
