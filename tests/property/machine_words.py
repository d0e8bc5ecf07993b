"""The words that the rules of the machine draw: amounts, names, days, entries, conditions, drafts of batches."""

from fractions import Fraction

from hypothesis import strategies as st

from tests.property.chart import ADA, BANK, BEN, DOLLAR, DOLLARS, EUROS, STATUS, TRADING

amounts = st.sampled_from([1, 50, 100, 100, 100, 250, 3000])
KEYS = ["k1", "k2", "k3", "k4", "k5"]
keys = st.sampled_from([None] * 7 + KEYS)
sources = st.sampled_from([None] * 5 + ["s1", "s2"])
pick = st.integers(0, 1000)
ends = st.sampled_from([None, 1, 2])
noons = st.sampled_from([None, None, None, 1, 3, 5, 7, 9])
landings = st.sampled_from([False, False, True])
# A wish is a condition relative to what is there: an account, what is asked about, and by how much it is off.
wishes = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([ADA, BEN, TRADING]), st.just("version"), st.sampled_from([0, 0, 0, 1, -1])),
        st.tuples(
            st.sampled_from([ADA, BEN, TRADING, DOLLAR]), st.just("available"), st.sampled_from([0, 0, -100, 1, 50])
        ),
        st.tuples(st.sampled_from([ADA, BANK]), st.just("available"), st.just(0)),
    ),
    max_size=2,
)
prices = st.sampled_from(
    [Fraction("1.0852"), 1 / Fraction("1.0852"), Fraction(1, 3), Fraction("163.42"), Fraction("0.0061")]
)


@st.composite
def legs(draw):
    """Mostly balanced, two legs to six, now and then in two currencies, on one account twice, or a cent off."""
    made = []
    for names in draw(st.sampled_from([[EUROS], [EUROS], [EUROS], [EUROS, EUROS], [EUROS, DOLLARS]])):
        amount = draw(amounts)
        made += [(draw(st.sampled_from(names)), -amount), (draw(st.sampled_from(names)), amount)]
    if draw(st.integers(0, 19)) == 0:
        made[0] = (made[0][0], made[0][1] - 1)  # does not balance
    return made


@st.composite
def small_legs(draw):
    """Cash from one account to another, as most drafts of a batch move it."""
    amount = draw(st.sampled_from([1, 20, 50, 100, 700]))
    payer, payee = draw(st.sampled_from([(ADA, BEN), (BEN, ADA), (ADA, TRADING), (TRADING, BEN), (BANK, ADA)]))
    return [(payer, -amount), (payee, amount)]


@st.composite
def drafts(draw):
    pending, at = draw(st.sampled_from([False, False, True])), draw(noons)
    return {
        "reason": "MANUAL_ADJUSTMENT",
        "legs": draw(st.one_of(small_legs(), small_legs(), legs())),
        "key": draw(st.sampled_from([None] * 5 + ["k1", "k6", "k7"])),
        "source": draw(st.sampled_from([None] * 5 + ["s1", "s3"])),
        "pending": pending,
        "end": draw(ends) if pending else None,
        "ends_on": draw(st.sampled_from([(), (STATUS,)])) if pending else (),
        "conditions": draw(st.one_of(st.just([]), wishes)),
        "chain": draw(st.sampled_from([None, None, "a", "a", "a", "b"])),
        "at": at,
        "lands": at is not None and draw(landings),
    }
