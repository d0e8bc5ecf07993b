"""What every statement reader gives back, whatever the bank and the format.

Frozen records with exact decimals, signed from the account holder's side: credit is positive. Lenient: what
does not add up is handed on with a warning and `ties` False, never refused and never repaired. No reader
touches the database or the network.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Context, Decimal
from typing import Any

KINDS = ("receipt", "payout", "return", "reversal", "direct_debit", "fee", "interest", "other")
_EXACT = Context(prec=60)


@dataclass(frozen=True, kw_only=True)
class ParsedRecord:
    """One movement. `kind` is one of KINDS, "" stands for "the bank did not say" in every text field.

    `bank_reference` need not be unique: the parts of a bundled entry share it unless the bank numbers them,
    and some banks give none. `position` counts from 1 within the statement. `raw` is JSON-ready.
    """

    position: int
    amount: Decimal
    currency: str
    booked_on: date | None
    value_on: date | None
    bank_reference: str
    end_to_end_id: str
    instruction_id: str
    message_id: str
    counterparty_name: str
    counterparty_iban: str
    remittance: str
    is_return: bool
    return_reason: str
    original_end_to_end_id: str
    kind: str
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ParsedStatement:
    """One statement or notification of one account.

    `ties` is True when opening + records = closing, or when the format has no balances to check (camt.054).
    """

    format: str
    account_iban: str  # the bank's own account number where it gives no IBAN
    currency: str
    statement_id: str
    sequence: str
    from_date: date | None
    to_date: date | None
    opening: Decimal | None
    closing: Decimal | None
    records: tuple[ParsedRecord, ...]
    warnings: tuple[str, ...]
    ties: bool


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Exact sum: the default decimal context would round after 28 digits."""
    result = Decimal(0)
    for figure in amounts:
        result = _EXACT.add(result, figure)
    return result


def tie_warning(opening: Decimal | None, closing: Decimal | None, moved: Decimal) -> str:
    """ "" when opening + moved = closing, else the sentence that names the difference."""
    if opening is None or closing is None:
        missing = "opening" if opening is None else "closing"
        return f"The statement has no {missing} balance: it cannot be proved complete."
    difference = _EXACT.subtract(closing, _EXACT.add(opening, moved))
    if not difference:
        return ""
    return (
        f"The statement does not tie: opening {opening:f} plus entries {moved:f} is "
        f"{_EXACT.add(opening, moved):f}, closing is {closing:f}, difference {difference:f}."
    )
