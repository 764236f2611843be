"""Simulators of policy analysis: futures in, consequences of a policy out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as _lazy

if TYPE_CHECKING:
    from sims.policy.lake import Lake as Lake

__getattr__, __dir__, __all__ = _lazy.attach(__name__, submod_attrs={"lake": ["Lake"]})
