"""One of a list of values without an order."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from surrogate.space.parameter import Parameter, plain

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False, repr=False)
class Categorical(Parameter):
    """One of a list of values without an order.

    Parameters
    ----------
    values : iterable of str, bool, int or float
        The allowed values, all different. Simulators receive them as they are.

    Raises
    ------
    ValueError
        If there is none, one is given twice, or one is not a plain scalar.

    Examples
    --------
    >>> Categorical(["gas", "coal"]).from_unit(np.array([0.2, 0.7]))
    array(['gas', 'coal'], dtype=object)
    """

    kind: ClassVar[str] = "categorical"

    values: tuple[Any, ...]
    unit: ClassVar[None] = None  # type: ignore[misc]

    def __post_init__(self) -> None:
        if isinstance(self.values, str) or not isinstance(self.values, Iterable):
            raise ValueError(f"values must be a list such as ['gas', 'coal'], got {self.values!r}.")
        values = tuple(plain(value) for value in self.values)
        for value in values:
            if not isinstance(value, (str, bool, int, float)) or value != value:
                raise ValueError(f"values must be text, numbers or booleans, got {value!r}. Give its name as text.")
        if not values:
            raise ValueError("values must hold at least one value, got none.")
        if len(set(values)) < len(values):
            twice = next(value for value in values if values.count(value) > 1)
            raise ValueError(f"values must all be different, got {twice!r} twice. Remove one.")
        object.__setattr__(self, "values", values)

    def __repr__(self) -> str:
        return f"Categorical({list(self.values)!r})"

    @property
    def n_levels(self) -> int:
        """How many values there are."""
        return len(self.values)

    def codes(self, values: NDArray[Any]) -> NDArray[np.int64]:
        """Positions in `values`; -1 for a value that is not among them."""
        position = {value: i for i, value in enumerate(self.values)}
        return np.fromiter((position.get(v, -1) for v in values), dtype=np.int64, count=len(values))

    def check(self, values: Any, name: str) -> NDArray[np.object_]:
        checked = np.empty(len(values), dtype=object)
        checked[:] = [plain(value) if isinstance(value, Hashable) else repr(value) for value in values]
        unknown = np.flatnonzero(self.codes(checked) < 0)
        if unknown.size:
            raise ValueError(
                f"{name}: {checked[unknown[0]]!r} in row {unknown[0]} is not one of its values {list(self.values)}. "
                "Correct it, or add it to the Categorical."
            )
        return checked

    def contains(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        return self.codes(values) >= 0

    def to_unit(self, values: NDArray[Any]) -> NDArray[np.float64]:
        return (self.codes(values) + 0.5) / self.n_levels

    def from_unit(self, u: NDArray[np.float64]) -> NDArray[np.object_]:
        codes = np.minimum((u * self.n_levels).astype(np.int64), self.n_levels - 1)
        levels = np.empty(self.n_levels, dtype=object)
        levels[:] = self.values
        return levels[codes]

    def features(self, values: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray(self.codes(values)[:, None] == np.arange(self.n_levels), dtype=np.float64)

    def feature_names(self, name: str) -> list[str]:
        return [f"{name}={value}" for value in self.values]

    def restrict(self, limit: Any) -> Categorical:
        if isinstance(limit, tuple) and len(limit) == 2 and not isinstance(limit[0], str):
            raise ValueError(f"the limit of a categorical parameter is a set of its values, got {limit}.")
        kept = tuple(value for value in self.values if value in set(limit))
        if not kept:
            raise ValueError(f"the limit {sorted(map(str, limit))} holds none of {list(self.values)}.")
        return Categorical(kept)

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "values": list(self.values)}
