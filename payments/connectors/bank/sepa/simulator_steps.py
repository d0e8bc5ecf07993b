"""What the simulated bank does in its own time: take payments one step further, book, report, close the day.

A plan is a list of steps: an ISO status (`ACTC`, `ACSP`, `ACSC` which also books, `RJCT:reason`), `BOOK`
(book without a word), `RETURN:reason`, `FILE:reason` (refuse the whole file). It must never book more than
the account and its credit line hold, and never report what it has not booked.
"""

import json
import re
import sqlite3
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from payments.connectors.bank.sepa import simulator_books as books
from payments.connectors.bank.sepa import simulator_messages as messages

_OUTCOME = re.compile(r"settle|silent|slow|unannounced|(reject|return):[A-Z0-9]{4}")
_PAID = ["ACTC", "ACSP", "ACSC"]
_SLOWER = 10
# What an entry repeats of the payment it comes from.
_COPIED = ("end_to_end_id", "instruction_id", "message_id", "payment_information_id", "name", "iban", "remittance")


def is_outcome(text: str) -> bool:
    return _OUTCOME.fullmatch(text) is not None


def plan_for(outcome: str, *, delay: float) -> tuple[list[str], float]:
    """The steps of an outcome, and the seconds between them."""
    verb, _, reason = outcome.partition(":")
    plans = {
        "settle": _PAID,
        "slow": _PAID,
        "reject": ["ACTC", f"RJCT:{reason}"],
        "return": [*_PAID, f"RETURN:{reason}"],
        "unannounced": ["BOOK"],
        "silent": [],
    }
    return list(plans[verb]), delay * _SLOWER if verb == "slow" else delay


@dataclass(frozen=True, kw_only=True)
class House:
    """The bank as its messages name it, and how far an account may go below zero."""

    bic: str
    credit_line: Decimal


def account(db: sqlite3.Connection, house: House, iban: str, currency: str) -> messages.Account:
    owner = db.execute("select owner from account where iban = ? and currency = ?", (iban, currency)).fetchone()[0]
    return messages.Account(iban=iban, currency=currency, owner=owner, bic=house.bic)


def advance(db: sqlite3.Connection, *, house: House, now: datetime) -> None:
    """One step for every payment that is due; the reports of this tick go into the mailbox."""
    rows = db.execute(
        "select * from payment where plan != '[]' and due <= ? order by id", (now.timestamp(),)
    ).fetchall()
    tick = _Tick(db, house=house, now=now)
    for row in rows:
        tick.step(row)
    tick.report()


def announce(db: sqlite3.Connection, *, house: House, entry_ids: list[int], now: datetime) -> None:
    """A camt.054 per account about these entries."""
    grouped: dict[tuple[str, str], list[messages.Booking]] = defaultdict(list)
    for entry_id in entry_ids:
        row = db.execute("select * from entry where id = ?", (entry_id,)).fetchone()
        grouped[row["account"], row["currency"]].append(books.booking(row))
    for (iban, currency), bookings in grouped.items():
        content = messages.notification(
            report_id=f"SIM-NTF-{books.next_number(db)}",
            account=account(db, house, iban, currency),
            bookings=bookings,
            now=now,
        )
        books.keep_file(db, kind="camt.054", content=content)


def close_day(db: sqlite3.Connection, *, house: House, on: date, now: datetime, moved_only: bool) -> list[str]:
    """A camt.053 for each account (only those with new entries if `moved_only`). Returns the file references."""
    condition = "where exists (select 1 from entry e where e.account = a.iban and e.currency = a.currency"
    condition = f"{condition} and e.statement is null)" if moved_only else ""
    found = []
    for row in db.execute(f"select iban, currency from account a {condition}").fetchall():  # noqa: S608
        day = books.close_account(db, iban=row["iban"], currency=row["currency"], on=on)
        content = messages.statement(
            report_id=f"SIM-STM-{books.next_number(db)}",
            account=account(db, house, row["iban"], row["currency"]),
            day=day,
            now=now,
        )
        found.append(books.keep_file(db, kind="camt.053", content=content))
    return found


