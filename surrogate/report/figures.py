"""Figures for scripts and notebooks, in colours that the colour-blind tell apart; each takes and returns axes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.report.answer import case_of, limit_words
from surrogate.report.axis import Axis
from surrogate.report.numbers import has_unit
from surrogate.report.scatter import most_restricted, placed, sections, thinned
from surrogate.space import Categorical

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

    from surrogate.report.report import Findings
    from surrogate.space import Box, Parameter

# Okabe & Ito 2008, Color Universal Design.
BLUE, VERMILLION, GREEN, ORANGE, SKY, PURPLE, GREY = (
    "#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9", "#CC79A7", "#9AA0A6",
)  # fmt: skip
_BOX_COLOURS = (BLUE, GREEN, PURPLE, ORANGE, SKY)


def plot_tradeoff(study: Findings, ax: Axes | None = None) -> Axes:
    """Draw coverage and density of every box on the trajectory, on the runs and on held-out ones.

    Parameters
    ----------
    study : Study
    ax : matplotlib Axes, optional
        A new figure by default.

    Returns
    -------
    matplotlib Axes
    """
    ax = _axes(ax)
    table, chosen = study.trajectory, study.trajectory.iloc[study.chosen]
    base_rate = float(np.mean(np.asarray(study.y, dtype=np.float64)))
    ax.axhline(100 * base_rate, color=GREY, linestyle=":", label="no box")
    marks = ax.scatter(
        100 * table["coverage"], 100 * table["density"], c=table["n_restricted"], cmap="viridis_r", s=28, zorder=3
    )
    ax.figure.colorbar(marks, ax=ax, label="restricted inputs", ticks=_whole_ticks(table["n_restricted"]))
    if "heldout_density" in table.columns:
        ordered = table.sort_values("heldout_coverage", kind="stable")
        across = 100 * ordered["heldout_coverage"]
        ax.plot(across, 100 * ordered["heldout_density"], color=VERMILLION, linestyle="--", label="held-out runs")
        low, high = 100 * ordered["heldout_density_low"], 100 * ordered["heldout_density_high"]
        ax.fill_between(across, low, high, color=VERMILLION, alpha=0.15, linewidth=0)
    where = 100 * chosen["coverage"], 100 * chosen["density"]
    ax.scatter(*where, s=160, facecolors="none", edgecolors="black", linewidths=1.8, zorder=4, label="chosen")
    ax.set(xlabel="coverage, %", ylabel="density, %", xlim=(0, 102), ylim=(0, 102), title=f"Boxes for {case_of(study)}")
    ax.legend(loc="lower left", frameon=False)
    return ax


def plot_boxes(study: Findings, ax: Axes | None = None) -> Axes:
    """Draw what each box allows of each restricted input, every input along its full range.

    Parameters
    ----------
    study : Study
    ax : matplotlib Axes, optional
        A new figure by default.

    Returns
    -------
    matplotlib Axes
    """
    ax = _axes(ax)
    names = list(dict.fromkeys(name for box in study.boxes for name in box.limits))
    slot = 0.8 / max(len(study.boxes), 1)
    for row, name in enumerate(names):
        parameter = study.space.parameters[name]
        ax.barh(row, 1.0, height=0.86, color="#EEEEEE", zorder=0)
        for number, box in enumerate(study.boxes):
            if name not in box.limits:
                continue
            y = row - 0.4 + slot * (number + 0.5)
            for start, end in sections(Axis.of(parameter), box.limits[name]):
                ax.barh(y, max(end - start, 0.004), left=start, height=0.85 * slot, color=_colour(number), zorder=2)
            words = limit_words(box.limits[name], parameter, study.X[name])
            ax.text(1.02, y, words, va="center", color=_colour(number), fontsize="small")
    ax.set_yticks(range(len(names)), [_plain(name) for name in names])
    ax.invert_yaxis()
    ax.set(xlim=(0, 1), xticks=[0, 1], xticklabels=["lowest", "highest"], title=f"Where {_plain(case_of(study))}")
    for number in range(len(study.boxes)):
        ax.barh(0, 0, color=_colour(number), label=f"box {number + 1}")
    if len(study.boxes) > 1:
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=3, frameon=False)
    ax.spines[["top", "right", "left"]].set_visible(False)
    return ax


def plot_pairs(study: Findings, axes: ArrayLike | None = None, *, inputs: Sequence[str] | None = None) -> NDArray[Any]:
    """Draw the runs over pairs of inputs, with all boxes.

    Parameters
    ----------
    study : Study
    axes : array of matplotlib Axes, optional
        One a pair; a new figure by default.
    inputs : sequence of str, optional
        At least two; by default the three that the first box restricts most.

    Returns
    -------
    ndarray of matplotlib Axes, shape (pairs,)

    Raises
    ------
    ValueError
        If fewer than two inputs are to be drawn, or there are fewer axes than pairs.
    """
    names = list(inputs) if inputs is not None else _pair_names(study)
    unknown = [name for name in names if name not in study.X]
    if unknown or len(names) < 2:
        raise ValueError(f"inputs: two or more of {', '.join(map(str, study.X))} are needed; got {names}.")
    pairs = list(combinations(names, 2))
    if axes is None:
        import matplotlib.pyplot as plt

        axes = plt.subplots(1, len(pairs), figsize=(4.2 * len(pairs), 4), squeeze=False, layout="constrained")[1]
    flat = np.asarray(axes, dtype=object).ravel()
    if len(flat) < len(pairs):
        raise ValueError(f"axes: {len(pairs)} pairs of {', '.join(names)} need as many axes; got {len(flat)}.")
    for ax, (x, y) in zip(flat, pairs, strict=False):
        _pair(study, ax, x, y)
    return flat[: len(pairs)]


def plot_parity(observed: ArrayLike, predicted: ArrayLike, ax: Axes | None = None, *, output: str = "output") -> Axes:
    """Draw predictions over what the simulator answered; on the diagonal they agree.

    Parameters
    ----------
    observed, predicted : array_like of shape (n,)
    ax : matplotlib Axes, optional
        A new figure by default.
    output : str, default "output"

    Returns
    -------
    matplotlib Axes
    """
    ax = _axes(ax)
    seen, said = np.asarray(observed, dtype=np.float64).ravel(), np.asarray(predicted, dtype=np.float64).ravel()
    axis = Axis.around(seen, said)
    ends = axis.low, axis.high
    ax.plot(ends, ends, color=GREY, linestyle="--", zorder=1)
    ax.scatter(seen, said, s=12, color=BLUE, alpha=0.6, linewidths=0)
    ax.set(xlim=ends, ylim=ends, aspect="equal", xlabel=f"{_plain(output)}, simulated", ylabel="predicted, out of fold")
    return ax


def plot_sensitivity(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw the effects of inputs with their 95 % intervals, the largest on top.

    Parameters
    ----------
    table : DataFrame
        A row an input; columns first and total, and their ``_low`` and ``_high``.
    ax : matplotlib Axes, optional
        A new figure by default.

    Returns
    -------
    matplotlib Axes
    """
    ax = _axes(ax)
    table = table.sort_values("total", kind="stable")
    rows = np.arange(len(table))
    for shift, effect, colour, label in ((0.2, "first", BLUE, "alone"), (-0.2, "total", ORANGE, "with interactions")):
        value = table[effect].to_numpy(dtype=np.float64)
        low, high = (table.get(f"{effect}_{end}", table[effect]).to_numpy(dtype=np.float64) for end in ("low", "high"))
        spread = np.maximum(np.stack([value - low, high - value]), 0.0)
        ax.barh(rows + shift, value, height=0.38, color=colour, label=label, xerr=spread, ecolor="#333333", capsize=2)
    ax.set_yticks(rows, [_plain(name) for name in table.index])
    ax.set(xlabel="share of the variance", xlim=(min(0.0, ax.get_xlim()[0]), None))
    ax.legend(loc="lower right", frameon=False)
    return ax


