"""Conditions written as text, such as ``"reliability < 0.9"``: parsed by a short list of forms, never executed."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

_LONGEST = 2_000

_ARITHMETIC: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.true_divide,
    ast.FloorDiv: np.floor_divide,
    ast.Mod: np.mod,
    ast.Pow: np.power,
    ast.USub: np.negative,
    ast.UAdd: np.positive,
}
_COMPARISONS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
}
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "abs": np.abs,
    "sqrt": np.sqrt,
    "exp": np.exp,
    "log": np.log,
    "log10": np.log10,
    "sin": np.sin,
    "cos": np.cos,
    "tan": np.tan,
    "min": np.minimum,
    "max": np.maximum,
}


class Expression:
    """A condition on named columns, read from text.

    Allowed are the column names, numbers, quoted text, ``+ - * / // % **``, comparisons (also chained),
    ``and or not``, ``in`` with a list of values, parentheses and the functions abs, sqrt, exp, log,
    log10, sin, cos, tan, min and max (of two). A name that is not an identifier is put in backticks.
    Nothing else is understood, so a condition from a file cannot run code.

    Parameters
    ----------
    text : str
        The condition, for example ``"x1 + x2 <= 1"`` or ``"cost > 10 and fuel in ['gas', 'coal']"``.

    Raises
    ------
    ValueError
        If the text is not a condition in this form.

    Examples
    --------
    >>> case = Expression("0.5 < reliability < 0.9 and `Total cost` > 3")
    >>> case.names
    ('Total cost', 'reliability')
    >>> case({"reliability": np.array([0.4, 0.7]), "Total cost": np.array([5.0, 5.0])})
    array([False,  True])
    """

    def __init__(self, text: str) -> None:
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"a condition must be text such as 'reliability < 0.9', got {text!r}.")
        if len(text) > _LONGEST:
            raise ValueError(f"a condition may have {_LONGEST} characters, got {len(text)}. Compute a column for it.")
        self.text = text.strip()
        self._quoted: dict[str, str] = {}
        try:
            self._tree = ast.parse(re.sub(r"`([^`]+)`", self._placeholder, self.text), mode="eval").body
            names: set[str] = set()
            self._check(self._tree, names)
        except (SyntaxError, RecursionError, MemoryError) as error:
            raise ValueError(
                f"cannot read the condition {text!r}: {getattr(error, 'msg', 'it is nested too deeply')}. "
                "Write a comparison such as 'reliability < 0.9'; put a name with blanks in backticks."
            ) from None
        if not _is_condition(self._tree):
            raise ValueError(f"{text!r} is not a condition. Compare it with something, as in '{self.text} > 0'.")
        self.names: tuple[str, ...] = tuple(sorted(names))

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Expression) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def check_names(self, known: tuple[str, ...], what: str) -> None:
        """Raise ``ValueError`` if the condition names a column that is not `known`; `what` says what they are."""
        for name in self.names:
            if name not in known:
                near = difflib.get_close_matches(name, known, n=1)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                raise ValueError(f"{self.text!r} names {name!r}; the {what} are {', '.join(known)}.{hint}")

    def __call__(self, columns: Mapping[str, Any] | pd.DataFrame) -> NDArray[np.bool_]:
        """Evaluate on columns (arrays of equal length, or a DataFrame); a NaN never fulfils a comparison."""
        self.check_names(tuple(map(str, columns)), "columns")
        with np.errstate(all="ignore"):
            return np.asarray(self._value(self._tree, columns), dtype=bool)

    def _placeholder(self, match: re.Match[str]) -> str:
        key = f"quoted_{len(self._quoted)}_"
        self._quoted[key] = match.group(1)
        return key

    def _name(self, node: ast.Name) -> str:
        return self._quoted.get(node.id, node.id)

    def _check(self, node: ast.AST, names: set[str]) -> None:
        """Walk the tree once, collect names and refuse everything that is not on the list."""
        match node:
            case ast.Name():
                names.add(self._name(node))
                return
            case ast.Constant(value=bool() | int() | float() | str()):
                return
            case ast.BinOp(op=ast.BitAnd() | ast.BitOr()) | ast.UnaryOp(op=ast.Invert()):
                raise ValueError(f"{self.text!r}: write 'and', 'or', 'not' instead of '&', '|', '~'.")
            case ast.BoolOp(values=parts):
                children: list[ast.AST] = list(parts)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                children = [left, right]
            case ast.UnaryOp(op=op, operand=operand) if type(op) in _ARITHMETIC or isinstance(op, ast.Not):
                children = [operand]
            case ast.Compare(
                left=left, ops=[ast.In() | ast.NotIn()], comparators=[ast.List() | ast.Tuple() as choices]
            ):
                children = [left, *choices.elts]
            case ast.Compare(left=left, ops=ops, comparators=others) if all(type(op) in _COMPARISONS for op in ops):
                children = [left, *others]
            case ast.Call(func=ast.Name(id=function), args=args, keywords=[]) if function in _FUNCTIONS:
                expected = 2 if function in ("min", "max") else 1
                if len(args) != expected:
                    raise ValueError(f"{self.text!r}: {function} takes {expected} value(s), got {len(args)}.")
                children = list(args)
            case _:
                raise ValueError(
                    f"{self.text!r}: {ast.unparse(node)!r} is not allowed in a condition. Use names, numbers, "
                    f"comparisons, and/or/not, + - * / ** and {', '.join(_FUNCTIONS)}."
                )
        for child in children:
            self._check(child, names)

    def _value(self, node: ast.AST, columns: Mapping[str, Any] | pd.DataFrame) -> Any:
        match node:
            case ast.Name():
                return np.asarray(columns[self._name(node)])
            case ast.Constant(value=value):
                # Floats, so that 9**9**9 is an infinity and not an endless computation.
                return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
            case ast.BoolOp(op=op, values=parts):
                join = np.logical_and if isinstance(op, ast.And) else np.logical_or
                value = self._value(parts[0], columns)
                for part in parts[1:]:
                    value = join(value, self._value(part, columns))
                return value
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return np.logical_not(self._value(operand, columns))
            case ast.UnaryOp(op=op, operand=operand):
                return _ARITHMETIC[type(op)](self._value(operand, columns))
            case ast.BinOp(left=left, op=op, right=right):
                return _ARITHMETIC[type(op)](self._value(left, columns), self._value(right, columns))
            case ast.Compare(
                left=left, ops=[ast.In() | ast.NotIn() as op], comparators=[ast.List() | ast.Tuple() as c]
            ):
                left_value = self._value(left, columns)
                found = np.logical_or.reduce([_equal(left_value, self._value(choice, columns)) for choice in c.elts])
                return found if isinstance(op, ast.In) else np.logical_not(found)
            case ast.Compare(left=left, ops=ops, comparators=others):
                values = [self._value(part, columns) for part in (left, *others)]
                steps = [_COMPARISONS[type(op)](a, b) for op, a, b in zip(ops, values, values[1:], strict=False)]
                return np.logical_and.reduce(steps)
            case ast.Call(func=ast.Name(id=function), args=args):
                return _FUNCTIONS[function](*(self._value(arg, columns) for arg in args))
        raise AssertionError(f"unchecked node {node!r}")


def _is_condition(node: ast.AST) -> bool:
    match node:
        case ast.Compare():
            return True
        case ast.BoolOp(values=parts):
            return all(_is_condition(part) or isinstance(part, ast.Name) for part in parts)
        case ast.UnaryOp(op=ast.Not()):
            return True
    return False


def _equal(a: Any, b: Any) -> Any:
    return np.equal(a, b) if np.asarray(a).dtype.kind != "O" else np.asarray(a, dtype=object) == b
