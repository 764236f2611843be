"""Partial differential equations as simulators: exact solutions, observed orders, failures that say why."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import simpson

from sims.adapters import PDE, Grid
from sims.pde import Burgers, Heat
from surrogate.simulation import SimulationFailed

# --- the grid


@pytest.mark.parametrize("boundary", ["periodic", "insulated"])
def test_derivatives_converge_with_order_two_up_to_the_boundary(boundary):
    def worst(cells):
        grid = Grid((0.0, 1.0), cells, boundary)
        wave = np.cos(2 * np.pi * grid.x)
        first = np.abs(grid.first(wave) + 2 * np.pi * np.sin(2 * np.pi * grid.x)).max()
        second = np.abs(grid.second(wave) + 4 * np.pi**2 * wave).max()
        return np.array([first, second])

    assert np.log2(worst(40) / worst(80)) == pytest.approx(2.0, abs=0.02)


def test_derivatives_follow_their_axis_on_a_rectangle():
    grid = Grid(((0.0, 1.0), (0.0, 3.0)), (20, 60), "fixed")
    u = grid.x**2 + 5 * grid.y**2
    inside = np.s_[1:-1, 1:-1]
    assert grid.first(u, 0)[inside] == pytest.approx(2 * grid.x[inside])
    assert grid.first(u, 1)[inside] == pytest.approx(10 * grid.y[inside])
    assert grid.laplacian(u)[inside] == pytest.approx(12.0)
    assert grid.laplacian(np.stack([u, 2 * u]))[1][inside] == pytest.approx(24.0)


@given(cells=st.integers(2, 40).map(lambda n: 2 * n), boundary=st.sampled_from(["fixed", "insulated", "periodic"]))
@settings(max_examples=30, deadline=None)
def test_refined_grids_share_every_second_node(cells, boundary):
    grid = Grid(((-1.0, 2.0), (0.0, 1.0)), (cells, 4), boundary)
    fine = grid.refined()
    assert fine.x[::2, ::2] == pytest.approx(grid.x)
    assert fine.coarsened() == grid


def test_integrals_are_exact_for_what_the_trapezoidal_rule_integrates():
    assert Grid(((0.0, 2.0), (0.0, 3.0)), (4, 4)).integral(np.ones((5, 5))) == pytest.approx(6.0)
    closed = Grid((0.0, 1.0), 16, "periodic")
    assert closed.integral(np.sin(2 * np.pi * closed.x) ** 2) == pytest.approx(0.5)


@pytest.mark.parametrize("boundary", ["fixed", "periodic"])
@pytest.mark.parametrize(("cells", "reach"), [(4, 1), (8, 2), (6, 5)])
def test_a_node_depends_on_the_neighbours_within_reach(boundary, cells, reach):
    grid = Grid((0.0, 1.0), cells, boundary)
    n = grid.shape[0]
    distance = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    if boundary == "periodic":
        distance = np.minimum(distance, n - distance)
    assert np.array_equal(grid.sparsity(1, reach).toarray() != 0, distance <= reach)
    assert np.array_equal(grid.sparsity(2, reach).toarray()[:n, n:] != 0, distance <= reach)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (((1.0, 0.0), 10), "limits must be"),
        (((0.0, 1.0), 7), "cells must be an even number"),
        (((0.0, 1.0), (10, 10)), "cells must be an even number"),
        (((0.0, 1.0), 10, "open"), "boundary must be one of fixed, insulated, periodic"),
    ],
)
def test_a_wrong_grid_is_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        Grid(*arguments)


# --- the adapter


def mode(cells=16, method="BDF", **options):
    """Heat in the unit square with a cold rim, from one mode that decays by exp(-5 pi^2 diffusivity t)."""
    return PDE(
        lambda t, u, grid, diffusivity: diffusivity * grid.laplacian(u),
        lambda grid, diffusivity: np.sin(np.pi * grid.x) * np.sin(2 * np.pi * grid.y),
        {"diffusivity": (0.1, 1.0)},
        {
            "u": lambda solution: solution.final,
            "quarter": lambda s: s.final[s.grid.shape[0] // 2, s.grid.shape[1] // 4],
        },
        Grid(((0.0, 1.0), (0.0, 1.0)), (cells, cells), "fixed"),
        (0.0, 0.02),
        method=method,
        rtol=1e-9,
        atol=1e-12,
        **options,
    )


@pytest.mark.parametrize("method", ["BDF", "Radau", "RK45", "LSODA"])
def test_a_mode_decays_at_its_analytic_rate(method):
    assert mode(32, method)(diffusivity=1.0)["quarter"] == pytest.approx(np.exp(-5 * np.pi**2 * 0.02), rel=5e-3)


def test_the_check_finds_the_true_error_and_order():
    table = mode(16).check(diffusivity=1.0)
    true = abs(mode(16)(diffusivity=1.0)["quarter"] - np.exp(-5 * np.pi**2 * 0.02))
    assert table["order"].to_numpy() == pytest.approx([2.0, 2.0], abs=0.05)
    assert table.loc["quarter", "error"] == pytest.approx(true, rel=0.1)
    assert table.loc["u", "scale"] == pytest.approx(np.exp(-5 * np.pi**2 * 0.02), rel=0.05)


def test_the_check_refuses_an_output_that_follows_the_grid_in_its_own_way():
    rod = PDE(
        lambda t, u, grid, a: a * grid.laplacian(u),
        lambda grid, a: np.sin(np.pi * grid.x),
        {"a": (0.1, 1.0)},
        {"inner": lambda solution: solution.final[1:-1]},
        Grid((0.0, 1.0), 16),
        (0.0, 0.1),
    )
    with pytest.raises(ValueError, match=r"outputs\['inner'\]: its shape \(15,\) follows the grid"):
        rod.check(a=0.5)


@pytest.mark.parametrize("boundary", ["insulated", "periodic"])
def test_nothing_leaves_a_closed_domain(boundary):
    closed = PDE(
        lambda t, u, grid, a: a * grid.laplacian(u),
        lambda grid, a: np.exp(-20 * (grid.x - 0.3) ** 2),
        {"a": (0.1, 1.0)},
        {"loss": lambda s: float(s.grid.integral(s.final) - s.grid.integral(s.start))},
        Grid((0.0, 1.0), 40, boundary),
        (0.0, 0.5),
    )
    assert closed(a=1.0)["loss"] == pytest.approx(0.0, abs=1e-6)


def test_coupled_quantities_are_stacked_on_the_first_axis():
    def rhs(t, u, grid, rate):
        return np.stack([-rate * u[0], rate * u[0]])

    pair = PDE(
        rhs,
        lambda grid, rate: np.stack([np.ones(grid.shape), np.zeros(grid.shape)]),
        {"rate": (0.1, 1.0)},
        {"u": lambda solution: solution.final},
        Grid((0.0, 1.0), 8, "periodic"),
        (0.0, 1.0),
    )
    u = pair(rate=1.0)["u"]
    assert u.shape == (2, 8)
    assert u[0] == pytest.approx(np.exp(-1), abs=1e-5)
    assert u.sum(axis=0) == pytest.approx(1.0)


def test_fields_between_start_and_end_are_interpolated():
    solution = mode(16).solution(diffusivity=1.0)
    halfway = solution.at(0.01)[8, 4]
    assert halfway**2 == pytest.approx(solution.final[8, 4], rel=1e-5)
    with pytest.raises(SimulationFailed, match=r"t=1 was asked for, but the solution runs from 0 to 0\.02"):
        solution.at(1.0)


def test_a_blow_up_is_a_failure_and_never_a_number():
    # du/dt = u_xx + rate u^2 with a large start blows up in finite time (Fujita 1966).
    explosion = PDE(
        lambda t, u, grid, rate: grid.laplacian(u) + rate * u**2,
        lambda grid, rate: 50 * np.sin(np.pi * grid.x),
        {"rate": (1.0, 10.0)},
        {"u": lambda solution: solution.final},
        Grid((0.0, 1.0), 20),
        (0.0, 1.0),
    )
    with pytest.raises(SimulationFailed, match="BDF stopped at t=0.0"):
        explosion(rate=5.0)


def test_a_start_of_the_wrong_shape_is_named():
    wrong = PDE(
        lambda t, u, grid, a: u, lambda grid, a: np.ones(3), {"a": (0, 1)}, {"u": len}, Grid((0.0, 1.0), 8), (0.0, 1.0)
    )
    with pytest.raises(ValueError, match=r"initial must return an array of shape \(9,\)"):
        wrong(a=0.5)


# --- Burgers


def cole_hopf(x, t, viscosity, amplitude, drift):
    """Exact solution for u(x, 0) = drift - amplitude sin(pi x), by Gauss-Hermite quadrature (Basdevant et al. 1986)."""
    z, w = np.polynomial.hermite.hermgauss(200)
    y = (x - drift * t)[:, None] - np.sqrt(4 * viscosity * t) * z
    weight = w * np.exp(-amplitude / (2 * np.pi * viscosity) * (np.cos(np.pi * y) + 1))
    return drift - amplitude * (np.sin(np.pi * y) * weight).sum(axis=1) / weight.sum(axis=1)


@pytest.mark.parametrize(
    ("viscosity", "amplitude", "drift", "error"),
    [(0.2, 0.5, -0.5, 1e-4), (0.1, 1.0, 0.0, 1e-4), (0.02, 1.5, 0.5, 4e-3)],
)
def test_burgers_meets_the_exact_solution(viscosity, amplitude, drift, error):
    burgers = Burgers()
    u = burgers(viscosity=viscosity, amplitude=amplitude, drift=drift)["u"]
    assert u == pytest.approx(cole_hopf(burgers.grid.x, 1.0, viscosity, amplitude, drift), abs=error)


def test_burgers_estimates_its_true_error():
    hardest = {"viscosity": 0.02, "amplitude": 1.5, "drift": 0.5}
    burgers = Burgers()
    true = np.abs(burgers(**hardest)["u"] - cole_hopf(burgers.grid.x, 1.0, **hardest)).max()
    table = burgers.check(**hardest)
    assert table.loc["u", "error"] == pytest.approx(true, rel=0.2)
    assert table.loc["u", "order"] == pytest.approx(2.0, abs=0.1)


def test_energy_falls_by_what_is_dissipated():
    # d(energy)/dt = -dissipation, differenced over two nearby viscous runs of the same wave.
    solution = Burgers().solution(viscosity=0.05, amplitude=1.0, drift=0.2)
    energy = [float(np.mean(0.5 * solution.at(t) ** 2)) for t in (0.99, 1.0)]
    dissipated = Burgers()(viscosity=0.05, amplitude=1.0, drift=0.2)["dissipation"]
    assert (energy[0] - energy[1]) / 0.01 == pytest.approx(dissipated, rel=0.02)


def test_the_shock_is_as_steep_as_published():
    # Basdevant et al. (1986), table 2: viscosity 0.01/pi, largest slope 152.00516 at t = 1.6037/pi.
    shock = PDE(
        lambda t, u, grid, viscosity: viscosity * grid.second(u) - grid.first(0.5 * u**2),
        lambda grid, viscosity: -np.sin(np.pi * grid.x),
        {"viscosity": (0.001, 0.01)},
        {"slope": lambda solution: -float(solution.grid.first(solution.final).min())},
        Grid((-1.0, 1.0), 8192, "periodic"),
        (0.0, 1.6037 / np.pi),
    )
    assert shock(viscosity=0.01 / np.pi)["slope"] == pytest.approx(152.00516, rel=3e-3)


# --- Heat


def series(x, centre, width, diffusivity, t):
    """One factor of the exact temperature: the sine series of a Gaussian on [0, 0.1], each mode decayed."""
    fine = np.linspace(0.0, 0.1, 4001)
    spot = np.exp(-((fine - centre) ** 2) / (2 * width**2))
    total = np.zeros_like(x)
    for m in range(1, 60):
        coefficient = 2 / 0.1 * simpson(spot * np.sin(m * np.pi * fine / 0.1), x=fine)
        total += coefficient * np.exp(-diffusivity * (m * np.pi / 0.1) ** 2 * t) * np.sin(m * np.pi * x / 0.1)
    return total


@pytest.mark.parametrize(
    ("diffusivity", "x0", "y0", "width"),
    [(1e-4, 0.05, 0.05, 0.01), (1e-5, 0.03, 0.06, 0.006), (3e-5, 0.07, 0.03, 0.012)],
)
def test_the_plate_cools_like_its_sine_series(diffusivity, x0, y0, width):
    heat = Heat()
    line = np.linspace(0.0, 0.1, 41)
    exact = 100 * np.outer(series(line, x0, width, diffusivity, 5.0), series(line, y0, width, diffusivity, 5.0))
    answer = heat(diffusivity=diffusivity, x0=x0, y0=y0, width=width)
    assert answer["temperature"] == pytest.approx(exact, abs=0.01 * exact.max())
    assert answer["middle"] == answer["temperature"][20, 20]
    assert 0 < answer["retained"] < 1


def test_the_plate_estimates_its_true_error():
    point = {"diffusivity": 1e-4, "x0": 0.05, "y0": 0.05, "width": 0.01}
    exact = 100 * float(np.prod([series(np.array([0.05]), 0.05, 0.01, 1e-4, 5.0)[0]] * 2))
    table = Heat().check(**point)
    assert table.loc["middle", "error"] == pytest.approx(abs(Heat()(**point)["middle"] - exact), rel=0.1)
    assert table.loc["middle", "order"] == pytest.approx(2.0, abs=0.05)
