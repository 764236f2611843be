"""Doors of the design room: descriptions, runs, counts, errors."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from surrogate.design import BoxBehnken, FullFactorial, Halton, LatinHypercube, Sobol, design_from_dict
from surrogate.space import Categorical, Integer, Real, Space


def test_importing_the_room_loads_no_heavy_library():
    code = (
        "import sys, surrogate.design as d; d.LatinHypercube(3); d.BoxBehnken(); d.Optimal(9);"
        "print([m for m in ('pandas', 'scipy.stats', 'pydoe', 'sklearn') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_kind_lists_the_kinds_and_suggests():
    with pytest.raises(ValueError, match=r"latin_hypercube.*Did you mean 'latin_hypercube'\?") as caught:
        design_from_dict({"kind": "latin_hypercub", "n": 10})
    for kind in ("sobol", "halton", "box_behnken", "central_composite", "full_factorial", "optimal"):
        assert kind in str(caught.value)


@pytest.mark.parametrize(
    ("described", "message"),
    [
        ({"n": 10}, "design kind: None is not one of"),
        ({"kind": "sobol"}, "design 'sobol': 'n' is missing"),
        ({"kind": "sobol", "N": 10}, r"'N' is not one of its settings n, seed"),
        ({"kind": "sobol", "n": 10, "sed": 1}, r"Did you mean 'seed'\?"),
        ({"kind": "sobol", "n": "many"}, "n: expected a whole number"),
    ],
)
def test_a_wrong_description_says_what_is_wrong(described, message):
    with pytest.raises(ValueError, match=message):
        design_from_dict(described)


def test_settings_of_every_kind_survive_the_description():
    for design in (FullFactorial({"a": 2}), FullFactorial([2, 3]), BoxBehnken(center=3)):
        assert design_from_dict(design.to_dict()) == design


def test_bounds_in_any_form_are_a_space():
    problem = {"num_vars": 2, "names": ["a", "b"], "bounds": [[0, 1], [2, 3]]}
    for bounds in ({"a": (0, 1), "b": (2, 3)}, [(0, 1), (2, 3)], problem):
        assert len(LatinHypercube(4, seed=0).sample(bounds)) == 4


def test_extending_a_frame_without_a_space_is_a_clear_error():
    with pytest.raises(ValueError, match=r"^space: missing.*extend\(runs, n, space=space\)"):
        LatinHypercube(5).extend(pd.DataFrame({"x1": [0.5]}), 3)


@pytest.mark.parametrize("n", [0, True, 1.5, -1])
def test_a_wrong_number_of_new_runs_is_a_clear_error(n):
    with pytest.raises(ValueError, match="^n: expected a whole number of at least 1"):
        LatinHypercube(5).extend(pd.DataFrame({"x1": [0.5]}), n, space=[(0, 1)])


@pytest.mark.parametrize("design", [LatinHypercube(12, seed=0), Sobol(12, seed=0), Halton(12, seed=0), BoxBehnken()])
def test_a_discrete_space_is_filled_to_its_last_point_and_then_says_so(design):
    space = Space({"i": Integer(0, 4), "f": Categorical(["gas", "coal"]), "j": Integer(1, 3)})
    some = pd.DataFrame({"i": [0, 1, 2], "f": ["gas", "gas", "coal"], "j": [1, 2, 3]})
    rest = design.extend(some, 27, space=space)
    assert len(pd.concat([some, rest]).drop_duplicates()) == 30
    with pytest.raises(ValueError, match="^n: asked for 28 runs, but only 27 of"):
        design.extend(some, 28, space=space)


@pytest.mark.parametrize("design", [LatinHypercube(10, seed=0), Sobol(10, seed=0), FullFactorial()])
def test_constraints_that_nothing_fulfils_are_a_clear_error(design):
    space = Space([(0.0, 1.0), (0.0, 1.0)], constraints=["x1 + x2 > 5"])
    with pytest.raises(ValueError, match="^constraints: "):
        design.sample(space)


def test_a_thin_feasible_region_is_found():
    space = Space([(0.0, 1.0)] * 3, constraints=["abs(x1 - x2) < 0.002"])
    rows = LatinHypercube(30, seed=0).sample(space)
    assert space.contains(rows).all()
    assert len(rows) == 30


def test_runs_that_went_through_a_text_file_still_count_as_run():
    space = Space({"a": (0.0, 1.0), "k": Real(1e-9, 1e-3, log=True)})
    design = Sobol(16, seed=2)
    rounded = design.sample(space).map(lambda value: float(f"{value:.9g}"))
    more = design.extend(rounded, 16, space=space)
    pd.testing.assert_frame_equal(more, Sobol(32, seed=2).sample(space)[16:].reset_index(drop=True))


def test_points_under_constraints_are_spread_more_evenly_than_chance():
    from scipy.spatial.distance import pdist

    space = Space([(0.0, 1.0)] * 3, constraints=["x1 + x2 + x3 <= 1"])
    ours = LatinHypercube(60, seed=0).sample(space).to_numpy()
    chance = np.random.default_rng(0).dirichlet([1, 1, 1, 1], size=60)[:, :3]
    assert pdist(ours).min() > 4 * pdist(chance).min()
    assert ours.mean(axis=0) == pytest.approx([0.25] * 3, abs=0.03)  # the centroid of the simplex


def test_new_runs_keep_away_from_the_existing_ones():
    from scipy.spatial.distance import cdist

    space = Space([(0.0, 1.0)] * 2)
    corners = FullFactorial(2).sample(space)
    more = FullFactorial(2).extend(corners, 5, space=space)
    assert cdist(more, corners).min() > 0.3


def test_the_how_to_is_true():
    from pathlib import Path

    page = (Path(__file__).parents[2] / "docs/how-to/add-a-design.md").read_text()
    parts: dict = {"__name__": "reader"}
    for block in page.split("```python\n")[1:]:  # the reader's own code
        exec(compile(block.split("```")[0], "how-to", "exec"), parts)
    space = Space({"a": (0.0, 1.0), "i": Integer(1, 9)}, constraints=["a < 0.9"])
    design = parts["MonteCarlo"](20, seed=0)
    assert design.kind == "monte_carlo"
    assert space.contains(design.sample(space)).all()
    assert len(design.extend(design.sample(space), 5, space=space)) == 5
    rows = parts["OneAtATime"]().sample({"a": (0.0, 1.0), "i": Integer(1, 9)})
    assert rows.to_numpy().tolist() == [[0.5, 5], [1, 5], [0.5, 9], [0, 5], [0.5, 1]]
