"""Batches whose drafts are judged one by one, and chains of them, against the reference ledger.

Posted, reserved, under conditions, in chains; names new, used before and used twice: the database judges them in memory
and writes sets, the reference ledger simply does one after the other.
"""

from copy import deepcopy
from decimal import Decimal

import pytest
from django.db import connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from ledger import accounts, invariants, posting, queries
from ledger.errors import DomainError
from tests.property.real_ledger import RealLedger
from tests.property.reference_batches import each, in_chains
from tests.property.reference_ledger import Account, Ledger

CODES = {
    "bank": ("bank/sepa/client-money", "bank_client_money", -1, None),
    "ada": ("client/ada/wallet", "wallet", 1, 0),
    "ben": ("client/ben/wallet", "wallet", 1, 0),
    "mt5": ("client/ada/trading/mt5/1", "trading", 1, None),
    "held": ("client/ada/held", "held", 1, 0),
}
REASONS = ["MANUAL_ADJUSTMENT"] * 5 + ["CLIENT_INTERNAL_TRANSFER", "CHARGEBACK"]
names = st.sampled_from(["bank", "ada", "ada", "ben", "ben", "mt5"] * 2 + ["held"])
live = st.sampled_from(["ada", "ben", "mt5"])
conditions = st.one_of(
    st.tuples(live, st.just("available"), st.integers(-20, 80)), st.tuples(live, st.just("version"), st.integers(0, 4))
)


@st.composite
def wanted(draw):
    legs = []
    for _ in range(draw(st.sampled_from([1, 1, 1, 2]))):
        amount = draw(st.sampled_from([1, 5, 20, 60, 100]))
        legs += [(draw(names), -amount), (draw(names), amount)]
    return {
        "reason": draw(st.sampled_from(REASONS)),
        "legs": legs,
        "key": draw(st.sampled_from([None, None, None, "k1", "k2"])),
        "source": draw(st.sampled_from([None, None, None, "s1", "s2"])),
        "pending": draw(st.sampled_from([False, False, False, True])),
        "conditions": draw(st.lists(conditions, max_size=2)) if draw(st.booleans()) else [],
        "chain": draw(st.sampled_from([None, None, "c"])),
    }


def labelled(answers, labels):
    """The real answers in the reference's words: transactions by the number they have there."""
    return [
        each.code if isinstance(each, DomainError) else (labels.setdefault(each.id, len(labels) + 1), each.replayed)
        for each in answers
    ]


def state(ledger, refs):
    rows = {name: queries.balance_of(ref.id) for name, ref in refs.items()}
    real = {n: (row.balance, row.pending_in, row.pending_out, row.seq) for n, row in rows.items()}
    expected = {
        n: (a.balance, a.pending_in, a.pending_out, None if n == "bank" else a.seq) for n, a in ledger.accounts.items()
    }
    return real, expected


@pytest.mark.django_db
@given(
    before=st.lists(wanted(), max_size=2),
    words=st.lists(wanted(), min_size=1, max_size=9),
    status=st.sampled_from(["open", "open", "frozen"]),
)
def test_each_draft_of_a_batch_meets_what_the_accepted_ones_left(before, words, status):
    with transaction.atomic():
        refs = {name: accounts.ref(code, "EUR") for name, (code, *_) in CODES.items()}
        real_ledger = RealLedger(refs, unit=Decimal(1))
        ledger = Ledger(
            Account(name=name, kind=kind, sign=sign, floor=floor, currency="EUR")
            for name, (_, kind, sign, floor) in CODES.items()
        )
        start = {"reason": "MANUAL_ADJUSTMENT", "legs": [("bank", -60), ("ada", 60)], "key": None, "source": None}
        start |= {"pending": False, "conditions": [], "chain": None}
        labels = {}
        accounts.set_status(account_id=refs["ben"].id, status=status)
        ledger.set_status("ben", status)
        for part in ([start], list(in_chains(before)), list(in_chains(words))):
            drafts = [real_ledger.draft(one) for one in part]
            untouched = deepcopy(ledger)
            ledger, expected = each(ledger, part)
            refused = [(index, code) for index, code in enumerate(expected) if isinstance(code, str)]
            if refused:
                # All or none: the refusal lists exactly the drafts that `post_each` refuses, and nothing has moved.
                with pytest.raises(DomainError) as caught, transaction.atomic():
                    posting.post_batch(drafts)
                assert [(bad["index"], bad["code"]) for bad in caught.value.data["errors"]] == refused
                assert (caught.value.data["index"], caught.value.code) == refused[0]
                real, reference = state(untouched, refs)
                assert real == reference
            assert labelled(posting.post_each(drafts), labels) == expected
            real, reference = state(ledger, refs)
            assert real == reference
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert invariants.run().findings == []
        transaction.set_rollback(True)
