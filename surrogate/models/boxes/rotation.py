"""Rotated inputs: directions in which the cases of interest are narrow, for boxes that lie askew."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.boxes.reading import read_frame, read_y
from surrogate.space import Box

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Rotation:
    """Principal axes of the cases of interest, within groups of inputs that may be mixed. Made by `fit_rotation`.

    Attributes
    ----------
    inputs : dict of str to tuple of str
        Group name to the inputs that are mixed in it.
    mean, scale : dict of str to ndarray
        Group name to mean and standard deviation of its inputs over all rows.
    axes : dict of str to ndarray of shape (inputs, inputs)
        Group name to its orthonormal axes, a column an axis, the direction in which cases spread most first.
    """

    inputs: dict[str, tuple[str, ...]]
    mean: dict[str, NDArray[np.float64]]
    scale: dict[str, NDArray[np.float64]]
    axes: dict[str, NDArray[np.float64]]

    @property
    def coordinates(self) -> dict[str, tuple[str, int]]:
        """Name of each rotated coordinate, ``GROUP_NUMBER``, to its group and number."""
        return {f"{group}_{i}": (group, i) for group, names in self.inputs.items() for i in range(len(names))}

    def transform(self, X: Any) -> pd.DataFrame:
        """Return rotated coordinates in place of the rotated inputs, and the other columns as they are."""
        frame = read_frame(X)
        rotated = {name for names in self.inputs.values() for name in names}
        missing = sorted(rotated - set(frame.columns))
        if missing:
            raise ValueError(f"X: column {missing[0]!r}, which is rotated, is missing; got {list(frame.columns)}.")
        kept = frame[[name for name in frame.columns if name not in rotated]].copy()
        for group, names in self.inputs.items():
            values = (frame[list(names)].to_numpy(np.float64) - self.mean[group]) / self.scale[group]
            for i, column in enumerate((values @ self.axes[group]).T):
                kept[f"{group}_{i}"] = column
        return kept

    def weights(self, coordinate: str) -> tuple[dict[str, float], float]:
        """Return weights of the inputs in their own units, and a constant: coordinate = weights @ inputs + constant."""
        group, i = self.coordinates[coordinate]
        slopes = self.axes[group][:, i] / self.scale[group]
        return dict(zip(self.inputs[group], slopes.tolist(), strict=True)), -float(slopes @ self.mean[group])

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able description."""
        return {
            group: {
                "inputs": list(names),
                "mean": self.mean[group].tolist(),
                "scale": self.scale[group].tolist(),
                "axes": self.axes[group].tolist(),
            }
            for group, names in self.inputs.items()
        }

    @classmethod
    def from_dict(cls, described: Mapping[str, Any]) -> Rotation:
        """Rebuild what `to_dict` described."""
        arrays = [
            {group: np.array(entry[what], dtype=np.float64) for group, entry in described.items()}
            for what in ("mean", "scale", "axes")
        ]
        return cls({group: tuple(entry["inputs"]) for group, entry in described.items()}, *arrays)


def fit_rotation(X: Any, y: Any, groups: Mapping[str, Sequence[str]] | None = None) -> Rotation:
    """Find the principal axes of the cases of interest [1]_.

    Parameters
    ----------
    X : DataFrame or array-like of shape (n, d)
    y : array-like of shape (n,)
        Cases of interest, from 0 to 1; a probability weighs its row.
    groups : mapping of str to sequence of str, optional
        Group name to the inputs that may be mixed with one another: mixing euros with hectares makes directions that
        nobody can read. By default one group "r" of all numeric inputs.

    Returns
    -------
    Rotation

    Raises
    ------
    ValueError
        If a group names an unknown, constant or non-numeric input, an input is in two groups, or there is no input.

    Notes
    -----
    Inputs are standardised over all rows; the axes are eigenvectors of the covariance of the cases.

    References
    ----------
    .. [1] Dalal, Han, Lempert, Jaycocks & Hackbarth 2013, Environmental Modelling & Software 48, 49-60.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((500, 2))
    >>> rotation = fit_rotation(X, np.abs(X[:, 0] - X[:, 1]) < 0.1)
    >>> np.abs(rotation.axes["r"]).round(1)
    array([[0.7, 0.7],
           [0.7, 0.7]])
    """
    frame = read_frame(X)
    cases = read_y(y, X if hasattr(X, "columns") else frame)
    numeric = [str(name) for name in frame if frame[name].dtype.kind in "iuf" and frame[name].nunique() > 1]
    inputs = {"r": tuple(numeric)} if groups is None else {str(g): tuple(names) for g, names in groups.items()}
    _check_groups(inputs, numeric, [str(name) for name in frame])
    mean, scale, axes = {}, {}, {}
    for group, names in inputs.items():
        values = frame[list(names)].to_numpy(np.float64)
        mean[group], scale[group] = values.mean(axis=0), values.std(axis=0, ddof=1)
        covariance = np.atleast_2d(np.cov((values - mean[group]) / scale[group], rowvar=False, aweights=cases))
        # Ascending eigenvalues become descending; the sign of an axis is free, so its largest weight is made positive.
        vectors = np.linalg.eigh(covariance)[1][:, ::-1]
        largest = np.abs(vectors).argmax(axis=0)
        axes[group] = vectors * np.sign(vectors[largest, np.arange(len(names))])
    return Rotation(inputs, mean, scale, axes)


