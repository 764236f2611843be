"""What every export translates: inputs in their natural units, and each output as a short formula of plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from surrogate.models.records import (
    BoostedTreesRecord,
    Constant,
    GaussianProcessRecord,
    MLPRecord,
    PolynomialChaosRecord,
    RBFRecord,
    Record,
    StochasticKrigingRecord,
    WarpedRecord,
)
from surrogate.models.records.correlation import CORRELATIONS, squared_distances
from surrogate.models.records.cut import first_reaching
from surrogate.space import Categorical, Integer, Real

if TYPE_CHECKING:
    from surrogate.models.records.tree_walk import TreeWalk
    from surrogate.space import Space
    from surrogate.space.parameter import Parameter

FloatArray = NDArray[np.float64]

#: Below every logarithm: what a log axis takes for zero and less.
TINY = float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class Column:
    """One number that the formulas use.

    Parameters
    ----------
    input : int
        Position of the input that it is made of.
    kind : {"linear", "log", "category"}
        ``(x - low) / width``, ``log(max(x, tiny) / low) / width``, or 1 where ``x`` is the category `code` and else 0.
    low, width : float
    code : int
        Position in the list of categories.
    """

    input: int
    kind: str
    low: float = 0.0
    width: float = 1.0
    code: int = -1


@dataclass(frozen=True)
class Level:
    """``value``, whatever the input."""

    value: float


@dataclass(frozen=True)
class Trees:
    """``base`` plus one leaf a tree.

    `walk` compares inputs in their natural units; for a category the column is 0 or 1 and the cut 0.5.
    """

    walk: TreeWalk
    base: float


@dataclass(frozen=True)
class Polynomial:
    """``sum_i coefficients_i prod_j P_k(2 (u_j - location_j) / width_j - 1)``, k from `degrees`, plain Legendre P."""

    location: FloatArray
    width: FloatArray
    degrees: NDArray[np.int32]
    coefficients: FloatArray


@dataclass(frozen=True)
class Kriging:
    """``trend + sum_i weights_i k_i`` with ``r_ij = (u_j - points_ij) * inverse_j``.

    ``k_i`` is the correlation of ``sum_j r_ij**2`` (or its root, "distance", or the cube of that, "cube"); with an
    `interaction` it is the product over j of ``(1 + interaction * k(r_ij**2)) / (1 + interaction)``.
    """

    correlation: str
    points: FloatArray
    inverse: FloatArray
    weights: FloatArray
    trend: float | Polynomial
    interaction: float | None = None


@dataclass(frozen=True)
class Warp:
    """What an answer ``z`` goes through at last, brought between `low` and `high` first.

    Without `power` the output is ``spread * exp(z)``; with it ``center + spread * t``, t the inverse of the Yeo-Johnson
    transformation: ``inverse(z, power)`` from zero on, ``-inverse(-z, 2 - power)`` below, where ``inverse(z, p)`` is
    ``expm1(log1p(p z) / p)``, and ``expm1(z)`` for p = 0.
    """

    power: float | None
    center: float
    spread: float
    low: float
    high: float


@dataclass(frozen=True)
class Network:
    """Mean of perceptrons, layer by layer; weights (members, inputs, units), biases (members, units)."""

    weights: tuple[FloatArray, ...]
    biases: tuple[FloatArray, ...]
    activation: str


#: Formulas of scaled inputs.
SMOOTH = (Kriging, Network, Polynomial)

Formula = Level | Trees | Kriging | Network | Polynomial


class Portable:
    """A model in the form that leaves home.

    Parameters
    ----------
    space : Space
        Inputs; exported functions take them in this order and in natural units.
    records : mapping of str to Record
        What predicts each output, from the features of `space`.

    Raises
    ------
    ValueError
        If a kind of record has no export.
    """

    def __init__(self, space: Space, records: Mapping[str, Record]) -> None:
        self.space = space
        self.records = dict(records)
        self.parameters = list(space.parameters.values())
        self.names = space.names
        self.outputs = tuple(self.records)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """What the formulas use, in the order of ``space.features``."""
        columns: list[Column] = []
        for i, parameter in enumerate(self.parameters):
            if isinstance(parameter, Categorical):
                columns += [Column(i, "category", code=code) for code in range(parameter.n_levels)]
            elif isinstance(parameter, Real) and parameter.log:
                low, high = parameter.scale
                columns.append(Column(i, "log", low, float(np.log(high / low))))
            elif isinstance(parameter, Real):
                low, high = parameter.scale
                columns.append(Column(i, "linear", low, high - low))
            elif isinstance(parameter, Integer):
                columns.append(Column(i, "linear", float(parameter.low), float(parameter.high - parameter.low)))
        return tuple(columns)

    @cached_property
    def formulas(self) -> dict[str, Formula]:
        """The formula of each output."""
        return {name: self._formula(name, record) for name, record in self.records.items()}

    @cached_property
    def warps(self) -> dict[str, Warp]:
        """What the formulas' answers go through, for the outputs that are warped."""
        return {
            name: Warp(r.power if r.warp == "yeo_johnson" else None, r.center, r.spread, r.low, r.high)
            for name, r in self.records.items()
            if isinstance(r, WarpedRecord)
        }

    @cached_property
    def categories(self) -> tuple[tuple[Any, ...] | None, ...]:
        """Categories of each input, None for numbers."""
        return tuple(p.values if isinstance(p, Categorical) else None for p in self.parameters)

    # What is true ---------------------------------------------------------------------------------------------------

    def features(self, rows: FloatArray) -> FloatArray:
        """Features of rows of natural units with categories as codes, as ``space.features`` computes them."""
        return np.ascontiguousarray(
            np.hstack(
                [
                    np.asarray(column[:, None] == np.arange(p.n_levels), dtype=np.float64)
                    if isinstance(p, Categorical)
                    else p.features(column)
                    for column, p in zip(rows.T, self.parameters, strict=True)
                ]
            )
        )

    def reference(self, rows: FloatArray) -> FloatArray:
        """Ask the records; shape (n, k)."""
        features = self.features(rows)
        return np.stack([record.predict(features) for record in self.records.values()], axis=1)

    def sizes(self, rows: FloatArray) -> FloatArray:
        """Size of the terms that are added up to each output, shape (k,), which rounding errors are relative to."""
        features = self.features(rows)
        return np.array([_size(record, features) for record in self.records.values()])

    def natural(self, rows: FloatArray) -> list[list[Any]]:
        """Rows with categories as their values in place of codes."""
        return [
            [v if values is None else values[int(v)] for v, values in zip(row, self.categories, strict=True)]
            for row in rows.tolist()
        ]

    # Translation ----------------------------------------------------------------------------------------------------

    def _formula(self, name: str, record: Record) -> Formula:
        record = unwrapped(record)
        if isinstance(record, Constant):
            return Level(record.value)
        if isinstance(record, BoostedTreesRecord):
            return Trees(record.walk._replace(cut=self._natural_cuts(record.walk)), record.base)
        if isinstance(record, GaussianProcessRecord):
            points = record.points * record.length + record.location
            return Kriging(record.correlation, points, 1.0 / record.length, record.weights, record.trend)
        if isinstance(record, MLPRecord):
            return _network(record)
        if isinstance(record, PolynomialChaosRecord):
            return _polynomial(record)
        if record.kind == "kriging":
            return _universal_kriging(record)
        if isinstance(record, RBFRecord):
            return _radial(record)
        raise ValueError(f"output {name!r}: a {record.kind} model has no export. Save it as a model file.")

    def _natural_cuts(self, walk: TreeWalk) -> FloatArray:
        """Cuts of features as cuts of inputs in natural units: the same row goes the same way, to the last bit."""
        cuts = walk.cut.copy()
        for j, column in enumerate(self.columns):
            here = np.flatnonzero((walk.feature == j) & ~np.isnan(walk.cut))
            if column.kind == "category":
                cut = walk.cut[here]
                cuts[here] = np.where(cut <= 0.0, -np.inf, np.where(cut > 1.0, np.inf, 0.5))
            elif here.size:
                cuts[here] = first_reaching(partial(_feature, self.parameters[column.input]), walk.cut[here])
        return cuts


