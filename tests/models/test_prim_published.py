"""PRIM against published numbers: the biofuel study of Bryant & Lempert 2010 (882 runs, 9 uncertainties).

The data ship with the EMA Workbench, whose published notebook has these trajectories; they are read from there.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from surrogate import PRIM

PEELED_BY_TENTHS = (
    "882,89 792,89 710,89 638,89 573,89 513,89 458,89 412,89 368,89 329,89 296,89 264,88 237,87 213,86 191,85 170,82 "
    "152,81 136,78 121,75 108,74 97,71 87,67 78,65 70,61 63,57 56,52 50,48 45,45"
)
LAST_BOX = (
    "Demand elasticity >= -0.3845 and Total biomass <= 755.8 and Biomass backstop price >= 162.15 and "
    "Cellulosic cost >= 72.65 and Cellulosic yield <= 97.3 and oil supply shift <= 0.0805"
)


@pytest.fixture(scope="module")
def biofuel():
    spec = find_spec("ema_workbench")
    folder = None if spec is None or spec.origin is None else Path(spec.origin).parent
    file = None if folder is None else folder / "examples" / "data" / "bryant et al 2010 data.csv"
    if file is None or not file.exists():
        pytest.skip("the data ship in the ema_workbench 2.5.3 wheel, which is not installed")
    table = pd.read_csv(file, index_col=False)
    return table.iloc[:, 2:11], table.iloc[:, 15]


def counts(search):
    return " ".join(f"{n},{k}" for n, k in zip(search.trajectory_["n"], search.trajectory_["k"], strict=True))


def test_the_trajectory_at_alpha_a_tenth_is_the_published_one(biofuel):
    search = PRIM(peel_alpha=0.1).fit(*biofuel)
    assert counts(search) == PEELED_BY_TENTHS
    restricted = [0, 1, 2, 2] + 10 * [3] + 11 * [4] + [5, 6, 6]
    assert search.trajectory_["n_restricted"].tolist() == restricted
    assert search.boxes_[-1].to_text() == LAST_BOX
    assert f"{search.trajectory_['coverage'].iloc[-1]:.6f}" == "0.505618"


def test_box_21_has_the_published_limits_and_quasi_p_values(biofuel):
    search = PRIM(peel_alpha=0.1).fit(*biofuel)
    row, box = search.trajectory_.iloc[21], search.boxes_[21]
    assert [f"{row[name]:.6f}" for name in ("coverage", "density", "mass")] == ["0.752809", "0.770115", "0.098639"]
    assert box.to_text() == (
        "Demand elasticity >= -0.422 and Total biomass <= 755.8 and Biomass backstop price >= 150.05 and "
        "Cellulosic cost >= 72.65"
    )
    quasi_p = box.statistics(*biofuel).quasi_p
    assert f"{quasi_p['Total biomass'][1]:.3e}" == "4.717e-06"
    assert f"{quasi_p['Demand elasticity'][0]:.3e}" == "1.185e-16"
    assert f"{quasi_p['Biomass backstop price'][0]:.3e}" == "3.515e-11"
    assert f"{quasi_p['Cellulosic cost'][0]:.4f}" == "0.1574"


def test_dropping_a_limit_of_box_21_costs_what_was_published(biofuel):
    from surrogate import Box

    limits = PRIM(peel_alpha=0.1).fit(*biofuel).boxes_[21].limits
    wider = Box({name: limit for name, limit in limits.items() if name != "Cellulosic cost"}).statistics(*biofuel)
    assert (wider.n, wider.k) == (95, 68)
    assert [f"{wider[name]:.6f}" for name in ("coverage", "density", "mass")] == ["0.764045", "0.715789", "0.107710"]
    assert f"{wider.quasi_p['Demand elasticity'][0]:.3e}" == "5.378e-16"
    assert f"{wider.quasi_p['Biomass backstop price'][0]:.3e}" == "7.578e-11"
    assert f"{wider.quasi_p['Total biomass'][1]:.0e}" == "2e-06"


def test_the_published_box_in_three_parameters_has_its_published_numbers(biofuel):
    from surrogate import Box

    inf = float("inf")
    limits = {"Total biomass": (-inf, 774.5), "Demand elasticity": (-0.4485, inf)}
    counted = Box(limits | {"Biomass backstop price": (148.3, inf)}).statistics(*biofuel)
    assert (counted.n, counted.k, counted.n_restricted) == (110, 73, 3)
    assert [f"{counted[name]:.6f}" for name in ("coverage", "density")] == ["0.820225", "0.663636"]


def test_more_patient_peeling_gives_the_published_52_boxes(biofuel):
    search = PRIM(peel_alpha=0.05).fit(*biofuel)
    last = search.trajectory_.iloc[-1]
    assert len(search.boxes_) == 52
    assert (last["n"], last["k"], last["n_restricted"]) == (49, 47, 7)
    assert f"{last['coverage']:.6f} {last['density']:.6f}" == "0.528090 0.959184"


def test_the_other_objectives_end_in_the_published_boxes(biofuel):
    lenient2 = PRIM(peel_alpha=0.1, objective="lenient2").fit(*biofuel)
    assert len(lenient2.boxes_) == 28
    assert lenient2.trajectory_.loc[20, ["n", "k"]].tolist() == [100, 71]
    assert lenient2.trajectory_.loc[27, ["n", "k"]].tolist() == [45, 42]
    assert lenient2.boxes_[-1].to_text() == (
        "Demand elasticity >= -0.348 and Biomass backstop price >= 154.45 and Total biomass <= 699.7 and "
        "Cellulosic cost >= 77.2"
    )
    original = PRIM(peel_alpha=0.1, objective="original").fit(*biofuel)
    assert original.trajectory_.loc[20, ["n", "k"]].tolist() == [97, 71]
    assert original.trajectory_.loc[27, ["n", "k"]].tolist() == [45, 45]
    assert original.boxes_[-1].to_text() == LAST_BOX


def test_shuffled_rows_with_a_labelled_y_give_the_same_box(biofuel):
    X, y = biofuel
    shuffled = X.sample(frac=1, random_state=0)
    search = PRIM(peel_alpha=0.1).fit(shuffled, y)
    assert counts(search) == PEELED_BY_TENTHS
    assert search.boxes_[-1].to_text() == LAST_BOX


def test_resampling_reproduces_the_published_parameters(biofuel):
    from surrogate.models.boxes.columns import read_columns
    from surrogate.models.boxes.evidence.stability import resample

    X, y = biofuel
    values = y.to_numpy(dtype=float)
    table = resample(PRIM(peel_alpha=0.1), read_columns(X), values, 67 / 89, 67 / 87, n_resamples=20, seed=0)
    always = ["Total biomass", "Demand elasticity", "Biomass backstop price"]
    assert (table.loc[always, ["reproduced_coverage", "reproduced_density"]] >= 0.95).all(axis=None)
    assert table.loc["Cellulosic cost", "reproduced_coverage"] >= 0.6
    others = table.index.difference([*always, "Cellulosic cost"])
    assert (table.loc[others, "reproduced_coverage"] <= 0.5).all()


def test_held_out_evidence_chooses_a_box_on_the_published_parameters(biofuel):
    from surrogate import discover

    X, y = biofuel
    study = discover(X, y, PRIM(peel_alpha=0.1), max_boxes=1)
    assert set(study.box.limits) == {"Demand elasticity", "Biomass backstop price", "Total biomass"}
    row = study.trajectory.iloc[study.chosen]
    assert row["heldout_density_low"] > 5 * study.base_rate
    assert np.isclose(row["coverage"], 0.8, atol=0.08)
