"""Is it true: scores, cross-validation and intervals, all from runs that the model did not see.

The room takes estimators and predictions as arguments and imports no model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as lazy

if TYPE_CHECKING:
    from surrogate.validation.conformal import Conformal as Conformal
    from surrogate.validation.conformal import conformal_quantile as conformal_quantile
    from surrogate.validation.cross_validation import OutOfFold as OutOfFold
    from surrogate.validation.cross_validation import cross_validate as cross_validate
    from surrogate.validation.cross_validation import folds as folds
    from surrogate.validation.metrics import mae as mae
    from surrogate.validation.metrics import max_error as max_error
    from surrogate.validation.metrics import q2 as q2
    from surrogate.validation.metrics import rmse as rmse
    from surrogate.validation.optimism import ChosenErrors as ChosenErrors
    from surrogate.validation.optimism import errors_of_choosing as errors_of_choosing
    from surrogate.validation.scorecard import Scorecard as Scorecard

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "conformal": ["Conformal", "conformal_quantile"],
        "cross_validation": ["OutOfFold", "cross_validate", "folds"],
        "metrics": ["mae", "max_error", "q2", "rmse"],
        "optimism": ["ChosenErrors", "errors_of_choosing"],
        "scorecard": ["Scorecard"],
    },
)
