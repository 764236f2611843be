"""Boxes: regions of the space in which cases of interest are dense."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as lazy

if TYPE_CHECKING:
    from surrogate.models.boxes.box_finder import BoxFinder as BoxFinder
    from surrogate.models.boxes.prim import PRIM as PRIM
    from surrogate.models.boxes.reds import REDS as REDS

__getattr__, __dir__, __all__ = lazy.attach(
    __name__, submod_attrs={"box_finder": ["BoxFinder"], "prim": ["PRIM"], "reds": ["REDS"]}
)
