"""Draw the part of an input's range that a box allows, over where the case of interest holds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from surrogate.report.axis import Axis
from surrogate.report.numbers import percent
from surrogate.report.svg import element, join, picture

if TYPE_CHECKING:
    import pandas as pd

    from surrogate.space import Parameter

_WIDTH, _HEIGHT, _LINE = 320.0, 54.0, 8.0
_BINS = 24


def limit_bar(
    name: str,
    limit: tuple[float, float],
    parameter: Parameter,
    values: pd.Series[Any],
    interest: NDArray[np.float64],
    id_: str,
) -> Markup:
    """Return the full range of a numeric input, the allowed part of it, and how often the case holds along it.

    Each column's height is the share of the runs in its bin in which the case holds; bins without runs are empty.
    """
    axis = Axis.of(parameter)
    start, end = (float(place) for place in axis.place(limit))
    columns = _shares(axis.place(values), interest)
    base, top = _HEIGHT - _LINE, 4.0
    drawn: list[Markup] = [
        element("rect", x=start * _WIDTH, y=0, width=max(end - start, 0.004) * _WIDTH, height=base, class_="allowed")
    ]
    middles = (np.arange(len(columns)) + 0.5) / len(columns)
    inside = (start <= middles) & (middles <= end)
    drawn.append(_columns(np.where(inside, np.nan, columns), base, base - top, class_="share"))
    drawn.append(_columns(np.where(inside, columns, np.nan), base, base - top, class_="share inside"))
    drawn.append(element("rect", x=0, y=base, width=_WIDTH, height=_LINE, class_="full-range"))
    drawn.append(
        element(
            "rect", x=start * _WIDTH, y=base, width=max(end - start, 0.004) * _WIDTH, height=_LINE, class_="box-range"
        )
    )
    return picture(
        _WIDTH,
        _HEIGHT,
        join(drawn),
        name=id_,
        title=f"Range of {name}",
        description=f"The box allows {percent(end - start)} of the range of {name}.",
        class_="figure bar",
    )


def share_bars(shares: NDArray[np.float64], most: float, id_: str, title: str, description: str) -> Markup:
    """Return shares along the range of an input as columns; `most` is the share of a column of full height."""
    base = _HEIGHT - _LINE
    drawn = [
        _columns(shares / most, base, base - 4.0, class_="failed"),
        element("rect", x=0, y=base, width=_WIDTH, height=_LINE, class_="full-range"),
    ]
    return picture(_WIDTH, _HEIGHT, join(drawn), name=id_, title=title, description=description, class_="figure bar")


def account_bar(parts: list[tuple[str, int]], id_: str = "accounting") -> Markup:
    """Return planned runs as one bar; ``parts`` are (class, count) from left to right."""
    total = sum(n for _, n in parts)
    x, drawn = 0.0, []
    for class_, n in parts:
        if n:
            # One failure in a million is still seen.
            width = max(640.0 * n / total, 2.0)
            drawn.append(element("rect", x=min(x, 640.0 - width), y=0, width=width, height=16, class_=class_))
            x += width
    words = ", ".join(f"{n} {class_}" for class_, n in parts if n) or "no runs"
    return picture(
        640.0,
        16.0,
        join(drawn),
        name=id_,
        title="What became of the planned runs",
        description=words,
        class_="figure bar",
    )


def _columns(shares: NDArray[np.float64], base: float, tallest: float, class_: str) -> Markup:
    """Return columns as one path, which is a tenth of the size of as many rectangles; NaN is no column."""
    step = _WIDTH / len(shares)
    outline = [
        f"M{i * step + 1.0:.2f} {base:g}v{-max(share * tallest, 0.8):.1f}h{step - 2.0:.2f}V{base:g}z"
        for i, share in enumerate(shares)
        if not math.isnan(share)
    ]
    return element("path", d="".join(outline), class_=class_)


def _shares(places: NDArray[np.float64], interest: NDArray[np.float64]) -> NDArray[np.float64]:
    bins = np.minimum((places * _BINS).astype(np.int64), _BINS - 1)
    n = np.bincount(bins, minlength=_BINS)
    held = np.bincount(bins, weights=interest, minlength=_BINS)
    with np.errstate(invalid="ignore"):
        return np.asarray(held / np.where(n == 0, np.nan, n))
