"""Boosted trees: every way of walking them ends in the leaves that xgboost's float32 comparisons choose."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from surrogate.models.emulators import BoostedTrees
from surrogate.models.records import BoostedTreesRecord, Record, boosted_trees
from surrogate.models.records.cut import first_reaching


@pytest.fixture(scope="module")
def record() -> BoostedTreesRecord:
    rng = np.random.default_rng(0)
    X = rng.random((200, 3)) * [1.0, 1e-9, 1e6] + [0.0, 1.0, -1e6]
    return BoostedTrees(n_trees=60).fit(X, np.sin(9 * X[:, 0]) + (X[:, 2] > -4e5)).record_


def leaves_by_float32(record, X):
    """As the documentation of the record says, node by node."""
    scaled = ((X - record.location) / record.width).astype(np.float32)
    found = np.empty((len(X), len(record.roots)), dtype=int)
    for i, row in enumerate(scaled):
        for j, node in enumerate(record.roots):
            while record.children[node, 0] != node:
                x, missing = row[record.feature[node]], record.missing[node]
                node = record.children[node, missing if np.isnan(x) else int(x >= record.threshold[node])]
            found[i, j] = node
    return found


def straddling(record):
    rows = record.location + record.width * np.random.default_rng(2).random((3 * len(record.cuts), 3))
    for j in range(3):
        cuts = record.cuts[(record.feature == j) & (record.children[:, 0] != np.arange(len(record.cuts)))]
        near = np.concatenate([cuts, np.nextafter(cuts, -np.inf), np.nextafter(cuts, np.inf)])
        rows[:, j] = np.resize(near, len(rows))
    return rows


def test_rows_that_straddle_every_threshold_end_in_the_same_leaves(record):
    rows = straddling(record)
    assert len(rows) >= 2000
    leaves = record.value[leaves_by_float32(record, rows)]
    expected = record.base + np.cumsum(leaves, axis=1)[:, -1]
    assert (record.predict(rows) == expected).all()


def test_the_compiled_walk_gives_the_bits_of_the_plain_one(record, monkeypatch):
    rows = straddling(record)
    plain = Record.predict(record, rows)
    monkeypatch.setattr(boosted_trees, "_COMPILE_FROM", 0)
    assert (record.predict(rows) == plain).all()
    monkeypatch.setattr(boosted_trees, "_kernel", lambda: None)
    assert (record.predict(rows) == plain).all()


def test_missing_and_infinite_features_take_the_plain_walk(record, monkeypatch):
    rows = straddling(record)[:50]
    rows[::3, 0], rows[1::3, 1] = np.nan, np.inf
    plain = Record.predict(record, rows)
    monkeypatch.setattr(boosted_trees, "_COMPILE_FROM", 0)
    assert (record.predict(rows) == plain).all()


def test_one_row_gives_the_bits_of_the_batch(record):
    rows = straddling(record)[:20]
    assert [record.predict(row[None])[0] for row in rows] == record.predict(rows).tolist()


@given(low=st.floats(-1e6, 1e6), width=st.floats(1e-6, 1e6), share=st.floats(-2, 2))
def test_a_cut_is_where_the_rounded_comparison_flips(low, width, share):
    def scaled(x):
        return ((x - low) / width).astype(np.float32)

    threshold = np.array([share], dtype=np.float32)
    cut = first_reaching(scaled, threshold)
    assert scaled(cut) >= threshold
    assert not scaled(np.nextafter(cut, -np.inf)) >= threshold
