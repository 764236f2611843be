"""Model B: emulators that answer in numbers, boxes that answer in regions, and the records that both leave behind."""

from __future__ import annotations

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, submodules=["boxes", "emulators", "records"])
