"""Disks that refuse, are slow, shared or torn; locks that are stale: the store stays valid and says what is wrong."""

from __future__ import annotations

import itertools
import json
import os
import platform
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from contextlib import closing, suppress
from pathlib import Path

import cloudpickle
import numpy as np
import psutil
import pytest

from surrogate.design import LatinHypercube
from surrogate.simulation import Progress
from surrogate.transfer import TransferSet, collect, filesystem, lock, verify, writer
from surrogate.transfer import arrays as arrays_module
from surrogate.transfer.driver import Driver
from surrogate.transfer.ledger import FILE_NAME

# Other processes do not find the modules of tests.
cloudpickle.register_pickle_by_value(sys.modules[__name__])

AB = {"a": (0, 1), "b": (0, 1)}


class Model:
    """Answers with fields, a large one among them."""

    def __init__(self, pause=0.0):
        self.calls = 0
        self.pause = pause

    def fingerprint(self):
        return "model"

    def __call__(self, a, b):
        self.calls += 1
        time.sleep(self.pause)
        return {"y": a + b, "grid": np.full(10_000, a)}


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("mounting a small file system needs the rights of root")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def remount(disk, options):
    subprocess.run(["mount", "-o", f"remount,{options}", str(disk)], check=True)


def test_a_full_disk_stops_the_study_with_the_cause_and_a_larger_one_lets_it_resume(small_disk):
    store, model = small_disk / "s.runs", Model(pause=0.03)
    with pytest.raises(OSError, match=r"cannot write to .*(No space left|disk is full).*same collect") as stopped:
        collect(model, AB, 40, store=store)
    assert isinstance(stopped.value.runs, TransferSet)
    kept = TransferSet.open(store)
    assert 0 < len(kept) < 40
    assert verify(store).ok
    remount(small_disk, "size=16m")
    before = model.calls
    assert len(collect(model, AB, 40, store=store)) == 40
    assert model.calls - before == 40 - len(kept)


def test_a_disk_that_becomes_read_only_stops_the_study_and_lets_it_resume(small_disk):
    remount(small_disk, "size=16m")
    store = small_disk / "s.runs"

    def refuse(*_):
        raise OSError(30, "Read-only file system")

    # A file system with open files cannot be made read-only, so the disk's answer is given in its place.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(arrays_module.Arrays, "_write_file", refuse)
        with pytest.raises(OSError, match=r"cannot write to .*Read-only file system"):
            collect(Model(), AB, 40, store=store)
    assert verify(store).ok
    remount(small_disk, "ro")
    with pytest.raises(OSError, match=r"(?i)read-?only"):
        collect(Model(), AB, 40, store=store)
    remount(small_disk, "rw")
    assert len(collect(Model(), AB, 40, store=store)) == 40


@pytest.mark.parametrize("number", [5, 13, 122], ids=["EIO", "EACCES", "EDQUOT"])
def test_errors_of_the_disk_stop_the_study_with_their_cause(tmp_path, monkeypatch, number):
    original, written = arrays_module.Arrays._write_file, []

    def failing(self, digest, content):
        written.append(digest)
        if len(written) > 10:
            raise OSError(number, os.strerror(number))
        original(self, digest, content)

    store = tmp_path / "s.runs"
    monkeypatch.setattr(arrays_module.Arrays, "_write_file", failing)
    with pytest.raises(OSError, match=os.strerror(number)):
        collect(Model(pause=0.005), AB, 40, store=store)
    assert verify(store).ok
    monkeypatch.undo()
    assert len(collect(Model(), AB, 40, store=store)) == 40
    assert verify(store).ok


def test_a_slow_disk_is_waited_for_in_groups(tmp_path, monkeypatch):
    original, groups = writer.Writer._commit, []

    def slow(self, connection, arrays, group):
        time.sleep(0.2)  # what a flush takes on it
        groups.append(len(group))
        original(self, connection, arrays, group)

    monkeypatch.setattr(writer.Writer, "_commit", slow)
    start = time.monotonic()
    assert len(collect(lambda a, b: a, AB, 2000, store=tmp_path / "s.runs")) == 2000
    assert time.monotonic() - start < 6.0
    assert max(groups) == writer.GROUP


