"""Cycle time of a piston."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from surrogate.space import Real, Space

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = float | NDArray[np.float64]


class Piston:
    """Time that a piston takes for one cycle within its cylinder.

    ::

        A = P0 S + 19.62 M - k V0 / S
        V = S / (2 k) (sqrt(A^2 + 4 k P0 V0 Ta / T0) - A)
        cycle = 2 pi sqrt(M / (k + S^2 P0 V0 Ta / (T0 V^2)))

    Inputs are the weight `M` of the piston, its surface area `S`, the initial gas volume `V0`, the spring coefficient
    `k`, the atmospheric pressure `P0`, the ambient temperature `Ta` and the filling gas temperature `T0`; units stand
    in `space`.

    References
    ----------
    Kenett, R. and Zacks, S. (1998). Modern Industrial Statistics: Design and Control of Quality and Reliability.
    Duxbury. Ben-Ari, E. N. and Steinberg, D. M. (2007). Quality Engineering 19, 327-338.

    Examples
    --------
    >>> round(float(Piston()(M=45.0, S=0.0125, V0=0.006, k=3000.0, P0=1e5, Ta=293.0, T0=350.0)), 4)
    0.4644
    """

    reference: ClassVar[str] = "Kenett and Zacks (1998), Modern Industrial Statistics"
    units: ClassVar[dict[str, str]] = {"cycle": "s"}
    outputs: ClassVar[tuple[str, ...]] = ("cycle",)
    vectorized: ClassVar[bool] = True
    space: ClassVar[Space] = Space(
        {
            "M": Real(30.0, 60.0, unit="kg"),
            "S": Real(0.005, 0.020, unit="m2"),
            "V0": Real(0.002, 0.010, unit="m3"),
            "k": Real(1000.0, 5000.0, unit="N/m"),
            "P0": Real(90_000.0, 110_000.0, unit="N/m2"),
            "Ta": Real(290.0, 296.0, unit="K"),
            "T0": Real(340.0, 360.0, unit="K"),
        }
    )

    def __call__(self, *, M: Floats, S: Floats, V0: Floats, k: Floats, P0: Floats, Ta: Floats, T0: Floats) -> Floats:
        """Return the cycle time in s; arrays of shape (n,) give an array of shape (n,)."""
        gas = P0 * V0 * Ta / T0
        force = P0 * S + 19.62 * M - k * V0 / S
        volume = S / (2.0 * k) * (np.sqrt(force**2 + 4.0 * k * gas) - force)
        return 2.0 * np.pi * np.sqrt(M / (k + S**2 * gas / volume**2))
