"""A hot spot that cools on a plate."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sims.adapters.grid import Grid
from sims.adapters.pde import PDE, Solution
from surrogate.space import Real, Space

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIDE = 0.1  # m
_HEIGHT = 100.0  # K above the surroundings, in the middle of the spot


class Heat(PDE):
    """Heat conduction in a square plate whose rim is cooled: a hot spot spreads and fades.

    Temperature above the surroundings in kelvin, lengths in metres, time in seconds::

        du/dt = diffusivity (d2u/dx2 + d2u/dy2),    0 <= x, y <= 0.1,    0 <= t <= 5
        u = 0 on the rim
        u(x, y, 0) = 100 exp(-((x - x0)^2 + (y - y0)^2) / (2 width^2))

    Outputs: the field ``temperature`` at t = 5 (one number a node), its value in the ``middle`` of the plate, and the
    fraction of the heat of the start that is ``retained``. A product of sines ``sin(m pi x / 0.1) sin(n pi y / 0.1)``
    decays at the rate ``diffusivity pi^2 (m^2 + n^2) / 0.01``, which gives the exact solution as a series.

    Parameters
    ----------
    cells : int, default 40
        Steps along each side; ``Heat().check(...)`` estimates the error that they make.

    References
    ----------
    Carslaw, H. S. and Jaeger, J. C. (1959). Conduction of Heat in Solids, 2nd ed., Oxford, chapter V.

    Examples
    --------
    >>> answer = Heat()(diffusivity=1e-4, x0=0.05, y0=0.05, width=0.01)
    >>> answer["temperature"].shape
    (41, 41)
    """

    reference: ClassVar[str] = "Carslaw and Jaeger (1959), Conduction of Heat in Solids, chapter V"
    units: ClassVar[dict[str, str]] = {"temperature": "K", "middle": "K", "retained": "1"}

    def __init__(self, cells: int = 40) -> None:
        super().__init__(
            _rhs,
            _initial,
            space=Space(
                {
                    "diffusivity": Real(1e-5, 1e-4, log=True, unit="m2/s"),
                    "x0": Real(0.03, 0.07, unit="m"),
                    "y0": Real(0.03, 0.07, unit="m"),
                    "width": Real(0.006, 0.012, unit="m"),
                }
            ),
            outputs={"temperature": _field, "middle": _middle, "retained": _retained},
            grid=Grid(((0.0, _SIDE), (0.0, _SIDE)), (cells, cells), boundary="fixed"),
            span=(0.0, 5.0),
        )


def _rhs(
    t: float, u: NDArray[np.float64], grid: Grid, diffusivity: float, x0: float, y0: float, width: float
) -> NDArray[np.float64]:
    return diffusivity * grid.laplacian(u)


def _initial(grid: Grid, diffusivity: float, x0: float, y0: float, width: float) -> NDArray[np.float64]:
    spot = _HEIGHT * np.exp(-((grid.x - x0) ** 2 + (grid.y - y0) ** 2) / (2.0 * width**2))
    return np.where(grid.edge(), 0.0, spot)


def _field(solution: Solution) -> NDArray[np.float64]:
    return solution.final


def _middle(solution: Solution) -> float:
    rows, columns = solution.final.shape
    return float(solution.final[rows // 2, columns // 2])


def _retained(solution: Solution) -> float:
    return float(solution.grid.integral(solution.final) / solution.grid.integral(solution.start))
