"""Juntas: functions of many inputs that depend on a few, found by asking and without any data."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from surrogate.models.rules.columns import Columns
from surrogate.models.rules.condition import Condition, Interval
from surrogate.models.rules.rule_set import RuleSet
from surrogate.models.rules.tree import Tree
from surrogate.space.parameter import plain
from surrogate.validation.certificate import rows_needed, upper_bound

#: Rows with which one question of a noisy teacher is asked at a time.
_CHUNK = 4096


@dataclass(frozen=True, eq=False)
class Junta:
    """A function of a few of its inputs. Made by `distill_junta`.

    Attributes
    ----------
    support : tuple of int
        The inputs that count, in order.
    table : ndarray of shape (2**len(support),)
        The answer at each setting of them; the first input of the support is the highest bit, a high value a 1.
    low, high : ndarray of shape (d,)
        The two values that each input was given.
    queries : int
        How often the teacher was asked, check included.
    disagreement : float
        Share of the fresh rows of the check in which teacher and table differ.
    bound : float
        Upper bound of the share of all rows in which they differ, at confidence ``1 - delta``.
    is_junta : bool
        Whether the check found no (or, of a noisy teacher, no more than the stated) disagreement.
    """

    support: tuple[int, ...]
    table: NDArray[Any]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    queries: int
    disagreement: float
    bound: float
    is_junta: bool

    def __repr__(self) -> str:
        found = f"inputs {list(self.support)} of {len(self.low)}, {self.queries} queries"
        if self.is_junta:
            return f"Junta({found}; differs from its teacher in at most {self.bound:.3g} of all rows)"
        return (
            f"Junta(not a junta of so few inputs: {found}; differs from its teacher in {self.disagreement:.3g} of the "
            "rows of the check)"
        )

    def predict(self, X: Any) -> NDArray[Any]:
        """Answer each row of an array of shape (n, d); a value nearer to the high one counts as high."""
        rows = np.asarray(X, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != len(self.low):
            raise ValueError(f"X: expected shape (n, {len(self.low)}), got {rows.shape}.")
        places = list(self.support)
        bits = rows[:, places] > self._middle[places]
        weights = 2 ** np.arange(len(places))[::-1]
        return self.table[bits @ weights if places else np.zeros(len(rows), dtype=np.intp)]

    @property
    def _middle(self) -> NDArray[np.float64]:
        return (self.low + self.high) / 2

    def rules(self, names: Sequence[str] | None = None) -> RuleSet:
        """Return the table as rules, merged where they can be.

        Parameters
        ----------
        names : sequence of str, optional
            Of all d inputs; by default x1, x2, ...
        """
        found = [f"x{i + 1}" for i in range(len(self.low))] if names is None else [str(name) for name in names]
        k = len(self.support)
        inner = 2**k - 1
        tests: list[Condition | None] = []
        for node in range(inner):
            place = self.support[int(math.log2(node + 1))]
            tests.append(Interval(found[place], low=float(self._middle[place]), missing=False))
        answers = [plain(answer) for answer in self.table[::-1]]  # high first: it is where `yes` leads
        tree = Tree(
            (*tests, *[None] * 2**k),
            (*(2 * node + 1 for node in range(inner)), *[-1] * 2**k),
            (*(2 * node + 2 for node in range(inner)), *[-1] * 2**k),
            (*[None] * inner, *answers),
        )
        classes = tuple(sorted(set(answers)))
        return RuleSet(tree.collapsed().rules(), Columns.named(found), classes, exclusive=True).simplified()


def distill_junta(
    teacher: Callable[[NDArray[np.float64]], Any],
    d: int,
    k: int,
    *,
    delta: float = 0.01,
    eps: float = 0.02,
    values: tuple[Any, Any] = (-1.0, 1.0),
    noise: float = 0.0,
    seed: int | None = 0,
) -> Junta:
    """Find the at most `k` inputs that a function depends on, and its table, by asking it.

    No data are needed: random points that agree in the inputs found so far are compared until two answers differ; a
    binary search between them then names a further input [1]_ [2]_. It takes about ``k log2(d)`` questions besides
    ``2**k`` for the table, and every input is found with probability ``1 - delta``. Fresh random rows check the result.

    Parameters
    ----------
    teacher : callable
        Answers an array of shape (n, d) with n classes.
    d : int
        Number of inputs.
    k : int
        Most inputs that may count.
    delta : float, default 0.01
        Probability of missing an input, and one minus the confidence of the bound.
    eps : float, default 0.02
        The check has the fewest rows that can show, without a disagreement, that table and teacher differ in at most
        such a share of all rows.
    values : pair of numbers or arrays of shape (d,), default (-1, 1)
        The low and the high value of each input, such as two quantiles of data. The function is learned on these.
    noise : float, default 0.0
        Share of all points at which the teacher answers wrongly, below a half: always the same points (a network that
        learned almost everything), or others at each question. Answers are then majorities over random settings of the
        inputs that do not count, and an input is taken in only if turning it changes more answers than noise does.
        This takes some hundred times ``4**k`` more questions.
    seed : int or None, default 0
        Of the questions.

    Returns
    -------
    Junta
        With `is_junta` False, if the check disagrees: the function depends on more inputs, or is noisy.

    References
    ----------
    .. [1] Boix-Adsera 2024, Towards a theory of model distillation, arXiv 2403.09053, proposition 3.2.
    .. [2] Bshouty & Costa 2016, Exact learning of juntas from membership queries, ALT.

    Examples
    --------
    >>> junta = distill_junta(lambda X: (X[:, 3] > 0) & (X[:, 700] > 0), d=1000, k=2)
    >>> junta.support, junta.table.tolist(), junta.is_junta
    ((3, 700), [False, False, False, True], True)
    >>> print(junta.rules().with_default(False))
    if x4 > 0 and x701 > 0 then True
    otherwise False
    """
    for name, share, most in (("delta", delta, 1.0), ("eps", eps, 1.0)):
        if not 0 < share < most:
            raise ValueError(f"{name}: a number between 0 and {most:g} is needed, got {share!r}.")
    if not 0 <= noise < 0.5:
        raise ValueError(f"noise: a share from 0 to below 0.5 is needed, got {noise!r}.")
    if not 0 <= k <= d or k > 20:
        raise ValueError(f"k: a whole number from 0 to d = {d}, and at most 20, is needed, got {k!r}.")
    search = _Search(teacher, d, k, values, delta, noise, np.random.default_rng(seed))
    support = search.support()
    table = search.table(support)
    junta = Junta(support, table, search.low, search.high, 0, 0.0, 1.0, False)
    return search.checked(junta, eps)


class _Search:
    """Questions to a teacher, counted."""

    def __init__(
        self, teacher: Any, d: int, k: int, values: Any, delta: float, noise: float, rng: np.random.Generator
    ) -> None:
        self.teacher, self.d, self.k, self.delta, self.noise, self.rng = teacher, d, k, delta, noise, rng
        self.low, self.high = (np.broadcast_to(np.asarray(v, dtype=np.float64), (d,)).copy() for v in values)
        if (self.low >= self.high).any():
            raise ValueError("values: every low value must be below the high one. Swap them.")
        self.queries = 0

    def ask(self, bits: NDArray[np.bool_]) -> NDArray[Any]:
        answers = np.asarray(self.teacher(np.where(bits, self.high, self.low)))
        if answers.shape != (len(bits),):
            raise ValueError(f"teacher: one answer for each of {len(bits)} rows is needed, got {answers.shape}.")
        self.queries += len(bits)
        return answers

    def random(self, n: int) -> NDArray[np.bool_]:
        return self.rng.integers(0, 2, size=(n, self.d), dtype=np.int8).view(bool)

    def support(self) -> tuple[int, ...]:
        """Find one relevant input after the other."""
        found: list[int] = []
        # Each of two answers and of the binary search's may be wrong and lead astray.
        straight = (1 - self.noise) ** (2 + math.log2(self.d))
        tries = math.ceil(2**self.k * math.log(max(self.k, 2) / self.delta) / straight) if self.k else 0
        while len(found) < self.k:
            for _ in range(tries):
                pair = self.random(2)
                pair[1, found] = pair[0, found]
                place = self.between(pair, found)
                if place is not None:
                    found.append(place)
                    break
            else:
                break
        return tuple(sorted(found))

    def between(self, pair: NDArray[np.bool_], found: list[int]) -> int | None:
        """Return an input that makes the two points answer differently, None if they answer alike."""
        first, second = pair
        answer = self.ask(pair)
        if answer[0] == answer[1]:
            return None
        places = np.flatnonzero(first != second)
        while len(places) > 1:
            half = places[: len(places) // 2]
            middle = first.copy()
            middle[half] = second[half]
            if self.ask(middle[None])[0] == answer[0]:
                first, places = middle, places[len(half) :]
            else:
                second, places = middle, half
        place = int(places[0])
        return place if not self.noise or self.counts(place, found) else None

    def counts(self, place: int, found: list[int]) -> bool:
        """Whether turning an input changes more answers than noise alone does.

        Noise makes two answers differ in ``2 noise (1 - noise)`` of all pairs. An input that counts changes the clean
        answer at ``2**(1 - k)`` of all settings at least; noise shrinks that by the square of ``1 - 2 noise``. The
        limit lies half-way, and Hoeffding says how many pairs tell.
        """
        base = 2 * self.noise * (1 - self.noise)
        gap = 2.0 ** (1 - self.k) * (1 - 2 * self.noise) ** 2
        n = math.ceil(math.log(4 * self.k**2 / self.delta) / (2 * (gap / 2) ** 2))
        changed, left = 0, n
        while left:
            rows = self.random(min(_CHUNK, left))
            turned = rows.copy()
            turned[:, place] = ~turned[:, place]
            changed += int((self.ask(rows) != self.ask(turned)).sum())
            left -= len(rows)
        return changed / n > base + gap / 2

    def table(self, support: tuple[int, ...]) -> NDArray[Any]:
        """Ask for the answer at each setting of the inputs that count."""
        settings = (np.arange(2 ** len(support))[:, None] >> np.arange(len(support))[::-1]) & 1
        repeats = 1
        if self.noise:
            # A majority of so many is right at every setting with probability 1 - delta (Hoeffding).
            repeats = math.ceil(math.log(2 ** len(support) / self.delta) / (2 * (0.5 - self.noise) ** 2)) | 1
        answers = []
        for setting in settings.astype(bool):
            rows = self.random(repeats)
            rows[:, list(support)] = setting
            said, counts = np.unique(self.ask(rows), return_counts=True)
            answers.append(said[counts.argmax()])
        return np.array(answers)

    def checked(self, junta: Junta, eps: float) -> Junta:
        """Compare the table with the teacher on fresh random rows."""
        n = rows_needed(eps, self.delta)
        if self.noise:
            n = max(n, math.ceil(math.log(1 / self.delta) / (2 * eps**2)))
        rows = self.random(n)
        wrong = int((self.ask(rows) != junta.predict(np.where(rows, self.high, self.low))).sum())
        allowed = 0.0 if not self.noise else self.noise + eps
        return Junta(
            junta.support, junta.table, junta.low, junta.high, self.queries, wrong / n,
            upper_bound(wrong, n, self.delta), wrong / n <= allowed,
        )  # fmt: skip
