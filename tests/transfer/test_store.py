from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from surrogate.design import LatinHypercube
from surrogate.space import Box, Categorical, Integer, Space
from surrogate.transfer import TransferSet, collect
from surrogate.transfer.driver import Driver
from surrogate.transfer.ledger import FILE_NAME
from surrogate.transfer.plan import Plan, canonical
from surrogate.transfer.rows import decode, encode

AB = {"a": (0, 1), "b": (0, 1)}


class Model:
    """Counts its calls, which are no part of its fingerprint."""

    def __init__(self, version=1, fail=False):
        self.calls = 0
        self.version = version
        self.fail = fail

    def fingerprint(self):
        return f"version {self.version}"

    def __call__(self, a, b):
        self.calls += 1
        if a > 0.95 or self.fail:
            raise ValueError("too steep")
        return {"y": a + b * self.version, "Cp": np.linspace(a, b, 5), "grid": np.full((120, 100), a)}


def same(one: TransferSet, other: TransferSet) -> None:
    pd.testing.assert_frame_equal(one.inputs, other.inputs)
    pd.testing.assert_series_equal(one.status, other.status)
    pd.testing.assert_frame_equal(pd.DataFrame(one.y), pd.DataFrame(other.y))
    assert list(one.fields) == list(other.fields)
    for name in one.fields:
        np.testing.assert_array_equal(one.fields[name], other.fields[name])
    timed = ["seconds"]
    pd.testing.assert_frame_equal(one.failures.drop(columns=timed), other.failures.drop(columns=timed))
    assert one.space == other.space


def test_store_and_memory_give_the_same_set_and_opening_gives_it_back(tmp_path):
    design = LatinHypercube(40, seed=0)
    in_memory = collect(Model(), AB, design)
    stored = collect(Model(), AB, design, store=tmp_path / "s.runs")
    same(in_memory, stored)
    same(stored, TransferSet.open(tmp_path / "s.runs"))
    opened = TransferSet.open(tmp_path / "s.runs").provenance
    for key in ("seed", "fingerprint", "versions", "started", "finished", "host", "design", "simulator"):
        assert opened[key] == stored.provenance[key]


def test_the_same_call_again_runs_nothing_and_a_larger_one_only_what_is_missing(tmp_path):
    design = LatinHypercube(30, seed=0).sample(Space(AB))
    model, store = Model(), tmp_path / "s.runs"
    first = collect(model, AB, design, store=store)
    assert model.calls == 30
    same(first, collect(model, AB, design, store=store))
    assert model.calls == 30  # failed runs are not run again either
    more = LatinHypercube(30, seed=0).extend(first, 20)
    both = collect(model, AB, pd.concat([design, more], ignore_index=True), store=store)
    assert model.calls == 50
    assert len(both.inputs) == 50
    assert len(collect(model, AB, more, store=store).inputs) == 20
    assert len(TransferSet.open(store).inputs) == 50
    assert model.calls == 50


def test_a_design_without_a_seed_is_not_drawn_again(tmp_path):
    model = Model()
    runs = [collect(model, AB, LatinHypercube(25), store=tmp_path / "s.runs") for _ in range(2)]
    assert model.calls == 25
    same(*runs)
    collect(model, AB, LatinHypercube(26), store=tmp_path / "s.runs")
    assert model.calls == 51


def test_equal_points_replicates_and_policies_are_runs_of_their_own(tmp_path):
    calls = []

    class Noisy:
        def fingerprint(self):
            return "noisy"

        def __call__(self, a, b, tax=0.0, seed=0):
            calls.append(seed)
            return a + tax

    design = pd.DataFrame({"a": [0.5, 0.5, 0.25], "b": [0.5, 0.5, 0.5]})
    policies = {"none": {}, "tax": {"tax": 1.0}}
    arguments = {"design": design, "replicates": 2, "store": tmp_path / "s.runs"}
    runs = collect(Noisy(), AB, policies=policies, **arguments)
    assert len(runs) == len(calls) == 12
    assert len(set(calls)) == 6
    same(runs, TransferSet.open(tmp_path / "s.runs"))
    wider = collect(Noisy(), AB, policies={**policies, "more": {"tax": 2.0}}, **arguments)
    assert len(calls) == 18
    assert set(wider.X["policy"]) == {"none", "tax", "more"}
    collect(Noisy(), AB, policies=policies, seed=1, **arguments)
    assert len(calls) == 30  # another study seed means other runs of a simulator that takes one


