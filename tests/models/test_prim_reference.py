"""PRIM against an independent, slow implementation that follows the published steps literally."""

from __future__ import annotations

import math
from unittest.mock import patch

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from surrogate import PRIM


def quantile(values, q):
    """The published rule (sdtoolkit): midway between two neighbours, moved past ties towards the middle."""
    values = sorted(values)
    place = (len(values) - 1) * q
    low, high = math.floor(place), math.ceil(place)
    while q > 0.5 and values[low] == values[high] and low > 0:
        low -= 1
    while q <= 0.5 and values[low] == values[high] and high < len(values) - 1:
        high += 1
    return (values[low] + values[high]) / 2


class Naive:
    """Boxes as dicts: name -> [low, high] for numbers, a list of categories otherwise. Every step looks at all rows."""

    def __init__(self, X, y, alpha, paste_alpha, mass_min, objective):
        self.X, self.y, self.alpha, self.paste_alpha, self.mass_min = X, y, alpha, paste_alpha, mass_min
        self.objective = objective
        self.real = [c for c in X if X[c].dtype.kind == "f"]
        self.integer = [c for c in X if X[c].dtype.kind in "iu"]
        self.ordered = [c for c in X if getattr(X[c].dtype, "ordered", False)]
        numeric = [*self.real, *self.integer]
        self.nominal = [c for c in X if c not in (*numeric, *self.ordered)]
        self.columns = [c for c in (*numeric, *self.ordered, *self.nominal) if X[c].nunique() > 1]
        self.start = {c: [X[c].min(), X[c].max()] if c in numeric else self.levels(c) for c in self.columns}

    def levels(self, c):
        return (
            [v for v in self.X[c].cat.categories if (self.X[c] == v).any()]
            if c in self.ordered
            else sorted(self.X[c].unique(), key=str)
        )

    def rows(self, box):
        inside = np.ones(len(self.X), dtype=bool)
        for c, limit in box.items():
            if c in self.real or c in self.integer:
                inside &= ((self.X[c] >= limit[0]) & (self.X[c] <= limit[1])).to_numpy()
            else:
                inside &= np.array([v in limit for v in self.X[c]])
        return inside

    def worth(self, old, new):
        if not new.any():
            return -math.inf
        gain = self.y[new].mean() - self.y[old].mean()
        lost = max(abs(int(old.sum()) - int(new.sum())), 1)
        return {"original": self.y[new].mean(), "lenient1": gain / lost, "lenient2": new.sum() * gain / lost}[
            self.objective
        ]

    def peels(self, box, inside):
        for c in self.columns:
            values = self.X[c][inside]
            if c in self.real:
                for side, q in ((1, 1 - self.alpha), (0, self.alpha)):
                    limit = list(box[c])
                    limit[side] = quantile(values, q)
                    yield {**box, c: limit}
            elif c in self.integer:
                for side, q in ((1, 1 - self.alpha), (0, self.alpha)):
                    cut = math.floor(quantile([int(v) for v in values], q))
                    strict = cut == box[c][side]
                    kept = [v for v in values if (v < cut + (not strict) if side else v > cut - (not strict))]
                    if kept:
                        limit = list(box[c])
                        limit[side] = max(kept) if side else min(kept)
                        yield {**box, c: limit}
            elif c in self.ordered:
                held = [v for v in box[c] if (values == v).any()]
                if len(held) > 1:
                    yield {**box, c: box[c][: box[c].index(held[-1])]}
                    yield {**box, c: box[c][box[c].index(held[0]) + 1 :]}
            elif len(box[c]) > 1:
                for v in box[c]:
                    yield {**box, c: [w for w in box[c] if w != v]}

    def pastes(self, box):
        for c in self.columns:
            if box[c] == self.start[c]:
                continue
            others = self.rows({o: limit for o, limit in box.items() if o != c})
            values = self.X[c][others]
            if c in self.real or c in self.integer:
                for side in (0, 1):
                    limit = list(box[c])
                    beyond = values[values > limit[1]] if side else values[values < limit[0]]
                    pool = beyond
                    if c in self.real:
                        pool = values[values >= limit[1]] if side else values[values <= limit[0]]
                    if not len(beyond):
                        continue
                    cut = quantile(pool, self.paste_alpha if side else 1 - self.paste_alpha)
                    if c in self.integer:
                        cut = max(v for v in pool if v <= cut) if side else min(v for v in pool if v >= cut)
                    limit[side] = cut
                    yield {**box, c: limit}
            elif c in self.ordered:
                places = [self.start[c].index(v) for v in box[c]]
                for place in (places[0] - 1, places[-1] + 1):
                    if 0 <= place < len(self.start[c]):
                        first, last = min(place, places[0]), max(place, places[-1])
                        yield {**box, c: self.start[c][first : last + 1]}
            else:
                for v in self.start[c]:
                    if v not in box[c]:
                        yield {**box, c: [w for w in self.start[c] if w in box[c] or w == v]}

    def best(self, box, candidates):
        old = self.rows(box)
        scored = []
        for candidate in candidates:
            new = self.rows(candidate)
            free = sum(candidate[c] == self.start[c] for c in self.columns)
            scored.append((self.worth(old, new), free, candidate, new))
        return max(scored, key=lambda entry: entry[:2], default=None)

    def trajectory(self):
        box, found = dict(self.start), []
        while True:
            inside = self.rows(box)
            found.append((int(inside.sum()), self.y[inside].sum(), box))
            best = self.best(box, self.peels(box, inside))
            if best is None or not (best[0] > 0 and best[3].sum() < inside.sum() and best[3].mean() >= self.mass_min):
                break
            box = best[2]
        while True:
            inside = self.rows(box)
            best = self.best(box, [p for p in self.pastes(box) if self.rows(p).sum() > inside.sum()])
            if best is None or not (best[0] > 0 and self.y[best[3]].mean() > self.y[inside].mean()):
                return found
            box = best[2]
            found.append((int(best[3].sum()), self.y[best[3]].sum(), box))


