"""How large the terms are that a model adds up: rounding errors, its own and an export's, are relative to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.records import (
    BoostedTreesRecord,
    GaussianProcessRecord,
    MLPRecord,
    PolynomialChaosRecord,
    RBFRecord,
    StochasticKrigingRecord,
    WarpedRecord,
)
from surrogate.models.records.class_mlp import ClassMLPRecord
from surrogate.models.records.classifier import ClassifierRecord
from surrogate.models.records.correlation import CORRELATIONS, squared_distances
from surrogate.models.records.mlp import ACTIVATIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from surrogate.models.records import Record

    FloatArray = NDArray[np.float64]


def term_size(record: Record, features: FloatArray) -> float:
    """Return the size of the largest sum of terms, whatever their signs.

    Parameters
    ----------
    record : Record
    features : ndarray of shape (n, p)
        Rows to look at.

    Returns
    -------
    float
        In the unit of the output; of a classifier's chances, 1 or how far an error of its scores changes them.
    """
    if isinstance(record, ClassifierRecord):
        return max(1.0, _score_size(record, features)) if isinstance(record, ClassMLPRecord) else 1.0
    if isinstance(record, WarpedRecord):  # an error of z grows by the slope
        slope = np.abs(record._slope(record._within(features))).max()
        return float(slope) * term_size(record.inner, features) + float(np.abs(record.predict(features)).max())
    if isinstance(record, StochasticKrigingRecord):
        return term_size(record.mean, features)
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
        return term_size(kriging.trend, features) + float(np.max(correlations))
    base = abs(record.base) if isinstance(record, BoostedTreesRecord) else 0.0
    base = abs(record.center) + record.spread if isinstance(record, MLPRecord) else base
    return float(base + np.max(np.abs(record.predict(features))))


def _score_size(record: ClassMLPRecord, features: FloatArray) -> float:
    values = features
    for weights, bias in zip(record.weights[:-1], record.biases[:-1], strict=True):
        values = ACTIVATIONS[record.activation][0](values @ weights + bias)
    return float(np.max(np.abs(values) @ np.abs(record.weights[-1]) + np.abs(record.biases[-1])))
