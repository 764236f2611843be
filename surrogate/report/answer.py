"""Say what a box means in one sentence, in the units of the inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.report.numbers import count, cut_digits, interval, percent, quantity

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.report.report import Findings
    from surrogate.space import Box, Parameter


@dataclass(frozen=True)
class Piece:
    """A part of a sentence; `strong` parts are what a hurried reader should see."""

    text: str
    strong: bool = False


@dataclass(frozen=True)
class Answer:
    """The answer of a study: a sentence about its runs and one about runs that the box was not fitted to.

    Parameters
    ----------
    found : tuple of Piece
        The box in natural units, with the density and coverage that it has on the runs.
    tested : tuple of Piece
        Density and coverage on held-out runs with their 95 % intervals; empty if nothing was held out.
    """

    found: tuple[Piece, ...]
    tested: tuple[Piece, ...]

    @classmethod
    def of(cls, study: Findings) -> Answer:
        """Return the answer that the chosen box gives."""
        row = study.trajectory.iloc[study.chosen]
        box = study.boxes[0] if study.boxes else None
        phrases = limit_phrases(box, study) if box is not None else []
        subject, verb = case_words(study)
        if not phrases:
            text = f"No box describes when {subject} {verb} better than all runs together: it {verb} in "
            return cls((Piece(text), Piece(f"{percent(share_of_interest(study))} of them", True), Piece(".")), ())
        found = [Piece("Where "), *_listed(phrases), Piece(f", {subject} {verb} in ")]
        found += [Piece(_of_hundred(row["density"]), True), Piece(" futures. This covers ")]
        found += [Piece(percent(row["coverage"]), True), Piece(f" of all futures in which it {verb}.")]
        return cls(tuple(found), _tested(row, verb))

    @property
    def text(self) -> str:
        """The whole answer as plain text."""
        sentences = ["".join(piece.text for piece in part) for part in (self.found, self.tested) if part]
        return " ".join(sentences)


def case_of(study: Findings) -> str:
    """Return the case in words."""
    return str(study.case) if study.case is not None else "the case of interest"


def case_words(study: Findings) -> tuple[str, str]:
    """Return the case as subject and verb: it holds, or, where the case is a failed run, the simulator fails."""
    if study.case == "failed":
        return "the simulator", "fails"
    return case_of(study), "holds"


def share_of_interest(study: Findings) -> float:
    """Return the share of the runs in which the case holds (of probabilities, their mean)."""
    return float(np.mean(np.asarray(study.y, dtype=np.float64)))


def limit_phrases(box: Box, study: Findings) -> list[str]:
    """Return each limit of a box in words, such as ``"b is at most 0.21 1/year"``.

    Limits are rounded to the fewest digits, at least three, with which no run changes sides.
    """
    return [
        limit_phrase(name, limit, study.space.parameters[name], study.X[name]) for name, limit in box.limits.items()
    ]


def limit_phrase(name: str, limit: Any, parameter: Parameter, values: pd.Series[Any]) -> str:
    """Return one limit in words."""
    return f"{name} is {limit_words(limit, parameter, values)}"


def limit_words(limit: Any, parameter: Parameter, values: pd.Series[Any]) -> str:
    """Return what a limit allows, such as ``"between 0.1 and 0.2 m"`` or ``"gas or coal"``."""
    if isinstance(limit, (set, frozenset)):
        return " or ".join(str(category) for category in in_order(limit, parameter)) or "nothing"
    low, high = limit
    numbers: NDArray[np.float64] = np.asarray(values, dtype=np.float64)

    def written(cut: float, unit: str | None) -> str:
        return quantity(cut, unit, cut_digits(numbers, cut))

    if math.isinf(low) and math.isinf(high):
        return "anything"
    if math.isinf(low):
        return f"at most {written(high, parameter.unit)}"
    if math.isinf(high):
        return f"at least {written(low, parameter.unit)}"
    if low == high:
        return written(low, parameter.unit)
    return f"between {written(low, None)} and {written(high, parameter.unit)}"


def in_order(limit: set[Any] | frozenset[Any], parameter: Parameter) -> list[Any]:
    """Return the categories of a limit in the order in which the parameter lists them."""
    return [category for category in getattr(parameter, "values", ()) if category in limit]


def _listed(phrases: Sequence[str]) -> list[Piece]:
    pieces: list[Piece] = []
    for i, phrase in enumerate(phrases):
        if i:
            pieces.append(Piece(" and " if i == len(phrases) - 1 else ", "))
        pieces.append(Piece(phrase, True))
    return pieces


def _of_hundred(share: float) -> str:
    value = 100.0 * float(share)
    if 0.0 < value < 1.0 or 99.0 < value < 100.0:
        return f"{count(1000 * float(share))} of 1,000"
    return f"{count(value)} of 100"


def _tested(row: pd.Series[Any], verb: str) -> tuple[Piece, ...]:
    density, coverage = row.get("heldout_density", math.nan), row.get("heldout_coverage", math.nan)
    if not (np.isfinite(density) and np.isfinite(coverage)):
        return ()
    of_density = interval(row.get("heldout_density_low", math.nan), row.get("heldout_density_high", math.nan))
    of_coverage = interval(row.get("heldout_coverage_low", math.nan), row.get("heldout_coverage_high", math.nan))
    return (
        Piece(f"On held-out runs it {verb} in "),
        Piece(f"{percent(density)} {of_density}".rstrip(), True),
        Piece(" of such futures, and they are "),
        Piece(f"{percent(coverage)} {of_coverage}".rstrip(), True),
        Piece(f" of all in which it {verb}."),
    )