class _Tick:
    """Collects what happens in one tick, so that it is reported in few files, like a bank does."""

    def __init__(self, db: sqlite3.Connection, *, house: House, now: datetime) -> None:
        self._db = db
        self._house = house
        self._now = now
        self._statuses: dict[tuple[str, str], list[messages.StatusLine]] = defaultdict(list)
        self._refused_files: dict[str, str] = {}
        self._announced: list[int] = []

    def step(self, row: sqlite3.Row) -> None:
        plan = json.loads(row["plan"])
        verb, _, reason = plan.pop(0).partition(":")
        if verb in ("ACSC", "BOOK") and not self._affordable(row):
            verb, reason, plan = "RJCT", "AM04", []
        if verb in ("ACSC", "BOOK"):
            self._debit(row, told=verb == "ACSC")
        if verb == "RETURN":
            self._return(row, reason)
        if verb == "FILE":
            self._refused_files[row["message_id"]] = reason
        if verb in ("ACTC", "ACSP", "ACSC", "RJCT"):
            self._statuses[row["message_id"], verb].append(_status_line(row, verb, reason))
        self._db.execute(
            "update payment set state = ?, plan = ?, due = ? where id = ?",
            (
                f"{verb}:{reason}" if reason else verb,
                json.dumps(plan),
                self._now.timestamp() + row["pause"],
                row["id"],
            ),
        )

    def report(self) -> None:
        for (message_id, verb), lines in self._statuses.items():
            whole = self._transactions(message_id) == len(lines)
            self._status_file(message_id, verb if whole else "PART", "", lines)
        for message_id, reason in self._refused_files.items():
            self._status_file(message_id, "RJCT", reason, [])
        announce(self._db, house=self._house, entry_ids=self._announced, now=self._now)

    def _status_file(
        self, message_id: str, group_code: str, group_reason: str, lines: list[messages.StatusLine]
    ) -> None:
        name = self._db.execute("select name from message where message_id = ?", (message_id,)).fetchone()[0]
        content = messages.status_report(
            report_id=f"SIM-PSR-{books.next_number(self._db)}",
            message_id=message_id,
            message_name=name,
            transactions=self._transactions(message_id),
            group_code=group_code,
            group_reason=group_reason,
            lines=lines,
            now=self._now,
        )
        books.keep_file(self._db, kind="pain.002", content=content)

    def _transactions(self, message_id: str) -> int:
        counted = self._db.execute("select count(*) from payment where message_id = ?", (message_id,))
        return int(counted.fetchone()[0])

    def _affordable(self, row: sqlite3.Row) -> bool:
        left = books.balance(self._db, row["account"], row["currency"]) - row["units"]
        return bool(left >= -books.units(self._house.credit_line))

    def _debit(self, row: sqlite3.Row, *, told: bool) -> None:
        family = "IRCT" if row["instant"] else "ICDT"
        entry_id = self._book(row, -row["units"], family=family, sub_family="ESCT")
        if told:
            self._announced.append(entry_id)

    def _return(self, row: sqlite3.Row, reason: str) -> None:
        entry_id = self._book(row, row["units"], family="ICDT", sub_family="RRTN", return_reason=reason)
        self._announced.append(entry_id)

    def _book(self, row: sqlite3.Row, count: int, **fields: str) -> int:
        return books.book(
            self._db,
            account=row["account"],
            currency=row["currency"],
            count=count,
            on=self._now.date(),
            **{column: row[column] for column in _COPIED},
            **fields,
        )


def _status_line(row: sqlite3.Row, code: str, reason: str) -> messages.StatusLine:
    return messages.StatusLine(
        payment_information_id=row["payment_information_id"],
        instruction_id=row["instruction_id"],
        end_to_end_id=row["end_to_end_id"],
        amount=books.amount(row["units"]),
        currency=row["currency"],
        code=code,
        reason=reason,
    )
