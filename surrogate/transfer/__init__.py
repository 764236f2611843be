"""What Model A said: the transfer set, its durable store, and collection with resume."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as lazy

if TYPE_CHECKING:
    from surrogate.transfer.collection import TooManyFailures as TooManyFailures
    from surrogate.transfer.collection import collect as collect
    from surrogate.transfer.transfer_set import TransferSet as TransferSet

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={"collection": ["TooManyFailures", "collect"], "transfer_set": ["TransferSet"]},
)
