"""Whatever is damaged in a store is named; what is whole is not accused."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest

from surrogate.transfer import TransferSet, collect, verify
from surrogate.transfer.ledger import FILE_NAME


@pytest.fixture
def store(tmp_path):
    def model(a, b):
        return {"y": a + b, "small": np.full(3, a), "grid": np.full((120, 100), a)}

    collect(model, {"a": (0, 1), "b": (0, 1)}, 6, store=tmp_path / "s.runs")
    return tmp_path / "s.runs"


def change(store, statement, *values):
    ledger = sqlite3.connect(store / FILE_NAME)
    with ledger:
        ledger.execute(statement, values)
    ledger.close()


def test_a_whole_store_is_whole(store):
    found = verify(store)
    assert found.ok
    assert (found.runs, found.unused) == (6, 0)
    assert found.arrays == 13  # two fields of six runs, and the design
    assert "nothing is damaged" in str(found)


def test_flipped_bytes_and_lost_files_are_named_with_their_runs(store):
    files = sorted((store / "arrays").glob("*/*.npy"))
    content = bytearray(files[0].read_bytes())
    content[200] ^= 1
    files[0].write_bytes(content)
    files[1].unlink()
    files[2].write_bytes(files[2].read_bytes()[:-1])
    found = verify(store)
    assert len(found.damage) == 3
    for file, word in zip(files, ("damaged", "missing", "damaged"), strict=False):
        assert any(file.stem in text and word in text for text in found.damage)


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE runs SET outputs = x'00' WHERE row = 2", "run 2: its outputs are not 1 numbers"),
        ("UPDATE runs SET outputs = x'000000000000f07f' WHERE row = 2", "run 2: an output is NaN or infinite"),
        ("UPDATE runs SET status = 'fine' WHERE row = 2", "run 2: unknown status 'fine'"),
        ("UPDATE runs SET fields = '{}' WHERE row = 2", "run 2: its field 'small' is missing"),
        ("DELETE FROM plan WHERE row = 2", "run 2: nothing planned it"),
        ("UPDATE arrays SET npy = x'00' WHERE sha256 = (SELECT min(sha256) FROM arrays)", "is damaged"),
    ],
)
def test_rows_that_say_something_impossible_are_named(store, statement, words):
    change(store, statement)
    assert words in str(verify(store))


def test_what_a_crash_left_behind_is_harmless(store):
    folder = next((store / "arrays").iterdir())
    (folder / ("0" * 64 + ".npy")).write_bytes(b"torn")
    (folder / "1.part").touch()
    found = verify(store)
    assert found.ok
    assert found.unused == 2
    assert len(TransferSet.open(store)) == 6


def test_a_ledger_that_is_torn_in_the_middle_is_damaged(store):
    content = bytearray((store / FILE_NAME).read_bytes())
    content[4096:12288] = b"\xff" * 8192
    (store / FILE_NAME).write_bytes(content)
    for suffix in ("-wal", "-shm"):
        (store / f"{FILE_NAME}{suffix}").unlink(missing_ok=True)
    try:
        assert not verify(store).ok
    except ValueError as error:
        assert "damaged" in str(error)
    with pytest.raises(ValueError, match="holds no transfer set"):
        verify(store / "arrays")
