"""Scenario discovery: find the futures in which a case of interest is dense."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from surrogate.workflows.box_search import How, answer
from surrogate.workflows.missing_values import with_policy
from surrogate.workflows.question import read_question

if TYPE_CHECKING:
    import pandas as pd

    from surrogate.models.boxes import BoxFinder
    from surrogate.workflows.study import Study

# The names of the finders in surrogate.models.boxes.
_METHODS = {"prim": "PRIM", "reds": "REDS", "best_interval": "BestInterval", "cart": "CARTBoxes"}


def discover(
    runs: Any,
    case: Any,
    method: str | BoxFinder = "prim",
    *,
    inputs: Sequence[str] | None = None,
    space: Any = None,
    missing: str = "refuse",
    max_boxes: int = 3,
    covering: str = "removing",
    choice: str | Callable[[pd.DataFrame], int] = "one_standard_error",
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
    missing : {"refuse", "drop", "category"}, default "refuse"
        What to do with missing values in inputs, of which no limit can tell on which side they lie: refuse them, leave
        out the runs that have any, or make them one more category, "missing", of inputs that are categories.
    max_boxes : int, default 3
        After the first box the search is repeated on what it leaves, until this many boxes are found or a box is on
        held-out runs not surely denser than all runs are. More than three are hard to tell.
    covering : {"removing", "relabelling"}, default "removing"
        What a box leaves to the next: the runs outside of it, or all runs, its cases no longer counted. Boxes then
        overlap less in odd corners, for every run in them counts.
    choice : str or callable, default "one_standard_error"
        By which rule a box is chosen from those that held-out runs support: "one_standard_error" (the fewest limits
        that are not surely worse than the best), "knee", "f_beta" or "weighted" of held-out coverage and density, which
        limit more; or a function that gets the supported boxes as a table (n_restricted, mass and the held-out
        columns of ``Study.trajectory``) and returns a row number, such as ``functools.partial(f_beta, beta=2)``.
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
    how = How(max_boxes, covering, choice, folds, repeats, seed)
    finder = read_finder(method, seed)
    question = with_policy(read_question(runs, case, inputs), missing)
    return answer(question, space, finder, how)


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
    if isinstance(finder, boxes.REDS) and finder.get_params()["random_state"] is None:
        finder = clone(finder).set_params(random_state=seed)
    found: BoxFinder = finder
    found.check_parameters()
    return found
