"""What a closed period gives out on its page is, byte for byte, what the API gives, to the same people."""

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse
from django.utils import timezone

from ledger import accounts, archive_checking, periods, seal_notes
from ledger.admin import period_files
from ledger.models import Account, Event, Period
from payments.roles import ROLES, permissions_of
from tests.factories import people
from tests.integration.admin import office
from tests.integration.admin.footprint import unchanged
from tests.integration.api.test_reports_as_reader import READER, watched
from tests.integration.ledger import books

pytestmark = pytest.mark.django_db
YESTERDAY = timezone.now() - timedelta(days=1)
LABEL = f"{YESTERDAY:%Y-%m-%d}"
FORMS = ("csv", "json")


def close(label: str = LABEL) -> Period:
    return periods.close(
        period_id=periods.name(label=label).pk, actor=people.staff("finance_approver"), now=timezone.now()
    )


@pytest.fixture
def closed() -> Period:
    """A day on which money came in for two clients and one of them gave some away."""
    books.receive("100", effective_at=YESTERDAY)
    books.receive("7.25", to=books.wallet(books.BEN), effective_at=YESTERDAY)
    books.send("3.50", effective_at=YESTERDAY)
    return close()


def whole(response: Any) -> bytes:
    assert response.status_code == 200, response.content.decode()[-2000:]
    assert response["Content-Disposition"].startswith("attachment;"), response.headers
    return b"".join(response)


def rest(person: Browser, path: str, **query: str) -> bytes:
    """The same person asks the API, by the browser's session."""
    answer = person.get(f"/api/v1{path}", query)
    assert answer.status_code == 200, answer.content
    return b"".join(answer)


def status(person: Browser, address: str) -> int:
    answer = person.get(address)
    b"".join(answer)  # a file that nobody reads would stay open
    return int(answer.status_code)


def trial(period: Period, form: str) -> str:
    return reverse(f"admin:ledger_period_trial_{form}", args=[period.public_id])


def statement(period: Period, account: str, form: str) -> str:
    return reverse(f"admin:ledger_period_statement_{form}", args=[period.public_id, account])


def archive(period: Period) -> str:
    return reverse("admin:ledger_period_archive", args=[period.public_id])


@pytest.mark.parametrize("form", FORMS)
def test_the_trial_balance_is_the_one_that_the_api_gives(closed: Period, form: str) -> None:
    person = office.signed_in("auditor")
    given = unchanged(lambda: person.get(trial(closed, form)))
    assert given["Content-Disposition"] == f'attachment; filename="{LABEL}-trial-balance.{form}"'
    assert whole(given) == rest(person, f"/periods/{closed.public_id}/trial-balance", format=form)
    if form == "csv":
        assert hashlib.sha256(given.content).hexdigest() == closed.trial_digest


@pytest.mark.parametrize("form", FORMS)
def test_every_accounts_statement_is_the_one_that_the_api_gives(closed: Period, form: str) -> None:
    person = office.signed_in("payments_ops")
    rows = closed.accounts.select_related("account")
    assert len(rows) == 3
    for row in rows:
        given = whole(person.get(statement(closed, row.account.public_id, form)))
        path = f"/accounts/{row.account.public_id}/statement"
        assert given == rest(person, path, period=closed.public_id, format=form)
        if form == "csv":
            assert hashlib.sha256(given).hexdigest() == row.digest


def test_an_account_that_did_not_move_has_a_statement_too(closed: Period) -> None:
    quiet = Account.objects.get(pk=accounts.ref("house/fees", "EUR").id)
    person = office.signed_in("auditor")
    for form in FORMS:
        given = whole(person.get(statement(closed, quiet.public_id, form)))
        assert given == rest(person, "/accounts/house/fees/statement", currency="EUR", period=LABEL, format=form)
    page = person.get(reverse("admin:ledger_period_accounts", args=[closed.public_id]), {"q": "house/"})
    assert "Accounts that did not move" in page.content.decode()
    assert "Accounts that moved" not in page.content.decode()
    assert statement(closed, quiet.public_id, "csv") in page.content.decode()


