"""Simulators that solve partial differential equations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as _lazy

if TYPE_CHECKING:
    from sims.pde.airfoil import Airfoil as Airfoil
    from sims.pde.burgers import Burgers as Burgers
    from sims.pde.heat import Heat as Heat

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__, submod_attrs={"airfoil": ["Airfoil"], "burgers": ["Burgers"], "heat": ["Heat"]}
)
