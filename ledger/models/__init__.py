"""The ledger's tables. Rows are written by the database functions that `ledger.posting` and `ledger.holds` call."""

from ledger.models.account import Account, CurrencyRow, KindRow, ReasonRow
from ledger.models.balance import Balance, Checkpoint
from ledger.models.entry import Entry
from ledger.models.event import Event
from ledger.models.hold import Hold
from ledger.models.seal import CheckpointCopy, DayRoot, Link, SignedCheckpoint
from ledger.models.transaction import Pending, Transaction
from ledger.models.verification import Verification

__all__ = [
    "Account",
    "Balance",
    "Checkpoint",
    "CheckpointCopy",
    "CurrencyRow",
    "DayRoot",
    "Entry",
    "Event",
    "Hold",
    "KindRow",
    "Link",
    "Pending",
    "ReasonRow",
    "SignedCheckpoint",
    "Transaction",
    "Verification",
]
