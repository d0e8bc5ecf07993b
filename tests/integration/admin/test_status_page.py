"""The status page and `/status` say how the books stand, at a fixed price, to those who may know."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from ledger import accounts, posting, seal_checkpoints, verifying
from ledger.models import Verification
from ledger.money import Money
from ledger.posting import credit, debit
from payments.roles import ROLES
from portal.queries import status
from tests.integration.admin import office
from tests.integration.ledger import books, sealed_books

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

MAY = {"payments_ops", "finance_approver", "compliance", "auditor"}


def test_an_empty_firm_has_nothing_to_say_but_that_nobody_looked() -> None:
    found = status.read(now=datetime.now(UTC))
    assert (found.clean, found.stale, found.checked_at, found.chain.sealed) == (False, True, None, 0)
    page = office.signed_in("auditor").get(reverse("admin:status")).content.decode()
    assert "never checked" in page
    assert "No check has run yet." in page


def test_it_shows_the_chain_the_checks_and_what_waits(tmp_path: Any, settings: Any) -> None:
    sealed_books.folder_of(settings, tmp_path)
    now = datetime.now(UTC)
    books.full_book()
    number = sealed_books.seal_all()
    sealed_books.checkpoint(now)
    assert verifying.verify(now=datetime.now(UTC), incremental=False)
    found = status.read(now=datetime.now(UTC))
    assert (found.clean, found.stale, found.drift) == (True, False, 0)
    assert (found.chain.sealed, found.chain.verified, found.chain.signed_to) == (number, number, number)
    assert [(copy.place, copy.serial) for copy in found.chain.copies] == [(f"folder {tmp_path}", 1)]
    page = office.signed_in("auditor").get(reverse("admin:status")).content.decode()
    assert f"#{number}" in page
    assert "psp/stripe" in page


def test_money_in_transit_is_aged_first_in_first_out() -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    for day, amount in ((0, "100"), (1, "50"), (2, "30")):
        books.send_to_clearing(amount, at=start + timedelta(days=day))
    books.settle_clearing("120", at=start + timedelta(days=3))
    (row,) = status.read(now=start + timedelta(days=5)).transit
    assert (row.account, row.balance) == ("psp/stripe/clearing", Money.of("60", "EUR"))
    assert (row.since, row.beyond, row.old) == (start + timedelta(days=1), False, True)
    books.settle_clearing("60", at=start + timedelta(days=4))
    assert status.read(now=start + timedelta(days=5)).transit == ()


def test_more_accounts_than_are_listed_are_counted_all(monkeypatch: pytest.MonkeyPatch) -> None:
    start = datetime(2026, 11, 1, tzinfo=UTC)
    books.send_to_clearing("100", at=start)
    with transaction.atomic():
        posting.post(
            reason="BANK_RECEIPT_UNMATCHED",
            legs=[debit(books.bank(), Decimal(7)), credit(accounts.ref("house/suspense", "EUR"), Decimal(7))],
            effective_at=start + timedelta(days=1),
        )
    monkeypatch.setattr(status, "TRANSIT_MOST", 1)
    found = status.read(now=start + timedelta(days=5))
    assert ([row.account for row in found.transit], found.transit_accounts) == (["psp/stripe/clearing"], 2)
    page = office.signed_in("auditor").get(reverse("admin:status")).content.decode()
    assert "2 accounts are not empty" in page
    assert "These are the 1 oldest of 2." in page


@pytest.mark.parametrize("wrong", [1, verifying.KEPT, verifying.KEPT + 1])
def test_drift_that_was_cut_is_told_as_the_least(wrong: int, superuser_connection: Any) -> None:
    for number in range(verifying.KEPT + 1):
        books.receive("10", to=books.wallet(f"cl_{number}"))
    assert verifying.verify(now=datetime.now(UTC), incremental=False)
    superuser_connection.execute(
        "UPDATE ledger_balance SET balance = balance + 1 WHERE account_id IN (SELECT id FROM ledger_account"
        " WHERE kind = 'wallet' ORDER BY id LIMIT %s)",
        [wrong],
    )
    now = datetime.now(UTC)
    assert not verifying.verify(now=now, incremental=False)
    found = status.read(now=now)
    findings = {line.name: len(line.findings) for line in found.checks if line.findings}
    assert findings["balances"] == min(wrong, verifying.KEPT)
    assert found.drift_more is (wrong >= verifying.KEPT)
    page = office.signed_in("auditor").get(reverse("admin:status")).content.decode()
    assert (f"at least {found.drift}" in page) is found.drift_more
    assert verifying.verify(now=now + timedelta(seconds=1)) is False
    assert status.read(now=now).drift_more, "a look at what is new has not counted what is old"


def test_what_is_broken_stands_first_with_its_row(superuser_connection: Any) -> None:
    books.receive("10")
    superuser_connection.execute("UPDATE ledger_balance SET balance = balance + 1")
    assert not verifying.verify(now=datetime.now(UTC), incremental=False)
    found = status.read(now=datetime.now(UTC))
    assert not found.clean
    assert found.drift > 0
    page = office.signed_in("compliance").get(reverse("admin:status")).content.decode()
    assert "What is not true" in page
    assert Verification.objects.get(check_name="balances").findings[0]["reference"] in page


def test_a_row_that_waits_too_long_for_its_link_is_late() -> None:
    books.receive("10")
    soon, late = (status.read(now=datetime.now(UTC) + timedelta(minutes=m)).chain for m in (0, 30))
    assert (soon.waiting, soon.late) == (1, False)
    assert (late.waiting, late.late) == (1, True)
    assert late.lag >= 29 * 60


def test_the_price_does_not_grow_with_the_books() -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            status.read(now=datetime.now(UTC))
        return len(asked)

    before = queries()
    books.full_book()
    for day in range(1, 4):
        books.send_to_clearing("5", at=datetime(2026, 11, day, tzinfo=UTC))
    sealed_books.seal_all()
    seal_checkpoints.sign_head(now=datetime.now(UTC))
    verifying.verify(now=datetime.now(UTC), incremental=False)
    assert queries() <= before + 1 <= 12


@pytest.mark.parametrize("role", [role for role in ROLES if role != "client"])
def test_only_those_who_may_know_see_it(role: str) -> None:
    answer = office.signed_in(role).get(reverse("admin:status"))
    assert answer.status_code == (200 if role in MAY else 403)
    assert office.signed_in(role).post(reverse("admin:status")).status_code == 403
    assert settings.SEAL["key"] not in answer.content.decode()
