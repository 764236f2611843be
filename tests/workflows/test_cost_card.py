"""What a model costs is measured, for the simulator, the model and all candidates."""

from __future__ import annotations

import time

import numpy as np

from surrogate import Categorical, Surrogate


def slow(x, kind):
    time.sleep(0.01)
    return {"a": x if kind == "one" else -x, "b": np.sin(3 * x)}


def test_the_cost_card_tells_time_and_size_of_everything(tmp_path):
    model = Surrogate.fit(slow, {"x": (0.0, 1.0), "kind": Categorical(["one", "two"])}, n=30, seed=0)
    card = model.cost_card()
    assert list(card.index[:3]) == ["simulator", "predict", "fast"]
    assert 10_000 <= card.loc["simulator", "one_row_us"] < 100_000
    assert card.loc["simulator", "speed_up"] == 1.0
    assert card.loc["fast", "one_row_us"] < card.loc["predict", "one_row_us"]
    assert card.loc["fast", "speed_up"] > 100
    model.save(tmp_path / "m.surrogate")
    assert card.loc["predict", "disk_bytes"] == (tmp_path / "m.surrogate").stat().st_size
    assert (card["one_row_us"].dropna() <= card["one_row_p95_us"].dropna()).all()
    chosen = [name for name in card.index if name.endswith(", chosen")]
    assert [name.split(":")[0] for name in chosen] == ["a", "b"]
    candidates = card.iloc[3:]
    assert len(candidates) == sum(len(one.candidates) for one in model.scorecards.values())
    assert (candidates["parameters"].dropna() > 0).any()


def test_a_loaded_model_has_a_cost_card_without_the_simulator(tmp_path):
    Surrogate.from_runs(np.linspace(0, 1, 30)[:, None], np.linspace(0, 1, 30) ** 2).save(tmp_path / "m.surrogate")
    card = Surrogate.load(tmp_path / "m.surrogate").cost_card()
    assert "simulator" not in card.index
    assert card.loc["predict", "rows_a_second"] > 0
    assert card["speed_up"].isna().all()


def test_a_model_file_knows_where_the_model_comes_from(tmp_path):
    model = Surrogate.fit(lambda x: x**2, {"x": (0.0, 1.0)}, n=30, seed=3)
    model.save(tmp_path / "m.surrogate")
    again = Surrogate.load(tmp_path / "m.surrogate")
    assert again.provenance == model.provenance
    assert again.provenance["design"] == {"kind": "latin_hypercube", "n": 30, "seed": 3}
    assert again.provenance["runs"] == again.provenance["planned"] == 30
    again.save(tmp_path / "again.surrogate")
    assert (tmp_path / "again.surrogate").read_bytes() == (tmp_path / "m.surrogate").read_bytes()