def test_a_changed_simulator_stops_the_study_unless_told_otherwise(tmp_path):
    design, store = LatinHypercube(10, seed=1), tmp_path / "s.runs"
    old = collect(Model(), AB, design, store=store)
    with pytest.raises(ValueError, match=r'on_change="rerun"'):
        collect(Model(2), AB, design, store=store)
    model = Model(2)
    same(old, collect(model, AB, design, store=store, on_change="keep"))
    assert model.calls == 0
    new = collect(model, AB, design, store=store, on_change="rerun")
    assert model.calls == 10
    assert not new["y"].equals(old["y"])
    same(new, TransferSet.open(store))
    back = Model()
    same(old, collect(back, AB, design, store=store, on_change="rerun"))
    assert back.calls == 0  # old runs were kept aside


def test_other_bounds_need_another_store(tmp_path):
    store = tmp_path / "s.runs"
    collect(Model(), AB, 5, store=store)
    for bounds in ({"a": (0, 1), "b": (0, 2)}, {"b": (0, 1), "a": (0, 1)}, Space(AB, constraints=["a + b < 1"])):
        with pytest.raises(ValueError, match="was made with"):
            collect(Model(), bounds, 5, store=store)
    closer = LatinHypercube(5, seed=0).sample(Space(AB).restrict(Box({"a": (0.2, 0.3)})))
    assert collect(Model(), AB, closer, store=store).X["a"].between(0.2, 0.3).all()


STUDY = """
import sys, time
from surrogate.design import LatinHypercube
from surrogate.transfer import collect

class Model:
    def fingerprint(self):
        return "slow"
    def __call__(self, a, b):
        with open(sys.argv[2], "a") as log:
            log.write(f"{a!r}\\n")
        time.sleep(0.01)
        return {"y": a + b, "Cp": [a, b], "grid": [a] * 10_000}

runs = collect(Model(), {"a": (0, 1), "b": (0, 1)}, LatinHypercube(250), store=sys.argv[1])
print(len(runs))
"""


def acknowledged(store):
    """Runs that the ledger holds, as another program sees them."""
    if not (store / FILE_NAME).exists():
        return 0
    ledger = sqlite3.connect(f"file:{store / FILE_NAME}?mode=ro", uri=True)
    try:
        return ledger.execute("SELECT count(*) FROM runs WHERE status = 'ok'").fetchone()[0]
    except sqlite3.OperationalError:  # it is just being made
        return 0
    finally:
        ledger.close()


def wait_until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_study_resumes_with_the_missing_runs_only(tmp_path, number):
    store, log = tmp_path / "s.runs", tmp_path / "log"
    command = [sys.executable, "-c", STUDY, str(store), str(log)]
    driver = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    wait_until(lambda: acknowledged(store) >= 60)
    driver.send_signal(number)
    driver.wait()
    kept = TransferSet.open(store)
    before = len(log.read_text().split())
    assert 60 <= len(kept) <= before < 250
    finished = subprocess.run(command, capture_output=True, text=True, check=True)
    assert finished.stdout.split() == ["250"]
    final = TransferSet.open(store)
    assert len(final) == 250
    assert len(log.read_text().split()) - before == 250 - len(kept)
    # What was kept is still there, bit by bit.
    where = np.flatnonzero(kept.status == "ok")
    np.testing.assert_array_equal(final["y"].to_numpy()[where], kept["y"])
    np.testing.assert_array_equal(final.fields["grid"][where], kept.fields["grid"])


def test_a_second_driver_is_refused_with_the_first_ones_name(tmp_path):
    store = tmp_path / "s.runs"
    driver = subprocess.Popen(
        [sys.executable, "-c", STUDY, str(store), str(tmp_path / "log")], stdout=subprocess.DEVNULL
    )
    wait_until(lambda: acknowledged(store) >= 1)
    with pytest.raises(BlockingIOError, match=f"process {driver.pid} on {os.uname().nodename}"):
        collect(Model(), AB, 5, store=store)
    assert acknowledged(store) >= 1  # readers are welcome
    driver.kill()
    driver.wait()
    with Driver(store), pytest.raises(BlockingIOError, match=f"process {os.getpid()}"):
        Driver(store)


def test_a_slow_run_does_not_hold_back_the_one_before(tmp_path):
    store, seen = tmp_path / "s.runs", []

    class Slow:
        def fingerprint(self):
            return "slow"

        def __call__(self, a, b):
            if seen:
                time.sleep(0.2)
                seen.append(acknowledged(store))
            else:
                seen.append(0)
            return a

    collect(Slow(), AB, 3, store=store)
    assert seen == [0, 1, 2]


