"""What a trading platform is to us, whatever its name: a place that holds a balance and a list of deals.

A platform's balance call carries no idempotency key, so `move` may answer InDoubt and must then never be repeated
before `find` has looked for our token in the platform's own history.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from payments.connectors.outcomes import Outcome


@dataclass(frozen=True, kw_only=True)
class PlatformDeal:
    """One row of the platform's history. `bucket` is ours; an unmapped type has bucket "unmapped", never a default.

    Buckets: cash, credit, bonus, trade, charge, correction, commission, partner, interest, dividend, tax,
    negative_balance_relief, credit_removed, cancelled, unmapped. `profit`, `swap`, `commission`, `fee` are signed,
    client's view, in the account currency; for money operations the amount is `profit` (that is how MT5 stores it).
    """

    ticket: str
    login: str
    action: int
    bucket: str
    profit: Decimal
    swap: Decimal
    commission: Decimal
    fee: Decimal
    symbol: str
    comment: str
    executed_at: datetime
    reason: int = 0
    position: str = ""


@dataclass(frozen=True, kw_only=True)
class PlatformAccount:
    login: str
    balance: Decimal
    credit: Decimal
    equity: Decimal
    margin_free: Decimal
    as_of: datetime


class TradingPlatform(Protocol):
    name: str

    def move(self, *, login: str, amount: Decimal, token: str, note: str) -> Outcome:
        """Change the balance by the signed `amount` once. Accepted.reference is the platform's ticket."""

    def find(self, *, login: str, amount: Decimal, token: str, since: datetime) -> PlatformDeal | None:
        """Look for the balance operation that carries `token` with the same signed amount.
        Raises ledger.errors.Unavailable when the platform cannot be asked."""

    def deals(self, *, login: str, since: datetime, until: datetime) -> Sequence[PlatformDeal]: ...

    def account(self, *, login: str) -> PlatformAccount: ...

    def open_account(self, *, client_name: str, currency: str, group: str) -> Outcome:
        """Open a trading account; Accepted.reference is the login."""
