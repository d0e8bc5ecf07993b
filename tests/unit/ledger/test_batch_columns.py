"""What a batch says to the database: the same transaction has the same fingerprint by either door."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from ledger import batch_columns
from ledger.accounts import AccountRef
from ledger.drafts import Draft, Leg, Source, fingerprint

WALLET = AccountRef(7, "client/cl_ada/wallet", "EUR", "wallet", 1)
BANK = AccountRef(12, "bank/sepa/client-money", "EUR", "bank_client_money", -1)

UNUSUAL = [Decimal(text) for text in ("0.00", "-0.00", "0", "1E+3", "-1E-7", "100", "1.50E+2", "10.0")]

texts = st.text(max_size=20)
amounts = st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**20), max_value=10**20)
zones = st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), timezone(-timedelta(hours=3))])
moments = st.builds(datetime.fromtimestamp, st.integers(0, 2**32) | st.floats(0, 2**32), zones)
legs = st.lists(
    st.builds(
        Leg, st.sampled_from([WALLET, BANK]), amounts | st.integers(1, 10**6).map(Decimal) | st.sampled_from(UNUSUAL)
    ),
    max_size=4,
)
drafts = st.builds(
    Draft,
    reason=texts,
    legs=legs,
    source=st.none() | st.builds(Source, texts, texts, texts),
    effective_at=st.none() | moments,
    description=texts,
    metadata=st.none() | st.dictionaries(texts, texts, max_size=2),
    idempotency_key=st.none() | texts,
    pending=st.booleans(),
)


@given(drafts)
def test_a_draft_has_the_fingerprint_of_its_posting(draft):
    phase = "pending" if draft.pending else "single"
    words = (draft.reason, draft.legs, draft.source, draft.effective_at, draft.description, draft.metadata, None)
    (literal,) = batch_columns._fingerprints([draft], {})
    assert literal == f'"\\\\x{fingerprint(phase, *words).hex()}"'


def test_the_end_of_a_reservation_belongs_to_its_fingerprint():
    end = datetime(2026, 5, 1, tzinfo=UTC)
    plain, ending, named = (
        Draft(reason="CHARGEBACK", legs=[], pending=True, **words)
        for words in ({}, {"expires_at": end}, {"expires_on": ["mt5.rejected"]})
    )
    assert len(set(batch_columns._fingerprints([plain, ending, named], {}))) == 3


def test_chains_are_numbered_by_their_neighbours():
    chains = [None, "a", "a", None, None, "b", "c", "c"]
    made = [Draft(reason="CHARGEBACK", legs=[], chain=chain) for chain in chains]
    numbers = batch_columns._chains(made)
    assert [number is None for number in numbers] == [chain is None for chain in chains]
    assert (numbers[1], numbers[6]) == (numbers[2], numbers[7])
    assert len({numbers[1], numbers[5], numbers[6]}) == 3


def test_what_nobody_says_is_not_sent():
    made = [Draft(reason="CHARGEBACK", legs=[Leg(WALLET, Decimal(-1)), Leg(BANK, Decimal(1))])] * 3
    sent = [value for value, _ in batch_columns.of(made, {})]
    assert [n for n, value in enumerate(sent) if value is None] == [3, 4, 5, 6, 7, 8, 9, 12, 13, 14]
