"""Emulators: scikit-learn estimators that learn a simulator, and the choice between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as lazy

if TYPE_CHECKING:
    from surrogate.models.emulators.boosted_trees import BoostedTrees as BoostedTrees
    from surrogate.models.emulators.composite import Composite as Composite
    from surrogate.models.emulators.emulator import Emulator as Emulator
    from surrogate.models.emulators.gaussian_process import GaussianProcess as GaussianProcess
    from surrogate.models.emulators.kriging import Kriging as Kriging
    from surrogate.models.emulators.mlp import MLP as MLP
    from surrogate.models.emulators.multi_fidelity import MultiFidelity as MultiFidelity
    from surrogate.models.emulators.nearest_neighbour_gp import NearestNeighbourGP as NearestNeighbourGP
    from surrogate.models.emulators.polynomial_chaos import PolynomialChaos as PolynomialChaos
    from surrogate.models.emulators.rbf import RBF as RBF
    from surrogate.models.emulators.selection import Selection as Selection
    from surrogate.models.emulators.selection import select as select
    from surrogate.models.emulators.stochastic_kriging import StochasticKriging as StochasticKriging
    from surrogate.models.emulators.warped import Warped as Warped

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "boosted_trees": ["BoostedTrees"],
        "composite": ["Composite"],
        "emulator": ["Emulator"],
        "gaussian_process": ["GaussianProcess"],
        "kriging": ["Kriging"],
        "mlp": ["MLP"],
        "multi_fidelity": ["MultiFidelity"],
        "nearest_neighbour_gp": ["NearestNeighbourGP"],
        "polynomial_chaos": ["PolynomialChaos"],
        "rbf": ["RBF"],
        "selection": ["Selection", "select"],
        "stochastic_kriging": ["StochasticKriging"],
        "warped": ["Warped"],
    },
)
