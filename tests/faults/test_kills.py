"""F01–F04 and F06: kill -9 of web, worker and PostgreSQL, and a wiped broker, lose nothing and double nothing.

The whole product runs as `make run` starts it. Programs drive clients' journeys over REST the way a careful program
does: one idempotency key per wish, tried again until there is an answer. Meanwhile processes are shot. At the end every
wish was carried out exactly once, as our books, the provider, the platform and the bank all say.
"""

import json
import os
import random
import signal
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, Request, build_opener, urlopen

import pytest
import redis

from config.valkey import Valkey
from tests.factories.product import Product, running

pytestmark = pytest.mark.slow

CLIENTS = 9
KILLS = 28
PATIENCE = 240.0  # seconds for everything to be carried out after the last shot
VICTIMS = {"web": ("gunicorn",), "worker": ("celery", "worker"), "postgres": ("embedded/postgres", "bin/postgres")}
AGAIN = {409, 429, 500, 502, 503, 504}


class Gone(Exception):
    """No answer: the other side died or is not up yet. `told`: it is up, and said that asking again will not help."""

    def __init__(self, text: str, *, told: bool = False) -> None:
        super().__init__(text)
        self.told = told


class Api:
    """A careful caller: the same key for the same wish, again and again until it is answered."""

    def __init__(self, product: Product, secret: str) -> None:
        self.base = f"http://127.0.0.1:{product.port}/api/v1"
        self.secret = secret

    def once(self, method: str, path: str, data: Any, key: str) -> Any:
        headers = {"Authorization": f"Bearer {self.secret}", "Content-Type": "application/json", "Idempotency-Key": key}
        body = None if data is None else json.dumps(data).encode()
        request = Request(self.base + path, data=body, headers=headers, method=method)
        try:
            with urlopen(request, timeout=20) as answer:
                return json.loads(answer.read())
        except HTTPError as error:
            text = error.read().decode()
            if error.code in AGAIN:
                raise Gone(f"{error.code} {text}", told='"retryable":false' in text.replace(" ", "")) from error
            raise AssertionError(f"{method} {path}: {error.code} {text}") from error
        except (URLError, OSError, ValueError) as error:
            raise Gone(str(error)) from error

    def ask(self, method: str, path: str, data: Any = None) -> Any:
        key = str(uuid.uuid4())
        return until_answered(lambda: self.once(method, path, data, key))


