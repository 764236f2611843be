"""The record of a neural network: the weights of a few perceptrons of one shape, averaged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from surrogate.models.records.record import Record

FloatArray = NDArray[np.float64]


def _relu(a: FloatArray) -> FloatArray:
    return np.maximum(a, 0.0)


def _relu_slope(h: FloatArray) -> FloatArray:
    return (h > 0.0).astype(np.float64)


def _tanh_slope(h: FloatArray) -> FloatArray:
    return 1.0 - h * h


def _logistic(a: FloatArray) -> FloatArray:
    return 0.5 + 0.5 * np.tanh(0.5 * a)  # the logistic function without overflow


def _logistic_slope(h: FloatArray) -> FloatArray:
    return h * (1.0 - h)


#: Activations by name: the function, and its derivative in terms of the function's value.
ACTIVATIONS: dict[str, tuple[Callable[[FloatArray], FloatArray], Callable[[FloatArray], FloatArray]]] = {
    "tanh": (np.tanh, _tanh_slope),
    "relu": (_relu, _relu_slope),
    "logistic": (_logistic, _logistic_slope),
}


@dataclass(frozen=True, eq=False)
class MLPRecord(Record):
    """The mean of multilayer perceptrons of one shape.

    The input is ``z = (X - location) / width``; each hidden layer is ``activation(z @ weights + bias)``, the last layer
    has no activation; the mean over the members is ``center + spread * output``.

    Parameters
    ----------
    location, width : ndarray of shape (p,)
        Scale of the features.
    weights : tuple of ndarray of shape (members, inputs, units)
        One array a layer.
    biases : tuple of ndarray of shape (members, 1, units)
        One array a layer.
    activation : str
        A name in `ACTIVATIONS`.
    center, spread : float
        Scale of the output.
    """

    kind: ClassVar[str] = "mlp"
    has_gradient: ClassVar[bool] = True

    location: NDArray[np.float64]
    width: NDArray[np.float64]
    weights: tuple[NDArray[np.float64], ...]
    biases: tuple[NDArray[np.float64], ...]
    activation: str
    center: float
    spread: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"activation: one of {', '.join(ACTIVATIONS)} is known; got {self.activation!r}.")
        members = len(self.weights[0])
        units = [len(self.location), *(bias.shape[-1] for bias in self.biases)]
        expected = [(members, a, b) for a, b in pairwise(units)]
        if [w.shape for w in self.weights] != expected or self.width.shape != self.location.shape or units[-1] != 1:
            raise ValueError(f"mlp: layers of shapes {expected} are needed; got {[w.shape for w in self.weights]}.")
        if any(bias.shape != (members, 1, bias.shape[-1]) for bias in self.biases):
            raise ValueError(f"mlp: biases of shape (members, 1, units) are needed; got {self.biases}.")

    @property
    def n_features(self) -> int:
        """Number of columns of `X`."""
        return len(self.location)

    @property
    def _row_bytes(self) -> int:
        members, units = len(self.weights[0]), sum(sum(layer.shape[1:]) for layer in self.weights)
        return 16 * members * units

    def _layers(self, X: FloatArray) -> list[FloatArray]:
        """Values of all layers from the input on, each of shape (members or 1, n, units)."""
        activate = ACTIVATIONS[self.activation][0]
        values = [((X - self.location) / self.width)[None]]
        for weights, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            values.append(activate(values[-1] @ weights + bias))
        values.append(values[-1] @ self.weights[-1] + self.biases[-1])
        return values

    def _predict_block(self, X: FloatArray) -> FloatArray:
        mean: FloatArray = self.center + self.spread * self._layers(X)[-1][:, :, 0].mean(axis=0)
        return mean

    def _gradient_block(self, X: FloatArray) -> FloatArray:
        slope = ACTIVATIONS[self.activation][1]
        values = self._layers(X)
        back = np.broadcast_to(
            self.weights[-1].transpose(0, 2, 1), (len(self.weights[-1]), len(X), values[-2].shape[2])
        )
        for weights, hidden in zip(self.weights[-2::-1], values[-2:0:-1], strict=True):
            back = (back * slope(hidden)) @ weights.transpose(0, 2, 1)
        gradient: FloatArray = self.spread * back.mean(axis=0) / self.width
        return gradient
