"""Where to look: designs of experiments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as lazy

if TYPE_CHECKING:
    from surrogate.design.box_behnken import BoxBehnken as BoxBehnken
    from surrogate.design.central_composite import CentralComposite as CentralComposite
    from surrogate.design.definitive_screening import DefinitiveScreening as DefinitiveScreening
    from surrogate.design.design import Design as Design
    from surrogate.design.design import design_from_dict as design_from_dict
    from surrogate.design.fractional_factorial import FractionalFactorial as FractionalFactorial
    from surrogate.design.full_factorial import FullFactorial as FullFactorial
    from surrogate.design.halton import Halton as Halton
    from surrogate.design.latin_hypercube import LatinHypercube as LatinHypercube
    from surrogate.design.optimal import Optimal as Optimal
    from surrogate.design.plackett_burman import PlackettBurman as PlackettBurman
    from surrogate.design.sobol import Sobol as Sobol

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "box_behnken": ["BoxBehnken"],
        "central_composite": ["CentralComposite"],
        "definitive_screening": ["DefinitiveScreening"],
        "design": ["Design", "design_from_dict"],
        "fractional_factorial": ["FractionalFactorial"],
        "full_factorial": ["FullFactorial"],
        "halton": ["Halton"],
        "latin_hypercube": ["LatinHypercube"],
        "optimal": ["Optimal"],
        "plackett_burman": ["PlackettBurman"],
        "sobol": ["Sobol"],
    },
)
