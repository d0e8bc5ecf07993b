"""The ledger's tables. Rows are written by the database functions that `ledger.posting` and `ledger.holds` call."""

from ledger.models.account import Account, CurrencyRow, KindRow, ReasonRow
from ledger.models.balance import Balance, Checkpoint, CheckpointHour
from ledger.models.entry import Entry
from ledger.models.event import Event
from ledger.models.hold import Hold
from ledger.models.period import LegalEntity, Period, PeriodAccount
from ledger.models.transaction import Pending, Transaction

__all__ = [
    "Account",
    "Balance",
    "Checkpoint",
    "CheckpointHour",
    "CurrencyRow",
    "Entry",
    "Event",
    "Hold",
    "KindRow",
    "LegalEntity",
    "Pending",
    "Period",
    "PeriodAccount",
    "ReasonRow",
    "Transaction",
]
