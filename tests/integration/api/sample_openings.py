"""Samples of opening balances: one working request per route and method."""

import json
from itertools import count
from typing import Any

from django.utils import timezone

from payments.models import OpeningImport
from payments.services import opening_imports, opening_reports
from tests.factories import cutover
from tests.integration.api.samples import sample
from tests.integration.api.world import World

_numbers = count(1)


def opening_body(rows: Any = cutover.EVERYTHING, **more: Any) -> dict[str, Any]:
    return {
        "reference": f"cut-over-{next(_numbers)}", "balances": cutover.balances(rows).decode(),
        "control": cutover.control(rows).decode(), **more,
    }  # fmt: skip


def prepared(world: World, rows: Any = cutover.EVERYTHING, **more: Any) -> dict[str, Any]:
    return world.ops.made("/opening-imports", opening_body(rows, **more))


def row_of(made: dict[str, Any]) -> OpeningImport:
    return OpeningImport.objects.get(pk=OpeningImport.key(made["id"]))


def of_its_own() -> list[cutover.Row]:
    """Rows that no other sample has: an account has one opening balance for ever."""
    number = next(_numbers)
    client = (f"s{number}", "Sam Pel", f"s{number}@example.test", "DE")
    return [
        (*client, "wallet", "", "EUR", "12.50", cutover.DAY),
        (*client, "trading", f"mt5:{80_000 + number}", "USD", "-3.00", cutover.DAY),
    ]


def applied(world: World, rows: Any = cutover.EVERYTHING) -> OpeningImport:
    """An import that another person approved and the worker carried out."""
    made = prepared(world, rows)
    world.finance.made(f"/opening-imports/{made['id']}/approve", {"content_hash": made["content_hash"]})
    return opening_imports.apply(import_id=row_of(made).pk, now=timezone.now())


@sample("GET", "opening-imports", "auditor")
def _(world: World) -> Any:
    prepared(world, of_its_own())
    return "/opening-imports", {"state": "awaiting_second_person"}


@sample("POST", "opening-imports", "payments_ops")
def _(world: World) -> Any:
    return "/opening-imports", opening_body(of_its_own(), name="old.csv", suspense=False, dry_run=False)


@sample("GET", "opening-imports/<str:reference>", "auditor")
def _(world: World) -> Any:
    return f"/opening-imports/{prepared(world, of_its_own())['id']}", {}


@sample("POST", "opening-imports/<str:reference>/approve", "finance_approver")
def _(world: World) -> Any:
    made = prepared(world, of_its_own())
    return f"/opening-imports/{made['id']}/approve", {"content_hash": made["content_hash"], "note": "Totals agree"}


@sample("POST", "opening-imports/<str:reference>/reject", "finance_approver")
def _(world: World) -> Any:
    made = prepared(world, of_its_own())
    body = {"content_hash": made["content_hash"], "reason_code": "other", "note": "Not closed yet"}
    return f"/opening-imports/{made['id']}/reject", body


@sample("GET", "opening-imports/<str:reference>/report", "auditor")
def _(world: World) -> Any:
    return f"/opening-imports/{applied(world, of_its_own()).public_id}/report", {"format": "txt"}


@sample("POST", "opening-imports/check", "auditor")
def _(world: World) -> Any:
    return "/opening-imports/check", json.loads(opening_reports.as_json(applied(world, of_its_own())))
