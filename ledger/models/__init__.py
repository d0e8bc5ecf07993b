"""The ledger's tables. Rows are written by the database functions that `ledger.posting` and `ledger.holds` call."""

from ledger.models.account import Account, CurrencyRow, KindRow, ReasonRow
from ledger.models.balance import BackdatedBlock, BackdatedSum, Balance, Checkpoint, CheckpointHour, CheckpointSum
from ledger.models.entry import Entry
from ledger.models.event import Event
from ledger.models.gl import GlExport, GlMapping
from ledger.models.hold import Hold
from ledger.models.monitor import BalanceMonitor
from ledger.models.period import LegalEntity, Period, PeriodAccount
from ledger.models.seal import CheckpointCopy, DayRoot, Link, SignedCheckpoint
from ledger.models.transaction import Pending, Transaction
from ledger.models.verification import Verification

__all__ = [
    "Account",
    "BackdatedBlock",
    "BackdatedSum",
    "Balance",
    "BalanceMonitor",
    "Checkpoint",
    "CheckpointCopy",
    "CheckpointHour",
    "CheckpointSum",
    "CurrencyRow",
    "DayRoot",
    "Entry",
    "Event",
    "GlExport",
    "GlMapping",
    "Hold",
    "KindRow",
    "LegalEntity",
    "Link",
    "Pending",
    "Period",
    "PeriodAccount",
    "ReasonRow",
    "SignedCheckpoint",
    "Transaction",
    "Verification",
]
