"""The record of an emulator of a warped output: the logarithm of it, or a power that makes it less skewed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from surrogate.models.records.record import Record

FloatArray = NDArray[np.float64]

WARPS = ("log", "yeo_johnson")


def warp(t: FloatArray, power: float) -> FloatArray:
    """Yeo-Johnson transformation of numbers of either sign.

    Parameters
    ----------
    t : ndarray of shape (n,)
        Standardised numbers.
    power : float
        From 0 (the positive side becomes a logarithm) over 1 (nothing changes) to 2 (the negative side does).

    Returns
    -------
    ndarray of shape (n,)

    References
    ----------
    Yeo, I.-K., Johnson, R. A. (2000). A new family of power transformations to improve normality or symmetry.
    Biometrika 87, 954-959.

    Examples
    --------
    >>> warp(np.array([-1.0, 0.0, 1.0]), 1.0)
    array([-1.,  0.,  1.])
    """
    return np.where(t >= 0.0, _positive(np.maximum(t, 0.0), power), -_positive(np.maximum(-t, 0.0), 2.0 - power))


def unwarp(z: FloatArray, power: float) -> FloatArray:
    """Invert `warp`.

    Examples
    --------
    >>> unwarp(warp(np.array([-3.0, 7.0]), 0.25), 0.25).round(12)
    array([-3.,  7.])
    """
    return np.where(z >= 0.0, _inverse(np.maximum(z, 0.0), power), -_inverse(np.maximum(-z, 0.0), 2.0 - power))


def _positive(t: FloatArray, power: float) -> FloatArray:
    grown: FloatArray = np.log1p(t) if power == 0.0 else np.expm1(power * np.log1p(t)) / power
    return grown


def _inverse(z: FloatArray, power: float) -> FloatArray:
    shrunk: FloatArray = np.expm1(z) if power == 0.0 else np.expm1(np.log1p(power * z) / power)
    return shrunk


@dataclass(frozen=True, eq=False)
class WarpedRecord(Record):
    """An emulator of ``z``, a growing function of the output.

    For "log" ``output = spread * exp(z)``, with a negative `spread` for negative outputs; for "yeo_johnson"
    ``output = center + spread * unwarp(z, power)``. What the inner record says is first brought between `low` and
    `high`, because an exponential makes absurd numbers of a small extrapolation.

    Parameters
    ----------
    warp : str
        "log" or "yeo_johnson".
    power : float
        Of Yeo-Johnson, from 0 to 2; 0 for "log".
    center, spread : float
        Unit of the output; a logarithm has no center.
    low, high : float
        Least and greatest ``z``.
    inner : Record
        What predicts ``z``.
    """

    kind: ClassVar[str] = "warped"

    warp: str
    power: float
    center: float
    spread: float
    low: float
    high: float
    inner: Record

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.warp not in WARPS or not 0.0 <= self.power <= 2.0 or not self.low <= self.high:
            raise ValueError(
                f"warped: one of {', '.join(WARPS)}, a power from 0 to 2 and low <= high are needed; "
                f"got {self.warp!r}, {self.power}, {self.low} and {self.high}."
            )

    @property
    def has_std(self) -> bool:  # type: ignore[override]
        """Whether the inner record states a standard deviation."""
        return self.inner.has_std

    @property
    def has_gradient(self) -> bool:  # type: ignore[override]
        """Whether the inner record has a gradient."""
        return self.inner.has_gradient

    @property
    def n_features(self) -> int:
        """Number of columns of `X`."""
        return self.inner.n_features

    @property
    def _row_bytes(self) -> int:
        return self.inner._row_bytes + 32

    def _within(self, X: FloatArray) -> FloatArray:
        return np.clip(self.inner._predict_block(X), self.low, self.high)

    def _output(self, z: FloatArray) -> FloatArray:
        if self.warp == "log":
            return self.spread * np.exp(z)
        return self.center + self.spread * unwarp(z, self.power)

    def _predict_block(self, X: FloatArray) -> FloatArray:
        return self._output(self._within(X))

    def _std_block(self, X: FloatArray) -> FloatArray:
        std: FloatArray = np.abs(self._slope(self._within(X))) * self.inner._std_block(X)
        return std

    def _slope(self, z: FloatArray) -> FloatArray:
        """Differentiate the output by ``z``."""
        if self.warp == "log":
            return self.spread * np.exp(z)
        t = np.abs(unwarp(z, self.power))
        power = np.where(z >= 0.0, self.power, 2.0 - self.power)
        slope: FloatArray = self.spread * (1.0 + t) ** (1.0 - power)
        return slope

    def _gradient_block(self, X: FloatArray) -> FloatArray:
        z = self.inner._predict_block(X)
        inside = (z >= self.low) & (z <= self.high)
        slope = np.where(inside, self._slope(np.clip(z, self.low, self.high)), 0.0)
        return slope[:, None] * self.inner._gradient_block(X)
