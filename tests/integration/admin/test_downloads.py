"""The book, the sealed history, its checkpoints and its verifier, fetched by a person: the same bytes as by REST."""

import hashlib
import html
import io
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from ledger import periods, seal_checkpoints, seal_notes
from ledger.exports import files
from ledger.models import Event, GlExport, SignedCheckpoint
from payments.roles import ROLES, permissions_of
from portal.staff import checkpoints
from tests.integration.admin import footprint, office
from tests.integration.admin.footprint import unchanged
from tests.integration.api.test_reports_as_reader import READER, watched
from tests.integration.ledger import books, sealed_books

pytestmark = pytest.mark.django_db
DAY = datetime(2026, 10, 5, 12, tzinfo=UTC)
STAFF = [role for role in ROLES if role != "client"]


def whole(response: Any) -> bytes:
    body = b"".join(response)
    assert response.status_code == 200, body[-2000:]
    assert response["Content-Disposition"].startswith("attachment;"), response.headers
    return body


def rest(person: Browser, path: str, **query: str) -> bytes:
    answer = person.get(f"/api/v1{path}", query)
    assert answer.status_code == 200, answer.content
    return b"".join(answer)


@pytest.mark.parametrize("program", sorted(files.JOURNALS))
@pytest.mark.parametrize("days", [{}, {"first": "2026-10-06"}, {"first": "2026-10-05", "last": "2026-10-05"}])
def test_the_journal_is_the_one_that_the_api_gives(program: str, days: dict[str, str]) -> None:
    for number in range(3):
        books.receive("10", effective_at=DAY + timedelta(days=number))
    person = office.signed_in("finance_approver")
    before = footprint.of()
    given = person.get(reverse("admin:download-journal"), {"program": program, **days})
    text = whole(given)
    event = Event.objects.get(type="book.exported")
    assert event.data["sha256"] == hashlib.sha256(text).hexdigest()
    after = footprint.of()
    assert [name for name in after if after[name] != before[name]] == ["ledger.Event"], "nothing but who took it away"
    query = {"format": program, **{{"first": "from", "last": "to"}[name]: day for name, day in days.items()}}
    assert text == rest(person, "/reports/journal", **query)
    assert given["Content-Disposition"] == f'attachment; filename="{files.JOURNALS[program][0]}"'
    out = io.StringIO()
    options = [f"--{name}={day}" for name, day in query.items()]
    call_command("export_journal", *options, stdout=out)
    assert text.decode() == out.getvalue()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"program": "hledger", "first": "2026-11-02", "last": "2026-11-01"}, "The first day is after the last one."),
        ({"program": "hledger", "last": "9999-12-31"}, "The last day is too far away."),
        ({"program": "hledger", "first": "2026-02-30"}, "Enter a valid date."),
        ({"program": "hledger", "first": "'; DROP TABLE"}, "Enter a valid date."),
        ({"program": "ledger-cli"}, "Select a valid choice."),
        ({}, "This field is required."),
    ],
)
def test_days_that_are_none_are_said_at_the_form(asked: dict[str, str], words: str) -> None:
    person = office.signed_in("auditor")
    refused = unchanged(lambda: person.get(reverse("admin:download-journal"), asked))
    page = refused.content.decode()
    assert refused.status_code == 422
    assert words in page
    assert "Download journal" in page
    for value in asked.values():
        assert value.replace("'", "&#x27;") in page or value == "ledger-cli", "what was typed is kept"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_an_auditor_fetches_three_files_and_checks_them_with_the_command_of_the_page(
    tmp_path: Path, settings: Any
) -> None:
    """From the page alone: history, checkpoint, verifier and command; then one byte is changed."""
    sealed_books.folder_of(settings, tmp_path / "copies")
    sealed_books.sealed_book()
    person = office.signed_in("auditor")
    page = person.get(reverse("admin:downloads"))
    shown = next(panel.text for panel in page.context["panels"] if panel.kind == "text")
    assert shown in page.content.decode()
    command = strip_tags(shown)
    sealed_books.seal_all()
    history = whole(person.get(reverse("admin:download-seal")))
    assert history == rest(person, "/reports/sealed-history")
    call_command("export_seal", "--to", str(tmp_path / "command.jsonl.gz"), stderr=io.StringIO())
    assert history == (tmp_path / "command.jsonl.gz").read_bytes()
    last = SignedCheckpoint.objects.order_by("-serial").first()
    assert last is not None
    note = whole(person.get(reverse("admin:checkpoint", args=[last.serial])))
    listed = person.get("/api/v1/seal-checkpoints").json()["data"][0]
    name = f"checkpoint-{last.serial:012d}.txt"
    assert note.decode() == listed["note"] == (tmp_path / "copies" / name).read_text()
    program = whole(person.get(reverse("admin:download-verifier")))
    assert program == files.VERIFIER.read_bytes()
    for file, content in (("seal.jsonl.gz", history), (name, note), ("verify_seal.py", program)):
        (tmp_path / file).write_bytes(content)
    words = command.split()
    assert words[0] == "python3"
    run = [sys.executable, *words[1:]]
    sound = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert sound.returncode == 0, sound.stdout + sound.stderr
    assert "All as it was sealed" in sound.stdout
    assert "Note:" not in sound.stdout, "the key and the checkpoint of the command were used"
    (tmp_path / name).write_text(note.decode().replace("sealed: ", "sealed: 1"))
    forged = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert forged.returncode == 1
    assert "BROKEN" in forged.stdout


