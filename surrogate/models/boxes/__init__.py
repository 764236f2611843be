"""Boxes: regions of the space in which cases of interest are dense."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as lazy

if TYPE_CHECKING:
    from surrogate.models.boxes.analysis.feature_scoring import feature_scores as feature_scores
    from surrogate.models.boxes.analysis.logistic import LogisticFactorMap as LogisticFactorMap
    from surrogate.models.boxes.analysis.policies import boxes_by_policy as boxes_by_policy
    from surrogate.models.boxes.analysis.policies import compare_policies as compare_policies
    from surrogate.models.boxes.analysis.policies import compare_with_reference as compare_with_reference
    from surrogate.models.boxes.analysis.regional import regional_sensitivity as regional_sensitivity
    from surrogate.models.boxes.analysis.robustness_metrics import domain_criterion as domain_criterion
    from surrogate.models.boxes.analysis.robustness_metrics import regret_from_baseline as regret_from_baseline
    from surrogate.models.boxes.analysis.robustness_metrics import regret_from_best as regret_from_best
    from surrogate.models.boxes.analysis.robustness_metrics import robustness as robustness
    from surrogate.models.boxes.analysis.robustness_metrics import uncertainty_horizon as uncertainty_horizon
    from surrogate.models.boxes.analysis.stacking import dimensional_stacking as dimensional_stacking
    from surrogate.models.boxes.analysis.worst_case_search import WorstCase as WorstCase
    from surrogate.models.boxes.analysis.worst_case_search import worst_case as worst_case
    from surrogate.models.boxes.bagging import BaggedBoxes as BaggedBoxes
    from surrogate.models.boxes.best_interval import BestInterval as BestInterval
    from surrogate.models.boxes.box_finder import BoxFinder as BoxFinder
    from surrogate.models.boxes.cart import CARTBoxes as CARTBoxes
    from surrogate.models.boxes.evidence.box_volume import consistency as consistency
    from surrogate.models.boxes.evidence.box_volume import overlap as overlap
    from surrogate.models.boxes.evidence.box_volume import volume as volume
    from surrogate.models.boxes.evidence.choice_rules import f_beta as f_beta
    from surrogate.models.boxes.evidence.choice_rules import knee as knee
    from surrogate.models.boxes.evidence.choice_rules import weighted as weighted
    from surrogate.models.boxes.evidence.covering import Covering as Covering
    from surrogate.models.boxes.evidence.covering import find_covers as find_covers
    from surrogate.models.boxes.evidence.dropping import drop_costs as drop_costs
    from surrogate.models.boxes.evidence.dropping import drop_sequence as drop_sequence
    from surrogate.models.boxes.evidence.rounding import RoundedBox as RoundedBox
    from surrogate.models.boxes.evidence.rounding import round_box as round_box
    from surrogate.models.boxes.evidence.stability import learning_curve as learning_curve
    from surrogate.models.boxes.evidence.stability import resample as resample
    from surrogate.models.boxes.pareto import ParetoBoxes as ParetoBoxes
    from surrogate.models.boxes.prim.prim import PRIM as PRIM
    from surrogate.models.boxes.reds.reds import REDS as REDS
    from surrogate.models.boxes.rotated_prim import RotatedPRIM as RotatedPRIM
    from surrogate.models.boxes.rotation import RotatedBox as RotatedBox
    from surrogate.models.boxes.rotation import Rotation as Rotation
    from surrogate.models.boxes.rotation import fit_rotation as fit_rotation

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "bagging": ["BaggedBoxes"],
        "best_interval": ["BestInterval"],
        "box_finder": ["BoxFinder"],
        "evidence.box_volume": ["consistency", "overlap", "volume"],
        "cart": ["CARTBoxes"],
        "evidence.choice_rules": ["f_beta", "knee", "weighted"],
        "evidence.covering": ["Covering", "find_covers"],
        "evidence.dropping": ["drop_costs", "drop_sequence"],
        "analysis.feature_scoring": ["feature_scores"],
        "analysis.logistic": ["LogisticFactorMap"],
        "pareto": ["ParetoBoxes"],
        "analysis.policies": ["boxes_by_policy", "compare_policies", "compare_with_reference"],
        "prim.prim": ["PRIM"],
        "reds.reds": ["REDS"],
        "analysis.regional": ["regional_sensitivity"],
        "analysis.robustness_metrics": [
            "domain_criterion",
            "regret_from_baseline",
            "regret_from_best",
            "robustness",
            "uncertainty_horizon",
        ],
        "rotated_prim": ["RotatedPRIM"],
        "rotation": ["RotatedBox", "Rotation", "fit_rotation"],
        "evidence.rounding": ["RoundedBox", "round_box"],
        "evidence.stability": ["learning_curve", "resample"],
        "analysis.stacking": ["dimensional_stacking"],
        "analysis.worst_case_search": ["WorstCase", "worst_case"],
    },
)
