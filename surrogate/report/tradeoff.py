"""Draw the trade-off between coverage and density that a peeling trajectory offers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup

from surrogate.report.numbers import interval, percent
from surrogate.report.svg import element, join, picture, polyline

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from surrogate.space import BoxStatistics

_WIDTH, _HEIGHT = 520.0, 404.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 56.0, 14.0, 16.0, 52.0
# As many colours as the eye tells apart in an ordered scale; more restricted dimensions share the last.
MOST_COLOURS = 6


def tradeoff(
    trajectory: pd.DataFrame,
    chosen: int,
    base_rate: float,
    later: Sequence[BoxStatistics] = (),
    name: str = "tradeoff",
) -> Markup:
    """Return the trade-off curve: a point a box, coloured by how many dimensions it restricts.

    Parameters
    ----------
    trajectory : DataFrame
        A row a box: coverage, density, n_restricted and, where known, the ``heldout_`` columns.
    chosen : int
        Row number of the chosen box, which is ringed and has its held-out value with intervals beside it.
    base_rate : float
        Share of all runs in which the case holds: the density of no box at all.
    later : sequence of BoxStatistics, default=()
        Of the boxes that cover what the chosen one leaves; drawn as numbered squares.
    name : str, default="tradeoff"
        Unique on the page.
    """
    row = trajectory.iloc[chosen]
    description = (
        f"Coverage across, density upwards, {len(trajectory)} boxes. The chosen box has coverage "
        f"{percent(row['coverage'])} and density {percent(row['density'])}; without a box the density is "
        f"{percent(base_rate)}. The table of all boxes below holds the same numbers."
    )
    return picture(
        _WIDTH,
        _HEIGHT,
        _frame(),
        _base_rate(base_rate),
        _heldout_band(trajectory),
        polyline([_point(c, d) for c, d in _pairs(trajectory, "")], class_="curve"),
        _boxes(trajectory),
        _later(later),
        _heldout_cross(row),
        _ring(row),
        name=name,
        title="Trade-off between coverage and density",
        description=description,
    )


def chart_frame() -> dict[str, float]:
    """Return the measures of the chart, by which the page's script places its points."""
    return {"width": _WIDTH, "height": _HEIGHT, "left": _LEFT, "right": _RIGHT, "top": _TOP, "bottom": _BOTTOM}


def colour_class(n_restricted: int) -> str:
    """Return the class that colours a box by its number of restricted dimensions."""
    return f"restricted-{min(int(n_restricted), MOST_COLOURS)}"


def colour_levels(trajectory: pd.DataFrame) -> list[tuple[int, str]]:
    """Return the colours in use, as ``(level, label)`` for the legend."""
    levels = sorted({min(int(n), MOST_COLOURS) for n in trajectory["n_restricted"]})
    return [(level, f"{level} or more" if level == MOST_COLOURS else str(level)) for level in levels]


def _point(coverage: float, density: float) -> tuple[float, float]:
    x = _LEFT + float(coverage) * (_WIDTH - _LEFT - _RIGHT)
    y = _HEIGHT - _BOTTOM - float(density) * (_HEIGHT - _TOP - _BOTTOM)
    return x, y


def _pairs(trajectory: pd.DataFrame, prefix: str) -> list[tuple[float, float]]:
    columns = [f"{prefix}coverage", f"{prefix}density"]
    if not set(columns) <= set(trajectory.columns):
        return []
    values = trajectory[columns].to_numpy(dtype=np.float64)
    return [(float(c), float(d)) for c, d in values[np.isfinite(values).all(axis=1)]]


def _frame() -> Markup:
    parts = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        (x, bottom), (_, top) = _point(share, 0.0), _point(share, 1.0)
        (left, y), (right, _) = _point(0.0, share), _point(1.0, share)
        label = f"{100 * share:.0f}"
        parts += [
            element("line", x1=x, y1=bottom, x2=x, y2=top, class_="grid"),
            element("line", x1=left, y1=y, x2=right, y2=y, class_="grid"),
            element("text", label, x=x, y=bottom + 20.0, text_anchor="middle", class_="tick"),
            element("text", label, x=left - 8.0, y=y + 4.5, text_anchor="end", class_="tick"),
        ]
    middle, bottom = _point(0.5, 0.0)
    parts.append(element("text", "coverage, %", x=middle, y=bottom + 42.0, text_anchor="middle", class_="axis"))
    x, y = 15.0, _point(0.0, 0.5)[1]
    turned = f"rotate(-90 {x:g} {y:g})"
    parts.append(element("text", "density, %", x=x, y=y, text_anchor="middle", transform=turned, class_="axis"))
    return join(parts)


