"""Ordinary differential equations as simulators: right answers, and failures that say why."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import lambertw

from sims.adapters import ODE, Event
from sims.ode import SEIR, Robertson
from surrogate.simulation import SimulationFailed


def oscillator(**options):
    """A frictionless oscillator from rest at 1: position cos(t sqrt(stiffness))."""
    return ODE(
        lambda t, y, stiffness: [y[1], -stiffness * y[0]],
        [1.0, 0.0],
        {"stiffness": (1.0, 4.0)},
        options.pop("outputs", {"end": lambda trajectory: trajectory.final("position")}),
        (0.0, 2.0),
        states=("position", "speed"),
        **options,
    )


@pytest.mark.parametrize("method", ["RK45", "DOP853", "RK23", "Radau", "BDF", "LSODA"])
def test_every_method_meets_the_exact_solution(method):
    assert oscillator(method=method)(stiffness=4.0)["end"] == pytest.approx(np.cos(4.0), abs=1e-4)


def test_tighter_tolerances_bring_smaller_errors():
    errors = [abs(oscillator(rtol=10.0**-k, atol=1e-14)(stiffness=4.0)["end"] - np.cos(4.0)) for k in (3, 6, 9)]
    assert errors[0] > 10 * errors[1] > 100 * errors[2]


def test_an_output_may_be_a_sampled_series():
    times = np.linspace(0.0, 2.0, 21)
    run = oscillator(outputs={"position": lambda trajectory: trajectory.at(times, "position")}, rtol=1e-8)
    assert run(stiffness=1.0)["position"] == pytest.approx(np.cos(times), abs=1e-6)


def test_events_are_found_where_they_are():
    zero = oscillator(events={"zero": lambda t, y, stiffness: y[0]}, rtol=1e-10)
    trajectory = zero.trajectory(stiffness=4.0)
    assert trajectory.events["zero"] == pytest.approx([np.pi / 4], abs=1e-8)
    assert trajectory.event_states["zero"][0] == pytest.approx([0.0, -2.0], abs=1e-6)
    assert trajectory.t[-1] == 2.0


def test_an_event_that_never_happens_is_an_empty_list():
    trajectory = oscillator(events={"high": lambda t, y, stiffness: y[0] - 2.0}).trajectory(stiffness=1.0)
    assert trajectory.events["high"].shape == (0,)
    assert trajectory.event_states["high"].shape == (0, 2)


def test_a_terminal_event_is_a_regular_end():
    ends = oscillator(events={"zero": Event(lambda t, y, stiffness: y[0], terminal=True)})
    assert ends(stiffness=4.0)["end"] == pytest.approx(0.0, abs=1e-9)


def test_a_series_beyond_the_end_is_a_failure_not_an_extrapolation():
    ends = oscillator(
        events={"zero": Event(lambda t, y, stiffness: y[0], terminal=True)},
        outputs={"late": lambda trajectory: trajectory.at([1.0], "position")},
    )
    with pytest.raises(SimulationFailed, match=r"t=1 was asked for, but the trajectory runs from 0 to 0\.785"):
        ends(stiffness=4.0)


def test_the_initial_state_may_depend_on_the_parameters():
    decay = ODE(
        lambda t, y, rate, start: -rate * y,
        lambda rate, start: [start],
        {"rate": (0.1, 1.0), "start": (1.0, 2.0)},
        {"y": lambda trajectory: trajectory["y1"][-1]},
        (0.0, 1.0),
    )
    assert decay(rate=0.5, start=2.0)["y"] == pytest.approx(2.0 * np.exp(-0.5), rel=1e-6)


def growth(**options):
    """dy/dt = y^2 from 1: blows up at t = 1."""
    return ODE(
        lambda t, y, rate: rate * y**2, [1.0], {"rate": (0.5, 2.0)}, {"y": lambda t: t.final("y1")}, (0, 2), **options
    )


@pytest.mark.parametrize("method", ["RK45", "DOP853", "Radau", "BDF", "LSODA"])
def test_a_blow_up_is_a_failure_and_never_a_number(method):
    with pytest.raises(SimulationFailed, match=method):
        growth(method=method, max_evaluations=20_000)(rate=1.0)


def test_an_explicit_method_on_a_stiff_problem_stops_and_says_what_to_do():
    stiff = ODE(
        lambda t, y, rate: -rate * (y - np.cos(t)),
        [0.0],
        {"rate": (1e5, 1e7)},
        {"y": lambda trajectory: trajectory.final("y1")},
        (0.0, 10.0),
        max_evaluations=5_000,
    )
    with pytest.raises(SimulationFailed, match="more than 5000 evaluations and reached .* method='Radau'"):
        stiff(rate=1e6)


def test_an_initial_state_that_is_not_finite_is_a_failure():
    bad = ODE(lambda t, y, a: -y, lambda a: [a / 0.0 if a else np.inf], {"a": (0, 1)}, {"y": len}, (0, 1))
    with pytest.raises(SimulationFailed, match="initial state is not finite"):
        bad(a=0.0)


def test_missing_and_unknown_parameters_are_named():
    with pytest.raises(TypeError, match="missing stiffness; unknown stifness. Give by name: stiffness"):
        oscillator()(stifness=1.0)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"method": "Euler"}, ValueError, "method must be one of RK45"),
        ({"rtol": 0.0}, ValueError, "must be above 0"),
        ({"max_evaluations": 0}, ValueError, "must be above 0"),
        ({"outputs": {}}, TypeError, "outputs must map"),
        ({"outputs": {"y": 3}}, TypeError, r"outputs\['y'\] must be a function"),
        ({"events": {"zero": 3}}, TypeError, "condition must be a function"),
    ],
)
def test_wrong_arguments_are_refused_at_the_door(options, error, words):
    with pytest.raises(error, match=words):
        oscillator(**options)


@pytest.mark.parametrize("span", [(1.0, 0.0), (0.0, np.inf), (0.0, 0.0)])
def test_an_empty_or_infinite_span_is_refused(span):
    with pytest.raises(ValueError, match="span must be two finite times"):
        ODE(lambda t, y, a: y, [1.0], {"a": (0, 1)}, {"y": len}, span)


def test_names_of_states_must_fit_their_number():
    wrong = ODE(lambda t, y, a: y, [1.0], {"a": (0, 1)}, {"y": len}, (0, 1), states=("one", "two"))
    with pytest.raises(ValueError, match="states: 2 names for 1 initial values"):
        wrong(a=0.5)


# --- SEIR


@pytest.mark.parametrize("R0", [1.5, 2.5, 4.0])
@pytest.mark.parametrize(("latent", "infectious"), [(2.0, 10.0), (7.0, 2.0)])
def test_the_attack_rate_obeys_the_final_size_equation(R0, latent, infectious):
    # log(S0 / S) = R0 (1 - S) has the solution S = -W(-R0 S0 exp(-R0)) / R0.
    exposed = 1e-4
    S = float(-lambertw(-R0 * (1 - exposed) * np.exp(-R0)).real / R0)
    answer = SEIR()(R0=R0, latent_period=latent, infectious_period=infectious, exposed=exposed)
    assert answer["attack_rate"] == pytest.approx(1 - S, rel=1e-6)


def test_the_epidemic_keeps_its_course_when_time_is_rescaled():
    quick = SEIR()(R0=2.5, latent_period=2.0, infectious_period=4.0, exposed=1e-4)
    slow = SEIR()(R0=2.5, latent_period=4.0, infectious_period=8.0, exposed=1e-4)
    assert slow["peak"] == pytest.approx(quick["peak"], rel=1e-6)
    assert slow["peak_day"] == pytest.approx(2 * quick["peak_day"], rel=1e-6)


def test_the_epidemic_grows_at_the_rate_of_its_linearisation():
    # (r + 1/latent) (r + 1/infectious) = R0 / (latent infectious); ten times fewer exposed peak log(10) / r later.
    latent, infectious, R0 = 3.0, 5.0, 2.5
    rate = np.roots([1, 1 / latent + 1 / infectious, (1 - R0) / (latent * infectious)]).max()
    days = [
        SEIR()(R0=R0, latent_period=latent, infectious_period=infectious, exposed=e)["peak_day"] for e in (1e-5, 1e-6)
    ]
    assert days[1] - days[0] == pytest.approx(np.log(10) / rate, rel=1e-3)


# --- Robertson


@pytest.mark.parametrize(
    ("end", "published", "digits"),
    [
        # SUNDIALS, documented output of cvRoberts_dns and idaRoberts_dns (tolerance 1e-4).
        (4e-1, (9.8517e-1, 3.3864e-5, 1.4796e-2), 1e-3),
        (4e1, (7.1583e-1, 9.1855e-6, 2.8416e-1), 1e-3),
        (4e3, (1.8320e-1, 8.942e-7, 8.1680e-1), 1e-3),
        (4e5, (4.9383e-3, 1.9850e-8, 9.9506e-1), 1e-3),
        # Test Set for IVP Solvers (Mazzia and Magherini 2008), reference solution of ROBER.
        (1e11, (0.2083340149701255e-7, 0.8333360770334713e-13, 0.9999999791665050), 1e-6),
    ],
)
def test_robertson_reaches_the_published_concentrations(end, published, digits):
    answer = Robertson(end)(k1=0.04, k2=3e7, k3=1e4)
    assert [answer["A"], answer["B"], answer["C"]] == pytest.approx(published, rel=digits)
