"""The contract of a simulator (Model A), and the wrapper that all running goes through."""

from __future__ import annotations

import difflib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.space import Categorical, Space

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Simulator:
    """A callable with everything that is needed to run it; made by `as_simulator`.

    Attributes
    ----------
    function : callable
        What the user gave.
    space : Space
    outputs : tuple of str or None
        Declared names of the outputs; None if the first successful run decides.
    vectorized : bool
        Whether one call answers many runs.
    takes_seed : bool
        Whether `function` has a parameter called ``seed``, which receives the run's own seed.
    """

    function: Callable[..., Any]
    space: Space
    outputs: tuple[str, ...] | None = None
    vectorized: bool = False
    takes_seed: bool = False

    @property
    def name(self) -> str:
        """How to call the simulator in messages and provenance."""
        return str(getattr(self.function, "__qualname__", type(self.function).__qualname__))

    @cached_property
    def fingerprint(self) -> str:
        """Hexadecimal SHA-256 of what the simulator is made of; see `fingerprint`."""
        from surrogate.simulation.fingerprint import fingerprint

        return fingerprint(self.function)

    def parts(self) -> dict[str, str]:
        """Return what the fingerprint is made of, as of now: runs in this process may have changed some of it."""
        from surrogate.simulation.fingerprint import parts

        return parts(self.function)

    @cached_property
    def _dtype(self) -> type:
        """Of the array that a positional simulator gets: numbers, unless some values are none."""
        return object if any(isinstance(p, Categorical) for p in self.space.parameters.values()) else np.float64

    def call(self, values: Mapping[str, Any], settings: Mapping[str, Any], seed: int | None) -> Any:
        """Run once: `values` of the space's parameters, further `settings` by name."""
        extra = settings if seed is None or not self.takes_seed else {**settings, "seed": seed}
        if self.space.positional:
            return self.function(np.array([values[name] for name in self.space.names], self._dtype), **extra)
        return self.function(**values, **extra)

    def call_many(
        self, columns: Mapping[str, NDArray[Any]], settings: Mapping[str, Any], seeds: NDArray[np.int64] | None
    ) -> Any:
        """Run many at once: a column a parameter, or one (n, d) array if the space is positional."""
        extra = settings if seeds is None or not self.takes_seed else {**settings, "seed": seeds}
        if self.space.positional:
            table = np.column_stack([columns[name] for name in self.space.names])
            return self.function(np.ascontiguousarray(table, dtype=self._dtype), **extra)
        return self.function(**{name: columns[name].copy() for name in self.space.names}, **extra)


def as_simulator(obj: Any, bounds: Any = None, *, settings: tuple[str, ...] = ()) -> Simulator:
    """Wrap what may be run as a `Simulator`, and check at the door that it can be called.

    Parameters
    ----------
    obj : callable, or an object with ``predict``
        A function or object that is called once a run: with keyword arguments when the bounds have names,
        with a 1-D array when they are a bare list of pairs. Optional attributes: ``space``, ``outputs`` (names)
        and ``vectorized`` (one call answers many runs: it gets arrays of shape (n,) by keyword, or one (n, d)
        array). A parameter called ``seed`` receives the run's own seed. It returns a number, an array
        (outputs y1, y2, ...) or a dict of outputs, in which arrays are fields. A fitted estimator is wrapped
        in `Estimator`.
    bounds : bounds, optional
        What may vary, in any form; by default ``obj.space``.
    settings : tuple of str, default ()
        Further arguments that each policy will give.

    Returns
    -------
    Simulator

    Raises
    ------
    TypeError
        If `obj` cannot be called, or bounds are missing.
    ValueError
        If `obj` has no argument of a parameter's name, or needs one that has no bounds.

    Examples
    --------
    >>> simulator = as_simulator(lambda a, b: a + b, {"a": (0, 1), "b": (0, 1)})
    >>> simulator.call({"a": 0.25, "b": 0.5}, {}, None)
    0.75
    """
    if isinstance(obj, Simulator):
        if bounds is None or Space.from_bounds(bounds) == obj.space:
            return obj
        obj = obj.function
    if not callable(obj):
        if not hasattr(obj, "predict"):
            raise TypeError(
                f"simulator: expected a function, a callable object or a fitted estimator; got {type(obj).__name__}."
            )
        from surrogate.simulation.estimator import Estimator

        obj = Estimator(obj)
    if inspect.isclass(obj):
        raise TypeError(f"simulator: got the class {obj.__name__}; give an object of it: {obj.__name__}().")
    _check_kind(obj)
    space = Space.from_bounds(getattr(obj, "space", None) if bounds is None else bounds)
    takes_seed = _check_arguments(obj, space, settings)
    return Simulator(obj, space, _declared(obj), bool(getattr(obj, "vectorized", False)), takes_seed)


