"""Integration of an initial value problem, in which a solver that does not reach the end is a failure."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.integrate import solve_ivp

from surrogate.simulation import SimulationFailed

if TYPE_CHECKING:
    from numpy.typing import NDArray

METHODS = ("RK45", "DOP853", "RK23", "Radau", "BDF", "LSODA")
_IMPLICIT = ("Radau", "BDF", "LSODA")


@dataclass(frozen=True)
class Event:
    """A moment that matters: where a function of time and state crosses zero.

    Parameters
    ----------
    condition : callable
        ``condition(t, y, **parameters) -> float``, continuous; the event is its zero.
    terminal : bool, default False
        Whether the integration ends there.
    direction : {0, 1, -1}, default 0
        Count every crossing (0), rising ones only (1) or falling ones only (-1).
    """

    condition: Callable[..., float]
    terminal: bool = False
    direction: int = 0

    def __post_init__(self) -> None:
        if not callable(self.condition):
            raise TypeError(f"condition must be a function (t, y, **parameters), got {self.condition!r}.")
        if self.direction not in (-1, 0, 1):
            raise ValueError(f"direction must be -1, 0 or 1, got {self.direction!r}.")


@dataclass(frozen=True)
class Integration:
    """How an initial value problem is integrated: the settings that a simulator owns.

    Parameters
    ----------
    span : (float, float)
        First and last time, in the model's own unit of time.
    method : {"RK45", "DOP853", "RK23", "Radau", "BDF", "LSODA"}, default "RK45"
        The solver of scipy. "Radau" or "BDF" for stiff problems, "DOP853" for tight tolerances. "LSODA" chooses for
        itself, but does not run in several threads at once.
    rtol, atol : float, default 1e-6 and 1e-9
        Tolerances of one step. They are tighter than scipy's because an emulator sees the solver's error as noise
        between neighbouring runs.
    max_evaluations : int, default 1_000_000
        A run that needs more evaluations of the right-hand side fails: a solver that crawls through a stiff problem
        would otherwise hold the study up for ever, and unlike a time limit this is the same on every machine.

    Raises
    ------
    ValueError
        If the span is empty or infinite, the method unknown, or a number not positive.
    """

    span: tuple[float, float]
    method: str = "RK45"
    rtol: float = 1e-6
    atol: float | Sequence[float] = 1e-9
    max_evaluations: int = 1_000_000

    def __post_init__(self) -> None:
        start, end = self.span
        if not (np.isfinite(start) and np.isfinite(end) and start < end):
            raise ValueError(f"span must be two finite times, the first one below the last, got {self.span}.")
        if self.method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}, got {self.method!r}.")
        if not self.rtol > 0 or not np.all(np.asarray(self.atol) > 0) or self.max_evaluations < 1:
            raise ValueError(
                "rtol, atol and max_evaluations must be above 0, "
                f"got rtol={self.rtol}, atol={self.atol}, max_evaluations={self.max_evaluations}."
            )

    def run(
        self,
        rhs: Callable[[float, NDArray[np.float64]], Any],
        start: NDArray[np.float64],
        *,
        events: Mapping[str, Event] | None = None,
        parameters: Mapping[str, Any] | None = None,
        jacobian: Callable[[float, NDArray[np.float64]], Any] | None = None,
        sparsity: Any = None,
    ) -> Any:
        """Integrate ``dy/dt = rhs(t, y)`` from `start` and return scipy's result with its dense output.

        Raises
        ------
        SimulationFailed
            If the solver gives up, the state stops being finite, or `max_evaluations` is exceeded.
        """
        if not np.all(np.isfinite(start)):
            raise SimulationFailed(f"the initial state is not finite: {start}")
        options: dict[str, Any] = {
            "method": self.method,
            "events": [_scipy_event(event, parameters or {}) for event in (events or {}).values()] or None,
            "dense_output": True,
            "rtol": self.rtol,
            "atol": self.atol,
        }
        if self.method in _IMPLICIT and jacobian is not None:
            options["jac"] = jacobian
        elif self.method in ("Radau", "BDF") and sparsity is not None:
            options["jac_sparsity"] = sparsity
        # Overflow on the way to a blow-up is reported once, as a failed run.
        with np.errstate(all="ignore"), self._quiet():
            result: Any = solve_ivp(self._counted(rhs), self.span, start, **options)
        if not result.success:
            raise SimulationFailed(f"{self.method} stopped at t={result.t[-1]:.6g}: {result.message}")
        if not np.all(np.isfinite(result.y[:, -1])):
            raise SimulationFailed(f"the state is not finite at t={result.t[-1]:.6g}")
        return result

    def _quiet(self) -> AbstractContextManager[None]:
        # LSODA tells its troubles as warnings, and says them again in its result.
        return warnings.catch_warnings(action="ignore") if self.method == "LSODA" else nullcontext()

    def _counted(self, rhs: Callable[[float, NDArray[np.float64]], Any]) -> Callable[..., Any]:
        evaluations = 0

        def counted(t: float, y: NDArray[np.float64]) -> Any:
            nonlocal evaluations
            evaluations += 1
            if evaluations > self.max_evaluations:
                stiff = "" if self.method in _IMPLICIT else " If the problem is stiff, method='Radau' needs far fewer."
                raise SimulationFailed(
                    f"{self.method} needed more than {self.max_evaluations} evaluations and reached t={t:.6g}.{stiff}"
                )
            return rhs(t, y)

        return counted


def _scipy_event(event: Event, parameters: Mapping[str, Any]) -> Callable[..., float]:
    def crossing(t: float, y: NDArray[np.float64]) -> float:
        return event.condition(t, y, **parameters)

    crossing.terminal = event.terminal  # type: ignore[attr-defined]
    crossing.direction = event.direction  # type: ignore[attr-defined]
    return crossing


def check_parameters(given: Mapping[str, Any], names: Sequence[str]) -> None:
    """Raise ``TypeError`` unless exactly the parameters `names` are given."""
    missing = [name for name in names if name not in given]
    unknown = [name for name in given if name not in names]
    if missing or unknown:
        trouble = [f"missing {', '.join(missing)}"] if missing else []
        trouble += [f"unknown {', '.join(unknown)}"] if unknown else []
        raise TypeError(f"parameters: {'; '.join(trouble)}. Give by name: {', '.join(names)}.")


def check_outputs(outputs: Mapping[str, Callable[[Any], Any]]) -> None:
    """Raise unless `outputs` maps at least one name to a function."""
    if not isinstance(outputs, Mapping) or not outputs:
        raise TypeError(f"outputs must map at least one name to a function, got {outputs!r}.")
    for name, function in outputs.items():
        if not callable(function):
            raise TypeError(f"outputs[{name!r}] must be a function, got {function!r}.")
