"""Is it true: scores, cross-validation and intervals, all from runs that the model did not see.

The room takes estimators and predictions as arguments and imports no model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as lazy

if TYPE_CHECKING:
    from surrogate.validation.budget import OverBudget as OverBudget
    from surrogate.validation.budget import check_budget as check_budget
    from surrogate.validation.certificate import Certificate as Certificate
    from surrogate.validation.certificate import certify as certify
    from surrogate.validation.conformal import Conformal as Conformal
    from surrogate.validation.conformal import conformal_quantile as conformal_quantile
    from surrogate.validation.cross_validation import OutOfFold as OutOfFold
    from surrogate.validation.cross_validation import cross_validate as cross_validate
    from surrogate.validation.cross_validation import folds as folds
    from surrogate.validation.fidelity import fidelity_table as fidelity_table
    from surrogate.validation.fidelity import regression_fidelity_table as regression_fidelity_table
    from surrogate.validation.gain import mean_interval as mean_interval
    from surrogate.validation.latency import Latency as Latency
    from surrogate.validation.latency import measure_latency as measure_latency
    from surrogate.validation.latency import microseconds_a_row as microseconds_a_row
    from surrogate.validation.latency import size_in_bytes as size_in_bytes
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
        "budget": ["OverBudget", "check_budget"],
        "certificate": ["Certificate", "certify"],
        "conformal": ["Conformal", "conformal_quantile"],
        "cross_validation": ["OutOfFold", "cross_validate", "folds"],
        "fidelity": ["fidelity_table", "regression_fidelity_table"],
        "gain": ["mean_interval"],
        "latency": ["Latency", "measure_latency", "microseconds_a_row", "size_in_bytes"],
        "metrics": ["mae", "max_error", "q2", "rmse"],
        "optimism": ["ChosenErrors", "errors_of_choosing"],
        "scorecard": ["Scorecard"],
    },
)
