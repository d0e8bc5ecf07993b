"""Reversals: a new transaction that mirrors one original, in whole or in part, never more than it."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from django.utils import timezone

from ledger import accounts, ids, invariants, posting, queries
from ledger.errors import (
    AlreadyReversed,
    CurrencyMismatch,
    IdempotencyKeyReused,
    InsufficientAvailable,
    InvalidRequest,
    MovesHold,
    NotFound,
    NothingPosted,
    OverReversal,
    ReversalOfReversal,
    Unbalanced,
)
from ledger.models import Transaction
from ledger.models.account import ReasonRow
from ledger.money import Money
from ledger.posting import Leg, credit, debit
from ledger.reasons import REASONS
from tests.integration.ledger import books

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def the_books_are_right_afterwards():
    yield
    assert invariants.run().findings == []


def state(posted):
    return queries.states_of([posted.id])[posted.id]


def give_back(original, amount):
    """A partial reversal of a receipt."""
    with transaction.atomic():
        return posting.post(
            reason="BANK_RECEIPT_REVERSAL",
            legs=[debit(books.wallet(), Decimal(amount)), credit(books.bank(), Decimal(amount))],
            reverses=original.id,
        )


def test_a_reversal_mirrors_its_original_under_its_own_reason():
    original = books.receive("100")
    undone = books.reverse(original)
    header = Transaction.objects.get(pk=undone.id)
    assert (header.reason_id, header.reverses_id, header.description) == (
        "BANK_RECEIPT_REVERSAL",
        original.id,
        "undone",
    )
    assert (books.balance(books.wallet()), books.balance(books.bank())) == ("0", "0")
    assert (state(original), state(undone)) == ("reversed", "posted")


def test_it_is_done_once_whatever_the_key():
    original = books.receive("100")
    books.receive("100")
    first = books.reverse(original, idempotency_key="k")
    assert books.reverse(original, idempotency_key="k").id == first.id
    for key in ("other", None):
        with pytest.raises(OverReversal) as refused:
            books.reverse(original, idempotency_key=key)
    assert refused.value.data["transaction"] == str(original.id)
    assert books.balance(books.wallet()) == "100"


def test_parts_add_up_to_the_original_and_no_further():
    original = books.receive("100")
    books.receive("100")
    give_back(original, "30")
    assert state(original) == "partly_reversed"
    with pytest.raises(OverReversal):
        give_back(original, "70.01")
    with pytest.raises(OverReversal):
        books.reverse(original)
    give_back(original, "70")
    assert state(original) == "reversed"
    assert books.balance(books.wallet()) == "100"


def test_a_reversal_touches_only_accounts_of_its_original():
    with transaction.atomic():
        original = posting.post(
            reason="MANUAL_ADJUSTMENT", legs=[debit(books.bank(), Decimal(100)), credit(books.wallet(), Decimal(100))]
        )
    for legs in (
        [debit(books.wallet(), Decimal(1)), credit(books.clearing(), Decimal(1))],
        [debit(books.bank(), Decimal(1)), credit(books.wallet(), Decimal(1))],
    ):
        with pytest.raises(OverReversal), transaction.atomic():
            posting.post(reason="MANUAL_ADJUSTMENT_REVERSAL", legs=legs, reverses=original.id)
    assert books.balance(books.wallet()) == "100"


def test_only_its_reasons_own_reversal_code_reverses_it():
    original = books.receive("100")
    legs = [debit(books.wallet(), Decimal(1)), credit(books.bank(), Decimal(1))]
    for reason in ("MANUAL_ADJUSTMENT", "OPENING_BALANCE_REVERSAL"):
        with pytest.raises(InvalidRequest) as refused, transaction.atomic():
            posting.post(reason=reason, legs=legs, reverses=original.id)
        assert refused.value.param == "reason"
    assert books.balance(books.wallet()) == "100"


def test_what_moved_nothing_in_sum_is_still_reversed_only_once():
    books.receive("10")
    with transaction.atomic():
        original = posting.post(
            reason="MANUAL_ADJUSTMENT", legs=[Leg(books.wallet(), Decimal(-5)), Leg(books.wallet(), Decimal(5))]
        )
    books.reverse(original)
    with pytest.raises(OverReversal):
        books.reverse(original)


def test_money_that_has_moved_on_cannot_be_reversed():
    original = books.receive("100")
    books.send("60")
    with pytest.raises(InsufficientAvailable):
        books.reverse(original)
    assert (state(original), books.balance(books.wallet())) == ("posted", "40")


def test_a_reversal_a_void_and_a_reservation_cannot_be_reversed():
    original = books.receive("100")
    pending = books.send("10", pending=True)
    voided = books.void(pending)
    undone = books.reverse(original)
    for posted, cause in ((undone, ReversalOfReversal), (pending, NothingPosted), (voided, NothingPosted)):
        with pytest.raises(cause) as refused:
            books.reverse(posted)
        assert (refused.value.code, refused.value.param) == ("invalid_request", "transaction")
    with pytest.raises(ReversalOfReversal), transaction.atomic():
        posting.post(
            reason="MANUAL_ADJUSTMENT",
            legs=[debit(books.bank(), Decimal(1)), credit(books.wallet(), Decimal(1))],
            reverses=undone.id,
        )
    with pytest.raises(NotFound), transaction.atomic():
        posting.reverse(transaction_id=ids.new_id(), description="")
    assert books.balance(books.wallet()) == "0"


@pytest.fixture
def conversion():
    """100 dollars became 90.91 euros in the wallet and 0.10 of spread: five entries that divide by nothing."""
    books.receive("100", to=books.wallet(currency="USD"))
    dollars, euros = accounts.ref("house/fx", "USD"), accounts.ref("house/fx", "EUR")
    with transaction.atomic():
        return posting.post(
            reason="FX_CONVERSION",
            legs=[
                debit(books.wallet(currency="USD"), Decimal(100)),
                credit(dollars, Decimal(100)),
                debit(euros, Decimal("91.01")),
                credit(books.wallet(), Decimal("90.91")),
                credit(accounts.ref("house/fx-spread", "EUR"), Decimal("0.10")),
            ],
        )


def test_repeated_shares_add_up_to_the_original_to_the_cent(conversion):
    for number, amount in enumerate(["33.33", "0.01", "33.33", "0.01", "33.32"], start=1):
        undone = books.reverse(conversion, amount=Money.of(amount, "USD"))
        assert sum(line.amount for line in queries.lines_of(undone.id)) == 0
        assert state(conversion) == ("reversed" if number == 5 else "partly_reversed")
    assert undone.remaining == 0
    assert (books.balance(books.wallet(currency="USD")), books.balance(books.wallet())) == ("100", "0")
    assert books.balance(accounts.ref("house/fx-spread", "EUR")) == "0"
    with pytest.raises(OverReversal):
        books.reverse(conversion, amount=Money.of("0.01", "USD"))


def test_a_share_takes_from_every_entry_in_proportion(conversion):
    undone = books.reverse(conversion, amount=Money.of("50", "USD"))
    assert sorted(line.amount for line in queries.lines_of(undone.id)) == [
        Decimal("-50"),
        Decimal("-45.46"),
        Decimal("-0.05"),
        Decimal("45.51"),
        Decimal("50"),
    ]
    with pytest.raises(OverReversal) as refused:
        books.reverse(conversion, amount=Money.of("50.01", "USD"))
    assert (refused.value.data["remaining"], refused.value.data["wanted"]) == ("50", "50.01")
    with pytest.raises(CurrencyMismatch):
        books.reverse(conversion, amount=Money.of("1", "GBP"))
    with pytest.raises(OverReversal):
        books.reverse(conversion)
    assert books.balance(books.wallet(currency="USD")) == "50"


def test_entries_may_be_chosen_with_their_amounts(conversion):
    spread, euros = accounts.ref("house/fx-spread", "EUR"), accounts.ref("house/fx", "EUR")
    chosen = [debit(euros, Decimal("0.10")), credit(spread, Decimal("0.10"))]
    undone = books.reverse(conversion, legs=chosen)
    assert (books.balance(spread), books.balance(books.wallet())) == ("0", "90.91")
    assert Transaction.objects.get(pk=undone.id).reason_id == "FX_CONVERSION_REVERSAL"
    for legs, cause in (
        (chosen, OverReversal),
        ([credit(euros, Decimal(1)), debit(books.wallet(), Decimal(1))], OverReversal),
        ([debit(euros, Decimal(1)), credit(books.wallet(books.BEN), Decimal(1))], OverReversal),
        ([debit(euros, Decimal(1)), credit(books.wallet(), Decimal(2))], Unbalanced),
    ):
        with pytest.raises(cause):
            books.reverse(conversion, legs=legs)
    with pytest.raises(InvalidRequest):
        books.reverse(conversion, legs=chosen, amount=Money.of("1", "EUR"))
    books.reverse(conversion, amount=Money.of("90.91", "EUR"))  # what is left, in proportion
    assert (state(conversion), books.balance(books.wallet())) == ("reversed", "0")


def test_of_entries_that_are_all_too_much_the_first_one_given_is_named():
    original = books.receive("100")
    books.reverse(original)
    entries = [debit(books.bank(), Decimal(1)), credit(books.wallet(), Decimal(1))]
    for legs in (entries, entries[::-1]):
        with pytest.raises(OverReversal) as refused:
            books.reverse(original, legs=legs)
        assert refused.value.data["account_id"] == legs[0].account.id


def test_the_rest_is_whatever_parts_and_entries_have_left(conversion):
    spread, euros = accounts.ref("house/fx-spread", "EUR"), accounts.ref("house/fx", "EUR")
    books.reverse(conversion, legs=[debit(euros, Decimal("0.10")), credit(spread, Decimal("0.10"))])
    books.reverse(conversion, amount=Money.of("33.33", "USD"))
    rest = books.reverse(conversion, rest=True, idempotency_key="rest")
    assert (rest.remaining, state(conversion), books.balance(books.wallet())) == (0, "reversed", "0")
    again = books.reverse(conversion, rest=True, idempotency_key="rest")
    assert (again.id, again.replayed) == (rest.id, True)
    with pytest.raises(IdempotencyKeyReused):
        books.reverse(conversion, idempotency_key="rest")
    with pytest.raises(AlreadyReversed) as refused:
        books.reverse(conversion, rest=True)
    assert (refused.value.param, books.balance(books.wallet())) == ("transaction", "0")


def test_a_partial_reversal_repeated_under_its_key_is_answered_again():
    original = books.receive("100")
    once = books.reverse(original, amount=Money.of("30", "EUR"), idempotency_key="k")
    again = books.reverse(original, amount=Money.of("30", "EUR"), idempotency_key="k")
    assert (again.id, again.replayed, once.remaining) == (once.id, True, 70)
    with pytest.raises(IdempotencyKeyReused):
        books.reverse(original, amount=Money.of("31", "EUR"), idempotency_key="k")
    assert books.balance(books.wallet()) == "70"


def test_every_reason_names_a_reversal_code_of_the_catalogue():
    for code, found in REASONS.items():
        if not code.endswith("_REVERSAL") and code != "HOLD_RELEASED":
            assert found.reversal_code in REASONS, code
    rows = dict(ReasonRow.objects.values_list("code", "reversal"))
    assert rows == {code: found.reversal_code for code, found in REASONS.items()}


def test_what_will_only_take_effect_later_is_not_undone_before_it_does():
    """Without a wish of its own a reversal is of now, and no earlier than its original: at no moment is there less."""
    later = timezone.now() + timedelta(hours=3)
    original = books.receive("70", effective_at=later)
    undone = books.reverse(original)
    assert Transaction.objects.get(pk=undone.id).effective_at == later
    between = queries.as_of(books.wallet().id, effective_at=later - timedelta(hours=1))
    assert between.balance == 0


def test_what_a_hold_moved_is_not_reversed_and_says_so():
    books.receive("100")
    placed = books.hold("40")
    captured = books.capture(placed, amount=Decimal(15))
    before = Transaction.objects.count()
    for moved in (placed.posted.id, captured.id):
        with pytest.raises(MovesHold) as refused, transaction.atomic():
            posting.reverse(transaction_id=moved, description="undone")
        assert (refused.value.code, refused.value.cause, refused.value.param) == (
            "invalid_request",
            "moves_hold",
            "transaction",
        )
    assert Transaction.objects.count() == before
