"""Any Model B in a model file, and back: what the file holds says what it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os

    from surrogate.models.rules import RuleSet
    from surrogate.space import Box
    from surrogate.workflows.distillation import Distillation
    from surrogate.workflows.saved_student import SavedStudent
    from surrogate.workflows.surrogate import Surrogate


def save_model(model: Surrogate | SavedStudent | Distillation | Box | RuleSet, path: str | os.PathLike[str]) -> None:
    """Write a surrogate, a student, a box or a set of rules to a model file.

    Parameters
    ----------
    model : Surrogate, SavedStudent, Distillation, Box or RuleSet
        A distillation is saved as its student.
    path : path
        By custom ``*.surrogate``. It appears whole or not at all.

    Raises
    ------
    TypeError
        For anything else.

    Examples
    --------
    >>> import tempfile
    >>> from surrogate import Box
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(Box({"demand": (0.5, 0.9)}), folder + "/scarce.surrogate")
    ...     load_model(folder + "/scarce.surrogate").limits
    {'demand': (0.5, 0.9)}
    """
    from surrogate.export import write_model
    from surrogate.models.rules import RuleSet
    from surrogate.space import Box

    if isinstance(model, Box):
        write_model(path, {"kind": "box", "box": json.loads(model.to_json())}, {})
    elif isinstance(model, RuleSet):
        write_model(path, {"kind": "rules", "rules": json.loads(model.to_json())}, {})
    elif hasattr(model, "save"):
        model.save(path)
    else:
        raise TypeError(
            f"model: a Surrogate, a student (SavedStudent, Distillation), a Box or a RuleSet is saved; "
            f"got a {type(model).__name__}. For a fitted estimator write SavedStudent.of(model, X)."
        )


def load_model(path: str | os.PathLike[str]) -> Any:
    """Read what `save_model`, `Surrogate.save` or `Distillation.save` wrote.

    Parameters
    ----------
    path : path

    Returns
    -------
    Surrogate, SavedStudent, Box or RuleSet
        By what the file holds.

    Raises
    ------
    surrogate.export.ModelFileError
        If the file is damaged, foreign, unsafe or newer than this program; a ``ValueError``.
    """
    from surrogate.export import ModelFileError, read_model
    from surrogate.models.rules import RuleSet
    from surrogate.space import Box
    from surrogate.workflows.saved_student import SavedStudent
    from surrogate.workflows.surrogate import Surrogate

    manifest, _ = read_model(path)
    kind = manifest.get("kind")
    if kind == "surrogate":
        return Surrogate.load(path)
    if kind == "student":
        return SavedStudent.load(path)
    try:
        if kind == "box":
            return Box.from_json(json.dumps(manifest["box"]))
        if kind == "rules":
            return RuleSet.from_json(json.dumps(manifest["rules"]))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ModelFileError(f"{path}: the description of the {kind} is incomplete ({error!r}).") from error
    raise ModelFileError(f"{path}: holds a {kind!r}, which this version does not know. Upgrade the package.")
