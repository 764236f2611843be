"""A small neural network as a student, trained by Hinton's loss with numpy alone."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.utils import check_random_state

from surrogate.models.records.class_mlp import ClassMLPRecord
from surrogate.models.records.mlp import ACTIVATIONS
from surrogate.models.students.hinton import hinton_loss
from surrogate.models.students.student import Student

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

_DECAYS = 0.9, 0.999  # of Adam's means of the gradient and of its square
_LEAST_STEPS = 2000  # so that a few hundred rows are seen often enough


class MLPStudent(Student):
    """A multilayer perceptron that is taught by a teacher's logits, by true classes or by both.

    Adam with mini-batches, the learning rate falling to zero along half a cosine.

    Parameters
    ----------
    hidden : tuple of int, default (64, 32)
        Units of each hidden layer.
    activation : {"relu", "tanh", "logistic"}, default "relu"
        Activation of the hidden layers.
    epochs : int, default 40
        Passes over the rows; as many more as make 2,000 steps where there are few rows.
    batch_size : int, default 64
        Rows in a step.
    learning_rate : float, default 3e-3
        Of Adam, at the start.
    l2 : float, default 1e-4
        Ridge penalty on the weights.
    random_state : int, RandomState or None, default 0
        Draws the starting weights and the order of the rows.

    Attributes
    ----------
    record_ : ClassMLPRecord
        What predicts.
    history_ : DataFrame
        A row an epoch: loss, agreement (share of rows where the student's class is the teacher's) and accuracy (share
        where it is the true one; NaN if none is known), while training.

    References
    ----------
    Hinton, G., Vinyals, O., Dean, J. (2015). Distilling the knowledge in a neural network. arXiv 1503.02531.
    Kingma, D. P., Ba, J. (2015). Adam: a method for stochastic optimization. ICLR.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> X = rng.normal(size=(300, 2))
    >>> student = MLPStudent((8,), epochs=10).fit(X, np.where(X[:, 0] * X[:, 1] > 0, "same", "other"))
    >>> student.predict([[1.0, 1.0], [-1.0, 1.0]]).tolist()
    ['same', 'other']
    """

    def __init__(
        self,
        hidden: Sequence[int] = (64, 32),
        *,
        activation: str = "relu",
        epochs: int = 40,
        batch_size: int = 64,
        learning_rate: float = 3e-3,
        l2: float = 1e-4,
        random_state: Any = 0,
    ) -> None:
        self.hidden = hidden
        self.activation = activation
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.l2 = l2
        self.random_state = random_state

    def _learn(
        self, X: Floats, logits: Floats, truth: NDArray[np.intp], temperature: float, soft_weight: float
    ) -> None:
        if self.activation not in ACTIVATIONS:
            raise ValueError(f"activation: one of {', '.join(ACTIVATIONS)} is allowed; got {self.activation!r}.")
        random = check_random_state(self.random_state)
        center, width = X.mean(axis=0), X.std(axis=0)
        # Columns that hardly vary would be blown up by their own width.
        width = np.where(width > 1e-9 * max(float(width.max()), 1e-300), width, 1.0)
        scaled = ((X - center) / width).astype(np.float32)
        network = _Network(scaled.shape[1], tuple(self.hidden), logits.shape[1], self.activation, random)
        history = self._train(network, scaled, logits, truth, temperature, soft_weight, random)
        self._history = history
        first = network.weights[0].astype(np.float64)
        self.record_ = ClassMLPRecord(
            classes=tuple(str(one) for one in self.classes_),
            weights=(first / width[:, None], *(w.astype(np.float64) for w in network.weights[1:])),
            biases=(network.biases[0] - (center / width) @ first, *(b.astype(np.float64) for b in network.biases[1:])),
            activation=self.activation,
        )

    def _train(
        self,
        network: _Network,
        X: NDArray[np.float32],
        logits: Floats,
        truth: NDArray[np.intp],
        temperature: float,
        soft_weight: float,
        random: np.random.RandomState,
    ) -> list[tuple[float, float, float]]:
        n, size = len(X), min(self.batch_size, len(X))
        epochs = max(self.epochs, math.ceil(_LEAST_STEPS * size / n))
        steps, step, history = epochs * math.ceil(n / size), 0, []
        adam = _Adam(network.parameters)
        for _ in range(epochs):
            seen = np.zeros(4)  # loss, agreement, accuracy, rows of known class
            order = random.permutation(n)
            for start in range(0, n, size):
                batch = order[start : start + size]
                scores, values = network.forward(X[batch])
                loss, slope = hinton_loss(
                    scores, logits[batch], truth[batch], temperature=temperature, soft_weight=soft_weight
                )
                rate = 0.5 * self.learning_rate * (1 + math.cos(math.pi * step / steps))
                adam.step(network.backward(values, slope.astype(np.float32), self.l2), rate)
                told, known = scores.argmax(axis=1), truth[batch] >= 0
                seen += (
                    loss * len(batch),
                    (told == logits[batch].argmax(axis=1)).sum(),
                    (told == truth[batch])[known].sum(),
                    known.sum(),
                )
                step += 1
            history.append((seen[0] / n, seen[1] / n, seen[2] / seen[3] if seen[3] else np.nan))
        return history

    @property
    def history_(self) -> pd.DataFrame:
        """Loss, agreement with the teacher and accuracy while training, a row an epoch."""
        import pandas as pd

        return pd.DataFrame(self._history, columns=["loss", "agreement", "accuracy"])

    def _chances(self, X: ArrayLike) -> Floats:
        return self.record_.probabilities(X)

    def _numbers(self, X: ArrayLike) -> NDArray[np.intp]:
        return self.record_.predict(X).astype(np.intp)


class _Network:
    """Weights in single precision, and the derivatives of what they do."""

    def __init__(self, p: int, hidden: tuple[int, ...], c: int, activation: str, random: np.random.RandomState) -> None:
        units = (p, *hidden, c)
        gain = 2.0 if activation == "relu" else 1.0
        self.weights = [(random.normal(size=(a, b)) * np.sqrt(gain / a)).astype(np.float32) for a, b in pairwise(units)]
        self.biases = [np.zeros(b, dtype=np.float32) for b in units[1:]]
        self._activate, self._slope = ACTIVATIONS[activation]

    @property
    def parameters(self) -> list[NDArray[np.float32]]:
        return [*self.weights, *self.biases]

    def forward(self, X: NDArray[Any]) -> tuple[Floats, list[NDArray[Any]]]:
        values = [X]
        for weights, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            values.append(self._activate(values[-1] @ weights + bias))
        return (values[-1] @ self.weights[-1] + self.biases[-1]).astype(np.float64), values

    def backward(self, values: list[NDArray[Any]], slope: NDArray[Any], l2: float) -> list[NDArray[Any]]:
        weights: list[NDArray[Any]] = []
        biases: list[NDArray[Any]] = []
        for layer in range(len(self.weights) - 1, -1, -1):
            weights.insert(0, values[layer].T @ slope + np.float32(l2) * self.weights[layer])
            biases.insert(0, slope.sum(axis=0))
            if layer:
                slope = (slope @ self.weights[layer].T) * self._slope(values[layer]).astype(np.float32)
        return [*weights, *biases]


class _Adam:
    """Adam, changing parameters in place."""

    def __init__(self, parameters: list[NDArray[np.float32]]) -> None:
        self._parameters = parameters
        self._mean = [np.zeros_like(p) for p in parameters]
        self._square = [np.zeros_like(p) for p in parameters]
        self._steps = 0

    def step(self, gradients: list[NDArray[Any]], rate: float) -> None:
        self._steps += 1
        first, second = _DECAYS
        size = np.float32(rate * math.sqrt(1 - second**self._steps) / (1 - first**self._steps))
        for parameter, mean, square, gradient in zip(
            self._parameters, self._mean, self._square, gradients, strict=True
        ):
            mean += np.float32(1 - first) * (gradient - mean)
            square += np.float32(1 - second) * (gradient * gradient - square)
            parameter -= size * mean / (np.sqrt(square) + np.float32(1e-8))
