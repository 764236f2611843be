"""How far a study is: what a progress callable receives, and the live line on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

_EVERY = 0.1


@dataclass(frozen=True)
class Progress:
    """How far a study is.

    Attributes
    ----------
    planned : int
        All runs of the study.
    done : int
        Runs that are finished, whether they succeeded or failed, those of earlier calls included.
    failed : int
        Finished runs that failed.
    seconds : float
        Wall time of this call.
    rate : float
        Runs a second that this call finished; 0 before the first.
    first_failure : str, default ""
        What went wrong in the first run of this call that failed, to be seen before many more are made.
    """

    planned: int
    done: int
    failed: int
    seconds: float
    rate: float
    first_failure: str = ""

    @property
    def left(self) -> float:
        """Estimated seconds until the end; infinite before the first run has finished."""
        return (self.planned - self.done) / self.rate if self.rate else float("inf")

    def __str__(self) -> str:
        ahead = f", {_duration(self.left)} left" if self.rate and self.done < self.planned else ""
        failed = f", {self.failed} failed" if self.failed else ""
        return f"{self.done} of {self.planned} runs{failed}, {self.rate:.3g} runs/s{ahead}"


class Reporter:
    """Counts runs and tells a callable, at most ten times a second and once at the end.

    Parameters
    ----------
    progress : callable, optional
        Receives a `Progress`. By default a line on standard error that renews itself, if that is a terminal,
        and otherwise nothing.
    planned, done, failed : int
        Where the study stands at the start.
    """

    def __init__(self, progress: Callable[[Progress], None] | None, planned: int, done: int, failed: int) -> None:
        if progress is not None and not callable(progress):
            raise TypeError(f"progress: expected a callable that takes a Progress, or None; got {progress!r}.")
        self._line: Any = None
        self._tell = progress
        if progress is None and planned > done and sys.stderr is not None and sys.stderr.isatty():
            self._line = _live_line()
            self._tell = lambda state: self._line.update(str(state))
        self._planned, self._done, self._failed = planned, done, failed
        self._before = done
        self._first_failure = ""
        self._start = time.monotonic()
        self._next = self._start

    def count(self, failure: Callable[[], str] | None = None) -> None:
        """Take note of a finished run, and of how it failed if it did; the first failure is told at once."""
        self._done += 1
        self._failed += failure is not None
        news = failure is not None and not self._first_failure
        if failure is not None and news:
            self._first_failure = failure()
            if self._line is not None:
                said = f"The first run that failed: {self._first_failure}"
                self._line.console.print(said, markup=False, highlight=False)
        if self._tell is not None and (news or time.monotonic() >= self._next):
            self._next = time.monotonic() + _EVERY
            self._tell(self._state())

    def close(self) -> None:
        """Tell the last state."""
        try:
            if self._tell is not None:
                self._tell(self._state())
        finally:
            if self._line is not None:
                self._line.stop()

    def _state(self) -> Progress:
        seconds = time.monotonic() - self._start
        rate = (self._done - self._before) / seconds if seconds > 0 else 0.0
        return Progress(self._planned, self._done, self._failed, seconds, rate, self._first_failure)


def _live_line() -> Any:
    from rich.console import Console
    from rich.live import Live

    line = Live(console=Console(stderr=True), refresh_per_second=10, transient=False)
    line.start()
    return line


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"
