"""Formulas: what each kind of record says, as plain arrays that every language can write down."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from surrogate.models.records.tree_walk import TreeWalk

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


@dataclass(frozen=True)
class ClassTrees:
    """One number a class: `base` plus what one leaf a tree adds, ``value`` of shape (nodes, c) in `walk`.

    With `scores` the answers are the softmax of the sums.
    """

    walk: TreeWalk
    base: FloatArray
    scores: bool


@dataclass(frozen=True)
class ClassNetwork:
    """Softmax of a perceptron's last layer; weights (inputs, units) and biases (units,) a layer."""

    weights: tuple[FloatArray, ...]
    biases: tuple[FloatArray, ...]
    activation: str


#: Formulas of scaled inputs.
SMOOTH = (Kriging, Network, Polynomial, ClassNetwork)

#: Formulas of inputs in natural units.
WALKED = (Trees, ClassTrees)

Formula = Level | Trees | Kriging | Network | Polynomial | ClassTrees | ClassNetwork
