"""What every export translates: inputs in their natural units, and each output as a short formula of plain arrays."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from surrogate.export.formula import (
    ClassNetwork,
    ClassTrees,
    Column,
    Formula,
    Kriging,
    Level,
    Network,
    Polynomial,
    Trees,
    Warp,
)
from surrogate.export.term_size import term_size
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
from surrogate.models.records.class_mlp import ClassMLPRecord
from surrogate.models.records.class_trees import ClassTreesRecord
from surrogate.models.records.classifier import ClassifierRecord
from surrogate.models.records.cut import first_reaching
from surrogate.models.records.tree_walk import tree_walk
from surrogate.space import Categorical, Integer, Real

if TYPE_CHECKING:
    from surrogate.models.records.tree_walk import TreeWalk
    from surrogate.space import Space
    from surrogate.space.parameter import Parameter

FloatArray = NDArray[np.float64]


class Portable:
    """A model in the form that leaves home.

    Parameters
    ----------
    space : Space
        Inputs; exported functions take them in this order and in natural units.
    records : mapping of str to Record
        What predicts each output, from the features of `space`. A classifier has an output a class: its chance.
    raw : bool, default False
        Whether the records take the inputs as they are, not the features of `space`; then all inputs are numbers.

    Raises
    ------
    ValueError
        If a kind of record has no export.
    """

    def __init__(self, space: Space, records: Mapping[str, Record], *, raw: bool = False) -> None:
        self.space = space
        self.records = dict(records)
        self.raw = raw
        self.parameters = list(space.parameters.values())
        self.names = space.names
        self.outputs = tuple(output for name in self.records for output in self._outputs_of(name))

    def _outputs_of(self, name: str) -> list[str]:
        record = self.records[name]
        if not isinstance(record, ClassifierRecord):
            return [name]
        return [one if len(self.records) == 1 else f"{name} {one}" for one in record.classes]

    @cached_property
    def places(self) -> dict[str, slice]:
        """Where the answers of each formula stand among the outputs."""
        places, start = {}, 0
        for name in self.records:
            stop = start + len(self._outputs_of(name))
            places[name] = slice(start, stop)
            start = stop
        return places

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """What the formulas use, in the order of ``space.features``."""
        if self.raw:
            return tuple(Column(i, "linear") for i in range(len(self.parameters)))
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
        if self.raw:
            return np.ascontiguousarray(rows)
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
        return np.column_stack(
            [r.probabilities(features) if isinstance(r, ClassifierRecord) else r.predict(features)
             for r in self.records.values()]
        )  # fmt: skip

    def sizes(self, rows: FloatArray) -> FloatArray:
        """Size of the terms that are added up to each output, shape (k,), which rounding errors are relative to."""
        features = self.features(rows)
        sizes = [np.full(len(self._outputs_of(name)), term_size(r, features)) for name, r in self.records.items()]
        return np.concatenate(sizes)

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
        if isinstance(record, ClassTreesRecord):
            walk = class_walk(record)
            return ClassTrees(walk._replace(cut=self._natural_cuts(walk)), record.base, record.scores)
        if isinstance(record, ClassMLPRecord):
            return ClassNetwork(record.weights, record.biases, record.activation)
        raise ValueError(
            f"output {name!r}: a {record.kind} model has no export. Save it as a model file, "
            "or fit another kind to the same runs: Surrogate.from_runs(runs, prefer='speed')."
        )

    def _natural_cuts(self, walk: TreeWalk) -> FloatArray:
        """Cuts of features as cuts of inputs in natural units: the same row goes the same way, to the last bit."""
        if self.raw:
            return walk.cut
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


def class_walk(record: ClassTreesRecord) -> TreeWalk:
    """Lay out trees that classify for walking; values have a column a class."""
    return tree_walk(record.roots, record.children, record.feature, record.cut, record.value)


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
