"""Which line may match by itself, which only proposes, and what makes a sure thing unsure."""

from datetime import date, timedelta

import pytest

from ledger.money import Money
from reconciliation.matching import rules
from reconciliation.matching.rules import WINDOW_DAYS, Candidate, Line, Proposal

OURS = "WWE01K0000000000000000000000" + "A01"
OTHER = "WWE01K0000000000000000000000" + "B01"
PAYOUT = "po_1OuExample"
IBAN = "DE02120300000000202051"
DAY = date(2026, 11, 20)


def eur(text: str) -> Money:
    return Money.of(text, "EUR")


def paid(net: str = "100", *, ref: str = "wd_a", e2e: str = OURS) -> Candidate:
    return Candidate(kind="withdrawal", ref=ref, money=-eur(net), end_to_end_id=e2e)


def returned(net: str = "100", *, ref: str = "wd_a", e2e: str = OURS) -> Candidate:
    return Candidate(kind="withdrawal_return", ref=ref, money=eur(net), end_to_end_id=e2e)


def settled(net: str = "971", *, ref: str = "xr_p") -> Candidate:
    return Candidate(kind="psp_payout", ref=ref, money=eur(net), provider_reference=PAYOUT)


def person(*, name: str = "Dana Demo", ibans: tuple[str, ...] = (), ref: str = "cl_a") -> Candidate:
    return Candidate(kind="client", ref=ref, name=name, ibans=ibans)


def best(line: Line, *candidates: Candidate) -> Proposal | None:
    return next(iter(rules.propose(line, candidates)), None)


def auto(line: Line, *candidates: Candidate) -> str | None:
    found = rules.automatic(rules.propose(line, candidates))
    return found and f"{found.candidate.kind} {found.candidate.ref}"


DEBIT = Line(money=eur("-100"), end_to_end_id=OURS)
PSP = Line(money=eur("971"), text=f"STRIPE {PAYOUT} SETTLEMENT")


@pytest.mark.parametrize(
    ("line", "candidate", "rule", "tier", "differs"),
    [
        (DEBIT, paid(), "our_reference", 1, ()),
        (Line(money=eur("-100"), text=f"Withdrawal {OURS}"), paid(), "our_reference", 1, ()),
        (Line(money=eur("-99.99"), end_to_end_id=OURS), paid(), "our_reference", 1, ("amount",)),
        (Line(money=Money.of("-100", "USD"), end_to_end_id=OURS), paid(), "our_reference", 1, ("currency",)),
        (Line(money=eur("100"), end_to_end_id=OURS), returned(), "our_reference", 1, ()),
        (Line(money=eur("100"), end_to_end_id=OURS, is_return=True), returned(), "our_reference", 1, ()),
        (Line(money=eur("97.50"), end_to_end_id=OURS, is_return=True), returned(), "our_reference", 1, ("amount",)),
        (PSP, settled(), "provider_reference", 2, ()),
        (Line(money=eur("970"), text=PAYOUT), settled(), "provider_reference", 2, ("amount",)),
        (Line(money=eur("-20"), text=PAYOUT), settled("-20"), "provider_reference", 2, ()),
        (Line(money=eur("250"), iban=IBAN), person(ibans=(IBAN,)), "sender", 3, ()),
        (Line(money=eur("250"), name="DEMO, Dana"), person(), "sender", 3, ()),
        (Line(money=eur("-100"), on=DAY), Candidate(kind="withdrawal", ref="w", money=eur("-100"), on=DAY),
         "amount_in_window", 4, ()),
    ],
)  # fmt: skip
def test_the_table(line: Line, candidate: Candidate, rule: str, tier: int, differs: tuple[str, ...]) -> None:
    found = best(line, candidate)
    assert found is not None
    assert (found.rule, found.tier, found.differs) == (rule, tier, differs)
    assert 0 <= found.score <= 100
    assert bool(auto(line, candidate)) == (tier <= 2 and not differs)


