"""What every design promises in every space, whoever wrote it."""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import surrogate.design
from surrogate.design import (
    BoxBehnken,
    CentralComposite,
    DefinitiveScreening,
    Design,
    FractionalFactorial,
    FullFactorial,
    Halton,
    LatinHypercube,
    Optimal,
    PlackettBurman,
    Sobol,
    design_from_dict,
)
from surrogate.space import Categorical, Integer, Real, Space

N = 24
DESIGNS = [
    LatinHypercube(N, seed=3),
    Sobol(N, seed=3),
    Halton(N, seed=3),
    Optimal(N, seed=3, model="interactions"),
    FullFactorial(levels=2),
    FullFactorial(levels=3),
    CentralComposite(),
    CentralComposite("inscribed"),
    BoxBehnken(),
    PlackettBurman(),
    FractionalFactorial(resolution=3),
    DefinitiveScreening(),
]
SPACES = {
    "real": Space([(0.0, 1.0), (-5.0, 10.0), (1e-9, 2e-9)]),
    "log": Space({"k": Real(1e-9, 1e-3, log=True), "a": (0.5, 0.75), "b": (1.0, 7.0)}),
    "integer": Space({"i": Integer(-5, 5), "a": (0.0, 1.0), "b": (0.0, 1.0)}),
    "distribution": Space({"g": stats.norm(3, 0.5), "t": stats.triang(0.3), "a": (0.0, 1.0)}),
    "truncated": Space({"g": Real(0.0, 5.0, distribution=stats.norm(3, 2)), "a": (0.0, 1.0), "b": (0.0, 1.0)}),
    "held": Space({"only": Categorical(["gas"]), "a": (0.0, 1.0), "b": (0.0, 1.0), "c": (0.0, 1.0)}),
    "two categories": Space({"f": Categorical(["gas", "coal"]), "a": (0.0, 1.0), "b": (0.0, 1.0), "c": (0.0, 1.0)}),
    "categories": Space({"f": Categorical(["gas", "coal", "sun"]), "a": (0.0, 1.0), "b": (0.0, 1.0)}),
    "constrained": Space({"a": (0.0, 1.0), "b": (0.0, 1.0), "i": Integer(0, 3)}, constraints=["a + b <= 1.2"]),
    "discrete": Space({"i": Integer(0, 9), "f": Categorical([True, False]), "j": Integer(0, 9)}),
}
# What a table of levels cannot do: these say so, and name designs that can.
THREE_LEVELS = {CentralComposite, BoxBehnken}
REFUSED = (
    {(kind, "two categories") for kind in THREE_LEVELS}
    | {(kind, "discrete") for kind in THREE_LEVELS}
    | {(kind, "categories") for kind in {*THREE_LEVELS, PlackettBurman, FractionalFactorial, DefinitiveScreening}}
    | {(k, "constrained") for k in {*THREE_LEVELS, PlackettBurman, FractionalFactorial, DefinitiveScreening}}
)
PAIRS = [(d, name, f"{d!r} {name}") for d in DESIGNS for name in SPACES]
CASES = [pytest.param(d, SPACES[name], id=i) for d, name, i in PAIRS if (type(d), name) not in REFUSED]
REFUSALS = [pytest.param(d, SPACES[name], id=i) for d, name, i in PAIRS if (type(d), name) in REFUSED]


def test_every_public_design_is_in_this_suite():
    for module in pkgutil.iter_modules(surrogate.design.__path__):
        importlib.import_module(f"surrogate.design.{module.name}")

    def concrete(cls: type) -> set[type]:
        below = {c for sub in cls.__subclasses__() for c in concrete(sub)}
        return below if inspect.isabstract(cls) else below | {cls}

    ours = {cls for cls in concrete(Design) if cls.__module__.startswith("surrogate.")}
    assert ours == {type(design) for design in DESIGNS}
    assert {cls.__name__ for cls in ours} <= set(surrogate.design.__all__)


@pytest.mark.parametrize(("design", "space"), CASES)
def test_rows_lie_within_limits_and_constraints(design, space):
    rows = design.sample(space)
    assert space.contains(rows).all()


@pytest.mark.parametrize(("design", "space"), REFUSALS)
def test_what_a_table_of_levels_cannot_do_is_an_error_that_names_designs_which_can(design, space):
    with pytest.raises(ValueError, match=r"^(space\['.'\]|constraints): .* [Uu]se .*LatinHypercube"):
        design.sample(space)