def _base_rate(base_rate: float) -> Markup:
    (left, y), (right, _) = _point(0.0, base_rate), _point(1.0, base_rate)
    label = element("text", f"no box: {percent(base_rate)}", x=left + 7.0, y=y - 6.0, class_="note")
    return element("g", element("line", x1=left, y1=y, x2=right, y2=y), label, data_at=y, class_="base-rate")


def _heldout_band(trajectory: pd.DataFrame) -> Markup:
    """Return the held-out curve with the band of its density intervals."""
    pairs = _pairs(trajectory, "heldout_")
    needed = ["heldout_coverage", "heldout_density_low", "heldout_density_high"]
    if not pairs or not set(needed) <= set(trajectory.columns):
        return Markup("")
    values = trajectory[needed].to_numpy(dtype=np.float64)
    values = values[np.isfinite(values).all(axis=1)]
    # Along the coverage axis, so that pasting, which turns the trajectory back, cannot fold the band.
    values = values[np.argsort(-values[:, 0], kind="stable")]
    upper = [_point(c, high) for c, _, high in values]
    lower = [_point(c, low) for c, low, _ in values]
    edge = " ".join(f"{x:.1f},{y:.1f}" for x, y in upper + lower[::-1])
    curve = polyline([_point(c, d) for c, d in pairs], class_="heldout-curve")
    return join([element("polygon", points=edge, class_="band"), curve])


def _boxes(trajectory: pd.DataFrame) -> Markup:
    points = []
    for number, row in enumerate(trajectory.itertuples(index=False)):
        box: Any = row
        x, y = _point(box.coverage, box.density)
        inputs = "input" if int(box.n_restricted) == 1 else "inputs"
        words = (
            f"box {number}: coverage {percent(box.coverage)}, density {percent(box.density)}, "
            f"{int(box.n_restricted)} restricted {inputs}"
        )
        class_ = f"box-mark {colour_class(box.n_restricted)}"
        points.append(element("circle", element("title", words), transform=_moved(x, y), r=4.5, class_=class_))
    return join(points)


def _later(boxes: Sequence[BoxStatistics]) -> Markup:
    marks = []
    for number, box in enumerate(boxes, start=2):
        title = element("title", f"box {number}: coverage {percent(box.coverage)}, density {percent(box.density)}")
        square = element("rect", x=-7, y=-7, width=14, height=14)
        text = element("text", str(number), x=0, y=4, text_anchor="middle")
        at = _moved(*_point(box.coverage, box.density))
        marks.append(element("g", title, square, text, transform=at, class_="box-mark later"))
    return join(marks)


def _moved(x: float, y: float) -> str:
    return f"translate({x:.2f} {y:.2f})"


def _heldout_cross(row: pd.Series[Any]) -> Markup:
    names = [f"heldout_{what}{end}" for what in ("coverage", "density") for end in ("", "_low", "_high")]
    values = [float(row.get(name, np.nan)) for name in names]
    if not np.isfinite(values).all():
        return element("g", class_="heldout-cross")
    coverage, coverage_low, coverage_high, density, density_low, density_high = values
    x, y = _point(coverage, density)
    left, right = _point(coverage_low, density)[0], _point(coverage_high, density)[0]
    bottom, top = _point(coverage, density_low)[1], _point(coverage, density_high)[1]
    words = (
        f"held-out: coverage {percent(coverage)} {interval(coverage_low, coverage_high)}, "
        f"density {percent(density)} {interval(density_low, density_high)}"
    )
    return element(
        "g",
        element("title", words),
        element("line", x1=left, y1=y, x2=right, y2=y, class_="heldout"),
        element("line", x1=x, y1=bottom, x2=x, y2=top, class_="heldout"),
        element(
            "rect", x=x - 4.5, y=y - 4.5, width=9, height=9, transform=f"rotate(45 {x:.1f} {y:.1f})", class_="heldout"
        ),
        class_="heldout-cross",
    )


def _ring(row: pd.Series[Any]) -> Markup:
    x, y = _point(row["coverage"], row["density"])
    return element("circle", transform=_moved(x, y), r=10, class_="ring")
