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
    part : str
        What one cross-validation is for, such as "output".

    Examples
    --------
    >>> line = LiveLine("Fitting emulators", "output", clock=iter([0.0, 2.0, 6.0, 6.0]).__next__)
    >>> line.hear(0, 10)
    >>> line.hear(2, 10)
    >>> str(line)
    'Fitting emulators: output 1, 2 of 10 folds, 6 s, about 16 s left for it'
    """

    def __init__(self, stage: str, part: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.stage, self.part = stage, part
        self._clock = clock
        self._start = self._begun = self._now()
        self._parts = self._done = self._all = 0
        self._left = 0.0

    def hear(self, done: int, of: int) -> None:
        """Take note of how many folds of a cross-validation are done."""
        now = self._now()
        if done == 0:
            self._parts += 1
            self._begun = now
        self._done, self._all = done, of
        self._left = (now - self._begun) / done * (of - done) if done else 0.0

    def __str__(self) -> str:
        seconds = f"{self._now() - self._start:.0f} s"
        if not self._all:
            return f"{self.stage}: {seconds}"
        left = f", about {self._left:.0f} s left for it" if self._left >= 1.0 else ""
        return f"{self.stage}: {self.part} {self._parts}, {self._done} of {self._all} folds, {seconds}{left}"

    def __rich__(self) -> str:
        return str(self)

    def _now(self) -> float:
        return self._clock()


@contextmanager
def live_line(stage: str, part: str) -> Iterator[None]:
    """Show how far a stage is while the block runs, on standard error if that is a terminal."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.live import Live

    line = LiveLine(stage, part)
    with Live(line, console=Console(stderr=True, highlight=False), refresh_per_second=4), listening(line.hear):
        yield
