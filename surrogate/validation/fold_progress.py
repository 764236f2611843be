"""Tell whoever listens how far a cross-validation is; nobody by default, which costs nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeVar

_Split = TypeVar("_Split")
_LISTENER: ContextVar[Callable[[int, int], None] | None] = ContextVar("fold_progress", default=None)


def told(splits: Sequence[_Split]) -> Iterator[_Split]:
    """Yield the splits of a cross-validation, and tell how many of how many are done.

    Examples
    --------
    >>> heard = []
    >>> with listening(lambda done, of: heard.append((done, of))):
    ...     _ = list(told(["first", "second"]))
    >>> heard
    [(0, 2), (1, 2), (2, 2)]
    """
    listener = _LISTENER.get()
    if listener is None:
        yield from splits
        return
    # A cross-validation inside a fold is part of this fold's work.
    _LISTENER.set(None)
    try:
        for done, split in enumerate(splits):
            listener(done, len(splits))
            yield split
        listener(len(splits), len(splits))
    finally:
        _LISTENER.set(listener)


@contextmanager
def listening(listener: Callable[[int, int], None]) -> Iterator[None]:
    """Tell a callable of every cross-validation inside the block: splits done, and all splits."""
    before = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(before)