@pytest.mark.parametrize(
    ("line", "candidate"),
    [
        (DEBIT, paid(e2e=OTHER)),
        (DEBIT, returned()),  # a debit is never a return
        (Line(money=eur("100"), end_to_end_id=OURS), paid()),  # a credit is never a payment
        (Line(money=eur("971"), text="po_1OuExampleX"), settled()),  # another id that begins alike
        (Line(money=eur("971"), text="payout"), settled()),
        (Line(money=eur("250"), name="Dana"), person()),
        (Line(money=eur("250"), name=" ,. "), person(name="")),
        (Line(money=eur("250"), iban="DE1"), person(ibans=())),
        (Line(money=eur("-100")), Candidate(kind="withdrawal", ref="w", money=eur("-100"), on=DAY)),
        (Line(money=eur("-100"), on=DAY + timedelta(days=WINDOW_DAYS + 1)),
         Candidate(kind="withdrawal", ref="w", money=eur("-100"), on=DAY)),
    ],
)  # fmt: skip
def test_what_is_no_match_at_all(line: Line, candidate: Candidate) -> None:
    assert best(line, candidate) is None


def test_a_name_an_account_and_an_amount_together_still_never_match_by_themselves() -> None:
    line = Line(money=eur("100"), name="Dana Demo", iban="DE1", on=DAY)
    everything = [
        person(ibans=("DE1",)),
        Candidate(kind="withdrawal_return", ref="wd_a", money=eur("100"), on=DAY),
    ]
    proposals = rules.propose(line, everything)
    assert [proposal.tier for proposal in proposals] == [3, 4]
    assert proposals[0].score == 90
    assert rules.automatic(proposals) is None


def test_two_that_claim_a_line_equally_leave_it_to_a_person() -> None:
    assert auto(DEBIT, paid(ref="wd_a"), paid(ref="wd_b")) is None
    assert auto(PSP, settled(ref="xr_1"), settled(ref="xr_2")) is None


def test_our_own_reference_is_stronger_than_the_providers() -> None:
    line = Line(money=eur("-100"), end_to_end_id=OURS, text=PAYOUT)
    assert auto(line, paid(), settled("-100")) == "withdrawal wd_a"


def test_a_weaker_sure_thing_does_not_win_where_a_stronger_reference_disagrees() -> None:
    """Our own payout is named with another amount: that a provider's payout has just this amount proves nothing."""
    line = Line(money=eur("-100"), end_to_end_id=OURS, text=PAYOUT)
    assert auto(line, paid("90"), settled("-100")) is None


def test_a_second_reference_of_ours_with_another_amount_does_not_disturb() -> None:
    line = Line(money=eur("-100"), end_to_end_id=OURS, text=f"replaces {OTHER}")
    assert auto(line, paid(), paid("70", ref="wd_b", e2e=OTHER)) == "withdrawal wd_a"


def test_proposals_stand_best_first_and_one_per_candidate() -> None:
    line = Line(money=eur("100"), end_to_end_id=OURS, is_return=True, name="Dana Demo", iban="DE1", on=DAY)
    proposals = rules.propose(line, [person(ref="cl_b"), person(ibans=("DE1",)), returned("90"), returned(ref="wd_z")])
    assert [(p.candidate.ref, p.tier) for p in proposals] == [("wd_z", 1), ("wd_a", 1), ("cl_a", 3), ("cl_b", 3)]


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        (f"x {OURS}, {PAYOUT}.", {OURS, PAYOUT}),
        ("wd_01k0abcdef dep_01k0abcdef", {"wd_01k0abcdef", "dep_01k0abcdef"}),
        ("po_12", set()),
        ("", set()),
        ("ordinary words only", set()),
    ],
)
def test_references_in_free_text(text: str, tokens: set[str]) -> None:
    assert Line(money=eur("1"), text=text).tokens == tokens


@pytest.mark.parametrize(
    ("one", "other"), [("Dana Demo", "demo  DANA"), ("Müller-Lüdenscheid, A.", "a müller lüdenscheid"), ("ß", "SS")]
)
def test_names_are_the_same_whatever_order_and_case(one: str, other: str) -> None:
    assert rules.words(one) == rules.words(other)
