"""Importing the package costs next to nothing, and the front doors are where DESIGN puts them."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ["scipy", "pandas", "sklearn", "xgboost", "dask", "distributed", "numba", "SALib", "pydoe", "matplotlib"]
DOORS = [
    "Surrogate",
    "collect",
    "discover",
    "distill",
    "Space",
    "Box",
    "Real",
    "Integer",
    "Categorical",
    "TransferSet",
    "Scorecard",
    "SimulationFailed",
    "certify",
    "check_simulator",
    "LatinHypercube",
    "Sobol",
    "Halton",
    "FullFactorial",
    "CentralComposite",
    "BoxBehnken",
    "PlackettBurman",
    "PRIM",
]


def loaded_after(statement: str) -> set[str]:
    code = f"import sys\n{statement}\nprint(*(m for m in {HEAVY} if m in sys.modules))"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_import_surrogate_loads_no_heavy_library():
    assert loaded_after("import surrogate") == set()


def test_a_space_needs_numpy_alone():
    assert loaded_after("from surrogate import Space, Box; Box({'a': (0, 1)}); Space([(0, 1)]).features([[0.5]])") <= {
        "pandas"  # a list of rows goes through a DataFrame
    }


@pytest.mark.parametrize("name", DOORS)
def test_front_doors_open(name):
    import surrogate

    assert name in surrogate.__all__
    assert getattr(surrogate, name).__name__ == name
