"""Read a study file: what to run, where to look, what to ask, and where the report goes."""

from __future__ import annotations

import difflib
import importlib
import inspect
import os
import re
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from surrogate.workflows.study_keys import KEYS, SECTIONS

if TYPE_CHECKING:
    from surrogate.design import Design
    from surrogate.space import Parameter, Space


class StudyFileError(ValueError):
    """A study file that cannot be read; the message names the line, what is allowed and how to repair it."""


@dataclass(frozen=True)
class StudyFile:
    r"""A study as written in TOML.

    A study file is a program that its user chose: the simulator is imported, or started as a program. Everything else
    is data; conditions are parsed and never evaluated.

    Two kinds of paths are told apart. What the study *reads* (modules named by ``use``, the template of a ``command``)
    is sought in the folder of the study file first, so that a study and its simulator can move together. What it
    *writes* (store, model, report) is relative to the current folder, as of every other command.

    Parameters
    ----------
    text : str
        The TOML text.
    path : path, optional
        Where it was read from: named in messages, and its folder is where modules are sought first.

    Attributes
    ----------
    sections : dict of str to dict
        The validated content, a dict a section.

    Raises
    ------
    StudyFileError
        If it is not TOML, a section or key is unknown, or a value is not allowed.

    Examples
    --------
    >>> study = StudyFile('[simulator]\nuse = "sims.policy.lake:Lake"\n[design]\nn = 100')
    >>> study.design_for(study.space())
    LatinHypercube(n=100, seed=0)
    """

    text: str
    path: Path | None = None
    sections: dict[str, dict[str, Any]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sections", self._validated())

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> StudyFile:
        """Read a study file.

        Raises
        ------
        StudyFileError
            If there is no such file, or it is not a valid study.
        """
        file = Path(path)
        try:
            return cls(file.read_text(encoding="utf-8"), file)
        except FileNotFoundError:
            raise StudyFileError(f"{file}: there is no such study file. `surrogate init` writes one.") from None
        except IsADirectoryError:
            raise StudyFileError(f"{file}: this is a folder. Give the study file in it, such as study.toml.") from None
        except UnicodeDecodeError as error:
            raise StudyFileError(f"{file}: not UTF-8 text (byte {error.start}). Save it as UTF-8.") from None

    # What the study says ----------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Stem of the file's name, after which store and report are called unless the study says otherwise."""
        return self.path.stem if self.path is not None else "study"

    @property
    def store(self) -> Path:
        """Where the runs are kept."""
        return Path(self.sections["run"].get("store", f"{self.name}.runs"))

    @property
    def report_file(self) -> Path:
        """Where the report is written."""
        return Path(self.sections["report"].get("file", f"{self.name}.html"))

    def running(self) -> dict[str, Any]:
        """Return the keywords of `collect` that section [run] sets, without the store."""
        return {key: value for key, value in self.sections["run"].items() if key != "store"}

    def simulator(self) -> Any:
        """Import the simulator; a class is instantiated without arguments.

        Raises
        ------
        StudyFileError
            If [simulator] is missing, or the object cannot be imported or made.
        """
        section = self.sections["simulator"]
        if "command" in section:
            return self._command(section)
        if "use" not in section:
            raise self.error('name the simulator: use = "package.module:Name".', "simulator")
        module_name, _, attribute = section["use"].partition(":")
        if not module_name or not attribute:
            raise self.error(
                f'expected "package.module:Name", got {section["use"]!r}, for example "sims.policy.lake:Lake".',
                "simulator",
                "use",
            )
        found = self._imported(module_name, attribute)
        if not inspect.isclass(found):
            return found
        try:
            return found()
        except TypeError as error:
            raise self.error(
                f"{attribute} cannot be made without arguments ({error}). Name a function or a ready object instead.",
                "simulator",
                "use",
            ) from error

    def space(self, simulator: Any = None) -> Space:
        """Return what may vary: [bounds], or the simulator's own space.

        Raises
        ------
        StudyFileError
            If a bound is wrong, or there are neither bounds nor a space.
        """
        from surrogate.space import Space

        bounds = self.sections["bounds"]
        if bounds:
            return self._constrained(Space({name: self._parameter(name, value) for name, value in bounds.items()}))
        simulator = self.simulator() if simulator is None else simulator
        if getattr(simulator, "space", None) is None:
            raise self.error(
                "the simulator has no space of its own, so the study must say what may vary. "
                "Add a section, for example\n\n    [bounds]\n    x1 = [0.0, 1.0]",
                "bounds",
            )
        return self._constrained(Space.from_bounds(simulator.space))

    def design_for(self, space: Space) -> Design:
        """Return the design; by default a Latin hypercube of ``max(30, 10 d)`` runs with seed 0."""
        from surrogate.design.design import design_from_dict

        asked = {key: value for key, value in self.sections["design"].items() if key != "constraints"}
        described = {"kind": "latin_hypercube", **asked}
        if described["kind"] == "latin_hypercube":
            described = {"n": max(30, 10 * len(space)), "seed": 0, **described}
        elif described["kind"] in ("sobol", "halton"):
            described = {"seed": 0, **described}
        try:
            return design_from_dict(described)
        except (ValueError, TypeError) as error:
            message = str(error)
            named = next((key for key in asked if repr(key) in message or re.search(rf"\b{key}\b:", message)), None)
            raise self.error(message, "design", named) from None

    def error(self, message: str, section: str, key: str | None = None) -> StudyFileError:
        """Return an error whose message says where in the file the trouble is."""
        line = line_of(self.text, section, key)
        place = f"{self.path or 'study file'}" + (f", line {line}" if line else "")
        entry = f"[{section}] {key}" if key else f"[{section}]"
        return StudyFileError(f"{place}: {entry}: {message}")

    # Reading it -------------------------------------------------------------------------------------------------------

    def _validated(self) -> dict[str, dict[str, Any]]:
        try:
            content = tomllib.loads(self.text)
        except tomllib.TOMLDecodeError as error:
            raise StudyFileError(f"{self.path or 'study file'}: not valid TOML: {error}.") from None
        for name, section in content.items():
            if name not in SECTIONS:
                meant = nearest(name, SECTIONS)
                allowed = ", ".join(f"[{known}]" for known in SECTIONS)
                raise self.error(f"there is no such section. Allowed are {allowed}.{meant}", name)
            if not isinstance(section, dict):
                raise self.error(f"expected a section, got {name} = {section!r}. Write it as [{name}].", name)
            if name in KEYS:
                self._check_keys(name, section)
        return {name: dict(content.get(name, {})) for name in SECTIONS}

    def _check_keys(self, name: str, section: Mapping[str, Any]) -> None:
        allowed = KEYS[name]
        for key, value in section.items():
            if key not in allowed:
                raise self.error(
                    f"there is no such key. Allowed are {', '.join(allowed)}.{nearest(key, allowed)}", name, key
                )
            if not allowed[key].accepts(value):
                raise self.error(f"expected {allowed[key].words}, got {value!r}.", name, key)

    def _constrained(self, space: Space) -> Space:
        """Add the constraints of [design] to a space."""
        from surrogate.space import Space

        constraints = self.sections["design"].get("constraints", [])
        if not isinstance(constraints, list) or not all(isinstance(one, str) for one in constraints):
            words = 'expected a list of conditions on inputs, such as ["x1 + x2 <= 1"]'
            raise self.error(f"{words}, got {constraints!r}.", "design", "constraints")
        try:
            return Space(space.parameters, (*space.constraints, *constraints)) if constraints else space
        except (ValueError, TypeError) as error:
            raise self.error(str(error), "design", "constraints") from None

    def _command(self, section: Mapping[str, Any]) -> Any:
        from surrogate.simulation.command import command_from_dict

        if "use" in section:
            raise self.error("the simulator is either `use` or `command`. Remove one.", "simulator", "command")
        try:
            return command_from_dict(section["command"], self.path.parent if self.path is not None else Path())
        except (ValueError, TypeError) as error:
            raise self.error(str(error), "simulator", "command") from None

    def _imported(self, module_name: str, attribute: str) -> Any:
        if self.path is not None:
            folder = str(self.path.resolve().parent)
            if folder not in sys.path:
                sys.path.insert(0, folder)
        try:
            module = importlib.import_module(module_name)
        except Exception as error:
            raise self.error(
                f"cannot import {module_name!r}: {type(error).__name__}: {error}. It is sought in the folder of the "
                "study file, then where Python seeks modules.",
                "simulator",
                "use",
            ) from error
        if not hasattr(module, attribute):
            raise self.error(
                f"{module_name!r} has no {attribute!r}.{nearest(attribute, vars(module))}", "simulator", "use"
            )
        return getattr(module, attribute)

    def _parameter(self, name: str, value: Any) -> Parameter:
        try:
            return _read_bound(value)
        except (ValueError, TypeError) as error:
            raise self.error(str(error), "bounds", name) from None


def line_of(text: str, section: str, key: str | None = None) -> int | None:
    r"""Return the line, counted from 1, of a key in a section, or else of the section; None if it is nowhere.

    Examples
    --------
    >>> line_of("[design]\n# how many\nn = 100", "design", "n")
    3
    """
    header, found, inside = re.compile(r"^\s*\[+\s*([^\]]+?)\s*\]+\s*(?:#.*)?$"), None, False
    for number, line in enumerate(text.splitlines(), start=1):
        match = header.match(line)
        if match:
            parts = [part.strip().strip("\"'") for part in match[1].split(".")]
            inside = parts[0] == section
            if inside and (key is None or (len(parts) > 1 and parts[1] == key)):
                return number
            found = found or (number if inside else None)
            continue
        name = re.match(r"^\s*(?:\"([^\"]*)\"|'([^']*)'|([\w-]+))\s*[.=]", line)
        words = next((group for group in name.groups() if group is not None), None) if name else None
        if words is not None and ((inside and words == key) or (found is None and not inside and words == section)):
            return number
    return found


def nearest(word: str, known: Mapping[str, Any] | tuple[str, ...]) -> str:
    """Return a suggestion for a misspelt word, or nothing."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def _read_bound(value: Any) -> Parameter:
    """Turn a TOML value into a parameter."""
    from surrogate.space import Categorical, Integer, Real
    from surrogate.space.bounds import read_parameter

    if isinstance(value, list) and value and all(isinstance(entry, str) for entry in value):
        raise ValueError(f"for a choice among values write {{values = {value!r}}}.")
    if not isinstance(value, Mapping):
        return read_parameter(value)
    allowed = ("values",) if "values" in value else ("low", "high", "log", "integer", "unit", "distribution")
    for key in value:
        if key not in allowed:
            raise ValueError(f"{key!r} is not one of {', '.join(allowed)}.{nearest(key, allowed)}")
    if "values" in value:
        return Categorical(value["values"])
    if "distribution" in value:
        return _distributed(value)
    for end in ("low", "high"):
        if end not in value:
            raise ValueError(f"{end!r} is missing. Write {{low = 0.0, high = 1.0}} or {{values = [...]}}.")
    if value.get("integer", False):
        if value.get("log", False):
            raise ValueError("'log' and 'integer' do not go together. Remove one.")
        return Integer(value["low"], value["high"], unit=value.get("unit"))
    return Real(value["low"], value["high"], log=value.get("log", False), unit=value.get("unit"))


def _distributed(value: Mapping[str, Any]) -> Parameter:
    """Read a parameter with a distribution of scipy.stats; limits truncate it."""
    from surrogate.space import Real
    from surrogate.space.distribution import from_dict

    described = value["distribution"]
    form = 'write distribution = {name = "norm", loc = 0.3, scale = 0.05}, with the arguments of scipy.stats'
    if not isinstance(described, Mapping) or not isinstance(described.get("name"), str):
        raise ValueError(f"{form}; got {described!r}.")
    if value.get("integer", False):
        raise ValueError("'distribution' and 'integer' do not go together. Remove one.")
    try:
        frozen = from_dict(
            {"name": described["name"], "args": [], "kwds": {k: v for k, v in described.items() if k != "name"}}
        )
        least, most = (float(end) for end in frozen.support())
    except TypeError as error:
        raise ValueError(f"{error}; {form}.") from None
    low, high = value.get("low", least), value.get("high", most)
    return Real(low, high, log=value.get("log", False), unit=value.get("unit"), distribution=frozen)
