"""Water flow through a borehole that joins two aquifers."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from surrogate.space import Real, Space

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = float | NDArray[np.float64]


class Borehole:
    """Water flow through a borehole that joins two aquifers.

    The closed formula of a safety study for a nuclear waste store::

        flow = 2 pi Tu (Hu - Hl) / (ln(r/rw) (1 + 2 L Tu / (ln(r/rw) rw^2 Kw) + Tu / Tl))

    Inputs are the radius of the borehole `rw` and of its influence `r`, the transmissivity `Tu`, `Tl` and the
    potentiometric head `Hu`, `Hl` of the upper and the lower aquifer, the length `L` of the borehole and its
    hydraulic conductivity `Kw`; units stand in `space`. All are uniform, as emulator studies take them.

    References
    ----------
    Harper, W. V. and Gupta, S. K. (1983). Sensitivity/uncertainty analysis of a borehole scenario comparing Latin
    hypercube sampling and deterministic sensitivity approaches. Technical report BMI/ONWI-516, Battelle.
    Morris, M. D., Mitchell, T. J. and Ylvisaker, D. (1993). Bayesian design and analysis of computer experiments:
    use of derivatives in surface prediction. Technometrics 35, 243-255.
    Ranges: Surjanovic, S. and Bingham, D., Virtual Library of Simulation Experiments.

    Examples
    --------
    >>> flow = Borehole()(rw=0.1, r=25050.0, Tu=89335.0, Hu=1050.0, Tl=89.55, Hl=760.0, L=1400.0, Kw=10950.0)
    >>> round(float(flow), 2)
    70.87
    """

    reference: ClassVar[str] = "Harper and Gupta (1983), BMI/ONWI-516"
    units: ClassVar[dict[str, str]] = {"flow": "m3/year"}
    outputs: ClassVar[tuple[str, ...]] = ("flow",)
    vectorized: ClassVar[bool] = True
    space: ClassVar[Space] = Space(
        {
            "rw": Real(0.05, 0.15, unit="m"),
            "r": Real(100.0, 50_000.0, unit="m"),
            "Tu": Real(63_070.0, 115_600.0, unit="m2/year"),
            "Hu": Real(990.0, 1110.0, unit="m"),
            "Tl": Real(63.1, 116.0, unit="m2/year"),
            "Hl": Real(700.0, 820.0, unit="m"),
            "L": Real(1120.0, 1680.0, unit="m"),
            "Kw": Real(9855.0, 12_045.0, unit="m/year"),
        }
    )

    def __call__(
        self, *, rw: Floats, r: Floats, Tu: Floats, Hu: Floats, Tl: Floats, Hl: Floats, L: Floats, Kw: Floats
    ) -> Floats:
        """Return the flow in m3/year; arrays of shape (n,) give an array of shape (n,)."""
        log_ratio = np.log(r / rw)
        leakage = 1.0 + 2.0 * L * Tu / (log_ratio * rw**2 * Kw) + Tu / Tl
        return 2.0 * np.pi * Tu * (Hu - Hl) / (log_ratio * leakage)
