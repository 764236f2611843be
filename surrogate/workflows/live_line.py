"""A line on the terminal that says how far fitting or searching is; nothing where nobody watches."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from surrogate.validation.fold_progress import listening


class LiveLine:
    """What a live line says.

    Parameters
    ----------
    stage : str
        What is being done, such as "Fitting emulators".
    clock : callable, optional
        Says the time in seconds.

    Examples
    --------
    >>> line = LiveLine("Fitting emulators", clock=iter([0.0, 2.0, 6.0, 7.0]).__next__)
    >>> line.hear(0, 10)
    >>> line.hear(2, 10)
    >>> str(line)
    'Fitting emulators: cross-validation 1, 2 of 10 folds, 7 s, about 15 s left for it'
    """

    def __init__(self, stage: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.stage = stage
        self._clock = clock
        self._start = self._begun = self._now()
        self._parts = self._done = self._all = 0
        self._end = 0.0

    def hear(self, done: int, of: int) -> None:
        """Take note of how many folds of a cross-validation are done."""
        now = self._now()
        if done == 0:
            self._parts += 1
            self._begun = now
        self._done, self._all = done, of
        self._end = now + (now - self._begun) / done * (of - done) if done else 0.0

    def __str__(self) -> str:
        now = self._now()
        if not self._all:
            return f"{self.stage}: {now - self._start:.0f} s"
        left = f", about {self._end - now:.0f} s left for it" if self._end - now >= 1.0 else ""
        folds = f"cross-validation {self._parts}, {self._done} of {self._all} folds"
        return f"{self.stage}: {folds}, {now - self._start:.0f} s{left}"

    def __rich__(self) -> str:
        return str(self)

    def _now(self) -> float:
        return self._clock()


@contextmanager
def live_line(stage: str) -> Iterator[None]:
    """Show how far a stage is while the block runs, on standard error if that is a terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.live import Live

    line = LiveLine(stage)
    with Live(line, console=Console(stderr=True, highlight=False), refresh_per_second=4), listening(line.hear):
        yield
