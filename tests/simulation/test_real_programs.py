"""Real programs as Model A, from the decks of the examples: XFOIL and GLPK."""

from __future__ import annotations

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linprog

from surrogate import LatinHypercube, Space, collect
from surrogate.simulation import Command, SimulationFailed, Status
from surrogate.simulation.command import command_from_dict

EXAMPLES = Path(__file__).parents[2] / "examples"


def needs(program, package):
    """Skip without the program, except where everything must be there."""
    if shutil.which(program) is None:
        assert os.environ.get("CI") != "true", f"{program} is missing; .ci/run installs {package}"
        pytest.skip(f"needs {program}: apt-get install {package}")


def study(folder):
    return tomllib.loads((folder / "study.toml").read_text(encoding="utf-8"))


def space_of(described):
    pairs = {
        name: tuple(v) if isinstance(v, list) else (v["low"], v["high"]) for name, v in described["bounds"].items()
    }
    return Space.from_bounds(pairs)


# The airflow round a wing's section


@pytest.fixture(scope="module")
def airfoil(tmp_path_factory):
    needs("xfoil", "xfoil")
    needs("gcc", "gcc")
    folder = tmp_path_factory.mktemp("examples") / "xfoil"
    shutil.copytree(EXAMPLES / "xfoil", folder)
    library = ["-o", folder / "deck" / "no_traps.so", folder / "no_traps.c"]
    subprocess.run(["gcc", "-shared", "-fPIC", *library], check=True)
    return folder


def xfoil(airfoil, **changed):
    return command_from_dict({**study(airfoil)["simulator"]["command"], **changed}, airfoil)


@pytest.mark.parametrize(
    ("camber", "thickness", "digits"), [(0.0, 0.12, "0012"), (0.02, 0.12, "2412"), (0.04, 0.15, "4415")]
)
def test_the_sections_of_the_template_fly_like_those_that_xfoil_makes(airfoil, camber, thickness, digits):
    described = study(airfoil)["simulator"]["command"]
    commands = f"PLOP\nG F\n\nNACA {digits}\nPANE\nOPER\nITER 200\nVISC 1e6\nPACC\npolar.txt\n\nALFA 4\nPACC\n\nQUIT\n"
    preload = {"LD_PRELOAD": str(airfoil / "deck" / "no_traps.so")}
    own = Command({"in": commands}, ["xfoil"], described["outputs"], stdin="in", environment=preload)()
    ours = xfoil(airfoil)(camber=camber, thickness=thickness, alpha=4.0, reynolds=1e6)
    assert ours == pytest.approx(own, rel=5e-4)


def test_lift_drag_and_moment_are_those_of_thin_airfoil_theory_and_of_the_wind_tunnel(airfoil):
    section = xfoil(airfoil)
    low, high = (section(camber=0.0, thickness=0.12, alpha=alpha, reynolds=3e6) for alpha in (0.0, 4.0))
    assert low["lift"] == pytest.approx(0.0, abs=1e-4)
    # Abbott and von Doenhoff (1959) measured 0.106 per degree; theory says 2 pi per radian, 0.110 per degree.
    assert (high["lift"] - low["lift"]) / 4 == pytest.approx(0.106, rel=0.05)
    # Between that of a flat plate whose flow is laminar (Blasius) and turbulent (Prandtl) all along both sides.
    assert 2 * 1.328 / 3e6**0.5 < low["drag"] < 2 * 0.074 / 3e6**0.2
    cambered = section(camber=0.02, thickness=0.12, alpha=0.0, reynolds=3e6)
    assert cambered["lift"] == pytest.approx(0.25, rel=0.1)  # NACA 2412, the same source
    assert cambered["moment"] == pytest.approx(-0.05, abs=0.01)


def test_past_stall_the_program_is_content_and_the_run_is_not(airfoil):
    with pytest.raises(SimulationFailed, match=r"(?s)polar.txt: there are no rows.*Convergence failed") as caught:
        xfoil(airfoil)(camber=0.02, thickness=0.12, alpha=25.0, reynolds=1e6)
    assert caught.value.status is Status.BAD_OUTPUT


def test_a_trap_that_is_not_disarmed_is_a_signal(airfoil):
    try:
        xfoil(airfoil, environment={})(camber=0.02, thickness=0.12, alpha=4.0, reynolds=1e6)
    except SimulationFailed as error:
        assert error.status is Status.SIGNAL  # Debian's build
        assert "xfoil was killed by SIGFPE" in str(error)


