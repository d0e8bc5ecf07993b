"""django-hordak doing the same transfers on the same server, in a program and a database of its own.

It has other models than ours, so it runs as `python -m tests.benchmarks.hordak` and answers one line of JSON per
request: `prepare` makes its tables and accounts, `run` lets clients transfer between them. What it does not do that our
posting does: idempotency, balances that are kept, overdraft limits, running figures, append-only rows.
"""

import argparse
import json
import sys
from dataclasses import asdict
from decimal import Decimal
from functools import partial
from random import Random
from typing import Any

import django
import environ
from django.conf import settings

DATABASE = "hordak"
CURRENCY = "EUR"
WAYS = ("transfer_to", "lean")


def set_up(url: str) -> None:
    """Be a Django project of hordak alone, on the database at `url`, with the connection settings that ours has."""
    database = environ.Env.db_url_config(url) | {"CONN_MAX_AGE": None}
    database.setdefault("OPTIONS", {}).update({"server_side_binding": True, "prepare_threshold": 5})
    settings.configure(
        DATABASES={"default": database},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mptt", "djmoney", "hordak"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
        CURRENCIES=(CURRENCY,),
        DEFAULT_CURRENCY=CURRENCY,
    )
    django.setup()


def prepare(accounts: int) -> dict[str, Any]:
    """Make the tables, and so many asset accounts to transfer between."""
    from django.core.management import call_command
    from hordak.models import Account, AccountType

    call_command("migrate", verbosity=0)
    tree = {"level": 0, "lft": 1, "rght": 2}  # each a root of its own: saved one by one it would take an hour
    Account.objects.bulk_create(
        (
            Account(name=f"wallet {number}", type=AccountType.asset, currencies=[CURRENCY], tree_id=number + 1, **tree)
            for number in range(accounts)
        ),
        batch_size=5000,
    )
    return {"accounts": Account.objects.count()}


def run(way: str, *, house: bool, clients: int, seconds: float, seed: int) -> dict[str, Any]:
    """Let `clients` processes transfer for `seconds`; `house` has all of them credit the same account."""
    from hordak.models import Account

    from tests.benchmarks.clients import work_for

    accounts = list(Account.objects.order_by("id"))
    return asdict(work_for(partial(_worker, way, accounts, house), clients=clients, seconds=seconds, seed=seed))


def _worker(way: str, accounts: list[Any], house: bool, seed: int) -> Any:
    from django.db import transaction
    from djmoney.money import Money
    from hordak.models import Leg, Transaction

    random = Random(seed)

    def transfer_to() -> None:
        source, target = _pair(accounts, house, random)
        with transaction.atomic():
            source.transfer_to(target, Money(Decimal(random.randint(1, 1000)).scaleb(-2), CURRENCY))

    def lean() -> None:
        """Its tables with the fewest statements: header, both legs in one INSERT."""
        source, target = _pair(accounts, house, random)
        amount = Money(Decimal(random.randint(1, 1000)).scaleb(-2), CURRENCY)
        with transaction.atomic():
            header = Transaction.objects.create()
            Leg.objects.bulk_create(
                [
                    Leg(transaction=header, account_id=source.pk, credit=amount),
                    Leg(transaction=header, account_id=target.pk, debit=amount),
                ]
            )

    return {"transfer_to": transfer_to, "lean": lean}[way]


def _pair(accounts: list[Any], house: bool, random: Random) -> tuple[Any, Any]:
    if house:
        return accounts[0], random.choice(accounts[1:])
    source, target = random.sample(accounts, 2)
    return source, target


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.hordak", description=__doc__)
    parser.add_argument("url")
    does = parser.add_subparsers(dest="does", required=True)
    does.add_parser("prepare").add_argument("accounts", type=int)
    load = does.add_parser("run")
    load.add_argument("way", choices=WAYS)
    load.add_argument("--house", action="store_true")
    load.add_argument("--clients", type=int, required=True)
    load.add_argument("--seconds", type=float, required=True)
    load.add_argument("--seed", type=int, required=True)
    chosen = vars(parser.parse_args(arguments))
    set_up(chosen.pop("url"))
    found = prepare(**chosen) if chosen.pop("does") == "prepare" else run(**chosen)
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
