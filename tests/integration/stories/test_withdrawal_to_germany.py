"""The story of EUR 12,000 to a German account: two approvers, one validated payment file, one line on the statement."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from ledger import accounts
from ledger.money import Money
from payments.models import Withdrawal
from payments.services import withdrawal_decisions, withdrawals
from reconciliation.models import ExternalRecord, Match, Statement
from tests.factories import books, people
from tests.factories.firm import Firm, control

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def firm(transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[Firm]:
    accounts.forget()
    firm = Firm(settings, tmp_path)
    yield firm
    firm.stop()


def test_twelve_thousand_euros_to_germany(firm: Firm) -> None:
    bank = firm.open_bank()
    client = people.client(name="Erika Mustermann")
    people.fund(client, "15000.00")
    now = timezone.now()

    # The client asks; the money is reserved at once and two people are needed.
    withdrawal = withdrawals.request(
        client=client,
        money=Money.of("12000.00", "EUR"),
        payment_method=people.payee(client),
        actor=people.acting(client),
        now=now,
    )
    assert (withdrawal.approvals_needed, books.held(client)) == (2, Decimal("12000"))
    for role in ("finance_approver", "compliance"):
        withdrawal = withdrawal_decisions.approve(
            withdrawal_id=withdrawal.pk, content_hash=withdrawal.content_hash, actor=people.staff(role), now=now
        )
    assert withdrawal.state == "approved"

    # One payment file goes out, and the bank settles it.
    firm.work_until(lambda: Withdrawal.objects.get(pk=withdrawal.pk).state == "paid")
    payment = paid_by(bank)
    assert (payment["units"], payment["currency"]) == (12_000 * 10**5, "EUR"), "the bank counts in hundred-thousandths"
    assert (payment["name"], payment["iban"]) == ("Erika Mustermann", people.GERMAN_IBAN)
    assert withdrawal.public_id.replace("_", "-") in payment["remittance"], "SEPA knows no underscore"

    # The statement shows the debit, and it is matched by our own reference.
    control(bank, "/_sim/close_day", {})
    firm.work_until(lambda: Withdrawal.objects.get(pk=withdrawal.pk).settled_at is not None)
    record = ExternalRecord.objects.get(amount=Decimal("-12000"))
    match = Match.objects.get(record=record)
    assert (match.target_ref, match.rule, match.tier) == (withdrawal.public_id, "our_reference", 1)
    statement = Statement.objects.get(pk=record.statement_id)
    assert statement.ties
    assert books.balance("bank/sepa/client-money") == Decimal("-12000")
    assert books.balance("psp/sepa/payout") == 0
    assert books.available(client) == Decimal("3000")
    books.assert_sound()


def paid_by(bank: Any) -> dict[str, Any]:
    """The one payment in the bank's own books, as it read it from our file."""
    with bank.simulator.db() as db:
        (row,) = db.execute("select * from payment").fetchall()
        return dict(row)
