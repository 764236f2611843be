"""Tell what a file or folder is, so that a command given the wrong one can say so."""

from __future__ import annotations

import zipfile
from pathlib import Path

STORE, MODEL, STUDY, TABLE, REPORT = (
    "a folder of runs", "a fitted model", "a study file", "a table of runs", "a report",
)  # fmt: skip
# What each kind is good for.
_USE = {
    STORE: "surrogate status, failures, verify, report, discover and export take it",
    MODEL: "surrogate predict and export take it",
    STUDY: "surrogate run and sample take it",
    TABLE: "surrogate discover takes it; surrogate predict takes tables of inputs, surrogate record planned runs",
    REPORT: "open it in a browser",
}


def kind_of(path: Path) -> str | None:
    """Return what is at a path: one of the constants of this module; None for what is not of this package.

    Raises
    ------
    FileNotFoundError
        If there is nothing.
    """
    if not path.exists():
        raise FileNotFoundError(f"{path}: there is no such file or folder.")
    if path.is_dir():
        return STORE if (path / "ledger.sqlite").is_file() else None
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as members:
            return MODEL if "model.json" in members.namelist() else None
    with path.open("rb") as file:
        start = file.read(4096)
    if start[:15].lower() == b"<!doctype html>":
        return REPORT
    if path.suffix == ".toml":
        return STUDY
    first = start.split(b"\n", 1)[0]
    return TABLE if b"," in first and b"\0" not in start else None


def expect(path: Path, *wanted: str) -> str:
    """Return the kind of what is at a path if it is one of those wanted.

    Raises
    ------
    FileNotFoundError
        If there is nothing.
    ValueError
        If it is something else; the message says what.
    """
    kind = kind_of(path)
    if kind in wanted:
        return kind
    needed = " or ".join(wanted)
    if kind is None:
        place = "this folder holds no transfer set" if path.is_dir() else "this is none of the files of surrogate"
        raise ValueError(f"{path}: {needed} is needed, and {place}.")
    raise ValueError(f"{path}: {needed} is needed, and this is {kind}; {_USE[kind]}.")
