"""Juntas are found exactly, from few questions and no data; what is none is not called one."""

from __future__ import annotations

import math

import numpy as np
import pytest

from surrogate.models.rules.junta import distill_junta


class Planted:
    """A random function of k of d inputs that truly depends on each of them, with counted questions."""

    def __init__(self, d, k, seed, noise=0.0, classes=2):
        rng = np.random.default_rng(seed)
        self.support = np.sort(rng.choice(d, k, replace=False))
        while True:
            self.table = rng.integers(classes, size=2**k)
            cube = self.table.reshape((2,) * k)
            if all((np.take(cube, 0, axis=i) != np.take(cube, 1, axis=i)).any() for i in range(k)):
                break
        self.noise, self.asked, self.mixer = noise, 0, rng.normal(size=d)

    def __call__(self, X):
        self.asked += len(X)
        bits = X[:, self.support] > X[:, self.support].mean() * 0
        answer = self.table[bits @ (2 ** np.arange(len(self.support))[::-1])]
        if self.noise:  # always the same points
            answer = answer ^ (np.mod(np.abs(X @ self.mixer) * 9973, 1.0) < self.noise)
        return answer


# Exact for every random junta; besides the 90 rows of the check 60, 105, 364 and 136 questions are what an independent
# program took on average.
@pytest.mark.parametrize(
    ("d", "k", "runs", "mean", "most"),
    [
        (1000, 5, 50, 200, 245),
        (100, 3, 50, 155, 215),
        (1000, 8, 10, 460, 480),
        (100_000, 5, 3, 230, 250),
        (30, 1, 20, 0, 0),
    ],
)
def test_every_junta_is_found_exactly_from_few_questions(d, k, runs, mean, most):
    questions = []
    for seed in range(runs):
        teacher = Planted(d, k, seed)
        junta = distill_junta(teacher, d, k, eps=0.05, seed=seed)
        assert junta.support == tuple(teacher.support)
        assert (junta.table == teacher.table).all()
        assert junta.is_junta
        assert junta.queries == teacher.asked
        questions.append(junta.queries)
    if most:
        assert max(questions) <= most
        assert np.mean(questions) <= mean


def test_fifty_of_fifty_at_the_default_settings_within_400_questions():
    for seed in range(50):
        teacher = Planted(1000, 5, 1000 + seed)
        junta = distill_junta(teacher, 1000, 5, seed=seed)
        assert junta.support == tuple(teacher.support)
        assert teacher.asked <= 400
        k, d = 5, 1000
        worst = k * math.ceil(math.log2(d)) + 2 * 2**k * math.log(k / 0.01) * (k + 1) + 2**k
        assert teacher.asked <= worst + 300


def test_fewer_inputs_than_allowed_are_no_harm():
    teacher = Planted(500, 2, 0)
    junta = distill_junta(teacher, 500, 4)
    assert junta.support == tuple(teacher.support)
    assert junta.is_junta
    constant = distill_junta(lambda X: np.full(len(X), "same"), 40, 3)
    assert constant.support == ()
    assert constant.predict(np.zeros((2, 40))).tolist() == ["same", "same"]
    assert constant.rules().to_text() == "always same"


def test_a_function_of_more_inputs_is_not_called_a_junta():
    wider = Planted(200, 8, 1)
    junta = distill_junta(wider, 200, 5)
    assert not junta.is_junta
    assert "not a junta" in repr(junta)


@pytest.mark.parametrize("seed", range(5))
def test_planted_noise_is_reported(seed):
    junta = distill_junta(Planted(1000, 8, seed, noise=0.05), 1000, 8, seed=seed)
    assert not junta.is_junta
    assert junta.disagreement > 0
    assert "not a junta" in repr(junta)


@pytest.mark.parametrize("noise", [0.02, 0.1])
def test_stated_noise_is_seen_through(noise):
    for seed in range(3):
        teacher = Planted(200, 3, seed, noise=noise)
        junta = distill_junta(teacher, 200, 3, noise=noise, eps=0.03, seed=seed)
        assert junta.support == tuple(teacher.support)
        assert (junta.table == teacher.table).all()
        assert junta.is_junta
        assert junta.disagreement == pytest.approx(noise, abs=0.03)


def test_inputs_may_take_any_two_values_and_answers_any_classes():
    low, high = np.linspace(-3, 0, 60), np.linspace(1, 5, 60)
    middle = (low + high) / 2

    def teacher(X):
        return np.where(X[:, 7] > middle[7], np.where(X[:, 40] > middle[40], "a", "b"), "c")

    junta = distill_junta(teacher, 60, 2, values=(low, high))
    assert junta.support == (7, 40)
    rules = junta.rules()
    rows = np.where(np.random.default_rng(0).random((500, 60)) > 0.5, high, low)
    assert (rules.predict(rows) == teacher(rows)).all()
    assert (junta.predict(rows) == teacher(rows)).all()
    assert len(rules) == 3


def test_wrong_arguments_are_named():
    for wrong, match in (
        ({"k": 9}, "k:"),
        ({"delta": 0}, "delta"),
        ({"noise": 0.5}, "noise"),
        ({"values": (1, 1)}, "values"),
    ):
        with pytest.raises(ValueError, match=match):
            distill_junta(lambda X: X[:, 0] > 0, 5, **{"k": 2, **wrong})
    with pytest.raises(ValueError, match="one answer for each"):
        distill_junta(lambda X: X, 5, 2)
