"""The record of a neural network that classifies."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from surrogate.models.records.classifier import ClassifierRecord, softmax
from surrogate.models.records.mlp import ACTIVATIONS

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClassMLPRecord(ClassifierRecord):
    """A multilayer perceptron whose last layer gives one score a class; chances are their softmax.

    Parameters
    ----------
    classes : tuple of str
        Names of the classes.
    weights : tuple of ndarray of shape (inputs, units)
        One array a layer. The first takes the features as they are: their scale is in it.
    biases : tuple of ndarray of shape (units,)
        One array a layer.
    activation : str
        Of the hidden layers, a name in `ACTIVATIONS`.
    """

    kind: ClassVar[str] = "class_mlp"

    weights: tuple[NDArray[np.float64], ...]
    biases: tuple[NDArray[np.float64], ...]
    activation: str

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"activation: one of {', '.join(ACTIVATIONS)} is known; got {self.activation!r}.")
        units = [len(self.weights[0]), *(len(bias) for bias in self.biases)]
        expected = list(pairwise(units))
        if [w.shape for w in self.weights] != expected or units[-1] != len(self.classes):
            raise ValueError(
                f"class_mlp: layers of shapes {expected} are needed; got {[w.shape for w in self.weights]}."
            )

    @property
    def n_features(self) -> int:
        """Number of columns of `X`."""
        return len(self.weights[0])

    @property
    def _row_bytes(self) -> int:
        return 16 * sum(len(bias) for bias in self.biases)

    def _probability_block(self, X: FloatArray) -> FloatArray:
        return softmax(self._scores(X))

    def _predict_block(self, X: FloatArray) -> FloatArray:
        numbers: FloatArray = self._scores(X).argmax(axis=1).astype(np.float64)
        return numbers

    def _scores(self, X: FloatArray) -> FloatArray:
        activate, values = ACTIVATIONS[self.activation][0], X
        for weights, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            values = activate(values @ weights + bias)
        scores: FloatArray = values @ self.weights[-1] + self.biases[-1]
        return scores