KINDS = {
    "float": lambda g, n: g.random(n),
    "float32": lambda g, n: g.random(n).astype(np.float32),
    "tied floats": lambda g, n: g.integers(0, 6, n) / 4.0,
    "int8": lambda g, n: g.integers(0, 9, n).astype(np.int8),
    "int64": lambda g, n: g.integers(-40, 200, n),
    "uint16": lambda g, n: g.integers(0, 30, n).astype(np.uint16),
    "bool": lambda g, n: g.random(n) < 0.4,
    "text": lambda g, n: pd.Series(g.choice(["gas", "coal", "wind"], n), dtype=object),
    "category": lambda g, n: pd.Categorical(g.choice(["a", "b", "c", "d"], n)),
    "ordered": lambda g, n: pd.Categorical(
        g.choice(["low", "mid", "high", "top"], n), categories=["low", "mid", "high", "top"], ordered=True
    ),
    "constant": lambda g, n: np.full(n, 3.0),
}


@st.composite
def studies(draw):
    generator = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = draw(st.integers(20, 100))
    kinds = draw(st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=4))
    X = pd.DataFrame({f"{i} {kind}": KINDS[kind](generator, n) for i, kind in enumerate(kinds)})
    signal = sum(pd.factorize(X[c], sort=True)[0] / max(X[c].nunique() - 1, 1) for c in X)
    noisy = signal + draw(st.sampled_from([0.1, 0.5])) * generator.standard_normal(n)
    if draw(st.booleans()):
        y = (noisy > np.quantile(noisy, 0.7)).astype(float)
    else:  # eighths, so that sums are exact in whatever order they are taken
        y = np.round(8 / (1 + np.exp(-4 * (noisy - np.quantile(noisy, 0.7))))) / 8
    y[:2] = 0, 1
    return X, y


@settings(max_examples=50, deadline=None)
@given(
    study=studies(),
    alpha=st.sampled_from([0.02, 0.05, 0.1, 0.3]),
    paste_alpha=st.sampled_from([0.05, 0.2]),
    mass_min=st.sampled_from([0.05, 0.2]),
    objective=st.sampled_from(["original", "lenient1", "lenient2"]),
    bins=st.sampled_from([2, 3, 8, 64]),
)
def test_the_trajectory_is_that_of_the_literal_algorithm(study, alpha, paste_alpha, mass_min, objective, bins):
    X, y = study
    expected = Naive(X, y, alpha, paste_alpha, mass_min, objective).trajectory()
    with patch("surrogate.models.boxes.prim.binning.bins_for", return_value=bins):
        search = PRIM(alpha, paste_alpha, mass_min, objective).fit(X, y)
    found = list(zip(search.trajectory_["n"], search.trajectory_["k"], strict=True))
    assert found == [(n, k) for n, k, _ in expected]
    for box, (_, _, literal) in zip(search.boxes_, expected, strict=True):
        naive = Naive(X, y, alpha, paste_alpha, mass_min, objective)
        np.testing.assert_array_equal(box.contains(X), naive.rows(literal))
        for name, limit in box.limits.items():
            if isinstance(limit, frozenset):
                assert limit == frozenset(literal[name])
            else:
                ends = [
                    end if math.isfinite(end) else start for end, start in zip(limit, naive.start[name], strict=True)
                ]
                assert ends == [float(end) for end in literal[name]]


def test_the_quantile_rule_is_the_published_one():
    def limits(values, alpha):
        X = pd.DataFrame({"x": np.asarray(values, dtype=float)})
        cuts = []
        for y in (X["x"] < X["x"].max(), X["x"] > X["x"].min()):
            second = PRIM(alpha, paste_alpha=0, mass_min=0).fit(X, y).boxes_[1]
            cuts += [end for end in second.limits["x"] if math.isfinite(end)]
        return tuple(cuts)

    assert limits(range(10), 0.1) == limits(range(10), 0.05) == (8.5, 0.5)
    assert limits([1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9], 0.1) == (8.5, 1.5)
