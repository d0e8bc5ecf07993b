"""The test doors of the simulated bank: rules, pace, money from outside, end of day, and a look into the
books.

Each takes the decoded JSON body and raises ValueError, with a sentence, for anything it does not understand;
nothing has happened then.
"""

import sqlite3
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from babel.numbers import get_currency_precision

from payments.connectors.bank.sepa import simulator_books as books
from payments.connectors.bank.sepa import simulator_steps as steps

_LONGEST = 140  # ISO 20022 Max140Text, for names and for one remittance line


def set_rules(db: sqlite3.Connection, rules: Any) -> None:
    """Replace all rules. Each is {iban, outcome, seconds?}."""
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise ValueError("rules is a list of objects")
    for rule in rules:
        if not rule.get("iban") or not steps.is_outcome(str(rule.get("outcome"))):
            raise ValueError(f"not a rule: {rule}")
    db.execute("delete from rule")
    db.executemany(
        "insert into rule values (?, ?, ?)",
        [(_compact(rule["iban"]), rule["outcome"], rule.get("seconds")) for rule in rules],
    )


def list_rules(db: sqlite3.Connection) -> list[dict[str, Any]]:
    return [dict(row) for row in db.execute("select * from rule order by iban").fetchall()]


def credit(db: sqlite3.Connection, body: Any, *, house: steps.House, default_iban: str, now: datetime) -> int:
    """Money arrives from outside on one of the accounts; it is booked and announced. Returns the entry's number.

    With a `reference`, the same credit told again is booked once."""
    if not isinstance(body, dict):
        raise ValueError("a credit is an object")
    reference = _text(body, "reference", _LONGEST)
    known = db.execute("select entry from credit where reference = ?", (reference,)).fetchone()
    if known is not None:
        return int(known["entry"])
    currency = str(body.get("currency", "EUR"))
    iban = _compact(body.get("account") or default_iban)
    if not books.has_account(db, iban, currency):
        raise ValueError(f"no account {iban} in {currency}")
    entry_id = books.book(
        db,
        account=iban,
        currency=currency,
        count=books.units(_amount(body.get("amount"), currency)),
        on=_day(body.get("booked_on"), now),
        family="RCDT",
        sub_family="ESCT",
        end_to_end_id=_text(body, "end_to_end_id", 35),
        name=_text(body, "name", _LONGEST),
        iban=_compact(body.get("iban") or ""),
        remittance=_text(body, "remittance", _LONGEST),
    )
    if reference:
        db.execute("insert into credit values (?, ?)", (reference, entry_id))
    steps.announce(db, house=house, entry_ids=[entry_id], now=now)
    return entry_id


def close_day(db: sqlite3.Connection, body: Any, *, house: steps.House, now: datetime) -> list[str]:
    """End of day for every account. `date` as 2026-11-21, today when not given."""
    day = _day(body.get("date") if isinstance(body, dict) else None, now)
    return steps.close_day(db, house=house, on=day, now=now, moved_only=False)


def seconds(body: Any) -> float:
    found = body.get("seconds") if isinstance(body, dict) else None
    if not isinstance(found, int | float) or isinstance(found, bool) or found < 0:
        raise ValueError("seconds is a number that is not negative")
    return float(found)


def _amount(raw: Any, currency: str) -> Decimal:
    try:
        found = Decimal(str(raw)) if isinstance(raw, str | int) else Decimal("NaN")
    except InvalidOperation:
        found = Decimal("NaN")
    unit = Decimal(1).scaleb(-get_currency_precision(currency))
    if not found.is_finite() or not 0 < found < Decimal(10) ** 12 or found != found.quantize(unit):
        raise ValueError(f"not an amount in {currency}: {raw!r} (send a decimal text)")
    return found


def _day(raw: Any, now: datetime) -> date:
    return date.fromisoformat(str(raw)) if raw else now.date()


def _text(body: dict[str, Any], name: str, limit: int) -> str:
    found = " ".join(str(body.get(name) or "").split())
    if len(found) > limit or not found.isprintable():
        raise ValueError(f"{name} has at most {limit} printable characters")
    return found


def _compact(raw: Any) -> str:
    return "".join(str(raw).split()).upper()
