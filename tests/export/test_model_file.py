"""A model file gives back the same bits, and whatever is not exactly one is refused."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, floating_dtypes, integer_dtypes

from surrogate.export import ModelFileError, read_model, write_model
from surrogate.export.model_file import VERSION

ARRAYS = {"a.weights": np.arange(6.0).reshape(2, 3), "b": np.array([True, False]), "empty": np.empty((0, 4), np.int32)}


@pytest.fixture
def path(tmp_path):
    write_model(tmp_path / "m.surrogate", {"kind": "test", "π": [1, 2.5, None]}, ARRAYS)
    return tmp_path / "m.surrogate"


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def forge(path, changed, *, sums=True, extra=()):
    """The archive with members replaced (or dropped, where None), its digests made to fit."""
    content = {name: data for name, data in {**members(path), **changed}.items() if data is not None}
    content.pop("SHA256SUMS")
    listed = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in content.items())
    forged = path.with_name("forged.surrogate")
    with zipfile.ZipFile(forged, "w") as archive:
        if sums:
            archive.writestr("SHA256SUMS", listed)
        for name, data in [*content.items(), *extra]:
            archive.writestr(name, data)
    return forged


def manifest(**changed):
    return json.dumps({"format": "surrogate model", "version": VERSION, "model": {}, **changed}).encode()


@settings(max_examples=50, deadline=None)
@given(
    array=st.one_of(
        arrays(floating_dtypes(sizes=(32, 64)), array_shapes(min_dims=0, max_dims=3)),
        arrays(integer_dtypes(), array_shapes(min_dims=0, max_dims=3)),
    )
)
def test_arrays_come_back_bit_for_bit(tmp_path_factory, array):
    path = tmp_path_factory.mktemp("file") / "m"
    write_model(path, {}, {"x": array, "f": array.T.copy().T})
    _, back = read_model(path)
    for copy in back.values():
        assert copy.dtype == array.dtype
        assert copy.shape == array.shape
        assert copy.tobytes() == array.tobytes()
        assert copy.flags.c_contiguous
        assert copy.flags.aligned


def test_the_manifest_comes_back(path):
    described, back = read_model(path)
    assert described == {"kind": "test", "π": [1, 2.5, None]}
    assert set(back) == set(ARRAYS)


def test_equal_models_give_equal_bytes(path, tmp_path):
    write_model(tmp_path / "again", {"kind": "test", "π": [1, 2.5, None]}, dict(reversed(ARRAYS.items())))
    assert (tmp_path / "again").read_bytes() == path.read_bytes()


def test_the_digests_are_those_of_sha256sum(path):
    content = members(path)
    for line in content["SHA256SUMS"].decode().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256(content[name]).hexdigest() == digest


def test_a_failed_write_leaves_the_old_file_and_nothing_else(path, monkeypatch):
    before = path.read_bytes()

    def full(*_):
        raise OSError("No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_model(path, {}, {})
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("bad", [np.array(["text"]), np.array([object()]), np.array([1j]), np.zeros(1, "M8[s]")])
def test_only_numbers_are_stored(tmp_path, bad):
    with pytest.raises(ValueError, match=r"arrays\['x'\]: booleans, integers or floats"):
        write_model(tmp_path / "m", {}, {"x": bad})


@pytest.mark.parametrize("name", ["../x", "/x", "a/b", "", ".hidden", "x" * 201, "a\\b"])
def test_names_that_are_paths_are_not_written(tmp_path, name):
    with pytest.raises(ValueError, match="make a name"):
        write_model(tmp_path / "m", {}, {name: np.ones(1)})


@pytest.mark.parametrize("bad", [{"x": float("nan")}, {"x": object()}])
def test_the_manifest_is_strict_json(tmp_path, bad):
    with pytest.raises(ValueError, match="manifest: only what strict JSON"):
        write_model(tmp_path / "m", bad, {})


@pytest.mark.parametrize(
    "name", ["../evil.npy", "/etc/passwd", "arrays/../../x.npy", "arrays/x.pkl", "C:\\x", "notes.txt"]
)
def test_unknown_members_and_paths_are_refused(path, name):
    with pytest.raises(ModelFileError, match="does not belong in a model file"):
        read_model(forge(path, {name: b"x"}))


def test_a_member_that_occurs_twice_is_refused(path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        forged = forge(path, {}, extra=[("model.json", manifest())])
    with pytest.raises(ModelFileError, match="occurs twice"):
        read_model(forged)


def test_changed_bytes_are_refused(path):
    content = members(path)
    changed = content["arrays/a.weights.npy"][:-1] + b"\x01"
    forged = path.with_name("changed")
    with zipfile.ZipFile(forged, "w") as archive:
        for name, data in {**content, "arrays/a.weights.npy": changed}.items():
            archive.writestr(name, data)
    with pytest.raises(ModelFileError, match=r"SHA-256 of arrays/a\.weights\.npy.*changed after"):
        read_model(forged)


def test_members_without_a_digest_are_refused(path):
    forged = forge(path, {}, extra=[("arrays/more.npy", b"x")])
    with pytest.raises(ModelFileError, match=r"differ in \['arrays/more\.npy'\]"):
        read_model(forged)
    with pytest.raises(ModelFileError, match="no member SHA256SUMS"):
        read_model(forge(path, {}, sums=False))
    with pytest.raises(ModelFileError, match=r"no member model\.json"):
        read_model(forge(path, {"model.json": None}))


def test_a_newer_version_is_refused_and_says_how_to_upgrade(path):
    with pytest.raises(ModelFileError, match=r"version 99.*pip install --upgrade"):
        read_model(forge(path, {"model.json": manifest(version=99)}))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "does not say format"),
        (manifest(format="other"), "does not say format"),
        (manifest(version="1"), "no version or no model"),
        (manifest(model=3), "no version or no model"),
    ],
)
def test_a_manifest_of_another_kind_is_refused(path, data, message):
    with pytest.raises(ModelFileError, match=message):
        read_model(forge(path, {"model.json": data}))


class Evil:
    def __reduce__(self):
        return (exec, ("raise SystemExit('executed')",))


def npy(array, **options):
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, **options)
    return buffer.getvalue()


def announced(shape, data=b"", descr="'<f8'"):
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}".encode()
    header += b" " * (118 - len(header)) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (npy(np.array([Evil()], dtype=object), allow_pickle=True), "holds object; only booleans"),
        (pickle.dumps(Evil()), "is not a numpy array"),
        (npy(np.array(["a"])), "only booleans, integers and floats"),
        (npy(np.asfortranarray(np.ones((2, 2)))), "in C order"),
        (announced("(10000000000000,)"), "its bytes say otherwise"),
        (announced("(-1,)", b"\x00" * 8), "its bytes say otherwise|is not a numpy array"),
        (announced("(1,)", b"\x00" * 9), "its bytes say otherwise"),
        (announced("(0, 99999999999999999999)"), "its bytes say otherwise|is not a numpy array"),
        (announced("__import__('os')"), "is not a numpy array"),
        (b"", "is not a numpy array"),
    ],
)
def test_members_that_are_not_plain_arrays_are_refused(path, data, message):
    with pytest.raises(ModelFileError, match=message):
        read_model(forge(path, {"arrays/b.npy": data}))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(path):
    bomb = path.with_name("bomb")
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members(path).items():
            archive.writestr(name, data)
        with archive.open("arrays/bomb.npy", "w") as member:
            for _ in range(64):
                member.write(bytes(2**20))
    assert bomb.stat().st_size < 200_000
    with pytest.raises(ModelFileError, match=r"unpacks to 67,.* raise max_bytes"):
        read_model(bomb, max_bytes=2**20)
    with pytest.raises(ModelFileError, match=r"model\.json unpacks to"):
        read_model(forge(path, {"model.json": b" " * (65 * 2**20)}))


def test_a_size_that_the_archive_lies_about_is_refused(path):
    data = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo("arrays/a.weights.npy")
    directory = data.rindex(b"PK\x01\x02", 0, data.rindex(b"arrays/a.weights.npy"))
    for size in (1, entry.file_size + 1000):
        lie = data[: directory + 24] + size.to_bytes(4, "little") + data[directory + 28 :]
        path.with_name("lie").write_bytes(lie)
        with pytest.raises(ModelFileError):
            read_model(path.with_name("lie"))


def test_other_files_and_cut_files_are_refused(path, tmp_path):
    (tmp_path / "text").write_text("hello")
    with pytest.raises(ModelFileError, match="not a model file"):
        read_model(tmp_path / "text")
    (tmp_path / "cut").write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ModelFileError, match="not a model file"):
        read_model(tmp_path / "cut")
    with pytest.raises(FileNotFoundError):
        read_model(tmp_path / "absent")


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_flipped_byte_is_either_refused_or_harmless(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("flip") / "m"
    write_model(path, {"kind": "test"}, ARRAYS)
    content = bytearray(path.read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    path.write_bytes(bytes(content))
    try:
        described, back = read_model(path)
    except ModelFileError:
        return
    assert described == {"kind": "test"}
    assert {name: array.tobytes() for name, array in back.items()} == {n: a.tobytes() for n, a in ARRAYS.items()}
