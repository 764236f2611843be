"""Tells whether a simulator has changed: a hash of what it is made of, not of where it lies."""

from __future__ import annotations

import functools
import hashlib
import types
from collections.abc import Mapping
from typing import Any

import numpy as np

# What Python adds to a class: where it was written, and what it was told about it.
_NOT_CONTENT = {
    *("__dict__", "__weakref__", "__doc__", "__module__", "__qualname__", "__firstlineno__", "__static_attributes__"),
    *("__annotations__", "__annotate_func__", "__annotations_cache__"),
}
# Their own parts have names.
_NAMED_INSIDE = (types.FunctionType, types.MethodType, types.ModuleType, type)


def fingerprint(obj: Any, package: str | None = None) -> str:
    """Return a SHA-256 of what a simulator is made of, equal in every process that has the same code.

    For functions these are the code with its constants and names, the defaults, the values of the closure, and
    the global values, functions and classes of the same package that it uses; for objects their class and
    their state. Line numbers, file names, docstrings and memory addresses do not count. Libraries count by
    name only: their versions belong to the provenance.

    An object may offer its own: an attribute or method ``fingerprint`` that is or returns text.

    Parameters
    ----------
    obj : object
        Usually a function or a callable object.
    package : str, optional
        The top-level package whose code counts, besides that of a script; by default the one of `obj`.

    Returns
    -------
    str
        64 hexadecimal digits.

    Notes
    -----
    The bytecode of a function differs between minor versions of Python, and then so does its fingerprint.

    Examples
    --------
    >>> def make(factor):
    ...     return lambda x: factor * x
    >>> fingerprint(make(2.0)) == fingerprint(make(2.0)), fingerprint(make(2.0)) == fingerprint(make(3.0))
    (True, False)
    """
    return _Walk(_package(obj) if package is None else package).digest(obj).hex()


def parts(obj: Any) -> dict[str, str]:
    """Return what the fingerprint of a simulator is made of: digests by a name that its author knows.

    Two fingerprints that differ can so be explained. An object that offers its own fingerprint has no parts.

    Examples
    --------
    >>> def make(factor):
    ...     return lambda x: factor * x
    >>> one, other = parts(make(2.0)), parts(make(3.0))
    >>> [name for name in one if one[name] != other[name]]
    ["'factor' in the closure of make.<locals>.<lambda>"]
    """
    walk = _Walk(_package(obj))
    walk.digest(obj)
    return walk.parts


def _package(obj: Any) -> str:
    """Return the top-level package that the simulator's author wrote."""
    while isinstance(obj, functools.partial):
        obj = obj.func
    name = getattr(obj, "__module__", None) or type(obj).__module__
    return str(name).partition(".")[0]


def _digest(*parts: str | bytes) -> bytes:
    """Hash parts with their lengths, so that no two lists of parts look the same."""
    hashed = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        hashed.update(b"%d:" % len(content))
        hashed.update(content)
    return hashed.digest()


