"""Say where in the space runs fail: along which inputs, and inside which boxes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.report.axis import Axis
from surrogate.report.bars import share_bars
from surrogate.report.numbers import count, number, percent, quantity
from surrogate.space import Categorical, Integer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.report.report import Findings
    from surrogate.space import Parameter
    from surrogate.transfer import TransferSet

_BINS = 12
_SHOWN = 4
# Fewer failures than this lie unevenly by chance alone.
_LEAST = 8


def failure_section(runs: TransferSet, study: Findings | None) -> dict[str, Any] | None:
    """Return along which inputs failures are most uneven, and how many lie in each box; None if no run failed."""
    status = np.array([str(getattr(value, "value", value)) for value in runs.status], dtype=object)
    made = status != "pending"
    failed = status[made] != "ok"
    if not failed.any():
        return None
    inputs = runs.inputs[made]
    found = []
    if failed.sum() >= _LEAST and not failed.all():
        for name, parameter in runs.space.parameters.items():
            bins = _bins(parameter, inputs[name])
            found.append((_unevenness(bins, failed), name, parameter, _shares(bins, failed, _n_bins(parameter))))
        found.sort(key=lambda entry: -entry[0])
    most = max((float(np.nanmax(shares)) for *_, shares in found[:_SHOWN]), default=1.0)
    return {
        "inputs": [
            _input(i, name, parameter, shares, most) for i, (_, name, parameter, shares) in enumerate(found[:_SHOWN])
        ],
        "of_inputs": len(runs.space.parameters),
        "boxes": _of_boxes(study, inputs, failed) if study is not None else [],
    }


def _input(i: int, name: str, parameter: Parameter, shares: NDArray[np.float64], most: float) -> dict[str, Any]:
    worst = int(np.nanargmax(shares))
    where = _place(parameter, worst, len(shares))
    words = f"most often, {percent(float(shares[worst]))}, {where}"
    title = f"Failed runs along {name}"
    return {
        "name": name,
        "words": words,
        "bar": share_bars(shares, most, f"failures-{i}", title, words),
    }


def _place(parameter: Parameter, bin_: int, n_bins: int) -> str:
    if isinstance(parameter, Categorical):
        return f"at {parameter.values[bin_]}"
    axis = Axis.of(parameter)
    ends = [bin_ / n_bins, (bin_ + 1) / n_bins]
    if isinstance(parameter, Integer):
        first, last = (
            rounded(axis.low + (axis.high - axis.low) * end)
            for rounded, end in zip((math.ceil, math.floor), ends, strict=True)
        )
        unit = parameter.unit
        return f"at {quantity(first, unit)}" if first == last else f"from {number(first)} to {quantity(last, unit)}"
    if axis.log:
        low, high = (axis.low * (axis.high / axis.low) ** end for end in ends)
    else:
        low, high = (axis.low + (axis.high - axis.low) * end for end in ends)
    return f"from {number(low)} to {quantity(high, axis.unit)}"


def _n_bins(parameter: Parameter) -> int:
    return len(parameter.values) if isinstance(parameter, Categorical) else _BINS


def _bins(parameter: Parameter, values: Any) -> NDArray[np.int64]:
    n_bins = _n_bins(parameter)
    places = Axis.of(parameter).place(values)
    return np.asarray(np.minimum((places * n_bins).astype(np.int64), n_bins - 1))


def _shares(bins: NDArray[np.int64], failed: NDArray[np.bool_], n_bins: int) -> NDArray[np.float64]:
    n, lost = np.bincount(bins, minlength=n_bins), np.bincount(bins, weights=failed, minlength=n_bins)
    return np.where(n > 0, lost / np.maximum(n, 1), np.nan)


def _unevenness(bins: NDArray[np.int64], failed: NDArray[np.bool_]) -> float:
    """Return the chi-squared statistic of the failures over the bins, a degree of freedom."""
    n, lost = np.bincount(bins), np.bincount(bins, weights=failed)
    n, lost = n[n > 0], lost[n > 0]
    share = failed.mean()
    return float(np.sum((lost - n * share) ** 2 / (n * share * (1 - share))) / max(len(n) - 1, 1))


def _of_boxes(study: Findings, inputs: Any, failed: NDArray[np.bool_]) -> list[dict[str, Any]]:
    rows = []
    for i, box in enumerate(study.boxes, start=1):
        inside = np.asarray(box.contains(inputs), dtype=bool)
        rows.append(
            {
                "box": i,
                "made": count(int(inside.sum())),
                "failed": count(int(failed[inside].sum())),
                "share": percent(float(failed[inside].mean())) if inside.any() else "",
                "elsewhere": percent(float(failed[~inside].mean())) if (~inside).any() else "",
            }
        )
    return rows
