"""The chart of accounts: which codes can exist, and what each kind of account is.

An account code says whose money it is and where it sits; its kind follows from the code alone. *Running* accounts are
locked on every posting and keep a balance, a sequence and a floor. The others (house, PSP and bank accounts) are never
locked, so that thousands of deposits never queue on one clearing account; their balance is a checkpoint plus the
entries since.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from ledger.errors import InvalidRequest

DEBIT_NORMAL = ("asset", "expense")
CATEGORIES = ("asset", "liability", "equity", "income", "expense")

_OWNER = r"(?P<owner>[a-z0-9_]{1,40})"
_NAME = r"[a-z0-9][a-z0-9_-]{0,39}"


@dataclass(frozen=True)
class Kind:
    """One row of the chart. `floor` is the least the normal-side balance minus what is on its way out may be."""

    name: str
    pattern: str
    category: str
    running: bool = False
    floor: Decimal | None = None

    @property
    def sign(self) -> int:
        """+1 where a credit increases the balance people see, −1 where a debit does."""
        return -1 if self.category in DEBIT_NORMAL else 1


_ZERO = Decimal(0)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("wallet", rf"client/{_OWNER}/wallet", "liability", running=True, floor=_ZERO),
        Kind("held", rf"client/{_OWNER}/held", "liability", running=True, floor=_ZERO),
        Kind("pocket", rf"client/{_OWNER}/pocket/{_NAME}", "liability", running=True, floor=_ZERO),
        Kind("trading", rf"client/{_OWNER}/trading/{_NAME}/{_NAME}", "liability", running=True),
        Kind("bonus", rf"client/{_OWNER}/bonus/{_NAME}/{_NAME}", "liability", running=True, floor=_ZERO),
        Kind("debt", rf"client/{_OWNER}/debt", "asset", running=True, floor=_ZERO),
        Kind("psp_clearing", rf"psp/{_NAME}/clearing", "asset"),
        Kind("psp_reserve", rf"psp/{_NAME}/reserve", "asset"),
        Kind("psp_payout", rf"psp/{_NAME}/payout", "liability"),
        Kind("bank_client_money", rf"bank/{_NAME}/client-money", "asset"),
        Kind("bank_own", rf"bank/{_NAME}/own", "asset"),
        Kind("suspense", r"house/suspense", "liability"),
        Kind("income", r"house/(fees|commission|swap|fx-spread)", "income"),
        Kind(
            "expense",
            r"house/(psp-fees|chargeback-fees|chargeback-losses|bonus-cost|negative-balance-relief|write-off"
            r"|interest|partner-commission)",
            "expense",
        ),
        Kind("trading_pnl", r"house/trading-pnl", "equity"),
        Kind("fx", r"house/fx", "equity"),
        Kind("rounding", r"house/rounding", "equity"),
        Kind("adjustments", r"house/adjustments", "equity"),
        Kind("opening", r"house/opening", "equity"),
    )
}

_PATTERNS = [(re.compile(kind.pattern), kind) for kind in KINDS.values()]


def classify(code: str) -> tuple[Kind, str]:
    """The kind of an account code, and its owner ("" for the house). Raises InvalidRequest (param "code")."""
    for pattern, kind in _PATTERNS:
        if match := pattern.fullmatch(code):
            return kind, match.groupdict().get("owner", "")
    raise InvalidRequest(f"{code[:80]!r} is not an account code of the chart.", param="code")
