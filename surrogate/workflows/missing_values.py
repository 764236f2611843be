"""Missing values in inputs: what a study does with them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from surrogate.workflows.question import Question

POLICIES = ("refuse", "drop", "category")
MISSING = "missing"


def with_policy(question: Question, missing: str) -> Question:
    """Return a question whose inputs miss nothing that the policy covers.

    Parameters
    ----------
    question : Question
    missing : {"refuse", "drop", "category"}
        Whether to leave missing values to be refused by the search, to leave out the runs that have any, or to make
        them a category "missing" of the inputs that are categories; numbers are refused then.

    Returns
    -------
    Question

    Raises
    ------
    ValueError
        For another policy, or if no run or only one kind of them is left.
    """
    if missing not in POLICIES:
        raise ValueError(f"missing: must be one of {POLICIES}, got {missing!r}.")
    X = question.X
    absent = X.isna()
    if missing == "refuse" or not absent.to_numpy().any():
        return question
    if missing == "category":
        return replace(question, X=X.assign(**{str(name): _categories(X[name]) for name in X if absent[name].any()}))
    rows = np.flatnonzero(~absent.to_numpy().any(axis=1))
    y = question.y[rows]
    if len(np.unique(y)) < 2:
        raise ValueError(
            f"missing: {len(rows)} of {len(X)} runs have all inputs, and there is nothing to tell apart in them. "
            "Use missing='category', or leave inputs out: inputs=[...]."
        )
    return replace(
        question,
        X=X.iloc[rows].reset_index(drop=True),
        y=y,
        rows=None if question.rows is None else question.rows[rows],
        outputs={name: values[rows] for name, values in question.outputs.items()},
    )


def _categories(column: pd.Series[Any]) -> pd.Series[Any]:
    import pandas as pd

    if isinstance(column.dtype, pd.CategoricalDtype):
        # An order among categories says nothing of a missing one.
        column = column.astype(object)
    numeric = pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)
    return column if numeric else column.astype(object).where(column.notna(), MISSING)
