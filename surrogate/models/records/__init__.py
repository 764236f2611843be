"""Fitted records: the numpy-only halves of Model B, which predict and are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as lazy

if TYPE_CHECKING:
    from surrogate.models.records.boosted_trees import BoostedTreesRecord as BoostedTreesRecord
    from surrogate.models.records.class_mlp import ClassMLPRecord as ClassMLPRecord
    from surrogate.models.records.class_trees import ClassTreesRecord as ClassTreesRecord
    from surrogate.models.records.classifier import ClassifierRecord as ClassifierRecord
    from surrogate.models.records.composite import CompositeRecord as CompositeRecord
    from surrogate.models.records.constant import Constant as Constant
    from surrogate.models.records.gaussian_process import GaussianProcessRecord as GaussianProcessRecord
    from surrogate.models.records.kriging import KrigingRecord as KrigingRecord
    from surrogate.models.records.mlp import MLPRecord as MLPRecord
    from surrogate.models.records.multi_fidelity import MultiFidelityRecord as MultiFidelityRecord
    from surrogate.models.records.nearest_neighbour_gp import NearestNeighbourGPRecord as NearestNeighbourGPRecord
    from surrogate.models.records.pod import PODRecord as PODRecord
    from surrogate.models.records.polynomial_chaos import PolynomialChaosRecord as PolynomialChaosRecord
    from surrogate.models.records.rbf import RBFRecord as RBFRecord
    from surrogate.models.records.record import Record as Record
    from surrogate.models.records.rules import RulesRecord as RulesRecord
    from surrogate.models.records.stochastic_kriging import StochasticKrigingRecord as StochasticKrigingRecord
    from surrogate.models.records.warped import WarpedRecord as WarpedRecord

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "boosted_trees": ["BoostedTreesRecord"],
        "class_mlp": ["ClassMLPRecord"],
        "class_trees": ["ClassTreesRecord"],
        "classifier": ["ClassifierRecord"],
        "composite": ["CompositeRecord"],
        "constant": ["Constant"],
        "gaussian_process": ["GaussianProcessRecord"],
        "kriging": ["KrigingRecord"],
        "mlp": ["MLPRecord"],
        "multi_fidelity": ["MultiFidelityRecord"],
        "nearest_neighbour_gp": ["NearestNeighbourGPRecord"],
        "pod": ["PODRecord"],
        "polynomial_chaos": ["PolynomialChaosRecord"],
        "rbf": ["RBFRecord"],
        "record": ["Record"],
        "rules": ["RulesRecord"],
        "stochastic_kriging": ["StochasticKrigingRecord"],
        "warped": ["WarpedRecord"],
    },
)
