"""Exchange of runs against candidates, for optimal designs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Starts until about this many multiplications, between these numbers.
_WORK = 1e9
_FEWEST_STARTS, _MOST_STARTS = 3, 20
_MOST_PASSES = 50
# Keeps the information matrix of a poor start invertible; far below what any run adds.
_RIDGE = 1e-7
# An exchange must gain this share, or rounding would go round in circles.
_GAIN = 1e-9


def exchange(
    candidates: NDArray[np.float64],
    n: int,
    kept: NDArray[np.float64],
    weight: NDArray[np.float64] | None,
    rng: np.random.Generator,
) -> NDArray[np.intp]:
    """Return the positions of the `n` best candidates, each at most once.

    Parameters
    ----------
    candidates : ndarray of shape (m, p)
        Model terms of the candidates.
    n : int
        At most m.
    kept : ndarray of shape (k, p)
        Model terms of runs that are part of the design in any case.
    weight : ndarray of shape (p, p) or None
        What is minimised: the trace of the weight times the covariance of the coefficients (A- and I-optimality), or
        with None the covariance's determinant (D-optimality).
    rng : Generator
        Chooses the starts.

    Returns
    -------
    ndarray of shape (n,)

    References
    ----------
    Cook, R. D., & Nachtsheim, C. J. (1980). A comparison of algorithms for constructing exact D-optimal designs.
    Technometrics, 22(3), 315-324.
    """
    from threadpoolctl import threadpool_limits

    m, p = candidates.shape
    base = kept.T @ kept + _RIDGE * np.eye(p)
    best, lowest = np.empty(0, dtype=np.intp), np.inf
    for _ in range(int(np.clip(_WORK / (n * m * p * p), _FEWEST_STARTS, _MOST_STARTS))):
        # Many small matrix products: on a busy machine several BLAS threads mostly wait for each other.
        with threadpool_limits(1, user_api="blas"):
            chosen = _improve(candidates, rng.permutation(m)[:n], base, weight)
        information = base + candidates[chosen].T @ candidates[chosen]
        if weight is None:
            loss = -float(np.linalg.slogdet(information)[1])
        else:
            loss = float(np.trace(weight @ np.linalg.inv(information)))
        # Equal designs differ by rounding; the first of them stays.
        if loss < lowest - _GAIN * abs(loss):
            best, lowest = chosen, loss
    return best


def _improve(
    candidates: NDArray[np.float64],
    chosen: NDArray[np.intp],
    base: NDArray[np.float64],
    weight: NDArray[np.float64] | None,
) -> NDArray[np.intp]:
    """Exchange each run in turn for the candidate that is best in its place, until none is better."""
    chosen = chosen.copy()
    for _ in range(_MOST_PASSES):
        changed = False
        for i in range(len(chosen)):
            rest = np.delete(chosen, i)
            # Inverted afresh for each run: updates would lose their digits after a poor start.
            inverse = np.linalg.inv(base + candidates[rest].T @ candidates[rest])
            # What each candidate would add: the determinant's factor, or the fall of the weighted trace.
            solved = candidates @ inverse
            gain = 1.0 + np.einsum("ij,ij->i", solved, candidates)
            if weight is not None:
                gain = np.einsum("ij,ij->i", solved @ weight, solved) / gain
            gain[rest] = -np.inf
            entering = int(gain.argmax())
            if gain[entering] > gain[chosen[i]] * (1.0 + _GAIN):
                chosen[i] = entering
                changed = True
        if not changed:
            break
    return chosen
