"""A fitted model as Model A: a neural network, an ensemble, an emulator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from surrogate.simulation.fingerprint import fingerprint
from surrogate.space import Space


class Estimator:
    """A fitted model as a vectorised simulator.

    Parameters
    ----------
    model : object
        Anything fitted with a ``predict`` method in scikit-learn's manner. A model that carries a ``space`` or was
        fitted to a DataFrame (``feature_names_in_``) is asked with a DataFrame of the same columns; any other
        with an array whose columns are in the order of the bounds.
    outputs : sequence of str, optional
        Names of what the method returns; by default y, or y1, y2, ... for several columns.
    method : str, default "predict"
        The method to ask, for example ``"predict_proba"``.

    Raises
    ------
    TypeError
        If the model has no such method.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> model = LinearRegression().fit([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [0.0, 1.0, 2.0])
    >>> simulator = Estimator(model, outputs=["drag"])
    >>> simulator(a=np.array([1.0, 1.0]), b=np.array([0.0, 1.0])).round(6)
    array([1., 3.])
    """

    vectorized = True

    def __init__(self, model: Any, *, outputs: Sequence[str] | None = None, method: str = "predict") -> None:
        if not callable(getattr(model, method, None)):
            raise TypeError(
                f"model: {type(model).__name__} has no method {method!r}. Fit a model that has, or name another."
            )
        self.model = model
        self.outputs = (outputs,) if isinstance(outputs, str) else None if outputs is None else tuple(outputs)
        self.method = method
        self.space = getattr(model, "space", None)

    def fingerprint(self) -> str:
        """Return a fingerprint of what the model has learnt; the code of its library counts by name."""
        return fingerprint((self.model, self.method, self.outputs), package="")

    def __call__(self, X: Any = None, /, **columns: Any) -> Any:
        """Ask the model for all rows at once."""
        names = getattr(self.model, "feature_names_in_", None)
        table: Any
        if isinstance(self.space, Space):
            table = self.space.frame(columns if X is None else X)
        elif names is not None:
            import pandas as pd

            table = pd.DataFrame(columns)[list(names)] if X is None else pd.DataFrame(X, columns=list(names))
        else:
            table = np.column_stack(list(columns.values())) if X is None else X
        return np.asarray(getattr(self.model, self.method)(table))
