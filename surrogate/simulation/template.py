"""A directory of input files, some of them templates, from which each run of a program starts."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from surrogate.simulation.outcome import SimulationFailed

if TYPE_CHECKING:
    import jinja2

SUFFIX = ".jinja"
# The files travel to the workers with every study; what is larger belongs on a disk that all workers see.
_LIMIT = 64 * 2**20


@dataclass(frozen=True)
class Template:
    """The files of a directory, read once.

    A file whose name ends in ``.jinja`` is a jinja2 template, which is written without that ending; any other is copied
    byte for byte. In a template a number is written with as many digits as give the same number back, nothing is
    escaped, and a variable that has no value is an error. Templates are sandboxed: they compute with the values they
    are given and reach nothing else.

    Parameters
    ----------
    files : dict of str to bytes
        Contents by path inside the directory.
    executable : frozenset of str
        Which of them may be run.
    folders : tuple of str
        Folders inside the directory.

    Raises
    ------
    ValueError
        If a template is not UTF-8 text or not valid jinja2, or two files have one name.
    """

    files: Mapping[str, bytes]
    executable: frozenset[str] = frozenset()
    folders: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in self.files:
            if is_template(name):
                if name.removesuffix(SUFFIX) in self.files:
                    raise ValueError(f"template: {name!r} would be written over {name.removesuffix(SUFFIX)!r}.")
                variables_of(self._text(name), name)

    @classmethod
    def read(cls, directory: str | os.PathLike[str]) -> Template:
        """Read a directory.

        Raises
        ------
        ValueError
            If there is no such directory, or it holds more than 64 MiB.
        """
        root = Path(directory)
        if not root.is_dir():
            raise ValueError(f"template: there is no directory {str(root)!r}.")
        files, executable, folders, size = {}, set(), [], 0
        for path in sorted(root.rglob("*")):
            name = path.relative_to(root).as_posix()
            if path.is_dir():
                folders.append(name)
            elif path.is_file():
                size += path.stat().st_size
                if size > _LIMIT:
                    raise ValueError(
                        f"template: {str(root)!r} holds more than {_LIMIT >> 20} MiB, and travels to every worker. Put "
                        "large files that no run changes where all workers see them, and name them by their full path."
                    )
                files[name] = path.read_bytes()
                if path.stat().st_mode & stat.S_IXUSR:
                    executable.add(name)
        return cls(files, frozenset(executable), tuple(folders))

    @property
    def variables(self) -> frozenset[str]:
        """The names that the templates take values for."""
        found = (variables_of(self._text(name), name) for name in self.files if is_template(name))
        return frozenset().union(*found)

    def write(self, folder: Path, values: Mapping[str, Any]) -> None:
        """Write the files of one run.

        Raises
        ------
        SimulationFailed
            If a template fails for these values.
        """
        for name in self.folders:
            (folder / name).mkdir(parents=True, exist_ok=True)
        for name, content in self.files.items():
            path = folder / name.removesuffix(SUFFIX)
            if is_template(name):
                content = render(self._text(name), values, name).encode()
            path.write_bytes(content)
            if name in self.executable:
                path.chmod(0o700)

    def _text(self, name: str) -> str:
        try:
            return self.files[name].decode()
        except UnicodeDecodeError as error:
            raise ValueError(
                f"template: {name!r} is not UTF-8 text (byte {error.start}). Save it as UTF-8, or remove {SUFFIX!r} "
                "from its name to copy it as it is."
            ) from None


def is_template(name: str) -> bool:
    """Whether a file of this name is filled in."""
    return name.endswith(SUFFIX)


def variables_of(text: str, name: str) -> frozenset[str]:
    """Return the names that a template takes values for; ``ValueError`` if it is not valid jinja2."""
    import jinja2
    from jinja2 import meta

    try:
        return frozenset(meta.find_undeclared_variables(_environment("\n").parse(text)))
    except jinja2.TemplateSyntaxError as error:
        raise ValueError(
            f"template: {name!r}, line {error.lineno}: {error.message}. Text with braces that are not jinja2's goes "
            "between {% raw %} and {% endraw %}."
        ) from None


def render(text: str, values: Mapping[str, Any], name: str) -> str:
    """Fill a template in; `SimulationFailed` if it fails for these values."""
    try:
        return _compiled(text).render(values)
    except Exception as error:
        raise SimulationFailed(f"template {name!r} cannot be filled in: {type(error).__name__}: {error}") from error


@lru_cache(maxsize=256)
def _compiled(text: str) -> jinja2.Template:
    return _environment("\r\n" if "\r\n" in text else "\n").from_string(text)


@lru_cache
def _environment(newline: Any) -> jinja2.Environment:
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # an input file is no HTML
        keep_trailing_newline=True,
        newline_sequence=newline,
        finalize=_written,
    )


def _written(value: Any) -> Any:
    """Numbers with the fewest digits that give the same number back."""
    return repr(float(value)) if isinstance(value, float) else value
