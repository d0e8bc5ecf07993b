"""The books that are written to: many funded wallets and one house account, opened and filled through the usual doors.

Reads and writes only the run's private server. Wallets have consecutive ids, so that pgbench can draw them.
"""

from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from django.db import connection, transaction

from ledger import accounts, ids, posting
from ledger.accounts import AccountRef
from ledger.models import Account
from ledger.posting import Draft, Leg, Source

CURRENCY = "EUR"
SPREAD_REASON = "CLIENT_INTERNAL_TRANSFER"  # wallet to wallet: both rows locked, both with figures of their own
HOUSE_REASON = "DEPOSIT_CAPTURED"  # house account to wallet, the same house account for everybody
OPENING_AMOUNT = Decimal("10000.00")
_WALLETS_AT_ONCE = 5000
_LEGS = 50  # wallets filled by one transaction


@dataclass(frozen=True, kw_only=True)
class Book:
    """Who can be posted to: wallets in the order of their ids, and the house account that everybody shares."""

    wallets: tuple[AccountRef, ...]
    house: AccountRef

    def spread_legs(self, random: Random) -> list[Leg]:
        """Some cents between two different wallets."""
        debited, credited = random.sample(self.wallets, 2)
        return _legs(debited, credited, random)

    def house_legs(self, random: Random) -> list[Leg]:
        """Some cents from the house account to a wallet."""
        return _legs(self.house, random.choice(self.wallets), random)

    def drafts(self, count: int, random: Random) -> list[Draft]:
        """An importer's batch: from the house account to as many different wallets as there are."""
        chosen = [wallet for _ in range(0, count, len(self.wallets)) for wallet in self._shuffled(random)][:count]
        return [
            Draft(reason=HOUSE_REASON, legs=_legs(self.house, wallet, random), source=fresh_source())
            for wallet in chosen
        ]

    def _shuffled(self, random: Random) -> list[AccountRef]:
        return random.sample(self.wallets, len(self.wallets))


def _legs(debited: AccountRef, credited: AccountRef, random: Random) -> list[Leg]:
    amount = Decimal(random.randint(1, 1000)).scaleb(-2)
    return [posting.debit(debited, amount), posting.credit(credited, amount)]


def fresh_source() -> Source:
    """A business reference like those of our services: a public id, so unique and ordered by time."""
    return Source("bench", "transfer", ids.encode("tr", ids.new_id()))


def open_books(count: int) -> Book:
    """Open `count` wallets with OPENING_AMOUNT each, and the house account."""
    house = accounts.ref("psp/bench/clearing", CURRENCY)
    opening = accounts.ref("house/opening", CURRENCY)
    pattern = accounts.ref("client/bench/wallet", CURRENCY)  # what the chart says about a wallet
    for start in range(1, count + 1, _WALLETS_AT_ONCE):
        _open_wallets(pattern.id, start, min(start + _WALLETS_AT_ONCE - 1, count))
    rows = Account.objects.filter(code__regex="^client/bench[0-9]+/wallet$").order_by("id")
    wallets = tuple(AccountRef(*row) for row in rows.values_list("id", "code", "currency_id", "kind", "sign"))
    if len(wallets) != count or wallets[-1].id - wallets[0].id != count - 1:
        raise RuntimeError("The wallets' ids are not consecutive: something else opens accounts on this server.")
    for start in range(0, count, _WALLETS_AT_ONCE):
        with transaction.atomic():
            posting.post_batch(_openings(opening, wallets[start : start + _WALLETS_AT_ONCE]))
    return Book(wallets=wallets, house=house)


def _open_wallets(pattern: int, first: int, last: int) -> None:
    """As `accounts.open_account` does it, many at once; the database's guards look at each."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_account (code, currency, kind, category, owner, sign, running, exponent, floor, status,"
            " opened_at) SELECT format('client/bench%%s/wallet', n), currency, kind, category, format('bench%%s', n),"
            " sign, running, exponent, floor, status, opened_at"
            " FROM ledger_account, generate_series(%s::int, %s::int) n WHERE id = %s ORDER BY n",
            [first, last, pattern],
        )


def _openings(opening: AccountRef, wallets: tuple[AccountRef, ...]) -> list[Draft]:
    """Transactions of one debit and many credits: a start that costs little."""
    drafts = []
    for start in range(0, len(wallets), _LEGS):
        part = wallets[start : start + _LEGS]
        credits = [posting.credit(wallet, OPENING_AMOUNT) for wallet in part]
        legs = [posting.debit(opening, OPENING_AMOUNT * len(part)), *credits]
        drafts.append(Draft(reason="OPENING_BALANCE", legs=legs, source=fresh_source()))
    return drafts


def sizes(admin: Any) -> tuple[int, int]:
    """(bytes of headers and entries with all their indexes, number of headers). Only grows: nothing is ever deleted."""
    row = admin.execute(
        "SELECT pg_total_relation_size('ledger_transaction') + pg_total_relation_size('ledger_entry'),"
        " (SELECT count(*) FROM ledger_transaction)"
    ).fetchone()
    return int(row[0]), int(row[1])
