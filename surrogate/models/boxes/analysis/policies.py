"""Boxes policy by policy, and how far a reference future is from a box."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.boxes.evidence.box_volume import observed_space, overlap
from surrogate.space import Box, Categorical, Space

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.models.boxes.box_finder import BoxFinder
    from surrogate.space import Parameter


def boxes_by_policy(
    finder: BoxFinder, X: Any, y: Any, policy: Any, *, folds: int = 5, repeats: int = 2, seed: int = 0
) -> dict[Any, Box]:
    """Find where each policy fails: one box a policy, chosen by held-out evidence.

    Parameters
    ----------
    finder : BoxFinder
    X : DataFrame or array-like of shape (n, d)
        The futures, without the column of the policy.
    y : array-like of shape (n,)
        Cases of interest.
    policy : array-like of shape (n,)
        The policy of each run.
    folds, repeats, seed
        As in `surrogate.models.boxes.evidence.heldout.choose`.

    Returns
    -------
    dict of policy to Box
        In the order in which policies come first; a box without limits where evidence supports none, as for a policy
        that always or never fails.

    Examples
    --------
    >>> import numpy as np
    >>> from surrogate import PRIM
    >>> X = np.tile(np.random.default_rng(0).random((300, 2)), (2, 1))
    >>> policy = np.repeat(["wait", "build"], 300)
    >>> fails = np.where(policy == "wait", X[:, 0] > 0.5, X[:, 1] > 0.8)
    >>> {name: list(box.limits) for name, box in boxes_by_policy(PRIM(), X, fails, policy).items()}
    {'wait': ['x1'], 'build': ['x2']}
    """
    import pandas as pd

    from surrogate.models.boxes.columns import read_columns
    from surrogate.models.boxes.evidence.heldout import choose
    from surrogate.models.boxes.reading import read_frame, read_y

    finder.check_parameters()
    frame = read_frame(X)
    cases = read_y(y, X if hasattr(X, "columns") else frame)
    names = np.asarray(policy, dtype=object)
    if names.shape != (len(frame),):
        raise ValueError(f"policy: expected one for each of the {len(frame)} rows of X, got shape {names.shape}.")
    columns = read_columns(frame)
    boxes = {}
    for name in pd.unique(names):
        rows = np.flatnonzero(names == name)
        limits: Mapping[str, Any] = {}
        if cases[rows].min() < cases[rows].max():
            chosen = choose(finder, columns.take(rows), cases[rows], folds=folds, repeats=repeats, seed=seed)
            limits = chosen.steps[chosen.row].limits
        boxes[name] = Box(limits, names=list(frame.columns))
    return boxes


def compare_policies(boxes: Mapping[Any, Box], X: Any, y: Any, policy: Any, space: Space | None = None) -> pd.DataFrame:
    """Say how each policy fares in the box of each other one.

    Parameters
    ----------
    boxes : mapping of policy to Box
        As from `boxes_by_policy`.
    X, y, policy
        As in `boxes_by_policy`.
    space : Space, optional
        In which volumes are measured; by default the range of the data.

    Returns
    -------
    DataFrame
        A row a pair (`box_of`, `policy`): `failure_rate` of the policy in all futures, `density` and `coverage` of its
        cases in the box, and the `overlap` of the two policies' boxes (intersection over union of their volumes).
    """
    import pandas as pd

    from surrogate.models.boxes.columns import read_columns
    from surrogate.models.boxes.reading import read_frame, read_y

    frame = read_frame(X)
    cases = read_y(y, X if hasattr(X, "columns") else frame)
    names = np.asarray(policy, dtype=object)
    space = observed_space(read_columns(frame)) if space is None else space
    rows = []
    for owner, box in boxes.items():
        inside = box.contains(frame)
        for other in boxes:
            own = names == other
            k, n = cases[own & inside].sum(), (own & inside).sum()
            density = float(k / n) if n else math.nan
            coverage = float(k / cases[own].sum()) if cases[own].sum() else math.nan
            shared = overlap(box.limits, boxes[other].limits, space)
            rows.append((owner, other, float(cases[own].mean()), density, coverage, shared))
    names_of = ["box_of", "policy", "failure_rate", "density", "coverage", "overlap"]
    return pd.DataFrame(rows, columns=names_of).set_index(["box_of", "policy"])


def compare_with_reference(box: Box, reference: Mapping[str, Any], space: Any) -> pd.DataFrame:
    """Say for each limit on which side a reference future lies, and how far from the limit.

    Parameters
    ----------
    box : Box
    reference : mapping of str to value
        The reference future: today's best guess, or the plan's assumption. It must name all limited inputs.
    space : bounds
        What may vary: distances are shares of it.

    Returns
    -------
    DataFrame
        A row a limited input: `limit` in words, `reference`, `inside` (whether it is within this limit), `distance`
        to the nearest end of the limit in the input's own unit and `share`, the same in shares of the input's range
        or distribution; NaN for categories. All `inside` means that the reference future lies in the box; otherwise
        the rows that are False are what would have to change.

    Examples
    --------
    >>> from surrogate import Box
    >>> box = Box({"demand": (0.8, float("inf")), "fuel": {"coal"}})
    >>> space = Space({"demand": (0, 2), "fuel": Categorical(("coal", "gas"))})
    >>> table = compare_with_reference(box, {"demand": 0.5, "fuel": "coal"}, space)
    >>> bool(table.loc["demand", "inside"]), round(float(table.loc["demand", "share"]), 3)
    (False, 0.15)
    """
    import pandas as pd

    declared = Space.from_bounds(space)
    missing = [name for name in box.limits if name not in reference]
    if missing:
        raise ValueError(f"reference: {missing[0]!r}, which the box limits, has no value. It needs {list(box.limits)}.")
    rows = {}
    for name, limit in box.limits.items():
        value = reference[name]
        inside = bool(Box({name: limit}).contains({name: [value]})[0])
        distance, share = _distance(declared[name], limit, value)
        rows[name] = (Box({name: limit}, units=box.units).to_text(), value, inside, distance, share)
    table = pd.DataFrame(rows, index=["limit", "reference", "inside", "distance", "share"]).T.rename_axis("parameter")
    return table.astype({"inside": bool, "distance": float, "share": float})


def _distance(parameter: Parameter, limit: Any, value: Any) -> tuple[float, float]:
    if isinstance(limit, frozenset) or isinstance(parameter, Categorical):
        return math.nan, math.nan
    ends = [end for end in limit if math.isfinite(end)]
    nearest = min(ends, key=lambda end: abs(end - value))
    units: NDArray[np.float64] = parameter.to_unit(np.array([nearest, value], dtype=np.float64))
    return abs(float(nearest) - float(value)), float(abs(units[0] - units[1]))
