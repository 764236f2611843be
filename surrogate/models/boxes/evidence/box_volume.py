"""Volume of boxes, and how much two boxes have in common."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from surrogate.models.boxes.columns import Columns, Kind, Limit
from surrogate.space import Categorical, Integer, Real, Space

if TYPE_CHECKING:
    from surrogate.space import Parameter


# Of integers with a distribution, enough for three digits of a share.
_QUANTILES = 10_000


def volume(limits: Mapping[str, Limit], space: Space) -> float:
    """Return the share of a space that lies within limits.

    Parameters
    ----------
    limits : mapping
        As ``Box.limits``.
    space : Space
        What may vary. The share is measured as inputs are sampled: along log axes, by distributions, by number of
        integers and of categories. Constraints are not counted.

    Returns
    -------
    float
        From 0 to 1.

    Examples
    --------
    >>> volume({"a": (0.25, float("inf")), "fuel": frozenset({"gas"})},
    ...        Space({"a": (0, 1), "fuel": Categorical(("gas", "coal", "wind"))}))
    0.25
    """
    unknown = [name for name in limits if name not in space.parameters]
    if unknown:
        raise ValueError(f"limits: {unknown[0]!r} is not a parameter of the space, {list(space.names)}.")
    return math.prod(_share(space[name], limit) for name, limit in limits.items())


def overlap(limits: Mapping[str, Limit], others: Mapping[str, Limit], space: Space) -> float:
    """Return the volume that two boxes share over the volume that they cover together (intersection over union) [1]_.

    Parameters
    ----------
    limits, others : mapping
        As ``Box.limits``.
    space : Space

    Returns
    -------
    float
        1 for equal boxes, 0 for boxes with nothing in common.

    References
    ----------
    .. [1] Jaccard 1912, New Phytologist 11, 37-50; as "consistency" in Arzamasov & Böhm 2021, SIGMOD, 115-127.

    Examples
    --------
    >>> unit = Space({"a": (0, 1), "b": (0, 1)})
    >>> round(overlap({"a": (0, 0.5), "b": (0, 0.5)}, {"a": (0.25, 0.75), "b": (0.25, 0.75)}, unit) * 7, 12)
    1.0
    """
    common = _intersection(limits, others)
    shared = 0.0 if common is None else volume(common, space)
    union = volume(limits, space) + volume(others, space) - shared
    if union <= 0:
        return 1.0 if dict(limits) == dict(others) else 0.0
    return min(shared / union, 1.0)


def consistency(boxes: Sequence[Mapping[str, Limit]], space: Space) -> float:
    """Return the mean `overlap` over all pairs of boxes; NaN for fewer than two.

    Examples
    --------
    >>> consistency([{"a": (0, 0.5)}, {"a": (0, 0.5)}, {"a": (0.5, 1)}], Space({"a": (0, 1)}))
    0.3333333333333333
    """
    pairs = [overlap(first, second, space) for first, second in combinations(boxes, 2)]
    return float(np.mean(pairs)) if pairs else math.nan


def observed_space(columns: Columns) -> Space:
    """Return the range of the data as a space, for volumes where nothing else is declared; constants are left out."""
    return Space(dict(_observed(columns)))


def _observed(columns: Columns) -> Iterator[tuple[str, Parameter]]:
    for column in columns.columns:
        if len(column.values) < 2:
            continue
        if column.kind is Kind.REAL:
            yield column.name, Real(float(column.values[0]), float(column.values[-1]))
        elif column.kind is Kind.INTEGER:
            yield column.name, Integer(int(column.values[0]), int(column.values[-1]))
        else:
            yield column.name, Categorical(tuple(column.values))


def _intersection(limits: Mapping[str, Limit], others: Mapping[str, Limit]) -> dict[str, Limit] | None:
    common = {**others, **limits}
    for name in limits.keys() & others.keys():
        one, other = limits[name], others[name]
        if isinstance(one, frozenset) and isinstance(other, frozenset):
            common[name] = one & other
            if not common[name]:
                return None
        elif isinstance(one, tuple) and isinstance(other, tuple):
            low, high = max(one[0], other[0]), min(one[1], other[1])
            if low > high:
                return None
            common[name] = (low, high)
        else:
            raise TypeError(f"limits[{name!r}]: a set in one box and a pair in the other, {one!r} and {other!r}.")
    return common


def _share(parameter: Parameter, limit: Limit) -> float:
    if isinstance(limit, frozenset):
        levels = parameter.values if isinstance(parameter, Categorical) else limit
        return sum(value in limit for value in levels) / len(levels)
    low, high = limit
    if isinstance(parameter, Categorical):
        return float(np.mean([low <= value <= high for value in parameter.values]))
    if isinstance(parameter, Integer):
        if parameter.distribution is None:
            held = math.floor(min(high, parameter.high)) - math.ceil(max(low, parameter.low)) + 1
            return max(held, 0) / parameter.n_levels
        drawn = parameter.from_unit((np.arange(_QUANTILES) + 0.5) / _QUANTILES)
        return float(((drawn >= low) & (drawn <= high)).mean())
    assert isinstance(parameter, Real)  # noqa: S101 - the last of the three kinds
    ends = np.array([max(low, parameter.low), min(high, parameter.high)])
    if ends[0] > ends[1]:
        return 0.0
    first, last = parameter.to_unit(ends)
    return float(last - first)