@pytest.mark.django_db(transaction=True)
def test_every_checkpoint_is_reached_by_paging(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        books.receive("1")
        sealed_books.seal_all()
        assert seal_checkpoints.sign_head(now=timezone.now()) is not None, number
    monkeypatch.setattr(checkpoints, "PER_PAGE", 2)
    person = office.signed_in("payments_ops")
    address, seen = reverse("admin:checkpoints"), 0
    while address:
        page = person.get(address)
        seen += len(page.context["panels"][0].rows)
        address = page.context["next"]
    assert seen == SignedCheckpoint.objects.count() == 5
    for before in ("0", "-1", "x", "9" * 40, "٣"):
        assert person.get(reverse("admin:checkpoints"), {"before": before}).status_code == 200
    for serial in ("0", "99", "9" * 40):
        assert person.get(f"/admin/checkpoints/{serial}").status_code == 404


@pytest.mark.parametrize("role", STAFF)
def test_the_permission_is_that_of_the_api(role: str) -> None:
    person, may = office.signed_in(role), permissions_of([role])
    twins = {
        "download-journal": ("/reports/journal", "ledger.view_book"),
        "download-seal": ("/reports/sealed-history", "ledger.view_book"),
        "checkpoints": ("/seal-checkpoints", "ledger.view_status"),
        "download-verifier": ("/seal-checkpoints", "ledger.view_status"),
        "downloads": ("/reports/sealed-history", "ledger.view_book"),
    }
    for name, (path, permission) in twins.items():
        expected = 200 if permission in may else 403
        for address in (reverse(f"admin:{name}"), f"/api/v1{path}"):
            answer = person.get(address, {"program": "hledger"} if "/admin/" in address else {"format": "hledger"} if
                                "journal" in address else {})  # fmt: skip
            b"".join(answer)
            assert answer.status_code == expected, (role, address)
        assert unchanged(lambda name=name: person.post(reverse(f"admin:{name}"))).status_code == 403
    shown = f'href="{reverse("admin:downloads")}"' in person.get(reverse("admin:index")).content.decode()
    assert shown is ("ledger.view_book" in may)


def test_the_page_names_the_key_the_commands_and_the_archives() -> None:
    closed = office.closed_day(timezone.now())
    page = office.signed_in("auditor").get(reverse("admin:downloads")).content.decode()
    (name, raw), *_ = seal_notes.public_keys().items()
    assert name in page
    assert raw.hex() in page
    for words in ("export_journal --format", "export_seal --to", "archive_period", "Days are UTC days"):
        assert words in strip_tags(page), words
    assert reverse("admin:ledger_period_archive", args=[closed.public_id]) in page
    still = periods.name(label="2020-01-02")
    listed = (
        office.signed_in("auditor").get(f"{reverse('admin:ledger_period_changelist')}?state=closed").content.decode()
    )
    assert closed.public_id in listed
    assert still.public_id not in listed


def test_a_day_of_the_general_ledger_is_fetched_again_from_its_own_page() -> None:
    person = office.signed_in("finance_approver")
    day = f"{timezone.now() - timedelta(days=2):%Y-%m-%d}"
    first = whole(person.get(reverse("admin:gl-day"), {"day": day, "form": "summary"}))
    handed_over = GlExport.objects.get()
    address = reverse("admin:ledger_glexport_change", args=[handed_over.public_id])
    page = person.get(address).content.decode()
    assert "by the time at which the ledger recorded things" in page
    (link,) = re.findall(r'href="([^"]+)">Download CSV', page)
    assert whole(person.get(html.unescape(link))) == first
    assert first == rest(person, "/reports/gl", date=day, form="summary", format="csv")
    assert "Download CSV" not in office.signed_in("compliance").get(address).content.decode()


def test_without_a_key_the_pages_open_and_the_history_is_refused_in_words(settings: Any) -> None:
    settings.SEAL = {**settings.SEAL, "key": ""}
    person = office.signed_in("auditor")
    for name in ("downloads", "checkpoints"):
        page = person.get(reverse(f"admin:{name}"))
        assert page.status_code == 200
        assert "nothing is signed" in page.content.decode()
    refused = person.get(reverse("admin:download-seal"))
    assert refused.status_code == 503
    assert "SEAL_KEY is none" in refused.content.decode()
    assert person.get("/api/v1/reports/sealed-history").json()["code"] == "unavailable"


@pytest.mark.parametrize("name", ["download-journal", "download-seal"])
def test_without_room_for_the_file_nothing_of_it_is_given(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    person = office.signed_in("auditor")
    refused = unchanged(lambda: person.get(reverse(f"admin:{name}"), {"program": "hledger"}))
    assert refused.status_code == 503
    assert "could not be written here" in refused.content.decode()
    path = {"download-journal": "journal", "download-seal": "sealed-history"}[name]
    query = {"format": "hledger"} if path == "journal" else {}
    assert person.get(f"/api/v1/reports/{path}", query).json()["code"] == "unavailable"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_book_and_the_history_are_read_as_the_reader(report_reader: None) -> None:
    books.receive("10", effective_at=DAY)
    sealed_books.seal_all()
    person = office.signed_in("auditor")
    for name in ("download-journal", "download-seal"):
        with watched() as found:
            whole(person.get(reverse(f"admin:{name}"), {"program": "hledger"}))
        assert set(found) == {READER}, name
