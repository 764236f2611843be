"""Students: models that are taught by a teacher's answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as lazy

if TYPE_CHECKING:
    from surrogate.models.students.boosted_trees_student import BoostedTreesStudent as BoostedTreesStudent
    from surrogate.models.students.hinton import hinton_loss as hinton_loss
    from surrogate.models.students.hinton import logits_of as logits_of
    from surrogate.models.students.mlp_student import MLPStudent as MLPStudent
    from surrogate.models.students.self_training import SelfTraining as SelfTraining
    from surrogate.models.students.student import Student as Student
    from surrogate.models.students.teach import teach as teach
    from surrogate.models.students.torch_student import TorchStudent as TorchStudent
    from surrogate.models.students.tree_records import record_of as record_of

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "boosted_trees_student": ["BoostedTreesStudent"],
        "hinton": ["hinton_loss", "logits_of"],
        "mlp_student": ["MLPStudent"],
        "self_training": ["SelfTraining"],
        "student": ["Student"],
        "teach": ["teach"],
        "torch_student": ["TorchStudent"],
        "tree_records": ["record_of"],
    },
)