def until_answered(call: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE
    while True:
        try:
            return call()
        except Gone:
            assert time.monotonic() < end, "no answer for too long"
            time.sleep(0.3)


class Stay(HTTPRedirectHandler):
    def http_error_303(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        return fp


def pay(checkout_url: str) -> None:
    form = urlencode({"card_number": "4242424242424242"}).encode()
    build_opener(Stay).open(Request(checkout_url, data=form), timeout=20).close()


def journey(number: int, ops: Api, approver: Api, compliance: Api) -> dict[str, Any]:
    """One client: 400 in, 60 to MT5, 20 back, 30 out. Returns the client and what was asked for."""
    client = ops.ask(
        "POST", "/clients", {"external_id": f"kill-{number}", "name": f"Client {number}", "country": "DE",
                             "email": f"client{number}@example.test"},
    )  # fmt: skip
    reference = client["id"]
    compliance.ask("POST", f"/clients/{reference}/kyc", {"kyc_level": "approved"})
    deposit = ops.ask("POST", "/deposits", {"client": reference, "amount": "400.00", "currency": "EUR",
                                            "return_url": "http://127.0.0.1/"})  # fmt: skip
    deposit = wait(ops, f"/deposits/{deposit['id']}", lambda row: bool(row["checkout_url"]))
    pay(deposit["checkout_url"])
    wait(ops, f"/deposits/{deposit['id']}", lambda row: row["state"] in ("captured", "settled"))
    account = open_account(ops, reference)
    login = f"mt5:{account['login']}"
    lost = move(ops, reference, "wallet", login, "60.00")
    move(ops, reference, login, "wallet", "20.00")
    payee = ops.ask("POST", f"/clients/{reference}/payment-methods", {
        "rail": "sepa", "holder_name": f"Client {number}", "iban": "DE89370400440532013000", "currency": "EUR",
    })  # fmt: skip
    withdrawal = ops.ask("POST", "/withdrawals", {"client": reference, "amount": "30.00", "currency": "EUR",
                                                  "payment_method": payee["id"]})  # fmt: skip
    approver.ask("POST", f"/withdrawals/{withdrawal['id']}/approve", {"content_hash": withdrawal["content_hash"]})
    wait(ops, f"/withdrawals/{withdrawal['id']}", lambda row: row["state"] == "paid")
    return {"client": reference, "login": account["login"], "lost": lost}


def move(ops: Api, reference: str, origin: str, target: str, amount: str) -> int:
    """Transfer until one is confirmed. One that was cut off between intention and call stays in doubt, its money
    reserved, because it is never sent again; a person ends it after the quiet time. Returns how many did."""
    for lost in range(5):
        wish = {"client": reference, "from": origin, "to": target, "amount": amount, "currency": "EUR"}
        transfer = ops.ask("POST", "/transfers", wish)
        end = time.monotonic() + 30
        while time.monotonic() < end:
            row = until_answered(lambda path=f"/transfers/{transfer['id']}": ops.once("GET", path, None, ""))
            if row["state"] == "confirmed":
                return lost
            time.sleep(0.25)
        assert row["state"] in ("unknown", "sent", "reserved"), row
    raise AssertionError("five transfers in doubt")


def open_account(ops: Api, reference: str) -> Any:
    """The platform has no key against doubles. An opening that was cut off stays in doubt and is a person's to settle;
    the client asks for another account, and an empty one may be left over there."""
    body = {"platform": "mt5", "currency": "EUR"}
    key, end = str(uuid.uuid4()), time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            return ops.once("POST", f"/clients/{reference}/trading-accounts", body, key)
        except Gone as gone:  # without an answer the key stays: another one might open another account
            key = str(uuid.uuid4()) if gone.told else key
            time.sleep(1)
    raise AssertionError("no trading account")


def wait(api: Api, path: str, done: Callable[[Any], bool]) -> Any:
    end = time.monotonic() + PATIENCE
    while True:
        row = until_answered(lambda: api.once("GET", path, None, ""))
        if done(row):
            return row
        assert time.monotonic() < end, f"{path} is still {row.get('state')}"
        time.sleep(0.25)


class Shooter(threading.Thread):
    """Kills one process after another, until enough have died and nobody works any more."""

    def __init__(self, product: Product, seed: int) -> None:
        super().__init__(daemon=True)
        self.product, self.random, self.fired = product, random.Random(seed), Counter[str]()
        self.enough = threading.Event()

    def run(self) -> None:
        names = [*VICTIMS, "broker"]
        while sum(self.fired.values()) < KILLS and not self.enough.is_set():
            time.sleep(self.random.uniform(0.8, 2.4))
            name = names[sum(self.fired.values()) % len(names)]
            if name == "broker":
                self.fired[name] += wipe(self.product)
                continue
            pids = self.product.pids(*VICTIMS[name])
            if not pids:
                continue
            # The postmaster or one backend, the master or one of its children: whoever it hits.
            victim = pids[0] if name == "postgres" and self.random.random() < 0.5 else self.random.choice(pids)
            try:
                os.kill(victim, signal.SIGKILL)
            except ProcessLookupError:
                continue
            self.fired[name] += 1


def wipe(product: Product) -> int:
    """Forget everything the broker holds: queues, nudges, locks."""
    socket = Valkey(product.state / "embedded" / "valkey").socket
    try:
        redis.Redis(unix_socket_path=str(socket), socket_timeout=5).flushall()
    except redis.RedisError:
        return 0
    return 1


@pytest.fixture(scope="module")
def product() -> Iterator[Product]:
    with running() as started:
        started.until(lambda: started.said("] ready"), 180)
        yield started


def test_killing_everything_all_the_time_loses_and_doubles_nothing(product: Product) -> None:
    ops, approver, compliance = (
        Api(product, product.manage("create_api_key", role, "--role", role).stdout.strip().splitlines()[-1])
        for role in ("payments_ops", "finance_approver", "compliance")
    )
    shooter = Shooter(product, seed=20261121)
    results: dict[int, Any] = {}

    def drive(number: int) -> None:
        try:
            results[number] = journey(number, ops, approver, compliance)
        except BaseException as error:
            results[number] = error

    drivers = [threading.Thread(target=drive, args=(number,)) for number in range(CLIENTS)]
    shooter.start()
    for driver in drivers:
        driver.start()
    for driver in drivers:
        driver.join()
    shooter.join(KILLS * 3)  # shots that are left hit a firm at rest
    failures = [result for result in results.values() if isinstance(result, BaseException)]
    assert not failures, (failures, shooter.fired, product.lines[-30:])
    assert sum(shooter.fired.values()) >= 20, shooter.fired
    assert min(shooter.fired[name] for name in (*VICTIMS, "broker")) >= 5, shooter.fired
    product.until(product.ready, 60)
    everybody_agrees(product, ops, list(results.values()))
    print(f"kills: {dict(shooter.fired)}; journeys: {len(results)}; lost: 0; doubled: 0")


def everybody_agrees(product: Product, ops: Api, journeys: list[dict[str, Any]]) -> None:
    """Our books, the provider, the platform and the bank tell the same story, to the cent."""
    for result in journeys:
        balances = ops.ask("GET", f"/clients/{result['client']}/balances")
        (euro,) = [row for row in balances["currencies"] if row["currency"] == "EUR"]
        reserved = Decimal(60) * result["lost"]
        assert Decimal(euro["available"]) == 400 - 60 + 20 - 30 - reserved, (balances, result)
        assert (Decimal(euro["held"]), Decimal(euro["on_its_way"])) == (0, reserved), (balances, result)
        (trading,) = balances["trading"]
        assert trading["balance"] == "40.00"
    accounts = door(product, 102, "/_sim/accounts")
    rows = accounts["accounts"] if isinstance(accounts, dict) else accounts
    ours = {result["login"] for result in journeys}
    held = {str(row["login"]): Decimal(row["balance"]) for row in rows}
    assert {login: held[login] for login in ours} == dict.fromkeys(ours, Decimal(40))
    assert sum(held.values()) == 40 * len(journeys), "no money on an account nobody knows"
    settled = door(product, 103, "/_sim/books")["payments"]
    assert [row["amount"] for row in settled] == ["30.00"] * len(journeys), "each payout was asked for once"
    verified = product.manage("verify_ledger")
    assert verified.returncode == 0, verified.stdout


def door(product: Product, offset: int, path: str) -> Any:
    with urlopen(f"http://127.0.0.1:{product.port + offset}{path}", timeout=10) as answer:
        return json.loads(answer.read())