@pytest.mark.django_db(transaction=True)
def test_the_archive_is_the_one_that_the_api_gives_and_is_recorded_once(closed: Period, tmp_path: Any) -> None:
    user = office.staff_user("auditor")
    person = office.browser(user)
    given = person.get(archive(closed))
    assert f'filename="{LABEL}.jsonl.gz"' in given["Content-Disposition"]
    file = tmp_path / "archive.jsonl.gz"
    file.write_bytes(whole(given))
    assert file.read_bytes() == rest(person, f"/periods/{LABEL}/archive")
    words, sound = archive_checking.report(file, keys=seal_notes.public_keys())
    assert sound, words
    event = Event.objects.get(type="period.archived")
    assert event.object_ref == closed.public_id
    assert event.person == user.public_id
    assert event.data["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_the_page_names_everything_that_can_be_fetched(closed: Period) -> None:
    page = office.signed_in("auditor").get(reverse("admin:ledger_period_change", args=[closed.public_id]))
    text = page.content.decode()
    wallet = Account.objects.get(pk=books.wallet().id)
    for address in (
        *(trial(closed, form) for form in FORMS),
        *(statement(closed, wallet.public_id, form) for form in FORMS),
        archive(closed),
        reverse("admin:ledger_period_accounts", args=[closed.public_id]),
    ):
        assert f'href="{address}"' in text, address
    assert f"archive_period {LABEL}" in text


def test_the_page_says_that_its_days_are_not_those_of_the_general_ledger(closed: Period) -> None:
    person = office.signed_in("auditor")
    text = person.get(reverse("admin:ledger_period_change", args=[closed.public_id])).content.decode()
    assert f"what took effect in it, by the clock of {closed.entity.zone}" in text
    assert "what was recorded on it, by the clock of UTC" in text
    assert "by the time of recording" in person.get(reverse("admin:ledger_period_changelist")).content.decode()


def test_every_account_is_reached_by_paging_or_by_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(7):
        books.receive("1", to=books.wallet(f"cl_{number}"), effective_at=YESTERDAY)
    closed = close()
    monkeypatch.setattr(period_files, "PER_PAGE", 3)
    person = office.signed_in("compliance")
    address: str | None = reverse("admin:ledger_period_accounts", args=[closed.public_id])
    seen: list[str] = []
    while address:
        response = person.get(address)
        rows = response.context["panel"].rows
        assert 0 < len(rows) <= 3
        seen += [str(row[0]) for row in rows]
        address = response.context["next"]
    assert len(seen) == len(set(seen)) == closed.accounts.count() == 8
    wallet = Account.objects.get(code="client/cl_5/wallet")
    for asked in ("client/cl_5", wallet.public_id, "cl_5"):
        found = person.get(reverse("admin:ledger_period_accounts", args=[closed.public_id]), {"q": asked})
        assert len(found.context["panel"].rows) == 1, asked
        assert statement(closed, wallet.public_id, "csv") in found.content.decode()
    both = person.get(reverse("admin:ledger_period_accounts", args=[closed.public_id]), {"q": "client/cl_5"})
    assert "Accounts that did not move" not in both.content.decode(), "nothing to say about others"
    accounts.ref("client/cl_5/held", "EUR")
    both = person.get(reverse("admin:ledger_period_accounts", args=[closed.public_id]), {"q": "client/cl_5"})
    assert "Accounts that moved" in both.content.decode()
    assert "Accounts that did not move" in both.content.decode()
    for asked in ("nothing/like/it", "%", "acc_zzz", "x" * 500):
        nothing = person.get(reverse("admin:ledger_period_accounts", args=[closed.public_id]), {"q": asked})
        assert nothing.status_code == 200, asked
        assert "No account is called so." in nothing.content.decode()
    again = person.get(reverse("admin:ledger_period_accounts", args=[closed.public_id]), {"after": "client/x"})
    assert len(again.context["panel"].rows) == 3, "a place that is none is the start"


@pytest.mark.parametrize("role", [role for role in ROLES if role != "client"])
def test_the_permission_is_that_of_the_api(role: str, closed: Period) -> None:
    person, wallet = office.signed_in(role), Account.objects.get(pk=books.wallet().id)
    twins = {
        trial(closed, "csv"): f"/periods/{LABEL}/trial-balance?format=csv",
        trial(closed, "json"): f"/periods/{LABEL}/trial-balance",
        statement(closed, wallet.public_id, "csv"): f"/accounts/{wallet.public_id}/statement?period={LABEL}&format=csv",
        statement(closed, wallet.public_id, "json"): f"/accounts/{wallet.public_id}/statement?period={LABEL}",
        archive(closed): f"/periods/{LABEL}/archive",
    }
    may = "ledger.view_entry" in permissions_of([role])
    for address, twin in twins.items():
        assert status(person, f"/api/v1{twin}") == (200 if may else 403)
        assert status(person, address) == (200 if may else 403), address
        assert unchanged(lambda address=address: person.post(address)).status_code == 403
    page = reverse("admin:ledger_period_accounts", args=[closed.public_id])
    assert person.get(page).status_code == (200 if may else 403)


def test_what_is_not_there_is_said_on_a_page(closed: Period) -> None:
    person = office.signed_in("auditor")
    still = periods.name(label=f"{timezone.now():%Y-%m-%d}")
    wallet = Account.objects.get(pk=books.wallet().id).public_id
    for address in (trial(still, "csv"), statement(still, wallet, "json"), archive(still),
                    reverse("admin:ledger_period_accounts", args=[still.public_id])):  # fmt: skip
        refused = unchanged(lambda address=address: person.get(address))
        assert refused.status_code == 409, address
        assert "is not closed" in refused.content.decode()
        assert "Nothing was done." in refused.content.decode()
    for reference in ("per_0000000000000", "per_zz", "2031-01", "yesterday"):
        for name in ("trial_csv", "trial_json", "archive", "accounts"):
            assert person.get(reverse(f"admin:ledger_period_{name}", args=[reference])).status_code == 404
    for name in ("acc_0000000000000", "acc_zz", "house"):
        assert person.get(statement(closed, name, "csv")).status_code in (404, 422)


def test_without_a_key_there_is_no_archive_and_a_page_says_so(closed: Period, settings: Any) -> None:
    settings.SEAL = {**settings.SEAL, "key": ""}
    person = office.signed_in("auditor")
    refused = unchanged(lambda: person.get(archive(closed)))
    assert refused.status_code == 503
    assert "SEAL_KEY is none" in refused.content.decode()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_the_figures_are_read_as_the_reader(closed: Period, report_reader: None) -> None:
    person, wallet = office.signed_in("auditor"), Account.objects.get(pk=books.wallet().id)
    for address in (trial(closed, "csv"), trial(closed, "json"), statement(closed, wallet.public_id, "csv"),
                    reverse("admin:ledger_period_accounts", args=[closed.public_id])):  # fmt: skip
        with watched() as found:
            assert person.get(address).status_code == 200
        assert set(found) == {READER}, address
