from __future__ import annotations

import functools
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from surrogate.simulation import Estimator
from surrogate.simulation.fingerprint import fingerprint


def build(source: str, **names):
    namespace = {"__name__": "model", "np": np, **names}
    exec(textwrap.dedent(source), namespace)
    return namespace["f"]


BASE = "def f(a, b=1.0):\n    return a * b + 2.0\n"


@pytest.mark.parametrize(
    "same",
    [
        "\n\n\n" + BASE,
        "def f(a, b=1.0):\n    # a comment\n    return a * b + 2.0\n",
        "def f(a, b=1.0):\n    'What it does.'\n    return a * b + 2.0\n",
        "def f(a: float, b: float = 1.0) -> float:\n    return a * b + 2.0\n",
    ],
)
def test_place_comments_and_docstrings_do_not_count(same):
    documented = build("def f(a, b=1.0):\n    'Other words.'\n    return a * b + 2.0\n")
    plain = fingerprint(build(BASE))
    other = build(same)
    assert fingerprint(other) == (fingerprint(documented) if other.__doc__ else plain)


def test_what_changes_results_counts():
    variants = [
        BASE,
        BASE.replace("2.0", "3.0"),
        BASE.replace("b=1.0", "b=1.5"),
        BASE.replace("*", "/"),
        BASE.replace("a * b", "np.sin(a) * b"),
        BASE.replace("a * b", "np.cos(a) * b"),
        "def f(a, b=1.0):\n    return [a * b + 2.0 for _ in range(3)]\n",
        "def f(a, b=1.0):\n    return [a * b + 2.5 for _ in range(3)]\n",
    ]
    assert len({fingerprint(build(source)) for source in variants}) == len(variants)


def test_closures_globals_and_helpers_of_the_same_module_count():
    def make(k):
        return lambda a: k * a

    assert fingerprint(make(2.0)) == fingerprint(make(2.0))
    assert fingerprint(make(2.0)) != fingerprint(make(3.0))
    assert fingerprint(make(np.arange(3))) != fingerprint(make(np.arange(4)))
    source = "def f(a):\n    return helper(a) * RATE\n\ndef helper(a):\n    return a + {k}\n"
    prints = {fingerprint(build(source.format(k=k), RATE=rate)) for k in (1, 2) for rate in (0.1, 0.2)}
    assert len(prints) == 4


def test_objects_count_with_their_class_and_state_but_not_what_they_computed():
    class Model:
        def __init__(self, k):
            self.k = k

        @functools.cached_property
        def table(self):
            return np.arange(self.k)

        def __call__(self, a):
            return a * self.table.sum()

    model = Model(3)
    before = fingerprint(model)
    model(1.0)
    assert fingerprint(model) == before == fingerprint(Model(3))
    assert fingerprint(Model(4)) != before
    assert fingerprint(functools.partial(model, a=1)) != fingerprint(functools.partial(model, a=2))
    assert fingerprint(model.__call__) == fingerprint(Model(3).__call__)


def test_a_fitted_model_counts_with_what_it_learnt():
    from sklearn.ensemble import RandomForestRegressor

    X = np.random.default_rng(0).random((30, 2))
    forests = [RandomForestRegressor(3, random_state=seed).fit(X, X[:, 0]) for seed in (0, 0, 1)]
    first, again, other = (fingerprint(Estimator(forest)) for forest in forests)
    assert first == again != other


def test_an_object_may_offer_its_own():
    class Deck:
        def __init__(self, name):
            self.name = name

        def fingerprint(self):
            return "deck version 3"

    assert fingerprint(Deck("a")) == fingerprint(Deck("b"))


def test_objects_that_contain_themselves_end():
    loop: list = [1]
    loop.append(loop)
    assert fingerprint(lambda: loop) == fingerprint(lambda: loop)


def test_it_is_the_same_in_another_process_with_another_hash_seed():
    source = textwrap.dedent(
        """
        import numpy as np
        from surrogate.simulation.fingerprint import fingerprint
        WORDS = {"b", "a", "c"}
        class Model:
            def __init__(self): self.k = {"x": 1.0}
            def __call__(self, a): return a if a in {"p", "q", "r"} else len(WORDS) + self.k["x"]
        print(fingerprint(Model()), fingerprint(lambda a: np.sin(a) * len(WORDS)))
        """
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", source], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(printed) == 1


def test_a_function_behind_a_cache_counts_with_its_code():
    variants = [functools.lru_cache(build(source)) for source in (BASE, BASE, BASE.replace("2.0", "3.0"))]
    assert fingerprint(variants[0], "model") == fingerprint(variants[1], "model") != fingerprint(variants[2], "model")
