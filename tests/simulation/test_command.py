"""An external program: what goes in is exact, what comes out is checked, and nothing outlives its run."""

from __future__ import annotations

import os
import pickle
import re
import signal
import subprocess
import sys
import tempfile
import time
import uuid

import cloudpickle
import numpy as np
import psutil
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from surrogate.simulation import Chunk, Command, SimulationFailed, Status, as_simulator, run
from surrogate.simulation import program as program_module
from surrogate.simulation.template import Template, render

PRINTED = {"y": {"file": "stdout", "column": 1}}
WRITTEN = {"y": {"file": "out.txt", "column": 1}}
# A Python without packages starts quickly, and stands for programs in any language.
PYTHON = [sys.executable, "-I", "-S"]


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path, monkeypatch):
    """Runs make their directories where the test sees them."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))  # for child processes
    yield
    assert list(folder.glob("surrogate-*")) == [], "a run left its directory"


def script(text, outputs=WRITTEN, **options):
    return Command({"program.py": text}, [*PYTHON, "program.py"], outputs, **options)


def failure(command, **values):
    with pytest.raises(SimulationFailed) as caught:
        command(**values)
    return caught.value


def outcomes_of(command, bounds, n=4, **running):
    columns = {name: np.linspace(low, high, n) for name, (low, high) in bounds.items()}
    found = dict(run(as_simulator(command, bounds), [Chunk(np.arange(n), columns, {})], **running))
    return [found[row] for row in range(n)]


def alive_with(mark):
    """Processes that carry the mark in their environment."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("TEST_MARK") == mark and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
        except psutil.Error:
            pass
    return found


def gone(mark, seconds=10.0):
    """Whether all processes of the mark end in time."""
    deadline = time.monotonic() + seconds
    while alive_with(mark) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not alive_with(mark)


# What goes in


def rendered(tmp_path, text, **values):
    folder = tmp_path / uuid.uuid4().hex
    folder.mkdir()
    Template({"deck.jinja": text.encode()}).write(folder, values)
    return (folder / "deck").read_bytes().decode()


@given(value=st.floats(allow_nan=False, allow_infinity=False))
@example(-0.0)
@example(1e-320)
@example(0.1 + 0.2)
@example(12345678901234567.0)
@settings(deadline=None)
def test_a_number_comes_through_with_all_its_bits(value):
    for given_value in (value, np.float64(value)):
        written = render("{{ x }}", {"x": given_value}, "deck")
        assert np.float64(float(written)).tobytes() == np.float64(value).tobytes()


def test_integers_texts_and_own_formats_are_written_as_meant(tmp_path):
    text = "{{ n }} {{ fuel }} {{ '%8.3f' % x }} {{ 2 * x }}"
    assert rendered(tmp_path, text, n=3, fuel="gas", x=0.1) == "3 gas    0.100 0.2"


def test_nothing_is_escaped_and_line_ends_stay(tmp_path):
    assert rendered(tmp_path, "a < b & \"c\" > 'd' {x} {{ name }}\r\n\r\n", name="<&>\"'") == (
        "a < b & \"c\" > 'd' {x} <&>\"'\r\n\r\n"
    )


def test_files_without_the_ending_are_copied_byte_for_byte(tmp_path):
    deck = tmp_path / "deck"
    (deck / "mesh").mkdir(parents=True)
    (deck / "empty").mkdir()
    content = bytes(range(256)) + b"{{ not a variable }} {% nor this"
    (deck / "mesh" / "wing.bin").write_bytes(content)
    (deck / "run.sh").write_text("#!/bin/sh\ncat mesh/wing.bin > copy; test -d empty && echo 1.5 > out.txt\n")
    (deck / "run.sh").chmod(0o755)
    outputs = {**WRITTEN, "size": ("copy", lambda path: float(path.read_bytes() == content))}
    assert Command(deck, ["./run.sh"], outputs)() == {"y": 1.5, "size": 1.0}


