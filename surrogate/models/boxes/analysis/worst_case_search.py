"""The worst case inside or outside a box, sought on a simulator or an emulator."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.simulation import Chunk, Simulator, Status, as_simulator, run
from surrogate.space import Box, Space

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Worse than every answer, for points where there is none: outside the region, infeasible, or failed.
_NONE = math.inf


@dataclass(frozen=True)
class WorstCase:
    """The worst answer found, and where.

    Attributes
    ----------
    point : dict of str to value
        The inputs.
    value : float
        The output there.
    outputs : dict of str to float
        All outputs there that are numbers.
    inside : bool
        Whether it was sought inside the box.
    n_runs : int
        How often the simulator was asked.
    n_failed : int
        How many of these runs failed; a failed run is not a worst case but a hole in the search.
    converged : bool
        Whether the search ended because all its points agreed, and not because the budget was used up.
    """

    point: dict[str, Any]
    value: float
    outputs: dict[str, float]
    inside: bool
    n_runs: int
    n_failed: int
    converged: bool


def worst_case(
    simulator: Any,
    bounds: Any = None,
    box: Box | None = None,
    *,
    outside: bool = False,
    output: str | None = None,
    minimize: bool = False,
    budget: int = 2000,
    seed: int = 0,
) -> WorstCase:
    """Seek the largest output inside or outside a box by differential evolution [1]_.

    Inside a box of failures it says how bad it can get; outside it whether the box has missed something worse.

    Parameters
    ----------
    simulator : callable or fitted estimator
        A simulator, or an emulator of it: the search asks some thousand times.
    bounds : bounds, optional
        What may vary; by default that of the simulator. Every kind of parameter is searched, constraints are kept.
    box : Box, optional
        By default the whole space.
    outside : bool, default False
        Whether to search outside the box instead.
    output : str, optional
        Which output; needed only if there are several.
    minimize : bool, default False
        Whether the smallest output is the worst.
    budget : int, default 2000
        Most runs.
    seed : int, default 0

    Returns
    -------
    WorstCase

    Raises
    ------
    ValueError
        If the output is unknown, the budget is too small for one generation, or no point of the region was found.

    References
    ----------
    .. [1] Storn & Price 1997, Journal of Global Optimization 11, 341-359.

    Examples
    --------
    >>> found = worst_case(lambda a, b: a * b, {"a": (0, 1), "b": (0, 2)}, Box({"a": (0, 0.5)}))
    >>> round(found.value, 6), round(found.point["a"], 6)
    (1.0, 0.5)
    >>> found = worst_case(lambda a, b: a * b, {"a": (0, 1), "b": (0, 2)}, Box({"a": (0, 0.5)}), outside=True)
    >>> round(found.value, 6), found.inside
    (2.0, False)
    """
    from scipy.optimize import Bounds, differential_evolution

    wrapped = as_simulator(simulator, bounds)
    if outside and (box is None or not box.limits):
        raise ValueError("outside: there is nothing outside a box without limits. Give a box, or outside=False.")
    space = wrapped.space if outside or box is None else wrapped.space.restrict(box)
    search = _Search(wrapped, space, box if outside else None, output, minimize)
    points = max(5, min(15 * len(space), budget // 8))
    if budget < 2 * points:
        raise ValueError(f"budget: needs at least {2 * points} runs, got {budget}.")
    objective: Any = search  # the stubs know no vectorised functions
    try:
        answer = differential_evolution(
            objective,
            Bounds(np.zeros(len(space)), np.ones(len(space))),
            init=search.start(points, seed),
            maxiter=budget // points - 1,
            vectorized=True,
            updating="deferred",
            polish=False,
            tol=1e-8,
            rng=np.random.default_rng(seed),
        )
    except _NoSuchOutput as error:
        raise ValueError(str(error)) from None
    if search.best is None:
        raise ValueError(
            f"no run of {search.n_runs} gave an answer {'outside' if outside else 'inside'} the box; "
            f"{search.n_failed} failed. Check the simulator, the box and the constraints."
        )
    point, value, outputs = search.best
    return WorstCase(point, value, outputs, not outside, search.n_runs, search.n_failed, bool(answer.success))


class _NoSuchOutput(Exception):
    """Not a ValueError, which differential evolution takes for its own."""


class _Search:
    """What differential evolution minimises: points of the unit cube in, the output or none out."""

    def __init__(
        self, simulator: Simulator, space: Space, without: Box | None, output: str | None, minimize: bool
    ) -> None:
        self.simulator, self.space, self.without, self.output = simulator, space, without, output
        self.sign = 1.0 if minimize else -1.0
        self.best: tuple[dict[str, Any], float, dict[str, float]] | None = None
        self.n_runs = self.n_failed = 0

    def start(self, n: int, seed: int) -> NDArray[np.float64]:
        """Return points of the region to start from, as far as some tries find them."""
        generator = np.random.default_rng([seed, 1])
        tried = generator.random((200 * n, len(self.space)))
        allowed = tried[self._allowed(self.space.from_unit(tried))]
        return np.concatenate([allowed[:n], tried[: max(0, n - len(allowed))]])

    def _allowed(self, frame: Any) -> NDArray[np.bool_]:
        allowed = self.space.feasible(frame)
        return allowed if self.without is None else allowed & ~self.without.contains(frame)

    def __call__(self, units: NDArray[np.float64]) -> NDArray[np.float64]:
        frame = self.space.from_unit(np.atleast_2d(units.T))
        rows = np.flatnonzero(self._allowed(frame))
        worth = np.full(len(frame), _NONE)
        if len(rows):
            columns = {name: frame[name].to_numpy()[rows] for name in self.space.names}
            seeds = np.zeros(len(rows), dtype=np.int64) if self.simulator.takes_seed else None
            for row, outcome in run(self.simulator, [Chunk(rows, columns, {}, seeds)]):
                self.n_runs += 1
                if outcome.status is not Status.OK:
                    self.n_failed += 1
                    continue
                numbers = {name: float(v) for name, v in outcome.outputs.items() if np.ndim(v) == 0}
                value = numbers[self._name(numbers)]
                worth[row] = self.sign * value
                if self.best is None or worth[row] < self.sign * self.best[1]:
                    point = {name: frame[name].iloc[row] for name in self.space.names}
                    self.best = ({k: getattr(v, "item", lambda v=v: v)() for k, v in point.items()}, value, numbers)
        return worth

    def _name(self, numbers: dict[str, float]) -> str:
        if self.output is None and len(numbers) == 1:
            return next(iter(numbers))
        if self.output not in numbers:
            raise _NoSuchOutput(f"output: must be one of {list(numbers)}, got {self.output!r}.")
        return self.output
