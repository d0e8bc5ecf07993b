"""Pages of sums, monitors, the mapping and cut-overs: what people see and do there, and what is refused in words."""

import csv
import html
import io
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags

from ledger import ids
from ledger.models import BalanceMonitor, Event, GlExport, GlMapping, Transaction
from payments.models import Client, OpeningImport, Transfer
from payments.services import opening_imports, opening_reports
from tests.factories import cutover
from tests.integration.admin import office
from tests.integration.ledger import books

pytestmark = pytest.mark.django_db


def page(person, name, **query):
    response = person.get(reverse(f"admin:{name}"), query)
    assert response.status_code == 200, response.content[:500]
    return response.content.decode()


def acted(person, act, *arguments, **data):
    """Check, then confirm, as the page does."""
    address = reverse(f"admin:{act}", args=arguments)
    checked = person.post(address, data)
    assert checked.status_code == 200, checked.content.decode()[-3000:]
    return person.post(address, data | {"confirmed": "1"})


def test_the_trial_balance_says_that_it_balances_and_opens_into_accounts():
    office.client("1000.00")
    person = office.signed_in("auditor")
    text = page(person, "trial-balance", currency="EUR")
    assert "Debits equal credits." in text
    assert "Wallet" in text
    assert "?by=account" in text
    accounts = page(person, "trial-balance", currency="EUR", by="account", kind="wallet")
    assert "/wallet" in accounts
    assert "Back to the whole book" in accounts
    then = page(person, "trial-balance", currency="EUR", at="2020-01-01T00:00")
    assert "1,000.00" not in then


MARCH = datetime(2026, 3, 10, 12, tzinfo=UTC)


def backdated() -> tuple[str, str]:
    """Money of March 10th that was known at once, and more of that day that was learned later; the moment between."""
    books.receive("100.25", effective_at=MARCH)
    between = Transaction.objects.latest("recorded_at").recorded_at
    books.receive("40.50", effective_at=MARCH)
    return "2026-03-11T00:00:00", f"{timezone.localtime(between):%Y-%m-%dT%H:%M:%S.%f}"


@pytest.mark.parametrize("name", ["trial-balance", "roll-ups"])
def test_what_was_learned_later_is_in_one_clock_and_not_in_the_other(name):
    at, known = backdated()
    person = office.signed_in("auditor")
    asked = {"currency": "EUR", "by": "kind"}
    for times, sum_, heading in (
        ({}, "140.75", "EUR · now"),
        ({"at": at}, "140.75", "EUR · at 11 Mar 2026, 00:00:00, as known now"),
        ({"at": at, "recorded_at": known}, "100.25", "EUR · at 11 Mar 2026, 00:00:00, as known at "),
        ({"recorded_at": known}, "100.25", "EUR · now, as known at "),
        ({"at": "2026-03-10T00:00:00", "recorded_at": known}, "", "EUR · at 10 Mar 2026, 00:00:00, as known at "),
    ):
        text = page(person, name, **asked, **times)
        title = strip_tags(re.search(r"<h2[^>]*>(EUR.*?)</h2>", text)[1])
        assert title.startswith(heading), times
        assert {figure for figure in ("140.75", "100.25") if figure in text} == ({sum_} if sum_ else set()), times
        assert ("Without what was recorded later" in text) is ("recorded_at" in times)
        days = f"{times.get('at', str(timezone.localdate()))[:10]}"
        days += f"-as-known-{known[:10]}" if "recorded_at" in times else ""
        file = person.get(reverse(f"admin:{name}"), {**asked, **times, "format": "csv"})
        assert file["Content-Disposition"] == f'attachment; filename="{name}-EUR-{days}.csv"'
        assert {figure for figure in ("140.75", "100.25") if figure in file.content.decode()} == {sum_} - {""}, times


