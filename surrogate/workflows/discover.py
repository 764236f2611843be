"""Scenario discovery: find the futures in which a case of interest is dense."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np

from surrogate.space import Box
from surrogate.workflows.question import read_question
from surrogate.workflows.study import Study

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.boxes import REDS, BoxFinder
    from surrogate.models.boxes.columns import Columns
    from surrogate.models.boxes.evidence.heldout import Chosen
    from surrogate.space import Space
    from surrogate.workflows.question import Question

# The names of the finders in surrogate.models.boxes.
_METHODS = {"prim": "PRIM", "reds": "REDS", "best_interval": "BestInterval", "cart": "CARTBoxes"}
# Above this many runs other folds change little.
_MANY_RUNS = 5000


def discover(
    runs: Any,
    case: Any,
    method: str | BoxFinder = "prim",
    *,
    inputs: Sequence[str] | None = None,
    space: Any = None,
    max_boxes: int = 3,
    folds: int = 5,
    repeats: int | None = None,
    seed: int = 0,
) -> Study:
    """Find the boxes in which a case of interest is dense, and choose by evidence from held-out runs.

    Parameters
    ----------
    runs : TransferSet, DataFrame, array-like of shape (n, d), or path
        The runs; a path is that of a CSV table or of a store. A table may hold inputs and outputs if `case` is a
        condition; failed runs (NaN in an output that the condition names) are then left out.
    case : str or array-like of shape (n,)
        A condition such as ``"reliability < 0.9"``, parsed and never run as code, or one boolean, 0/1 or
        probability a run. A Series is aligned with a DataFrame of runs by its labels.
        ``"failed"`` asks where the simulator itself breaks down, ``"status == 'timeout'"`` where it is too slow:
        all runs that were made are then searched. In a table, runs with a missing value failed, and columns with
        missing values are outputs.
    method : str or BoxFinder, default "prim"
        "prim", "reds", "best_interval", "cart", or a box finder with settings of your own such as
        ``PRIM(peel_alpha=0.1)``. "reds" finds better boxes from few runs, by an emulator; of a condition it
        may emulate the outputs. It draws from `space`: declare it.
    inputs : sequence of str, optional
        Columns of a DataFrame that are inputs; by default all that the condition does not name.
    space : bounds, optional
        What may vary, for units and reports; by default that of the transfer set, or the range of the data.
    max_boxes : int, default 3
        After the first box the search is repeated on the runs outside of it, until this many boxes are found or a
        box is on held-out runs not surely denser than all runs are. More than three are hard to tell.
    folds : int, default 5
        Folds of the cross-validation.
    repeats : int, optional
        Cross-validations with other folds; 4 by default, 1 above 5000 runs, where other folds change little, and
        for REDS, which fits its emulators anew in every fold.
    seed : int, default 0
        Of the folds, and of the emulators and points of REDS.

    Returns
    -------
    Study

    Raises
    ------
    ValueError, TypeError
        If all runs failed, no or every run is a case, the condition names unknown outputs, or the data do not match;
        if REDS finds no emulator that is better than the base rate.

    Notes
    -----
    How the box is chosen is described in `surrogate.models.boxes.evidence.heldout.choose`: repeated cross-validation
    of the whole search, the choice of parameters included; the correlation between lying in the box and being a case as
    criterion; the box with the fewest limited parameters within one standard error of the best. With REDS, emulator,
    labels and search are made anew without the runs of each fold, and the boxes are counted on these runs.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> rng = np.random.default_rng(0)
    >>> runs = pd.DataFrame(rng.random((400, 4)), columns=["demand", "price", "tax", "wind"])
    >>> runs["loss"] = runs["demand"] - runs["price"] + 0.1 * rng.standard_normal(400)
    >>> study = discover(runs, "loss > 0.3")
    >>> sorted(study.box.limits)
    ['demand', 'price']
    >>> study.rules()[0].split("; ")[1]
    'this covers 84 % of all 102 cases'
    """
    from surrogate.models.boxes.columns import read_columns

    for name, value, least in (("folds", folds, 2), ("max_boxes", max_boxes, 1), ("repeats", repeats or 1, 1)):
        if not isinstance(value, int) or value < least:
            raise ValueError(f"{name}: must be a whole number of at least {least}, got {value!r}.")
    finder = read_finder(method, seed)
    question = read_question(runs, case, inputs)
    declared = question.space(space)
    columns = read_columns(question.X)
    if _is_reds(finder):
        search = search_emulated(finder, question, columns, declared, max_boxes, folds, repeats or 1, seed)
    else:
        search = _search_runs(finder, question, columns, max_boxes, folds, repeats, seed)
    return make_study(question, declared, search, finder, seed)


def make_study(question: Question, space: Space, search: Search, finder: BoxFinder, seed: int) -> Study:
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
        trajectory=search.fitted.trajectory_.join(first.heldout.table()),
        chosen=first.row,
        box=boxes[0],
        boxes=[box for box in boxes if box.limits],
        lost=question.lost,
        seed=seed,
        _question=question,
        _columns=read_columns(question.X),
        _evidence=[c.heldout.table().iloc[c.row] for c in search.covers],
        _finder=finder,
    )


@dataclass(frozen=True)
class Search:
    """The boxes that were chosen, one a cover, and the fitted search of the first."""

    fitted: BoxFinder
    covers: list[Chosen]


def read_finder(method: Any, seed: int = 0) -> BoxFinder:
    """Return the box finder that `method` names or is; ``ValueError`` if it is none."""
    from sklearn.base import clone

    from surrogate.models import boxes

    finder: Any = method
    if isinstance(method, str) and _METHODS.get(method) in boxes.__all__:
        finder = getattr(boxes, _METHODS[method])()
    if not isinstance(finder, boxes.BoxFinder):
        available = [name for name, finder in _METHODS.items() if finder in boxes.__all__]
        raise ValueError(
            f"method: available are {', '.join(map(repr, available))} or a box finder such as PRIM(peel_alpha=0.1); "
            f"got {method!r}."
        )
    if _is_reds(finder) and finder.get_params()["random_state"] is None:
        finder = clone(finder).set_params(random_state=seed)
    found: BoxFinder = finder
    found.check_parameters()
    return found


def _is_reds(finder: Any) -> TypeGuard[REDS]:
    from surrogate.models.boxes import REDS

    return isinstance(finder, REDS)


def _search_runs(
    finder: BoxFinder,
    question: Question,
    columns: Columns,
    max_boxes: int,
    folds: int,
    repeats: int | None,
    seed: int,
) -> Search:
    """Search the runs themselves."""
    from sklearn.base import clone

    from surrogate.models.boxes.evidence.heldout import choose

    y = question.y
    repeats = repeats or (4 if len(y) <= _MANY_RUNS else 1)
    validation = {"folds": folds, "seed": seed, "repeats": repeats}
    first = choose(finder, columns, y, **validation)
    covers = [first, *_cover(finder, columns, y, first, max_boxes, **validation)]
    return Search(clone(finder).fit(question.X[list(first.names)], y), covers)


def search_emulated(
    finder: REDS,
    question: Question,
    columns: Columns,
    space: Space,
    max_boxes: int,
    folds: int,
    repeats: int,
    seed: int,
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
    tested = EmulatedFolds(emulated, labelling, counted=counted, folds=folds, repeats=repeats, seed=seed)
    covers = tested.covers(max_boxes)
    rows = tested.counted
    X = question.X.loc[rows, list(covers[0].names)].reset_index(drop=True)
    return Search(reds.take_over(X, question.y[rows], tested.found(covers[0])), covers)


def _cover(
    finder: BoxFinder, columns: Columns, y: NDArray[np.float64], first: Chosen, max_boxes: int, **validation: Any
) -> list[Chosen]:
    """Search again in the runs outside the boxes found, while held-out runs say that it helps."""
    from sklearn.base import clone

    from surrogate.models.boxes.evidence.heldout import choose

    covers: list[Chosen] = []
    left = np.ones(columns.n, dtype=bool)
    last = first
    while len(covers) + 1 < max_boxes and last.steps[last.row].limits:
        left &= ~columns.inside(last.steps[last.row].limits)
        rows = np.flatnonzero(left)
        mass_min = getattr(finder, "mass_min", 0.0) * columns.n / max(len(rows), 1)
        if mass_min >= 1 or len(np.unique(y[rows])) < 2:
            break
        # The least mass is a share of all runs, however few of them are left.
        again = clone(finder).set_params(mass_min=mass_min) if mass_min else finder
        last = choose(again, columns.take(rows), y[rows], **validation)
        # Denser than what is left is not enough: what is left has few cases, and slivers of them beside the boxes.
        if not last.steps[last.row].limits or last.heldout.density[1][last.row] <= y.mean():
            break
        covers.append(last)
    return covers
