"""The space of inputs: named parameters and the constraints between them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.space.bounds import naming, parameter_from_dict, read_bounds, to_salib
from surrogate.space.expression import Expression
from surrogate.space.parameter import Parameter
from surrogate.space.real import Real

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from surrogate.space.box import Box

Constraint = str | Expression | Callable[["pd.DataFrame"], Any]


class Space:
    """Named parameters, and constraints between them.

    Parameters
    ----------
    parameters : bounds
        A dict ``name -> (low, high) | Real | Integer | Categorical | scipy frozen distribution``, a list of
        ``(low, high)`` pairs (named x1, x2, ...), a SALib problem, or a Space.
    constraints : iterable of str or callable, default ()
        What must hold between the inputs: text such as ``"x1 + x2 <= 1"``, which is parsed and never run
        as code, or a function that takes a DataFrame of inputs and returns a boolean per row.

    Raises
    ------
    ValueError, TypeError
        Naming the entry that is wrong and how to repair it.

    Examples
    --------
    >>> space = Space({"b": (0.1, 0.45), "q": (2.0, 4.5)}, constraints=["b * q <= 1"])
    >>> space.names
    ('b', 'q')
    >>> space.contains([[0.2, 4.0], [0.4, 4.0]])
    array([ True, False])
    """

    def __init__(self, parameters: Any, constraints: Iterable[Constraint] = ()) -> None:
        inherited: tuple[Constraint, ...] = ()
        self.positional: bool
        if isinstance(parameters, Space):
            found, self.positional, inherited = parameters.parameters, parameters.positional, parameters.constraints
        else:
            found, self.positional = read_bounds(parameters)
        self.parameters: dict[str, Parameter] = dict(found)
        self.names: tuple[str, ...] = tuple(self.parameters)
        if isinstance(constraints, (str, Expression)) or callable(constraints):
            constraints = (constraints,)
        self.constraints: tuple[Expression | Callable[[pd.DataFrame], Any], ...] = tuple(
            self._read_constraint(i, c) for i, c in enumerate((*inherited, *constraints))
        )

    @classmethod
    def from_bounds(cls, bounds: Any) -> Space:
        """Read `bounds` in any form; a Space is returned as it is."""
        return bounds if isinstance(bounds, Space) else cls(bounds)

    def __len__(self) -> int:
        return len(self.parameters)

    def __iter__(self) -> Iterator[str]:
        return iter(self.parameters)

    def __getitem__(self, name: str) -> Parameter:
        return self.parameters[name]

    def __repr__(self) -> str:
        listed = ", ".join(f"{name!r}: {parameter!r}" for name, parameter in self.parameters.items())
        limited = f", constraints={list(self.constraints)!r}" if self.constraints else ""
        return f"Space({{{listed}}}{limited})"

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Space)
            and list(self.parameters.items()) == list(other.parameters.items())
            and self.positional == other.positional
            and self.constraints == other.constraints
        )

    def __hash__(self) -> int:
        return hash((self.names, tuple(self.parameters.values())))

    # Rows in and out

    def frame(self, X: Any, name: str = "X") -> pd.DataFrame:
        """Return inputs as a DataFrame with the parameters as columns, in order and in their dtypes.

        Parameters
        ----------
        X : DataFrame, mapping of columns, or array-like of shape (n, d)
            DataFrames and mappings are matched by name, and other columns in them are left out; arrays are
            matched by position. Whether rows lie inside the limits is not checked: see `contains`.
        name : str, default "X"
            How to call `X` in an error.

        Returns
        -------
        DataFrame of shape (n, d)
            With a fresh RangeIndex; Real as float64, Integer as int64, Categorical as object.

        Raises
        ------
        ValueError, TypeError
            For a wrong width, missing names, values that are no numbers, NaN or infinite.
        """
        import pandas as pd

        if isinstance(X, (pd.DataFrame, Mapping)):
            columns = {key: X[key] for key in self._matched(list(X), name)}
        else:
            array = self._array(X, name)
            columns = {key: array[:, i] for i, key in enumerate(self.names)}
        checked = {key: self.parameters[key].check(column, f"{name}[{key!r}]") for key, column in columns.items()}
        return _frame(checked)

    def features(self, X: Any) -> NDArray[np.float64]:
        """Return the numeric matrix that emulators see.

        Numbers are scaled so that the limits become 0 and 1 (on a log axis in the logarithm); each
        category becomes a column of 0 and 1.

        Parameters
        ----------
        X : DataFrame or array-like of shape (n, d)

        Returns
        -------
        ndarray of shape (n, p), float64, C order
        """
        if isinstance(X, np.ndarray) and X.dtype.kind in "fiu" and self._affine is not None:
            array = self._array(X, "X")
            low, width = self._affine
            scaled = (array - low) / width
            if np.isfinite(scaled).all():
                return np.ascontiguousarray(scaled, dtype=np.float64)
        frame = self.frame(X)
        return np.ascontiguousarray(
            np.hstack([p.features(frame[name].to_numpy()) for name, p in self.parameters.items()])
        )

    @cached_property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the columns of `features`."""
        return tuple(column for name, p in self.parameters.items() for column in p.feature_names(name))

    @cached_property
    def _affine(self) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
        """Low ends and widths if every parameter is Real on a linear axis: scaling is then two array operations."""
        if not all(isinstance(p, Real) and not p.log for p in self.parameters.values()):
            return None
        low, high = np.array([p.scale for p in self.parameters.values() if isinstance(p, Real)]).T
        return low, high - low

    def to_unit(self, X: Any) -> NDArray[np.float64]:
        """Map inputs to the unit cube, shape (n, d), each axis by its cumulative probability."""
        frame = self.frame(X)
        return np.column_stack([p.to_unit(frame[name].to_numpy()) for name, p in self.parameters.items()])

    def from_unit(self, U: Any) -> pd.DataFrame:
        """Map points of the unit cube, shape (n, d), to inputs: the inverse of `to_unit` up to rounding."""
        array = np.asarray(U, dtype=np.float64)
        if array.ndim != 2 or array.shape[1] != len(self):
            raise ValueError(f"U: expected shape (n, {len(self)}), got {array.shape}.")
        if not ((array >= 0) & (array <= 1)).all():
            raise ValueError("U: expected numbers between 0 and 1. Map inputs to the unit cube with to_unit first.")
        return _frame({name: p.from_unit(array[:, i]) for i, (name, p) in enumerate(self.parameters.items())})

    # Regions

    def contains(self, X: Any) -> NDArray[np.bool_]:
        """Whether each row lies within all limits and fulfils all constraints, shape (n,)."""
        frame = self.frame(X)
        inside = self.feasible(frame)
        for name, parameter in self.parameters.items():
            inside &= parameter.contains(frame[name].to_numpy())
        return inside

    def feasible(self, X: Any) -> NDArray[np.bool_]:
        """Whether each row fulfils the constraints, shape (n,)."""
        frame = self.frame(X)
        holds = np.ones(len(frame), dtype=bool)
        for constraint in self.constraints:
            answer = np.asarray(constraint(frame))
            if answer.shape != holds.shape or answer.dtype.kind != "b":
                raise ValueError(
                    f"constraints: {constraint!r} must return one boolean per row, shape {holds.shape}; "
                    f"got dtype {answer.dtype}, shape {answer.shape}. Compare columns, as in X['x1'] + X['x2'] <= 1."
                )
            holds &= answer
        return holds

    def restrict(self, box: Box | Mapping[str, Any]) -> Space:
        """Return the part of the space inside a box: "look closer in here".

        Raises
        ------
        ValueError
            If the box names a parameter that is not in the space, or nothing of one remains.

        Examples
        --------
        >>> Space({"b": (0.1, 0.45), "q": (2.0, 4.5)}).restrict({"b": (0.3, float("inf"))})["b"]
        Real(0.3, 0.45)
        """
        limits = box if isinstance(box, Mapping) else box.limits
        parameters = dict(self.parameters)
        for name in self._matched_limits(limits):
            with naming(f"box[{name!r}]"):
                parameters[name] = parameters[name].restrict(limits[name])
        narrowed = Space(parameters, self.constraints)
        narrowed.positional = self.positional
        return narrowed

    # Other forms

    def to_problem(self) -> dict[str, Any]:
        """Return the SALib problem; ``ValueError`` for integers, categories and distributions, which it cannot hold."""
        return to_salib(self)

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-able description. A constraint that is a function is described by its name only."""
        constraints = [
            c.text if isinstance(c, Expression) else {"function": getattr(c, "__qualname__", repr(type(c)))}
            for c in self.constraints
        ]
        described = [{"name": name, **parameter.to_dict()} for name, parameter in self.parameters.items()]
        return {"parameters": described, "constraints": constraints, "positional": self.positional}

    @classmethod
    def from_dict(cls, described: Mapping[str, Any]) -> Space:
        """Rebuild what `to_dict` described. Nothing is executed, so constraints that were functions are left out."""
        parameters = {
            str(entry["name"]): parameter_from_dict({k: v for k, v in entry.items() if k != "name"})
            for entry in described["parameters"]
        }
        space = cls(parameters, [c for c in described.get("constraints", ()) if isinstance(c, str)])
        space.positional = bool(described.get("positional", False))
        return space

    # Checks

    def _array(self, X: Any, name: str) -> NDArray[Any]:
        try:
            array = np.asarray(X)
            if array.dtype.kind in "US" and not isinstance(X, np.ndarray):
                array = np.array(X, dtype=object)  # a list of rows with some text: keep the numbers numbers
        except ValueError:
            raise ValueError(f"{name}: rows have different lengths; each must have {len(self)} values.") from None
        if array.ndim != 2 or array.shape[1] != len(self):
            hint = " For one row write X.reshape(1, -1)." if array.ndim == 1 else ""
            raise ValueError(
                f"{name}: expected shape (n, {len(self)}), a column each for {', '.join(self.names[:12])}"
                f"{', ...' if len(self) > 12 else ''}; got shape {array.shape}.{hint}"
            )
        return array

    def _matched(self, given: list[Any], what: str) -> tuple[str, ...]:
        missing = [name for name in self.names if name not in given]
        if missing:
            others = [str(name) for name in given if name not in self.parameters]
            near = difflib.get_close_matches(missing[0], others, n=1)
            hint = f" Is {near[0]!r} meant? Rename it." if near else ""
            raise ValueError(f"{what}: column {missing[0]!r} is missing; got {[str(g) for g in given][:20]}.{hint}")
        if len(given) != len(set(given)):
            raise ValueError(f"{what}: columns must have different names, got {[str(g) for g in given]}.")
        return self.names

    def _matched_limits(self, limits: Mapping[str, Any]) -> list[str]:
        for name in limits:
            if name not in self.parameters:
                near = difflib.get_close_matches(str(name), self.names, n=1)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                raise ValueError(f"box: {name!r} is not a parameter of the space {list(self.names)}.{hint}")
        return list(limits)

    def _read_constraint(self, i: int, constraint: Any) -> Expression | Callable[[pd.DataFrame], Any]:
        with naming(f"constraints[{i}]"):
            if isinstance(constraint, str):
                constraint = Expression(constraint)
            if isinstance(constraint, Expression):
                constraint.check_names(self.names, "parameters")
            elif not callable(constraint):
                raise TypeError(
                    f"expected text such as 'x1 + x2 <= 1' or a function of a DataFrame, got {constraint!r}."
                )
        return constraint  # type: ignore[no-any-return]


def _frame(columns: Mapping[str, NDArray[Any]]) -> pd.DataFrame:
    import pandas as pd

    # Object columns stay object: pandas would make text of them, which no longer tells 1 from "1".
    return pd.DataFrame({name: pd.Series(column, dtype=column.dtype) for name, column in columns.items()})
