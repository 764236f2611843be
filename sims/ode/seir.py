"""An epidemic that infects, incubates and passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sims.adapters.integration import Event
from sims.adapters.ode import ODE, Trajectory
from surrogate.space import Real, Space

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The epidemic is over once less than one in a billion still carries the infection.
_OVER = 1e-9
# Days; the slowest epidemic of the space is over after about half of it.
_HORIZON = 10_000.0


class SEIR(ODE):
    """An epidemic in a closed population: susceptible, exposed, infectious, recovered.

    Fractions of the population, and the reproduction number R0, are dimensionless; times are in days::

        dS/dt = -beta S I            beta = R0 / infectious_period
        dE/dt = beta S I - E / latent_period
        dI/dt = E / latent_period - I / infectious_period
        dR/dt = I / infectious_period

    It starts with `exposed` in E and everybody else in S, and ends when E + I has died out.

    Outputs: the ``peak`` of I, the ``peak_day`` on which it is reached, and the ``attack_rate``, the fraction of the
    population that has been infected in the end. The latter obeys the final size equation
    ``log((1 - exposed) / S_end) = R0 (1 - S_end)``.

    References
    ----------
    Kermack, W. O. and McKendrick, A. G. (1927). A contribution to the mathematical theory of epidemics. Proceedings
    of the Royal Society A 115, 700-721.
    Hethcote, H. W. (2000). The mathematics of infectious diseases. SIAM Review 42, 599-653.

    Examples
    --------
    >>> epidemic = SEIR()(R0=2.5, latent_period=3.0, infectious_period=5.0, exposed=1e-4)
    >>> round(epidemic["attack_rate"], 3)
    0.893
    """

    reference: ClassVar[str] = "Hethcote (2000), SIAM Review 42, 599-653"
    units: ClassVar[dict[str, str]] = {"peak": "1", "peak_day": "day", "attack_rate": "1"}

    def __init__(self) -> None:
        super().__init__(
            _rhs,
            initial=_initial,
            space=Space(
                {
                    "R0": Real(1.5, 4.0),
                    "latent_period": Real(2.0, 7.0, unit="day"),
                    "infectious_period": Real(2.0, 10.0, unit="day"),
                    "exposed": Real(1e-6, 1e-3, log=True),
                }
            ),
            outputs={"peak": _peak, "peak_day": _peak_day, "attack_rate": _attack_rate},
            span=(0.0, _HORIZON),
            states=("S", "E", "I", "R"),
            events={"peak": Event(_growth, direction=-1), "over": Event(_carriers, terminal=True, direction=-1)},
            method="DOP853",
            rtol=1e-8,
            atol=1e-12,
        )


def _rhs(
    t: float, y: NDArray[np.float64], R0: float, latent_period: float, infectious_period: float, exposed: float
) -> list[float]:
    susceptible, incubating, infectious, _ = y
    infection = R0 / infectious_period * susceptible * infectious
    onset, recovery = incubating / latent_period, infectious / infectious_period
    return [-infection, infection - onset, onset - recovery, recovery]


def _initial(exposed: float, **_: Any) -> list[float]:
    return [1.0 - exposed, exposed, 0.0, 0.0]


def _growth(t: float, y: NDArray[np.float64], latent_period: float, infectious_period: float, **_: Any) -> float:
    return float(y[1] / latent_period - y[2] / infectious_period)


def _carriers(t: float, y: NDArray[np.float64], **_: Any) -> float:
    return float(y[1] + y[2] - _OVER)


def _peak(trajectory: Trajectory) -> float:
    return float(trajectory.event_states["peak"][:, 2].max())


def _peak_day(trajectory: Trajectory) -> float:
    return float(trajectory.events["peak"][np.argmax(trajectory.event_states["peak"][:, 2])])


def _attack_rate(trajectory: Trajectory) -> float:
    return 1.0 - trajectory.final("S")
