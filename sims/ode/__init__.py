"""Simulators that integrate ordinary differential equations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as _lazy

if TYPE_CHECKING:
    from sims.ode.influenza import Influenza as Influenza
    from sims.ode.robertson import Robertson as Robertson
    from sims.ode.seir import SEIR as SEIR

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__, submod_attrs={"influenza": ["Influenza"], "robertson": ["Robertson"], "seir": ["SEIR"]}
)