def copied_at_every_commit(monkeypatch, store, copies):
    """Copy the ledger and its log after each commit of the writer, as a power cut would leave them at best."""
    original = writer.Writer._commit

    def copying(self, connection, arrays, group):
        original(self, connection, arrays, group)
        copies.append(((store / FILE_NAME).read_bytes(), (store / f"{FILE_NAME}-wal").read_bytes()))

    monkeypatch.setattr(writer.Writer, "_commit", copying)


def rows_of(folder):
    ledger = sqlite3.connect(folder / FILE_NAME)
    try:
        assert ledger.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return set(ledger.execute("SELECT row, outputs, fields FROM runs").fetchall())
    finally:
        ledger.close()


def test_every_prefix_of_the_log_opens_and_holds_a_prefix_of_the_runs(tmp_path, monkeypatch):
    store, copies = tmp_path / "s.runs", []
    copied_at_every_commit(monkeypatch, store, copies)
    monkeypatch.setattr(writer, "GROUP", 4)
    collect(Model(), AB, 20, store=store)
    complete = rows_of(store)
    ledger, log = copies[-1]
    folder = tmp_path / "prefix"
    counts = []
    # Every frame of the log (a page and its header) is cut off in turn, and torn in its middle.
    frame, rng = 4096 + 24, np.random.default_rng(0)
    for end in sorted({*range(32, len(log), frame), *rng.integers(0, len(log), 40).tolist(), len(log)}):
        for torn in (False, True):
            folder.mkdir(exist_ok=True)
            (folder / FILE_NAME).write_bytes(ledger)
            rest = rng.bytes(min(frame, len(log) - end)) if torn else b""
            (folder / f"{FILE_NAME}-wal").write_bytes(log[:end] + rest)
            try:
                found = rows_of(folder)
            except sqlite3.OperationalError as error:  # cut before its tables were made
                assert "no such table" in str(error)
                found = set()
            assert found <= complete
            if not torn:
                counts.append(len(found))
            shutil.rmtree(folder)
    assert counts == sorted(counts)
    # What was committed is there as soon as the log is whole: nothing that was acknowledged waits elsewhere.
    assert counts[-1] == 20
    assert set(np.diff(sorted(set(counts)))) <= {4, *counts}


def test_an_array_is_on_disk_with_its_directory_before_a_run_refers_to_it(tmp_path, monkeypatch):
    store, events = tmp_path / "s.runs", []
    fsync, replace = os.fsync, type(store).replace

    def logged_fsync(descriptor):
        events.append(("flush", str(Path(f"/proc/self/fd/{descriptor}").readlink())))
        fsync(descriptor)

    def logged_replace(self, target):
        events.append(("rename", str(self), str(target)))
        return replace(self, target)

    original = writer.Writer._commit

    def logged_commit(self, connection, arrays, group):
        original(self, connection, arrays, group)
        fields = [json.loads(text)["grid"] for (text,) in connection.execute("SELECT fields FROM runs")]
        events.append(("commit", fields))

    if not Path("/proc/self/fd").exists():
        pytest.skip("names of descriptors need /proc")
    monkeypatch.setattr(os, "fsync", logged_fsync)
    monkeypatch.setattr(type(store), "replace", logged_replace)
    monkeypatch.setattr(writer.Writer, "_commit", logged_commit)
    collect(Model(), AB, 12, store=store)
    seen = 0
    for i, event in enumerate(events):
        for digest in event[1] if event[0] == "commit" else ():
            path = str(store / "arrays" / digest[:2] / f"{digest}.npy")
            renamed = next(j for j, e in enumerate(events) if e[0] == "rename" and e[2] == path)
            aside = events[renamed][1]
            # Replaying any prefix of the events, a run that is committed finds its array whole.
            assert ("flush", aside) in events[:renamed]
            assert ("flush", str(Path(path).parent)) in events[renamed:i]
            seen += 1
    assert seen >= 12


