"""Decentral smart grid control: whether a grid that is steered by its price stays in step."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from sims.adapters.integration import check_parameters
from surrogate.simulation import SimulationFailed
from surrogate.space import Real, Space

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_DAMPING = 0.1  # a, 1/s
_COUPLING = 8.0  # K, 1/s^2
_AVERAGING = 2.0  # T, s
_NODES = (1, 2, 3, 4)


class SmartGrid:
    """Decentral smart grid control: four nodes in a star, whose price follows the frequency with a delay.

    A producer (node 1) feeds three consumers (nodes 2, 3, 4). Every node turns with the grid's frequency, and answers
    the price, that is the frequency itself, which it averages over the time T_j and follows after the time tau_j::

        theta_j'' = P_j - a theta_j' + sum_k K sin(theta_k - theta_j)
                    - (g_j / T_j) (theta_j(t - tau_j) - theta_j(t - tau_j - T_j))

    Times are in seconds, phases in radians; the damping is a = 0.1 1/s, the coupling K = 8 1/s^2 along the arms of
    the star and 0 elsewhere. Inputs: the reaction times ``tau1``, ``tau2``, ``tau3``, ``tau4``, the powers ``P2``,
    ``P3``, ``P4`` that the consumers draw (negative; the producer delivers their sum), and the price elasticities
    ``g1``, ``g2``, ``g3``, ``g4``. The averaging time is T = 2 s. With these ranges 36 % of the grids are stable, as
    in the public data set of Arzamasov.

    Output: the ``growth_rate`` of a small disturbance of the steady state, the largest real part of the roots of the
    linearised equation but for its trivial root 0 (all phases shift together). A grid is stable if it is negative.

    Notes
    -----
    The generator of the linearised delay equation is replaced by a matrix, by Chebyshev collocation of each node's
    own past; its rightmost eigenvalues are the roots to about 1e-9 or better. A run takes about 10 ms.

    References
    ----------
    Schaefer, B., Matthiae, M., Timme, M. and Witthaut, D. (2015). Decentral smart grid control. New Journal of
    Physics 17, 015002.
    Arzamasov, V., Boehm, K. and Jochem, P. (2018). Towards concise models of grid stability. IEEE SmartGridComm
    (ranges and data set).
    Breda, D., Maset, S. and Vermiglio, R. (2005). Pseudospectral differencing methods for characteristic roots of
    delay differential equations. SIAM Journal on Scientific Computing 27, 482-495.

    Examples
    --------
    >>> times = {"tau1": 3.0, "tau2": 3.0, "tau3": 8.0, "tau4": 10.0}
    >>> loads = {"P2": -0.8, "P3": -1.3, "P4": -1.7}
    >>> elastic = SmartGrid()(**times, **loads, g1=0.65, g2=0.86, g3=0.89, g4=0.96)
    >>> bool(elastic["growth_rate"] < 0)
    False
    >>> stiff = SmartGrid()(**times, **loads, g1=0.1, g2=0.1, g3=0.1, g4=0.1)
    >>> bool(stiff["growth_rate"] < 0)
    True
    """

    reference: ClassVar[str] = "Schaefer et al. (2015), New Journal of Physics 17, 015002"
    units: ClassVar[dict[str, str]] = {"growth_rate": "1/s"}
    outputs: ClassVar[tuple[str, ...]] = ("growth_rate",)
    vectorized: ClassVar[bool] = False
    space: ClassVar[Space] = Space(
        {f"tau{j}": Real(0.5, 10.0, unit="s") for j in _NODES}
        | {f"P{j}": Real(-2.0, -0.5, unit="1/s2") for j in _NODES[1:]}
        | {f"g{j}": Real(0.05, 1.0, unit="1/s") for j in _NODES}
    )

    def __call__(self, **parameters: float) -> dict[str, float]:
        """Run once with every parameter of `space` by name.

        Raises
        ------
        SimulationFailed
            If a consumer draws more than its line can carry.
        """
        check_parameters(parameters, self.space.names)
        tau, g = (np.array([parameters[f"{name}{j}"] for j in _NODES]) for name in ("tau", "g"))
        power = np.array([parameters[f"P{j}"] for j in _NODES[1:]])
        return {"growth_rate": growth_rate(power, tau, np.full(len(_NODES), _AVERAGING), g)}


class SymmetricSmartGrid(SmartGrid):
    """Decentral smart grid control with equal consumers, whose averaging times vary: 12 inputs.

    The equations and the output ``growth_rate`` of `SmartGrid` with P = (3, -1, -1, -1). Inputs, times in seconds:
    the reaction times ``tau1``, ``tau2``, ``tau3``, ``tau4``, the averaging times ``T1``, ``T2``, ``T3``, ``T4`` and
    the price elasticities ``g1``, ``g2``, ``g3``, ``g4``. 47 % of these grids are stable.

    Parameters
    ----------
    rigid_producer : bool, default False
        Whether the producer ignores the price. Then the star has five nodes, P = (4, -1, -1, -1, -1), and the inputs
        are those of the four consumers: the data set on which REDS was measured, where 53 % are stable.

    References
    ----------
    Schaefer, B., Grabow, C., Auer, S., Kurths, J., Witthaut, D. and Timme, M. (2016). Taming instabilities in power
    grid networks by decentralized control. European Physical Journal Special Topics 225, 569-582.
    Arzamasov, V. and Boehm, K. (2021). REDS: rule extraction for discovering scenarios. SIGMOD '21, 115-128.

    Examples
    --------
    >>> values = {"tau": 1.0, "T": 2.0, "g": 0.1}
    >>> inputs = {f"{name}{j}": value for name, value in values.items() for j in (1, 2, 3, 4)}
    >>> bool(SymmetricSmartGrid()(**inputs)["growth_rate"] < 0)
    True
    """

    reference: ClassVar[str] = "Schaefer et al. (2016), European Physical Journal Special Topics 225, 569-582"
    space: ClassVar[Space] = Space(
        {f"tau{j}": Real(0.5, 5.0, unit="s") for j in _NODES}
        | {f"T{j}": Real(1.0, 4.0, unit="s") for j in _NODES}
        | {f"g{j}": Real(0.05, 1.0, unit="1/s") for j in _NODES}
    )

    def __init__(self, rigid_producer: bool = False) -> None:
        self.rigid_producer = rigid_producer

    def __call__(self, **parameters: float) -> dict[str, float]:
        """Run once with every parameter of `space` by name."""
        check_parameters(parameters, self.space.names)
        tau, averaging, g = (np.array([parameters[f"{name}{j}"] for j in _NODES]) for name in ("tau", "T", "g"))
        if not self.rigid_producer:
            return {"growth_rate": growth_rate(-np.ones(3), tau, averaging, g)}
        # The producer's delays mean nothing at the elasticity 0; they only must be times.
        tau, averaging, g = (np.concatenate([[first], rest]) for first, rest in ((1, tau), (1, averaging), (0, g)))
        return {"growth_rate": growth_rate(-np.ones(4), tau, averaging, g)}


def growth_rate(
    power: Floats | Sequence[float],
    tau: Floats | Sequence[float],
    averaging: Floats | Sequence[float],
    g: Floats | Sequence[float],
    refinement: float = 1.0,
) -> float:
    """Return the growth rate of a small disturbance in a star of one producer and any number of consumers, in 1/s.

    Parameters
    ----------
    power : array of shape (n - 1,)
        What each consumer draws, negative.
    tau, averaging, g : array of shape (n,)
        Reaction time, averaging time and price elasticity of each node, the producer first.
    refinement : float, default 1.0
        Multiplies the order of the collocation; the change of the answer is the error that it made.

    Raises
    ------
    SimulationFailed
        If a consumer draws more than its line can carry.
    """
    power, tau, averaging, g = (np.asarray(values, dtype=np.float64) for values in (power, tau, averaging, g))
    if np.any(np.abs(power) >= _COUPLING):
        raise SimulationFailed(f"a line carries less than {_COUPLING}; the consumers draw {power}")
    # Between a consumer that draws P and the producer, K cos(theta_1 - theta_j) with K sin(theta_1 - theta_j) = -P.
    arms = np.sqrt(_COUPLING**2 - power**2)
    roots = np.linalg.eigvals(_generator(arms, tau, averaging, g, refinement))
    return float(np.delete(roots, np.argmin(np.abs(roots))).real.max())


def _generator(arms: Floats, tau: Floats, averaging: Floats, g: Floats, refinement: float) -> Floats:
    """Return the matrix whose rightmost eigenvalues are the characteristic roots.

    The state holds the frequencies of all nodes, then for each node its phase at Chebyshev points of its own past.
    """
    n = len(tau)
    laplacian = np.diag(np.concatenate([[arms.sum()], arms]))
    laplacian[0, 1:] = laplacian[1:, 0] = -arms
    reach = tau + averaging
    # Roots that matter turn slower than 6.5 rad/s (the square root of 4 K and a little): 3.25 reach oscillations of a
    # unit interval, and a dozen points for the digits.
    orders = np.ceil(refinement * (16.0 + 3.5 * reach)).astype(int)
    starts = n + np.concatenate([[0], np.cumsum(orders + 1)])
    matrix = np.zeros((starts[-1], starts[-1]))
    now = starts[:-1]
    matrix[:n, :n] = -_DAMPING * np.eye(n)
    matrix[:n, now] = -laplacian
    for j in range(n):
        past = slice(starts[j], starts[j + 1])
        points, derivative = _chebyshev(orders[j])
        matrix[past, past] = derivative * (2.0 / reach[j])
        matrix[now[j], past] = 0.0
        matrix[now[j], j] = 1.0
        strength = g[j] / averaging[j]
        matrix[j, past] -= strength * _interpolation(points, 1.0 - 2.0 * tau[j] / reach[j])
        matrix[j, starts[j + 1] - 1] += strength
    return matrix


def _chebyshev(order: int) -> tuple[Floats, Floats]:
    """Return Chebyshev points from 1 to -1 and the matrix that differentiates a polynomial given there."""
    points = np.cos(np.pi * np.arange(order + 1) / order)
    scale = _barycentric(order)
    difference = points[:, None] - points + np.eye(order + 1)
    matrix = scale / scale[:, None] / difference
    np.fill_diagonal(matrix, 0.0)
    # Rows that sum to exactly zero keep the trivial root at zero.
    np.fill_diagonal(matrix, -matrix.sum(axis=1))
    return points, np.asarray(matrix)


def _interpolation(points: Floats, x: float) -> Floats:
    """Return the weights with which values at Chebyshev points give the value at x."""
    distance = x - points
    if np.any(distance == 0.0):
        return np.asarray(distance == 0.0, dtype=np.float64)
    weights = _barycentric(len(points) - 1) / distance
    return np.asarray(weights / weights.sum())


def _barycentric(order: int) -> Floats:
    weights = np.where(np.arange(order + 1) % 2, -1.0, 1.0)
    weights[[0, -1]] *= 0.5
    return np.asarray(weights)