@pytest.mark.parametrize(("design", "space"), CASES)
def test_rows_are_a_plain_frame_in_the_dtypes_of_the_space(design, space):
    rows = design.sample(space)
    assert tuple(rows.columns) == space.names
    assert rows.index.equals(pd.RangeIndex(len(rows)))
    dtypes = {"real": np.dtype(float), "integer": np.dtype(np.int64), "categorical": np.dtype(object)}
    assert [rows[name].dtype for name in space.names] == [dtypes[p.kind] for p in space.parameters.values()]


@pytest.mark.parametrize(("design", "space"), CASES)
def test_exactly_n_rows_where_n_is_given(design, space):
    rows = design.sample(space)
    assert len(rows) == design.n if design.n is not None else len(rows) > 0


@pytest.mark.parametrize(("design", "space"), CASES)
def test_the_same_seed_gives_the_same_bytes(design, space):
    again = design_from_dict(design.to_dict())
    first, second = design.sample(space), again.sample(space)
    pd.testing.assert_frame_equal(first, second, check_exact=True)
    pd.testing.assert_frame_equal(
        design.extend(first, 5, space=space), again.extend(second, 5, space=space), check_exact=True
    )


@pytest.mark.parametrize(("design", "space"), CASES)
def test_extending_gives_only_new_feasible_rows(design, space):
    rows = design.sample(space)
    more = design.extend(rows, 7, space=space)
    assert len(more) == 7
    assert more.index.equals(pd.RangeIndex(7))
    assert (more.dtypes == rows.dtypes).all()
    assert space.contains(more).all()
    assert len(pd.concat([rows, more]).drop_duplicates()) == len(rows.drop_duplicates()) + 7
    yet_more = design.extend(pd.concat([rows, more]), 5, space=space)
    assert len(pd.concat([rows, more, yet_more]).drop_duplicates()) == len(rows.drop_duplicates()) + 12


@pytest.mark.parametrize("design", DESIGNS, ids=repr)
def test_extending_takes_runs_that_carry_their_space(design):
    class Runs:
        space = SPACES["real"]
        inputs = design.sample(space)

    expected = design.extend(Runs.inputs, 4, space=Runs.space)
    pd.testing.assert_frame_equal(design.extend(Runs(), 4), expected)


@pytest.mark.parametrize("design", DESIGNS, ids=repr)
def test_extending_looks_closer_into_a_box(design):
    space = Space({"a": (0.0, 1.0), "b": (0.0, 1.0), "c": (0.0, 1.0)})
    box = space.restrict({"a": (0.0, 0.25), "b": (0.5, 1.0)})
    more = design.extend(design.sample(space), 6, space=box)
    assert len(more) == 6
    assert box.contains(more).all()


@pytest.mark.parametrize("design", DESIGNS, ids=repr)
def test_the_description_is_json_and_reads_back_equal(design):
    described = design.to_dict()
    assert described["kind"] == design.kind
    assert design_from_dict(json.loads(json.dumps(described))) == design


@pytest.mark.parametrize("design", DESIGNS, ids=repr)
def test_designs_cannot_be_changed(design):
    with pytest.raises(AttributeError):
        design.seed = 5


@pytest.mark.parametrize("design", [d for d in DESIGNS if d.n is not None], ids=repr)
@pytest.mark.parametrize(("setting", "value"), [("n", 0), ("n", -3), ("n", True), ("n", 2.5), ("n", "10"), ("n", None)])
def test_a_wrong_number_of_runs_is_a_clear_error(design, setting, value):
    with pytest.raises(ValueError, match=rf"^n: expected a whole number of at least 1, got {value!r}"):
        type(design)(**{setting: value})


@pytest.mark.parametrize("design", [d for d in DESIGNS if d.n is not None], ids=repr)
@pytest.mark.parametrize("seed", [-1, True, 1.5, "0"])
def test_a_wrong_seed_is_a_clear_error(design, seed):
    with pytest.raises(ValueError, match=r"^seed: expected a whole number of at least 0"):
        type(design)(10, seed=seed)


@pytest.mark.parametrize("design", [d for d in DESIGNS if d.n is not None], ids=repr)
def test_without_a_seed_each_call_is_fresh(design):
    space = Space([(0.0, 1.0)] * 6)
    fresh = type(design)(21)
    assert fresh.seed is None
    if not isinstance(design, Optimal):  # whose best design is often the same
        assert not fresh.sample(space).equals(fresh.sample(space))


def test_numpy_integers_are_numbers_of_runs_and_seeds():
    assert LatinHypercube(np.int64(5), seed=np.uint8(3)) == LatinHypercube(5, seed=3)
