"""Lists: cut by key, in both directions, at a bounded cost, and nothing missed or doubled while rows arrive."""

import threading
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ledger.models import Transaction
from payments.models import Client, Rate
from tests.factories import people, rates
from tests.integration.api import making, sample_files, sample_fx, sample_ledger, sample_openings
from tests.integration.api.samples import SAMPLES
from tests.integration.api.test_roles import VIEWS
from tests.integration.api.world import Api, World, problem


def clients(count: int) -> list[str]:
    rows = [
        Client(name=f"Client {n}", email=f"c{n}@example.test", country="DE", external_id=f"old-{n}")
        for n in range(count)
    ]
    Client.objects.bulk_create(rows)
    return [row.public_id for row in rows]


def walk(api: Api, path: str, way: str, cursor: str | None = None, **query: Any) -> list[dict[str, Any]]:
    """Every row from a cursor on, following `next` or `previous`."""
    found: list[dict[str, Any]] = []
    while True:
        page = api.read(path, **query, **({"cursor": cursor} if cursor else {}))
        found = found + page["data"] if way == "next" else page["data"] + found
        cursor = page[way]
        if cursor is None:
            return found


def test_a_list_is_walked_forwards_and_back(world: World) -> None:
    made = clients(23)
    forwards = walk(world.auditor, "/clients", "next", limit=5)
    ids = [row["id"] for row in forwards]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == len(ids) == 25
    assert set(made) <= set(ids)
    pages = [world.auditor.read("/clients", limit=5)]
    while pages[-1]["next"]:
        pages.append(world.auditor.read("/clients", limit=5, cursor=pages[-1]["next"]))
    assert pages[0]["previous"] is None
    back = walk(world.auditor, "/clients", "previous", pages[-1]["previous"], limit=5)
    assert [row["id"] for row in back] == ids[:20]
    assert back[-5:] == pages[3]["data"]


def test_paging_during_a_thousand_inserts_misses_and_doubles_nothing(committed_world: World) -> None:
    existing = set(clients(300)) | {committed_world.client.public_id, committed_world.other.public_id}
    stop = threading.Event()
    inserted = []

    def insert() -> None:
        for number in range(100):
            rows = [Client(name="New", email=f"new{number}-{n}@example.test", country="DE") for n in range(10)]
            Client.objects.bulk_create(rows)
            inserted.extend(row.public_id for row in rows)
        stop.set()
        connection.close()

    thread = threading.Thread(target=insert)
    thread.start()
    walks = 0
    while not stop.is_set() or not walks:
        seen = [row["id"] for row in walk(committed_world.auditor, "/clients", "next", limit=37)]
        assert len(set(seen)) == len(seen)
        assert existing <= set(seen)
        walks += 1
    thread.join()
    assert len(inserted) == 1000
    assert set(inserted) <= {row["id"] for row in walk(committed_world.auditor, "/clients", "next", limit=200)}


def test_a_cursor_belongs_to_its_list_and_cannot_be_made_up(world: World) -> None:
    clients(3)
    cursor = world.auditor.read("/clients", limit=1)["next"]
    problem(world.auditor.get("/withdrawals", cursor=cursor), 400, "invalid_request", "cursor")
    problem(world.auditor.get("/clients", cursor=cursor[:-1]), 400, "invalid_request", "cursor")
    problem(world.auditor.get("/clients", cursor="WzEsIDJd:abc"), 400, "invalid_request", "cursor")


def test_filters_hold_on_every_page(world: World) -> None:
    clients(6)
    Client.objects.filter(external_id__in=["old-1", "old-3", "old-5"]).update(kyc_level="pending")
    rows = walk(world.auditor, "/clients", "next", limit=2, kyc_level="pending")
    assert {row["external_id"] for row in rows} == {"old-1", "old-3", "old-5"}
    newest = max(row["created_at"] for row in rows)
    assert world.auditor.read("/clients", **{"created[gt]": newest, "kyc_level": "pending"})["data"] == []
    assert len(world.auditor.read("/clients", **{"created[lte]": newest, "kyc_level": "pending"})["data"]) == 3


LISTS = [s for s in SAMPLES if s.method == "GET" and VIEWS[s.route].paged]


@pytest.mark.parametrize("sample", LISTS, ids=str)
def test_a_list_costs_the_same_number_of_queries_however_long(firm: World, sample: Any) -> None:
    path, query = sample.prepare(firm)
    api = firm.apis[sample.role]
    query = {name: value for name, value in query.items() if name == "currency" and path.startswith("/accounts/")}
    api.read(path, **query)
    with CaptureQueriesContext(connection) as short:
        few = len(api.read(path, **query)["data"])
    more_of_everything(firm)
    with CaptureQueriesContext(connection) as long:
        many = len(api.read(path, **query)["data"])
    assert len(long) == len(short) <= 12
    assert many > few or sample.route in {
        "statements",
        "clients/<str:reference>/trading-accounts",
        "events",
        "accounts",
        "rates",
        "seal-checkpoints",
    }
    for statement in (query["sql"].upper() for query in long.captured_queries):
        assert not statement.startswith("SELECT COUNT(")
        assert " OFFSET " not in statement


def more_of_everything(world: World) -> None:
    if not Rate.objects.exists():
        rates.publish()
    clients(3)
    people.payee(world.client, iban="FR1420041010050500013M02606")
    for number in range(3):
        world.withdrawal("10.00")
        making.posted(world, amount="1.00")
        making.hold(world)
        making.case(world)
        making.adjustment(world)
        making.deposit(world)
        making.trading_account(world)
        world.ops.made("/transfers", making.transfer_body(world) | {"amount": f"{number + 1}.00"})
        quoted = world.ops.made("/fx-quotes", sample_fx.quote_body(world))
        world.ops.made("/conversions", {"quote": quoted["id"]})
        sample_openings.prepared(world, sample_openings.of_its_own())
        world.auditor.read("/reports/gl", date=f"2020-02-0{number + 1}")
        world.finance.made("/gl-mappings", sample_files.mapping_body())
        world.finance.made("/periods", {"label": f"2020-02-0{number + 1}"})
        world.finance.made("/balance-monitors", sample_ledger.monitor_body() | {"name": f"Bank {number}"})
    assert Transaction.objects.count() > 6
