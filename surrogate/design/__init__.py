"""Where to look: designs of experiments."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as lazy

if TYPE_CHECKING:
    from surrogate.design.bootstrap import Bootstrap as Bootstrap
    from surrogate.design.bootstrap import Marginals as Marginals
    from surrogate.design.boundary import Boundary as Boundary
    from surrogate.design.box_behnken import BoxBehnken as BoxBehnken
    from surrogate.design.box_sampling import BoxSampling as BoxSampling
    from surrogate.design.central_composite import CentralComposite as CentralComposite
    from surrogate.design.data_driven import DataDrivenDesign as DataDrivenDesign
    from surrogate.design.definitive_screening import DefinitiveScreening as DefinitiveScreening
    from surrogate.design.design import Design as Design
    from surrogate.design.design import design_from_dict as design_from_dict
    from surrogate.design.fractional_factorial import FractionalFactorial as FractionalFactorial
    from surrogate.design.full_factorial import FullFactorial as FullFactorial
    from surrogate.design.gaussian_mixture import GaussianMixture as GaussianMixture
    from surrogate.design.halton import Halton as Halton
    from surrogate.design.infill import Infill as Infill
    from surrogate.design.infill import Learned as Learned
    from surrogate.design.kernel_density import KernelDensity as KernelDensity
    from surrogate.design.latin_hypercube import LatinHypercube as LatinHypercube
    from surrogate.design.leaf_sampling import LeafSampling as LeafSampling
    from surrogate.design.munge import Munge as Munge
    from surrogate.design.naive_bayes_mixture import NaiveBayesMixture as NaiveBayesMixture
    from surrogate.design.optimal import Optimal as Optimal
    from surrogate.design.plackett_burman import PlackettBurman as PlackettBurman
    from surrogate.design.right_rows import RightRows as RightRows
    from surrogate.design.sobol import Sobol as Sobol

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "bootstrap": ["Bootstrap", "Marginals"],
        "boundary": ["Boundary"],
        "box_behnken": ["BoxBehnken"],
        "box_sampling": ["BoxSampling"],
        "central_composite": ["CentralComposite"],
        "data_driven": ["DataDrivenDesign"],
        "definitive_screening": ["DefinitiveScreening"],
        "design": ["Design", "design_from_dict"],
        "fractional_factorial": ["FractionalFactorial"],
        "full_factorial": ["FullFactorial"],
        "gaussian_mixture": ["GaussianMixture"],
        "halton": ["Halton"],
        "infill": ["Infill", "Learned"],
        "kernel_density": ["KernelDensity"],
        "latin_hypercube": ["LatinHypercube"],
        "leaf_sampling": ["LeafSampling"],
        "munge": ["Munge"],
        "naive_bayes_mixture": ["NaiveBayesMixture"],
        "optimal": ["Optimal"],
        "plackett_burman": ["PlackettBurman"],
        "right_rows": ["RightRows"],
        "sobol": ["Sobol"],
    },
)
