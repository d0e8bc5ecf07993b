"""The simulated bank's books in SQLite: accounts, ordered payments, booked entries, statements and the
mailbox.

Amounts are whole numbers of 1/100,000 (camt amounts have up to five decimals), so that SQL sums are exact. A
payment carries the plan of what will happen to it; `due` says when the next step comes. Functions take the
open connection and never commit: one request or one tick is one transaction.
"""

import json
import sqlite3
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from payments.connectors.bank.sepa.simulator_messages import Booking, Day
from payments.connectors.bank.sepa.simulator_orders import Order, OrderedPayment

UNITS = 100_000
SCHEMA = """
create table if not exists account (
    iban text not null, currency text not null, owner text not null, primary key (iban, currency)
);
create table if not exists message (
    message_id text primary key, reference text not null, name text not null, received_at text not null
);
create table if not exists payment (
    id integer primary key, message_id text not null references message, payment_information_id text not null,
    instruction_id text not null, end_to_end_id text not null, account text not null, currency text not null,
    units integer not null, name text not null, iban text not null, remittance text not null,
    instant integer not null, state text not null, plan text not null, pause real not null, due real not null
);
create table if not exists entry (
    id integer primary key, account text not null, currency text not null, units integer not null,
    booked_on text not null, value_on text not null, family text not null, sub_family text not null,
    end_to_end_id text not null, instruction_id text not null, message_id text not null,
    payment_information_id text not null, name text not null, iban text not null, remittance text not null,
    return_reason text not null, statement integer references statement
);
create table if not exists statement (
    id integer primary key, account text not null, currency text not null, sequence integer not null,
    from_on text not null, to_on text not null, opening integer not null, closing integer not null,
    unique (account, currency, sequence)
);
create table if not exists file (
    id integer primary key, reference text not null unique, name text not null, kind text not null,
    content blob not null, acknowledged integer not null default 0
);
create table if not exists credit (reference text primary key, entry integer not null references entry);
create table if not exists rule (iban text primary key, outcome text not null, seconds real);
"""

# The text columns of an entry that a booking may carry, empty where it does not.
_TEXTS = (
    *("family", "sub_family", "end_to_end_id", "instruction_id", "message_id", "payment_information_id"),
    *("name", "iban", "remittance", "return_reason"),
)


def units(amount: Decimal) -> int:
    return int(amount * UNITS)


def amount(count: int) -> Decimal:
    return Decimal(count) / UNITS


def balance(db: sqlite3.Connection, iban: str, currency: str) -> int:
    row = db.execute(
        "select coalesce(sum(units), 0) from entry where account = ? and currency = ?", (iban, currency)
    ).fetchone()
    return int(row[0])


def has_account(db: sqlite3.Connection, iban: str, currency: str) -> bool:
    found = db.execute("select 1 from account where iban = ? and currency = ?", (iban, currency)).fetchone()
    return found is not None


def keep_order(db: sqlite3.Connection, order: Order, *, reference: str, now: datetime) -> bool:
    """Remember the message; False when its id is already known."""
    done = db.execute(
        "insert into message values (?, ?, ?, ?) on conflict do nothing",
        (order.message_id, reference, order.message_name, now.isoformat()),
    )
    return done.rowcount == 1


def keep_payment(
    db: sqlite3.Connection,
    message_id: str,
    payment: OrderedPayment,
    *,
    plan: Sequence[str],
    pause: float,
    due: float,
) -> None:
    db.execute(
        "insert into payment (message_id, payment_information_id, instruction_id, end_to_end_id, account, currency,"
        " units, name, iban, remittance, instant, state, plan, pause, due)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'taken', ?, ?, ?)",
        (
            message_id,
            payment.payment_information_id,
            payment.instruction_id,
            payment.end_to_end_id,
            payment.debtor_iban,
            payment.currency,
            units(payment.amount),
            payment.name,
            payment.iban,
            payment.remittance,
            payment.instant,
            json.dumps(list(plan)),
            pause,
            due,
        ),
    )


