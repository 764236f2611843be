"""Midpoint voltage of an output transformerless push-pull circuit."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from surrogate.space import Real, Space

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = float | NDArray[np.float64]


class OTLCircuit:
    """Midpoint voltage of an output transformerless (OTL) push-pull circuit.

    With ``Vb1 = 12 Rb2 / (Rb1 + Rb2)``, ``load = beta (Rc2 + 9)`` and ``total = load + Rf``::

        voltage = (Vb1 + 0.74) load / total + 11.35 Rf / total + 0.74 Rf load / (total Rc1)

    Inputs are the resistances `Rb1`, `Rb2`, `Rf`, `Rc1`, `Rc2` and the current gain `beta`, which is dimensionless;
    units stand in `space`.

    References
    ----------
    Ben-Ari, E. N. and Steinberg, D. M. (2007). Modeling data from computer experiments: an empirical comparison of
    kriging with MARS and projection pursuit regression. Quality Engineering 19, 327-338.
    Ranges: Surjanovic, S. and Bingham, D., Virtual Library of Simulation Experiments.

    Examples
    --------
    >>> round(float(OTLCircuit()(Rb1=100.0, Rb2=47.5, Rf=1.75, Rc1=1.85, Rc2=0.725, beta=175.0)), 3)
    5.311
    """

    reference: ClassVar[str] = "Ben-Ari and Steinberg (2007), Quality Engineering 19, 327-338"
    units: ClassVar[dict[str, str]] = {"voltage": "V"}
    outputs: ClassVar[tuple[str, ...]] = ("voltage",)
    vectorized: ClassVar[bool] = True
    space: ClassVar[Space] = Space(
        {
            "Rb1": Real(50.0, 150.0, unit="kOhm"),
            "Rb2": Real(25.0, 70.0, unit="kOhm"),
            "Rf": Real(0.5, 3.0, unit="kOhm"),
            "Rc1": Real(1.2, 2.5, unit="kOhm"),
            "Rc2": Real(0.25, 1.2, unit="kOhm"),
            "beta": Real(50.0, 300.0),
        }
    )

    def __call__(self, *, Rb1: Floats, Rb2: Floats, Rf: Floats, Rc1: Floats, Rc2: Floats, beta: Floats) -> Floats:
        """Return the voltage in V; arrays of shape (n,) give an array of shape (n,)."""
        base = 12.0 * Rb2 / (Rb1 + Rb2)
        load = beta * (Rc2 + 9.0)
        total = load + Rf
        return (base + 0.74) * load / total + 11.35 * Rf / total + 0.74 * Rf * load / (total * Rc1)