def unwrapped(record: Record) -> Record:
    """Return the record that the formula stands for: what is warped, and the mean of what is noisy."""
    if isinstance(record, WarpedRecord):
        return unwrapped(record.inner)
    return unwrapped(record.mean) if isinstance(record, StochasticKrigingRecord) else record


def _feature(parameter: Parameter, values: FloatArray) -> FloatArray:
    return parameter.features(values)[:, 0]


def _polynomial(record: PolynomialChaosRecord) -> Polynomial:
    """Fold the norm of the polynomials into the coefficients."""
    norm = np.sqrt(2.0 * record.degrees + 1.0).prod(axis=1)
    return Polynomial(record.location, record.width, record.degrees, record.coefficients * norm)


def _universal_kriging(record: Any) -> Kriging:
    points, inverse = record.points * record.length + record.location, 1.0 / record.length
    return Kriging(record.correlation, points, inverse, record.weights, _polynomial(record.trend), record.interaction)


def _radial(record: RBFRecord) -> Kriging:
    """Write the linear trend as a polynomial of degree 1, of ``t = (u - location) / width - 1``."""
    slopes, p = record.trend[1:], len(record.location)
    degrees = np.vstack([np.zeros((1, p)), np.eye(p)]).astype(np.int32)
    coefficients = np.concatenate([[record.trend[0] + slopes.sum()], slopes])
    trend = Polynomial(record.location, 2.0 * record.width, degrees, coefficients)
    points, kind = record.points * record.width + record.location, "distance" if record.power == 1 else "cube"
    return Kriging(kind, points, 1.0 / record.width, record.weights, trend)


