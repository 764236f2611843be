"""A system of ordinary differential equations as a simulator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from sims.adapters.integration import Event, Integration, check_outputs, check_parameters
from surrogate.simulation import SimulationFailed
from surrogate.space import Space

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True)
class Trajectory:
    """What an `ODE` went through in one run; the outputs are functions of it.

    Attributes
    ----------
    t : ndarray of shape (m,)
        The solver's own steps, from the start to the end or to a terminal event.
    y : ndarray of shape (s, m)
        The states there. ``trajectory["name"]`` is the row of one state.
    events : dict of str to ndarray
        The times at which each event happened, in order; empty if it never did.
    event_states : dict of str to ndarray of shape (k, s)
        The states at these times.
    parameters : dict
        What the run was called with.

    Notes
    -----
    The solver chooses its steps anew in every run. A maximum over them jumps a little from run to run, which an
    emulator sees as noise: take the peak from an event, or from `at`.
    """

    t: NDArray[np.float64]
    y: NDArray[np.float64]
    events: Mapping[str, NDArray[np.float64]]
    event_states: Mapping[str, NDArray[np.float64]]
    parameters: Mapping[str, Any]
    states: tuple[str, ...]
    _dense: Callable[..., NDArray[np.float64]]

    def __getitem__(self, state: str) -> NDArray[np.float64]:
        return np.asarray(self.y[self._row(state)])

    def at(self, times: ArrayLike, state: str) -> NDArray[np.float64]:
        """Return one state at `times`, of their shape, interpolated to the solver's order: a series for a field.

        Raises
        ------
        SimulationFailed
            If a time lies after the end, because a terminal event came first.
        """
        moments = np.asarray(times, dtype=np.float64)
        outside = moments[(moments < self.t[0]) | (moments > self.t[-1])]
        if outside.size:
            raise SimulationFailed(
                f"t={outside[0]:.6g} was asked for, but the trajectory runs from {self.t[0]:.6g} to {self.t[-1]:.6g}"
            )
        return np.asarray(self._dense(moments.reshape(-1))[self._row(state)]).reshape(moments.shape)

    def final(self, state: str) -> float:
        """Return the last value of one state."""
        return float(self.y[self._row(state), -1])

    def _row(self, state: str) -> int:
        if state not in self.states:
            raise KeyError(f"no state {state!r}; the states are {', '.join(self.states)}")
        return self.states.index(state)


class ODE:
    """A system of ordinary differential equations as a simulator.

    Parameters
    ----------
    rhs : callable
        The right-hand side, ``rhs(t, y, **parameters) -> dy/dt`` with `y` of shape (s,).
    initial : array_like of shape (s,) or callable
        The state at the start, or ``initial(**parameters)`` that returns it.
    space : Space or bounds
        What may vary: the parameters, by the names under which `rhs` takes them.
    outputs : dict of str to callable
        What a run answers: ``function(trajectory: Trajectory)`` returns a number, or an array for a field.
    span : (float, float)
        First and last time.
    states : sequence of str, optional
        Names of the states; by default y1, y2, ...
    events : dict of str to (Event or callable), optional
        Moments to find; a plain function ``(t, y, **parameters)`` counts every zero and does not end the run.
    jacobian : callable, optional
        ``jacobian(t, y, **parameters)`` of shape (s, s), for the implicit methods, which otherwise difference `rhs`.
    method, rtol, atol, max_evaluations
        See `Integration`.

    Notes
    -----
    Units are the model's own: time in the unit of `span`, states and parameters in whatever `rhs` expects. Write the
    parameters' units into `space` (``Real(..., unit="1/day")``), the outputs' beside them.

    A run fails, as `SimulationFailed` with the solver's message and never as a number, if the solver gives up, the
    state stops being finite, or `max_evaluations` is exceeded. A terminal event is a regular end.

    Raises
    ------
    TypeError, ValueError
        If an argument has the wrong form; in a call, if a parameter is missing or unknown.

    See Also
    --------
    sims.ode.SEIR : a worked example with events.
    sims.ode.Robertson : a stiff example with a Jacobian.

    Examples
    --------
    An oscillator that starts one metre away from its rest:

    >>> from sims.adapters import ODE
    >>> def rhs(t, y, stiffness, damping):
    ...     return [y[1], -stiffness * y[0] - damping * y[1]]
    >>> oscillator = ODE(
    ...     rhs,
    ...     initial=[1.0, 0.0],
    ...     space={"stiffness": (1.0, 4.0), "damping": (0.0, 0.5)},
    ...     outputs={"end": lambda trajectory: trajectory.final("position")},
    ...     span=(0.0, 2.0),
    ...     states=["position", "speed"],
    ... )
    >>> round(oscillator(stiffness=1.0, damping=0.0)["end"], 4)  # the cosine of 2
    -0.4161
    """

    vectorized: ClassVar[bool] = False

    def __init__(
        self,
        rhs: Callable[..., Any],
        initial: ArrayLike | Callable[..., ArrayLike],
        space: Any,
        outputs: Mapping[str, Callable[[Trajectory], Any]],
        span: tuple[float, float],
        *,
        states: Sequence[str] | None = None,
        events: Mapping[str, Event | Callable[..., float]] | None = None,
        jacobian: Callable[..., Any] | None = None,
        method: str = "RK45",
        rtol: float = 1e-6,
        atol: float | Sequence[float] = 1e-9,
        max_evaluations: int = 1_000_000,
    ) -> None:
        if not callable(rhs):
            raise TypeError(f"rhs must be a function (t, y, **parameters), got {rhs!r}.")
        check_outputs(outputs)
        self.space = Space.from_bounds(space)
        self.outputs = tuple(outputs)
        self.integration = Integration(span, method, rtol, atol, max_evaluations)
        self._rhs = rhs
        self._initial = initial if callable(initial) else _state(initial)
        self._functions = dict(outputs)
        self._states = None if states is None else tuple(states)
        self._events = {
            name: event if isinstance(event, Event) else Event(event) for name, event in (events or {}).items()
        }
        self._jacobian = jacobian

    def __call__(self, **parameters: Any) -> dict[str, Any]:
        """Run once with every parameter of `space` by name, and return the outputs by name."""
        trajectory = self.trajectory(**parameters)
        return {name: function(trajectory) for name, function in self._functions.items()}

    def trajectory(self, **parameters: Any) -> Trajectory:
        """Run once and return the whole trajectory, to look at or to plot."""
        check_parameters(parameters, self.space.names)
        start = _state(self._initial(**parameters)) if callable(self._initial) else self._initial
        states = self._states or tuple(f"y{i + 1}" for i in range(len(start)))
        if len(states) != len(start):
            raise ValueError(f"states: {len(states)} names for {len(start)} initial values. Give as many.")

        def rhs(t: float, y: NDArray[np.float64]) -> Any:
            return self._rhs(t, y, **parameters)

        jacobian = self._jacobian and (lambda t, y: self._jacobian(t, y, **parameters))  # type: ignore[misc]
        result = self.integration.run(rhs, start, events=self._events, parameters=parameters, jacobian=jacobian)
        return Trajectory(
            t=result.t,
            y=result.y,
            events=dict(zip(self._events, result.t_events or (), strict=True)),
            event_states={
                name: np.asarray(found).reshape(-1, len(start))
                for name, found in zip(self._events, result.y_events or (), strict=True)
            },
            parameters=parameters,
            states=states,
            _dense=result.sol,
        )


def _state(values: ArrayLike) -> NDArray[np.float64]:
    state = np.asarray(values, dtype=np.float64)
    if state.ndim != 1 or not state.size:
        raise ValueError(f"initial must be a 1-D array with a number for each state, got shape {state.shape}.")
    return state
