"""Rows that belong together by their labels."""

from __future__ import annotations

from typing import Any


def match_labels(y: Any, X: Any, name: str) -> Any:
    """Return `y` in the order of the rows of `X`.

    Two pandas objects are matched by their labels, as pandas does everywhere; anything else by position.

    Raises
    ------
    ValueError
        If the labels are different ones, or cannot be told apart.
    """
    labels: Any = getattr(y, "index", None)
    wanted: Any = getattr(X, "index", None)
    if not hasattr(labels, "equals") or not hasattr(wanted, "equals") or len(y) != len(X) or labels.equals(wanted):
        return y
    if labels.is_unique and wanted.is_unique and labels.isin(wanted).all():
        return y.loc[wanted]
    raise ValueError(
        f"{name}: the labels of this {type(y).__name__} are not those of X, so its rows cannot be matched. "
        "Give it the index of X, or pass its .to_numpy() if the rows are in the same order."
    )
