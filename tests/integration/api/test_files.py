"""Files over REST: the same bytes as the commands write, checked by the programs that are to read them."""

import hashlib
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.utils import timezone

from ledger import archive_checking, seal_checkpoints, seal_notes
from ledger.models import Event, Transaction
from tests.integration.api import making
from tests.integration.api.world import World, counts, problem
from tests.integration.ledger import sealed_books

YESTERDAY = timezone.now() - timedelta(days=1)
LABEL = f"{YESTERDAY:%Y-%m-%d}"


def content(response: Any) -> bytes:
    assert response.status_code == 200, response
    assert response["Content-Disposition"].startswith("attachment;")
    return b"".join(response.streaming_content)


def written(command: str, *options: str) -> str:
    out = io.StringIO()
    call_command(command, *options, stdout=out)
    return out.getvalue()


def test_the_journal_is_the_one_that_the_command_writes(world: World) -> None:
    making.posted(world, effective_at=YESTERDAY.isoformat())
    for form in ("hledger", "beancount"):
        whole = content(world.auditor.get("/reports/journal", format=form)).decode()
        assert whole == written("export_journal", "--format", form)
        assert "client" in whole.lower()
        day = {"from": LABEL, "to": LABEL}
        one = content(world.auditor.get("/reports/journal", format=form, **day)).decode()
        assert one == written("export_journal", "--format", form, "--from", LABEL, "--to", LABEL)
        assert one != whole
        told = [event.data for event in Event.objects.filter(type="book.exported", data__format=form).order_by("id")]
        facts_of_whole = {"format": form, "sha256": hashlib.sha256(whole.encode()).hexdigest()}
        facts_of_one = {"format": form, "sha256": hashlib.sha256(one.encode()).hexdigest(), **day}
        assert told == [facts_of_whole, facts_of_whole, facts_of_one, facts_of_one], "by REST, then by the command"
    before = counts()
    refused = world.auditor.get("/reports/journal", format="hledger", **{"from": "2026-02-01", "to": "2026-01-01"})
    problem(refused, 400, "invalid_request", "from")
    problem(world.auditor.get("/reports/journal"), 400, "invalid_request", "format")
    last = world.auditor.get("/reports/journal", format="hledger", to="9999-12-31")
    problem(last, 400, "invalid_request", "to")
    problem(world.ops.get("/reports/journal", format="hledger"), 403, "insufficient_scope")
    assert counts() == before


def test_a_closed_period_is_archived_and_checked_without_us(committed_world: World, tmp_path: Path) -> None:
    world = committed_world
    making.posted(world, effective_at=YESTERDAY.isoformat())
    made = world.finance.made("/periods", {"label": LABEL})
    problem(world.auditor.get(f"/periods/{made['id']}/archive"), 409, "invalid_transition")
    closed = world.finance.made(f"/periods/{made['id']}/close")
    archive = tmp_path / "archive.jsonl.gz"
    archive.write_bytes(content(world.auditor.get(f"/periods/{LABEL}/archive")))
    words, sound = archive_checking.report(archive, keys=seal_notes.public_keys())
    assert sound, words
    assert closed["digest"] in words
    assert archive.read_bytes() == content(world.auditor.get(f"/periods/{made['id']}/archive"))
    event = Event.objects.get(type="period.archived", object_ref=made["id"])
    assert event.data == {"sha256": hashlib.sha256(archive.read_bytes()).hexdigest(), "digest": closed["digest"]}


def test_the_sealed_history_is_checked_by_the_verifier_alone(committed_world: World, tmp_path: Path) -> None:
    sealed_books.seal_all()
    assert seal_checkpoints.sign_head(now=datetime.now(UTC)) is not None
    export = tmp_path / "seal.jsonl.gz"
    export.write_bytes(content(committed_world.auditor.get("/reports/sealed-history")))
    command = tmp_path / "command.jsonl.gz"
    call_command("export_seal", "--to", str(command), stderr=io.StringIO())
    assert export.read_bytes() == command.read_bytes()
    digest = hashlib.sha256(export.read_bytes()).hexdigest()
    fetched, ran = Event.objects.filter(type="seal.exported").order_by("id")
    assert fetched.data == ran.data == {"sha256": digest}
    assert fetched.actor != ran.actor == "system:export_seal"
    problem(committed_world.ops.get("/reports/sealed-history"), 403, "insufficient_scope")


def test_without_a_key_there_is_no_sealed_history(world: World, settings: Any) -> None:
    settings.SEAL = {**settings.SEAL, "key": ""}
    problem(world.auditor.get("/reports/sealed-history"), 503, "unavailable")


def test_the_legal_entity_says_how_far_its_books_are_closed(world: World) -> None:
    making.posted(world, effective_at=YESTERDAY.isoformat())
    found = world.auditor.read("/legal-entity")
    assert (found["zone"], found["closed_before"], found["next_day"]) == ("UTC", None, LABEL)
    assert found["name"]
    named = world.finance.made("/periods", {"label": LABEL})
    world.finance.made(f"/periods/{named['id']}/close")
    found = world.auditor.read("/legal-entity")
    assert (found["closed_before"], found["next_day"]) == (f"{timezone.now():%Y-%m-%d}T00:00:00Z", None)
    assert Transaction.objects.exists()
