"""The smart grid is the published one: its roots, its data set, its shares of stable grids."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import binomtest, qmc

from sims.policy import SmartGrid, SymmetricSmartGrid
from sims.policy.smart_grid import growth_rate
from surrogate.simulation import SimulationFailed

# Rows of the Electrical Grid Stability Simulated Data Set (Arzamasov 2018, UCI, CC BY 4.0):
# tau1-tau4, P2-P4, g1-g4, and the published largest real part.
PUBLISHED = [
    "2.959060025 3.079885204 8.381025392 9.780754432 -0.782603631 -1.25739483 -1.723086311 "
    "0.650456461 0.859578106 0.887444921 0.958033988 0.055347489",
    "9.304097235 4.902524112 3.047540728 1.369357355 -1.940058427 -1.872741686 -1.255011992 "
    "0.413440568 0.862414076 0.562139051 0.781759911 -0.005957464",
    "8.971706909 8.848428421 3.046478749 1.214518138 -1.207455592 -1.277210147 -0.920492441 "
    "0.163041039 0.766688657 0.839444015 0.109853245 0.003470879",
    "0.716414776 7.669599644 4.486640831 2.340562984 -1.027473304 -1.938944153 -0.997373606 "
    "0.446208907 0.976744083 0.929380523 0.362717774 0.028870543",
    "6.999208709 9.109246716 3.784065909 4.267787603 -1.857139177 -0.670396827 -1.902132818 "
    "0.261792854 0.077929672 0.542883859 0.469931041 -0.017384907",
    "0.630115537 1.491366701 3.456795828 5.006208297 -1.973317065 -1.988162605 -0.597328262 "
    "0.304360775 0.296415151 0.222007389 0.177922477 -0.05277114",
    "6.587743076 8.552775225 6.716960737 7.917409039 -1.416243792 -0.752603758 -1.71984908 "
    "0.543917338 0.58477645 0.970892779 0.727172229 0.089072572",
]


def stable(simulator, points):
    X = simulator.space.from_unit(points)
    rates = np.array([simulator(**row)["growth_rate"] for row in X.to_dict("records")])
    return rates, int((rates < 0).sum())


@pytest.mark.parametrize("row", PUBLISHED)
def test_rows_of_the_public_data_set_are_reproduced(row):
    *inputs, published = map(float, row.split())
    answer = SmartGrid()(**dict(zip(SmartGrid.space.names, inputs, strict=True)))
    assert answer["growth_rate"] == pytest.approx(published, abs=1e-9)


def test_doubling_the_order_changes_nothing():
    X = SmartGrid.space.from_unit(qmc.Halton(11, seed=1).random(12)).to_numpy()
    for x in X:
        arguments = x[4:7], x[:4], np.full(4, 2.0), x[7:]
        assert growth_rate(*arguments) == pytest.approx(growth_rate(*arguments, refinement=2.0), abs=1e-8)


def characteristic(x, power, tau, averaging, g):
    """Determinant of the linearised delay equation, with all nodes written out; divided by its trivial root."""
    n = len(tau)
    matrix = np.zeros((n, n), dtype=complex)
    for j in range(n):
        matrix[j, j] = x**2 + 0.1 * x + g[j] / averaging[j] * np.exp(-x * tau[j]) * (1 - np.exp(-x * averaging[j]))
    for j in range(1, n):
        strength = 8.0 * np.cos(np.arcsin(-power[j - 1] / 8.0))
        matrix[[0, j, 0, j], [0, j, j, 0]] += np.array([strength, strength, -strength, -strength])
    return np.linalg.det(matrix) / x


def test_newton_on_the_characteristic_equation_finds_no_other_growth_rate(monkeypatch):
    # The complex roots behind the answer, taken on their way through numpy.
    seen = []
    solve = np.linalg.eigvals
    monkeypatch.setattr(np.linalg, "eigvals", lambda matrix: seen.append(solve(matrix)) or seen[-1])
    X = SymmetricSmartGrid.space.from_unit(qmc.Halton(12, seed=2).random(12)).to_numpy()
    for x in X:
        arguments = -np.ones(3), x[:4], x[4:8], x[8:]
        rate = growth_rate(*arguments)
        root = seen[-1][np.argmin(np.abs(seen[-1].real - rate))]
        for _ in range(3):
            slope = characteristic(root + 1e-6, *arguments) - characteristic(root - 1e-6, *arguments)
            root = root - 2e-6 * characteristic(root, *arguments) / slope
        assert root.real == pytest.approx(rate, abs=1e-9)


def test_no_root_lies_to_the_right_of_the_answer():
    # Argument principle: the number of roots in a rectangle is the winding number of the equation along its rim. The
    # trivial root, which was divided out, does not count.
    x = dict(zip(SmartGrid.space.names, map(float, PUBLISHED[1].split()), strict=False))
    values = np.array(list(x.values()))
    arguments = values[4:7], values[:4], np.full(4, 2.0), values[7:]
    rate = SmartGrid()(**x)["growth_rate"]
    for left, expected in ((rate + 1e-3, 0), (rate - 1e-3, 2)):
        corners = np.array([left - 8j, 1 - 8j, 1 + 8j, left + 8j, left - 8j])
        rim = np.concatenate([np.linspace(a, b, 4000, endpoint=False) for a, b in pairwise(corners)])
        phases = np.angle([characteristic(point, *arguments) for point in rim])
        winding = np.sum((np.diff(np.append(phases, phases[0])) + np.pi) % (2 * np.pi) - np.pi) / (2 * np.pi)
        assert round(winding) == expected


def test_without_delay_feedback_the_grid_is_a_damped_pendulum():
    # With g = 0 every mode obeys x^2 + a x + k = 0 with a k of the Laplacian, so that its real part is -a / 2.
    assert growth_rate([-1.0] * 3, [1.0] * 4, [2.0] * 4, [0.0] * 4) == pytest.approx(-0.05, abs=1e-10)


def test_a_consumer_beyond_its_line_is_a_failed_run():
    with pytest.raises(SimulationFailed, match="carries less than 8"):
        growth_rate([-9.0, -1.0, -1.0], [1.0] * 4, [2.0] * 4, [0.1] * 4)


@pytest.mark.parametrize(
    ("simulator", "published"),
    [(SmartGrid(), 0.362), (SymmetricSmartGrid(), 0.467), (SymmetricSmartGrid(rigid_producer=True), 0.5329)],
    ids=["data set", "symmetric", "rigid producer"],
)
def test_a_small_sample_has_the_published_share_of_stable_grids(simulator, published):
    _, count = stable(simulator, qmc.Halton(len(simulator.space), seed=0).random(200))
    interval = binomtest(count, 200).proportion_ci(0.999)
    assert interval.low < published < interval.high


@pytest.mark.slow
def test_the_data_set_has_its_share_of_stable_grids_and_its_range():
    rates, count = stable(SmartGrid(), np.random.default_rng(0).random((10_000, 11)))
    interval = binomtest(count, 10_000).proportion_ci(0.99)
    assert interval.low < 0.362 < interval.high
    assert rates.min() == pytest.approx(-0.081, abs=0.005)
    assert rates.max() == pytest.approx(0.109, abs=0.005)


@pytest.mark.slow
def test_the_symmetric_grid_has_its_share_of_stable_grids():
    _, count = stable(SymmetricSmartGrid(), np.random.default_rng(0).random((4000, 12)))
    interval = binomtest(count, 4000).proportion_ci(0.99)
    assert interval.low < 0.467 < interval.high


@pytest.mark.slow
def test_the_data_set_of_reds_is_reproduced_to_the_last_grid():
    # dsgc_sym of the R package reds: the first 10,000 points of the Halton sequence, 5,329 of them stable.
    points = qmc.Halton(12, scramble=False).random(10_001)[1:]
    _, count = stable(SymmetricSmartGrid(rigid_producer=True), points)
    assert count == 5329