def _check_kind(obj: Any) -> None:
    """Refuse functions whose calls do not run their body."""
    for function in (obj, getattr(obj, "__call__", None)):  # noqa: B004 - the method is looked at, not asked for
        if inspect.iscoroutinefunction(function):
            raise TypeError("simulator: it is an async function, which nobody awaits. Wrap it: asyncio.run(...).")
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError("simulator: it is a generator function, as it yields. Return the outputs of one run.")


def _declared(obj: Any) -> tuple[str, ...] | None:
    names = getattr(obj, "outputs", None)
    if names is None:
        return None
    names = (names,) if isinstance(names, str) else tuple(names)
    if not names or len(set(names)) < len(names) or not all(isinstance(name, str) for name in names):
        raise ValueError(f"simulator.outputs: expected different names as text, got {names!r}.")
    return names


def _check_arguments(obj: Any, space: Space, settings: tuple[str, ...]) -> bool:
    """Match the function's arguments with the names it will get; say whether it takes a seed."""
    try:
        arguments = inspect.signature(obj).parameters
    except (ValueError, TypeError):  # builtins and some extensions do not tell
        return False
    named = {n: a for n, a in arguments.items() if a.kind in (a.POSITIONAL_OR_KEYWORD, a.KEYWORD_ONLY)}
    takes_seed = "seed" in named and "seed" not in space.parameters and "seed" not in settings
    open_ended = any(a.kind is a.VAR_KEYWORD for a in arguments.values())
    # An array goes into the first argument, whatever its name is.
    first = next(iter(arguments), None) if space.positional else None
    given = set(settings) | ({first} if space.positional else set(space.names))
    for name in () if open_ended else (*settings, *(() if space.positional else space.names)):
        if name not in named:
            near = difflib.get_close_matches(name, list(named), n=1)
            hint = f" Is {near[0]!r} meant?" if near else _about_arrays(obj, arguments, space, settings)
            where = f"policies: {name!r}" if name in settings else f"bounds[{name!r}]"
            takes = ", ".join(named) or "none by keyword"
            if getattr(arguments.get(name), "kind", None) is inspect.Parameter.POSITIONAL_ONLY:
                hint = f" Its {name!r} is positional only: remove the `/` behind it."
            raise ValueError(f"{where}: the simulator has no argument of this name; it takes {takes}.{hint}")
    needed = [
        n for n, a in named.items() if a.default is a.empty and n not in given and not (n == "seed" and takes_seed)
    ]
    if needed:
        how = "one 1-D array, because the bounds are a list without names" if space.positional else "arguments by name"
        raise ValueError(
            f"bounds: the simulator needs {needed[0]!r}, which has no bounds; it is called with {how} "
            f"({', '.join(space.names)}). Give bounds for {needed[0]!r}, or a default value in the function."
        )
    return takes_seed


def _about_arrays(obj: Any, arguments: Mapping[str, inspect.Parameter], space: Space, settings: tuple[str, ...]) -> str:
    """Say how names and arrays go together, to somebody whose simulator takes one array."""
    by_place = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    plain = [name for name, a in arguments.items() if a.default is a.empty and a.kind in by_place]
    if len(plain) != 1 or {*space.names, *settings} & arguments.keys():
        return ""
    shape = "(n, d)" if getattr(obj, "vectorized", False) else "(d,)"
    names = ", ".join(space.names[:3]) + (", ..." if len(space) > 3 else "")
    return (
        f" Does {plain[0]!r} take an array of shape {shape}? Parameters with names arrive by name: take ({names}), or "
        "leave the names out, with bounds as a list of pairs: [(low, high), ...]."
    )
