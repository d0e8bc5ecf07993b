"""Statements through the API: uploaded as a form or as a raw body, imported once, and never twice."""

from decimal import Decimal
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from payments import dispatch
from reconciliation.models import ExternalRecord, SourceFile, Statement
from tests.factories import books
from tests.integration.api import making
from tests.integration.api.world import World, counts, problem

ACCOUNT = "bank/sepa/client-money"


def form(content: bytes, **more: Any) -> dict[str, Any]:
    return {"account": ACCOUNT, "file": SimpleUploadedFile("day.sta", content), **more}


def test_a_file_is_imported_and_its_lines_counted(committed_world: World) -> None:
    response = committed_world.ops.upload("/statements", form(making.mt940()), key="s-1")
    assert response.status_code == 201, response.content
    made = response.json()
    assert (made["file"], made["new"], made["known"], made["dry_run"]) == ("day.sta", 1, 0, False)
    found = committed_world.auditor.read(f"/statements/{made['statements'][0]}")
    assert (found["account"], found["opening"], found["closing"], found["ties"]) == (
        ACCOUNT,
        "1000.00",
        "1250.00",
        True,
    )
    assert found["file"] == "day.sta"
    assert [s["id"] for s in committed_world.auditor.read("/statements", account=ACCOUNT)["data"]] == [found["id"]]
    again = committed_world.ops.upload("/statements", form(making.mt940()), key="s-1")
    assert (again.content, again.headers["Idempotent-Replayed"]) == (response.content, "true")
    other = committed_world.ops.upload("/statements", form(making.mt940(number=2)), key="s-1")
    problem(other, 422, "idempotency_key_reused")
    books.assert_sound()


def test_the_same_file_under_another_key_counts_nothing_twice(committed_world: World) -> None:
    committed_world.ops.upload("/statements", form(making.mt940()))
    before = counts()
    again = committed_world.ops.upload("/statements", form(making.mt940())).json()
    assert (again["new"], again["known"]) == (0, 1)
    assert counts() == before
    assert ExternalRecord.objects.count() == 1


def test_the_body_itself_may_be_the_file(committed_world: World) -> None:
    api = committed_world.ops
    headers = api.headers | {"Idempotency-Key": "s-1"}
    for address, kind, status in (
        (f"/api/v1/statements?account={ACCOUNT}&name=day.sta&dry_run=true", "text/plain", 200),
        (f"/api/v1/statements?account={ACCOUNT}&name=day.sta", "application/octet-stream", 201),
    ):
        headers["Idempotency-Key"] = kind
        response = api.http.generic("POST", address, making.mt940(), content_type=kind, headers=headers)
        assert response.status_code == status, response.content
    assert Statement.objects.count() == SourceFile.objects.count() == 1


def test_a_rehearsal_keeps_nothing(committed_world: World) -> None:
    before = counts()
    response = committed_world.ops.upload("/statements", form(making.mt940(), dry_run="true"))
    assert response.status_code == 200
    assert (response.json()["new"], response.json()["dry_run"]) == (1, True)
    assert counts() == before


def test_an_unknown_receipt_waits_in_suspense_with_a_case(committed_world: World) -> None:
    committed_world.ops.upload("/statements", form(making.mt940()))
    dispatch.drain(topics=("exception.raise",), limit=20)
    assert books.balance("house/suspense") == Decimal(250)
    cases = committed_world.auditor.read("/exceptions", category="unmatched_receipt")["data"]
    assert [(case["amount"], case["state"], case["team"]) for case in cases] == [("250.00", "new", "payments_ops")]
    assert cases[0]["next_step"]
    assert "assigned" in {outcome["code"] for outcome in cases[0]["outcomes"]}


def test_somebody_elses_account_is_refused(committed_world: World) -> None:
    before = counts()
    foreign = making.mt940().replace(b":25:", b":25:DE89370400440532013000/")
    response = committed_world.ops.upload("/statements", form(foreign))
    assert 400 <= response.status_code < 500
    assert counts() == before
