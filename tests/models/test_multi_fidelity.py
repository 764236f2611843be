"""Runs of a cheap variant help, and do no harm where they are unrelated."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import qmc

from surrogate import Surrogate, TransferSet
from surrogate.models.emulators import GaussianProcess, MultiFidelity, selection


def expensive(x):
    """Forrester, Sobester & Keane 2007, section 4."""
    return (6 * x - 2) ** 2 * np.sin(12 * x - 4)


def cheap(x):
    return 0.5 * expensive(x) + 10 * (x - 0.5) - 5


MANY = np.linspace(0, 1, 21)[:, None]
FEW = np.array([[0.0], [0.2], [0.4], [0.6], [0.8], [1.0]])
NEW = np.linspace(0, 1, 201)[:, None]


def unexplained(model):
    truth = expensive(NEW[:, 0])
    return np.mean((model.predict(NEW) - truth) ** 2) / truth.var()


@pytest.fixture(scope="module")
def cheap_record():
    return GaussianProcess().fit(MANY, cheap(MANY[:, 0])).record_


def test_six_runs_and_a_cheap_variant_are_enough_for_forrester_s_function(cheap_record):
    alone = unexplained(GaussianProcess().fit(FEW, expensive(FEW[:, 0])))
    both = unexplained(MultiFidelity(cheap_record).fit(FEW, expensive(FEW[:, 0])))
    assert both < 1e-4
    assert both < 0.01 * alone


@pytest.fixture(autouse=True)
def only_gaussian_processes(monkeypatch):
    """Other candidates would only cost time here."""
    monkeypatch.setattr(
        selection, "default_candidates", lambda n, seed: {"gaussian_process": GaussianProcess(n_starts=1)}
    )


def test_the_front_door_takes_runs_or_a_model_of_the_cheap_variant():
    runs = TransferSet.from_frame(MANY, cheap(MANY[:, 0]), space=[(0.0, 1.0)])
    for given in (runs, Surrogate.from_runs(runs)):
        model = Surrogate.from_runs(FEW, expensive(FEW[:, 0]), cheap=given)
        assert unexplained(model) < 1e-2
        assert model.scorecard.kind.startswith(("co_", "multi_fidelity_"))


class Counted:
    """A simulator that counts its runs."""

    def __init__(self, function):
        self.function, self.n = function, 0

    def __call__(self, x):
        self.n += 1
        return self.function(x)


def test_fit_runs_the_cheap_variant_more_often_and_keeps_its_runs_beside_the_others(tmp_path):
    dear, coarse = Counted(expensive), Counted(cheap)
    store = tmp_path / "wing.runs"
    model = Surrogate.fit(dear, {"x": (0.0, 1.0)}, n=7, cheap=coarse, store=store)
    assert (dear.n, coarse.n) == (7, 35)
    assert unexplained(model) < 1e-2
    assert len(TransferSet.open(tmp_path / "wing.cheap.runs")) == 35
    assert len(model.transfer) == 7
    again = Surrogate.fit(dear, {"x": (0.0, 1.0)}, n=7, cheap=coarse, store=store)
    assert (dear.n, coarse.n) == (7, 35)
    np.testing.assert_array_equal(again.predict(NEW), model.predict(NEW))
    Surrogate.fit(dear, {"x": (0.0, 1.0)}, n=7, cheap=coarse, n_cheap=12)
    assert (dear.n, coarse.n) == (14, 47)


def test_what_is_no_cheap_variant_is_refused_before_anything_runs():
    dear, bounds = Counted(expensive), {"x": (0.0, 1.0)}
    other = Surrogate.from_runs(TransferSet.from_frame(MANY, cheap(MANY[:, 0]), space=[(0.0, 2.0)]))
    for more, message in (
        ({"cheap": 3.0}, "cheap: a simulator, a Surrogate or a TransferSet is needed; got float"),
        ({"cheap": cheap, "n_cheap": 2}, "n_cheap: a whole number of at least 3 runs is needed; got 2"),
        ({"n_cheap": 20}, "n_cheap: is for a cheap simulator that is still to be run"),
        ({"cheap": cheap, "budget": 100, "target": 0.9}, "cheap: runs that are chosen in batches do not use it"),
        ({"cheap": other}, "cheap: its inputs must be those of the runs"),
    ):
        with pytest.raises((TypeError, ValueError), match=message):
            Surrogate.fit(dear, bounds, **more)
    assert dear.n == 0


def test_a_cheap_variant_over_another_space_is_refused():
    other = TransferSet.from_frame(MANY, cheap(MANY[:, 0]), space=[(0.0, 2.0)])
    with pytest.raises(ValueError, match="cheap: its inputs must be those of the runs"):
        Surrogate.from_runs(FEW, expensive(FEW[:, 0]), [(0.0, 1.0)], cheap=Surrogate.from_runs(other))


def test_an_unrelated_cheap_variant_does_no_harm():
    X = qmc.LatinHypercube(2, rng=0).random(30)
    y = np.sin(3 * X[:, 0]) + X[:, 1]
    noise = GaussianProcess(n_starts=1).fit(
        np.random.default_rng(1).random((40, 2)), np.random.default_rng(2).random(40)
    )
    fresh = np.random.default_rng(3).random((200, 2))
    model = MultiFidelity(noise.record_).fit(X, y)
    assert np.mean((model.predict(fresh) - np.sin(3 * fresh[:, 0]) - fresh[:, 1]) ** 2) < 1e-2