def test_both_times_stay_on_the_way_through_the_page():
    """In every tab, in each group that opens, in the file, on the way back and in the fields themselves."""
    at, known = backdated()
    person = office.signed_in("auditor")
    books.receive("5", to=books.wallet(currency="USD"))
    times = {"at": at, "recorded_at": known}
    for name, options in (("trial-balance", {"by": "kind"}), ("roll-ups", {"by": "prefix", "prefix": "client"})):
        text = page(person, name, currency="EUR", **options, **times)
        links = [html.unescape(link) for link in re.findall(r'href="(\?[^"]+)"', text)]
        assert len(links) > 3
        for link in links:
            found = parse_qs(link[1:])
            assert {word: found.get(word) for word in times} == {word: [time] for word, time in times.items()}, link
        for word, time in {"at": at, "recorded_at": known[:23]}.items():  # a browser's field holds no microseconds
            assert re.search(f'name="{word}"[^>]* value="{time}"', text), word
            assert len(re.findall(f'name="{word}"', text)) == 1, "one field, not a hidden one beside it"


def test_a_time_of_another_zone_is_said_in_the_readers_and_stays_in_its_field():
    office.client("1000.00")
    text = page(office.signed_in("auditor"), "trial-balance", currency="EUR", recorded_at="2026-03-11T01:30:00+02:00")
    assert "as known at 10 Mar 2026, 23:30:00</h2>" in re.sub("</?time[^>]*>", "", text)
    assert re.search('name="recorded_at"[^>]* value="2026-03-10T23:30:00"', text)


def test_a_second_clock_costs_no_more_questions():
    at, known = backdated()
    person = office.signed_in("auditor")
    counts = []
    for times in ({}, {"at": at}, {"at": at, "recorded_at": known}):
        with CaptureQueriesContext(connection) as questions:
            page(person, "trial-balance", currency="EUR", **times)
        counts.append(len(questions))
    assert len(set(counts)) == 1, counts


@pytest.mark.parametrize("typed", ["soon", "2026-13-01T00:00", "9999-12-31T23:59-12:00", "0001-01-01T00:00+12:00"])
@pytest.mark.parametrize(
    ("field", "words"),
    [("at", "what you see is now."), ("recorded_at", "what you see is as known now.")],
)
def test_a_moment_that_is_none_is_told_at_its_field_and_now_is_shown(field, words, typed):
    office.client("1000.00")
    person = office.signed_in("auditor")
    for more in ({}, {"format": "csv"}):
        response = person.get(reverse("admin:trial-balance"), {field: typed, "currency": "EUR", **more})
        assert response.status_code == 422
        text = response.content.decode()
        assert f'id="{field}-wrong">This is not a date and time; {words}</p>' in text
        assert re.search(f'id="{field}"[^>]* aria-invalid="true" aria-describedby="{field}-wrong"', text)
        assert text.count("aria-invalid") == 1
        assert "EUR · now</h2>" in text


def test_the_csv_of_the_page_is_what_the_page_shows():
    office.client("1000.00")
    person = office.signed_in("auditor")
    response = person.get(reverse("admin:roll-ups"), {"currency": "EUR", "by": "kind", "format": "csv"})
    lines = list(csv.DictReader(io.StringIO(response.content.decode(), newline="")))
    assert {line["name"] for line in lines if line["record"] == "line"} >= {"wallet", "psp_clearing"}


def test_a_group_opens_into_its_branches():
    client = office.client("1000.00")
    text = page(office.signed_in("auditor"), "roll-ups", currency="EUR", by="prefix", prefix="client")
    assert client.owner in text


def test_a_day_is_exported_from_the_page_and_remembered():
    person = office.signed_in("finance_approver")
    day = str((timezone.now() - timedelta(days=2)).date())
    response = person.get(reverse("admin:gl-day"), {"day": day, "form": "summary"})
    assert response["Content-Type"].startswith("text/csv")
    assert GlExport.objects.get().made_by
    refused = person.get(reverse("admin:gl-day"), {"day": "yesterday"})
    assert refused.status_code == 422
    assert office.signed_in("support").get(reverse("admin:gl-day"), {"day": day}).status_code == 403


def test_a_line_of_the_mapping_is_added_with_a_reason():
    person = office.signed_in("finance_approver")
    data = {
        "pattern": "wallet", "currency": "USD", "gl_code": "2105", "gl_name": "Dollar wallets",
        "valid_from": str(timezone.now().date()), "reason": "Auditor asked",
    }  # fmt: skip
    assert acted(person, "ledger_glmapping_add-line", **data).status_code == 302
    line = GlMapping.objects.get(gl_code="2105")
    assert Event.objects.filter(type="gl_mapping.added", object_ref=line.public_id).exists()
    refused = person.post(reverse("admin:ledger_glmapping_add-line"), data | {"confirmed": "1", "pattern": "purse"})
    assert refused.status_code == 422
    assert "A pattern is" in refused.content.decode()


