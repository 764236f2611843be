"""Draw runs over pairs of inputs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from surrogate.report.axis import Axis
from surrogate.report.numbers import has_unit
from surrogate.report.svg import dots, element, join, picture

if TYPE_CHECKING:
    import pandas as pd

    from surrogate.report.report import Findings
    from surrogate.space import Box

SIDE, _LEFT, _RIGHT, _TOP, _BOTTOM = 300.0, 52.0, 12.0, 10.0, 46.0
# More dots than this hide each other and make the page heavy; the statistics always use all runs.
MOST_DOTS = 3000
_GOLDEN = 0.6180339887498949


def most_restricted(box: Box, study: Findings, n: int = 3) -> list[str]:
    """Return the names of the `n` inputs whose limits alone exclude the most runs, in that order."""
    excluded = {
        name: float(np.mean(~np.asarray(type(box)({name: limit}).contains(study.X), dtype=bool)))
        for name, limit in box.limits.items()
    }
    return sorted(excluded, key=lambda name: -excluded[name])[:n]


def pair_scatters(box: Box, study: Findings, id_: str) -> list[Markup]:
    """Return a scatter of the runs for each pair of the three most restricted inputs, with the box drawn in.

    A box that restricts a single input is drawn over it and an input that another box restricts, if there is one.
    """
    names = most_restricted(box, study)
    if len(names) == 1:
        names += [name for other in study.boxes for name in other.limits if name not in names][:1]
    interest = np.asarray(study.y, dtype=np.float64) > 0.5
    keep = thinned(len(study.X))
    return [
        _pair(box, study, x, y, interest, keep, f"{id_}-{number}")
        for number, (x, y) in enumerate(combinations(names, 2))
    ]


def thinned(n: int) -> NDArray[np.int64]:
    """Return row numbers, evenly spread, of at most `MOST_DOTS` rows."""
    return np.unique(np.linspace(0, max(n - 1, 0), min(n, MOST_DOTS)).round().astype(np.int64))


def _pair(
    box: Box, study: Findings, x: str, y: str, interest: NDArray[np.bool_], keep: NDArray[np.int64], id_: str
) -> Markup:
    axes = {name: Axis.of(study.space.parameters[name]) for name in (x, y)}
    across, upwards = (placed(axes[name], study.X[name]) for name in (x, y))
    others = [other.limits for other in study.boxes if other is not box and {x, y} & set(other.limits)]
    groups = [[point(across[i], upwards[i]) for i in keep if interest[i] == wanted] for wanted in (False, True)]
    return picture(
        SIDE,
        SIDE,
        frame(axes[x], axes[y], _label(x, axes[x]), _label(y, axes[y])),
        _rectangles(axes[x], axes[y], box.limits.get(x), box.limits.get(y), "box-area"),
        dots(groups[0], class_="dots other"),
        dots(groups[1], class_="dots interest"),
        *(_rectangles(axes[x], axes[y], other.get(x), other.get(y), "box-other") for other in others),
        _rectangles(axes[x], axes[y], box.limits.get(x), box.limits.get(y), "box-edge"),
        name=id_,
        title=f"Runs over {x} and {y}",
        description=f"Runs in which the case holds stand out; the rectangle is the box in {x} and {y}.",
        class_="figure square",
    )


def point(across: float, upwards: float) -> tuple[float, float]:
    """Return where shares of both axes lie in a square drawing."""
    return _LEFT + float(across) * (SIDE - _LEFT - _RIGHT), SIDE - _BOTTOM - float(upwards) * (SIDE - _TOP - _BOTTOM)


def _label(name: str, axis: Axis) -> str:
    name = name if len(name) <= 32 else f"{name[:31]}…"
    return f"{name}, {axis.unit}" if has_unit(axis.unit) else name


def placed(axis: Axis, values: pd.Series[Any]) -> NDArray[np.float64]:
    """Place values; categories are spread over their section, always in the same way, so that dots do not coincide."""
    places = axis.place(values)
    if axis.categories:
        places = places + ((np.arange(len(places)) * _GOLDEN) % 1.0 - 0.5) * 0.7 / len(axis.categories)
    return places


def frame(across: Axis, upwards: Axis, x_label: str, y_label: str) -> Markup:
    """Return the frame of a square drawing, with ticks and the names of both axes."""
    (left, bottom), (right, top) = point(0.0, 0.0), point(1.0, 1.0)
    parts = [element("rect", x=left, y=top, width=right - left, height=bottom - top, class_="frame")]
    for place, label in across.ticks(3):
        x = point(place, 0.0)[0]
        parts.append(element("line", x1=x, y1=bottom, x2=x, y2=bottom + 4.0, class_="frame"))
        parts.append(element("text", _short(label), x=x, y=bottom + 17.0, text_anchor="middle", class_="tick"))
    for place, label in upwards.ticks(3):
        y = point(0.0, place)[1]
        parts.append(element("line", x1=left - 4.0, y1=y, x2=left, y2=y, class_="frame"))
        parts.append(element("text", _short(label), x=left - 7.0, y=y + 4.0, text_anchor="end", class_="tick"))
    middle_x, middle_y = point(0.5, 0.5)
    turned = f"rotate(-90 12 {middle_y:g})"
    parts.append(element("text", x_label, x=middle_x, y=SIDE - 10.0, text_anchor="middle", class_="axis"))
    parts.append(element("text", y_label, x=12, y=middle_y, text_anchor="middle", transform=turned, class_="axis"))
    return join(parts)


def _short(label: str) -> str:
    return label if len(label) <= 9 else f"{label[:8]}…"


def _rectangles(across: Axis, upwards: Axis, x_limit: Any, y_limit: Any, class_: str) -> Markup:
    """Return the box in two inputs: one rectangle, or one for each run of neighbouring categories."""
    drawn = []
    for x0, x1 in sections(across, x_limit):
        for y0, y1 in sections(upwards, y_limit):
            (left, bottom), (right, top) = point(x0, y0), point(x1, y1)
            drawn.append(element("rect", x=left, y=top, width=right - left, height=bottom - top, class_=class_))
    return join(drawn)


def sections(axis: Axis, limit: Any) -> Sequence[tuple[float, float]]:
    """Return the parts of an axis that a limit allows: one, or one for each run of neighbouring categories."""
    if limit is None:
        return [(0.0, 1.0)]
    if not axis.categories:
        low, high = axis.place(limit)
        return [(float(low), float(high))]
    n = len(axis.categories)
    allowed = [category in limit for category in axis.categories]
    starts = [i for i in range(n) if allowed[i] and (i == 0 or not allowed[i - 1])]
    ends = [i + 1 for i in range(n) if allowed[i] and (i == n - 1 or not allowed[i + 1])]
    return [(start / n, end / n) for start, end in zip(starts, ends, strict=True)]
