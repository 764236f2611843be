"""The contract of a fitted record: a frozen bundle of arrays and names that predicts with numpy alone."""

from __future__ import annotations

import math
import types
import typing
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from surrogate.models import records

#: State of a record: what JSON can hold.
State = dict[str, Any]
Arrays = dict[str, NDArray[Any]]

#: Bytes of temporary arrays in one block of rows: they stay in cache, which is three times as fast as 16 MiB.
_BLOCK_BYTES = 2 * 2**20

_registry: dict[str, type[Record]] = {}


@dataclass(frozen=True, eq=False)
class Record(ABC):
    """Numpy-only half of a Model B: what predicts, what the model file holds and what every export translates.

    A record is a frozen dataclass. Its fields are declared as ``bool``, ``int``, ``float`` (finite), ``str``,
    ``NDArray[dtype]``, another `Record`, ``tuple[one of these, ...]``, or ``one of these | None``, and are checked
    against the declaration whenever a record is made, by a fit as well as from a file. Arrays are kept in C order and
    read-only, so that a record and its copy from a file compute the very same bits.

    A new kind of record sets `kind`, declares its fields, and implements `n_features`, `_row_bytes` and
    `_predict_block`; where it has them, also `_std_block` and `_gradient_block`. It is added to the `__init__` of
    `surrogate.models.records`, which is the registry that `from_state` reads.

    Examples
    --------
    >>> import numpy as np
    >>> from surrogate.models.records import Constant, Record
    >>> record = Constant(value=2.5, spread=0.0, n_inputs=3)
    >>> state, arrays = record.to_state()
    >>> Record.from_state(state, arrays).predict(np.zeros((2, 3)))
    array([2.5, 2.5])
    """

    kind: ClassVar[str]
    has_std: ClassVar[bool] = False
    has_gradient: ClassVar[bool] = False

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "kind" not in vars(cls):
            return
        other = _registry.setdefault(cls.kind, cls)
        if (other.__module__, other.__qualname__) != (cls.__module__, cls.__qualname__):
            raise TypeError(
                f"kind {cls.kind!r} of {cls.__qualname__} is taken by {other.__qualname__}; choose another kind."
            )

    def __post_init__(self) -> None:
        hints = typing.get_type_hints(type(self))
        for field in fields(self):
            checked = _checked(getattr(self, field.name), hints[field.name], f"{self.kind}.{field.name}")
            object.__setattr__(self, field.name, checked)

    # What a kind of record implements -------------------------------------------------------------------------------

    @property
    @abstractmethod
    def n_features(self) -> int:
        """Number of columns of `X`."""

    @property
    @abstractmethod
    def _row_bytes(self) -> int:
        """Bytes of temporary arrays that one row of `X` needs, which sets the number of rows in a block."""

    @abstractmethod
    def _predict_block(self, X: NDArray[np.float64]) -> NDArray[np.float64]: ...

    def _std_block(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        raise NotImplementedError

    def _gradient_block(self, X: NDArray[np.float64]) -> NDArray[np.float64]:
        raise NotImplementedError

    # What users of a record call ------------------------------------------------------------------------------------

    def predict(self, X: ArrayLike) -> NDArray[np.float64]:
        """Predict the output.

        Parameters
        ----------
        X : array_like of shape (n, p)
            Features, as the emulator was fitted to. Worked through in blocks: memory stays bounded for any `n`.

        Returns
        -------
        ndarray of shape (n,)

        Raises
        ------
        ValueError
            When `X` is not a table of numbers with `n_features` columns.
        """
        return self._in_blocks(self._predict_block, X, ())

    def std(self, X: ArrayLike) -> NDArray[np.float64] | None:
        """Predict the standard deviation that the model itself states.

        Parameters
        ----------
        X : array_like of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n,) or None
            None where the kind of model states none (`has_std` is False).

        Raises
        ------
        ValueError
            When `X` is not a table of numbers with `n_features` columns.
        """
        return self._in_blocks(self._std_block, X, ()) if self.has_std else None

    def gradient(self, X: ArrayLike) -> NDArray[np.float64]:
        """Compute the derivatives of `predict` with respect to the features.

        Parameters
        ----------
        X : array_like of shape (n, p)
            Features.

        Returns
        -------
        ndarray of shape (n, p)

        Raises
        ------
        NotImplementedError
            When the kind of model has no analytic derivatives (`has_gradient` is False).
        ValueError
            When `X` is not a table of numbers with `n_features` columns.
        """
        if not self.has_gradient:
            raise NotImplementedError(
                f"a {self.kind} record has no analytic gradient; kinds that have one say has_gradient = True "
                "(gaussian_process and mlp among them). Fit one of those, or use finite differences."
            )
        return self._in_blocks(self._gradient_block, X, (self.n_features,))

    def _in_blocks(
        self, function: Callable[[NDArray[np.float64]], NDArray[np.float64]], X: ArrayLike, tail: tuple[int, ...]
    ) -> NDArray[np.float64]:
        rows = np.ascontiguousarray(X, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != self.n_features:
            raise ValueError(
                f"X: a table with {self.n_features} columns is needed; got shape {rows.shape}. "
                "Give one row per point and one column per feature."
            )
        size = max(1, _BLOCK_BYTES // max(1, self._row_bytes))
        out = np.empty((len(rows), *tail))
        for start in range(0, len(rows), size):
            out[start : start + size] = function(rows[start : start + size])
        return out

    def to_state(self) -> tuple[State, Arrays]:
        """Take the record apart into what JSON can hold and named arrays.

        Returns
        -------
        state : dict
            ``{"kind": ..., field: value, ...}`` of JSON values. An array is a reference
            ``{"array": name, "dtype": "<f8", "shape": [...]}``, a nested record a dict with its own ``"kind"``.
        arrays : dict of str to ndarray
            Names are paths of field names, such as ``"members.0.weights"``.
        """
        arrays: Arrays = {}
        return self._to_state("", arrays), arrays

    def _to_state(self, path: str, arrays: Arrays) -> State:
        state: State = {"kind": self.kind}
        for field in fields(self):
            state[field.name] = _encoded(getattr(self, field.name), path + field.name, arrays)
        return state

    @classmethod
    def from_state(cls, state: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Put a record together again; the inverse of `to_state`.

        Nothing in `state` is executed: `kind` is looked up among the records of this package.

        Parameters
        ----------
        state, arrays
            As `to_state` gave them.

        Returns
        -------
        Record
            Predicts the very same bits as the record that was taken apart.

        Raises
        ------
        ValueError
            For an unknown kind, a missing, unknown or mistyped field, or an array that is missing or not of the type
            and shape that `state` announces.
        """
        kind = state.get("kind") if isinstance(state, Mapping) else None
        found = _record_types().get(kind) if isinstance(kind, str) else None
        if found is None:
            raise ValueError(
                f"state['kind']: one of {', '.join(sorted(_record_types()))} is known; got {kind!r}. "
                "The file may come from a newer version of this package: upgrade it."
            )
        if not issubclass(found, cls):
            raise ValueError(f"state['kind']: a {cls.__name__} is expected here; got {kind!r}.")
        names = {field.name for field in fields(found)}
        given = set(state) - {"kind"}
        if names != given:
            raise ValueError(
                f"state of kind {kind!r}: fields {sorted(names)} are needed; "
                f"missing {sorted(names - given)}, unknown {sorted(given - names)}."
            )
        return found(**{name: _decoded(state[name], f"{kind}.{name}", arrays) for name in sorted(names)})


def _record_types() -> dict[str, type[Record]]:
    """All record types by kind; touching the lazy names of the package registers its own."""
    for name in records.__all__:
        getattr(records, name)
    return _registry


def _encoded(value: Any, path: str, arrays: Arrays) -> Any:
    if isinstance(value, np.ndarray):
        arrays[path] = value
        return {"array": path, "dtype": value.dtype.str, "shape": list(value.shape)}
    if isinstance(value, Record):
        return value._to_state(path + ".", arrays)
    if isinstance(value, tuple):
        return [_encoded(item, f"{path}.{i}", arrays) for i, item in enumerate(value)]
    return value


def _decoded(value: Any, where: str, arrays: Mapping[str, NDArray[Any]]) -> Any:
    if isinstance(value, list):
        return tuple(_decoded(item, f"{where}.{i}", arrays) for i, item in enumerate(value))
    if not isinstance(value, Mapping):
        return value
    if "kind" in value:
        return Record.from_state(value, arrays)
    if set(value) != {"array", "dtype", "shape"}:
        raise ValueError(f"state of {where}: a value, a record or a reference to an array is needed; got {value!r}.")
    array = arrays.get(value["array"])
    if array is None:
        raise ValueError(f"state of {where}: array {value['array']!r} is missing; given are {sorted(arrays)}.")
    if array.dtype.str != value["dtype"] or list(array.shape) != list(value["shape"]):
        raise ValueError(
            f"state of {where}: array {value['array']!r} should be {value['dtype']} of shape {value['shape']}; "
            f"got {array.dtype.str} of shape {list(array.shape)}. The file is damaged."
        )
    return array


def _checked(value: Any, hint: Any, where: str) -> Any:
    """`value` if it is what `hint` declares, arrays read-only and in C order; else a clear error."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is types.UnionType:  # only "... | None" is declared
        return None if value is None else _checked(value, arguments[0], where)
    if origin is tuple and isinstance(value, tuple):
        return tuple(_checked(item, arguments[0], f"{where}[{i}]") for i, item in enumerate(value))
    if (origin is np.ndarray or origin is NDArray) and isinstance(value, np.ndarray):
        # NDArray[t] is ndarray[shape, dtype[t]] up to numpy 2.4, and an alias with the argument t from 2.5 on.
        dtype = np.dtype(typing.get_args(arguments[1])[0] if origin is np.ndarray else arguments[0])
        return _frozen(value, dtype) if value.dtype == dtype else _refuse(value, hint, where)
    if hint is float:
        return float(value) if type(value) in (float, int) and math.isfinite(value) else _refuse(value, hint, where)
    if hint in (bool, int, str):
        return value if type(value) is hint else _refuse(value, hint, where)
    return value if isinstance(hint, type) and isinstance(value, hint) else _refuse(value, hint, where)


def _frozen(array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    kept = np.require(array, dtype=dtype, requirements=["C", "A"]).view()
    kept.setflags(write=False)
    return kept


def _refuse(value: Any, hint: Any, where: str) -> typing.Never:
    shown = f"an array of {value.dtype}" if isinstance(value, np.ndarray) else repr(value)
    allowed = getattr(hint, "__name__", None) if isinstance(hint, type) else str(hint)
    raise ValueError(f"{where}: {allowed} (finite, if a number) is needed; got {shown}.")
