"""Where the simulated MT5 server keeps its accounts and deals: one SQLite file, exact amounts as text.

It stores and finds; the rules of what may be stored are in `simulator_books`. A deal keeps all fields of the
Web API as strings, the way they go out on the wire. It must never import the ledger or the adapter: it is the
other side.
"""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

SCHEMA = """
create table if not exists accounts (
    login integer primary key, name text not null, grp text not null, currency text not null,
    digits integer not null, leverage integer not null, opened integer not null,
    balance text not null default '0', credit text not null default '0', margin text not null default '0'
);
create table if not exists deals (
    deal integer primary key, login integer not null references accounts, action integer not null,
    server_time integer not null, recorded real not null, undone text not null default '0',
    fields text not null
);
create index if not exists deals_by_login on deals (login, server_time, deal);
"""

FIRST_LOGIN = 1001
FIRST_DEAL = 500001
CREDIT_ACTIONS = (3, 6, 20)

_MONEY = ("Profit", "ProfitRaw", "Value", "Storage", "Commission", "Fee")
_PRICES = ("Price", "PriceSL", "PriceTP", "PricePosition", "PriceGateway", "TickValue", "TickSize")
_MARKET = ("MarketBid", "MarketAsk", "MarketLast")
_COUNTS = ("Dealer", "Order", "Entry", "ExpertID", "PositionID", "Flags", "ModificationFlags")
_VOLUMES = ("Volume", "VolumeExt", "VolumeClosed", "VolumeClosedExt")
_TEXTS = ("ExternalID", "Symbol", "Comment", "Gateway")


class Refusal(Exception):
    """The server will not do it; the message is the return code, number and text."""


def rounded(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def account_of(db: sqlite3.Connection, login: str) -> sqlite3.Row:
    """Return the account; refused with code 13 when there is none."""
    number = int(login) if login.isdecimal() and len(login) < 19 else 0
    row: sqlite3.Row | None = db.execute("select * from accounts where login = ?", (number,)).fetchone()
    if row is None:
        raise Refusal("13 Not found")
    return row


def _blank_deal(digits: int) -> dict[str, Any]:
    """Every field of a deal that the Web API sends."""
    return (
        dict.fromkeys(_MONEY, Decimal(0))
        | dict.fromkeys(_PRICES + _MARKET, "0.00000")
        | dict.fromkeys(_COUNTS + _VOLUMES, "0")
        | dict.fromkeys(_TEXTS, "")
        | {"Reason": "2", "Digits": "5", "DigitsCurrency": str(digits), "ContractSize": "0.00"}
        | {"RateProfit": "1.00000000", "RateMargin": "1.00000000"}
    )


class Store:
    """All writes go through one lock and one database transaction each."""

    def __init__(
        self, *, connect: Callable[[], sqlite3.Connection], utc_offset: timedelta, now: Callable[[], datetime]
    ) -> None:
        self._connect, self._utc_offset, self._now = connect, utc_offset, now
        self._lock = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        with closing(self._connect()) as db:
            yield db

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        with self._lock, closing(self._connect()) as db, db:
            yield db

    def server_seconds(self, moment: datetime | None = None) -> int:
        """Return the wall clock encoded as epoch seconds, which is how MT5 writes every time."""
        return int(((moment or self._now()) + self._utc_offset).timestamp())

    def next_number(self, db: sqlite3.Connection, query: str, first: int) -> int:
        last: int | None = db.execute(query).fetchone()[0]
        return first if last is None else last + 1

    def book(
        self,
        db: sqlite3.Connection,
        *,
        account: sqlite3.Row,
        action: int,
        fields: dict[str, Any],
        at: datetime | None = None,
    ) -> int:
        """Write a deal, change balance or credit by the sum of its money fields; return the ticket."""
        ticket = self.next_number(db, "select max(deal) from deals", FIRST_DEAL)
        seconds, digits = self.server_seconds(at), account["digits"]
        clock = {"Time": seconds, "TimeMsc": seconds * 1000 + (at or self._now()).microsecond // 1000}
        numbers = {"Deal": ticket, "Login": account["login"], "Action": action, **clock}
        whole = _blank_deal(digits) | numbers | fields
        change = sum((whole[name] for name in ("Profit", "Storage", "Commission", "Fee")), Decimal(0))
        written = {
            name: format(rounded(value, digits), "f") if isinstance(value, Decimal) else str(value)
            for name, value in whole.items()
        }
        row = (ticket, account["login"], action, seconds, time.time(), json.dumps(written | {"ApiData": []}))
        columns = "deal, login, action, server_time, recorded, fields"
        db.execute(f"insert into deals ({columns}) values (?, ?, ?, ?, ?, ?)", row)  # noqa: S608 (constant)
        side = "credit" if action in CREDIT_ACTIONS else "balance"
        total = str(Decimal(account_of(db, str(account["login"]))[side]) + change)
        db.execute(f"update accounts set {side} = ? where login = ?", (total, account["login"]))  # noqa: S608
        return ticket

    def deals(self, *, login: str, start: int, end: int, settled: float | None) -> list[dict[str, Any]]:
        """Rows of a window by time and ticket; what was recorded after the moment `settled` is not shown."""
        query = "select fields from deals where login = ? and server_time between ? and ? and recorded <= ?"
        with self.read() as db:
            account = account_of(db, login)
            values = (account["login"], start, end, time.time() + 1 if settled is None else settled)
            return [json.loads(row[0]) for row in db.execute(f"{query} order by server_time, deal", values)]

    def deal(self, *, ticket: int, settled: float | None) -> dict[str, Any]:
        """Return one deal; refused with code 13 when there is none to be seen."""
        values = (ticket, time.time() + 1 if settled is None else settled)
        with self.read() as db:
            row = db.execute("select fields from deals where deal = ? and recorded <= ?", values).fetchone()
        if row is None:
            raise Refusal("13 Not found")
        fields: dict[str, Any] = json.loads(row[0])
        return fields
