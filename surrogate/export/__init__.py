"""Leave home: files of fitted models that outlive this program."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as lazy

if TYPE_CHECKING:
    from surrogate.export.model_file import ModelFileError as ModelFileError
    from surrogate.export.model_file import read_model as read_model
    from surrogate.export.model_file import write_model as write_model

__getattr__, __dir__, __all__ = lazy.attach(
    __name__, submod_attrs={"model_file": ["ModelFileError", "read_model", "write_model"]}
)
