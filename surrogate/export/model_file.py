"""The model file: a zip archive of JSON and ``.npy`` arrays, each with its SHA-256; nothing in it is executed.

Members::

    SHA256SUMS           "digest  name" a line, so that `sha256sum -c SHA256SUMS` checks an unpacked file
    model.json           {"format": "surrogate model", "version": 1, "model": {...}}
    arrays/<name>.npy    one an array

Equal models give equal bytes: members are sorted and carry no time. Reading needs numpy and the standard library.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import re
import secrets
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

FORMAT = "surrogate model"
VERSION = 1

_DIGESTS, _MANIFEST = "SHA256SUMS", "model.json"
_ARRAY_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,199}")
_MOST_BYTES = 4 * 2**30  # unpacked; a Gaussian process of 10,000 runs takes 0.8 GB
_MOST_TEXT = 64 * 2**20  # of JSON and digests
_MOST_MEMBERS = 100_000
_KINDS = "biuf"  # booleans and real numbers; objects would need pickle
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a zip archive can hold


class ModelFileError(ValueError):
    """A model file is damaged, foreign, newer than this program, or unsafe to read."""


def write_model(path: str | os.PathLike[str], manifest: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write a model file; it appears whole or not at all.

    Parameters
    ----------
    path : path
        Where to write. An existing file is replaced once the new one is safe on disk.
    manifest : mapping
        What JSON can hold; numbers finite.
    arrays : mapping of str to ndarray
        Boolean, integer or float arrays; names of letters, digits, ``_``, ``-`` and ``.``.

    Raises
    ------
    ValueError
        If the manifest is not strict JSON, or an array's name or type cannot be stored.
    OSError
        If the file cannot be written; an existing one is then left as it was.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_model(folder + "/a.surrogate", {"kind": "line"}, {"slope": np.array([2.0])})
    ...     read_model(folder + "/a.surrogate")
    ({'kind': 'line'}, {'slope': array([2.])})
    """
    members: dict[str, bytes] = {}
    for name in sorted(arrays):
        if not _ARRAY_NAME.fullmatch(name):
            raise ValueError(f"arrays: letters, digits, '_', '-' and '.' make a name; got {name!r}. Rename it.")
        members[f"arrays/{name}.npy"] = _array_bytes(name, arrays[name])
    described = {"format": FORMAT, "version": VERSION, "model": dict(manifest)}
    try:
        members[_MANIFEST] = json.dumps(described, allow_nan=False, indent=1, ensure_ascii=False).encode()
    except (TypeError, ValueError) as error:
        raise ValueError(f"manifest: only what strict JSON can hold is stored; {error}.") from error
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(members.items()))
    target = Path(path)
    # In the target's own folder, so that the last step is a rename within one file system.
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as file:
            with zipfile.ZipFile(file, "w") as archive:
                for name, data in [(_DIGESTS, sums.encode()), *sorted(members.items())]:
                    archive.writestr(_entry(name), data, compresslevel=6)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def read_model(
    path: str | os.PathLike[str], max_bytes: int = _MOST_BYTES
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Read a model file, or say clearly why it is refused.

    Every size is checked before memory is taken, every digest before a value is used. Nothing is executed and no
    pickle is loaded.

    Parameters
    ----------
    path : path
        A file that :func:`write_model` made.
    max_bytes : int, default 4 GiB
        Most bytes that all members together may unpack to.

    Returns
    -------
    manifest : dict
    arrays : dict of str to ndarray

    Raises
    ------
    ModelFileError
        If the file is not a model file, is damaged, is newer than this program, holds members that do not belong there,
        unpacks to more than `max_bytes`, or holds arrays of other things than numbers.
    OSError
        If the file cannot be opened.
    """
    shown = os.fspath(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = _checked_members(archive, shown, max_bytes)
            digests = _digests(_unpacked(archive, members[_DIGESTS], shown), shown)
            if set(digests) != set(members) - {_DIGESTS}:
                odd = sorted(set(digests) ^ (set(members) - {_DIGESTS}))
                raise ModelFileError(f"{shown}: {_DIGESTS} and members differ in {odd[:5]}. Save the model again.")
            manifest = _manifest(_verified(archive, members[_MANIFEST], digests, shown), shown)
            arrays = {
                name.removeprefix("arrays/").removesuffix(".npy"): _array(
                    _verified(archive, members[name], digests, shown), f"{shown}: {name}"
                )
                for name in sorted(members)
                if name.startswith("arrays/")
            }
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, NotImplementedError) as error:
        raise ModelFileError(f"{shown}: not a model file, or damaged ({error}). Copy or save it again.") from error
    return manifest, arrays


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # as on Unix everywhere, so that bytes do not tell the machine
    entry.external_attr = 0o644 << 16
    return entry


def _array_bytes(name: str, array: NDArray[Any]) -> bytes:
    if array.dtype.kind not in _KINDS:
        raise ValueError(f"arrays[{name!r}]: booleans, integers or floats are stored; got dtype {array.dtype}.")
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, np.asarray(array, order="C"), version=(1, 0), allow_pickle=False)
    return buffer.getvalue()


def _checked_members(archive: zipfile.ZipFile, shown: str, max_bytes: int) -> dict[str, zipfile.ZipInfo]:
    """Return the members by name, if names and declared sizes are allowed."""
    entries = archive.infolist()
    if len(entries) > _MOST_MEMBERS:
        raise ModelFileError(f"{shown}: {len(entries)} members; at most {_MOST_MEMBERS} are read.")
    members: dict[str, zipfile.ZipInfo] = {}
    for entry in entries:
        name = entry.filename
        stem = name.removeprefix("arrays/").removesuffix(".npy")
        is_array = name == f"arrays/{stem}.npy" and _ARRAY_NAME.fullmatch(stem)
        if not is_array and name not in (_DIGESTS, _MANIFEST):
            raise ModelFileError(
                f"{shown}: member {name!r} does not belong in a model file. Only {_DIGESTS}, {_MANIFEST} and "
                "arrays/<name>.npy are read."
            )
        if name in members:
            raise ModelFileError(f"{shown}: member {name!r} occurs twice. Save the model again.")
        if not is_array and entry.file_size > _MOST_TEXT:
            raise ModelFileError(
                f"{shown}: {name} unpacks to {entry.file_size:,} bytes; at most {_MOST_TEXT:,} are read."
            )
        members[name] = entry
    total = sum(entry.file_size for entry in entries)
    if total > max_bytes:
        raise ModelFileError(
            f"{shown}: unpacks to {total:,} bytes; at most {max_bytes:,} are read. If you trust it, raise max_bytes."
        )
    for needed in (_DIGESTS, _MANIFEST):
        if needed not in members:
            raise ModelFileError(f"{shown}: no member {needed}: not a model file of this package.")
    return members


def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, shown: str) -> bytes:
    """Bytes of a member; never more than the checked size that it declares."""
    try:
        with archive.open(entry) as member:
            data = member.read(entry.file_size)
    except (zlib.error, RuntimeError) as error:  # RuntimeError: encrypted
        raise ModelFileError(f"{shown}: {entry.filename} cannot be unpacked ({error}). Copy it again.") from error
    if len(data) != entry.file_size:
        raise ModelFileError(f"{shown}: {entry.filename} is cut short. Copy or save the file again.")
    return data


def _verified(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, digests: dict[str, str], shown: str) -> bytes:
    data = _unpacked(archive, entry, shown)
    if hashlib.sha256(data).hexdigest() != digests[entry.filename]:
        raise ModelFileError(
            f"{shown}: the SHA-256 of {entry.filename} is not the one in {_DIGESTS}: the file was changed after it was "
            "written. Get it again from its source."
        )
    return data


def _digests(data: bytes, shown: str) -> dict[str, str]:
    lines = [line.split("  ", 1) for line in data.decode("utf-8", "replace").splitlines()]
    if any(len(line) != 2 or not re.fullmatch("[0-9a-f]{64}", line[0]) for line in lines):
        raise ModelFileError(f"{shown}: {_DIGESTS} is not a list of SHA-256 digests and names. Save the model again.")
    return {name: digest for digest, name in lines}


def _manifest(data: bytes, shown: str) -> dict[str, Any]:
    try:
        described = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{shown}: {_MANIFEST} is not JSON ({error}). Save the model again.") from error
    if not isinstance(described, dict) or described.get("format") != FORMAT:
        raise ModelFileError(f"{shown}: {_MANIFEST} does not say format {FORMAT!r}: not a model file of this package.")
    version = described.get("version")
    if not isinstance(version, int) or version < 1 or not isinstance(described.get("model"), dict):
        raise ModelFileError(f"{shown}: {_MANIFEST} has no version or no model. Save the model again.")
    if version > VERSION:
        raise ModelFileError(
            f"{shown}: written in version {version} of the format; this program reads up to {VERSION}. "
            "Upgrade it: pip install --upgrade surrogate-discovery."
        )
    model: dict[str, Any] = described["model"]
    return model


def _array(data: bytes, where: str) -> NDArray[Any]:
    """Read `.npy` bytes; its header must announce numbers and exactly the bytes that are there."""
    buffer = io.BytesIO(data)
    try:
        if np.lib.format.read_magic(buffer) != (1, 0):
            raise ValueError("version 1.0 of the npy format is expected")
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(buffer)
    except (ValueError, TypeError) as error:
        raise ModelFileError(f"{where} is not a numpy array ({error}). Save the model again.") from error
    if dtype.kind not in _KINDS or dtype.hasobject or fortran:
        raise ModelFileError(f"{where} holds {dtype}; only booleans, integers and floats in C order are read.")
    count = math.prod(shape)
    sane = all(0 <= length <= _MOST_BYTES for length in shape)  # (0, 10**20) announces no bytes either
    if not sane or count * dtype.itemsize != len(data) - buffer.tell():
        raise ModelFileError(
            f"{where} announces shape {shape} of {dtype}, its bytes say otherwise. Get the file again."
        )
    return np.frombuffer(data, dtype, count, buffer.tell()).reshape(shape).copy()  # own, aligned memory


def _sync_folder(folder: Path) -> None:
    """Make the rename durable, where the system can."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