def plot_convergence(tables: Mapping[str, pd.DataFrame], ax: Axes | None = None) -> Axes:
    """Draw Q2 on unseen runs over the number of runs, a line an output.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        Per output a row a number of runs, with columns n and q2, and optionally q2_low and q2_high.
    ax : matplotlib Axes, optional
        A new figure by default.

    Returns
    -------
    matplotlib Axes
    """
    ax = _axes(ax)
    for number, (output, table) in enumerate(tables.items()):
        colour = _colour(number)
        ax.plot(table["n"], table["q2"], color=colour, marker="o", markersize=4, label=_plain(output))
        if {"q2_low", "q2_high"} <= set(table.columns):
            ax.fill_between(table["n"], table["q2_low"], table["q2_high"], color=colour, alpha=0.15, linewidth=0)
    ax.set(xlabel="runs", ylabel="Q², unseen runs")
    ax.set_ylim(max(ax.get_ylim()[0], -0.1), 1.02)
    ax.legend(loc="lower right", frameon=False)
    return ax


def _axes(ax: Axes | None) -> Axes:
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(layout="constrained")[1]


def _pair_names(study: Findings) -> list[str]:
    names = most_restricted(study.boxes[0], study) if study.boxes else []
    others = [name for box in study.boxes for name in box.limits]
    return list(dict.fromkeys([*names, *others, *map(str, study.X)]))[: max(2, len(names))]


