"""A tree of tests, whose paths are rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from surrogate.models.rules.condition import Condition, conjoined
from surrogate.models.rules.rule import Rule


@dataclass(frozen=True)
class Tree:
    """Tests from a root down to leaves that answer.

    Parameters
    ----------
    tests : tuple of (condition or None)
        What is asked at each node; None at a leaf. The root is node 0, children come after their parents.
    yes, no : tuple of int
        Where to go when the test passes, and when it does not; -1 at a leaf.
    answers : tuple
        What a leaf answers; at other nodes it is not used.

    Examples
    --------
    >>> from surrogate.models.rules.condition import Interval
    >>> tree = Tree((Interval("b", high=0.3), None, None), (1, -1, -1), (2, -1, -1), (None, "low", "high"))
    >>> print(tree.to_text())
    b <= 0.3?
      yes: low
      no:  high
    """

    tests: tuple[Condition | None, ...]
    yes: tuple[int, ...]
    no: tuple[int, ...]
    answers: tuple[Any, ...]

    @property
    def n_leaves(self) -> int:
        """Number of leaves."""
        return sum(test is None for test in self.tests)

    @property
    def depth(self) -> int:
        """Most tests on one path."""
        depths = [0] * len(self.tests)
        for node, test in enumerate(self.tests):
            if test is not None:
                depths[self.yes[node]] = depths[self.no[node]] = depths[node] + 1
        return max(depths)

    def paths(self) -> Iterator[tuple[tuple[Condition, ...], Any]]:
        """Yield the conditions and the answer of each leaf that some row can reach, `yes` before `no`."""
        todo: list[tuple[int, tuple[Condition, ...] | None]] = [(0, ())]
        while todo:
            node, path = todo.pop()
            test = self.tests[node]
            if path is None:
                continue
            if test is None:
                yield path, self.answers[node]
                continue
            todo += [(self.no[node], conjoined((*path, test.negated()))), (self.yes[node], conjoined((*path, test)))]

    def rules(self) -> tuple[Rule, ...]:
        """Return one rule a leaf; every row fulfils exactly one of them."""
        return tuple(Rule(path, answer) for path, answer in self.paths())

    def collapsed(self) -> Tree:
        """Return the same tree without tests whose outcome changes no answer."""
        merged: dict[int, Any] = {}
        for node in reversed(range(len(self.tests))):
            if self.tests[node] is None:
                merged[node] = self.answers[node]
                continue
            sides = [merged.get(child, _several) for child in (self.yes[node], self.no[node])]
            if sides[0] is not _several and sides[0] == sides[1]:
                merged[node] = sides[0]
        return _without(self, merged)

    def to_text(self, units: Mapping[str, str] | None = None, digits: int = 6) -> str:
        """Return the tree in words, a line a test and a leaf."""
        lines: list[str] = []
        todo = [(0, 0, "")]
        while todo:
            node, depth, label = todo.pop()
            test = self.tests[node]
            said = str(self.answers[node]) if test is None else f"{test.to_text(units or {}, digits)}?"
            lines.append("  " * depth + label + said)
            if test is not None:
                todo += [(self.no[node], depth + 1, "no:  "), (self.yes[node], depth + 1, "yes: ")]
        return "\n".join(lines)


_several = object()


def _without(tree: Tree, merged: Mapping[int, Any]) -> Tree:
    """Return a tree in which the nodes of `merged` are leaves."""
    kept, place = [0], 0
    while place < len(kept):
        if kept[place] not in merged:
            kept += [tree.yes[kept[place]], tree.no[kept[place]]]
        place += 1
    number = {node: i for i, node in enumerate(kept)}
    leaf = [node in merged for node in kept]
    return Tree(
        tuple(None if ends else tree.tests[node] for node, ends in zip(kept, leaf, strict=True)),
        tuple(-1 if ends else number[tree.yes[node]] for node, ends in zip(kept, leaf, strict=True)),
        tuple(-1 if ends else number[tree.no[node]] for node, ends in zip(kept, leaf, strict=True)),
        tuple(merged[node] if ends else tree.answers[node] for node, ends in zip(kept, leaf, strict=True)),
    )