def test_the_ledger_has_no_write_ahead_log_on_a_network_file_system(tmp_path, monkeypatch):
    here = filesystem.kind_of(tmp_path)
    assert here
    assert not filesystem.is_networked(tmp_path)
    for kind in ("nfs4", "lustre", "gpfs", "cifs", "fuse.sshfs"):
        monkeypatch.setattr(filesystem, "kind_of", lambda path, kind=kind: kind)
        assert filesystem.is_networked(tmp_path)
    store, model = tmp_path / "s.runs", Model()
    runs = collect(model, AB, 20, store=store)
    with Driver(store) as driver:
        assert driver._connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert isinstance(driver._lock, lock.NetworkLock)
        with pytest.raises(BlockingIOError, match=f"process {os.getpid()} on {platform.node()}"):
            Driver(store)
    assert not (store / "driver.held").exists()
    assert TransferSet.open(store)["y"].equals(runs["y"])
    collect(model, AB, 20, store=store)
    assert model.calls == 20


def test_a_stale_lock_on_a_network_file_system_is_taken_over(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "is_networked", lambda path: True)
    monkeypatch.setattr(lock, "_WATCH_SECONDS", 0.2)
    who = {"pid": os.getpid(), "host": platform.node(), "since": "then", "started": 1.0}
    cases = {
        "its number belongs to another process now": (who, 0),
        "it is gone": ({**who, "pid": 2**22 + 1}, 0),
        "another computer has not renewed it": ({**who, "host": "elsewhere"}, 3600),
    }
    for name, (text, age) in cases.items():
        held = left_behind(tmp_path, text, age)
        lock.lock(tmp_path).release()
        assert not held.exists(), name
    left_behind(tmp_path, {**who, "host": "elsewhere"}, 0)
    with pytest.raises(BlockingIOError, match="on elsewhere since then"):
        lock.lock(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["driver.held", "driver.json"]


def left_behind(directory, who, age):
    """A lock as another driver has left it."""
    held = directory / "driver.held"
    held.mkdir()
    for path in (held / lock.HOLDER, directory / lock.HOLDER):
        path.write_text(json.dumps(who))
        os.utime(path, (time.time() - age,) * 2)
    return held


def test_a_stale_lock_is_won_by_one_of_many(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "is_networked", lambda path: True)
    monkeypatch.setattr(lock, "_WATCH_SECONDS", 0.2)
    left_behind(tmp_path, {"pid": 1, "host": "elsewhere", "since": "then", "started": 1.0}, 3600)
    won, lost, start = [], [], threading.Barrier(8)

    def race():
        start.wait()
        try:
            won.append(lock.lock(tmp_path))
        except BlockingIOError:
            lost.append(1)

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 7)
    won[0].release()


def test_a_lock_that_a_jump_of_the_clock_made_old_is_not_taken_from_a_living_driver(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "is_networked", lambda path: True)
    monkeypatch.setattr(lock, "_WATCH_SECONDS", 2.0)
    held = left_behind(tmp_path, {"pid": 1, "host": "elsewhere", "since": "then", "started": 1.0}, 86_400)
    alive = threading.Timer(0.5, os.utime, (held / lock.HOLDER,))  # it renews its lock
    alive.start()
    with pytest.raises(BlockingIOError, match="on elsewhere since then"):
        lock.lock(tmp_path)
    alive.join()
    assert (held / lock.HOLDER).exists()


def test_a_clock_that_jumps_changes_nothing(tmp_path, monkeypatch):
    """Every second look at the clock is a day away from the first; nothing that is counted in seconds follows."""
    clock, looks = time.time, itertools.count()
    monkeypatch.setattr(time, "time", lambda: clock() - 86_400 * (next(looks) % 2))
    store, states = tmp_path / "s.runs", []
    for n in (20, 40):
        design = LatinHypercube(n, seed=n)
        assert len(collect(Model(), AB, design, store=store, progress=states.append, timeout=20)) == n
    assert verify(store).ok
    assert all(0 <= state.seconds < 60 for state in states)
    with closing(sqlite3.connect(store / FILE_NAME)) as ledger:
        assert ledger.execute("SELECT count(*) FROM runs WHERE seconds BETWEEN 0 AND 10").fetchone() == (60,)


class Slow:
    def fingerprint(self):
        return "slow"

    def __call__(self, a, b):
        time.sleep(0.01)
        return a