def _network(record: MLPRecord) -> Network:
    """Fold the scales of input and output into the first and the last layer."""
    weights, biases = list(record.weights), [bias[:, 0, :] for bias in record.biases]
    first = weights[0] / record.width[:, None]
    biases[0] = biases[0] - np.einsum("p,mpu->mu", record.location, first)
    weights[0] = first
    members = len(first)
    weights[-1] = weights[-1] * (record.spread / members)
    biases[-1] = biases[-1] * (record.spread / members) + record.center / members
    return Network(tuple(weights), tuple(biases), record.activation)


def _size(record: Record, features: FloatArray) -> float:
    if isinstance(record, WarpedRecord):  # an error of z grows by the slope
        slope = np.abs(record._slope(record._within(features))).max()
        return float(slope) * _size(record.inner, features) + float(np.abs(record.predict(features)).max())
    if isinstance(record, StochasticKrigingRecord):
        return _size(record.mean, features)
    if isinstance(record, RBFRecord):
        z = (features - record.location) / record.width
        values = np.sqrt(squared_distances(z, record.points)) ** record.power
        return float(np.max(np.abs(z) @ np.abs(record.trend[1:]) + values @ np.abs(record.weights)))
    if isinstance(record, GaussianProcessRecord):
        scaled = (features - record.location) / record.length
        correlations = CORRELATIONS[record.correlation].value(squared_distances(scaled, record.points))
        return float(abs(record.trend) + np.max(correlations @ np.abs(record.weights)))
    if isinstance(record, PolynomialChaosRecord):
        return float(np.max(np.abs(record.basis(features)) @ np.abs(record.coefficients)))
    if record.kind == "kriging":
        kriging: Any = record
        correlations = np.abs(kriging._correlations(features)) @ np.abs(kriging.weights)
        return _size(kriging.trend, features) + float(np.max(correlations))
    base = abs(record.base) if isinstance(record, BoostedTreesRecord) else 0.0
    base = abs(record.center) + record.spread if isinstance(record, MLPRecord) else base
    return float(base + np.max(np.abs(record.predict(features))))
