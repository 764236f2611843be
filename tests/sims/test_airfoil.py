"""The flow round a wing section is the exact one, as far as panels resolve it."""

from __future__ import annotations

import numpy as np
import pytest

from sims.pde import Airfoil
from sims.pde.airfoil import panel_flow, section

# XFOIL 6.99, inviscid, on the same 161 corners: lift from its surface speeds.
XFOIL = [((0.0, 0.4, 0.12), 4.0, 0.48260), ((0.02, 0.4, 0.12), 4.0, 0.74157), ((0.04, 0.4, 0.12), 8.0, 1.47621)]


def camber_line(x, camber, position):
    """Slope of the camber line, from the definition in NACA Report 460."""
    return np.where(x < position, 2 * camber / position**2, 2 * camber / (1 - position) ** 2) * (position - x)


def circle(panels):
    turn = -np.linspace(0.0, 2 * np.pi, panels + 1)
    return np.column_stack([np.cos(turn), np.sin(turn)]), 0.5 * (turn[1:] + turn[:-1])


def karman_trefftz(panels, angle, centre=-0.1 + 0.08j, power=1.94):
    """Corners of a section of chord 1 with a trailing edge of 10.8 degrees, its exact Cp at the panels and its lift."""
    radius, alpha = abs(1 - centre), np.radians(angle)
    beta = np.arcsin(centre.imag / radius)
    turn = -np.linspace(0.0, 2 * np.pi, panels + 1) - beta
    at = centre + radius * np.exp(1j * turn[1:-1])
    ratio = ((at - 1) / (at + 1)) ** power
    z = np.concatenate([[power], power * (1 + ratio) / (1 - ratio), [power]])
    chord = z.real.max() - z.real.min()
    z = (z - z.real.min()) / chord

    at = centre + radius * np.exp(0.5j * (turn[1:] + turn[:-1]))
    ring = at - centre
    velocity = np.exp(-1j * alpha) - radius**2 * np.exp(1j * alpha) / ring**2
    velocity += 2j * radius * np.sin(alpha + beta) / ring
    slope = 4 * power**2 * (at**2 - 1) ** (power - 1) / ((at + 1) ** power - (at - 1) ** power) ** 2
    exact = 1 - np.abs(velocity / slope) ** 2
    return np.column_stack([z.real, z.imag]), exact, 8 * np.pi * radius * np.sin(alpha + beta) / chord


def test_a_cylinder_with_circulation_has_the_exact_pressure():
    corners, turn = circle(160)
    flow = panel_flow(corners, 5.0)
    # The flow leaves at the angle 0: speed 2 sin(turn - alpha) + 2 sin(alpha), lift 8 pi sin(alpha) for the radius 1.
    exact = 1 - (2 * np.sin(turn - np.radians(5)) + 2 * np.sin(np.radians(5))) ** 2
    assert np.abs(flow.Cp - exact).max() < 3e-4
    assert flow.lift == pytest.approx(8 * np.pi * np.sin(np.radians(5)), rel=2e-4)


def test_a_karman_trefftz_section_has_the_exact_pressure_and_lift():
    corners, exact, lift = karman_trefftz(160, 5.0)
    flow = panel_flow(corners, 5.0)
    assert flow.lift == pytest.approx(lift, rel=3e-4)
    assert np.abs(flow.Cp - exact).max() < 0.01
    assert np.abs(flow.Cp - exact)[8:-8].max() < 2e-3


def test_the_error_falls_with_the_square_of_the_panels():
    errors = []
    for panels in (40, 80, 160):
        corners, _, lift = karman_trefftz(panels, 5.0)
        errors.append(abs(panel_flow(corners, 5.0).lift - lift))
    assert np.log2(np.array(errors[:-1]) / errors[1:]) == pytest.approx([2.0, 2.0], abs=0.15)


@pytest.mark.parametrize(("shape", "angle", "lift"), XFOIL)
def test_xfoil_gives_the_same_lift(shape, angle, lift):
    run = Airfoil()(**dict(zip(("camber", "camber_position", "thickness"), shape, strict=True)), angle=angle)
    assert run["lift"] == pytest.approx(lift, abs=2e-5)


