"""Adapters that turn a kind of model into a simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as _lazy

if TYPE_CHECKING:
    from sims.adapters.fmu import FMU as FMU
    from sims.adapters.grid import Grid as Grid
    from sims.adapters.integration import Event as Event
    from sims.adapters.integration import Integration as Integration
    from sims.adapters.ode import ODE as ODE
    from sims.adapters.ode import Trajectory as Trajectory
    from sims.adapters.pde import PDE as PDE
    from sims.adapters.pde import Solution as Solution
    from sims.adapters.pysd import PySD as PySD
    from sims.adapters.record import Recording as Recording

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submod_attrs={
        "fmu": ["FMU"],
        "grid": ["Grid"],
        "integration": ["Event", "Integration"],
        "ode": ["ODE", "Trajectory"],
        "pde": ["PDE", "Solution"],
        "pysd": ["PySD"],
        "record": ["Recording"],
    },
)
