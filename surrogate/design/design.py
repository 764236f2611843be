"""What a design is: rows of a space at which a simulator is asked."""

from __future__ import annotations

import difflib
import operator
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from surrogate.space import Categorical, Space

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


class Design(ABC):
    """A rule for choosing where to ask a simulator.

    Designs are frozen dataclasses: their fields are what a study file may set. Most designs are either a
    `SpaceFilling` design, which says how to fill a unit cube, or a `Classical` one, which says which coded
    levels it visits.

    Attributes
    ----------
    kind : str
        The name in study files: the class name in snake_case.
    n : int or None
        Number of runs; None where the number of parameters settles it.
    seed : int or None
        The same seed gives the same rows; None gives fresh ones at each call. Classical designs are tables
        without chance.
    """

    kind: ClassVar[str]
    n: int | None
    seed: int | None

    def __init_subclass__(cls, **keywords: Any) -> None:
        super().__init_subclass__(**keywords)
        cls.kind = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    @abstractmethod
    def sample(self, space: Space) -> pd.DataFrame:
        """Return the runs to make.

        Parameters
        ----------
        space : Space, or bounds in any form

        Returns
        -------
        DataFrame of shape (n, d)
            A RangeIndex, the parameters as columns in their dtypes; every row lies within the limits and
            fulfils the constraints.

        Raises
        ------
        ValueError
            If the design cannot be made in this space, saying what to use instead.
        """

    def extend(self, runs: Any, n: int, space: Space | None = None) -> pd.DataFrame:
        """Return `n` new runs that go best with those already made.

        By default they are spread as far as possible from the existing runs and from each other (maximin).
        Latin hypercubes fill their empty strata, sequences continue, optimal designs stay optimal.

        Parameters
        ----------
        runs : TransferSet or DataFrame
            The runs already made, in any number and from any design.
        n : int
            Number of new runs.
        space : Space, optional
            Needed with a DataFrame; with a TransferSet its own space is the default. Runs outside it are ignored,
            so a box can be looked into: ``extend(runs, 50, runs.space.restrict(box))``.

        Returns
        -------
        DataFrame of shape (n, d)
            New rows only, none of them equal to an existing one.

        Raises
        ------
        ValueError
            If the space holds fewer than `n` further points.
        """
        from surrogate.design.pool import check_room

        space, existing = read_runs(runs, space)
        n = check_count(n, "n")
        check_room(space, n, existing)
        return self._extend(space, existing, n)

    def _extend(self, space: Space, existing: NDArray[np.float64], n: int) -> pd.DataFrame:
        """Return `n` new rows, given the existing runs in the unit cube."""
        from surrogate.design.pool import maximin_rows

        return maximin_rows(space, n, existing, self._rng(len(existing)))

    def _rng(self, stream: int = 0) -> np.random.Generator:
        return np.random.default_rng(None if self.seed is None else [self.seed, stream])

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able description; `design_from_dict` reads it back."""
        return {"kind": self.kind, **{field.name: _plain(getattr(self, field.name)) for field in fields(self)}}  # type: ignore[arg-type]


def design_from_dict(described: Mapping[str, Any]) -> Design:
    """Build the design that a study file or `Design.to_dict` describes.

    Parameters
    ----------
    described : mapping
        ``kind``, such as "latin_hypercube", and the design's own settings.

    Returns
    -------
    Design

    Raises
    ------
    ValueError
        If the kind or a setting is unknown, or a setting is missing or wrong.

    Examples
    --------
    >>> design_from_dict({"kind": "latin_hypercube", "n": 100, "seed": 0})
    LatinHypercube(n=100, seed=0)
    """
    settings = dict(described)
    kinds = _kinds()
    kind = settings.pop("kind", None)
    if kind not in kinds:
        raise ValueError(f"design kind: {kind!r} is not one of {', '.join(kinds)}.{_meant(kind, kinds)}")
    known = {field.name: field for field in fields(kinds[kind])}  # type: ignore[arg-type]
    for key in settings:
        if key not in known:
            allowed = ", ".join(known)
            raise ValueError(f"design {kind!r}: {key!r} is not one of its settings {allowed}.{_meant(key, known)}")
    for key, field in known.items():
        if key not in settings and field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"design {kind!r}: {key!r} is missing. Add it, for example {key} = 100.")
    return kinds[kind](**settings)


def check_count(value: Any, name: str, least: int = 1) -> int:
    """Return a whole number of at least `least` as an int, or raise ``ValueError`` that names it."""
    try:
        if isinstance(value, (bool, np.bool_)):
            raise TypeError
        count = operator.index(value)
    except TypeError:
        raise ValueError(f"{name}: expected a whole number of at least {least}, got {value!r}.") from None
    if count < least:
        raise ValueError(f"{name}: expected a whole number of at least {least}, got {count}.")
    return count


def check_seed(seed: Any) -> int | None:
    """Return the seed as an int or None, or raise ``ValueError``."""
    return None if seed is None else check_count(seed, "seed", least=0)


def read_runs(runs: Any, space: Space | None) -> tuple[Space, NDArray[np.float64]]:
    """Return the space and the different existing runs inside it, mapped to the unit cube, shape (m, d)."""
    inputs = getattr(runs, "inputs", runs)
    if space is None:
        space = getattr(runs, "space", None)
        if space is None:
            raise ValueError("space: missing, and the runs have none of their own. Write extend(runs, n, space=space).")
    space = Space.from_bounds(space)
    inside = np.ones(len(inputs), dtype=bool)
    for name, parameter in space.parameters.items():
        # A narrower choice would refuse values that the runs rightly had.
        if isinstance(parameter, Categorical) and name in inputs:
            inside &= parameter.contains(np.asarray(inputs[name], dtype=object))
    frame = space.frame(inputs[inside], name="runs")
    unit = space.to_unit(frame[space.contains(frame)])
    return space, np.unique(unit, axis=0)


def _kinds() -> dict[str, type[Design]]:
    import surrogate.design as room

    public = (getattr(room, name) for name in room.__all__)
    return {
        part.kind: part for part in public if isinstance(part, type) and issubclass(part, Design) and part != Design
    }


def _meant(given: Any, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(str(given), list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, tuple) else value