def test_arguments_are_templates_and_no_shell_reads_them():
    command = Command({}, ["printf", "%s", "{{ x }}"], {"y": {"file": "stdout", "regex": "^(.*)$"}}, unused=["z"])
    assert command(x=0.1) == {"y": 0.1}
    with pytest.raises(TypeError, match="got 'xfoil < in'. No shell reads it"):
        Command({}, "xfoil < in", PRINTED)
    nasty = failure(command, x="$(touch /tmp/owned); `id` | cat")
    assert "'$(touch /tmp/owned); `id` | cat' is no number" in str(nasty)


def test_names_that_do_not_match_are_refused_before_any_run():
    command = Command({"in.jinja": "{{ span }} {{ chord }}"}, ["does-not-exist"], PRINTED)
    with pytest.raises(ValueError, match="the simulator needs 'chord', which has no bounds"):
        as_simulator(command, {"span": (0, 1)})
    with pytest.raises(ValueError, match=r"bounds\['cord'\]: .* no argument of this name.* Is 'chord' meant"):
        as_simulator(command, {"span": (0, 1), "cord": (0, 1)})
    with pytest.raises(ValueError, match=r"bounds\['sweep'\]: .* it takes chord, span"):
        as_simulator(command, {"span": (0, 1), "chord": (0, 1), "sweep": (0, 1)})
    stated = Command({"in.jinja": "{{ span }}"}, ["cat", "in"], PRINTED, unused=["sweep"])
    assert as_simulator(stated, {"span": (0, 1), "sweep": (0, 1)}).call({"span": 2.0, "sweep": 1.0}, {}, None) == {
        "y": 2
    }
    with pytest.raises(TypeError, match="needs a value for chord"):
        command(span=1.0)
    with pytest.raises(TypeError, match="no template uses sweep"):
        command(span=1.0, chord=1.0, sweep=1.0)


def test_a_template_that_cannot_be_read_is_refused_at_once(tmp_path):
    with pytest.raises(ValueError, match=r"'a.jinja', line 2: .*\{% raw %\}"):
        Command({"a.jinja": "fine\n{{ x "}, ["cat"], PRINTED)
    with pytest.raises(ValueError, match="there is no directory"):
        Command(tmp_path / "missing", ["cat"], PRINTED)
    with pytest.raises(ValueError, match=r"'a.jinja' would be written over 'a'"):
        Command({"a.jinja": "", "a": ""}, ["cat"], PRINTED)
    with pytest.raises(ValueError, match="inside the folder of the run"):
        Command({"../a": ""}, ["cat"], PRINTED)
    with pytest.raises(ValueError, match="inside the folder of the run"):
        Command({"a": ""}, ["cat"], {"y": {"file": "/etc/passwd", "column": 1}})
    with pytest.raises(ValueError, match=r"stdin: there is no file 'in' in the template; there are \['a'\]"):
        Command({"a": ""}, ["cat"], PRINTED, stdin="in")
    (tmp_path / "latin.jinja").write_bytes(b"\xe9")
    with pytest.raises(ValueError, match="not UTF-8 text"):
        Command(tmp_path, ["cat"], PRINTED)


def test_a_template_reaches_nothing_but_its_values():
    command = Command({"a.jinja": "{{ x.__class__.__mro__ }}"}, ["cat", "a"], PRINTED)
    assert "SecurityError" in str(failure(command, x=1.0))


def test_a_misspelt_attribute_is_an_error_and_not_an_empty_text():
    assert "UndefinedError" in str(failure(Command({"a.jinja": "1{{ x.lenght }}"}, ["cat", "a"], PRINTED), x=1.0))


def test_a_seed_in_the_template_is_the_seed_of_the_run():
    simulator = as_simulator(Command({"a.jinja": "{{ seed }} {{ x }}"}, ["cat", "a"], PRINTED), {"x": (0, 1)})
    assert simulator.takes_seed
    assert simulator.call({"x": 0.5}, {}, 2**62 + 1) == {"y": float(2**62 + 1)}


