"""The rules of the simulated MT5 server: what may change an account, and by how much.

Documented rules are kept as documented (MetaQuotes, "Deposit/Withdrawal"). What MT5 leaves open is decided
here and said so: credit and bonus (types 3 and 6) change the credit, all other operations the balance; a
cancelled deal keeps its profit in a column of its own, so that the recomputed balance still agrees with the
stored one.
"""

import json
import sqlite3
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from payments.connectors.platforms.mt5.simulator_store import (
    CREDIT_ACTIONS,
    FIRST_LOGIN,
    Refusal,
    Store,
    account_of,
    rounded,
)

COMMENT_LENGTH = 31
MAX_MONEY = Decimal(1_000_000_000)
CANCELLED = 13  # what BUY and SELL are raised by
TWO_DIGITS = (
    "AED",
    "AUD",
    "BRL",
    "CAD",
    "CHF",
    "CZK",
    "EUR",
    "GBP",
    "HUF",
    "MXN",
    "NOK",
    "NZD",
    "PLN",
    "SEK",
)
DIGITS = dict.fromkeys((*TWO_DIGITS, "SGD", "USD", "ZAR"), 2) | {
    **dict.fromkeys(("JPY", "KRW"), 0),
    **dict.fromkeys(("BHD", "JOD", "KWD"), 3),
    "BTC": 8,
    "ETH": 8,
    "USDT": 6,
}


def group_currency(group: str) -> tuple[str, int]:
    r"""A group exists when its name ends with a currency, like real\EUR; any other is refused with code 8."""
    for code, digits in DIGITS.items():
        if group.upper().endswith(code):
            return code, digits
    raise Refusal("8 Not enough permissions")


def free_margin(account: sqlite3.Row) -> Decimal:
    return Decimal(account["balance"]) + Decimal(account["credit"]) - Decimal(account["margin"])


class Books(Store):
    """Each method is one change of the books, or a question that needs the rules."""

    def open_account(self, *, name: str, group: str, leverage: int) -> str:
        """Open an account without money and return its login."""
        currency, digits = group_currency(group)
        with self.write() as db:
            login = self.next_number(db, "select max(login) from accounts", FIRST_LOGIN)
            row = (login, name, group, currency, digits, leverage, self.server_seconds())
            columns = "login, name, grp, currency, digits, leverage, opened"
            db.execute(f"insert into accounts ({columns}) values (?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608
        return str(login)

    def account(self, login: str) -> sqlite3.Row:
        with self.read() as db:
            return account_of(db, login)

    def accounts(self) -> list[sqlite3.Row]:
        with self.read() as db:
            return db.execute("select * from accounts order by login").fetchall()

    def set_margin(self, *, login: str, margin: str) -> None:
        """Pretend that open positions use this much margin."""
        with self.write() as db:
            number = account_of(db, login)["login"]
            db.execute("update accounts set margin = ? where login = ?", (str(_money(margin)), number))

    def operate(
        self, *, login: str, action: int, amount: str, check: bool, at: datetime | None = None, **fields: str
    ) -> str:
        """Book one money operation, return its ticket; `check` refuses (10019) what is not there."""
        with self.write() as db:
            account = account_of(db, login)
            value = rounded(_money(amount), account["digits"])
            if abs(value) > MAX_MONEY:
                raise Refusal("4005 Money limit reached")
            if check:
                _refuse_overdraw(account, action, value)
            comment = fields.pop("Comment", "")[:COMMENT_LENGTH]
            money = {"Profit": value, "ProfitRaw": value, "Comment": comment}
            return str(self.book(db, account=account, action=action, fields={**money, **fields}, at=at))

    def trade(self, *, login: str, symbol: str, results: dict[str, str]) -> tuple[str, str]:
        """A position opened and closed at once: an in deal without result and an out deal with all of it."""
        with self.write() as db:
            account = account_of(db, login)
            money = {name: rounded(_money(text), account["digits"]) for name, text in results.items()}
            both = {"Symbol": symbol, "Reason": "0", "Volume": "10000", "VolumeExt": "100000000"}
            opened = self.book(db, account=account, action=0, fields={**both, "Entry": "0"})
            update = "update deals set fields = json_set(fields, '$.PositionID', ?) where deal = ?"
            db.execute(update, (str(opened), opened))
            out = {**both, **money, "Entry": "1", "PositionID": str(opened), "VolumeClosed": "10000"}
            return str(opened), str(self.book(db, account=account, action=1, fields=out))

    def cancel(self, *, deal: int) -> str:
        """Rewrite a trade to BUY_CANCELED or SELL_CANCELED; take its profit back in a row of its own."""
        with self.write() as db:
            row = db.execute("select * from deals where deal = ? and action in (0, 1)", (deal,)).fetchone()
            if row is None:
                raise Refusal("13 Not found")
            fields: dict[str, Any] = json.loads(row["fields"])
            profit, action = Decimal(fields["Profit"]), row["action"] + CANCELLED
            zero = format(rounded(Decimal(0), int(fields["DigitsCurrency"])), "f")
            fields |= {"Action": str(action), "Profit": zero, "ProfitRaw": zero, "ModificationFlags": "1"}
            update = "update deals set action = ?, undone = ?, fields = ? where deal = ?"
            db.execute(update, (action, str(profit), json.dumps(fields), deal))
            back = {"Profit": -profit, "ProfitRaw": -profit, "Comment": f"canceled #{deal}"}
            return str(self.book(db, account=account_of(db, str(row["login"])), action=2, fields=back))

    def recomputed(self, login: str) -> tuple[Decimal, Decimal]:
        """Return balance and credit as the sum of the history."""
        sums = [Decimal(0), Decimal(0)]
        with self.read() as db:
            for row in db.execute("select * from deals where login = ?", (int(login),)):
                fields = json.loads(row["fields"])
                parts = [Decimal(fields[name]) for name in ("Profit", "Storage", "Commission", "Fee")]
                sums[row["action"] in CREDIT_ACTIONS] += sum(parts, Decimal(row["undone"]))
        return sums[0], sums[1]


def _money(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise Refusal("3 Invalid parameters") from error
    if not value.is_finite():
        raise Refusal("3 Invalid parameters")
    return value


def _refuse_overdraw(account: sqlite3.Row, action: int, value: Decimal) -> None:
    if action in CREDIT_ACTIONS:
        available = Decimal(account["credit"])
    else:
        available = min(free_margin(account), Decimal(account["balance"]))
    if value < 0 and -value > available:
        raise Refusal("10019 Not enough money")
