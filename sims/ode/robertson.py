"""Robertson's chemical kinetics, the classic stiff problem."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ClassVar

from sims.adapters.ode import ODE, Trajectory
from surrogate.space import Real, Space

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Robertson(ODE):
    """Robertson's autocatalytic reaction: three species whose rates differ by nine orders of magnitude.

    Concentrations, in seconds::

        dA/dt = -k1 A + k3 B C
        dB/dt =  k1 A - k3 B C - k2 B^2
        dC/dt =  k2 B^2

    from A = 1, B = C = 0. The published constants are k1 = 0.04, k2 = 3e7, k3 = 1e4; the space surrounds them.
    Explicit methods need millions of steps here, Radau about a hundred.

    Outputs: the concentrations ``A``, ``B`` and ``C`` at the time `end`.

    Parameters
    ----------
    end : float, default 40.0
        Time of the answer in seconds, the first of the published ones.

    References
    ----------
    Robertson, H. H. (1966). The solution of a set of reaction rate equations. In Walsh, J. (ed.), Numerical Analysis:
    An Introduction, Academic Press, 178-182.
    Hairer, E. and Wanner, G. (1996). Solving Ordinary Differential Equations II, 2nd ed., Springer, section IV.10.

    Examples
    --------
    >>> answer = Robertson()(k1=0.04, k2=3e7, k3=1e4)
    >>> round(answer["A"], 4), round(answer["C"], 4)
    (0.7158, 0.2842)
    """

    reference: ClassVar[str] = "Robertson (1966); Hairer and Wanner (1996), section IV.10"
    units: ClassVar[dict[str, str]] = {"A": "mol/l", "B": "mol/l", "C": "mol/l"}

    def __init__(self, end: float = 40.0) -> None:
        super().__init__(
            _rhs,
            initial=[1.0, 0.0, 0.0],
            space=Space(
                {
                    "k1": Real(0.01, 0.1, log=True, unit="1/s"),
                    "k2": Real(1e7, 1e8, log=True, unit="l/mol/s"),
                    "k3": Real(3e3, 3e4, log=True, unit="l/mol/s"),
                }
            ),
            outputs={name: partial(Trajectory.final, state=name) for name in ("A", "B", "C")},
            span=(0.0, end),
            states=("A", "B", "C"),
            jacobian=_jacobian,
            method="Radau",
            rtol=1e-8,
            # B stays below 1e-4 throughout: its tolerance has to be far below that.
            atol=(1e-10, 1e-14, 1e-10),
        )


def _rhs(t: float, y: NDArray[np.float64], k1: float, k2: float, k3: float) -> list[float]:
    a, b, c = y
    produced, returned, used = k1 * a, k3 * b * c, k2 * b * b
    return [returned - produced, produced - returned - used, used]


def _jacobian(t: float, y: NDArray[np.float64], k1: float, k2: float, k3: float) -> list[list[float]]:
    _, b, c = y
    return [[-k1, k3 * c, k3 * b], [k1, -k3 * c - 2 * k2 * b, -k3 * b], [0.0, 2 * k2 * b, 0.0]]