def test_the_program_sees_one_thread_and_points_and_its_own_folder(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "64")
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    text = """
import os, sys, tempfile
assert os.environ["OMP_NUM_THREADS"] == os.environ["OPENBLAS_NUM_THREADS"] == os.environ["MKL_NUM_THREADS"] == "1"
assert os.environ["LC_ALL"] == "C" and os.environ["LICENCE"] == "there"
assert os.listdir() == ["program.py"], os.listdir()
assert os.path.dirname(tempfile.mkdtemp()) == os.path.join(os.path.dirname(os.getcwd()), "tmp")
assert sys.stdin.read() == ""
open("out.txt", "w").write("1")
"""
    assert script(text, environment={"LICENCE": "there"})() == {"y": 1.0}


def test_a_file_of_the_template_is_the_input_of_the_program():
    assert Command({"in.jinja": "7 {{ x }}\n"}, ["cat"], {"y": {"file": "stdout", "column": 2}}, stdin="in")(x=2.5) == {
        "y": 2.5
    }


# How it ends


def test_an_exit_code_is_a_failure_with_the_end_of_the_log():
    error = failure(script("import sys; print('step 1'); sys.exit('no \\x1b[31mconvergence')"))
    assert error.status is Status.EXIT_CODE
    assert "ended with exit code 1" in str(error)
    assert str(error).endswith("step 1\nno [31mconvergence")
    assert script("open('out.txt', 'w').write('2'); raise SystemExit(3)", exit_codes=[0, 3])() == {"y": 2.0}


def test_a_crash_is_a_signal_by_name():
    error = failure(script("import os; open('out.txt', 'w').write('2'); os.abort()"))
    assert error.status is Status.SIGNAL
    assert "was killed by SIGABRT" in str(error)


def test_a_program_that_is_not_there_is_named():
    error = failure(Command({}, ["no-such-solver"], PRINTED))
    assert error.status is Status.EXCEPTION
    assert "no-such-solver could not be started" in str(error)
    assert "Install it on every worker" in str(error)


TREE = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
def family(depth):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0 and depth:
            family(depth - 1)
        time.sleep(300)
