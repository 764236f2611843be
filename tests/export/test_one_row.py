"""The fast form of a model gives the model's numbers, row by row, from any thread."""

from __future__ import annotations

import math
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from surrogate import Surrogate
from surrogate.export.check_rows import random_rows, straddling_rows
from surrogate.export.one_row import OneRow
from surrogate.export.portable import Portable


def test_all_kinds_of_models_give_the_models_numbers(space, records):
    portable = Portable(space, records)
    rows = np.concatenate([random_rows(portable)[:100], straddling_rows(portable)[:500]])
    fast = OneRow(portable)
    answers = np.array([fast(row) for row in portable.natural(rows)])
    assert (np.abs(answers - portable.reference(rows)) <= 1e-12 * portable.sizes(rows)).all()


def test_trees_give_the_very_same_bits(space, records):
    portable = Portable(space, {"trees": records["trees"]})
    rows = straddling_rows(portable)
    fast = OneRow(portable)
    assert [fast(row) for row in portable.natural(rows)] == portable.reference(rows)[:, 0].tolist()


def test_what_is_no_number_gets_no_number(space, records):
    one, two = OneRow(Portable(space, {"t": records["tree"]})), OneRow(Portable(space, records))
    assert math.isnan(one([math.nan, 1e-5, 3, "oil"]))
    assert math.isnan(one([0.2, 1e-5, 3, "wood"]))
    assert np.isnan(two([0.2, math.inf, 3, "oil"])).all()
    with pytest.raises(ValueError, match=r"expected shape \(4,\)"):
        one([0.2, 1e-5, 3])


def test_large_numbers_are_numbers():
    model = Surrogate.from_runs(np.linspace(0, 1e200, 30)[:, None], np.linspace(0, 1, 30) ** 2)
    assert model.fast(np.array([5e199])) == pytest.approx(model.predict([[5e199]])[0], rel=1e-9)


def test_threads_share_it_and_it_travels(space, records):
    portable = Portable(space, records)
    rows = portable.natural(random_rows(portable)[:200])
    fast = OneRow(portable)
    alone = [fast(row).tolist() for row in rows]
    with ThreadPoolExecutor(4) as pool:
        assert [answer.tolist() for answer in pool.map(fast, rows)] == alone
    assert pickle.loads(pickle.dumps(fast))(rows[0]).tolist() == alone[0]


def test_a_surrogate_leaves_home_by_its_front_door(tmp_path):
    model = Surrogate.fit(lambda a, b: {"u": a + b * b, "v": 1.0}, {"a": (0, 1), "b": (2, 3)}, n=30, seed=0)
    x = [0.3, 2.5]
    assert model.fast(x) == pytest.approx(model.predict([x])[0], rel=1e-9)
    model.export(tmp_path / "m.py")
    model.export(tmp_path / "m.surrogate")
    again = Surrogate.load(tmp_path / "m.surrogate")
    assert (again.fast(x) == model.fast(x)).all()
    again.export(tmp_path / "again.py")
    assert (tmp_path / "again.py").read_bytes() == (tmp_path / "m.py").read_bytes()
    with pytest.raises(ValueError, match="is available"):
        model.export(tmp_path / "m.xyz")
