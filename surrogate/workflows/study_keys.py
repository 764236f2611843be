"""The sections and keys that a study file may have, and what each accepts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Key:
    """What a key accepts: in words for messages, and as a test."""

    words: str
    accepts: Callable[[Any], bool]


def one_of(*allowed: str) -> Key:
    """Return a key that accepts one of these texts."""
    return Key("one of " + ", ".join(f'"{text}"' for text in allowed), lambda value: value in allowed)


def _whole(least: int) -> Key:
    return Key(
        f"a whole number of at least {least}",
        lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= least,
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_TEXT = Key('text in quotes, such as "lake"', lambda value: isinstance(value, str) and bool(value.strip()))
_TEXTS = Key(
    'a list of names, such as ["reliability"]',
    lambda value: isinstance(value, list) and bool(value) and all(isinstance(entry, str) for entry in value),
)
_TABLE = Key("a table, such as {name = {...}}", lambda value: isinstance(value, dict))
_SECONDS = Key("seconds, a number above 0", lambda value: _is_number(value) and value > 0)
_BYTES = Key("bytes, a number above 0, such as 2e9", lambda value: _is_number(value) and value > 0)
_SHARE = Key("a share from 0 to 1", lambda value: _is_number(value) and 0 <= value <= 1)

SECTIONS = ("simulator", "bounds", "design", "run", "fit", "discover", "report")

# The names in [bounds] are the user's own; those in [design] depend on its kind and are checked by the design.
KEYS: dict[str, dict[str, Key]] = {
    "simulator": {"use": _TEXT, "command": _TABLE},
    "run": {
        "store": _TEXT,
        "executor": _TEXT,
        "timeout": _SECONDS,
        "isolation": one_of("process"),
        "memory": _BYTES,
        "retries": _whole(0),
        "replicates": _whole(1),
        "policies": _TABLE,
        "max_failed": _SHARE,
        "on_change": one_of("stop", "keep", "rerun"),
        "seed": _whole(0),
    },
    "fit": {
        "outputs": _TEXTS,
        "prefer": one_of("accuracy", "speed", "small"),
        "seed": _whole(0),
        "file": _TEXT,
    },
    "discover": {"case": _TEXT, "method": _TEXT, "seed": _whole(0)},
    "report": {"file": _TEXT, "title": _TEXT, "question": _TEXT},
}