family(2)
subprocess.Popen(["nohup", "sleep", "300"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
open("out.txt", "w").write("1")
"""


@pytest.mark.parametrize("ending", ["time.sleep(300)", "while True: pass"])
def test_the_time_limit_ends_grandchildren_that_ignore_signals_and_leave_the_session(ending):
    mark = uuid.uuid4().hex
    start = time.monotonic()
    error = failure(script(TREE + ending, timeout=1.0, environment={"TEST_MARK": mark}))
    assert error.status is Status.TIMEOUT
    assert "was killed after 1 s" in str(error)
    assert time.monotonic() - start < 6.0
    assert alive_with(mark) == []


def test_what_still_runs_when_the_program_ends_is_killed_too():
    mark = uuid.uuid4().hex
    assert script(TREE + "time.sleep(0.2)", environment={"TEST_MARK": mark})() == {"y": 1.0}
    assert alive_with(mark) == []


def test_a_memory_limit_counts_the_whole_tree():
    mark = uuid.uuid4().hex
    text = "import os, time; os.fork(); x = bytearray(60 << 20); time.sleep(300)"
    error = failure(script(text, memory=100e6, timeout=20.0, environment={"TEST_MARK": mark}))
    assert error.status is Status.MEMORY
    assert "its limit is 100 MB" in str(error)
    assert alive_with(mark) == []


WORKER = """
import sys
from surrogate.simulation import Command
Command({"program.py": %r}, %r, {"y": {"file": "out.txt", "column": 1}}, environment={"TEST_MARK": sys.argv[1]})()
"""


@pytest.mark.parametrize("victim", ["worker", "supervisor"])
def test_nothing_survives_the_death_of_the_worker_or_the_supervisor(victim, tmp_path):
    mark = uuid.uuid4().hex
    code = WORKER % (TREE + "time.sleep(300)", [*PYTHON, "program.py"])
    environment = {**os.environ, "TMPDIR": str(tmp_path / "temporary")}
    worker = subprocess.Popen([sys.executable, "-c", code, mark], env=environment, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 20
    while len(alive_with(mark)) < 6 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(alive_with(mark)) >= 6
    target = psutil.Process(worker.pid)
    if victim == "supervisor":
        target = next(child for child in target.children() if any("supervisor.py" in part for part in child.cmdline()))
    target.send_signal(signal.SIGKILL)
    worker.wait(20)
    assert gone(mark)
    deadline = time.monotonic() + 10
    while list((tmp_path / "temporary").iterdir()) and time.monotonic() < deadline:
        time.sleep(0.02)


@pytest.mark.parametrize("executor", [None, "processes"])
def test_a_run_that_the_study_ends_takes_its_program_and_its_directory_along(executor, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    mark = uuid.uuid4().hex
    command = script(TREE + "time.sleep(300)", environment={"TEST_MARK": mark}, unused=["x"])
    (outcome,) = outcomes_of(command, {"x": (0, 1)}, n=1, timeout=1.5, executor=executor)
    assert outcome.status is Status.TIMEOUT
    assert gone(mark)
    # The supervisor has the time to remove the directory.
    assert not list(tmp_path.glob("surrogate-run-*"))


def test_directories_that_killed_runs_left_are_removed_and_those_in_use_stay(tmp_path):
    import fcntl

    names = {"left": "a", "young": "b", "used": "c", "orphan": f"{2**22 + 1}-d", "at work": f"{os.getpid()}-e"}
    folders = {name: tmp_path / f"surrogate-run-{last}" for name, last in names.items()}
    for name, folder in folders.items():
        (folder / "run").mkdir(parents=True)
        age = {"young": 0, "orphan": 10, "at work": 10}.get(name, 100)
        os.utime(folder, (time.time() - age,) * 2)
    handle = os.open(folders["used"], os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_EX)
    program_module.remove_leftovers(tmp_path)
    os.close(handle)
    assert [name for name, folder in folders.items() if folder.exists()] == ["young", "used", "at work"]


def test_a_gigabyte_of_output_fills_neither_memory_nor_disk(tmp_path):
    text = """
import os
block = b"x" * (1 << 20)
for _ in range(1024):
    os.write(1, block)
os.write(1, b"the end")
open("out.txt", "w").write("1")
"""
    before = psutil.Process().memory_info().rss
    assert script(text, timeout=60)() == {"y": 1.0}
    assert psutil.Process().memory_info().rss - before < 50e6
    error = failure(
        script(text, {"y": {"file": "stdout", "regex": "(end)"}}, timeout=60, keep_failed=tmp_path / "kept")
    )
    assert error.status is Status.BAD_OUTPUT
    assert "stdout is longer than 16 MiB" in str(error)
    assert str(error).split("\nkept in")[0].endswith("the end")
    (kept,) = (tmp_path / "kept").iterdir()
    assert (kept / "stdout").stat().st_size == program_module.LOG_LIMIT


def test_a_failed_run_is_kept_where_asked(tmp_path):
    command = Command({"in.jinja": "{{ x }}"}, ["false"], PRINTED, keep_failed=tmp_path / "kept")
    error = failure(command, x=0.5)
    (kept,) = (tmp_path / "kept").iterdir()
    assert str(error).endswith(f"kept in {kept}")
    assert (kept / "run" / "in").read_text() == "0.5"


# What comes out


def test_an_output_that_was_not_written_is_never_a_value():
    error = failure(script("print('converged')"))
    assert error.status is Status.BAD_OUTPUT
    assert "output 'y': out.txt was not written\nconverged" in str(error)


@pytest.mark.parametrize("text", ["", "import os, shutil; shutil.copy2('out.txt', 'b'); os.replace('b', 'out.txt')"])
def test_an_old_file_is_never_a_value(text):
    old = Command({"out.txt": "1.5", "program.py": text}, [*PYTHON, "program.py"], WRITTEN)
    error = failure(old)
    assert error.status is Status.BAD_OUTPUT
    assert "older than the run" in str(error)


@pytest.mark.parametrize("text", ["NaN", "-inf", "1e400", "nan(ind)", "1D+999"])
def test_a_number_that_is_not_finite_is_never_a_value(text):
    error = failure(Command({}, ["echo", text], PRINTED))
    assert error.status is Status.NOT_FINITE
    assert "output 'y' is" in str(error)


def test_a_function_of_the_user_reads_fields_and_its_errors_are_named():
    text = "import struct; open('out.bin', 'wb').write(struct.pack('3d', 1, 2, 3))"
    field = script(text, {"cp": ("out.bin", np.fromfile)})()["cp"]
    assert field.tolist() == [1.0, 2.0, 3.0]
    error = failure(script(text, {"cp": ("out.bin", lambda path: {}["Cp"])}))
    assert error.status is Status.BAD_OUTPUT
    assert "output 'cp': out.bin: KeyError: 'Cp'" in str(error)
    assert failure(script(text, {"cp": ("out.bin", lambda path: "1.0")})).status is Status.BAD_OUTPUT
    assert failure(script(text, {"cp": ("out.bin", lambda path: [1.0, np.nan])})).status is Status.NOT_FINITE


# Where it runs


@pytest.mark.parametrize("running", [{}, {"executor": "processes"}, {"isolation": "process"}], ids=str)
def test_the_outcomes_are_the_same_wherever_it_runs(running):
    text = "import sys; x = float(sys.argv[1]); open('out.txt', 'w').write(repr(x / 3)); sys.exit(x > 0.9)"
    command = Command({"program.py": text}, [*PYTHON, "program.py", "{{ x }}"], WRITTEN)
    outcomes = outcomes_of(command, {"x": (0.0, 1.0)}, n=4, **running)
    assert [outcome.status for outcome in outcomes] == [Status.OK] * 3 + [Status.EXIT_CODE]
    assert [outcome.outputs["y"] for outcome in outcomes[:3]] == [x / 3 for x in np.linspace(0, 1, 4)[:3]]


def test_a_command_runs_on_a_dask_cluster(tmp_path):
    from distributed import Client

    command = Command({"in.jinja": "{{ x }}"}, ["cat", "in"], PRINTED)
    own = {"n_workers": 1, "processes": False, "dashboard_address": ":0", "local_directory": tmp_path / "dask"}
    with Client(**own) as client:
        outcomes = outcomes_of(command, {"x": (0.0, 1.0)}, n=6, executor=client)
    assert [outcome.outputs["y"] for outcome in outcomes] == np.linspace(0, 1, 6).tolist()


@pytest.mark.parametrize("pickler", [pickle, cloudpickle])
def test_a_command_travels_with_its_files(pickler, tmp_path):
    (tmp_path / "in.jinja").write_text("{{ x }}")
    command = Command(tmp_path, ["cat", "in"], PRINTED)
    (tmp_path / "in.jinja").unlink()
    travelled = pickler.loads(pickler.dumps(command))
    assert travelled(x=0.75) == {"y": 0.75}
    assert as_simulator(travelled, {"x": (0, 1)}).outputs == ("y",)


def test_a_changed_file_or_argument_is_another_simulator_and_a_limit_is_not():
    def fingerprint(text="{{ x }}", run=("cat", "a"), **options):
        return as_simulator(Command({"a.jinja": text}, run, PRINTED, **options), {"x": (0, 1)}).fingerprint

    assert fingerprint() == fingerprint() == fingerprint(timeout=3.0, memory=1e9)
    different = [fingerprint("{{ x }} "), fingerprint(run=("cat", "-u", "a")), fingerprint(environment={"A": "1"})]
    assert len({fingerprint(), *different}) == 4
    assert re.fullmatch("[0-9a-f]{64}", fingerprint())
