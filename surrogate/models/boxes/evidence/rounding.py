"""Rounding the limits of a box without changing which runs lie in it."""

from __future__ import annotations

import math
from copy import copy
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import TYPE_CHECKING, Any

from surrogate.models.boxes.reading import read_frame

if TYPE_CHECKING:
    import pandas as pd

    from surrogate.space import Box


@dataclass(frozen=True)
class RoundedBox:
    """A box with short numbers, and what the rounding did to its rows.

    Attributes
    ----------
    box : Box
    gained, lost : int
        Rows that lie in the rounded box only, and in the exact one only.
    """

    box: Box
    gained: int
    lost: int

    @property
    def exact(self) -> bool:
        """Whether the same rows lie in both boxes."""
        return not (self.gained or self.lost)

    def to_text(self) -> str:
        """Return the box as a condition in words with every digit that counts; what forced rounding did is added."""
        ends = [end for limit in self.box.limits.values() if isinstance(limit, tuple) for end in limit]
        needed = [len(Decimal(repr(end)).normalize().as_tuple().digits) for end in ends if math.isfinite(end)]
        loss = "" if self.exact else f" (rounding lets {self.gained} run(s) in and {self.lost} out)"
        return self.box.to_text(max(needed, default=6)) + loss


def round_box(box: Box, X: Any, digits: int | None = None, *, least_digits: int = 2) -> RoundedBox:
    """Round the limits of a box to the fewest digits with which the same rows lie in it.

    Parameters
    ----------
    box : Box
    X : DataFrame or array-like of shape (n, d)
        The rows that must not change sides.
    digits : int, optional
        Significant digits to force, whatever they change; `gained` and `lost` say what that is. By default each end
        of each limit gets as few as the rows allow.
    least_digits : int, default 2
        Fewer are not tried: between sparse rows one digit may be far from what was found.

    Returns
    -------
    RoundedBox

    Examples
    --------
    >>> import numpy as np
    >>> from surrogate import Box
    >>> X = np.random.default_rng(0).random((200, 2))
    >>> box = Box({"x1": (0.4871234, 1.0), "x2": (-np.inf, 0.6120987)}, names=["x1", "x2"])
    >>> rounded = round_box(box, X)
    >>> rounded.to_text(), rounded.exact
    ('0.49 <= x1 <= 1 and x2 <= 0.61', True)
    >>> round_box(box, X, digits=1).to_text()
    '0.5 <= x1 <= 1 and x2 <= 0.6 (rounding lets 0 run(s) in and 4 out)'
    """
    frame = read_frame(X)
    if not hasattr(X, "columns") and box.names is not None and len(box.names) == frame.shape[1]:
        frame.columns = list(box.names)
    if digits is not None and digits < 1:
        raise ValueError(f"digits: must be at least 1, got {digits!r}.")
    inside = box.contains(frame)
    rounded = _forced(box, digits) if digits is not None else _exact(box, frame, least_digits)
    now = rounded.contains(frame)
    return RoundedBox(rounded, int((now & ~inside).sum()), int((inside & ~now).sum()))


def _exact(box: Box, frame: pd.DataFrame, least_digits: int) -> Box:
    rounded = copy(box)
    rounded.limits = dict(box.limits)
    for name, limit in box.limits.items():
        if isinstance(limit, frozenset):
            continue
        # Only rows within all other limits, as they are by now, can change sides.
        others = _with(rounded, {key: value for key, value in rounded.limits.items() if key != name})
        rows = frame[others.contains(frame)]
        expected = _with(box, {name: limit}).contains(rows)
        for side in (0, 1):
            pair = _pair(rounded, name)
            for end in _shorter(limit[side], least_digits):
                moved = (end, pair[1]) if side == 0 else (pair[0], end)
                if moved[0] <= moved[1] and (_with(box, {name: moved}).contains(rows) == expected).all():
                    rounded.limits[name] = moved
                    break
    return rounded


def _forced(box: Box, digits: int) -> Box:
    limits: dict[str, Any] = {}
    for name, limit in box.limits.items():
        if not isinstance(limit, frozenset):
            low, high = (_nearest(end, digits)[0] for end in limit)
            if low > high:
                low, high = min(_nearest(limit[0], digits)), max(_nearest(limit[1], digits))
            limits[name] = (low, high)
        else:
            limits[name] = limit
    return _with(box, limits)


def _with(box: Box, limits: dict[str, Any]) -> Box:
    other = copy(box)
    other.limits = limits
    return other


def _pair(box: Box, name: str) -> tuple[float, float]:
    limit = box.limits[name]
    assert isinstance(limit, tuple)  # noqa: S101 - sets were left out before
    return limit


def _shorter(end: float, least_digits: int) -> list[float]:
    """Return the end with more and more digits, each time the nearer of its two neighbours first."""
    return [value for digits in range(least_digits, 17) for value in _nearest(end, digits)]


def _nearest(end: float, digits: int) -> list[float]:
    """Return the two numbers with so many significant digits around the end, the nearer one first."""
    if not math.isfinite(end) or end == 0:
        return [end]
    exact = Decimal(repr(float(end)))
    unit = Decimal(1).scaleb(exact.adjusted() + 1 - digits)
    around = [(exact / unit).to_integral_value(way) * unit for way in (ROUND_FLOOR, ROUND_CEILING)]
    return [float(value) for value in sorted(around, key=lambda value: abs(value - exact))]
