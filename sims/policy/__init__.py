"""Simulators of policy analysis: futures in, consequences of a policy out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as _lazy

if TYPE_CHECKING:
    from sims.policy.climate_economy import ClimateEconomy as ClimateEconomy
    from sims.policy.lake import Lake as Lake
    from sims.policy.smart_grid import SmartGrid as SmartGrid
    from sims.policy.smart_grid import SymmetricSmartGrid as SymmetricSmartGrid

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submod_attrs={
        "climate_economy": ["ClimateEconomy"],
        "lake": ["Lake"],
        "smart_grid": ["SmartGrid", "SymmetricSmartGrid"],
    },
)