def _pair(study: Findings, ax: Axes, x: str, y: str) -> None:
    parameters = study.space.parameters
    interest = np.asarray(study.y, dtype=np.float64) > 0.5
    keep = thinned(len(study.X))
    across, upwards = (_values(parameters[name], study.X[name]) for name in (x, y))
    for wanted, colour, size in ((False, GREY, 8), (True, VERMILLION, 14)):
        rows = keep[interest[keep] == wanted]
        ax.scatter(across[rows], upwards[rows], s=size, color=colour, alpha=0.7, linewidths=0)
    for number, box in enumerate(study.boxes):
        _outline(ax, box, parameters[x], parameters[y], x, y, _colour(number))
    for name, set_label, set_ticks, set_scale, set_limits in (
        (x, ax.set_xlabel, ax.set_xticks, ax.set_xscale, ax.set_xlim),
        (y, ax.set_ylabel, ax.set_yticks, ax.set_yscale, ax.set_ylim),
    ):
        axis = Axis.of(parameters[name])
        set_label(_plain(name) + (f", {axis.unit}" if has_unit(axis.unit) else ""))
        if axis.categories:
            places = [(i + 0.5) / len(axis.categories) for i in range(len(axis.categories))]
            set_ticks(places, [_plain(category) for category in axis.categories])
            set_limits(0.0, 1.0)
        else:
            if axis.log:
                set_scale("log")
            set_limits(axis.low, axis.high)


def _outline(ax: Axes, box: Box, across: Parameter, upwards: Parameter, x: str, y: str, colour: str) -> None:
    from matplotlib.patches import Rectangle

    if x not in box.limits and y not in box.limits:
        return
    for x0, x1 in sections(Axis.of(across), box.limits.get(x)):
        for y0, y1 in sections(Axis.of(upwards), box.limits.get(y)):
            left, right = (_natural(across, place) for place in (x0, x1))
            low, high = (_natural(upwards, place) for place in (y0, y1))
            ax.add_patch(Rectangle((left, low), right - left, high - low, fill=False, edgecolor=colour, linewidth=2))


def _values(parameter: Parameter, values: Any) -> NDArray[np.float64]:
    """Return numbers as they are, and categories as places, spread over their section."""
    if isinstance(parameter, Categorical):
        return placed(Axis.of(parameter), values)
    return np.asarray(values, dtype=np.float64)


def _natural(parameter: Parameter, place: float) -> float:
    """Return the value at a place of an axis; of categories the place itself."""
    axis = Axis.of(parameter)
    if axis.categories:
        return place
    if axis.log:
        return float(axis.low * (axis.high / axis.low) ** place)
    return float(axis.low + (axis.high - axis.low) * place)


def _colour(number: int) -> str:
    return _BOX_COLOURS[number % len(_BOX_COLOURS)]


def _whole_ticks(values: Any) -> list[int]:
    low, high = int(min(values)), int(max(values))
    return list(range(low, high + 1, max(1, math.ceil((high - low) / 8))))


def _plain(text: object) -> str:
    """Return text in which a dollar is a dollar and no formula."""
    return str(text).replace("$", r"\$")
