"""Reads every form in which a user may write bounds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.space import distribution as distributions
from surrogate.space.categorical import Categorical
from surrogate.space.integer import Integer
from surrogate.space.parameter import Parameter
from surrogate.space.real import Real

if TYPE_CHECKING:
    from surrogate.space.space import Space

_FORMS = (
    "a dict {name: (low, high) | Real | Integer | Categorical | scipy distribution}, a list of (low, high) pairs, "
    "a SALib problem, or a Space"
)


def read_bounds(bounds: Any) -> tuple[dict[str, Parameter], bool]:
    """Return parameters by name, and whether they were given by position.

    Raises
    ------
    ValueError, TypeError
        Naming the entry of `bounds` that is wrong, what is allowed, what was given and how to repair it.
    """
    if bounds is None:
        raise TypeError(f"bounds: missing, and the simulator has no .space of its own. Give {_FORMS}.")
    if isinstance(bounds, Mapping):
        named = _salib(bounds) if "num_vars" in bounds else _named(bounds)
        return named, False
    if hasattr(bounds, "lb") and hasattr(bounds, "ub"):  # scipy.optimize.Bounds
        bounds = list(zip(np.atleast_1d(bounds.lb), np.atleast_1d(bounds.ub), strict=True))
    if isinstance(bounds, np.ndarray):
        if bounds.ndim != 2 or bounds.shape[1] != 2:
            raise ValueError(f"bounds: an array must have shape (d, 2), a row a parameter; got {bounds.shape}.")
        bounds = bounds.tolist()
    if isinstance(bounds, Sequence) and not isinstance(bounds, str):
        return _listed(bounds), True
    raise TypeError(f"bounds: expected {_FORMS}; got {type(bounds).__name__}.")


def read_parameter(value: Any) -> Parameter:
    """Turn one entry of `bounds` into a parameter."""
    if isinstance(value, Parameter):
        return value
    if distributions.is_frozen(value):
        if distributions.is_discrete(value):
            distributions.check_frozen(value, discrete=True)
            return Integer(*value.support(), distribution=value)
        distributions.check_frozen(value, discrete=False)
        return Real(*map(float, value.support()), distribution=value)
    if isinstance(value, (set, frozenset)) or (
        isinstance(value, (list, tuple)) and value and all(isinstance(v, str) for v in value)
    ):
        raise ValueError(f"got {value!r}. For a choice among values write Categorical({list(value)!r}).")
    if isinstance(value, (list, tuple, np.ndarray)) and any(np.ndim(limit) for limit in value):
        raise ValueError(
            f"expected a pair of numbers (low, high), got the nested {value!r}. Remove one level of brackets; "
            "for all lows followed by all highs write list(zip(lows, highs))."
        )
    if not isinstance(value, (list, tuple, np.ndarray)) or len(value) != 2:
        raise ValueError(f"expected a pair (low, high), Real, Integer, Categorical or a distribution; got {value!r}.")
    low, high = value
    return Real(low, high)


def parameter_from_dict(described: dict[str, Any]) -> Parameter:
    """Rebuild a parameter from `Parameter.to_dict`; nothing is executed."""
    fields = dict(described)
    kind = fields.pop("kind", None)
    if kind == Categorical.kind:
        return Categorical(tuple(fields["values"]))
    if kind not in (Real.kind, Integer.kind):
        raise ValueError(f"unknown kind of parameter {kind!r}; known are 'real', 'integer' and 'categorical'.")
    if "distribution" in fields:
        fields["distribution"] = distributions.from_dict(fields["distribution"])
    low, high = float(fields.pop("low")), float(fields.pop("high"))
    return Real(low, high, **fields) if kind == Real.kind else Integer(low, high, **fields)  # type: ignore[arg-type]


@contextmanager
def naming(entry: str) -> Iterator[None]:
    """Put the place in front of an error's message."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise type(error)(f"{entry}: {error}") from None


def _named(bounds: Mapping[Any, Any]) -> dict[str, Parameter]:
    if not bounds:
        raise ValueError("bounds: expected at least one parameter, got an empty dict.")
    parameters = {}
    for name, value in bounds.items():
        if not isinstance(name, str) or not name.strip():
            raise TypeError(f"bounds: names must be text that is not blank, got {name!r}.")
        with naming(f"bounds[{name!r}]"):
            parameters[name] = read_parameter(value)
    return parameters


