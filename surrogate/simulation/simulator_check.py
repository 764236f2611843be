"""Does a simulator keep its contract? `check_simulator` tries, as scikit-learn's `check_estimator` does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from surrogate.simulation.outcome import Outcome, Status
from surrogate.simulation.outputs import OutputForm
from surrogate.simulation.simulator import as_simulator
from surrogate.simulation.trial import FATAL, Trial

# Whether a check passed (None if it does not apply), and what was seen.
Found = tuple[bool | None, str]


@dataclass(frozen=True)
class Check:
    """One property of a simulator: whether it holds (None if it does not apply), and what was seen."""

    name: str
    passed: bool | None
    message: str


@dataclass(frozen=True)
class SimulatorReport:
    """What `check_simulator` found.

    Attributes
    ----------
    simulator : str
        Its name.
    checks : tuple of Check
        Each with ``name``, ``passed`` (None where it does not apply) and ``message``.
    """

    simulator: str
    checks: tuple[Check, ...]

    @property
    def failed(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.passed is False)

    def __str__(self) -> str:
        words = {True: "passed", False: "FAILED", None: "-"}
        width = max(len(check.name) for check in self.checks)
        lines = [f"  {check.name:{width}}  {words[check.passed]:6}  {check.message}".rstrip() for check in self.checks]
        return "\n".join([f"{self.simulator}:", *lines])


class SimulatorCheckFailed(AssertionError):
    """A simulator does not keep its contract; the message says how, and ``report`` holds all checks."""

    def __init__(self, report: SimulatorReport) -> None:
        super().__init__(f"{len(report.failed)} of {len(report.checks)} checks failed. {report}")
        self.report = report


def check_simulator(
    simulator: Any,
    bounds: Any = None,
    *,
    n: int = 10,
    timeout: float = 60.0,
    seed: int = 0,
    skip: Sequence[str] = (),
) -> SimulatorReport:
    """Check that a simulator can be trusted with a study: that its answers depend on its inputs and on nothing else.

    About ``3 n + d`` runs are made. The first ones happen in a child process, so that a run that crashes or hangs is
    found out and does no harm. What is checked:

    travels
        It can be sent to another process.
    survives
        No run ends its process.
    time limit
        Every run ends within `timeout`; what does not can be killed.
    answers
        Some runs succeed. Runs may fail.
    outputs
        Answers are numbers, with the same names and shapes in every run, and as declared.
    repeatable
        The same inputs (and seed) give the same bits in another process; what failed fails again.
    no memory
        The same inputs give the same bits in another order: no run knows the runs before it.
    inputs used
        A change of any one input changes an output.
    seeds
        Another seed gives another answer, if the simulator takes one.
    own randomness
        The global random generators of Python and NumPy are left alone.
    vectorized
        Many runs at once answer as one by one, to a relative 1e-12, if the simulator is vectorized.
    leaves nothing
        Runs leave no open file and no process behind.

    Parameters
    ----------
    simulator : callable, or an object with ``predict``
        Whatever `collect` takes.
    bounds : bounds, optional
        What may vary, in any form; by default the simulator's own ``space``.
    n : int, default 10
        Points of the space to try: enough to meet what happens in one run of five.
    timeout : float, default 60.0
        Seconds that a run may take.
    seed : int, default 0
        Of the points and their order.
    skip : sequence of str, default ()
        Checks that this simulator is known not to pass, by name.

    Returns
    -------
    SimulatorReport
        A table of all checks; print it.

    Raises
    ------
    SimulatorCheckFailed
        If a check failed. The message is the table, and the error has it as ``report``.
    TypeError, ValueError
        If `simulator` or `bounds` cannot be read, or `skip` names no check.

    Examples
    --------
    >>> report = check_simulator(lambda a, b: a + b**2, {"a": (0, 1), "b": (0, 1)}, n=4)
    >>> [check.name for check in report.checks if check.passed is None]
    ['seeds', 'vectorized']
    >>> check_simulator(lambda a, b: a, {"a": (0, 1), "b": (0, 1)}, n=4)
    Traceback (most recent call last):
        ...
    surrogate.simulation.simulator_check.SimulatorCheckFailed: 1 of 12 checks failed. <lambda>:
    ...
      inputs used     FAILED  a change of b changes no output
    ...
    """
    for name in skip:
        if name not in _CHECKS:
            raise ValueError(f"skip: there is no check {name!r}; there are {', '.join(_CHECKS)}.")
    if n < 2:
        raise ValueError(f"n: expected at least 2 points, got {n!r}.")
    wrapped = as_simulator(simulator, bounds)
    trial = Trial(wrapped, n, timeout, seed)
    found = {name: (None, "skipped") if name in skip else check(trial) for name, check in _CHECKS.items()}
    report = SimulatorReport(wrapped.name, tuple(Check(name, *result) for name, result in found.items()))
    if report.failed:
        raise SimulatorCheckFailed(report)
    return report


def _travels(trial: Trial) -> Found:
    return not trial.obstacle, trial.obstacle


def _survives(trial: Trial) -> Found:
    ended = [row for row, outcome in enumerate(trial.first) if outcome.status in FATAL and not _late(outcome)]
    if ended:
        return False, f"{trial.first[ended[0]].message}, at {trial.at(ended[0])}"
    return True, ""


def _time_limit(trial: Trial) -> Found:
    late = [row for row, outcome in enumerate(trial.first) if _late(outcome)]
    if late:
        message = trial.first[late[0]].message
        return False, f"{len(late)} of {len(trial.first)} runs did not end: {message}, at {trial.at(late[0])}"
    return True, f"the slowest run took {max(outcome.seconds for outcome in trial.first):.2g} s"


def _answers(trial: Trial) -> Found:
    statuses = Counter(outcome.status for outcome in trial.first)
    message = f"{statuses[Status.OK]} of {len(trial.first)} runs succeeded"
    failed = next((outcome for outcome in trial.first if outcome.status is not Status.OK), None)
    if failed is not None:
        message += f"; {failed.status}: {_line(failed.message)}"
    return statuses[Status.OK] > 0, message


def _outputs(trial: Trial) -> Found:
    form = OutputForm()
    for row, outcome in enumerate(trial.first):
        checked = form.check(outcome)
        if checked.status is Status.BAD_OUTPUT:
            return False, f"{_line(checked.message)}, at {trial.at(row)}"
    return True, ", ".join(form.shapes or ())


def _repeatable(trial: Trial) -> Found:
    if trial.obstacle:
        return None, "cannot be tried in another process"
    why = "random numbers without a `seed`, or something outside the inputs"
    return _same(trial, {row: trial.first[row] for row in trial.rows}, trial.again, why)


def _no_memory(trial: Trial) -> Found:
    return _same(trial, trial.again, trial.shuffled, "the answer depends on the runs before")


def _same(trial: Trial, one: Mapping[int, Outcome], other: Mapping[int, Outcome], why: str) -> Found:
    if not trial.rows:
        return None, "no run that can be repeated"
    for row, outcome in one.items():
        difference = trial.difference(outcome, other[row])
        if difference:
            return False, f"{difference}, at {trial.at(row)}: {why}"
    return True, ""


def _inputs_used(trial: Trial) -> Found:
    unused = []
    changed = iter(trial.first[trial.n :])
    for name, tries in trial.changes.items():
        if not tries or trial.difference(trial.first[tries[0][0]], next(changed)):
            continue
        # It may matter elsewhere: only the points that harm nobody are tried here.
        rest = [(row, point) for row, point in tries[1:] if row in trial.rows]
        if not any(trial.difference(trial.again[row], trial.run_here(point)[0]) for row, point in rest):
            unused.append(name)
    return not unused, f"a change of {', '.join(unused)} changes no output" if unused else ""


def _seeds(trial: Trial) -> Found:
    if not trial.simulator.takes_seed:
        return None, "takes no seed"
    other = trial.run_here(trial.points.iloc[trial.rows], seeds=1)
    if any(trial.difference(trial.again[row], outcome) for row, outcome in zip(trial.rows, other, strict=True)):
        return True, ""
    return False, "another seed gives the same answers"


def _own_randomness(trial: Trial) -> Found:
    if trial.drew:
        return False, "draws from a global random generator, which other code shares; take a `seed` instead"
    return True, ""


def _vectorized(trial: Trial) -> Found:
    if not trial.simulator.vectorized:
        return None, "answers one run a call"
    alone = trial.run_here(trial.points.iloc[trial.rows], together=False)
    return _same(trial, trial.again, dict(zip(trial.rows, alone, strict=True)), "together and one by one")


def _leaves_nothing(trial: Trial) -> Found:
    if trial.left["processes"] > 0:
        return False, f"{trial.left['processes']} processes are left behind"
    # One a run is a leak; one in all may be a library's that is opened once.
    if trial.rows and trial.left["open files"] >= len(trial.rows):
        return False, f"{trial.left['open files']} files are left open by {len(trial.rows)} runs"
    return True, ""


def _late(outcome: Outcome) -> bool:
    return outcome.status is Status.TIMEOUT


def _line(message: str) -> str:
    return message.partition("\n")[0][:200]


_CHECKS: dict[str, Callable[[Trial], Found]] = {
    "travels": _travels,
    "survives": _survives,
    "time limit": _time_limit,
    "answers": _answers,
    "outputs": _outputs,
    "repeatable": _repeatable,
    "no memory": _no_memory,
    "inputs used": _inputs_used,
    "seeds": _seeds,
    "own randomness": _own_randomness,
    "vectorized": _vectorized,
    "leaves nothing": _leaves_nothing,
}
