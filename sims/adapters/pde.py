"""A time-dependent partial differential equation as a simulator, by the method of lines."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sims.adapters.grid import Grid
from sims.adapters.integration import Integration, check_outputs, check_parameters
from surrogate.simulation import SimulationFailed
from surrogate.space import Space

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Solution:
    """What a `PDE` computed in one run; the outputs are functions of it.

    Attributes
    ----------
    grid : Grid
        Where the fields live.
    start, final : ndarray
        The fields at the first and at the last time, of shape ``grid.shape`` or ``(k, *grid.shape)``.
    t : ndarray of shape (m,)
        The steps of the solver in time.
    parameters : dict
        What the run was called with.
    """

    grid: Grid
    start: NDArray[np.float64]
    final: NDArray[np.float64]
    t: NDArray[np.float64]
    parameters: Mapping[str, Any]
    _dense: Callable[[float], NDArray[np.float64]]

    def at(self, t: float) -> NDArray[np.float64]:
        """Return the field at a time, interpolated to the solver's order.

        Raises
        ------
        SimulationFailed
            If the time lies outside the span.
        """
        if not self.t[0] <= t <= self.t[-1]:
            raise SimulationFailed(
                f"t={t:.6g} was asked for, but the solution runs from {self.t[0]:.6g} to {self.t[-1]:.6g}"
            )
        return np.asarray(self._dense(t)).reshape(self.start.shape)


class PDE:
    """A time-dependent partial differential equation as a simulator, by the method of lines.

    Space is discretised on a regular grid, which leaves a large system of ordinary differential equations in time.

    Parameters
    ----------
    rhs : callable
        The right-hand side, ``rhs(t, u, grid, **parameters) -> du/dt`` of the shape of the field `u`; it takes its
        derivatives from the grid (``grid.first``, ``grid.second``, ``grid.laplacian``), which knows the boundary.
    initial : callable
        ``initial(grid, **parameters)``: the field at the start, of shape ``grid.shape``, or ``(k, *grid.shape)`` for
        k coupled quantities.
    space : Space or bounds
        What may vary: the parameters, by the names under which `rhs` takes them.
    outputs : dict of str to callable
        What a run answers: ``function(solution: Solution)`` returns a number, or an array for a field.
    grid : Grid
        Domain, resolution and boundary.
    span : (float, float)
        First and last time.
    reach : int, default 1
        How many steps along each axis `rhs` looks; 1 for the grid's own derivatives, 2 for derivatives of
        derivatives. Implicit methods use it to exploit sparsity. Too small a number costs time, not accuracy.
    method : default "BDF"
        Implicit, because diffusion forces explicit methods to steps as small as the square of the grid's.
    rtol, atol, max_evaluations
        See `Integration`.

    Notes
    -----
    Units are the model's own: lengths in the unit of the grid's limits, time in that of `span`. A run that does not
    reach its end raises `SimulationFailed` with the solver's message.

    See Also
    --------
    sims.pde.Burgers, sims.pde.Heat : worked examples in one and two dimensions.

    Examples
    --------
    >>> import numpy as np
    >>> from sims.adapters import PDE, Grid
    >>> rod = PDE(
    ...     rhs=lambda t, u, grid, diffusivity: diffusivity * grid.laplacian(u),
    ...     initial=lambda grid, diffusivity: np.sin(np.pi * grid.x),
    ...     space={"diffusivity": (0.1, 1.0)},
    ...     outputs={"middle": lambda solution: solution.final[20], "temperature": lambda solution: solution.final},
    ...     grid=Grid((0.0, 1.0), 40),
    ...     span=(0.0, 0.1),
    ... )
    >>> round(float(rod(diffusivity=1.0)["middle"]), 3)  # exactly exp(-pi^2 / 10) = 0.3727
    0.373
    """

    vectorized: ClassVar[bool] = False

    def __init__(
        self,
        rhs: Callable[..., NDArray[np.float64]],
        initial: Callable[..., NDArray[np.float64]],
        space: Any,
        outputs: Mapping[str, Callable[[Solution], Any]],
        grid: Grid,
        span: tuple[float, float],
        *,
        reach: int = 1,
        method: str = "BDF",
        rtol: float = 1e-6,
        atol: float = 1e-9,
        max_evaluations: int = 1_000_000,
    ) -> None:
        if not callable(rhs) or not callable(initial):
            raise TypeError(f"rhs and initial must be functions, got {rhs!r} and {initial!r}.")
        if not isinstance(grid, Grid):
            raise TypeError(f"grid must be a sims.adapters.Grid, got {grid!r}.")
        check_outputs(outputs)
        self.space = Space.from_bounds(space)
        self.outputs = tuple(outputs)
        self.grid = grid
        self.integration = Integration(span, method, rtol, atol, max_evaluations)
        self._rhs = rhs
        self._initial = initial
        self._functions = dict(outputs)
        self._reach = reach

    def __call__(self, **parameters: Any) -> dict[str, Any]:
        """Run once with every parameter of `space` by name, and return the outputs by name."""
        solution = self.solution(**parameters)
        return {name: function(solution) for name, function in self._functions.items()}

    def solution(self, **parameters: Any) -> Solution:
        """Run once and return the whole solution, to look at or to plot."""
        check_parameters(parameters, self.space.names)
        grid = self.grid
        start = np.asarray(self._initial(grid, **parameters), dtype=np.float64)
        if start.shape[-len(grid.shape) :] != grid.shape or start.ndim > len(grid.shape) + 1:
            raise ValueError(
                f"initial must return an array of shape {grid.shape} or (k, *{grid.shape}), got {start.shape}."
            )
        still = grid.edge() if grid.boundary == "fixed" else None

        def rhs(t: float, flat: NDArray[np.float64]) -> NDArray[np.float64]:
            change = np.asarray(self._rhs(t, flat.reshape(start.shape), grid, **parameters), dtype=np.float64)
            if still is not None:
                change = np.where(still, 0.0, change)
            return change.reshape(-1)

        quantities = start.size // int(np.prod(grid.shape))
        sparsity = grid.sparsity(quantities, self._reach) if self.integration.method in ("BDF", "Radau") else None
        result = self.integration.run(rhs, start.reshape(-1), sparsity=sparsity)
        return Solution(
            grid=grid,
            start=start,
            final=result.y[:, -1].reshape(start.shape),
            t=result.t,
            parameters=parameters,
            _dense=result.sol,
        )

    def check(self, **parameters: Any) -> pd.DataFrame:
        """Estimate the error that the grid makes, by runs with twice and with half its step.

        Parameters
        ----------
        **parameters
            Where to check: the point of the space that is hardest to resolve is a good choice.

        Returns
        -------
        DataFrame
            A row an output: ``scale`` (its largest absolute value), ``error`` (estimated largest absolute error on
            this grid by Richardson extrapolation, infinite if the differences do not shrink) and ``order`` (observed
            order of convergence, log2 of the ratio of the differences; 2 where the grid's derivatives converge as
            they should, NaN if nothing changes at all).

        Notes
        -----
        Fields of the grid's shape are compared at the nodes that the grids share, other fields as they are. Errors
        of the integration in time are included; where they dominate, the order means nothing.

        References
        ----------
        Roache, P. J. (1994). Perspective: a method for uniform reporting of grid refinement studies. Journal of
        Fluids Engineering 116, 405-413.
        """
        import pandas as pd

        grids = (self.grid.coarsened(), self.grid, self.grid.refined())
        answers = [self._on(grid)(**parameters) for grid in grids]
        rows = {}
        for name in self.outputs:
            coarse, given, fine = _on_shared_nodes(name, [np.asarray(answer[name]) for answer in answers], grids)
            before, after = float(np.max(np.abs(coarse - given))), float(np.max(np.abs(given - fine)))
            rows[name] = {
                "scale": float(np.max(np.abs(given))),
                "error": 0.0 if after == 0 else after / (1.0 - after / before) if after < before else np.inf,
                "order": np.log2(before / after) if before > 0 and after > 0 else np.nan,
            }
        return pd.DataFrame.from_dict(rows, orient="index")

    def _on(self, grid: Grid) -> PDE:
        other = copy.copy(self)
        other.grid = grid
        return other


def _on_shared_nodes(
    name: str, values: list[NDArray[np.float64]], grids: tuple[Grid, ...]
) -> list[NDArray[np.float64]]:
    """Return an output's values on three grids at the nodes of the first one, or as they are if of one shape."""
    dimensions = len(grids[0].shape)
    if all(value.shape[-dimensions:] == grid.shape for value, grid in zip(values, grids, strict=True)):
        every: list[Any] = [(..., *[slice(None, None, stride)] * dimensions) for stride in (1, 2, 4)]
        return [value[nodes] for value, nodes in zip(values, every, strict=True)]
    if len({value.shape for value in values}) > 1:
        raise ValueError(
            f"outputs[{name!r}]: its shape {values[1].shape} follows the grid, but is not the grid's {grids[1].shape}. "
            "Return the field at the nodes, or at points that do not depend on the grid."
        )
    return values
