"""When a posting was recorded is one moment, by whatever door it came: asked for that moment, the books have it."""

from decimal import Decimal

import pytest

from ledger import posting, queries
from ledger.models import Entry, Transaction
from ledger.posting import Draft, Posted
from tests.integration.ledger import books

DOORS = {
    "alone": lambda draft: posting.post(reason=draft.reason, legs=draft.legs),
    "under a condition": lambda draft: posting.post(
        reason=draft.reason, legs=draft.legs, conditions=[posting.available_gte(books.wallet(), Decimal(0))]
    ),
    "all or none": lambda draft: posting.post_batch([draft])[0],
    "each for itself": lambda draft: posting.post_each([draft])[0],
}


@pytest.mark.django_db
@pytest.mark.parametrize("door", DOORS)
def test_what_was_recorded_is_known_from_the_moment_that_the_answer_names(door: str) -> None:
    legs = [posting.debit(books.bank(), Decimal(5)), posting.credit(books.wallet(), Decimal(5))]
    made = DOORS[door](Draft(reason="BANK_RECEIPT", legs=legs))
    assert isinstance(made, Posted)
    assert queries.as_of(books.wallet().id, recorded_at=made.recorded_at).balance == 5
    recorded = Transaction.objects.values_list("recorded_at", flat=True).get(pk=made.id)
    assert set(Entry.objects.values_list("recorded_at", flat=True)) == {recorded} == {made.recorded_at}
