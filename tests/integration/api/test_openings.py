"""A cut-over as a program sees it: sent by one, decided by another, carried out whole, and proved by its report."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from ledger import invariants, periods
from ledger.models import Account, Transaction
from payments import dispatch
from payments.models import Client, OpeningImport
from payments.services import opening_imports
from tests.factories import books, cutover, people, refusals
from tests.integration.api import making
from tests.integration.api.at_once import at_once
from tests.integration.api.sample_openings import applied, opening_body, prepared, row_of
from tests.integration.api.world import Api, World, key, problem

MISFITS = [
    *cutover.EVERYTHING,
    ("nobody", "", "", "", "wallet", "", "EUR", "5.00", cutover.DAY),
    ("nobody", "", "", "", "debt", "", "EUR", "2.00", cutover.DAY),
]


def footprint() -> dict[str, str]:
    """Every table, but for the note on each key when it was used last."""
    return {table: found for table, found in refusals.footprint().items() if table != "payments_apikey"}


def approve(world: World, made: dict[str, Any], **more: Any) -> dict[str, Any]:
    return world.finance.made(f"/opening-imports/{made['id']}/approve", {"content_hash": made["content_hash"], **more})


def drained() -> None:
    dispatch.drain(topics=(opening_imports.TOPIC,), limit=5)


def test_a_cut_over_from_the_dry_run_to_the_signed_report(committed_world: World) -> None:
    world = committed_world
    body = opening_body(reference="cut-over", name="old.csv")
    before = footprint()
    dry = world.ops.post("/opening-imports", body | {"dry_run": True})
    assert dry.status_code == 200
    shown = dry.json()
    assert (shown["id"], shown["content_hash"], shown["dry_run"]) == (None, None, True)
    assert (shown["rows"], shown["transactions"], shown["clients_new"], shown["trading_accounts_new"]) == (10, 9, 2, 1)
    assert shown["control_totals"] == shown["file_totals"]
    assert {"kind": "wallet", "currency": "JPY", "rows": 1, "amount": "70000"} in shown["file_totals"]
    assert footprint() == before

    made = world.ops.made("/opening-imports", body)
    kept = ("rows", "transactions", "file_totals", "control_totals", "sha256", "control_sha256", "unplaced", "file")
    assert {name: made[name] for name in kept} == {name: shown[name] for name in kept}
    assert (made["state"], made["made_by"][:4], made["file"]) == ("awaiting_second_person", "key_", "old.csv")
    assert not Transaction.objects.filter(reason="OPENING_BALANCE").exists()

    agreed = approve(world, made, note="Totals agree")
    assert agreed["state"] == "approved"
    drained()
    found = world.auditor.read(f"/opening-imports/{made['id']}")
    assert (found["state"], found["error"]) == ("applied", "")
    assert found["decided_by"] != found["made_by"]
    assert books.balance(Client.objects.get(external_id="c1").account_code("wallet")) == Decimal("1000.50")

    report = world.auditor.get(f"/opening-imports/{made['id']}/report")
    assert report["Content-Disposition"] == f'attachment; filename="cut-over-{made["id"]}.json"'
    document = report.json()
    assert document["report"]["file"]["sha256"] == made["sha256"]
    assert document["report"]["transactions"] == 9
    assert world.auditor.made("/opening-imports/check", document) == {"genuine": True}
    document["report"]["lines"][0][3] = "1000.51"
    assert world.auditor.made("/opening-imports/check", document) == {"genuine": False}
    words = world.auditor.get(f"/opening-imports/{made['id']}/report", format="txt")
    assert words["Content-Type"].startswith("text/plain")
    assert "Cut-over report cut-over" in words.content.decode()
    assert invariants.run().clean


def test_every_error_of_both_files_comes_at_once_and_nothing_moves(world: World) -> None:
    rows = [
        (*cutover.EVERYTHING[0][:7], "a lot", cutover.DAY),
        ("nobody", "", "", "", "wallet", "", "EUR", "5.00", cutover.DAY),
    ]
    body = opening_body() | {
        "balances": cutover.balances(rows).decode(),
        "control": "kind,currency,rows,amount\nwallet,EUR,one,5.00\npurse,EUR,1,5.00\n",
    }
    before = footprint()
    for dry_run in (False, True):
        refused = problem(
            world.ops.post("/opening-imports", body | {"dry_run": dry_run}), 400, "invalid_request", "balances"
        )
        assert [(e["param"], e["line"], e["column"]) for e in refused["errors"]] == [
            ("balances", 2, "amount"), ("balances", 3, "client_external_id"), ("control", 2, "rows"),
            ("control", 3, "kind"),
        ]  # fmt: skip
        assert refused["errors"][1]["detail"].startswith("unknown client")
        assert "control: line 2, rows" in refused["detail"]
    assert footprint() == before


def test_totals_that_do_not_agree_blame_the_control(world: World) -> None:
    body = opening_body() | {"control": cutover.control(cutover.EVERYTHING[1:-1]).decode()}
    before = footprint()
    refused = problem(world.ops.post("/opening-imports", body), 400, "invalid_request", "control")
    assert [error["param"] for error in refused["errors"]] == ["control", "control"]
    assert "the file has 2 rows and 1000.50, the control 1 and 0" in refused["detail"]
    assert footprint() == before


def test_what_fits_no_client_is_listed_before_anybody_decides(committed_world: World) -> None:
    world = committed_world
    before = footprint()
    refused = problem(world.ops.post("/opening-imports", opening_body(MISFITS)), 400, "invalid_request", "balances")
    assert [error["line"] for error in refused["errors"]] == [12, 13]
    assert footprint() == before
    made = prepared(world, MISFITS, suspense=True)
    assert made["unplaced_rows"] == 2
    found = world.auditor.read(f"/opening-imports/{made['id']}")
    assert found["unplaced"] == made["unplaced"]
    assert found["unplaced"][0] == {
        "line": 12, "client_external_id": "nobody", "kind": "wallet", "account": "wallet", "currency": "EUR",
        "amount": "5.00", "why": "unknown client, and the file does not say who it is",
    }  # fmt: skip
    (listed,) = world.auditor.read("/opening-imports")["data"]
    assert listed["unplaced_rows"] == 2
    assert "unplaced" not in listed
    approve(world, made)
    drained()
    assert books.balance("house/suspense") == Decimal(3), "5 owed to somebody, 2 owed by somebody"
    dispatch.drain(topics=("exception.raise",), limit=20)
    cases = world.auditor.read("/exceptions", category="opening_unplaced")["data"]
    assert {case["amount"] for case in cases} == {"5.00", "2.00"}


def test_nobody_decides_what_he_sent_and_only_what_he_saw(world: World) -> None:
    """F16: one person with two keys stays one person."""
    both = people.user("payments_ops")
    maker = Api(key("payments_ops", owner=both))
    made = maker.made("/opening-imports", opening_body())
    path, body = f"/opening-imports/{made['id']}", {"content_hash": made["content_hash"]}
    checker = Api(key("finance_approver", owner=both))
    before = footprint()
    problem(checker.post(f"{path}/approve", body), 403, "self_approval")
    problem(checker.post(f"{path}/reject", body | {"reason_code": "other", "note": "No"}), 403, "self_approval")
    problem(maker.post(f"{path}/approve", body), 403, "insufficient_scope")
    problem(world.finance.post(f"{path}/approve", {"content_hash": "0" * 32}), 409, "version_conflict", "content_hash")
    problem(world.finance.post(f"{path}/reject", body | {"reason_code": "magic", "note": "No"}), 400, "invalid_request")
    problem(world.auditor.get(f"{path}/report"), 409, "invalid_transition")
    assert footprint() == before
    assert row_of(made).state == "awaiting_second_person"


def test_a_rejected_import_frees_its_reference_and_is_decided_once(world: World) -> None:
    made = prepared(world, reference="cut-over")
    path = f"/opening-imports/{made['id']}"
    body = {"content_hash": made["content_hash"], "reason_code": "other", "note": "Not closed yet"}
    rejected = world.finance.made(f"{path}/reject", body)
    assert rejected["state"] == "rejected"
    before = footprint()
    problem(
        world.finance.post(f"{path}/approve", {"content_hash": rejected["content_hash"]}), 409, "invalid_transition"
    )
    assert footprint() == before
    again = prepared(world, reference="cut-over")
    assert again["id"] != made["id"]
    states = world.auditor.read("/opening-imports", reference="cut-over")["data"]
    assert [row["state"] for row in states] == ["awaiting_second_person", "rejected"]
    assert not Transaction.objects.filter(reason="OPENING_BALANCE").exists()


def test_the_same_request_is_answered_again_and_the_same_files_are_the_same_import(world: World) -> None:
    body = opening_body()
    first = world.ops.post("/opening-imports", body, key="o-1")
    again = world.ops.post("/opening-imports", body, key="o-1")
    assert (again.content, again.headers["Idempotent-Replayed"]) == (first.content, "true")
    other_key = world.ops.post("/opening-imports", body, key="o-2")
    assert (first.status_code, other_key.status_code) == (201, 200)
    assert other_key.json()["id"] == first.json()["id"]
    known = world.ops.post("/opening-imports", body | {"dry_run": True})
    assert (known.json()["id"], known.json()["dry_run"]) == (first.json()["id"], False)
    before = footprint()
    other = opening_body(cutover.EVERYTHING[:-1]) | {"reference": body["reference"]}
    problem(world.ops.post("/opening-imports", other, key="o-1"), 422, "idempotency_key_reused")
    for dry_run in (False, True):
        problem(
            world.ops.post("/opening-imports", other | {"dry_run": dry_run}), 422, "duplicate_reference", "reference"
        )
    assert footprint() == before
    assert OpeningImport.objects.count() == 1


def test_a_name_with_lines_of_its_own_never_reaches_the_report(world: World) -> None:
    before = footprint()
    forged = opening_body(name="old.csv\nApproved by     usr_chief at 2026-11-20")
    problem(world.ops.post("/opening-imports", forged), 400, "invalid_request", "name")
    assert footprint() == before


def test_a_day_that_is_closed_is_refused_before_a_second_person_is_asked(world: World) -> None:
    periods.close(period_id=periods.name(label=cutover.DAY).pk, actor=making.SYSTEM, now=timezone.now())
    before = footprint()
    refused = problem(world.ops.post("/opening-imports", opening_body()), 400, "invalid_request", "balances")
    assert {(error["column"], error["detail"][:18]) for error in refused["errors"]} == {("as_of", "this day is closed")}
    assert [error["line"] for error in refused["errors"]] == [2, 3, 4, 5, 6, 7, 9, 10, 11], (
        "empty accounts post nothing"
    )
    assert footprint() == before
    later = (date.fromisoformat(cutover.DAY) + timedelta(days=1)).isoformat()
    assert prepared(world, [(*row[:8], later) for row in cutover.EVERYTHING])["transactions"] == 9


def test_a_day_closed_after_the_approval_leaves_nothing_behind(committed_world: World) -> None:
    world = committed_world
    made = prepared(world)
    approve(world, made)
    periods.close(period_id=periods.name(label=cutover.DAY).pk, actor=making.SYSTEM, now=timezone.now())
    accounts, clients = Account.objects.count(), Client.objects.count()
    drained()
    found = world.auditor.read(f"/opening-imports/{made['id']}")
    assert found["state"] == "failed"
    assert "line 2, as_of: this day is closed" in found["error"]
    assert (Account.objects.count(), Client.objects.count()) == (accounts, clients)
    assert not Transaction.objects.filter(reason="OPENING_BALANCE").exists()
    problem(world.auditor.get(f"/opening-imports/{made['id']}/report"), 409, "invalid_transition")


def test_a_document_that_is_no_report_is_not_judged(world: World) -> None:
    document = json.loads(world.auditor.get(f"/opening-imports/{applied(world).public_id}/report").content)
    problem(
        world.auditor.post("/opening-imports/check", {**document, "report": {"a": 1}}), 400, "invalid_request", "report"
    )
    problem(world.auditor.post("/opening-imports/check", {"report": document["report"]}), 400, "invalid_request")
    other = {**document, "signature": {**document["signature"], "algorithm": "none"}}
    assert world.auditor.made("/opening-imports/check", other) == {"genuine": False}
    for report, signature in (
        ({**document["report"], "rate": 1.5}, document["signature"]),
        (document["report"], {**document["signature"], "algorithm": "HMAC-SHA256", "value": "ü"}),
        (document["report"], {**document["signature"], "by": "somebody"}),
    ):
        judged = {"report": report, "signature": signature}
        assert world.auditor.made("/opening-imports/check", judged) == {"genuine": False}


def test_the_list_is_filtered_by_when_it_was_prepared(world: World) -> None:
    prepared(world)
    soon = (datetime.now(tz=UTC) + timedelta(hours=1)).isoformat()
    assert world.auditor.read("/opening-imports", **{"created[gte]": soon})["data"] == []
    assert len(world.auditor.read("/opening-imports", **{"created[lt]": soon})["data"]) == 1


def test_many_who_send_and_many_who_decide_at_once_make_one_import_and_one_decision(committed_world: World) -> None:
    world = committed_world
    body = opening_body()
    senders = [Api(key("payments_ops")) for _ in range(4)]
    sent = at_once(4, lambda n: senders[n].post("/opening-imports", body))
    assert {answer.status_code for answer in sent} == {200, 201}
    assert [answer.status_code for answer in sent].count(201) == 1
    (made,) = {answer.json()["id"] for answer in sent}
    seen = world.auditor.read(f"/opening-imports/{made}")["content_hash"]
    deciders = [Api(key("finance_approver")) for _ in range(6)]
    verbs: list[tuple[str, dict[str, str]]] = [
        ("approve", {"content_hash": seen}),
        ("reject", {"content_hash": seen, "reason_code": "other", "note": "No"}),
    ]
    answers = at_once(6, lambda n: deciders[n].post(f"/opening-imports/{made}/{verbs[n % 2][0]}", verbs[n % 2][1]))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409, 409]
    drained()
    found = world.auditor.read(f"/opening-imports/{made}")
    posted = Transaction.objects.filter(reason="OPENING_BALANCE").count()
    assert (found["state"], posted) in {("applied", 9), ("rejected", 0)}
    assert invariants.run().clean