def test_a_study_of_the_airfoil_is_the_same_in_two_processes(airfoil):
    space = space_of(study(airfoil))
    design = LatinHypercube(12, seed=0)
    runs = [collect(xfoil(airfoil), space, design, executor=executor) for executor in (None, "processes")]
    assert len(runs[0]) == len(runs[1]) >= 10
    assert runs[0].X.equals(runs[1].X)
    assert runs[0].y.equals(runs[1].y)


# A linear programme


@pytest.fixture(scope="module")
def energy():
    needs("glpsol", "glpk-utils")
    described = study(EXAMPLES / "glpk")
    return command_from_dict(described["simulator"]["command"], EXAMPLES / "glpk"), space_of(described)


def least_cost(wind_cost, solar_cost, storage_cost, gas_price, growth, cap):
    """The same programme from the same numbers, written in matrices and solved by HiGHS; returns cost and emissions."""
    hours, days = np.arange(24), 365
    load = np.array([62, 58, 56, 55, 57, 63, 75, 88, 95, 97, 96, 95, 94, 92, 90, 90, 93, 100, 104, 102, 96, 87, 76, 67])
    wind, solar = 0.30 + 0.01 * abs(hours - 12), np.maximum(0, 0.8 * (1 - ((hours - 12) / 6) ** 2))
    available = [wind, solar, np.full(24, 0.95)]
    # Columns: wind, solar and gas built, storage built, then by hour wind, solar, gas, charge, discharge, level, unmet.
    identity, nothing, next_hour = np.eye(24), np.zeros((24, 24)), np.roll(np.eye(24), 1, axis=1)
    investment = [wind_cost, solar_cost, 60000, storage_cost]
    cost = np.concatenate([investment, days * np.repeat([0, 0, gas_price, 0, 0, 0, 10000], 24)])
    balance = np.hstack([np.zeros((24, 4)), identity, identity, identity, -identity, identity, nothing, identity])
    turn = np.hstack(
        [np.zeros((24, 4)), nothing, nothing, nothing, -0.85 * identity, identity, next_hour - identity, nothing]
    )
    at_most = []
    for i, share in enumerate(available):
        blocks = [identity if i == j else nothing for j in range(7)]
        at_most.append(np.hstack([-np.outer(share, np.arange(4) == i), *blocks]))
    blocks = [identity if j == 5 else nothing for j in range(7)]
    at_most.append(np.hstack([-np.outer(np.ones(24), np.arange(4) == 3), *blocks]))
    carbon = np.concatenate([np.zeros(4), days * np.repeat([0, 0, 0.37, 0, 0, 0, 0], 24)])
    solved = linprog(
        cost,
        A_ub=np.vstack([*at_most, carbon]),
        b_ub=np.concatenate([np.zeros(96), [cap]]),
        A_eq=np.vstack([balance, turn]),
        b_eq=np.concatenate([growth * load, np.zeros(24)]),
        method="highs",
    )
    assert solved.status == 0
    return solved.fun, carbon @ solved.x


def test_glpk_and_highs_agree_on_the_energy_system(energy):
    command, space = energy
    rows = [
        *LatinHypercube(12, seed=0).sample(space).to_dict("records"),
        *space.from_unit([[0.0] * 6, [1.0] * 6]).to_dict("records"),
    ]
    for row in rows:
        answer = command(**row)
        cost, emissions = least_cost(**row)
        assert answer["cost"] == pytest.approx(cost, rel=1e-8)
        assert answer["emissions"] == pytest.approx(emissions, rel=1e-6, abs=1e-3)


def test_an_infeasible_programme_is_a_failure(energy):
    _, space = energy
    described = study(EXAMPLES / "glpk")["simulator"]["command"]
    deck = EXAMPLES / "glpk" / "deck"
    model = (deck / "energy.mod").read_text().replace("var unmet{HOURS} >= 0;", "var unmet{HOURS} >= 0, <= 0;")
    files = {"energy.mod": model, "energy.dat.jinja": (deck / "energy.dat.jinja").read_text()}
    tight = Command(files, described["run"], described["outputs"])
    row = {**space.from_unit([[0.5] * 6]).to_dict("records")[0], "cap": -1.0}
    with pytest.raises(SimulationFailed) as caught:
        tight(**row)
    assert caught.value.status in (Status.BAD_OUTPUT, Status.EXIT_CODE)
