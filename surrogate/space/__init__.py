"""What may vary: parameters, the space they span, and boxes in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as lazy

if TYPE_CHECKING:
    from surrogate.space.box import Box as Box
    from surrogate.space.box_statistics import BoxStatistics as BoxStatistics
    from surrogate.space.categorical import Categorical as Categorical
    from surrogate.space.expression import Expression as Expression
    from surrogate.space.integer import Integer as Integer
    from surrogate.space.parameter import Parameter as Parameter
    from surrogate.space.real import Real as Real
    from surrogate.space.space import Space as Space

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "box": ["Box"],
        "box_statistics": ["BoxStatistics"],
        "expression": ["Expression"],
        "categorical": ["Categorical"],
        "integer": ["Integer"],
        "parameter": ["Parameter"],
        "real": ["Real"],
        "space": ["Space"],
    },
)