def test_xfoil_gives_the_same_pressure():
    # NACA 4412 at 8 degrees, panels from the lower side's rear to the upper side's; 1 - (mean speed of the ends)^2.
    panels = [8, 24, 40, 60, 78, 82, 100, 120, 140, 152]
    pressure = [0.29776, 0.28920, 0.33818, 0.50605, -0.39575, -3.59296, -1.88042, -0.92875, -0.24497, 0.14342]
    run = Airfoil()(camber=0.04, camber_position=0.4, thickness=0.12, angle=8.0)
    assert run["Cp"][panels] == pytest.approx(np.array(pressure), abs=3e-5)


@pytest.mark.parametrize("thickness", [0.06, 0.12, 0.18])
def test_the_lift_slope_is_that_of_thin_airfoil_theory_with_thickness(thickness):
    flows = [Airfoil()(camber=0.0, camber_position=0.4, thickness=thickness, angle=angle) for angle in (-1.0, 1.0)]
    slope = (flows[1]["lift"] - flows[0]["lift"]) / np.radians(2.0)
    assert slope == pytest.approx(2 * np.pi * (1 + 0.77 * thickness), rel=0.015)
    assert flows[0]["lift"] == pytest.approx(-flows[1]["lift"], rel=1e-6)


@pytest.mark.parametrize(("camber", "position"), [(0.02, 0.4), (0.04, 0.4), (0.03, 0.6)])
def test_a_thin_cambered_section_has_the_zero_lift_angle_and_moment_of_thin_airfoil_theory(camber, position):
    # Glauert's integrals over the camber line: lift 2 pi (alpha - alpha0), moment pi (A2 - A1) / 4.
    turn = (np.arange(20_000) + 0.5) * np.pi / 20_000
    slope = camber_line(0.5 * (1 - np.cos(turn)), camber, position)
    alpha0 = -np.mean(slope * (np.cos(turn) - 1))
    moment = np.pi / 4 * 2 * np.mean(slope * (np.cos(2 * turn) - np.cos(turn)))
    flow = panel_flow(section(camber, position, 0.01, panels=200), np.degrees(alpha0))
    assert flow.lift == pytest.approx(0.0, abs=0.006)
    assert flow.moment == pytest.approx(moment, rel=0.03)


def test_the_flow_leaves_the_trailing_edge_with_one_speed():
    run = Airfoil()(camber=0.04, camber_position=0.4, thickness=0.12, angle=6.0)
    assert run["Cp"][0] == pytest.approx(run["Cp"][-1], abs=0.01)
    assert 0 < run["Cp"][0] < 1


def test_an_ideal_fluid_has_no_drag_and_pressure_carries_the_lift():
    corners = section(0.04, 0.4, 0.12)
    flow = panel_flow(corners, 8.0)
    push = -1j * np.sum(flow.Cp * np.diff(corners[:, 0] + 1j * corners[:, 1])) * np.exp(-1j * np.radians(8.0))
    assert push.real == pytest.approx(0.0, abs=1e-4)
    assert push.imag == pytest.approx(flow.lift, rel=1e-3)


def test_sections_have_the_thickness_and_camber_that_were_asked_for():
    corners = section(0.0, 0.4, 0.12, panels=400)
    assert 2 * corners[:, 1].max() == pytest.approx(0.12, rel=3e-3)
    assert corners[corners[:, 1].argmax(), 0] == pytest.approx(0.3, abs=0.01)
    assert corners[[0, -1]] == pytest.approx(np.array([[1.0, 0.0]] * 2), abs=1e-12)
    line = section(0.04, 0.4, 0.0, panels=400)
    assert line[:, 1].max() == pytest.approx(0.04, rel=1e-4)
    assert line[line[:, 1].argmax(), 0] == pytest.approx(0.4, abs=0.01)


def test_the_lift_and_the_pressure_are_resolved_by_the_default_panels():
    inputs = {"camber": 0.06, "camber_position": 0.2, "thickness": 0.06, "angle": 10.0}
    given, fine = Airfoil()(**inputs), Airfoil(panels=400)(**inputs)
    assert given["lift"] == pytest.approx(fine["lift"], rel=1e-3)
    assert given["moment"] == pytest.approx(fine["moment"], abs=5e-4)


def test_an_odd_number_of_panels_is_refused():
    with pytest.raises(ValueError, match="even number of at least 10, got 161"):
        Airfoil(panels=161)
