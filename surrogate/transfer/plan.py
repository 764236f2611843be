"""The planned runs: futures crossed with policies and replicates, their keys and seeds."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from surrogate.simulation import Chunk, Outcome
from surrogate.space import Categorical, Space

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

Policies = Mapping[str, Mapping[str, Any]]

POLICY = "policy"
REPLICATE = "replicate"
_BATCH = 10_000
_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False)


@dataclass(frozen=True)
class Plan:
    """The runs of one study, in order: policy by policy, in each replicate by replicate, in each the design.

    Parameters
    ----------
    space : Space
        What varies, without the policies.
    futures : DataFrame of shape (n, d)
        The design's points, with the space's columns.
    policies : mapping of str to mapping, optional
        Settings by name; every policy meets the same futures.
    replicates : int, default 1
        How often each point is run, each time with another seed.
    """

    space: Space
    futures: pd.DataFrame
    policies: Policies | None = None
    replicates: int = 1

    def __len__(self) -> int:
        return len(self.futures) * self.replicates * len(self.policies or (None,))

    @cached_property
    def table_space(self) -> Space:
        """The space with the policy as one more parameter: that of the transfer set."""
        return self.space if self.policies is None else with_policies(self.space, tuple(self.policies))

    @cached_property
    def inputs(self) -> pd.DataFrame:
        """A row a run: the inputs, the policy if there are any, and the replicate if there are several."""
        import pandas as pd

        one = pd.concat([self.futures] * self.replicates, ignore_index=True)
        if self.replicates > 1:
            one[REPLICATE] = np.repeat(np.arange(self.replicates), len(self.futures))
        if self.policies is None:
            return one
        blocks = []
        for name, settings in self.policies.items():
            block = one.copy()
            for key, value in settings.items():
                if key in self.space.parameters:
                    block[key] = value
            block.insert(len(self.space), POLICY, pd.Series([name] * len(one), dtype=object))
            blocks.append(block)
        whole = pd.concat(blocks, ignore_index=True)
        return whole.astype({name: dtype for name, dtype in self.futures.dtypes.items() if whole[name].dtype != dtype})

    def inside(self) -> NDArray[np.bool_]:
        """Whether each run lies within the limits and fulfils the constraints."""
        return self.space.contains(self.inputs)

    def chunks(
        self,
        rows: NDArray[np.int64],
        seeds: NDArray[np.int64] | None,
        keep: Callable[[Outcome], Outcome] | None = None,
    ) -> list[Chunk]:
        """Return the runs of these rows, a chunk a policy; `keep` is that of a chunk."""
        block = len(self.futures) * self.replicates
        chunks = []
        for i, settings in enumerate((self.policies or {"": {}}).values()):
            mine = rows[(rows >= i * block) & (rows < (i + 1) * block)]
            extra = {key: value for key, value in settings.items() if key not in self.space.parameters}
            columns = {name: self.inputs[name].to_numpy()[mine] for name in self.space.names}
            chunks.append(Chunk(mine, columns, extra, None if seeds is None else seeds[mine], keep=keep))
        return chunks

    def seeds(self, study_seed: int) -> NDArray[np.int64]:
        """Return each run's own seed, below 2**32.

        It depends on the study's seed, the design's point and the replicate, and not on the policy: all
        policies meet the same random numbers, so that their difference is theirs alone.
        """
        header = f"{study_seed}:".encode()
        hashes = (hashlib.sha256(header + identity).digest() for identity in self._identities())
        one = np.fromiter((int.from_bytes(digest[:4], "big") for digest in hashes), dtype=np.int64)
        return np.tile(one, len(self.policies or (None,)))

    def keys(self, fingerprint: str, seeds: NDArray[np.int64] | None) -> Iterator[bytes]:
        """Yield each run's key: SHA-256 of the simulator, the inputs, the replicate and (if it takes one) the seed."""
        row = 0
        for settings in (self.policies or {"": {}}).values():
            header = canonical({"fingerprint": fingerprint, "settings": dict(settings)})
            for identity in self._identities():
                seed = b"" if seeds is None else f"seed:{seeds[row]}".encode()
                yield hashlib.sha256(b"\n".join((header, identity, seed))).digest()
                row += 1

    def _identities(self) -> Iterator[bytes]:
        """Yield what tells one future (a point and its replicate) from another, as canonical JSON.

        Equal points are counted, so that a design may hold one twice.
        """
        names = list(self.space.names)
        nth = occurrences(self.futures)
        for replicate in range(self.replicates):
            for start in range(0, len(self.futures), _BATCH):
                cut = slice(start, start + _BATCH)
                columns = [_without_negative_zero(self.futures[name].to_numpy()[cut]).tolist() for name in names]
                for k, *values in zip(nth[cut].tolist(), *columns, strict=True):
                    inputs = dict(zip(names, values, strict=True))
                    yield canonical({"inputs": inputs, "occurrence": k, "replicate": replicate})


def with_policies(space: Space, names: tuple[str, ...]) -> Space:
    """Return the space with the policy as one more, categorical, parameter."""
    widened = Space({**space.parameters, POLICY: Categorical(names)}, space.constraints)
    widened.positional = space.positional
    return widened


def check_policies(policies: Any, space: Space) -> dict[str, dict[str, Any]] | None:
    """Read the `policies` argument; ``ValueError`` or ``TypeError`` if it is wrong."""
    if policies is None:
        return None
    example = '{"none": {}, "cap": {"emission": 0.02}}'
    if not isinstance(policies, Mapping) or not policies:
        raise TypeError(f"policies: expected a dict of named settings such as {example}, got {policies!r}.")
    if POLICY in space.parameters:
        raise ValueError(f"bounds: the name {POLICY!r} is taken by the column of the policies. Rename the parameter.")
    read: dict[str, dict[str, Any]] = {}
    for name, settings in policies.items():
        if not isinstance(name, str) or not isinstance(settings, Mapping):
            raise TypeError(
                f"policies: expected names with dicts of settings such as {example}, got {name!r}: {settings!r}."
            )
        read[name] = {}
        for key, value in settings.items():
            plain = value.tolist() if isinstance(value, (np.generic, np.ndarray)) else value
            if not isinstance(key, str) or not _is_plain(plain):
                raise TypeError(
                    f"policies[{name!r}]: expected settings that are numbers, text, booleans or lists of them; "
                    f"got {key!r}: {value!r}."
                )
            parameter = space.parameters.get(key)
            if parameter is not None:
                plain = parameter.check(np.array([plain], dtype=object), f"policies[{name!r}][{key!r}]").tolist()[0]
            read[name][key] = plain
    return read


def _is_plain(value: Any) -> bool:
    """Whether a setting can be part of a key."""
    if isinstance(value, (list, tuple)):
        return all(map(_is_plain, value))
    return isinstance(value, (str, bool, int)) or (isinstance(value, float) and math.isfinite(value))


def occurrences(futures: pd.DataFrame) -> NDArray[np.int64]:
    """Return, for each row, how many equal rows came before it."""
    if not len(futures.columns):
        return np.arange(len(futures))
    return np.asarray(futures.groupby(list(futures.columns), sort=False, dropna=False).cumcount(), dtype=np.int64)


def canonical(content: Any) -> bytes:
    """Return JSON with sorted names, no spaces and shortest exact numbers: equal content, equal bytes."""
    return _canonical.encode(content).encode()


def _without_negative_zero(column: NDArray[Any]) -> NDArray[Any]:
    return column + 0.0 if column.dtype.kind == "f" else column
