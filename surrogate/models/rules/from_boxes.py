"""Boxes as a rule list: what PRIM finds, in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from surrogate.models.rules.columns import Columns
from surrogate.models.rules.rule import Rule
from surrogate.models.rules.rule_set import RuleSet
from surrogate.space import Box


def rules_from_boxes(
    boxes: Sequence[Box], X: Any, *, inside: Any = True, outside: Any = False, space: Any = None, output: str = ""
) -> RuleSet:
    """Write boxes as a rule list: inside one of them one answer, otherwise the other.

    Parameters
    ----------
    boxes : sequence of Box
        In order; boxes without limits hold everywhere.
    X : table
        Rows of the kind that the rules will be asked about: it says which columns there are.
    inside, outside : scalar, default True and False
        The two answers.
    space : Space or bounds, optional
        Names, units and categories, instead of those of `X`.
    output : str, optional
        What is answered, for texts.

    Returns
    -------
    RuleSet
        Ordered.

    Examples
    --------
    >>> boxes = [Box({"b": (0.1, 0.2)}), Box({"q": (3.0, float("inf"))})]
    >>> print(rules_from_boxes(boxes, {"b": [0.3], "q": [1.0]}, inside="lost", outside="safe"))
    if 0.1 <= b <= 0.2 then lost
    if q >= 3 then lost
    otherwise safe
    """
    units = {name: unit for box in boxes for name, unit in box.units.items()}
    columns = Columns.read(X, units=units, space=space)
    rules = tuple(Rule.from_box(box, inside) for box in boxes)
    return RuleSet(rules, columns, (outside, inside), default=outside, output=output)
