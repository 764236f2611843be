"""What Model A said: the transfer set, its durable store, and collection with resume."""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader as lazy

if TYPE_CHECKING:
    from surrogate.transfer.collection import TooManyFailures as TooManyFailures
    from surrogate.transfer.collection import collect as collect
    from surrogate.transfer.recording import plan_runs as plan_runs
    from surrogate.transfer.recording import record as record
    from surrogate.transfer.tables import to_table as to_table
    from surrogate.transfer.tables import to_xarray as to_xarray
    from surrogate.transfer.tables import write_table as write_table
    from surrogate.transfer.transfer_set import TransferSet as TransferSet
    from surrogate.transfer.verification import Verification as Verification
    from surrogate.transfer.verification import verify as verify

__getattr__, __dir__, __all__ = lazy.attach(
    __name__,
    submod_attrs={
        "collection": ["TooManyFailures", "collect"],
        "recording": ["plan_runs", "record"],
        "tables": ["to_table", "to_xarray", "write_table"],
        "transfer_set": ["TransferSet"],
        "verification": ["Verification", "verify"],
    },
)
