"""Scenario discovery: find the futures in which a case of interest is dense."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.space import Box, Categorical, Expression, Integer, Parameter, Real, Space
from surrogate.transfer import TransferSet
from surrogate.workflows.study import Study

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.models.boxes import BoxFinder
    from surrogate.models.boxes.columns import Columns
    from surrogate.models.boxes.heldout import Chosen


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
    runs : TransferSet, DataFrame or array-like of shape (n, d)
        The runs. A DataFrame may hold inputs and outputs if `case` is a condition; failed runs (NaN in an output
        that the condition names) are then left out.
    case : str or array-like of shape (n,)
        A condition such as ``"reliability < 0.9"``, parsed and never run as code, or one boolean, 0/1 or
        probability a run. A Series is aligned with a DataFrame of runs by its labels.
    method : str or BoxFinder, default "prim"
        "prim", or a box finder with settings of your own such as ``PRIM(peel_alpha=0.1)``.
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
        Cross-validations with other folds; 4 by default, 1 above 5000 runs, where other folds change little.
    seed : int, default 0
        Of the folds.

    Returns
    -------
    Study

    Raises
    ------
    ValueError, TypeError
        If all runs failed, no or every run is a case, the condition names unknown outputs, or the data do not match.

    Notes
    -----
    How the box is chosen is described in `surrogate.models.boxes.heldout.choose`: repeated cross-validation of the
    whole search, the choice of parameters included; the correlation between lying in the box and being a case as
    criterion; the box with the fewest limited parameters within one standard error of the best.

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
    from sklearn.base import clone

    from surrogate.models.boxes.columns import read_columns
    from surrogate.models.boxes.heldout import choose
    from surrogate.models.boxes.reading import read_frame

    finder = _finder(method)
    for name, value, least in (("folds", folds, 2), ("max_boxes", max_boxes, 1), ("repeats", repeats or 1, 1)):
        if not isinstance(value, int) or value < least:
            raise ValueError(f"{name}: must be a whole number of at least {least}, got {value!r}.")
    table, y, text = _read(runs, case, inputs)
    X = read_frame(table)
    columns = read_columns(X)
    space = _space(runs, X, space)
    repeats = repeats or (4 if len(X) <= 5000 else 1)
    first = choose(finder, columns, y, folds=folds, repeats=repeats, seed=seed)
    covers = [first, *_cover(finder, columns, y, first, max_boxes, folds=folds, repeats=repeats, seed=seed)]
    units = {name: p.unit for name, p in space.parameters.items() if p.unit}
    boxes = [Box(c.steps[c.row].limits, names=list(X.columns), units=units) for c in covers]
    search = clone(finder).fit(X[list(first.names)], y)
    trajectory = search.trajectory_.join(first.heldout.table())
    return Study(
        runs=runs if isinstance(runs, TransferSet) else None,
        X=X,
        y=y,
        case=text,
        space=space,
        search=search,
        trajectory=trajectory,
        chosen=first.row,
        box=boxes[0],
        boxes=[box for box in boxes if box.limits],
        seed=seed,
        _columns=columns,
        _evidence=[c.heldout.table().iloc[c.row] for c in covers],
        _finder=finder,
    )


def _finder(method: Any) -> BoxFinder:
    from surrogate.models.boxes import PRIM, BoxFinder

    available = {"prim": PRIM}
    if isinstance(method, BoxFinder):
        finder = method
    elif isinstance(method, str) and method in available:
        finder = available[method]()
    else:
        raise ValueError(
            f"method: available are {', '.join(map(repr, available))} or a box finder such as PRIM(peel_alpha=0.1); "
            f"got {method!r}."
        )
    finder.check_parameters()
    return finder


def _cover(
    finder: BoxFinder, columns: Columns, y: NDArray[np.float64], first: Chosen, max_boxes: int, **validation: Any
) -> list[Chosen]:
    """Search again in the runs outside the boxes found, while held-out runs say that it helps."""
    from sklearn.base import clone

    from surrogate.models.boxes.heldout import choose

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


def _read(runs: Any, case: Any, inputs: Sequence[str] | None) -> tuple[Any, NDArray[np.float64], str | None]:
    """Return inputs, cases and the text of the condition."""
    import pandas as pd

    from surrogate.models.boxes.reading import read_frame, read_y

    if callable(case):
        raise TypeError("case: expected a condition such as 'reliability < 0.9' or one boolean a run, got a function.")
    if isinstance(runs, TransferSet):
        if not len(runs):
            raise ValueError(
                f"runs: none of the {len(runs.inputs)} planned runs succeeded, so there is no case to seek. "
                "runs.failures tells why; discover works on their inputs with any case of your own."
            )
        table = runs.X
        outputs = {name: runs[name] for name in runs.output_names}
    else:
        # Labels of rows matter only where cases are matched by them.
        table = runs if isinstance(runs, pd.DataFrame) and not isinstance(case, str) else read_frame(runs)
        outputs = {}
    if not isinstance(case, str):
        if inputs is not None:
            table = _columns_of(table, inputs)
        return table, read_y(case, table, "case"), None
    return *_read_condition(Expression(case), table, outputs, inputs), case


def _read_condition(
    condition: Expression, table: pd.DataFrame, outputs: dict[str, Any], inputs: Sequence[str] | None
) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    if outputs:
        table = table.assign(**outputs)
        known = "outputs and inputs"
    else:
        known = "columns of runs"
    names = tuple(str(name) for name in (*outputs, *(name for name in table if name not in outputs)))
    try:
        condition.check_names(names, known)
    except ValueError as error:
        raise ValueError(f"case: {error}") from None
    failed = table[list(condition.names)].isna().any(axis=1)
    if failed.all():
        raise ValueError(
            f"runs: all {len(table)} runs failed (NaN in {', '.join(condition.names)}), so {condition.text!r} has no "
            "case. Repair the simulator, or seek the case in another output."
        )
    table = table[~failed]
    y = np.asarray(condition(table), dtype=bool)
    if y.all() or not y.any():
        raise ValueError(_constant_case(condition, table, y))
    given = set(outputs) or set(condition.names)
    kept = [str(name) for name in table if name not in given] if inputs is None else list(inputs)
    X = _columns_of(table, kept)
    if not X.shape[1]:
        raise ValueError(f"runs: no input is left beside {', '.join(sorted(given))}. Name them: inputs=[...].")
    return X, y.astype(np.float64)


def _constant_case(condition: Expression, table: pd.DataFrame, y: NDArray[np.bool_]) -> str:
    ranges = "; ".join(
        f"{name} runs from {table[name].min():.6g} to {table[name].max():.6g}"
        for name in condition.names
        if table[name].dtype.kind in "iuf"
    )
    return (
        f"case: {condition.text!r} holds in {'all' if y.all() else 'none'} of the {len(y)} runs (base rate "
        f"{float(y.mean()):g}), so there is nothing to tell apart. Move its threshold{': ' if ranges else ''}{ranges}."
    )


def _columns_of(table: pd.DataFrame, inputs: Sequence[str]) -> pd.DataFrame:
    missing = [name for name in inputs if name not in table]
    if missing:
        raise ValueError(f"inputs: column {missing[0]!r} is not in runs; got {list(table.columns)}.")
    return table[list(inputs)]


def _space(runs: Any, X: pd.DataFrame, space: Any) -> Space:
    if space is not None:
        given: Space = Space.from_bounds(space)
        missing = [name for name in X if name not in given.parameters]
        if missing:
            raise ValueError(f"space: the input {missing[0]!r} is not a parameter of {list(given.names)}. Add it.")
        return given
    if isinstance(runs, TransferSet):
        return runs.space
    observed = {str(name): _observed(X[name]) for name in X}
    return Space({name: parameter for name, parameter in observed.items() if parameter is not None})


def _observed(column: pd.Series[Any]) -> Parameter | None:
    """Return the range of a column; nothing if it is constant, for then it does not vary."""
    if column.nunique() < 2:
        return None
    if column.dtype.kind in "iu":
        return Integer(int(column.min()), int(column.max()))
    if column.dtype.kind == "f":
        return Real(float(column.min()), float(column.max()))
    return Categorical(tuple(column.unique().tolist()))
