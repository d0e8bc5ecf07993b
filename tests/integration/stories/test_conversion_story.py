"""A day of the dealing desk: a dollar client converts, the dollar falls, finance reads what the position is worth."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ledger import accounts, invariants
from ledger.errors import Forbidden, InvalidRequest
from ledger.money import Money
from payments.services import conversions, fx_quotes, fx_revaluation
from tests.factories import people, rates

pytestmark = pytest.mark.django_db


def test_a_dollar_client_converts_and_the_position_is_revalued():
    accounts.forget()
    now = datetime.now(UTC)
    first, second = now - timedelta(hours=20), now - timedelta(hours=10)
    rates.publish({"USD": "1.0852", "PLN": "4.3120"}, at=first - timedelta(minutes=5))
    client = people.client(name="Dora Dollar")
    people.fund(client, "1000.00", "USD")
    quote = fx_quotes.offer(
        client=client, fixed=Money.of("1000.00", "USD"), other_currency="EUR", actor=people.acting(client), now=first
    )
    conversions.convert(quote_id=quote.pk, actor=people.acting(client), now=first + timedelta(seconds=5))

    # At the rates it was made at, the position is worth nothing but the part of a cent that could not be posted.
    auditor = people.staff("auditor")
    later = datetime.now(UTC)
    report = fx_revaluation.report(at=later, rates_at=first, actor=auditor, now=later)
    usd = next(row for row in report.rows if row.currency == "USD")
    eur = next(row for row in report.rows if row.currency == "EUR")
    assert (str(usd.position), str(eur.position)) == ("1000.00 USD", "-921.48 EUR")
    assert (str(usd.value), str(report.profit)) == ("921.49 EUR", "0.01 EUR")
    # The client's euros are owed without an asset, the dollars are held and owed to nobody.
    assert (str(usd.assets), str(usd.client_liabilities), str(usd.net)) == ("1000.00 USD", "0.00 USD", "1000.00 USD")
    assert (str(eur.assets), str(eur.client_liabilities), str(eur.net)) == ("0.00 EUR", "918.26 EUR", "-918.26 EUR")

    # The dollar falls to 1.1000: a thousand dollars are 909.09 euros, twelve less than the firm gave for them.
    rates.publish({"USD": "1.1000", "PLN": "4.3000"}, at=second)
    report = fx_revaluation.report(at=later, actor=auditor, now=later)
    assert str(report.profit) == "-12.39 EUR"
    row = next(row for row in report.rows if row.currency == "USD")
    assert [(rate.source, rate.value) for rate in row.rates] == [("ecb", Decimal("1.1"))]

    # The same in zloty, across the euro: 3909.09 for the dollars, 3962.36 for the euros.
    report = fx_revaluation.report(at=later, reporting_currency="PLN", actor=auditor, now=later)
    assert str(report.profit) == "-53.27 PLN"

    # Before anything was booked there was no position.
    assert fx_revaluation.report(at=first - timedelta(days=9), actor=auditor, now=later).rows == ()
    assert invariants.run().clean


def test_a_currency_without_a_rate_is_shown_and_never_guessed():
    accounts.forget()
    people.fund(people.client(), "10.000", "KWD")
    later = datetime.now(UTC)
    report = fx_revaluation.report(at=later, actor=people.staff("finance_approver"), now=later)
    (row,) = report.rows
    assert (row.rate, row.value, row.position.amount) == (None, None, 0)
    assert report.complete and str(report.profit) == "0.00 EUR"  # nothing is open in it


def test_who_may_read_the_position_and_of_which_moment():
    later = datetime.now(UTC)
    with pytest.raises(Forbidden):
        fx_revaluation.report(at=later, actor=people.staff("support"), now=later)
    with pytest.raises(InvalidRequest):
        fx_revaluation.report(at=later + timedelta(hours=1), actor=people.staff("auditor"), now=later)
