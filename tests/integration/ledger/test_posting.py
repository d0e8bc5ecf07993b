"""Posting one transaction: what it does, what it answers a second time, what it refuses."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from django.db import transaction

from ledger import accounts, database, ids, invariants, posting, queries
from ledger.errors import (
    AccountClosed,
    DuplicateReference,
    IdempotencyKeyReused,
    InsufficientAvailable,
    InvalidAmount,
    InvalidRequest,
    NotFound,
    ReasonNotAllowed,
    Unbalanced,
)
from ledger.models import Entry, Transaction
from ledger.posting import Leg, credit, debit
from tests.integration.ledger import books

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_books_are_right_afterwards():
    yield
    assert invariants.run().findings == []


def post(*legs, reason="MANUAL_ADJUSTMENT", **words):
    with transaction.atomic():
        return posting.post(reason=reason, legs=legs, **words)


def test_a_receipt_raises_the_bank_and_the_wallet():
    posted = books.receive("100.50", source=books.source("r1"))
    assert (books.balance(books.bank()), books.balance(books.wallet())) == ("100.5", "100.5")
    lines = queries.lines_of(posted.id)
    assert [(line.code, line.direction, books.plain(line.amount)) for line in lines] == [
        ("bank/sepa/client-money", "debit", "-100.5"),
        ("client/cl_ada/wallet", "credit", "100.5"),
    ]
    assert (lines[1].balance_before, lines[1].balance_after) == (0, Decimal("100.5"))
    assert lines[0].balance_before is None  # house accounts keep no running balance


def test_a_transfer_of_all_there_is_leaves_zero_and_one_cent_more_is_refused():
    books.receive("10")
    with pytest.raises(InsufficientAvailable) as refused:
        books.send("10.01")
    assert refused.value.data == {
        "account": "client/cl_ada/wallet",
        "currency": "EUR",
        "available": "10",
        "wanted": "10.01",
    }
    books.send("10")
    assert (books.balance(books.wallet()), books.balance(books.wallet(books.BEN))) == ("0", "10")


def test_a_trading_account_may_go_below_zero():
    pnl = accounts.ref("house/trading-pnl", "EUR")
    post(debit(books.trading(), Decimal(25)), credit(pnl, Decimal(25)), reason="TRADE_PNL")
    assert books.balance(books.trading()) == "-25"


def test_the_same_key_and_body_is_answered_again_and_moves_nothing():
    first = books.receive("40", idempotency_key="k")
    again = books.receive("40", idempotency_key="k")
    assert (again.id, again.recorded_at, again.replayed) == (first.id, first.recorded_at, True)
    assert books.balance(books.wallet()) == "40"


@pytest.mark.parametrize(
    "other", [{"amount": "41"}, {"amount": "40", "description": "other"}, {"amount": "40", "metadata": {"a": 1}}]
)
def test_the_same_key_with_another_body_is_refused(other):
    first = books.receive("40", idempotency_key="k")
    with pytest.raises(IdempotencyKeyReused) as refused:
        books.receive(other.pop("amount"), idempotency_key="k", **other)
    assert refused.value.data["transaction"] == str(first.id)
    assert books.balance(books.wallet()) == "40"


def test_a_business_reference_outlives_every_key():
    first = books.receive("40", source=books.source("r1"), idempotency_key="k1")
    assert books.receive("40", source=books.source("r1"), idempotency_key="k2").id == first.id
    with pytest.raises(DuplicateReference):
        books.receive("41", source=books.source("r1"), idempotency_key="k3")
    books.receive("41", source=books.source("r1", kind="other"))
    assert books.balance(books.wallet()) == "81"


def test_the_same_moment_in_another_time_zone_is_the_same_body():
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    first = books.receive("1", idempotency_key="k", effective_at=at)
    elsewhere = at.astimezone(timezone(timedelta(hours=5)))
    assert books.receive("1", idempotency_key="k", effective_at=elsewhere).id == first.id


def test_amounts_that_differ_in_the_last_of_many_digits_are_another_body():
    ether = books.wallet(currency="ETH")
    books.receive("12345678901234567890.123456789012345678", to=ether, idempotency_key="k")
    with pytest.raises(IdempotencyKeyReused):
        books.receive("12345678901234567890.123456789012345679", to=ether, idempotency_key="k")


def test_several_currencies_balance_each_by_itself():
    books.receive("300", to=books.wallet(currency="USD"))
    with pytest.raises(Unbalanced):
        post(debit(books.wallet(currency="USD"), Decimal(10)), credit(books.wallet(), Decimal(10)))
    fx_dollar, fx_euro = accounts.ref("house/fx", "USD"), accounts.ref("house/fx", "EUR")
    post(
        debit(books.wallet(currency="USD"), Decimal(110)),
        credit(fx_dollar, Decimal(110)),
        debit(fx_euro, Decimal(100)),
        credit(books.wallet(), Decimal(100)),
        reason="FX_CONVERSION",
    )
    assert (books.balance(books.wallet(currency="USD")), books.balance(books.wallet())) == ("190", "100")
    assert (books.balance(fx_dollar), books.balance(fx_euro)) == ("110", "-100")


def test_eighteen_decimals_are_exact():
    ether = books.wallet(currency="ETH")
    for _ in range(3):
        books.receive("0.000000000000000001", to=ether)
    assert books.balance(ether) == "0.000000000000000003"


def test_thirty_eight_digits_are_exact_in_every_figure():
    ether, most = books.wallet(currency="ETH"), "99999999999999999999.999999999999999998"
    posted = books.receive(most, to=ether)
    books.receive("0.000000000000000001", to=ether)
    books.send("0.000000000000000002", source=ether, to=books.wallet(books.BEN, "ETH"))
    assert books.balance(ether) == "99999999999999999999.999999999999999997"
    assert queries.balance_of(ether.id).available == Decimal("99999999999999999999.999999999999999997")
    books.send("0.000000000000000002", source=books.wallet(books.BEN, "ETH"), to=ether)
    books.reverse(posted)
    assert books.balance(ether) == "0.000000000000000001"


def test_a_balance_beyond_what_the_column_holds_is_refused_whole():
    ether = books.wallet(currency="ETH")
    books.receive("99999999999999999999", to=ether)
    with pytest.raises(InvalidAmount, match="hold that much"), transaction.atomic():
        books.receive("1", to=ether)
    assert books.balance(ether) == "99999999999999999999"


@pytest.mark.parametrize("amount", ["0", "-1", "0.001", "NaN", "Infinity", "100000000000000000000"])
def test_amounts_that_cannot_be_are_refused(amount):
    with pytest.raises(InvalidRequest):
        debit(books.wallet(), Decimal(amount))


def test_floats_never_enter():
    with pytest.raises(InvalidAmount):
        credit(books.wallet(), 0.1)


def test_yen_have_no_decimals():
    with pytest.raises(InvalidAmount):
        books.receive("0.5", to=books.wallet(currency="JPY"))


@pytest.mark.parametrize("count", [1, 101])
def test_a_transaction_has_two_to_a_hundred_entries(count):
    legs = [Leg(books.bank(), Decimal(1) if index % 2 else Decimal(-1)) for index in range(count)]
    with pytest.raises(Unbalanced):
        post(*legs)


def test_a_hundred_entries_on_one_account_keep_their_order():
    legs = [Leg(books.trading(), Decimal(1) if index % 2 else Decimal(-1)) for index in range(100)]
    posted = post(*legs)
    after = [books.plain(line.balance_after) for line in queries.lines_of(posted.id)]
    assert after == ["-1", "0"] * 50


def test_what_a_transaction_takes_and_gives_back_is_not_taken():
    """Only the sum per account counts against the floor."""
    post(Leg(books.wallet(), Decimal(-5)), Leg(books.wallet(), Decimal(5)))
    assert books.balance(books.wallet()) == "0"


def test_a_reason_allows_only_its_kinds_of_account():
    books.receive("10")
    with pytest.raises(ReasonNotAllowed):
        post(debit(books.wallet(), Decimal(1)), credit(books.fees(), Decimal(1)), reason="CLIENT_INTERNAL_TRANSFER")
    with pytest.raises(InvalidRequest):
        post(debit(books.wallet(), Decimal(1)), credit(books.fees(), Decimal(1)), reason="NO_SUCH_REASON")
    assert books.balance(books.wallet()) == "10"


@pytest.mark.parametrize(
    "words",
    [
        {"idempotency_key": ""},
        {"idempotency_key": "k" * 256},
        {"source": books.source("")},
        {"source": books.source("x" * 121)},
    ],
)
def test_names_that_are_empty_or_too_long_are_refused(words):
    with pytest.raises(InvalidRequest):
        books.receive("1", **words)
    assert not Transaction.objects.exists()


def test_a_key_may_have_255_characters():
    assert not books.receive("1", idempotency_key="k" * 255).replayed


def test_backdating_is_marked_against_the_latest_effective_time():
    day = datetime(2026, 3, 1, tzinfo=UTC)
    for offset in (5, 3, 5, 9, 4):
        books.receive("1", effective_at=day + timedelta(days=offset))
    entries = Entry.objects.filter(account=books.wallet().id).order_by("seq")
    assert [entry.backdated for entry in entries] == [False, True, False, False, True]
    assert not Entry.objects.filter(account=books.bank().id, backdated=True).exists()


def test_an_account_that_vanished_with_its_transaction_is_not_remembered():
    """Opened on first use inside work that was rolled back: the next use opens it again."""
    with pytest.raises(InsufficientAvailable), transaction.atomic():
        fresh = accounts.ref("client/cl_new/wallet", "EUR")
        assert accounts.ref("client/cl_new/wallet", "EUR") == fresh
        books.send("1", source=fresh)
    books.receive("5", to=accounts.ref("client/cl_new/wallet", "EUR"))
    assert books.balance(accounts.ref("client/cl_new/wallet", "EUR")) == "5"


def test_nothing_remains_of_a_refusal():
    books.receive("10")
    before = (Transaction.objects.count(), Entry.objects.count())
    with pytest.raises(InsufficientAvailable):
        books.send("11", idempotency_key="k", source=None)
    assert (Transaction.objects.count(), Entry.objects.count()) == before
    books.send("10", idempotency_key="k")  # a refusal does not use up the key


def test_an_empty_account_can_be_closed_and_then_refuses_everything():
    books.receive("10")
    with pytest.raises(Exception, match="not empty"):
        accounts.set_status(account_id=books.wallet().id, status="closed")
    books.send("10")
    assert accounts.set_status(account_id=books.wallet().id, status="closed") == "open"
    with pytest.raises(AccountClosed):
        books.receive("1")
    with pytest.raises(AccountClosed):
        accounts.set_status(account_id=books.wallet().id, status="open")


def test_a_house_account_with_money_cannot_be_closed():
    books.receive("10")
    with pytest.raises(Exception, match="not empty"):
        accounts.set_status(account_id=books.bank().id, status="closed")
    accounts.set_status(account_id=books.fees().id, status="closed")
    with pytest.raises(AccountClosed):
        post(debit(books.wallet(), Decimal(1)), credit(books.fees(), Decimal(1)))


def test_an_account_whose_money_is_held_cannot_be_closed():
    books.receive("10")
    books.hold("10")
    with pytest.raises(Exception, match="held"):
        accounts.set_status(account_id=books.wallet().id, status="closed")


def test_unknown_accounts_and_states_are_refused():
    with pytest.raises(NotFound):
        accounts.set_status(account_id=987654321, status="frozen")
    with pytest.raises(InvalidRequest):
        accounts.set_status(account_id=books.wallet().id, status="gone")
    with pytest.raises(NotFound):
        accounts.find("client/cl_nobody/wallet", "EUR")
    with pytest.raises(InvalidRequest):
        accounts.ref("client/cl_nobody/purse", "EUR")


def test_a_reason_the_database_does_not_know_is_refused():
    with pytest.raises(InvalidRequest) as refused, transaction.atomic():
        legs = [books.bank().id, books.wallet().id]
        values = [
            ids.new_id(),
            "single",
            "MADE_UP",
            legs,
            [Decimal(-1), Decimal(1)],
            None,
            None,
            None,
            None,
            None,
            b"x",
        ]
        types = [
            "uuid",
            "text",
            "text",
            "bigint[]",
            "numeric[]",
            "timestamptz",
            "text",
            "text",
            "text",
            "text",
            "bytea",
        ]
        more = [("", "text"), (None, "jsonb"), (None, "uuid"), (None, "timestamptz")]
        database.call("ledger_post", [*zip(values, types, strict=True), *more])
    assert refused.value.param == "reason"
