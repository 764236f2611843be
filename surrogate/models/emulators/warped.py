"""Emulator of a warped output: for outputs of one sign over a wide range, and for skewed ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
from sklearn.base import clone

from surrogate.models.emulators.emulator import Emulator
from surrogate.models.records.warped import WARPS, WarpedRecord, warp

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.records import Record

    FloatArray = NDArray[np.float64]

_LEAST_RATIO = 1.5  # of the largest to the smallest output: below it the logarithm is nearly a straight line
_LEAST_EVIDENCE = 5.0  # log likelihood ratio of the best power to none
_POWERS = np.linspace(0.0, 2.0, 21)
#: How far beyond the runs an answer may go, as a share of their range on the warped scale.
_BEYOND = 0.5


class Warped(Emulator):
    """An emulator that learns the logarithm of an output, or a power transformation of it.

    Products and quotients of the inputs become sums in the logarithm, which emulators learn from far fewer runs, and
    an output over decades becomes one that varies evenly.

    Parameters
    ----------
    emulator : Emulator
        What learns the warped output; cloned.
    warp : {"auto", "log", "yeo_johnson"}, default "auto"
        "log" needs an output of one sign. "yeo_johnson" takes the power under which the standardised output is
        most like a normal one. "auto" is "log" where it can be, else "yeo_johnson". Whether warping helps at all is
        for cross-validation to say.

    Attributes
    ----------
    record_ : WarpedRecord
        What predicts.
    emulator_ : Emulator
        The fitted inner emulator.

    References
    ----------
    Yeo, I.-K., Johnson, R. A. (2000). A new family of power transformations to improve normality or symmetry.
    Biometrika 87, 954-959.

    Snelson, E., Rasmussen, C. E., Ghahramani, Z. (2004). Warped Gaussian processes. Advances in Neural Information
    Processing Systems 16.

    Examples
    --------
    >>> from surrogate.models.emulators import PolynomialChaos
    >>> X = np.random.default_rng(0).random((40, 2)) + 0.5
    >>> model = Warped(PolynomialChaos()).fit(X, np.exp(9 * X[:, 0] - 4 * X[:, 1]))
    >>> model.predict([[1.0, 1.0]]).round(6)
    array([148.413159])
    """

    def __init__(self, emulator: Emulator, warp: str = "auto") -> None:
        self.emulator = emulator
        self.warp = warp

    def suits(self, X: FloatArray, y: FloatArray) -> bool:
        """Whether the logarithm is another scale than the output's, or a power makes the output more normal."""
        size = np.abs(y)
        if (y > 0.0).all() or (y < 0.0).all():
            return bool(size.max() > _LEAST_RATIO * size.min())
        center = np.median(y)
        spread = float(np.median(np.abs(y - center)))
        return spread > 0.0 and _normality((y - center) / spread) > _LEAST_EVIDENCE

    def _fit(self, X: FloatArray, y: FloatArray) -> Record:
        kind, power, center, spread = self._scale(y)
        z = np.log(y / spread) if kind == "log" else warp((y - center) / spread, power)
        self.emulator_ = clone(self.emulator).fit(X, z)
        room = _BEYOND * float(np.ptp(z))
        return WarpedRecord(
            warp=kind,
            power=power,
            center=center,
            spread=spread,
            low=float(z.min()) - room,
            high=float(z.max()) + room,
            inner=self.emulator_.record_,
        )

    def _scale(self, y: FloatArray) -> tuple[str, float, float, float]:
        """Kind of warp, power, center and spread."""
        if self.warp not in ("auto", *WARPS):
            raise ValueError(f"warp: 'auto' or one of {', '.join(WARPS)} is allowed; got {self.warp!r}.")
        one_sign = bool((y > 0.0).all() or (y < 0.0).all())
        if self.warp == "log" and not one_sign:
            raise ValueError("warp: a logarithm needs an output of one sign; got both, or zero. Use 'yeo_johnson'.")
        if one_sign and self.warp != "yeo_johnson":
            return "log", 0.0, 0.0, float(np.copysign(np.exp(np.log(np.abs(y)).mean()), y[0]))
        center = float(np.median(y))
        spread = float(np.median(np.abs(y - center))) or float(y.std())
        return "yeo_johnson", most_normal_power((y - center) / spread), center, spread

    def resumed(self) -> Self:
        """Return an unfitted copy whose inner search starts where this one's ended."""
        copy: Self = clone(self)
        copy.emulator = self.emulator_.resumed()
        return copy


def _likelihoods(t: FloatArray) -> FloatArray:
    """Log likelihood of each power."""
    jacobian = float((np.sign(t) * np.log1p(np.abs(t))).sum())
    with np.errstate(over="ignore", invalid="ignore"):  # powers that cannot be held are no candidates
        spreads = np.array([warp(t, power).var() for power in _POWERS])
        likelihoods = (_POWERS - 1.0) * jacobian - 0.5 * len(t) * np.log(spreads)
    return np.where(np.isfinite(likelihoods), likelihoods, -np.inf)


def _normality(t: FloatArray) -> float:
    """Log likelihood ratio of the best power to no transformation."""
    likelihoods = _likelihoods(t)
    return float(likelihoods.max() - likelihoods[np.searchsorted(_POWERS, 1.0)])


def most_normal_power(t: FloatArray) -> float:
    """Power of the Yeo-Johnson transformation under which numbers are most like normal ones, by likelihood.

    Examples
    --------
    >>> from surrogate.models.records.warped import unwarp
    >>> normal = np.random.default_rng(0).normal(size=2000)
    >>> round(most_normal_power(normal)), most_normal_power(unwarp(normal, 0.3)) < 0.5
    (1, True)
    """
    return float(_POWERS[int(np.argmax(_likelihoods(t)))])
