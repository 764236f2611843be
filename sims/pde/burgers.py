"""A wave that steepens into a shock and is smeared by viscosity."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sims.adapters.grid import Grid
from sims.adapters.pde import PDE, Solution
from surrogate.space import Real, Space

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Burgers(PDE):
    """The viscous Burgers equation on a periodic line: a wave steepens into a shock, travels and decays.

    Dimensionless::

        du/dt = -d(u^2 / 2)/dx + viscosity d2u/dx2,    -1 <= x < 1,    0 <= t <= 1
        u(x, 0) = drift - amplitude sin(pi x)

    Outputs: the field ``u`` at t = 1 (one number a node), its ``energy`` (the mean of u^2 / 2) and its
    ``dissipation`` (the mean of viscosity (du/dx)^2, the rate at which the energy falls; the sharper the shock, the
    larger). Cole and Hopf's transformation gives the exact solution.

    Parameters
    ----------
    cells : int, default 256
        Steps along the line. With the default, the error of `u` is about 0.2 % of the amplitude at the sharpest shock
        of the space; ``Burgers().check(...)`` estimates it.

    References
    ----------
    Cole, J. D. (1951). On a quasi-linear parabolic equation occurring in aerodynamics. Quarterly of Applied
    Mathematics 9, 225-236.
    Basdevant, C. et al. (1986). Spectral and finite difference solutions of the Burgers equation. Computers & Fluids
    14, 23-41.

    Examples
    --------
    >>> answer = Burgers()(viscosity=0.1, amplitude=1.0, drift=0.0)
    >>> answer["u"].shape
    (256,)
    """

    reference: ClassVar[str] = "Basdevant et al. (1986), Computers & Fluids 14, 23-41"
    units: ClassVar[dict[str, str]] = {"u": "1", "energy": "1", "dissipation": "1"}

    def __init__(self, cells: int = 256) -> None:
        super().__init__(
            _rhs,
            _initial,
            space=Space(
                {
                    "viscosity": Real(0.02, 0.2, log=True),
                    "amplitude": Real(0.5, 1.5),
                    "drift": Real(-0.5, 0.5),
                }
            ),
            outputs={"u": _field, "energy": _energy, "dissipation": _dissipation},
            grid=Grid((-1.0, 1.0), cells, boundary="periodic"),
            span=(0.0, 1.0),
        )


def _rhs(
    t: float, u: NDArray[np.float64], grid: Grid, viscosity: float, amplitude: float, drift: float
) -> NDArray[np.float64]:
    return viscosity * grid.second(u) - grid.first(0.5 * u**2)


def _initial(grid: Grid, viscosity: float, amplitude: float, drift: float) -> NDArray[np.float64]:
    return drift - amplitude * np.sin(np.pi * grid.x)


def _field(solution: Solution) -> NDArray[np.float64]:
    return solution.final


def _energy(solution: Solution) -> float:
    return _mean(solution.grid, 0.5 * solution.final**2)


def _dissipation(solution: Solution) -> float:
    return _mean(solution.grid, solution.parameters["viscosity"] * solution.grid.first(solution.final) ** 2)


def _mean(grid: Grid, values: NDArray[np.float64]) -> float:
    low, high = grid.limits[0]
    return float(grid.integral(values) / (high - low))
