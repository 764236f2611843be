"""What a run printed last stands in the message of its failure, wherever it ran."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time

import cloudpickle
import numpy as np
import pytest

from surrogate.simulation import Chunk, Status, as_simulator, run

# Other processes do not find the modules of tests.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

FAILURES = {
    0.0: (Status.OK, ""),
    1.0: (Status.SIGNAL, "the process of the simulator was killed by SIGSEGV\nrun 1\nout of licences"),
    2.0: (Status.EXIT_CODE, "the simulator ended its process with exit code 7\nrun 2\nout of licences"),
    3.0: (Status.EXCEPTION, "in model)\nrun 3\nout of licences"),
    4.0: (Status.TIMEOUT, "killed after 1 s\nrun 4\nout of licences"),
    5.0: (Status.OK, ""),
}


def model(x):
    print("run", int(x))
    os.write(2, b"out of licences\n")
    if x == 1.0:
        os.kill(os.getpid(), signal.SIGSEGV)
    if x == 2.0:
        os._exit(7)
    if x == 3.0:
        return 1 / 0
    if x == 4.0:
        time.sleep(30)
    return x


def outcomes_of(function, values, **running):
    chunk = Chunk(np.arange(len(values)), {"x": np.array(values, dtype=float)}, {})
    found = dict(run(as_simulator(function, {"x": (0, 9)}), [chunk], **running))
    return [found[row] for row in range(len(values))]


@pytest.mark.parametrize("executor", [None, "processes"])
def test_a_run_that_crashes_exits_raises_or_hangs_says_what_it_printed_last(executor):
    found = outcomes_of(model, list(FAILURES), executor=executor, timeout=1)
    for outcome, (status, end) in zip(found, FAILURES.values(), strict=True):
        assert outcome.status is status
        assert outcome.message.endswith(end)
        assert "run 0" not in outcome.message  # of another run


def test_what_runs_print_is_shown_as_before(capfd):
    outcomes_of(model, [0, 3, 5], isolation="process")
    shown = capfd.readouterr().err
    assert [line for line in shown.splitlines() if "run" in line] == ["run 0", "run 3", "run 5"]


def test_a_crash_in_c_is_heard_of_too():
    def chatty(x):
        libc = ctypes.CDLL(None)
        libc.puts(b"Fortran runtime error: end of file")
        libc.fflush(None)
        libc.abort()

    (found,) = outcomes_of(chatty, [0], isolation="process")
    assert found.status is Status.SIGNAL
    assert found.message.endswith("SIGABRT\nFortran runtime error: end of file")


def test_the_last_lines_are_there_even_if_the_watcher_is_killed():
    def unwatched(x):
        print("last words", flush=True)
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(30)

    (found,) = outcomes_of(unwatched, [0], isolation="process")
    assert found.status is Status.SIGNAL
    assert found.message.endswith("last words")


def test_endless_printing_fills_no_disk(capfd):
    def noisy(x):
        for _ in range(3):
            os.write(1, b"line\n" * (4 << 20))  # 20 MiB, shown and then removed
            time.sleep(1.0)
        return os.fstat(1).st_size

    (found,) = outcomes_of(noisy, [0], isolation="process")
    assert found.outputs["y"] < 20 << 20
    capfd.readouterr()
