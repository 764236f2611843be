"""The family of box finders against published numbers: the biofuel study of Bryant & Lempert 2010.

The data ship with the EMA Workbench, whose results these are; they are read from there.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from surrogate.models.boxes.analysis.logistic import LogisticFactorMap
from surrogate.models.boxes.bagging import BaggedBoxes
from surrogate.models.boxes.best_interval import BestInterval
from surrogate.models.boxes.cart import CARTBoxes
from surrogate.models.boxes.columns import read_columns
from surrogate.models.boxes.evidence.covering import Covering
from surrogate.models.boxes.evidence.dropping import drop_costs, drop_sequence
from surrogate.models.boxes.evidence.rounding import round_box
from surrogate.models.boxes.pareto import ParetoBoxes
from surrogate.models.boxes.prim.prim import PRIM
from surrogate.models.boxes.rotated_prim import RotatedPRIM


@pytest.fixture(scope="module")
def biofuel():
    spec = find_spec("ema_workbench")
    folder = None if spec is None or spec.origin is None else Path(spec.origin).parent
    file = None if folder is None else folder / "examples" / "data" / "bryant et al 2010 data.csv"
    if file is None or not file.exists():
        pytest.skip("the data ship in the ema_workbench 2.5.3 wheel, which is not installed")
    table = pd.read_csv(file, index_col=False)
    return table.iloc[:, 2:11], table.iloc[:, 15]


@pytest.fixture(scope="module")
def box_21(biofuel):
    return PRIM(peel_alpha=0.1).fit(*biofuel).boxes_[21]


def test_cart_has_the_published_eight_leaves(biofuel):
    tree = CARTBoxes(mass_min=0.05).fit(*biofuel)
    leaves = tree.trajectory_.iloc[1:]
    assert [
        ",".join(f"{value:.6f}" for value in row) for row in leaves[["coverage", "density", "mass"]].to_numpy()
    ] == [
        "0.011236,0.021739,0.052154",
        "0.000000,0.000000,0.546485",
        "0.000000,0.000000,0.103175",
        "0.044944,0.090909,0.049887",
        "0.224719,0.434783,0.052154",
        "0.112360,0.227273,0.049887",
        "0.000000,0.000000,0.051020",
        "0.606742,0.642857,0.095238",
    ]
    assert tree.box_.to_text() == "Demand elasticity >= -0.3165 and Biomass backstop price >= 148.3"


def test_cart_leaves_hold_every_run_once(biofuel):
    X, y = biofuel
    tree = CARTBoxes().fit(X, y)
    assert (np.sum([box.contains(X) for box in tree.boxes_[1:]], axis=0) == 1).all()


@pytest.mark.parametrize(("alpha", "n", "n_restricted"), [(0.05, 66, 4), (0.1, 59, 3)])
def test_rotated_prim_ends_in_the_box_of_the_workbench(biofuel, alpha, n, n_restricted):
    last = RotatedPRIM(peel_alpha=alpha).fit(*biofuel).trajectory_.iloc[-1]
    assert (last["n"], last["k"], last["n_restricted"]) == (n, n, n_restricted)


def test_rotated_prim_is_the_same_for_0_1_and_boolean_cases(biofuel):
    X, y = biofuel
    assert RotatedPRIM().fit(X, y.astype(bool)).boxes_ == RotatedPRIM().fit(X, y).boxes_


def test_logistic_regression_has_the_published_five_terms(biofuel):
    X, y = biofuel
    found = LogisticFactorMap(threshold=0.5).fit(X, y)
    assert set(found.terms_) == {
        "Demand elasticity", "Biomass backstop price", "Total biomass", "Cellulosic cost", "Cellulosic yield",
    }  # fmt: skip
    last = found.steps_.iloc[-1]
    assert (f"{last['coverage']:.3f}", f"{last['density']:.3f}") == ("0.831", "0.860")
    assert found.predict(X).mean() == pytest.approx(last["mass"])


@pytest.mark.parametrize(
    ("variant", "n", "k", "last"), [("removing", 795, 22, (49, 17, 4, 26)), ("relabelling", 882, 22, (47, 13, 7, 27))]
)
def test_the_second_search_is_that_of_the_workbench(biofuel, box_21, variant, n, k, last):
    X, y = biofuel
    cases = y.to_numpy(dtype=float)
    covering = Covering(PRIM(peel_alpha=0.1), read_columns(X), cases, variant)
    covering.add(box_21.limits)
    steps = covering.finder.search(covering.columns, covering.y)
    assert (steps[0].n, steps[0].k) == (n, k)
    assert (steps[-1].n, steps[-1].k, len(steps[-1].limits), len(steps)) == last
    assert cases.sum() == 89


def test_dropping_the_weakest_limit_costs_what_was_published(biofuel, box_21):
    table = drop_costs(box_21, *biofuel)
    without = table.loc["Cellulosic cost"]
    assert list(table.index[:2]) == ["", "Cellulosic cost"]
    assert (without["n"], without["k"]) == (95, 68)
    assert [f"{without[name]:.6f}" for name in ("coverage", "density", "mass")] == ["0.764045", "0.715789", "0.107710"]
    assert f"{without['quasi_p']:.4f}" == "0.1574"
    assert drop_sequence(box_21, *biofuel).index[1] == "Cellulosic cost"


@pytest.mark.parametrize("alpha", [0.05, 0.1])
def test_the_pareto_set_reaches_the_published_box_with_few_searches(biofuel, alpha):
    table = ParetoBoxes(PRIM(peel_alpha=alpha)).fit(*biofuel).trajectory_
    as_good = (table["k"] >= 73) & (table["density"] >= 73 / 110) & (table["n_restricted"] <= 3)
    assert as_good.any()


def test_rounding_leaves_every_run_on_its_side(biofuel, box_21):
    X, _ = biofuel
    rounded = round_box(box_21, X)
    assert rounded.exact
    assert rounded.to_text() == (
        "Demand elasticity >= -0.422 and Total biomass <= 756 and Biomass backstop price >= 150 and "
        "Cellulosic cost >= 73"
    )
    forced = round_box(box_21, X, digits=2)
    assert (forced.gained, forced.lost) == (1, 1)


def test_best_interval_and_bagging_beat_chance_by_far(biofuel):
    X, y = biofuel
    best = BestInterval().fit(X, y).trajectory_.iloc[-1]
    accuracy = best["k"] / len(X) - best["n"] / len(X) * y.mean()
    peeled = PRIM().fit(X, y).trajectory_
    assert accuracy >= (peeled["k"] / len(X) - peeled["n"] / len(X) * y.mean()).max()
    bagged = BaggedBoxes().fit(X, y).trajectory_
    assert ((bagged["coverage"] >= 0.75) & (bagged["density"] >= 0.75)).any()
