"""A surrogate as a model file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from surrogate.export import ModelFileError, read_model, write_model
from surrogate.space import Space
from surrogate.workflows.domain import Domain
from surrogate.workflows.fitted_field import FittedField
from surrogate.workflows.fitted_output import FittedOutput

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from numpy.typing import NDArray

_KIND = "surrogate"


def check_folder(path: str | os.PathLike[str]) -> None:
    """Refuse a path whose folder is missing, in words of the path that the user gave."""
    folder = Path(path).parent
    if not folder.is_dir():
        raise FileNotFoundError(f"path: there is no folder {str(folder)!r} to write {Path(path).name!r} to. Make it.")


def save(
    path: str | os.PathLike[str],
    space: Space,
    fitted: Mapping[str, FittedOutput | FittedField],
    domain: Domain,
    provenance: Mapping[str, Any],
) -> None:
    """Write space, fitted outputs, domain and provenance to a model file."""
    check_folder(path)
    outputs: list[dict[str, Any]] = []
    fields: list[dict[str, Any]] = []
    arrays: dict[str, NDArray[Any]] = {"domain.points": domain.points}
    for name, one in fitted.items():
        kept, where = (fields, "fields") if isinstance(one, FittedField) else (outputs, "outputs")
        state, own = one.to_state(f"{where}.{len(kept)}")
        kept.append({"name": name, **state})
        arrays.update(own)
    manifest = {
        "kind": _KIND,
        "space": space.to_dict(),
        "outputs": outputs,
        "domain": {"reach": domain.reach},
        "provenance": dict(provenance),
        **({"fields": fields} if fields else {}),
    }
    write_model(path, manifest, arrays)


def load(
    path: str | os.PathLike[str],
) -> tuple[Space, dict[str, FittedOutput | FittedField], Domain, dict[str, Any]]:
    """Read what `save` wrote.

    Raises
    ------
    ModelFileError
        If the file holds something else.
    """
    manifest, arrays = read_model(path)
    if manifest.get("kind") != _KIND:
        raise ModelFileError(f"{path}: holds a {manifest.get('kind')!r}, not a surrogate. Load it with its own class.")
    try:
        space = Space.from_dict(manifest["space"])
        fitted: dict[str, FittedOutput | FittedField] = {}
        for i, state in enumerate(manifest["outputs"]):
            fitted[str(state["name"])] = FittedOutput.from_state(state, arrays, f"outputs.{i}")
        for i, state in enumerate(manifest.get("fields", ())):
            fitted[str(state["name"])] = FittedField.from_state(state, arrays, f"fields.{i}")
        domain = Domain(arrays["domain.points"], float(manifest["domain"]["reach"]))
        provenance = dict(manifest.get("provenance", {}))
        widths = {one.record.n_features for one in fitted.values()} | {domain.points.shape[1]}
        if widths != {len(space.feature_names)}:
            raise ValueError("inputs of model, domain and space differ")
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ModelFileError(
            f"{path}: the description of the model is incomplete ({error!r}). Save it again."
        ) from error
    return space, fitted, domain, provenance
