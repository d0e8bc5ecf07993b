"""Conversions by quote, at random rates, between currencies of any number of decimals: each account gets exactly what
plain fractions say, and every currency still adds up to nothing.
"""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from ledger import accounts, invariants, posting, queries
from ledger.errors import DomainError
from ledger.money import Money
from payments.services import conversions, fx_quotes
from tests.factories import people, rates
from tests.property.reference_conversion import TooLittle, converted

DECIMALS = {"EUR": 2, "USD": 2, "JPY": 0, "KWD": 3, "BTC": 8}
AT = datetime(2026, 11, 20, 17, tzinfo=UTC)
BANK = "bank/sepa/client-money"
FUNDS = 10**7  # smallest units in each wallet

codes = st.sampled_from(sorted(DECIMALS))
wanted = st.tuples(
    codes,
    codes,
    st.sampled_from(["sell", "buy"]),
    st.one_of(st.integers(1, 40), st.integers(1, 5_000_000), st.just(FUNDS + 1)),
).filter(lambda each: each[0] != each[1])
published = st.fixed_dictionaries(
    {code: st.integers(1, 10**6).map(lambda n: Decimal(n) / 10_000) for code in DECIMALS if code != "EUR"}
)


def price(rates_now, sell, buy):
    """In smallest units of both: what one of the sold currency is worth, across the euro."""
    in_euros = {"EUR": Fraction(1), **{code: Fraction(rate) for code, rate in rates_now.items()}}
    return in_euros[buy] / in_euros[sell] * Fraction(10) ** (DECIMALS[buy] - DECIMALS[sell])


def spread(sell, buy):
    """Half a per cent; between euro and dollar 0.35."""
    return 35 if {sell, buy} == {"EUR", "USD"} else 50


def expected(held, rates_now, sell, buy, side, amount):
    """The legs, or the code of the refusal."""
    try:
        legs = converted("wallet", side, amount, sell, buy, price(rates_now, sell, buy), spread(sell, buy))
    except TooLittle:
        return "invalid_request"
    return "insufficient_available" if held[f"wallet {sell}"] + legs[0][1] < 0 else legs


def done(client, sell, buy, side, amount):
    """Quote, and use the quote; the code of a refusal, or nothing."""
    fixed = Money.from_minor(amount, sell if side == "sell" else buy)
    words = {"side": side, "other_currency": buy if side == "sell" else sell, "actor": people.acting(client)}
    try:
        with transaction.atomic():
            quote = fx_quotes.offer(client=client, fixed=fixed, now=AT, **words)
            conversions.convert(quote_id=quote.pk, actor=people.acting(client), now=AT + timedelta(seconds=29))
    except DomainError as error:
        return error.code
    return ""


def played(rates_now, wishes):
    """What was answered to each wish; both sides agree on every account after each of them."""
    answers = []
    with transaction.atomic():
        client = people.client(name="Ada")
        rates.publish({code: str(rate) for code, rate in rates_now.items()}, at=AT - timedelta(hours=2))
        held = Counter({f"wallet {code}": FUNDS for code in DECIMALS})
        for code in DECIMALS:
            bank, wallet = (accounts.ref(each, code) for each in (BANK, client.account_code("wallet")))
            funds = Money.from_minor(FUNDS, code).amount
            posting.post(reason="BANK_RECEIPT", legs=[posting.debit(bank, funds), posting.credit(wallet, funds)])
        for sell, buy, side, amount in wishes:
            legs = expected(held, rates_now, sell, buy, side, amount)
            answers.append(done(client, sell, buy, side, amount))
            assert answers[-1] == (legs if isinstance(legs, str) else "")
            for name, change in legs if isinstance(legs, list) else []:
                held[name] += change
            assert figures(client) == {name: amount for name, amount in held.items() if amount}
        assert invariants.run().findings == []
        transaction.set_rollback(True)
    return answers


@pytest.mark.django_db
@given(rates_now=published, wishes=st.lists(wanted, min_size=1, max_size=4))
def test_each_conversion_moves_what_fractions_say(rates_now, wishes):
    played(rates_now, wishes)


@pytest.mark.django_db
def test_yen_dinars_and_bitcoin_leave_their_smallest_units_over():
    """Chance may leave them out; this does not."""
    now = {code: Decimal(rate) for code, rate in (("USD", "1.25"), ("JPY", "160"), ("KWD", "0.33"), ("BTC", "0.0001"))}
    wishes = [
        ("JPY", "EUR", "sell", 1001),
        ("USD", "KWD", "buy", 777),
        ("KWD", "JPY", "sell", 33),
        ("BTC", "USD", "buy", 101),
        ("JPY", "USD", "sell", 1),
        ("EUR", "JPY", "sell", 2 * FUNDS),
    ]
    assert played(now, wishes) == ["", "", "", "", "invalid_request", "insufficient_available"]
    residues = [
        change
        for sell, buy, side, amount in wishes[:4]
        for name, change in converted("w", side, amount, sell, buy, price(now, sell, buy), spread(sell, buy))
        if name.startswith("house/rounding")
    ]
    assert len(residues) >= 2
    assert set(residues) == {1}


def figures(client):
    """What every account but the bank holds, in smallest units; each currency's trial balance is nothing."""
    found, worth = {}, Counter()
    for row in queries.trial_balance():
        worth[row.currency] += row.debit - row.credit
        units = row.balance * 10 ** DECIMALS[row.currency]
        name = "wallet" if row.code == client.account_code("wallet") else row.code
        if units and not row.code.startswith("bank/"):
            found[f"{name} {row.currency}"] = units
    assert not any(worth.values())
    return found
