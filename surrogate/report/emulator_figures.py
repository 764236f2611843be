"""Draw how good emulators are: predictions, residuals, candidates, Q2 against runs, and what matters to them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from markupsafe import Markup
from numpy.typing import ArrayLike, NDArray

from surrogate.report.axis import Axis
from surrogate.report.numbers import number, percent
from surrogate.report.scatter import SIDE, frame, point, thinned
from surrogate.report.svg import dots, element, join, picture, polyline

if TYPE_CHECKING:
    import pandas as pd


def parity(output: str, observed: ArrayLike, predicted: ArrayLike, id_: str) -> Markup:
    """Return predictions over observations; on the diagonal they agree."""
    seen, said = _known(observed, predicted)
    axis = Axis.around(seen, said)
    (left, bottom), (right, top) = point(0.0, 0.0), point(1.0, 1.0)
    return picture(
        SIDE,
        SIDE,
        frame(axis, axis, f"{output}, simulated", "predicted"),
        element("line", x1=left, y1=bottom, x2=right, y2=top, class_="diagonal"),
        _dots(axis, seen, axis, said),
        name=id_,
        title=f"Predicted against simulated {output}",
        description=f"{len(seen)} out-of-fold predictions over simulated values; on the diagonal they agree.",
        class_="figure square",
    )


def residuals(output: str, observed: ArrayLike, predicted: ArrayLike, id_: str) -> Markup:
    """Return errors over predictions; a pattern is something that the emulator did not learn."""
    seen, said = _known(observed, predicted)
    errors = said - seen
    across, upwards = Axis.around(said), Axis.around(errors, [0.0])
    (left, zero), (right, _) = (point(place, float(upwards.place([0.0])[0])) for place in (0.0, 1.0))
    return picture(
        SIDE,
        SIDE,
        frame(across, upwards, f"{output}, predicted", "error"),
        element("line", x1=left, y1=zero, x2=right, y2=zero, class_="diagonal"),
        _dots(across, said, upwards, errors),
        name=id_,
        title=f"Errors of the predictions of {output}",
        description=f"{len(seen)} out-of-fold errors over predictions, between {number(float(errors.min()))} and "
        f"{number(float(errors.max()))}."
        if len(seen)
        else "There are none.",
        class_="figure square",
    )


def candidates(rows: Sequence[dict[str, Any]], id_: str) -> Markup | None:
    """Return what each candidate leaves unexplained over its time of a prediction; None for fewer than two."""
    usable = [row for row in rows if math.isfinite(row["q2"]) and math.isfinite(row["predict_us"])]
    usable = [row for row in usable if row["predict_us"] > 0]
    if len(usable) < 2:
        return None
    left = [min(max(1.0 - float(row["q2"]), 1e-9), 1.0) for row in usable]
    across, upwards = _decades([float(row["predict_us"]) for row in usable]), _decades(left)
    marks = []
    for row, rest in zip(usable, left, strict=True):
        x, y = point(float(across.place([row["predict_us"]])[0]), float(upwards.place([rest])[0]))
        words = f"{row['name']}: {number(float(row['predict_us']))} µs, {percent(rest)} unexplained"
        class_ = "candidate chosen" if row["chosen"] else "candidate"
        end = x > SIDE / 2
        marks.append(element("circle", element("title", words), cx=x, cy=y, r=5, class_=class_))
        label = str(row["name"]).replace("_", " ")
        marks.append(
            element("text", label, x=x + (-9 if end else 9), y=y + 4, text_anchor="end" if end else None, class_="note")
        )
    return picture(
        SIDE,
        SIDE,
        frame(across, upwards, "µs a prediction", "share unexplained"),
        join(marks),
        name=id_,
        title="Candidates: accuracy against time of a prediction",
        description="Lower is more accurate, further left is faster. The table of candidates holds the numbers.",
        class_="figure square",
    )


def convergence(table: pd.DataFrame, id_: str) -> Markup | None:
    """Return Q2 on unseen runs over the number of runs; None for fewer than two sizes.

    Parameters
    ----------
    table : DataFrame
        A row a size: columns n and q2, and optionally q2_low and q2_high.
    """
    known = table[np.isfinite(table["q2"].to_numpy(dtype=np.float64))]
    if len(known) < 2:
        return None
    runs, q2 = known["n"].to_numpy(dtype=np.float64), known["q2"].to_numpy(dtype=np.float64)
    across, upwards = Axis.around(runs), Axis.around(np.maximum(q2, 0.0), [1.0])
    points = [point(x, y) for x, y in zip(across.place(runs), upwards.place(q2), strict=True)]
    drawn = [polyline(points, class_="heldout-curve")]
    if {"q2_low", "q2_high"} <= set(known.columns):
        for (x, _), low, high in zip(points, *(upwards.place(known[c]) for c in ("q2_low", "q2_high")), strict=True):
            drawn.append(element("line", x1=x, y1=point(0, low)[1], x2=x, y2=point(0, high)[1], class_="whisker"))
    drawn += [element("circle", cx=x, cy=y, r=4, class_="candidate chosen") for x, y in points]
    return picture(
        SIDE,
        SIDE,
        frame(across, upwards, "runs", "Q², unseen runs"),
        join(drawn),
        name=id_,
        title="Q² against runs",
        description=f"From {number(float(q2[0]), 4)} at {int(runs[0])} runs to {number(float(q2[-1]), 4)} at "
        f"{int(runs[-1])} runs.",
        class_="figure square",
    )


def sensitivity_bar(first: Sequence[float], total: Sequence[float], id_: str, name: str) -> Markup:
    """Return first-order and total effect of an input as two bars with 95 % intervals, from 0 to 1.

    Each effect is value, low and high.
    """
    width, height, drawn = 320.0, 30.0, []
    for i, (class_, (value, low, high)) in enumerate((("first", first), ("total", total))):
        y = 2.0 + 14.0 * i
        value, low, high = (min(max(float(end), 0.0), 1.0) for end in (value, low, high))
        drawn.append(element("rect", x=0, y=y, width=max(value * width, 0.8), height=11, class_=class_))
        drawn.append(element("line", x1=low * width, y1=y + 5.5, x2=high * width, y2=y + 5.5, class_="whisker"))
    drawn.append(element("rect", x=0, y=height - 1, width=width, height=1, class_="full-range"))
    return picture(
        width,
        height,
        join(drawn),
        name=id_,
        title=f"Sensitivity to {name}",
        description=f"Alone {percent(max(float(first[0]), 0.0))} of the variance, with interactions "
        f"{percent(max(float(total[0]), 0.0))}.",
        class_="figure bar",
    )


def _known(observed: ArrayLike, predicted: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    seen, said = np.asarray(observed, dtype=np.float64).ravel(), np.asarray(predicted, dtype=np.float64).ravel()
    known = np.isfinite(seen) & np.isfinite(said)
    return seen[known], said[known]


def _dots(across: Axis, xs: NDArray[np.float64], upwards: Axis, ys: NDArray[np.float64]) -> Markup:
    keep = thinned(len(xs))
    points = [point(x, y) for x, y in zip(across.place(xs[keep]), upwards.place(ys[keep]), strict=True)]
    return dots(points, class_="dots predicted")


def _decades(values: Sequence[float]) -> Axis:
    """Return a logarithmic axis of whole decades around the values."""
    return Axis(
        10.0 ** math.floor(math.log10(min(values) * 0.8)), 10.0 ** math.ceil(math.log10(max(values) * 1.25)), log=True
    )