@pytest.mark.parametrize(
    ("executor", "signals"),
    [
        ("processes", ["INT", "INT"]),
        (None, ["HUP"]),
        ("processes", ["TERM"]),
        (None, ["STOP", "CONT", "TERM"]),
    ],
    ids=str,
)
def test_a_driver_that_is_told_to_stop_stops_within_seconds_and_keeps_what_it_said(tmp_path, executor, signals):
    store, mark = tmp_path / "s.runs", uuid.uuid4().hex
    script = f"""
import sys, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_faults import AB, Slow, collect
collect(Slow(), AB, 300, store=sys.argv[1], executor={executor!r})
"""
    command = [sys.executable, "-c", script, str(store)]
    environment = {**os.environ, "TEST_MARK": mark}
    driver = subprocess.Popen(command, stderr=subprocess.PIPE, env=environment, text=True)
    deadline = time.monotonic() + 60
    while not (acknowledged := committed(store)) > 20:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    for name in signals:
        driver.send_signal(getattr(signal, f"SIG{name}"))
        time.sleep(0.05)
    _, printed = driver.communicate(timeout=10)
    assert driver.returncode
    assert ("KeyboardInterrupt" in printed) == ("INT" in signals)
    assert acknowledged <= committed(store) < 300
    assert verify(store).ok
    assert not surviving(mark)
    assert len(collect(Slow(), AB, 300, store=store)) == 300


def committed(store):
    try:
        with closing(sqlite3.connect(f"file:{store / FILE_NAME}?mode=ro", uri=True)) as ledger:
            return ledger.execute("SELECT count(*) FROM runs").fetchone()[0]
    except sqlite3.Error:
        return 0


def surviving(mark, seconds=5.0):
    """Processes that carry the mark in their environment, after some time to end."""
    deadline = time.monotonic() + seconds
    while True:
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.environ().get("TEST_MARK") == mark and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        if not found or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def test_large_fields_are_put_away_where_they_are_made(tmp_path, monkeypatch):
    """Those of a million numbers too; what travels to the driver is a reference."""

    class Large:
        def fingerprint(self):
            return "large"

        def __call__(self, a, b):
            return {"y": a, "map": np.full((1000, 1000), a), "small": np.array([a, b])}

    written = []
    original = arrays_module.Arrays._write_file
    monkeypatch.setattr(
        arrays_module.Arrays, "_write_file", lambda self, *what: written.append(what) or original(self, *what)
    )
    store = tmp_path / "s.runs"
    runs = collect(Large(), AB, 6, store=store, executor="processes")
    assert not written  # by this process
    np.testing.assert_array_equal(runs.fields["map"][:, 7, 7], runs["y"])
    np.testing.assert_array_equal(runs.fields["small"], runs.X.to_numpy())
    assert verify(store).arrays == 13
    # Workers that do not see the store send their arrays.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Driver, "keeper", lambda self: arrays_module.Keeper(tmp_path / "elsewhere", "other"))
        there = collect(Large(), AB, 6, store=tmp_path / "t.runs", executor="processes")
    assert len(written) == 6
    np.testing.assert_array_equal(there.fields["map"], runs.fields["map"])


def test_the_first_failure_is_told_at_once(tmp_path):
    heard: list[Progress] = []

    def model(a, b):
        if len(heard) < 3:
            raise ValueError("no licence")
        return a

    collect(model, AB, 40, progress=heard.append, max_failed=1)
    assert "ValueError: no licence" in next(state for state in heard if state.failed).first_failure
    assert "row 0: a=" in heard[0].first_failure


def test_a_study_needs_few_open_files(tmp_path):
    script = """
import resource, sys, numpy as np
resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
from surrogate.transfer import collect
runs = collect(lambda a, b: {"y": a, "grid": np.full(9000, a)}, {"a": (0, 1), "b": (0, 1)}, 100, store=sys.argv[1])
print(len(runs), runs.fields["grid"].shape)
"""
    done = subprocess.run([sys.executable, "-c", script, str(tmp_path / "s.runs")], capture_output=True, text=True)
    assert done.stdout.split() == ["100", "(100,", "9000)"], done.stderr
