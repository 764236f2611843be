"""Turn an expensive or opaque model into a fast or readable one.

One principle: Data 1 -> Model A -> transfer set (Data 2) -> Model B.
"""

from __future__ import annotations

from importlib.metadata import version as _version
from typing import TYPE_CHECKING

import lazy_loader as _lazy

if TYPE_CHECKING:
    from surrogate.design import BoxBehnken as BoxBehnken
    from surrogate.design import CentralComposite as CentralComposite
    from surrogate.design import FullFactorial as FullFactorial
    from surrogate.design import Halton as Halton
    from surrogate.design import LatinHypercube as LatinHypercube
    from surrogate.design import PlackettBurman as PlackettBurman
    from surrogate.design import Sobol as Sobol
    from surrogate.models.boxes import PRIM as PRIM
    from surrogate.models.boxes import REDS as REDS
    from surrogate.models.boxes import BestInterval as BestInterval
    from surrogate.models.boxes import CARTBoxes as CARTBoxes
    from surrogate.simulation import SimulationFailed as SimulationFailed
    from surrogate.simulation import check_simulator as check_simulator
    from surrogate.space import Box as Box
    from surrogate.space import Categorical as Categorical
    from surrogate.space import Integer as Integer
    from surrogate.space import Real as Real
    from surrogate.space import Space as Space
    from surrogate.transfer import TransferSet as TransferSet
    from surrogate.transfer import collect as collect
    from surrogate.validation import Scorecard as Scorecard
    from surrogate.validation import certify as certify
    from surrogate.workflows import Surrogate as Surrogate
    from surrogate.workflows import discover as discover
    from surrogate.workflows import discover_actively as discover_actively
    from surrogate.workflows import distill as distill

__version__ = _version("surrogate-discovery")

__getattr__, __dir__, __all__ = _lazy.attach(
    __name__,
    submod_attrs={
        "design": [
            "BoxBehnken",
            "CentralComposite",
            "FullFactorial",
            "Halton",
            "LatinHypercube",
            "PlackettBurman",
            "Sobol",
        ],
        "models.boxes": ["BestInterval", "CARTBoxes", "PRIM", "REDS"],
        "simulation": ["SimulationFailed", "check_simulator"],
        "space": ["Box", "Categorical", "Integer", "Real", "Space"],
        "transfer": ["TransferSet", "collect"],
        "validation": ["Scorecard", "certify"],
        "workflows": ["Surrogate", "discover", "discover_actively", "distill"],
    },
)