class _Walk:
    """One walk over an object and what it refers to."""

    def __init__(self, package: str) -> None:
        self._package = package
        self.parts: dict[str, str] = {}
        self._open: dict[int, int] = {}  # objects whose hash is being made, by depth: they may contain themselves
        self._done: dict[int, bytes] = {}
        self._alive: list[Any] = []  # an id means nothing once its object is gone

    def digest(self, obj: Any) -> bytes:
        if obj is None or isinstance(obj, (bool, int, float, complex, str, bytes, bytearray)):
            return _digest(type(obj).__name__, bytes(obj) if isinstance(obj, bytearray) else repr(obj))
        key = id(obj)
        if key in self._open:
            return _digest("again", str(self._open[key]))
        if key not in self._done:
            self._open[key] = len(self._open)
            self._alive.append(obj)
            self._done[key] = self._compound(obj)
            del self._open[key]
        return self._done[key]

    def _name(self, name: str, digest: bytes) -> bytes:
        self.parts[name] = digest.hex()[:16]
        return digest

    def _compound(self, obj: Any) -> bytes:
        own = None if isinstance(obj, (type, types.ModuleType)) else getattr(obj, "fingerprint", None)
        if isinstance(own, str) or callable(own):
            return _digest("own", str(own() if callable(own) else own))
        if isinstance(obj, (np.ndarray, np.generic)):
            return self._array(np.asarray(obj))
        if isinstance(obj, (list, tuple)):
            return _digest(type(obj).__name__, *map(self.digest, obj))
        if isinstance(obj, (set, frozenset)):
            return _digest("set", *sorted(_Walk(self._package).digest(item) for item in obj))
        if isinstance(obj, Mapping):
            return _digest("mapping", *(self.digest(pair) for pair in obj.items()))
        if isinstance(obj, types.ModuleType):
            return _digest("module", obj.__name__)
        if isinstance(obj, types.CodeType):
            return self._code(obj)
        if isinstance(obj, types.FunctionType):
            return self._function(obj)
        if isinstance(obj, types.MethodType):
            return _digest("method", self.digest(obj.__func__), self.digest(obj.__self__))
        if isinstance(obj, functools.partial):
            return _digest("partial", *map(self.digest, (obj.func, obj.args, obj.keywords)))
        if isinstance(obj, property):
            return _digest("property", self.digest(obj.fget))
        if isinstance(obj, (staticmethod, classmethod)):
            return _digest(type(obj).__name__, self.digest(obj.__func__))
        if isinstance(obj, type):
            return self._class(obj)
        if isinstance(obj, (types.BuiltinFunctionType, np.ufunc)):
            return _digest("builtin", getattr(obj, "__module__", None) or "", obj.__name__)
        return self._object(obj)

    def _array(self, array: np.ndarray[Any, Any]) -> bytes:
        if array.dtype.hasobject:
            return _digest("array", str(array.shape), self.digest(array.tolist()))
        if array.dtype.names:  # between the fields may be bytes that mean nothing
            return _digest("records", *(_digest(name, self._array(array[name])) for name in array.dtype.names))
        return _digest("array", str(array.dtype), str(array.shape), np.ascontiguousarray(array).tobytes())

    def _function(self, function: types.FunctionType) -> bytes:
        if not self._ours(function.__module__):
            return _digest("library", str(function.__module__), function.__qualname__)
        cells = [cell.cell_contents if _filled(cell) else None for cell in function.__closure__ or ()]
        defaults = [self.digest(value) for value in (function.__defaults__, function.__kwdefaults__)]
        where = function.__qualname__
        whole = _digest(
            "function",
            self._name(f"the code of {where}", self._code(function.__code__, function.__doc__)),
            *defaults,
            self.digest(cells),
            *self._globals(function.__code__, function.__globals__),
        )
        self._name(f"the default values of {where}", _digest(*defaults))
        for name, value in zip(function.__code__.co_freevars, cells, strict=True):
            if not isinstance(value, _NAMED_INSIDE):
                self._name(f"{name!r} in the closure of {where}", self.digest(value))
        return whole

    def _code(self, code: types.CodeType, doc: str | None = None) -> bytes:
        constants = list(code.co_consts)
        if doc is not None and constants and constants[0] == doc:
            constants[0] = None
        names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
        counts = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
        return _digest("code", code.co_code, repr(names), repr(counts), *map(self.digest, constants))

    def _globals(self, code: types.CodeType, namespace: dict[str, Any]) -> list[bytes]:
        """Hash the global things that the code, or code inside it, uses by name."""
        used = sorted(set(_names(code)))
        parts = []
        for name in used:
            if name in namespace and not name.startswith("__"):
                value = namespace[name]
                parts.append(_digest(name, self.digest(value)))
                if not isinstance(value, _NAMED_INSIDE):
                    self._name(f"the global {name!r}", parts[-1])
                if isinstance(value, types.ModuleType) and self._ours(value.__name__):
                    inside = [other for other in used if isinstance(vars(value).get(other), types.FunctionType)]
                    parts.extend(_digest(other, self.digest(vars(value)[other])) for other in inside)
        return parts

    def _class(self, cls: type) -> bytes:
        if not self._ours(cls.__module__):
            return _digest("library", cls.__module__, cls.__qualname__)
        members = [
            (name, member)
            for name, member in sorted(vars(cls).items())
            if name not in _NOT_CONTENT
            and not isinstance(member, (types.MemberDescriptorType, types.GetSetDescriptorType))
        ]
        bases = [self.digest(base) for base in cls.__bases__ if base is not object]
        whole = _digest("class", cls.__qualname__, *bases, *(_digest(n, self.digest(m)) for n, m in members))
        for name, member in members:
            if not isinstance(member, _NAMED_INSIDE):
                self._name(f"{cls.__qualname__}.{name}", self.digest(member))
        return whole

    def _object(self, obj: Any) -> bytes:
        cls = type(obj)
        if hasattr(obj, "py_func"):  # compiled by numba: the Python function says it all
            return _digest("compiled", self.digest(obj.py_func))
        if isinstance(obj, functools._lru_cache_wrapper):
            return _digest("cached", self.digest(obj.__wrapped__))
        if isinstance(obj, functools.cached_property):
            return _digest("cached property", self.digest(obj.func))
        try:
            state = obj.__reduce_ex__(2)
        except Exception:
            return _digest("opaque", cls.__module__, cls.__qualname__)
        if isinstance(state, str):
            return _digest("named", cls.__module__, cls.__qualname__, state)
        parts = [list(part) if _is_iterator(part) else part for part in state[1:]]
        if len(parts) > 1 and isinstance(parts[1], dict):
            computed = {n for c in cls.__mro__ for n, m in vars(c).items() if isinstance(m, functools.cached_property)}
            parts[1] = {name: value for name, value in parts[1].items() if name not in computed}
        whole = _digest("object", self.digest(cls), *map(self.digest, parts))
        if self._ours(cls.__module__) and len(parts) > 1 and isinstance(parts[1], dict):
            for name, value in parts[1].items():
                if not isinstance(value, _NAMED_INSIDE):
                    self._name(f"the attribute {name!r} of {cls.__qualname__}", self.digest(value))
        return whole

    def _ours(self, module: str | None) -> bool:
        return str(module).partition(".")[0] in (self._package, "__main__")


def _names(code: types.CodeType) -> list[str]:
    nested = [name for c in code.co_consts if isinstance(c, types.CodeType) for name in _names(c)]
    return [*code.co_names, *nested]


def _filled(cell: types.CellType) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - raises if the name was never given a value
    except ValueError:
        return False
    return True


def _is_iterator(value: Any) -> bool:
    return hasattr(value, "__next__")
