"""Leave home: files of fitted models that outlive this program, and the same models in other languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as lazy

if TYPE_CHECKING:
    from surrogate.export.export import ExportError as ExportError
    from surrogate.export.export import export_model as export_model
    from surrogate.export.model_file import ModelFileError as ModelFileError
    from surrogate.export.model_file import read_model as read_model
    from surrogate.export.model_file import write_model as write_model

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "export": ["ExportError", "export_model"],
        "model_file": ["ModelFileError", "read_model", "write_model"],
    },
)
