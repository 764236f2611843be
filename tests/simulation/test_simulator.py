from __future__ import annotations

import functools

import numpy as np
import pytest

from surrogate.simulation import Estimator, as_simulator
from surrogate.space import Categorical, Integer, Space

AB = {"a": (0, 1), "b": (0, 1)}


def test_named_bounds_call_by_keyword_and_a_bare_list_with_an_array():
    assert as_simulator(lambda b, a: 10 * a + b, AB).call({"a": 1.0, "b": 2.0}, {}, None) == 12.0
    positional = as_simulator(lambda x: x, [(0, 1), (0, 1)])
    received = positional.call({"x1": 1.0, "x2": 2.0}, {}, None)
    assert received.dtype == np.float64
    assert received.tolist() == [1.0, 2.0]


def test_vectorised_simulators_get_columns_or_one_array():
    def f(a, b):
        return a + b

    f.vectorized = True
    columns = {"a": np.array([1.0, 2.0]), "b": np.array([3.0, 4.0])}
    assert as_simulator(f, AB).call_many(columns, {}, None).tolist() == [4.0, 6.0]

    def g(X):
        return X[:, 0]

    g.vectorized = True
    table = {"x1": np.array([1.0, 2.0]), "x2": np.array([3.0, 4.0])}
    assert as_simulator(g, [(0, 1), (0, 1)]).call_many(table, {}, None).tolist() == [1.0, 2.0]


def test_a_parameter_called_seed_receives_the_seed_unless_it_varies():
    def f(a, seed=None):
        return seed

    assert as_simulator(f, {"a": (0, 1)}).call({"a": 0.5}, {}, 7) == 7
    assert not as_simulator(f, {"a": (0, 1), "seed": (0, 1)}).takes_seed
    assert not as_simulator(f, {"a": (0, 1)}, settings=("seed",)).takes_seed


def test_space_and_outputs_come_from_the_simulator():
    class Model:
        space = Space(AB)
        outputs = ("u", "v")

        def __call__(self, a, b):
            return a, b

    simulator = as_simulator(Model())
    assert simulator.space == Model.space
    assert simulator.outputs == ("u", "v")
    assert as_simulator(simulator) is simulator


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (
            lambda: as_simulator(lambda a: a, {"a": (0, 1), "b": (0, 1)}),
            ValueError,
            "bounds['b']: the simulator has no",
        ),
        (lambda: as_simulator(lambda alpha: 0, {"alfa": (0, 1)}), ValueError, "Is 'alpha' meant?"),
        (lambda: as_simulator(lambda a, b: a, {"a": (0, 1)}), ValueError, "needs 'b', which has no bounds"),
        (lambda: as_simulator(lambda a, b: a, [(0, 1), (0, 1)]), ValueError, "one 1-D array"),
        (lambda: as_simulator(lambda a: a), TypeError, "bounds: missing"),
        (lambda: as_simulator(3, AB), TypeError, "simulator: expected a function"),
        (lambda: as_simulator(Estimator, AB), TypeError, "got the class Estimator; give an object"),
        (lambda: as_simulator(lambda a: a, {"a": (0, 1)}, settings=("tax",)), ValueError, "policies: 'tax'"),
    ],
)
def test_what_cannot_be_called_is_refused_before_any_run(make, error, words):
    with pytest.raises(error) as caught:
        make()
    assert words in str(caught.value)


def test_defaults_partials_and_keyword_dictionaries_need_no_bounds():
    as_simulator(lambda a, b=1: a, {"a": (0, 1)})
    as_simulator(lambda **inputs: inputs["a"], AB)
    as_simulator(functools.partial(lambda a, b: a, b=1), {"a": (0, 1)})
    as_simulator(max, [(0, 1)])  # a builtin that does not tell its arguments


def test_declared_outputs_must_be_different_names():
    def f(a):
        return a

    f.outputs = ("y", "y")
    with pytest.raises(ValueError, match="different names"):
        as_simulator(f, {"a": (0, 1)})


def test_a_fitted_model_is_a_vectorised_simulator():
    from sklearn.linear_model import LinearRegression

    model = LinearRegression().fit([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [0.0, 1.0, 2.0])
    simulator = as_simulator(model, AB)
    assert simulator.vectorized
    columns = {"a": np.array([1.0, 1.0]), "b": np.array([0.0, 1.0])}
    np.testing.assert_allclose(simulator.call_many(columns, {}, None), [1.0, 3.0])


def test_a_model_fitted_to_a_frame_is_asked_by_name():
    import pandas as pd
    from sklearn.linear_model import LinearRegression

    X = pd.DataFrame({"b": [0.0, 1.0, 0.0], "a": [0.0, 0.0, 1.0]})
    simulator = Estimator(LinearRegression().fit(X, [0.0, 1.0, 2.0]), outputs="drag")
    np.testing.assert_allclose(simulator(a=np.array([1.0]), b=np.array([0.0])), [2.0])
    assert simulator.outputs == ("drag",)


def test_an_estimator_without_the_method_is_refused():
    from sklearn.linear_model import LinearRegression

    with pytest.raises(TypeError, match="no method 'predict_proba'"):
        Estimator(LinearRegression(), method="predict_proba")


def test_positional_categories_arrive_as_they_are():
    simulator = as_simulator(lambda x: x, [(0, 1), Categorical(["gas", "coal"]), Integer(1, 3)])
    assert simulator.call({"x1": 0.5, "x2": "gas", "x3": 2}, {}, None).tolist() == [0.5, "gas", 2]


def test_a_simulator_of_arrays_with_named_bounds_is_told_how_names_and_arrays_go_together():
    class Matrix:
        vectorized = True
        space = Space.from_bounds({"a": (0, 1), "b": (0, 1)})

        def __call__(self, X):
            return X.sum(axis=1)

    with pytest.raises(
        ValueError, match=r"'X' take an array of shape \(n, d\)\? .* take \(a, b\), or .* list of pairs"
    ):
        as_simulator(Matrix())
    with pytest.raises(ValueError, match=r"shape \(d,\)"):
        as_simulator(lambda x: x[0], {"a": (0, 1), "b": (0, 1)})
    assert as_simulator(Matrix(), [(0, 1), (0, 1)]).vectorized


def test_functions_that_a_call_does_not_run_are_refused_at_the_door():
    async def later(a):
        return a

    def piecewise(a):
        yield a

    class Later:
        async def __call__(self, a):
            return a

    def by_place(a, /):
        return a

    for simulator, match in ((later, "nobody awaits"), (Later(), "nobody awaits"), (piecewise, "it yields")):
        with pytest.raises(TypeError, match=match):
            as_simulator(simulator, {"a": (0, 1)})
    with pytest.raises(ValueError, match="remove the `/`"):
        as_simulator(by_place, {"a": (0, 1)})