def book(db: sqlite3.Connection, *, account: str, currency: str, count: int, on: date, **fields: str) -> int:
    """Book one movement; `fields` are the text columns of the entry, empty where not given. Returns its id."""
    values = [fields.get(column, "") for column in _TEXTS]
    done = db.execute(
        f"insert into entry (account, currency, units, booked_on, value_on, {', '.join(_TEXTS)})"  # noqa: S608
        f" values (?, ?, ?, ?, ?{', ?' * len(_TEXTS)})",
        (account, currency, count, on.isoformat(), on.isoformat(), *values),
    )
    return int(done.lastrowid or 0)


def reference(entry_id: int) -> str:
    """The bank's own reference of an entry (AcctSvcrRef)."""
    return f"SIM{entry_id:012d}"


def booking(row: sqlite3.Row) -> Booking:
    return Booking(
        reference=reference(row["id"]),
        amount=amount(row["units"]),
        currency=row["currency"],
        booked_on=date.fromisoformat(row["booked_on"]),
        value_on=date.fromisoformat(row["value_on"]),
        code=(row["family"], row["sub_family"]),
        end_to_end_id=row["end_to_end_id"],
        instruction_id=row["instruction_id"],
        message_id=row["message_id"],
        payment_information_id=row["payment_information_id"],
        name=row["name"],
        iban=row["iban"],
        remittance=row["remittance"],
        return_reason=row["return_reason"],
    )


def close_account(db: sqlite3.Connection, *, iban: str, currency: str, on: date) -> Day:
    """Put all entries that are on no statement yet on the next one."""
    key = (iban, currency)
    last = db.execute(
        "select sequence, closing from statement where account = ? and currency = ? order by sequence desc",
        key,
    ).fetchone()
    rows = db.execute(
        "select * from entry where account = ? and currency = ? and statement is null order by id", key
    ).fetchall()
    sequence, opening = (last["sequence"] + 1, last["closing"]) if last else (1, 0)
    closing = opening + sum(row["units"] for row in rows)
    days = [row["booked_on"] for row in rows] + [on.isoformat()]
    done = db.execute(
        "insert into statement (account, currency, sequence, from_on, to_on, opening, closing)"
        " values (?, ?, ?, ?, ?, ?, ?)",
        (*key, sequence, min(days), max(days), opening, closing),
    )
    db.executemany("update entry set statement = ? where id = ?", [(done.lastrowid, row["id"]) for row in rows])
    return Day(
        sequence=sequence,
        from_on=date.fromisoformat(min(days)),
        to_on=date.fromisoformat(max(days)),
        opening=amount(opening),
        closing=amount(closing),
        bookings=[booking(row) for row in rows],
    )


def next_number(db: sqlite3.Connection) -> int:
    """The number of the next file in the mailbox; reports are numbered with it."""
    return int(db.execute("select coalesce(max(id), 0) + 1 from file").fetchone()[0])


def keep_file(db: sqlite3.Connection, *, kind: str, content: bytes) -> str:
    """Put a file into the firm's mailbox; returns its reference."""
    number = next_number(db)
    name = f"F{number:08d}"
    db.execute(
        "insert into file (id, reference, name, kind, content) values (?, ?, ?, ?, ?)",
        (number, name, f"{kind}-{number:08d}.xml", kind, content),
    )
    return name


def keep_again(db: sqlite3.Connection, row: sqlite3.Row) -> str:
    """The same bytes once more under another reference: a statement delivered twice."""
    return keep_file(db, kind=row["kind"], content=row["content"])


def overview(db: sqlite3.Connection) -> dict[str, Any]:
    """Everything a test or a curious person wants to compare with our own books. Amounts are decimal texts."""
    accounts = []
    for row in db.execute("select * from account order by iban, currency").fetchall():
        key = (row["iban"], row["currency"])
        entries = db.execute("select * from entry where account = ? and currency = ? order by id", key).fetchall()
        accounts.append(
            {
                "iban": row["iban"],
                "currency": row["currency"],
                "owner": row["owner"],
                "balance": f"{amount(balance(db, *key)):.2f}",
                "entries": [dict(entry) | {"amount": f"{amount(entry['units']):.2f}"} for entry in entries],
            }
        )
    payments = [
        dict(row) | {"amount": f"{amount(row['units']):.2f}"}
        for row in db.execute("select * from payment order by id").fetchall()
    ]
    return {"accounts": accounts, "payments": payments}
