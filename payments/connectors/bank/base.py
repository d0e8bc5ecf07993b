"""What a bank is to us, whatever its name: a place that takes payment files and gives back status and statements.

Files go out strict (schema-validated) and come in lenient (kept raw, warnings instead of refusals). *Paid* means
settled by the bank: status ACSC or a debit on an account report; ACCP and ACSP only mean "sent".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Protocol

from payments.connectors.outcomes import Outcome


@dataclass(frozen=True, kw_only=True)
class Payout:
    """One credit transfer to a beneficiary. `end_to_end_id` ≤ 35 characters of the SEPA character set, ours, unique."""

    end_to_end_id: str
    amount: Decimal
    currency: str
    beneficiary_name: str
    beneficiary_iban: str
    beneficiary_bic: str
    remittance: str
    instant: bool = False


@dataclass(frozen=True, kw_only=True)
class PayoutStatus:
    """What the bank says of one payout. `state` is one of: received, accepted, sent, settled, rejected, returned."""

    message_id: str
    end_to_end_id: str
    state: str
    iso_status: str  # ACTC, ACCP, ACSP, ACSC, RJCT, … or "" for account reports
    reason_code: str  # AC01, AC04, AM04, … or ""
    reason_text: str
    amount: Decimal | None
    currency: str
    bank_reference: str
    occurred_at: datetime | None
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class BankFile:
    """One file from the bank's mailbox, untouched. `kind` is pain.002, camt.052, camt.053, camt.054 or unknown."""

    reference: str
    name: str
    kind: str
    content: bytes


class Bank(Protocol):
    name: str

    def send_payouts(self, *, message_id: str, payouts: Sequence[Payout], execute_on: date, now: datetime) -> Outcome:
        """Send one payment file. Accepted: the bank *took the file*; its status comes through `fetch_files`."""

    def knows_message(self, *, message_id: str) -> bool | None:
        """Has the bank received this file? None when it cannot be asked. Settles an InDoubt hand-over."""

    def fetch_files(self, *, limit: int = 50) -> Sequence[BankFile]: ...

    def acknowledge_file(self, *, reference: str) -> None:
        """Tell the mailbox that the file is safely stored with us."""

    def read_status(self, *, file: BankFile) -> Sequence[PayoutStatus]:
        """pain.002 and camt.054 as payout states."""
