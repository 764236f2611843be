"""Write numbers as people read them."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

NARROW_SPACE = "\u202f"
MINUS = "\u2212"
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number(value: float, digits: int = 3) -> str:
    """Return ``value`` with ``digits`` significant digits, thousands grouped.

    Examples
    --------
    >>> number(0.123456), number(1234567), number(2.5e-7), number(float("nan"))
    ('0.123', '1,234,567', '2.5×10⁻⁷', 'not known')
    """
    value = float(value)
    if math.isnan(value):
        return "not known"
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    size = abs(value)
    if size != 0 and (size < 1e-4 or size >= 1e9):
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        text = f"{_trimmed(mantissa)}×10{str(int(exponent)).translate(_RAISED)}"  # noqa: RUF001 - the sign of multiplication is meant
    elif size >= 10 ** (digits - 1):
        text = f"{value:,.0f}"
    else:
        decimals = digits - 1 - (math.floor(math.log10(size)) if size else 0)
        text = _trimmed(f"{value:,.{decimals}f}")
    return text.replace("-", MINUS)


def count(value: float) -> str:
    """Return a whole number with its thousands grouped."""
    return f"{round(float(value)):,}"


def percent(share: float, *, sign: bool = True) -> str:
    r"""Return a share as per cent: whole ones, with one decimal below 10 and above 99.

    Examples
    --------
    >>> percent(0.774), percent(0.0312, sign=False), percent(1.0), percent(0.9996)
    ('77\u202f%', '3.1', '100\u202f%', '99.9\u202f%')
    """
    share = float(share)
    if math.isnan(share):
        return "not known"
    value = 100.0 * share
    if 0.0 < value < 10.0 or 99.0 < value < 100.0:
        # What is not nothing is never shown as 0 %, what is not everything never as 100 %.
        text = _trimmed(f"{min(max(value, 0.1), 99.9):.1f}")
    else:
        text = f"{value:.0f}"
    return f"{text}{NARROW_SPACE}%" if sign else text


def interval(low: float, high: float) -> str:
    """Return an interval of shares, such as ``[68, 80]``; nothing where it is not known.

    Examples
    --------
    >>> interval(0.68, 0.80)
    '[68, 80]'
    """
    if math.isnan(float(low)) or math.isnan(float(high)):
        return ""
    return f"[{percent(low, sign=False)}, {percent(high, sign=False)}]"


def quantity(value: float, unit: str | None = None, digits: int = 3) -> str:
    """Return a number with its unit; the unit ``"1"`` of a pure number is not written."""
    return f"{number(value, digits)}\u00a0{unit}" if has_unit(unit) else number(value, digits)


def has_unit(unit: str | None) -> bool:
    """Whether there is a unit to write: ``"1"`` says that there is none."""
    return unit not in (None, "", "1")


def cut_digits(values: ArrayLike, cut: float, *, least: int = 3) -> int:
    """Return the significant digits that a limit needs so that no value changes sides when it is rounded.

    Parameters
    ----------
    values : array_like of shape (n,)
        The data that the limit divides.
    cut : float
        The limit.
    least : int, default=3
        Fewer are never used: three are what people expect of a measured quantity.

    Examples
    --------
    >>> cut_digits([0.1, 0.2, 0.3001], 0.25004), cut_digits([0.25001, 0.25005], 0.25003)
    (3, 5)
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    place = (np.searchsorted(ordered, cut, "left"), np.searchsorted(ordered, cut, "right"))
    for digits in range(least, 17):
        rounded = float(f"{cut:.{digits}g}")
        if (np.searchsorted(ordered, rounded, "left"), np.searchsorted(ordered, rounded, "right")) == place:
            return digits
    return 17


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".") if "." in text else text