def test_a_monitor_is_set_up_changed_and_retired():
    client = office.client("1000.00")
    person = office.signed_in("finance_approver")
    data = {
        "name": "Ada's wallet", "account": client.account_code("wallet"), "currency": "EUR", "measure": "posted",
        "way": "below", "threshold": "2,000.00", "clear_at": "",
    }  # fmt: skip
    assert acted(person, "ledger_balancemonitor_set-up", **data).status_code == 302
    monitor = BalanceMonitor.objects.get()
    assert monitor.state == "triggered"
    shown = person.get(reverse("admin:ledger_balancemonitor_change", args=[monitor.public_id])).content.decode()
    assert "Crossings" in shown
    assert "triggered" in shown
    changed = acted(
        person, "ledger_balancemonitor_set-level", monitor.public_id, threshold="-500", clear_at="-400", version=1
    )
    assert changed.status_code == 302
    monitor.refresh_from_db()
    assert monitor.state == "calm"
    assert acted(person, "ledger_balancemonitor_retire", monitor.public_id, version=2).status_code == 302
    monitor.refresh_from_db()
    assert monitor.state == "retired"


def upload(person, content, control, **data):
    files = {
        "balances": SimpleUploadedFile("old.csv", content),
        "control": SimpleUploadedFile("control.csv", control),
    }
    address = reverse("admin:payments_openingimport_upload")
    return person.post(address, {"reference": "cut-over", **files, **data})


def test_a_cut_over_from_upload_to_the_signed_report():
    clerk, approver = office.signed_in("payments_ops"), office.signed_in("finance_approver")
    made = upload(clerk, cutover.balances(), cutover.control())
    assert made.status_code == 302, made.content.decode()[-3000:]
    opening = OpeningImport.objects.get()
    address = reverse("admin:payments_openingimport_change", args=[opening.public_id])
    dry = clerk.get(address).content.decode()
    assert "Dry run: what will be posted" in dry
    assert "1,170.50" in dry
    approve = "payments_openingimport_approve"
    assert clerk.get(reverse(f"admin:{approve}", args=[opening.public_id])).status_code == 403
    done = acted(approver, approve, opening.public_id, content_hash=opening.content_hash, note="")
    assert done.status_code == 302
    assert "being posted in the background" in approver.get(address).content.decode()
    opening_imports.apply(import_id=opening.pk, now=timezone.now())
    assert "Signed report" in approver.get(address).content.decode()
    report = approver.get(reverse("admin:payments_openingimport_report", args=[opening.public_id, "json"]))
    assert opening_reports.is_genuine(report.content.decode())
    words = approver.get(reverse("admin:payments_openingimport_report", args=[opening.public_id, "txt"]))
    assert "Cut-over report" in words.content.decode()
    assert office.signed_in("support").get(words.wsgi_request.path).status_code == 403


def test_a_file_with_errors_is_refused_with_each_of_them():
    clerk = office.signed_in("payments_ops")
    rows = [(*cutover.EVERYTHING[0][:7], "a lot", cutover.DAY), ("", *cutover.EVERYTHING[1][1:])]
    refused = upload(clerk, cutover.balances(rows), cutover.control([]))
    assert refused.status_code == 422
    text = refused.content.decode()
    assert "line 2, amount" in text
    assert "line 3, client_external_id" in text
    assert not OpeningImport.objects.exists()
    assert not Client.objects.filter(external_id="c1").exists()


def test_staff_move_a_clients_money_into_a_pocket_once():
    client = office.client("1000.00")
    person = office.signed_in("payments_ops")
    form = {"source": "", "target": "savings", "amount": "250", "currency": "EUR", "once": str(ids.new_id())}
    for _ in range(2):
        assert acted(person, "payments_client_pocket", client.public_id, **form).status_code == 302
    assert Transfer.objects.filter(client=client, direction="within").count() == 1
    shown = person.get(reverse("admin:payments_transfer_change", args=[Transfer.objects.get().public_id]))
    assert "Pocket savings" in shown.content.decode()
    page_ = person.get(reverse("admin:payments_client_change", args=[client.public_id])).content.decode()
    assert "In pockets" in page_
