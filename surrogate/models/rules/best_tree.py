"""The best tree among probed conjunctions, by dynamic programming over all of them at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.models.rules.probing import Level, keys_of_literals

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class _Values:
    """For each conjunction and each number of leaves, from 1: rows answered rightly, and how.

    `literal` is the positive literal of the test, -1 for a leaf; `left` and `right` are the places of both longer
    conjunctions, `leaves` those to the left.
    """

    right_rows: NDArray[np.float64]
    literal: NDArray[np.int64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    leaves: NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """A test of one input, positive on the left."""

    place: int
    left: Split | int
    right: Split | int


def best_tree(levels: list[Level], d: int, max_leaves: int | None) -> tuple[Split | int, int]:
    """Return the tree that answers most rows rightly, the smallest of these, and its number of leaves.

    Every node of it is a conjunction that was probed; a leaf is the number of a class.
    """
    deepest = len(levels) - 1
    most = 2**deepest if max_leaves is None else min(max_leaves, 2**deepest)
    values = [_leaves_only(levels[-1])]
    single = keys_of_literals(d)
    for depth in range(deepest - 1, -1, -1):
        values.append(
            _with_tests(levels[depth], levels[depth + 1], values[-1], single, min(most, 2 ** (deepest - depth)))
        )
    values.reverse()
    rows = values[0].right_rows[0]
    leaves = int(np.flatnonzero(rows == rows.max())[0]) + 1
    return _rebuilt(levels, values, 0, 0, leaves), leaves


def _leaves_only(level: Level) -> _Values:
    none = np.full((len(level.key), 1), -1, dtype=np.int64)
    return _Values(level.counts.max(axis=1)[:, None], none, none, none, none)


def _with_tests(level: Level, longer: Level, below: _Values, single: NDArray[np.uint64], most: int) -> _Values:
    m = len(level.key)
    rows = np.repeat(level.counts.max(axis=1)[:, None], most, axis=1)
    how: list[NDArray[Any]] = [np.full((m, most), -1, dtype=np.int64) for _ in range(4)]
    node, literal, left, right = _tests(level, longer, single)
    widest = below.right_rows.shape[1]
    for leaves in range(2, most + 1):
        if leaves > 2:  # as good with fewer
            rows[:, leaves - 1] = rows[:, leaves - 2]
            for values in how:
                values[:, leaves - 1] = values[:, leaves - 2]
        if not len(node):
            continue
        sizes = [a for a in range(1, leaves) if a <= widest and leaves - a <= widest]
        if not sizes:
            continue
        sums = np.stack([below.right_rows[left, a - 1] + below.right_rows[right, leaves - a - 1] for a in sizes])
        size = sums.argmax(axis=0)
        best = sums[size, np.arange(len(node))]
        order = np.lexsort((-best, node))
        first = order[np.append(True, node[order][1:] != node[order][:-1])]
        better = first[best[first] > rows[node[first], leaves - 1]]
        at = node[better]
        rows[at, leaves - 1] = best[better]
        chosen = (literal[better], left[better], right[better], np.asarray(sizes)[size[better]])
        for values, new in zip(how, chosen, strict=True):
            values[at, leaves - 1] = new
    return _Values(rows, *how)


def _tests(level: Level, longer: Level, single: NDArray[np.uint64]) -> tuple[NDArray[np.int64], ...]:
    """Return all tests whose two sides were probed: conjunction, positive literal, place of each side."""
    found = []
    for place in range(longer.literals.shape[1]):
        literal = longer.literals[:, place]
        left = np.flatnonzero(literal % 2 == 0)
        literal = literal[left]
        shorter = longer.key[left] - single[literal]
        node, known = _places(level.key, shorter)
        right, opposite = _places(longer.key, shorter + single[literal + 1])
        both = known & opposite
        found.append((node[both], literal[both], left[both], right[both]))
    node, literal, left, right = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return node, literal, left, right


def _places(keys: NDArray[np.uint64], wanted: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return place, keys[place] == wanted


def _rebuilt(levels: list[Level], values: list[_Values], depth: int, place: int, leaves: int) -> Split | int:
    here = values[depth]
    literal = int(here.literal[place, leaves - 1])
    if literal < 0:
        return int(levels[depth].counts[place].argmax())
    left_leaves = int(here.leaves[place, leaves - 1])
    # What is as good with fewer leaves was copied from there: its parts are no larger than they say.
    right_leaves = min(leaves - left_leaves, values[depth + 1].right_rows.shape[1])
    return Split(
        literal // 2,
        _rebuilt(levels, values, depth + 1, int(here.left[place, leaves - 1]), left_leaves),
        _rebuilt(levels, values, depth + 1, int(here.right[place, leaves - 1]), right_leaves),
    )