def _listed(bounds: Sequence[Any]) -> dict[str, Parameter]:
    if not bounds:
        raise ValueError("bounds: expected at least one (low, high) pair, got an empty list.")
    lengths = [len(entry) for entry in bounds if isinstance(entry, (list, tuple, np.ndarray))]
    if len(bounds) == 2 and lengths and min(lengths) > 2:
        raise ValueError(
            f"bounds: expected a list of (low, high) pairs, got two rows of {lengths[0]}. If they are all lows and "
            "all highs, write list(zip(lows, highs))."
        )
    if len(bounds) == 2 and not lengths and all(isinstance(b, (int, float)) for b in bounds):
        raise ValueError(
            f"bounds: expected a list of pairs, got one pair {bounds!r}. Write [({bounds[0]}, {bounds[1]})]."
        )
    parameters = {}
    for i, value in enumerate(bounds):
        with naming(f"bounds[{i}]"):
            parameters[f"x{i + 1}"] = read_parameter(value)
    return parameters


def _salib(problem: Mapping[Any, Any]) -> dict[str, Parameter]:
    """Read a SALib problem; for other than uniform `dists` its "bounds" hold the distribution's parameters."""
    for key in ("names", "bounds"):
        if key not in problem:
            raise ValueError(f"bounds: a SALib problem needs 'num_vars', 'names' and 'bounds'; {key!r} is missing.")
    names, limits = list(problem["names"]), list(problem["bounds"])
    dists = list(problem.get("dists") or ["unif"] * len(names))
    if not problem["num_vars"] == len(names) == len(limits) == len(dists):
        raise ValueError(
            f"bounds: the SALib problem says num_vars={problem['num_vars']} but has {len(names)} names, "
            f"{len(limits)} bounds and {len(dists)} dists. Make them agree."
        )
    if len(set(names)) < len(names):
        raise ValueError(f"bounds: names of the SALib problem must be different, got {names}.")
    parameters: dict[str, Parameter] = {}
    for name, dist, values in zip(names, dists, limits, strict=True):
        with naming(f"bounds[{name!r}]"):
            parameters[str(name)] = _salib_parameter(dist, list(values))
    return parameters


def _salib_parameter(dist: str, values: list[Any]) -> Parameter:
    expected = {
        "unif": (2,),
        "logunif": (2,),
        "triang": (3,),
        "norm": (2,),
        "truncnorm": (4,),
        "lognorm": (2,),
        "weibull": (2, 3),
    }
    if dist not in expected:
        raise ValueError(f"unknown SALib distribution {dist!r}; known are {', '.join(expected)}.")
    if len(values) not in expected[dist]:
        raise ValueError(f"SALib's {dist!r} takes {expected[dist][-1]} numbers, got {values}.")
    if dist in ("unif", "logunif"):
        return Real(values[0], values[1], log=dist == "logunif")
    from scipy import stats

    if dist == "triang":
        low, high, peak = values
        return read_parameter(stats.triang(peak, loc=low, scale=high - low))
    if dist == "norm":
        return read_parameter(stats.norm(*values))
    if dist == "truncnorm":
        low, high, mean, sd = values
        return read_parameter(stats.truncnorm((low - mean) / sd, (high - mean) / sd, loc=mean, scale=sd))
    if dist == "lognorm":
        return read_parameter(stats.lognorm(values[1], scale=math.exp(values[0])))
    shape, scale, *location = values
    return read_parameter(stats.weibull_min(shape, scale=scale, loc=location[0] if location else 0.0))


def to_salib(space: Space) -> dict[str, Any]:
    """Write a space as a SALib problem."""
    bounds, dists = [], []
    for name, parameter in space.parameters.items():
        if not isinstance(parameter, Real) or parameter.distribution is not None:
            raise ValueError(
                f"{name!r} is {parameter.kind} or has a distribution, which a SALib problem cannot say exactly. "
                "Sample SALib in the unit cube and map with Space.from_unit."
            )
        bounds.append([parameter.low, parameter.high])
        dists.append("logunif" if parameter.log else "unif")
    return {"num_vars": len(space), "names": list(space.names), "bounds": bounds, "dists": dists}
