"""The search behind `discover`: one box after the other, each chosen by held-out runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from surrogate.space import Box
from surrogate.workflows.study import Study

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.models.boxes import REDS, BoxFinder
    from surrogate.models.boxes.columns import Columns
    from surrogate.models.boxes.evidence.heldout import Chosen
    from surrogate.space import Space
    from surrogate.workflows.question import Question

# Above this many runs other folds change little.
_MANY_RUNS = 5000


@dataclass(frozen=True)
class How:
    """How boxes are chosen: the arguments of `discover` of the same names."""

    max_boxes: int = 3
    covering: str = "removing"
    choice: str | Callable[[pd.DataFrame], int] = "one_standard_error"
    folds: int = 5
    repeats: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        from surrogate.models.boxes.evidence.choice_rules import read_rule
        from surrogate.models.boxes.evidence.covering import COVERINGS

        for name, least in (("folds", 2), ("max_boxes", 1), ("repeats", 1)):
            value = getattr(self, name)
            if not (value is None and name == "repeats") and (not isinstance(value, int) or value < least):
                raise ValueError(f"{name}: must be a whole number of at least {least}, got {value!r}.")
        if self.covering not in COVERINGS:
            raise ValueError(f"covering: must be one of {sorted(COVERINGS)}, got {self.covering!r}.")
        read_rule(self.choice)

    def validation(self, n: int) -> dict[str, Any]:
        """Return the arguments of `surrogate.models.boxes.evidence.heldout.choose` for `n` runs."""
        from surrogate.models.boxes.evidence.choice_rules import read_rule

        repeats = self.repeats or (4 if n <= _MANY_RUNS else 1)
        return {"folds": self.folds, "repeats": repeats, "seed": self.seed, "rule": read_rule(self.choice)}


@dataclass(frozen=True)
class Search:
    """The boxes that were chosen, one a cover, and the fitted search of the first."""

    fitted: BoxFinder
    covers: list[Chosen]


def answer(question: Question, space: Any, finder: BoxFinder, how: How) -> Study:
    """Search, choose, and gather the evidence; the space may be any form of bounds, or None if it is not declared."""
    from surrogate.models.boxes.columns import read_columns

    columns = read_columns(question.X)  # which names the column that cannot be read
    space = question.space(space)
    if _is_reds(finder):
        search = search_emulated(finder, question, columns, space, how)
    else:
        search = _search_runs(finder, question, columns, how)
    return make_study(question, space, search, finder, how)


def make_study(question: Question, space: Space, search: Search, finder: BoxFinder, how: How) -> Study:
    """Return the answer to a question."""
    from surrogate.models.boxes.columns import read_columns

    units = {name: p.unit for name, p in space.parameters.items() if p.unit}
    boxes = [Box(c.steps[c.row].limits, names=list(question.X.columns), units=units) for c in search.covers]
    first = search.covers[0]
    return Study(
        runs=question.runs,
        X=question.X,
        y=question.y,
        case=question.text,
        space=space,
        search=search.fitted,
        trajectory=_with_lift(search.fitted.trajectory_, question.y).join(first.heldout.table()),
        chosen=first.row,
        box=boxes[0],
        boxes=[box for box in boxes if box.limits],
        lost=question.lost,
        seed=how.seed,
        _question=question,
        _columns=read_columns(question.X),
        _evidence=[c.heldout.table().iloc[c.row] for c in search.covers],
        _finder=finder,
        _how=how,
    )


def _with_lift(trajectory: pd.DataFrame, y: NDArray[np.float64]) -> pd.DataFrame:
    return trajectory.assign(lift=trajectory["density"] / y.mean())


def _is_reds(finder: Any) -> TypeGuard[REDS]:
    from surrogate.models.boxes import REDS

    return isinstance(finder, REDS)


def _search_runs(
    finder: BoxFinder,
    question: Question,
    columns: Columns,
    how: How,
) -> Search:
    """Search the runs themselves."""
    from sklearn.base import clone

    from surrogate.models.boxes.evidence.heldout import choose

    y = question.y
    first = choose(finder, columns, y, **how.validation(len(y)))
    covers = [first, *_cover(finder, columns, y, first, how)]
    return Search(clone(finder).fit(question.X[list(first.names)], y), covers)


def search_emulated(
    finder: REDS,
    question: Question,
    columns: Columns,
    space: Space,
    how: How,
    counted: NDArray[np.bool_] | None = None,
) -> Search:
    """Search new points that emulators of the runs have labelled; count the runs that stand for the space."""
    from sklearn.base import clone

    from surrogate.models.boxes.reds.emulated import EmulatedFolds
    from surrogate.models.boxes.reds.labelling import Asked
    from surrogate.models.boxes.reds.reds import check_labelling

    reds = clone(finder)
    if reds.space is None:
        reds.set_params(space=space)
    emulated = reds.emulate(columns, Asked(question.y, question.outputs, question.condition))
    labelling = emulated.learn()
    if reds.gate:
        check_labelling(labelling)
    validation = how.validation(len(question.y)) | {"repeats": how.repeats or 1}
    tested = EmulatedFolds(emulated, labelling, counted=counted, covering=how.covering, **validation)
    covers = tested.covers(how.max_boxes)
    rows = tested.counted
    X = question.X.loc[rows, list(covers[0].names)].reset_index(drop=True)
    return Search(reds.take_over(X, question.y[rows], tested.found(covers[0])), covers)


def _cover(finder: BoxFinder, columns: Columns, y: NDArray[np.float64], first: Chosen, how: How) -> list[Chosen]:
    """Search again in what the boxes found leave, while held-out runs say that it helps."""
    from surrogate.models.boxes.evidence.covering import Covering
    from surrogate.models.boxes.evidence.heldout import choose

    covers: list[Chosen] = []
    left, last = Covering(finder, columns, y, how.covering), first
    while len(covers) + 1 < how.max_boxes and (limits := last.steps[last.row].limits):
        left.add(limits)
        if not left.searchable:
            break
        last = choose(left.finder, left.columns, left.y, **how.validation(len(y)))
        # Denser than what is left is not enough: what is left has few cases, and slivers of them beside the boxes.
        if not last.steps[last.row].limits or last.heldout.density[1][last.row] <= y.mean():
            break
        covers.append(last)
    return covers
