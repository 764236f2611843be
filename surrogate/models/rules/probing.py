"""Which conjunctions of inputs a network computes: linear probes of its activations, in closed form, along a beam."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Activations = Callable[[Any], Any]

#: Targets of probes that are held at a time.
_CHUNK = 2048


@dataclass(frozen=True, eq=False)
class Level:
    """All conjunctions of one length that were probed.

    A literal is ``2 * i`` where input i is to be positive and ``2 * i + 1`` where it is to be negative.

    Attributes
    ----------
    literals : ndarray of int, shape (m, length)
    key : ndarray of uint64, shape (m,)
        The sum of random numbers of the literals, by which conjunctions are recognised; in order.
    counts : ndarray of shape (m, classes)
        Rows of each class in which the conjunction holds.
    error : ndarray of shape (m,)
        Mean squared error of its probe on rows that the probe was not fitted to.
    """

    literals: NDArray[np.int64]
    key: NDArray[np.uint64]
    counts: NDArray[np.float64]
    error: NDArray[np.float64]


class Probe:
    """Ridge regression of conjunctions on activations; one factorisation serves all of them.

    Parameters
    ----------
    phi : ndarray of shape (n, p)
        Activations for the fit, already scaled.
    checked : ndarray of shape (m, p)
        Activations of other rows, for the errors.
    ridge : float
        Penalty, in units of the activations' mean squared length.
    """

    def __init__(self, phi: NDArray[np.float64], checked: NDArray[np.float64], ridge: float) -> None:
        from scipy.linalg import cho_factor, cho_solve

        n, p = phi.shape
        if p <= n:
            factor = cho_factor(phi.T @ phi / n + ridge * np.eye(p), lower=True)
            smoother = checked @ cho_solve(factor, phi.T) / n
        else:  # the same by the smaller of the two systems
            factor = cho_factor(phi @ phi.T / n + ridge * np.eye(n), lower=True)
            smoother = cho_solve(factor, phi @ checked.T).T / n
        # Targets are 1 and -1: single precision moves an error by some 1e-6.
        self.smoother = np.ascontiguousarray(smoother, dtype=np.float32)

    def errors(self, literals: NDArray[np.int64], fit: NDArray[np.bool_], check: NDArray[np.bool_]) -> Any:
        """Return the error of the probe of each conjunction; `fit` and `check` say where each literal holds."""
        out = np.empty(len(literals))
        for start in range(0, len(literals), _CHUNK):
            some = literals[start : start + _CHUNK]
            difference = self.smoother @ _signs(some, fit)
            difference -= _signs(some, check)
            out[start : start + len(some)] = np.einsum("ij,ij->j", difference, difference) / len(check)
        return out


def _signs(literals: NDArray[np.int64], holds: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return 1 where a conjunction holds and -1 elsewhere, shape (rows, conjunctions)."""
    both = np.ones((len(holds), len(literals)), dtype=bool)
    for place in range(literals.shape[1]):
        both &= holds[:, literals[:, place]]
    return 2 * both.astype(np.float32) - 1


def literals_of(X: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which literals hold in each row of +1 and -1, shape (n, 2 d)."""
    out = np.empty((len(X), 2 * X.shape[1]), dtype=bool)
    out[:, ::2] = X > 0
    out[:, 1::2] = ~out[:, ::2]
    return out


def keys_of_literals(d: int) -> NDArray[np.uint64]:
    """Return a random number for each literal; sums of them tell sets of literals apart."""
    return np.random.default_rng(12345).integers(2**64, size=2 * d, dtype=np.uint64)


def search(
    probe: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    holds: NDArray[np.bool_],
    classes: NDArray[np.bool_],
    depth: int,
    beam: int,
) -> list[Level]:
    """Probe conjunctions of 0, 1, ..., `depth` literals; of each length the `beam` best are made longer.

    Parameters
    ----------
    probe : callable
        Errors of conjunctions, given as rows of literals.
    holds : ndarray of bool, shape (n, 2 d)
        Where each literal holds, in rows whose class is known.
    classes : ndarray of bool, shape (n, classes)
        One True a row.
    depth, beam : int

    Returns
    -------
    list of Level
        One a length, from 0 to `depth`.
    """
    single = keys_of_literals(holds.shape[1] // 2)
    answers = classes.astype(np.float32)
    levels = [
        Level(
            np.zeros((1, 0), np.int64),
            np.zeros(1, np.uint64),
            classes.sum(axis=0, dtype=np.float64)[None],
            probe(np.zeros((1, 0), np.int64)),
        )
    ]
    as_numbers = holds.astype(np.float32)
    for _ in range(depth):
        levels.append(_longer(levels[-1], beam, single, holds, as_numbers, answers, probe))
    return levels


def _longer(
    level: Level,
    beam: int,
    single: NDArray[np.uint64],
    holds: NDArray[np.bool_],
    as_numbers: NDArray[np.float32],
    answers: NDArray[np.float32],
    probe: Callable[[NDArray[np.int64]], NDArray[np.float64]],
) -> Level:
    """Add one literal to each of the best conjunctions, in every way."""
    best = level.literals[np.argsort(level.error, kind="stable")[:beam]]
    width = holds.shape[1]
    free = np.ones((len(best), width), dtype=bool)
    for place in range(best.shape[1]):
        free[np.arange(len(best)), best[:, place]] = False
        free[np.arange(len(best)), best[:, place] ^ 1] = False
    parent, added = np.nonzero(free)
    keys = single[best].sum(axis=1, dtype=np.uint64)[parent] + single[added]
    key, first = np.unique(keys, return_index=True)
    parent, added = parent[first], added[first]
    literals = np.sort(np.column_stack([best[parent], added]), axis=1)
    inside = np.ones((len(best), len(holds)), dtype=bool)
    for place in range(best.shape[1]):
        inside &= holds[:, best[:, place]].T
    counts = np.stack([((inside * answers[:, c]) @ as_numbers)[parent, added] for c in range(answers.shape[1])], axis=1)
    return Level(literals, key, counts.astype(np.float64), probe(literals))


def possible_probes(d: int, depth: int) -> int:
    """Return how many conjunctions of up to `depth` literals there are.

    Examples
    --------
    >>> [possible_probes(100, depth) for depth in (2, 3, 4, 5)]
    [20001, 1313601, 64053201, 2473253841]
    """
    return sum(2**r * math.comb(d, r) for r in range(depth + 1))
