"""What a stolen app password could do to conversions, and what `verify_ledger` finds of what an owner has done."""

from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest
from django.db import DatabaseError
from django.utils import timezone

from ledger import accounts, ids, invariants, posting
from ledger.database import unit_of_work
from ledger.models import Transaction
from ledger.money import Money
from ledger.posting import Posted
from payments.models import Conversion, FxQuote, FxQuoteRate, Rate
from payments.services import conversions, fx_quotes
from tests.factories import people, rates

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client():
    accounts.forget()
    rates.publish(at=timezone.now() - timedelta(hours=1))
    made = people.client()
    people.fund(made, "1000.00", "USD")
    return made


def quoted(client, amount: str = "100.00") -> FxQuote:
    return fx_quotes.offer(
        client=client, fixed=Money.of(amount, "USD"), other_currency="EUR", actor=people.acting(client),
        now=timezone.now(),
    )  # fmt: skip


def converted(client, amount: str = "100.00") -> Conversion:
    quote = quoted(client, amount)
    return conversions.convert(quote_id=quote.pk, actor=people.acting(client), now=quote.created_at)


def by_hand() -> Posted:
    """A conversion of the house with itself: the right reason, other accounts and amounts."""
    legs = [
        posting.debit(accounts.ref("house/fx", "EUR"), Decimal(5)),
        posting.credit(accounts.ref("house/fx-spread", "EUR"), Decimal(5)),
    ]
    return unit_of_work(lambda: posting.post(reason="FX_CONVERSION", legs=legs))


INSERT = (
    "INSERT INTO payments_conversion (id, quote_id, client_id, transaction_id, made_by, maker, converted_at) "
    "VALUES (%s, %s, %s, %s, 'x', '', %s)"
)


def test_a_conversion_that_is_not_its_quote_is_refused_by_the_database(client, app_connection):
    done = converted(client)
    other, stranger = quoted(client, "200.00"), people.client()
    deposit = Transaction.objects.filter(reason_id="DEPOSIT_CAPTURED").first()
    late = other.expires_at
    tries = {
        "another kind of transaction": (other.pk, client.pk, deposit.pk, other.created_at),
        "other amounts": (other.pk, client.pk, by_hand().id, other.created_at),
        "another client": (other.pk, stranger.pk, deposit.pk, other.created_at),
        "too late": (other.pk, client.pk, deposit.pk, late),
        "the quote again": (done.quote_id, client.pk, deposit.pk, done.converted_at),
    }
    for name, (quote, owner, transaction, at) in tries.items():
        with pytest.raises(psycopg.Error) as refused:
            app_connection.execute(INSERT, [ids.new_id(), quote, owner, transaction, at])
        assert refused.value.sqlstate in ("LG000", "23505"), name
    assert Conversion.objects.count() == 1


@pytest.mark.parametrize(
    ("what", "change"),
    [
        ("no rates", None),
        ("another price", {"mid_rate": Decimal(1), "rate": Decimal(1)}),
        ("less spread than it says", {"spread_bps": Decimal(500)}),
        ("a larger amount than its price gives", {"buy_amount": Decimal("40"), "position_buy": Decimal("40.32")}),
    ],
)
def test_a_quote_that_is_not_the_price_of_its_rates_converts_nothing(client, what, change):
    """What somebody could do who writes quotes by himself: everything stands as he says, and the database refuses."""
    good = quoted(client)
    steps = list(good.steps.values("step", "rate_id", "inverted"))
    forged = FxQuote.objects.get(pk=good.pk)
    forged.pk = ids.new_id()
    for name, value in (change or {}).items():
        setattr(forged, name, value)
    forged.save(force_insert=True)
    if change:
        FxQuoteRate.objects.bulk_create(FxQuoteRate(quote=forged, **step) for step in steps)
    with pytest.raises(DatabaseError, match="invalid_request"):
        conversions.convert(quote_id=forged.pk, actor=people.acting(client), now=forged.created_at)
    assert not Conversion.objects.exists() and not Transaction.objects.filter(reason_id="FX_CONVERSION").exists()


@pytest.mark.parametrize(
    "table",
    ["payments_conversion", "payments_fxquote", "payments_fxquoterate", "payments_rate", "payments_ratedecision"],
)
def test_the_app_can_neither_change_nor_delete(client, app_connection, table):
    converted(client)
    for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            app_connection.execute(statement)


ALTERATIONS = {
    "the amount bought": (
        "UPDATE payments_fxquote SET buy_amount = buy_amount - 1, spread = spread + 1",
        "conversions",
    ),
    "the rate of the quote": ("UPDATE payments_fxquote SET rate = rate * 1.02", "fx_quotes"),
    "the price without spread": ("UPDATE payments_fxquote SET mid_rate = mid_rate * 1.001", "fx_quotes"),
    "the spread it says": ("UPDATE payments_fxquote SET spread_bps = 100", "fx_quotes"),
    "the published rate": ("UPDATE payments_rate SET value = value * 1.01", "fx_quotes"),
    "that the rate was held": ("UPDATE payments_rate SET held_for = 'jump'", "fx_quotes"),
    "when the rate was published": ("UPDATE payments_rate SET published_at = now() + interval '1 day'", "fx_quotes"),
    "the steps of the price": ("DELETE FROM payments_fxquoterate", "fx_quotes"),
    "when it was converted": (
        "UPDATE payments_conversion SET converted_at = converted_at + interval '1 hour'",
        "conversions",
    ),
    "that it was a conversion": ("DELETE FROM payments_conversion", "conversions"),
}


@pytest.mark.parametrize("what", ALTERATIONS)
def test_an_alteration_behind_the_ledgers_back_is_found_and_named(client, superuser_connection, what):
    done = converted(client)
    assert invariants.run().clean
    statement, check = ALTERATIONS[what]
    with superuser_connection.transaction():
        superuser_connection.execute("SET LOCAL session_replication_role = replica")
        changed = superuser_connection.execute(statement).rowcount
    assert changed
    found = {finding.check for finding in invariants.run().findings}
    assert check in found, found
    assert done.public_id


def test_quotes_name_their_rates(client):
    quote = quoted(client)
    assert quote.steps.get().rate == Rate.objects.get(counter="USD")
