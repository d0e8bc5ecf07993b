"""A small firm with a real MT5 simulator beside it: what the transfer tests stand on.

Nothing is faked between our code and the simulator: HTTP, PostgreSQL and the outbox are real; only the clock that
services are given is wound forward. The fixture is in `fixtures`.
"""

import json
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import connection, connections

from ledger import accounts
from ledger.models import Balance, Entry, Event
from ledger.money import Money
from ledger.posting import Source
from payments import dispatch, postings
from payments.actors import Actor
from payments.connectors import registry
from payments.connectors.platforms.mt5.simulator import Mt5Simulator
from payments.models import Client, OutboxMessage, TradingAccount, Transfer
from payments.services import clients, trading_accounts, trading_deals, transfers
from payments.services.posting import post_recipe

TOPICS = ("transfer.send", "transfer.inquire")
SYSTEM = Actor.system("test")


def staff(name: str, *roles: str) -> Actor:
    return Actor(id=f"usr_{name}", person=f"usr_{name}", roles=frozenset(roles))


OPS = staff("ops", "payments_ops")
APPROVER = staff("approver", "finance_approver")
COMPLIANCE = staff("compliance", "compliance")


class Broker:
    def __init__(self, simulator: Mt5Simulator) -> None:
        self.simulator = simulator
        self._ahead = timedelta(0)
        self._count = 0

    @property
    def now(self) -> datetime:
        """The clock that services are given: the real one, plus what a test has wound it forward."""
        return datetime.now(UTC) + self._ahead

    # --- people and their accounts ---

    def client(self, *, wallet: str = "0", currency: str = "USD") -> Client:
        """A client with money in the wallet, as a captured card payment puts it there."""
        self._count += 1
        client = clients.create(
            name=f"Client {self._count}",
            email=f"client{self._count}@example.com",
            country="DE",
            actor=SYSTEM,
            now=self.now,
        )
        if Decimal(wallet):
            gross = Money.of(wallet, currency)
            recipe = postings.deposit_captured(
                wallet=client.account_code("wallet"), psp="stripe", gross=gross, fee=None
            )
            post_recipe(recipe, source=Source("test", "deposit", client.public_id))
        return client

    def acting(self, client: Client) -> Actor:
        """The client in the portal."""
        person = f"usr_of_{client.public_id}"
        return Actor(id=person, person=person, roles=frozenset({"client"}), client_id=client.public_id)

    def open(self, client: Client, currency: str = "USD") -> TradingAccount:
        return trading_accounts.open_account(client=client, currency=currency, actor=OPS, now=self.now)

    def funded(self, *, wallet: str = "0", trading: str = "0") -> tuple[Client, TradingAccount]:
        """A client with money in the wallet and money that went to the trading account by a transfer."""
        client = self.client(wallet=str(Decimal(wallet) + Decimal(trading)))
        account = self.open(client)
        if Decimal(trading):
            transfer = self.request(account, "to_platform", trading)
            self.drain()
            assert self.state(transfer) == "confirmed"
        return client, account

    # --- doing things ---

    def request(self, account: TradingAccount, direction: str, amount: str, **changes: Any) -> Transfer:
        wanted: dict[str, Any] = {
            "client": account.client,
            "trading_account": account,
            "direction": direction,
            "money": Money.of(amount, account.currency),
            "actor": self.acting(account.client),
            "now": self.now,
        }
        return transfers.request(**(wanted | changes))

    def drain(self, *topics: str) -> int:
        """Let the worker do what is due by the broker's clock."""
        return dispatch.drain(topics=topics or TOPICS, now=self.now, limit=1000)

    def later(self, **by: float) -> None:
        self._ahead += timedelta(**by)

    def settle_down(self, *, hours: float = 2) -> None:
        """Wind the clock until nothing is due any more, at most `hours`."""
        end = self.now + timedelta(hours=hours)
        while self.now < end and self.unresolved():
            self.drain()
            self.later(seconds=20)

    def read(self, account: TradingAccount) -> trading_deals.Reading:
        return trading_deals.read(trading_account=account, now=self.now)

    def together(self, count: int, work: Callable[[int], Any]) -> list[Any]:
        """Run `work(0 … count-1)` in threads with connections of their own; exceptions are answers."""

        def one(index: int) -> Any:
            try:
                return work(index)
            except Exception as error:  # a refusal is an answer
                return error
            finally:
                connections.close_all()

        with ThreadPoolExecutor(count) as pool:
            return list(pool.map(one, range(count)))

    # --- the other side ---

    def desk(self, door: str, **data: Any) -> Any:
        return self._call(f"/_sim/{door}", data)

    def row(self, account: TradingAccount, action: int, amount: str, **more: object) -> str:
        """A money operation that the platform's own people (or programs) make; its ticket."""
        return str(self.desk("operation", login=account.login, action=action, amount=amount, **more)["ticket"])

    def script(self, *rules: dict[str, Any]) -> None:
        """Set the faults; the calls of "balance", "open" and "history" are counted in any case."""
        counters = [{"on": on, "do": "count", "times": 0} for on in ("balance", "open", "history")]
        self._call("/_sim/faults", [*rules, *counters])

    def rules(self) -> list[dict[str, Any]]:
        """The fault script as it stands now, with how often each rule was met."""
        return list(self._call("/_sim/faults"))

    def fired(self) -> int:
        return sum(rule["fired"] for rule in self.rules())

    def calls(self, on: str) -> int:
        """How many calls of this kind reached the platform since the script was set."""
        rules = [rule for rule in self.rules() if rule["on"] == on]
        return int(sum(rule["fired"] for rule in rules[:-1]) + rules[-1]["seen"])

    def platform_balance(self, account: TradingAccount) -> Decimal:
        rows = self._call("/_sim/accounts")["accounts"]
        return next(Decimal(row["balance"]) for row in rows if row["login"] == account.login)

    def platform_total(self) -> Decimal:
        rows = self._call("/_sim/accounts")["accounts"]
        return sum((Decimal(row["balance"]) for row in rows), Decimal(0))

    def rows_with(self, token: str) -> int:
        """How often the platform carried out the operation that carries this token."""
        with self.simulator.db() as db:
            query = "select count(*) from deals where json_extract(fields, '$.Comment') like ?"
            return int(db.execute(query, (f"{token}%",)).fetchone()[0])

    def simulator_sql(self, statement: str, number: int) -> None:
        """Rewrite the platform's own books, as its managers can."""
        with self.simulator.db() as db:
            assert db.execute(statement, (number,)).rowcount == 1

    def _call(self, path: str, data: Any = None) -> Any:
        body = None if data is None else json.dumps(data).encode()
        with urllib.request.urlopen(self.simulator.url + path, data=body, timeout=5) as response:
            return json.loads(response.read())

    def cut_off(self) -> None:
        """Point our connector at a door behind which nobody listens."""
        settings.MT5 = {"servers": {"mt5": settings.MT5["servers"]["mt5"] | {"url": "http://127.0.0.1:1"}}}
        registry.platform("mt5").close()
        registry.forget()

    def eventually(self, question: Callable[[], Any]) -> Any:
        """Ask until the answer is true, for at most five seconds of the real clock; return the last answer."""
        end = time.monotonic() + 5
        while not (answer := question()) and time.monotonic() < end:
            time.sleep(0.02)
        return answer

    # --- looking ---

    def state(self, transfer: Transfer) -> str:
        return str(Transfer.objects.values_list("state", flat=True).get(pk=transfer.pk))

    def unresolved(self) -> int:
        return Transfer.objects.exclude(state__in=("confirmed", "refused")).count()

    def figures(self, client: Client, *path: str, currency: str = "USD") -> tuple[str, str]:
        """What an account holds and what is on its way out of it: ("1000.00", "600.00")."""
        account = accounts.ref(client.account_code(*path), currency)
        row = Balance.objects.get(account_id=account.id)
        return Money.of(row.balance, currency).text, Money.of(row.pending_out, currency).text

    def wallet(self, client: Client) -> tuple[str, str]:
        return self.figures(client, "wallet")

    def trading(self, account: TradingAccount) -> tuple[str, str]:
        return self.figures(account.client, "trading", "mt5", account.login)

    def bonus(self, account: TradingAccount) -> tuple[str, str]:
        return self.figures(account.client, "bonus", "mt5", account.login)

    def house(self, code: str, currency: str = "USD") -> Decimal:
        """The posted sum of a house account, credits positive."""
        entries = Entry.objects.filter(account__code=code, currency=currency, layer=Entry.Layer.POSTED)
        return sum(entries.values_list("amount", flat=True), Decimal(0))

    def ledger_total(self, kind: str) -> Decimal:
        """What all clients together hold in accounts of a kind, posted."""
        return sum(Balance.objects.filter(account__kind=kind).values_list("balance", flat=True), Decimal(0))

    def cases(self, category: str = "") -> list[dict[str, Any]]:
        """The cases that were promised to staff, oldest first."""
        messages = OutboxMessage.objects.filter(topic="exception.raise").order_by("id")
        found = [dict(message.payload) for message in messages]
        return [case for case in found if not category or case["category"] == category]

    def settled_cases(self) -> list[str]:
        messages = OutboxMessage.objects.filter(topic="exception.settled").order_by("id")
        return [f"{message.payload['category']}:{message.payload['key']}" for message in messages]

    def history(self, thing: Transfer | TradingAccount) -> list[str]:
        return list(Event.objects.filter(object_ref=thing.public_id).order_by("id").values_list("type", flat=True))

    def fingerprint(self) -> list[Any]:
        """Everything that a refusal must leave as it was."""
        counted = [model.objects.count() for model in (Transfer, Entry, Event, OutboxMessage)]
        return [*counted, *Balance.objects.order_by("account_id").values_list("balance", "pending_out", "seq")]

    def assert_books_are_sound(self) -> None:
        """Every transaction balances, and every running balance is the sum of its entries."""
        with connection.cursor() as cursor:
            cursor.execute(
                """SELECT transaction_id FROM ledger_entry
                    GROUP BY transaction_id, currency, layer HAVING sum(amount) <> 0"""
            )
            assert cursor.fetchall() == []
            cursor.execute(
                """SELECT a.code FROM ledger_balance b JOIN ledger_account a ON a.id = b.account_id
                    WHERE b.balance <> (SELECT coalesce(sum(e.amount), 0) * a.sign FROM ledger_entry e
                                         WHERE e.account_id = a.id AND e.layer = 0)
                       OR b.pending_out - b.pending_in <> (SELECT coalesce(-sum(e.amount), 0) * a.sign
                                         FROM ledger_entry e WHERE e.account_id = a.id AND e.layer > 0)"""
            )
            assert cursor.fetchall() == []

    def assert_both_sides_agree(self) -> None:
        """The final word: what the platform holds is what our mirror holds, and no token was carried out twice."""
        assert self.platform_total() == self.ledger_total("trading")
        for transfer in Transfer.objects.all():
            assert self.rows_with(transfer.token) == (1 if transfer.state == "confirmed" else 0), transfer.state
        self.assert_books_are_sound()
