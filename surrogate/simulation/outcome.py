"""What became of one run: its status, its outputs, or why it has none."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Outputs = dict[str, float | NDArray[np.float64]]


class Status(StrEnum):
    """What became of a run. Only ``OK`` runs have outputs; a failure is never a number.

    Examples
    --------
    >>> Status("timeout") is Status.TIMEOUT, Status.TIMEOUT == "timeout"
    (True, True)
    """

    OK = "ok"
    PENDING = "pending"
    EXCEPTION = "exception"
    BAD_OUTPUT = "bad output"
    NOT_FINITE = "not finite"
    TIMEOUT = "timeout"
    EXIT_CODE = "exit code"
    SIGNAL = "signal"
    MEMORY = "memory"
    WORKER_LOST = "worker lost"
    OUT_OF_BOUNDS = "out of bounds"
    CANCELLED = "cancelled"

    @property
    def repeatable(self) -> bool:
        """Whether the machinery failed and not the run, so that it is worth running again."""
        return self in (Status.PENDING, Status.WORKER_LOST, Status.CANCELLED)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one run.

    Parameters
    ----------
    status : Status
    outputs : dict of str to float or ndarray
        The answers by name; an array is a field. Empty unless `status` is ``OK``.
    message : str, default ""
        Why the run failed.
    seconds : float, default 0.0
        Wall time of the run; in a vectorised simulator its share of the call.
    attempts : int, default 1
        How often the run was started; above 1 only after a lost worker.
    host : str, default ""
        Name of the computer that ran it.

    Examples
    --------
    >>> Outcome(Status.OK, {"y": 1.5}).outputs["y"]
    1.5
    """

    status: Status
    outputs: Outputs = field(default_factory=dict)
    message: str = ""
    seconds: float = 0.0
    attempts: int = 1
    host: str = ""


class SimulationFailed(Exception):
    """Raised by a simulator to record its run as failed.

    Parameters
    ----------
    reason : str, default ""
        Why: the message of the run's outcome.
    status : Status, default Status.EXCEPTION
        What the run is recorded as. An adapter that watches over a program says here how it ended.

    Raises
    ------
    ValueError
        If `status` is no failure of the run itself: ``OK``, or one that the machinery gives
        (``PENDING``, ``WORKER_LOST``, ``CANCELLED``).

    Examples
    --------
    >>> def simulator(x):
    ...     if x < 0:
    ...         raise SimulationFailed("no steady state")
    ...     return x**0.5
    >>> SimulationFailed("killed after 60 s", Status.TIMEOUT).status
    <Status.TIMEOUT: 'timeout'>
    """

    status = Status.EXCEPTION

    def __init__(self, reason: object = "", status: Status = Status.EXCEPTION) -> None:
        super().__init__(reason)
        self.status = Status(status)
        if self.status is Status.OK or self.status.repeatable:
            raise ValueError(f"status: expected a failure of the run, such as Status.TIMEOUT; got {self.status!r}.")
