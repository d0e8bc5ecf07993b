"""One quote, fifty tries at the same moment: it converts once, and everybody else is told so."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone

from ledger import accounts, invariants, queries
from ledger.models import Transaction
from ledger.money import Money
from payments.models import Conversion, FxQuote
from payments.services import conversions, fx_quotes
from tests.concurrency.crowd import at_once
from tests.factories import people, rates

pytestmark = pytest.mark.django_db(transaction=True)

CROWD = 50


@pytest.fixture
def client():
    accounts.forget()
    rates.publish(at=timezone.now() - timedelta(hours=1))
    made = people.client()
    people.fund(made, "1000.00", "USD")
    return made


def quoted(client, amount: str) -> FxQuote:
    return fx_quotes.offer(
        client=client, fixed=Money.of(amount, "USD"), other_currency="EUR", actor=people.acting(client),
        now=timezone.now(),
    )  # fmt: skip


def available(client, currency: str):
    return queries.balance_of(accounts.ref(client.account_code("wallet"), currency).id).available


def test_fifty_use_one_quote_and_it_converts_once(client):
    quote, actor = quoted(client, "100.00"), people.acting(client)
    results = at_once(
        *[lambda: conversions.convert(quote_id=quote.pk, actor=actor, now=quote.created_at + timedelta(seconds=1))]
        * CROWD
    )
    assert Counter(type(result).__name__ for result in results) == {"Conversion": 1, "QuoteUsed": CROWD - 1}
    made = Conversion.objects.get()
    told = {result.data["conversion"] for result in results if not isinstance(result, Conversion)}
    assert told == {made.public_id}
    assert Transaction.objects.filter(reason_id="FX_CONVERSION").count() == 1
    assert available(client, "USD") == 900 and available(client, "EUR") == quote.buy_amount
    assert invariants.run().clean


def test_twenty_quotes_race_for_money_that_is_enough_for_ten(client):
    quotes, actor = [quoted(client, "100.00") for _ in range(20)], people.acting(client)
    works = [
        lambda quote=quote: conversions.convert(quote_id=quote.pk, actor=actor, now=quote.created_at)
        for quote in quotes
    ]
    kinds = Counter(type(result).__name__ for result in at_once(*works))
    assert kinds == {"Conversion": 10, "InsufficientAvailable": 10}
    assert available(client, "USD") == 0
    assert invariants.run().clean
