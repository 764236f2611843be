"""Rules: Model B that answers in sentences, and the trees, juntas and networks they are taken from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as lazy

if TYPE_CHECKING:
    from surrogate.models.rules.alternating_tree import AlternatingTreeClassifier as AlternatingTreeClassifier
    from surrogate.models.rules.alternating_tree import AlternatingTreeRegressor as AlternatingTreeRegressor
    from surrogate.models.rules.condition import Among as Among
    from surrogate.models.rules.condition import AtLeast as AtLeast
    from surrogate.models.rules.condition import Interval as Interval
    from surrogate.models.rules.extraction import extract_rules as extract_rules
    from surrogate.models.rules.from_boxes import rules_from_boxes as rules_from_boxes
    from surrogate.models.rules.from_tree import rules_from_tree as rules_from_tree
    from surrogate.models.rules.junta import Junta as Junta
    from surrogate.models.rules.junta import distill_junta as distill_junta
    from surrogate.models.rules.linear_representation import LinearRepresentationTree as LinearRepresentationTree
    from surrogate.models.rules.linear_representation import (
        distill_linear_representation as distill_linear_representation,
    )
    from surrogate.models.rules.linear_representation import mlp_activations as mlp_activations
    from surrogate.models.rules.rule import Rule as Rule
    from surrogate.models.rules.rule_set import RuleSet as RuleSet
    from surrogate.models.rules.trepan import Trepan as Trepan

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "alternating_tree": ["AlternatingTreeClassifier", "AlternatingTreeRegressor"],
        "condition": ["Among", "AtLeast", "Interval"],
        "extraction": ["extract_rules"],
        "from_boxes": ["rules_from_boxes"],
        "from_tree": ["rules_from_tree"],
        "junta": ["Junta", "distill_junta"],
        "linear_representation": ["LinearRepresentationTree", "distill_linear_representation", "mlp_activations"],
        "rule": ["Rule"],
        "rule_set": ["RuleSet"],
        "trepan": ["Trepan"],
    },
)
