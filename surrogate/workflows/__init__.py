"""The front doors, which join the rooms: a surrogate, a study, the command line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as lazy

if TYPE_CHECKING:
    from surrogate.workflows.active import discover_actively as discover_actively
    from surrogate.workflows.discover import discover as discover
    from surrogate.workflows.distill import distill as distill
    from surrogate.workflows.distillation import Distillation as Distillation
    from surrogate.workflows.model_files import load_model as load_model
    from surrogate.workflows.model_files import save_model as save_model
    from surrogate.workflows.saved_student import SavedStudent as SavedStudent
    from surrogate.workflows.sensitivity import sensitivity as sensitivity
    from surrogate.workflows.sensitivity_designs import morris_design as morris_design
    from surrogate.workflows.sensitivity_designs import saltelli_design as saltelli_design
    from surrogate.workflows.study import Study as Study
    from surrogate.workflows.surrogate import Surrogate as Surrogate

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "discover": ["discover"],
        "active": ["discover_actively"],
        "distill": ["distill"],
        "distillation": ["Distillation"],
        "model_files": ["load_model", "save_model"],
        "saved_student": ["SavedStudent"],
        "sensitivity": ["sensitivity"],
        "sensitivity_designs": ["morris_design", "saltelli_design"],
        "study": ["Study"],
        "surrogate": ["Surrogate"],
    },
)