def test_foreign_torn_and_newer_files_are_named(tmp_path):
    with pytest.raises(ValueError, match="holds no transfer set"):
        TransferSet.open(tmp_path / "nothing")
    (tmp_path / "file").write_text("x")
    with pytest.raises(ValueError, match="is a file"):
        collect(Model(), AB, 5, store=tmp_path / "file")
    with pytest.raises(ValueError, match=r"holds other things \(file\)"):
        collect(Model(), AB, 5, store=tmp_path)
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / FILE_NAME).write_bytes(b"not a database" * 100)
    with pytest.raises(ValueError, match="damaged or no ledger"):
        TransferSet.open(tmp_path / "torn")
    (tmp_path / "foreign").mkdir()
    other = sqlite3.connect(tmp_path / "foreign" / FILE_NAME)
    other.execute("CREATE TABLE t (x)")
    other.close()
    for door in (TransferSet.open, lambda path: collect(Model(), AB, 5, store=path)):
        with pytest.raises(ValueError, match="SQLite file of another program"):
            door(tmp_path / "foreign")
    collect(Model(), AB, 5, store=tmp_path / "s.runs")
    newer = sqlite3.connect(tmp_path / "s.runs" / FILE_NAME)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    with pytest.raises(ValueError, match="format 99"):
        TransferSet.open(tmp_path / "s.runs")


def test_a_damaged_or_missing_array_is_named(tmp_path):
    runs = collect(Model(), AB, 5, store=tmp_path / "s.runs")
    path = sorted((tmp_path / "s.runs" / "arrays").glob("*/*.npy"))[0]
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"array {path.stem} .* is damaged"):
        runs.fields["grid"]
    path.unlink()
    with pytest.raises(ValueError, match=f"array {path.stem} is missing"):
        runs.fields["grid"]


def test_a_driver_that_died_while_making_the_store_is_no_obstacle(tmp_path):
    store = tmp_path / "s.runs"
    store.mkdir()
    (store / "driver.lock").touch()
    (store / "driver.json").write_text('{"pid"')
    (store / FILE_NAME).touch()
    with pytest.raises(ValueError, match="holds nothing yet"):
        TransferSet.open(store)
    assert len(collect(Model(), AB, 5, store=store).inputs) == 5


def test_a_disk_that_refuses_stops_the_study_with_the_cause_and_resumes(tmp_path, monkeypatch):
    from surrogate.transfer import arrays

    def full(path, content):
        raise OSError(28, "No space left on device")

    store = tmp_path / "s.runs"
    with monkeypatch.context() as patched:
        patched.setattr(arrays.Arrays, "_write_file", lambda self, path, content: full(path, content))
        with pytest.raises(OSError, match=r"cannot write .*No space left on device.*same collect") as caught:
            collect(Model(), AB, 30, store=store)
        assert isinstance(caught.value.runs, TransferSet)
    model = Model()
    assert len(collect(model, AB, 30, store=store).inputs) == 30
    assert model.calls == 30


def test_the_ledger_is_readable_with_sqlite3_and_numpy_alone(tmp_path):
    runs = collect(Model(), AB, LatinHypercube(20, seed=0), store=tmp_path / "s.runs")
    script = textwrap.dedent(
        f"""
        import json, sqlite3, numpy as np
        db = sqlite3.connect({str(tmp_path / "s.runs" / FILE_NAME)!r})
        query = "select plan.inputs, runs.outputs from plan join runs using (row) where status = 'ok' order by row"
        rows = db.execute(query).fetchall()
        print(json.dumps([[*np.frombuffer(x, "<f8"), *np.frombuffer(y, "<f8")] for x, y in rows]))
        """
    )
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    np.testing.assert_array_equal(json.loads(printed), np.column_stack([runs.X, runs.y]))


def test_nothing_in_a_store_is_pickled(tmp_path):
    collect(Model(), AB, 20, store=tmp_path / "s.runs")
    for path in (tmp_path / "s.runs").rglob("*.npy"):
        np.load(path, allow_pickle=False)
    assert {path.suffix for path in (tmp_path / "s.runs").rglob("*") if path.is_file()} <= {
        *(".npy", ".sqlite", ".json", ".lock", ".sqlite-wal", ".sqlite-shm")
    }


