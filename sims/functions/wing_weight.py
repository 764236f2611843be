"""Weight of a light aircraft's wing."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from surrogate.space import Real, Space

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = float | NDArray[np.float64]


class WingWeight:
    """Weight of a light aircraft's wing, after Raymer's statistical design formula.

    The ranges surround a Cessna C172 Skyhawk::

        weight = 0.036 Sw^0.758 Wfw^0.0035 (A / cos^2 sweep)^0.6 q^0.006 taper^0.04
                 (100 tc / cos sweep)^-0.3 (Nz Wdg)^0.49 + Sw Wp

    Inputs are the wing area `Sw`, the weight of the fuel in the wing `Wfw`, the aspect ratio `A`, the quarter-chord
    `sweep`, the dynamic pressure at cruise `q`, the `taper` ratio, the thickness to chord ratio `tc`, the ultimate
    load factor `Nz`, the flight design gross weight `Wdg` and the paint weight `Wp`; units stand in `space`, ratios
    and factors are dimensionless.

    References
    ----------
    Forrester, A., Sobester, A. and Keane, A. (2008). Engineering Design via Surrogate Modelling: A Practical Guide.
    Wiley, section 1.2. Formula: Raymer, D. P. (2006). Aircraft Design: A Conceptual Approach. AIAA.

    Examples
    --------
    >>> weight = WingWeight()(
    ...     Sw=174.0, Wfw=252.0, A=7.52, sweep=0.0, q=34.0, taper=0.672, tc=0.12, Nz=3.8, Wdg=2000.0, Wp=0.064
    ... )
    >>> round(float(weight), 2)
    244.97
    """

    reference: ClassVar[str] = "Forrester, Sobester and Keane (2008), Engineering Design via Surrogate Modelling"
    units: ClassVar[dict[str, str]] = {"weight": "lb"}
    outputs: ClassVar[tuple[str, ...]] = ("weight",)
    vectorized: ClassVar[bool] = True
    space: ClassVar[Space] = Space(
        {
            "Sw": Real(150.0, 200.0, unit="ft2"),
            "Wfw": Real(220.0, 300.0, unit="lb"),
            "A": Real(6.0, 10.0),
            "sweep": Real(-10.0, 10.0, unit="degree"),
            "q": Real(16.0, 45.0, unit="lb/ft2"),
            "taper": Real(0.5, 1.0),
            "tc": Real(0.08, 0.18),
            "Nz": Real(2.5, 6.0),
            "Wdg": Real(1700.0, 2500.0, unit="lb"),
            "Wp": Real(0.025, 0.08, unit="lb/ft2"),
        }
    )

    def __call__(
        self,
        *,
        Sw: Floats,
        Wfw: Floats,
        A: Floats,
        sweep: Floats,
        q: Floats,
        taper: Floats,
        tc: Floats,
        Nz: Floats,
        Wdg: Floats,
        Wp: Floats,
    ) -> Floats:
        """Return the weight in lb; arrays of shape (n,) give an array of shape (n,)."""
        cosine = np.cos(np.deg2rad(sweep))
        planform = 0.036 * Sw**0.758 * Wfw**0.0035 * (A / cosine**2) ** 0.6
        section = q**0.006 * taper**0.04 * (100.0 * tc / cosine) ** -0.3
        return planform * section * (Nz * Wdg) ** 0.49 + Sw * Wp
