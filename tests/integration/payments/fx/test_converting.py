"""From a quote to money in another currency: what is posted, what is refused, and that a refusal moves nothing."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import transaction

from ledger import accounts, invariants, queries
from ledger.errors import (
    AccountFrozen,
    Forbidden,
    InsufficientAvailable,
    InvalidAmount,
    NotFound,
)
from ledger.models import Entry, Event, Transaction
from ledger.money import Money
from payments.actors import Actor
from payments.fx.refusals import QuoteExpired, QuoteUsed, RateStale, SameCurrency, UnsupportedPair
from payments.models import Client, Conversion, FxQuote
from payments.services import conversions, fx_quotes
from tests.factories import people, rates

pytestmark = pytest.mark.django_db

FRIDAY = datetime(2026, 11, 20, 17, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
def client() -> Client:
    accounts.forget()
    rates.publish(at=rates.last_publication(FRIDAY))
    made = people.client()
    people.fund(made, "1000.00", "USD")
    return made


def offer(
    client: Client, amount: str = "1000.00 USD", other: str = "EUR", *, side: str = "sell", now=FRIDAY, actor=None
):
    number, code = amount.split()
    return fx_quotes.offer(
        client=client, fixed=Money.of(number, code), side=side, other_currency=other,
        actor=actor or people.acting(client), now=now,
    )  # fmt: skip


def convert(quote: FxQuote, *, now=FRIDAY + SECOND, actor=None) -> Conversion:
    return conversions.convert(quote_id=quote.pk, actor=actor or people.acting(quote.client), now=now)


def balance(code: str, currency: str) -> str:
    account = accounts.ref(code, currency)
    return Money.of(queries.balance_of(account.id).balance, currency).text


def moved() -> int:
    return Transaction.objects.filter(reason_id="FX_CONVERSION").count()


def test_a_thousand_dollars_become_euros(client):
    quote = offer(client)
    assert (str(quote.sold), str(quote.bought), quote.rate) == ("1000.00 USD", "918.26 EUR", Decimal("0.91826391"))
    assert quote.expires_at == FRIDAY + timedelta(seconds=30)
    assert balance(client.account_code("wallet"), "USD") == "1000.00"  # a quote moves nothing

    conversion = convert(quote)
    assert balance(client.account_code("wallet"), "USD") == "0.00"
    assert balance(client.account_code("wallet"), "EUR") == "918.26"
    assert balance("house/fx", "USD") == "1000.00"
    assert balance("house/fx", "EUR") == "-921.48"
    assert balance("house/fx-spread", "EUR") == "3.22"
    posted = conversion.transaction
    assert (posted.reason_id, posted.source_id) == ("FX_CONVERSION", conversion.public_id)
    assert posted.metadata["quote"] == quote.public_id
    assert posted.metadata["rates"] == [step.rate.public_id for step in quote.steps.select_related("rate")]
    assert posted.metadata["spread_bps"] == "35"
    event = Event.objects.get(type="conversion.made")
    assert (event.object_ref, event.client_ref) == (conversion.public_id, client.public_id)
    assert invariants.run().clean


def test_exactly_five_hundred_zloty_are_bought_across_the_euro(client):
    quote = offer(client, "500.00 PLN", "USD", side="buy")
    assert (quote.path, str(quote.bought)) == ("USD/EUR/PLN", "500.00 PLN")
    assert [step.rate.pair for step in quote.steps.select_related("rate")] == ["EUR/USD", "EUR/PLN"]
    assert [step.inverted for step in quote.steps.all()] == [True, False]
    convert(quote)
    assert balance(client.account_code("wallet"), "PLN") == "500.00"
    assert balance("house/rounding", "USD") == "0.01"
    assert Decimal(balance(client.account_code("wallet"), "USD")) == Decimal("1000.00") - quote.sell_amount
    assert invariants.run().clean


def test_what_rounding_leaves_goes_to_its_own_account(client):
    people.fund(client, "100.00", "EUR")
    quote = next(q for cents in range(1, 60) if (q := offer(client, f"10.{cents:02} EUR", "GBP")).residue_buy)
    convert(quote)
    assert balance("house/rounding", "GBP") == "0.01"


def test_yen_have_no_decimals(client):
    quote = offer(client, "10.00 USD", "JPY")
    assert str(quote.bought) == "1498 JPY"
    convert(quote)
    assert balance(client.account_code("wallet"), "JPY") == "1498"


def test_currencies_of_three_eight_and_eighteen_decimals_convert_too(client):
    rates.publish({"KWD": "0.33332", "BTC": "0.000011363", "ETH": "0.00034482758"}, at=FRIDAY - 2 * SECOND)
    for code, amount in (("KWD", "30.561"), ("BTC", "0.00104185"), ("ETH", "0.0316166")):
        quote = offer(client, "100.00 USD", code)
        assert quote.bought.text.startswith(amount)
        convert(quote)
    exact = offer(client, "0.005000000000000001 ETH", "USD", side="buy")
    assert exact.bought.text == "0.005000000000000001" and exact.sell_amount > 0
    convert(exact)
    back = offer(client, "0.010000000000000001 ETH", "USD")
    convert(back)
    assert invariants.run().clean


def test_a_quote_converts_once(client):
    quote = offer(client, "400.00 USD")
    first = convert(quote)
    with pytest.raises(QuoteUsed) as refused:
        convert(quote)
    assert refused.value.data["conversion"] == first.public_id
    assert moved() == 1


def test_an_expired_quote_converts_nothing(client):
    quote = offer(client)
    with pytest.raises(QuoteExpired):
        convert(quote, now=quote.expires_at)
    assert moved() == 0 and Conversion.objects.count() == 0
    convert(quote, now=quote.expires_at - SECOND)
    assert moved() == 1


def test_without_enough_money_the_quote_stays_usable(client):
    quote = offer(client, "1200.00 USD")
    with pytest.raises(InsufficientAvailable), transaction.atomic():
        convert(quote)
    assert moved() == 0
    people.fund(client, "200.00", "USD")
    convert(quote, now=FRIDAY + 2 * SECOND)
    assert moved() == 1


def test_what_cannot_be_quoted_is_refused_by_its_own_code(client):
    for amount, other, refusal in (
        ("10.00 USD", "USD", SameCurrency),
        ("10.00 USD", "KWD", UnsupportedPair),
        ("10.00 USD", "XXX", UnsupportedPair),
        ("0.01 JPY", "USD", InvalidAmount),
    ):
        with pytest.raises(refusal):
            offer(client, amount, other)
    assert FxQuote.objects.count() == 0


def test_a_stale_rate_prices_nothing(client):
    monday = datetime(2026, 11, 23, 17, 59, tzinfo=UTC)
    assert offer(client, now=monday).expires_at == monday + timedelta(seconds=30)
    with pytest.raises(RateStale) as refused:
        offer(client, now=monday + timedelta(minutes=1))
    assert refused.value.code == "rate_stale" and "2026-11-20" in refused.value.detail


def test_a_quote_never_outlives_its_rates(client):
    late = datetime(2026, 11, 23, 17, 59, 50, tzinfo=UTC)
    assert offer(client, now=late).expires_at == late + timedelta(seconds=10)


def test_another_clients_quote_does_not_exist(client):
    stranger = people.client()
    quote = offer(client)
    with pytest.raises(NotFound):
        offer(client, actor=people.acting(stranger))
    with pytest.raises(NotFound):
        convert(quote, actor=people.acting(stranger))
    assert moved() == 0


def test_who_may_not_convert(client):
    for role in ("support", "auditor", "compliance", "finance_approver", "administrator"):
        with pytest.raises(Forbidden):
            offer(client, actor=people.staff(role))
    assert offer(client, actor=people.staff("payments_ops")).maker


def test_a_frozen_client_neither_asks_nor_converts(client):
    quote = offer(client)
    Client.objects.filter(pk=client.pk).update(state="frozen")
    client.refresh_from_db()
    with pytest.raises(AccountFrozen):
        offer(client)
    with pytest.raises(AccountFrozen):
        convert(quote)
    assert moved() == 0


def test_a_professional_pays_less_spread(client):
    retail = offer(client)
    Client.objects.filter(pk=client.pk).update(client_class="professional")
    client.refresh_from_db()
    professional = offer(client)
    assert (retail.spread_bps, professional.spread_bps) == (35, 15)
    assert professional.bought > retail.bought


def test_there_and_back_costs_the_spread_and_never_makes_money(client):
    convert(offer(client, "1000.00 USD"))
    euros = balance(client.account_code("wallet"), "EUR")
    convert(offer(client, f"{euros} EUR", "USD"))
    assert Decimal("992.0") < Decimal(balance(client.account_code("wallet"), "USD")) < Decimal("1000.00")
    assert invariants.run().clean
    sums = Entry.objects.values_list("currency", "amount")
    for currency in ("USD", "EUR"):
        assert sum(amount for code, amount in sums if code == currency) == 0


def test_the_system_may_convert_for_a_client(client):
    quote = offer(client, actor=Actor.system("test"))
    assert convert(quote, actor=Actor.system("test")).maker == ""
