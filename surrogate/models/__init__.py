"""Model B: emulators answer in numbers, boxes in regions, rules in sentences; records are what they leave behind."""

from __future__ import annotations

import lazy_loader as lazy

__getattr__, __dir__, __all__ = lazy.attach(__name__, submodules=["boxes", "emulators", "records", "rules", "students"])
