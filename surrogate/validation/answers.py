"""What anything that answers says: a function, an estimator or a fitted Model B."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


def answers_of(model: Any, X: Any) -> NDArray[Any]:
    """Ask a model about rows.

    Parameters
    ----------
    model : estimator with ``predict``, or callable
        Asked with the whole table at once.
    X : table of n rows

    Returns
    -------
    ndarray of shape (n,) or (n, k)

    Raises
    ------
    TypeError
        If there is no way to ask.
    ValueError
        If the number of answers is not the number of rows.

    Examples
    --------
    >>> answers_of(lambda X: X[:, 0] > 0.5, np.array([[0.2], [0.7]]))
    array([False,  True])
    """
    ask = getattr(model, "predict", model)
    if not callable(ask):
        raise TypeError(f"model: a function of a table or an estimator with predict is needed, got {model!r}.")
    answers = np.asarray(ask(X))
    if answers.ndim == 0 or len(answers) != len(X):
        raise ValueError(
            f"model: {len(X)} rows were asked, {answers.shape} came back. It must answer a whole table at once: one "
            "answer a row."
        )
    return answers[:, 0] if answers.ndim == 2 and answers.shape[1] == 1 else answers
