"""Hinton's loss: a student is taught by softened answers of the teacher and by the true labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from surrogate.models.records.classifier import softmax

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]

#: The least chance that a teacher is believed to mean: classes at exactly 0 would have an infinite logit.
LEAST_CHANCE = 1e-4


def logits_of(chances: ArrayLike) -> Floats:
    """Return logits that have these chances as their softmax, shape (n, c), each row with mean 0.

    Parameters
    ----------
    chances : array_like of shape (n, c)
        Below 1 in 10,000 they count as that.

    Examples
    --------
    >>> softmax(logits_of([[0.25, 0.75]])).round(6)
    array([[0.25, 0.75]])
    """
    logs = np.log(np.maximum(np.asarray(chances, dtype=np.float64), LEAST_CHANCE))
    centred: Floats = logs - logs.mean(axis=1, keepdims=True)
    return centred


def check_logits(logits: ArrayLike) -> Floats:
    """Return logits as floats.

    Raises
    ------
    ValueError
        If they are no table of finite numbers, or are chances: a softmax of chances teaches nearly nothing.

    Examples
    --------
    >>> check_logits([[0.2, 0.8]])
    Traceback (most recent call last):
    ...
    ValueError: logits: these are chances (none below 0, rows add up to 1). Give logits_of(chances).
    """
    given = np.asarray(logits, dtype=np.float64)
    if given.ndim != 2 or given.shape[1] < 2 or not np.isfinite(given).all():
        raise ValueError(f"logits: a finite table of shape (n, c), two classes or more, is needed; got {given.shape}.")
    if len(given) and (given >= 0).all() and np.allclose(given.sum(axis=1), 1.0, rtol=0, atol=1e-6):
        raise ValueError("logits: these are chances (none below 0, rows add up to 1). Give logits_of(chances).")
    return given


def hinton_loss(
    scores: Floats,
    logits: Floats,
    truth: NDArray[np.intp] | None = None,
    *,
    temperature: float = 1.0,
    soft_weight: float = 1.0,
) -> tuple[float, Floats]:
    """Mean loss of a student's scores, and its derivatives.

    ``soft_weight * T**2 * KL(softmax(logits / T) || softmax(scores / T)) + (1 - soft_weight) * CE(truth, scores)``.
    The square of the temperature keeps the size of the derivatives, which would fall with it.

    Parameters
    ----------
    scores : ndarray of shape (n, c)
        The student's logits.
    logits : ndarray of shape (n, c)
        The teacher's.
    truth : ndarray of int, shape (n,), optional
        Numbers of the true classes, -1 where unknown; such rows are taught by the teacher alone.
    temperature : float, default 1.0
    soft_weight : float, default 1.0
        Weight of the teacher where the true class is known.

    Returns
    -------
    loss : float
    gradient : ndarray of shape (n, c)
        Of the mean loss by the scores.

    References
    ----------
    Hinton, G., Vinyals, O., Dean, J. (2015). Distilling the knowledge in a neural network. arXiv 1503.02531.

    Examples
    --------
    >>> loss, gradient = hinton_loss(np.array([[2.0, -1.0, 0.5]]), np.array([[1.0, 0.0, -2.0]]))
    >>> round(loss, 6), gradient.round(6).tolist()
    (0.358613, [[0.080213, -0.220384, 0.140171]])
    """
    n = len(scores)
    p, q = softmax(logits / temperature), softmax(scores / temperature)
    taught = np.ones(n) if truth is None else np.where(truth >= 0, soft_weight, 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        divergence = np.where(p > 0, p * (np.log(p) - np.log(q)), 0.0).sum(axis=1)
    loss = temperature**2 * (taught * divergence).sum()
    gradient = temperature * taught[:, None] * (q - p)
    if truth is not None and soft_weight < 1.0:
        known = np.flatnonzero(truth >= 0)
        chances = softmax(scores[known])
        loss -= (1 - soft_weight) * np.log(np.maximum(chances[np.arange(len(known)), truth[known]], 1e-300)).sum()
        chances[np.arange(len(known)), truth[known]] -= 1.0
        gradient[known] += (1 - soft_weight) * chances
    return float(loss / n), gradient / n
