"""Periods, statements, backdating and landing over REST."""

import base64
import hashlib
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from ledger.api import batches, by_hand
from ledger.errors import Forbidden
from ledger.models import Transaction
from payments.actors import Actor
from tests.integration.api import making
from tests.integration.api.world import World, problem

YESTERDAY = timezone.now() - timedelta(days=1)
LABEL = f"{YESTERDAY:%Y-%m-%d}"


def close(world: World) -> dict:
    made = world.finance.made("/periods", {"label": LABEL})
    return world.finance.made(f"/periods/{made['id']}/close")


@pytest.mark.django_db
def test_a_day_is_named_closed_and_read(world: World) -> None:
    making.posted(world, effective_at=YESTERDAY.isoformat())
    world.finance.made("/periods", {"label": LABEL})
    sums = [{"currency": "EUR", "entries": 2, "moved": "10.00", "difference": "0.00"}]
    assert world.finance.read(f"/periods/{LABEL}/outlook") == {"period": LABEL, "sums": sums}
    closed = close(world)
    assert (closed["state"], closed["label"], closed["entries"]) == ("closed", LABEL, 2)
    assert closed["closed_by"]
    assert world.auditor.read("/periods", state="closed")["data"] == [closed]
    assert world.auditor.read(f"/periods/{LABEL}") == {**closed, "corrections": []}
    problem(world.finance.post(f"/periods/{closed['id']}/close"), 409, "invalid_transition")
    problem(world.ops.post(f"/periods/{closed['id']}/close"), 403, "insufficient_scope")
    problem(world.auditor.get("/periods/per_0000000000000"), 404, "not_found")


@pytest.mark.django_db
def test_a_statement_is_the_text_that_its_digest_is_of(world: World) -> None:
    making.posted(world, effective_at=YESTERDAY.isoformat())
    close(world)
    path = f"/accounts/{world.wallet()}/statement"
    shown = world.auditor.read(path, currency="EUR", period=LABEL)
    text = world.auditor.get(path, currency="EUR", period=LABEL, format="csv")
    digest = hashlib.sha256(text.content)
    assert shown["digest"] == digest.hexdigest()
    assert text["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest.digest()).decode()}:"
    assert text["Content-Type"].startswith("text/csv")
    assert [row["row"] for row in shown["rows"]] == ["opening", "entry", "closing"]
    trial = world.auditor.get(f"/periods/{LABEL}/trial-balance", format="csv")
    assert hashlib.sha256(trial.content).hexdigest() == world.auditor.read(f"/periods/{LABEL}")["trial_digest"]
    problem(world.auditor.get(path, currency="EUR"), 400, "invalid_request", "period")
    problem(world.auditor.get(path, currency="EUR", period="2031-01"), 404, "not_found")
    problem(world.auditor.get(path, currency="EUR", period=LABEL, format="pdf"), 400, "invalid_request", "format")
    world.finance.made("/periods", {"label": "2031-01"})
    problem(world.auditor.get(path, currency="EUR", period="2031-01"), 409, "invalid_transition")


@pytest.mark.django_db
def test_a_closed_day_refuses_and_on_request_lands_in_the_next(world: World) -> None:
    making.posted(world, effective_at=YESTERDAY.isoformat())
    close(world)
    before = Transaction.objects.count()
    body = world.transfer_between("3.00", effective_at=YESTERDAY.isoformat())
    problem(world.ops.post("/transactions", body), 422, "period_closed", "effective_at")
    problem(world.ops.post("/transactions/batch", {"transactions": [body]}), 422, "period_closed")
    assert Transaction.objects.count() == before
    landed = world.ops.made("/transactions", {**body, "land": "next_open"})
    assert landed["metadata"]["corrects"]["period"] == LABEL
    assert landed["effective_at"] == f"{timezone.now():%Y-%m-%d}T00:00:00Z"
    assert world.auditor.read(f"/periods/{LABEL}")["corrections"] == [landed["id"]]
    for wrong in ({"metadata": {"corrects": {}}}, {"metadata": {"land": "next_open"}}):
        problem(world.ops.post("/transactions", {**body, **wrong}), 400, "invalid_request", "metadata")
    del body["effective_at"]
    problem(world.ops.post("/transactions", {**body, "land": "next_open"}), 400, "invalid_request", "land")


@pytest.mark.django_db
def test_what_was_posted_before_the_closing_is_still_answered_by_its_source(world: World) -> None:
    source = {"system": "crm", "kind": "gift", "id": "17"}
    body = world.transfer_between("3.00", effective_at=YESTERDAY.isoformat(), source=source)
    made = world.ops.made("/transactions", body)
    close(world)
    assert world.ops.made("/transactions", body)["id"] == made["id"]
    problem(world.ops.post("/transactions", {**body, "description": "x"}), 422, "duplicate_reference")


@pytest.mark.django_db
def test_backdating_needs_a_permission_of_its_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Poster(Actor):
        """Somebody who may post, and not backdate."""

        def may(self, permission: str) -> bool:
            return permission in {"payments.request_transfer", "ledger.post_transaction"} or (
                permission != by_hand.BACKDATE and super().may(permission)
            )

    poster = Poster(id="key_1", person="usr_1", roles=frozenset({"payments_ops"}))
    now = timezone.now()
    given = {**world.transfer_between("3.00"), "effective_at": now - timedelta(minutes=6)}
    with pytest.raises(Forbidden) as refusal:
        by_hand.post(given=given, actor=poster, now=now)
    assert refusal.value.data["permission"] == by_hand.BACKDATE
    with pytest.raises(Forbidden), transaction.atomic():
        batches.post(given=[given], partial=False, actor=poster, now=now)
    assert not Transaction.objects.filter(reason_id="CLIENT_INTERNAL_TRANSFER").exists()
    given["effective_at"] = now - timedelta(minutes=4)  # clocks differ; that is no backdating
    by_hand.post(given=given, actor=poster, now=now)


@pytest.mark.django_db
def test_the_trial_balance_balances_by_either_clock(world: World) -> None:
    made = making.posted(world, effective_at=YESTERDAY.isoformat())
    posted = Transaction.objects.get(pk=Transaction.objects.order_by("-recorded_at").first().pk)
    assert made == posted.public_id
    for asked in ({}, {"at": YESTERDAY.isoformat()}, {"recorded_at": posted.recorded_at.isoformat()}):
        (total,) = world.auditor.read("/reports/trial-balance", currency="EUR", **asked)["totals"]
        assert Decimal(total["debit"]) == Decimal(total["credit"]) > 0
