"""The contract of a record that classifies: chances of classes beside the class itself."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from surrogate.models.records.record import Record

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ClassifierRecord(Record):
    """Numpy-only half of a classifier.

    `predict` gives the number of the likeliest class, as a float, so that all that handles records handles this one
    too; `probabilities` gives all chances. Of classes with equal chances the first counts.

    Parameters
    ----------
    classes : tuple of str
        Names of the classes, in the order of the columns of `probabilities`.
    """

    classes: tuple[str, ...]

    @abstractmethod
    def _probability_block(self, X: FloatArray) -> FloatArray:
        """Chances of the classes for a block of rows, shape (n, c)."""

    def probabilities(self, X: ArrayLike) -> FloatArray:
        """Compute the chance of every class.

        Parameters
        ----------
        X : array_like of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, c)

        Raises
        ------
        ValueError
            When `X` is not a table of numbers with `n_features` columns.
        """
        return self._in_blocks(self._probability_block, X, (len(self.classes),))

    def _predict_block(self, X: FloatArray) -> FloatArray:
        numbers: FloatArray = self._probability_block(X).argmax(axis=1).astype(np.float64)
        return numbers


def softmax(scores: FloatArray) -> FloatArray:
    """Chances from scores, row by row.

    Parameters
    ----------
    scores : ndarray of shape (n, c)

    Returns
    -------
    ndarray of shape (n, c)

    Examples
    --------
    >>> softmax(np.array([[0.0, np.log(3.0)]])).round(6)
    array([[0.25, 0.75]])
    """
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    chances: FloatArray = raised / raised.sum(axis=1, keepdims=True)
    return chances
