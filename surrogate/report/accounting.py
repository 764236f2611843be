"""Account for every planned run: what became of it, and why."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from surrogate.transfer import TransferSet


@dataclass(frozen=True)
class Cause:
    """Runs that failed for one cause: its name, how many, and the message of the first."""

    status: str
    n: int
    message: str


@dataclass(frozen=True)
class Accounting:
    """How many runs were planned, succeeded, are still to be made, and failed, by cause.

    `planned` is always ``ok + pending + failed``.
    """

    planned: int
    ok: int
    pending: int
    causes: tuple[Cause, ...] = ()

    @classmethod
    def of(cls, runs: TransferSet) -> Accounting:
        """Return the account of a transfer set, the most frequent cause first."""
        tally = Counter(str(getattr(status, "value", status)) for status in runs.status)
        ok, pending = tally.pop("ok", 0), tally.pop("pending", 0)
        messages: dict[str, str] = {}
        if tally:
            failures = runs.failures
            for status, message in zip(failures["status"], failures["message"], strict=True):
                messages.setdefault(str(getattr(status, "value", status)), str(message))
        causes = tuple(Cause(status, n, messages.get(status, "")) for status, n in tally.most_common())
        return cls(ok + pending + sum(tally.values()), ok, pending, causes)

    @property
    def failed(self) -> int:
        """How many runs failed."""
        return sum(cause.n for cause in self.causes)

    def sentence(self) -> str:
        """Return the account as one sentence.

        Examples
        --------
        >>> Accounting(100, 97, 0, (Cause("timeout", 3, ""),)).sentence()
        '100 runs planned: 97 ok, 3 failed (3 timeout).'
        """
        parts = [f"{self.ok:,} ok"]
        if self.failed:
            parts.append(f"{self.failed:,} failed (" + ", ".join(f"{c.n:,} {c.status}" for c in self.causes) + ")")
        if self.pending:
            parts.append(f"{self.pending:,} still to be made")
        runs = "run" if self.planned == 1 else "runs"
        return f"{self.planned:,} {runs} planned: {', '.join(parts)}."