def _check_groups(inputs: Mapping[str, tuple[str, ...]], numeric: list[str], columns: list[str]) -> None:
    seen: set[str] = set()
    if not any(inputs.values()):
        raise ValueError(f"groups: there is no numeric input that varies to rotate; got {columns}.")
    for group, names in inputs.items():
        for name in names:
            if name not in numeric:
                raise ValueError(f"groups[{group!r}]: {name!r} is not one of the numeric inputs that vary, {numeric}.")
            if name in seen:
                raise ValueError(f"groups[{group!r}]: {name!r} is named twice. Leave it in one group.")
            seen.add(name)
        for i in range(len(names)):
            if f"{group}_{i}" in columns:
                raise ValueError(f"groups: {group}_{i}, a coordinate, is the name of an input too. Rename the group.")


class RotatedBox(Box):
    """A box in rotated coordinates: it contains, counts and prints like any box, and takes rows in the inputs.

    Parameters
    ----------
    limits : mapping
        Limits on rotated coordinates and on inputs that are not rotated.
    rotation : Rotation
    names : sequence of str, optional
        The inputs in order, needed only to match arrays by position.
    units : mapping, optional
        Input to unit.

    Examples
    --------
    >>> import numpy as np
    >>> X = np.random.default_rng(0).random((500, 2))
    >>> rotation = fit_rotation(X, np.abs(X[:, 0] - X[:, 1]) < 0.1)
    >>> box = RotatedBox({"r_1": (-0.3, 0.3)}, rotation=rotation, names=["x1", "x2"])
    >>> box.contains([[0.5, 0.5], [0.2, 0.8]])
    array([ True, False])
    """

    def __init__(
        self,
        limits: Mapping[str, Any],
        *,
        rotation: Rotation,
        names: Sequence[str] | None = None,
        units: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(limits, units=units)
        self.names = None if names is None else tuple(names)
        self.rotation = rotation

    def _columns(self, X: Any) -> tuple[dict[str, NDArray[Any]], int]:
        if not hasattr(X, "columns") and not isinstance(X, Mapping):
            X = self._named(np.asarray(X))
        rotated = self.rotation.transform(_as_frame(X))
        missing = [name for name in self.limits if name not in rotated]
        if missing:
            raise ValueError(f"X: column {missing[0]!r}, which the box limits, is missing; got {list(X)}.")
        return {name: rotated[name].to_numpy() for name in self.limits}, len(rotated)

    def _named(self, array: NDArray[Any]) -> dict[str, NDArray[Any]]:
        if self.names is None or array.ndim != 2 or array.shape[1] != len(self.names):
            width = "n columns named in the box" if self.names is None else f"shape (n, {len(self.names)})"
            raise ValueError(f"X: expected {width}, got {array.shape}. Give a DataFrame.")
        return {name: array[:, i] for i, name in enumerate(self.names)}

    def to_text(self, digits: int = 6) -> str:
        """Return the box as conditions on weighted sums of the inputs, in their own units."""
        parts = []
        for name, limit in self.limits.items():
            coordinate, constant = self._spelled(name, digits)
            shifted = limit if isinstance(limit, frozenset) else tuple(end - constant for end in limit)
            units = self.units if name == coordinate else {}
            parts.append(Box({coordinate: shifted}, units=units).to_text(digits))
        return " and ".join(parts) or super().to_text(digits)

    def to_sql(self) -> str:
        """Return the box as a SQL condition on weighted sums of the inputs."""
        parts = []
        for name, limit in self.limits.items():
            if name not in self.rotation.coordinates:
                parts.append(Box({name: limit}).to_sql())
                continue
            weights, constant = self.rotation.weights(name)
            quoted = {key: '"' + key.replace('"', '""') + '"' for key in weights}
            total = " + ".join(f"({value!r} * {quoted[key]})" for key, value in weights.items())
            sides = zip((">=", "<="), limit, strict=True)
            parts += [f"({total} + ({constant!r})) {sign} {end!r}" for sign, end in sides if np.isfinite(end)]
        return " AND ".join(parts) or "1 = 1"

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able description, the rotation included."""
        return {**super().to_dict(), "rotation": self.rotation.to_dict()}

    @classmethod
    def from_dict(cls, described: Mapping[str, Any]) -> RotatedBox:
        """Rebuild what `to_dict` described."""
        box = Box.from_dict({**described, "names": None})
        rotation = Rotation.from_dict(described["rotation"])
        return cls(box.limits, rotation=rotation, names=described.get("names"), units=described.get("units"))

    @classmethod
    def from_json(cls, text: str) -> RotatedBox:
        """Read a box written by `to_json`."""
        return cls.from_dict(json.loads(text))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RotatedBox) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return super().__hash__()

    def _spelled(self, name: str, digits: int) -> tuple[str, float]:
        """Return a coordinate as a weighted sum, and the constant that belongs on the other side of a limit."""
        if name not in self.rotation.coordinates:
            return name, 0.0
        weights, constant = self.rotation.weights(name)
        terms: list[str] = []
        for key, value in weights.items():
            sign = ("-" if value < 0 else "") if not terms else ("- " if value < 0 else "+ ")
            unit = f" [{self.units[key]}]" if key in self.units else ""
            terms.append(f"{sign}{abs(value):.{digits}g} {key}{unit}")
        return f"({' '.join(terms)})", constant


def _as_frame(X: Any) -> Any:
    import pandas as pd

    return X if hasattr(X, "columns") else pd.DataFrame(dict(X))
