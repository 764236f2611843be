"""Published test functions: closed formulas that the literature measures emulators on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as _lazy

if TYPE_CHECKING:
    from sims.functions.borehole import Borehole as Borehole
    from sims.functions.ishigami import Ishigami as Ishigami
    from sims.functions.otl_circuit import OTLCircuit as OTLCircuit
    from sims.functions.piston import Piston as Piston
    from sims.functions.wing_weight import WingWeight as WingWeight

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submod_attrs={
        "borehole": ["Borehole"],
        "ishigami": ["Ishigami"],
        "otl_circuit": ["OTLCircuit"],
        "piston": ["Piston"],
        "wing_weight": ["WingWeight"],
    },
)
