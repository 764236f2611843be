"""The futures of a study: the points of its design, drawn once and then held by the store."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.simulation import Simulator
from surrogate.space import Space
from surrogate.transfer.rows import decode, encode

if TYPE_CHECKING:
    import pandas as pd

    from surrogate.transfer.driver import Driver


def space_of(simulator: Any, bounds: Any) -> Space:
    """Read the `bounds` argument; without one, the space that the simulator carries."""
    if bounds is None and isinstance(simulator, Simulator):
        return simulator.space
    return Space.from_bounds(getattr(simulator, "space", None) if bounds is None else bounds)


def futures_of(design: Any, space: Space, seed: int, store: Driver | None) -> tuple[dict[str, Any], pd.DataFrame]:
    """Return the design's description and its points; points that the store holds are not drawn again."""
    from surrogate.design import Design, LatinHypercube

    if design is None or (isinstance(design, (int, np.integer)) and not isinstance(design, bool)):
        design = LatinHypercube(max(30, 10 * len(space)) if design is None else int(design), seed=seed)
    if isinstance(design, str):
        raise ValueError(f"design: expected a design such as LatinHypercube(100), a number or points; got {design!r}.")
    if not isinstance(design, Design):
        points = space.frame(design, "design")
        content = hashlib.sha256(encode(points, space).tobytes()).hexdigest()
        return {"kind": "points", "n": len(points), "sha256": content}, _some(points)
    description: dict[str, Any] = design.to_dict()
    held = None if store is None else store.points(description)
    if held is not None:
        return description, decode(held, space)
    points = _some(space.frame(design.sample(space), "design"))
    if store is not None:
        store.keep_points(description, encode(points, space))
    return description, points


def _some(points: pd.DataFrame) -> pd.DataFrame:
    if not len(points):
        raise ValueError("design: it has no points. Give at least one.")
    return points


def no_points(space: Space) -> pd.DataFrame:
    """Return a design of no points."""
    return space.frame({name: [] for name in space.names}, "design")