MIXED = Space({"x": (-1e3, 1e3), "n": Integer(-(2**40), 2**40), "fuel": Categorical(["gas", True, 3, 2.5])})
rows = st.lists(
    st.tuples(
        st.floats(allow_nan=False, allow_infinity=False),
        st.integers(-(2**53), 2**53),
        st.sampled_from(["gas", True, 3, 2.5]),
    ),
    min_size=1,
    max_size=8,
)


def table(values):
    x, n, fuel = zip(*values, strict=True)
    return MIXED.frame({"x": list(x), "n": list(n), "fuel": pd.Series(fuel, dtype=object)})


@given(rows)
def test_inputs_survive_the_store_bit_by_bit(values):
    frame = table(values)
    back = decode(encode(frame, MIXED), MIXED)
    pd.testing.assert_frame_equal(back, frame, check_exact=True)
    assert [type(v) for v in back["fuel"]] == [type(v) for v in frame["fuel"]]
    assert np.array_equal(np.signbit(back["x"]), np.signbit(frame["x"]))


@given(rows)
@settings(max_examples=50)
def test_keys_are_unique_within_a_plan_and_follow_from_content_alone(values):
    plan = Plan(MIXED, table(values), {"p": {}, "q": {"tax": 1.0}}, replicates=2)
    keys = list(plan.keys("f", None))
    assert len(set(keys)) == len(keys) == len(plan) == 4 * len(values)
    assert keys == list(Plan(MIXED, table(values), {"p": {}, "q": {"tax": 1.0}}, 2).keys("f", None))
    assert not set(keys) & set(plan.keys("g", None))
    # A run keeps its key when the design grows or is turned round.
    turned = Plan(MIXED, table([*values[::-1], (0.1, 2, "gas")]), {"q": {"tax": 1.0}}, 1)
    assert set(list(turned.keys("f", None))[: len(values)]) <= set(keys) | set(turned.keys("f", None))
    assert len(set(turned.keys("f", None)) & set(keys)) >= len(values)


def test_negative_zero_is_zero_in_a_key():
    zero, negative = (Plan(MIXED, table([(x, 0, "gas")])) for x in (0.0, -0.0))
    assert list(zero.keys("f", None)) == list(negative.keys("f", None))


@given(st.dictionaries(st.text(), st.floats(allow_nan=False, allow_infinity=False) | st.integers() | st.text()))
def test_canonical_json_reads_back_and_forgets_order(content):
    assert json.loads(canonical(content)) == content
    assert canonical(dict(reversed(content.items()))) == canonical(content)


COUNT, CACHE, RATE = 0, {}, 0.1


def counting(a, b):
    global COUNT
    COUNT += 1
    return CACHE.setdefault(a, a * RATE) + b


class Remembering:
    def __init__(self):
        self.calls, self.factor = 0, 2.0

    def __call__(self, a, b):
        self.calls += 1
        return self.factor * a + b


def test_what_runs_themselves_change_is_state_and_what_somebody_else_changes_is_named(tmp_path, monkeypatch):
    first = collect(counting, AB, 10, store=tmp_path / "s.runs")
    assert COUNT == 10
    assert collect(counting, AB, 10, store=tmp_path / "s.runs")["y"].equals(first["y"])
    assert COUNT == 10
    monkeypatch.setitem(globals(), "RATE", 0.2)
    with pytest.raises(ValueError, match=r"another simulator\. Changed: the global 'RATE'\."):
        collect(counting, AB, 10, store=tmp_path / "s.runs")

    model = Remembering()
    for _ in range(2):
        collect(model, AB, 10, store=tmp_path / "t.runs")
    assert model.calls == 10
    model.factor = 3.0
    with pytest.raises(ValueError, match=r"Changed: the attribute 'factor' of Remembering\."):
        collect(model, AB, 10, store=tmp_path / "t.runs")


def test_a_changed_function_closure_or_default_is_named(tmp_path):
    def make(factor, shift=0.0, power=1):
        def model(a, b, shift=shift):
            return factor * a**power + b + shift

        return model

    collect(make(1.0), AB, 10, store=tmp_path / "s.runs")
    for changed, name in (
        (make(2.0), "'factor' in the closure of "),
        (make(1.0, 5.0), "the default values of "),
        (make(2.0, 5.0, 3), "'factor' in the closure .*, 'power' in the closure .*, the default values of "),
        (lambda a, b: a, "the code of .*lambda"),
        (type("Own", (), {"__call__": lambda self, a, b: a, "fingerprint": "mine"})(), "the code of"),
    ):
        with pytest.raises(ValueError, match=f"Changed: .*{name}"):
            collect(changed, AB, 10, store=tmp_path / "s.runs")
