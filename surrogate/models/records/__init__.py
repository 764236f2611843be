"""Fitted records: the numpy-only halves of Model B, which predict and are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as lazy

if TYPE_CHECKING:
    from surrogate.models.records.boosted_trees import BoostedTreesRecord as BoostedTreesRecord
    from surrogate.models.records.constant import Constant as Constant
    from surrogate.models.records.gaussian_process import GaussianProcessRecord as GaussianProcessRecord
    from surrogate.models.records.kriging import KrigingRecord as KrigingRecord
    from surrogate.models.records.mlp import MLPRecord as MLPRecord
    from surrogate.models.records.polynomial_chaos import PolynomialChaosRecord as PolynomialChaosRecord
    from surrogate.models.records.record import Record as Record

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "boosted_trees": ["BoostedTreesRecord"],
        "constant": ["Constant"],
        "gaussian_process": ["GaussianProcessRecord"],
        "kriging": ["KrigingRecord"],
        "mlp": ["MLPRecord"],
        "polynomial_chaos": ["PolynomialChaosRecord"],
        "record": ["Record"],
    },
)
