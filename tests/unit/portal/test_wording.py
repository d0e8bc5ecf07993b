"""Clients find words for every state that can exist, each with all five answers, and never a code."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from ledger.models import Hold
from ledger.money import Money
from ledger.reasons import REASONS
from payments import states
from payments.models import Refund
from portal import wording
from portal.queries.filters import KINDS
from portal.wording.entries import ENTRIES, TOLD_BY_MOVEMENTS, TRADING_RESULTS, entry
from portal.wording.holds import WHY
from portal.wording.sentence import Deadline, Sentence
from portal.wording.shape import Tone

ALL = [(noun, state) for noun in wording.NOUNS for state in wording.NOUNS[noun].states]

# Reasons that never touch a client's own account, or only ever inside a movement.
NOT_THE_CLIENTS = {
    "DEPOSIT_SETTLED", "PSP_FEE", "PSP_RESERVE_HELD", "PSP_RESERVE_RELEASED", "BANK_RECEIPT_UNMATCHED",
    "SUSPENSE_RETURNED", "WITHDRAWAL_SETTLED", "CHARGEBACK_FEE",
}  # fmt: skip


@pytest.mark.parametrize("graph", [g for g in states.GRAPHS if g.noun != "adjustment"], ids=lambda g: g.noun)
def test_every_state_of_every_graph_has_words(graph: states.Graph) -> None:
    assert set(wording.NOUNS[graph.noun].states) == set(graph.states)


def test_an_adjustment_is_shown_as_the_correction_it_makes() -> None:
    """Drafted, awaiting and rejected adjustments are the firm's own business; only what is applied is shown."""
    assert ENTRIES["MANUAL_ADJUSTMENT"].kind == "correction"


def test_every_state_of_refunds_and_holds_has_words() -> None:
    assert set(wording.NOUNS["refund"].states) == set(Refund.State.values)
    assert set(wording.NOUNS["hold"].states) == set(Hold.State.values)
    assert set(WHY) == set(Hold.Kind.values)


def test_every_reason_that_can_touch_a_client_has_words() -> None:
    forward = {code for code, reason in REASONS.items() if not code.endswith("_REVERSAL")}
    assert forward - set(ENTRIES) - TOLD_BY_MOVEMENTS - NOT_THE_CLIENTS == set()
    assert {entry(code).kind for code in REASONS} <= set(KINDS)
    assert str(entry("DEPOSIT_CAPTURED_REVERSAL").title) == "Correction of “Deposit”"
    assert {entry(REASONS[code].reversal_code).kind for code in TRADING_RESULTS} == {"trading"}


@pytest.mark.parametrize(("noun", "state"), ALL)
def test_each_state_answers_all_five_questions(noun: str, state: str) -> None:
    words = wording.of(noun, state)
    assert str(words.title) and str(words.where) and str(words.next) and str(words.act) and str(words.status)
    if not words.final:
        assert str(words.usually), "an open state says when"
        assert str(words.late), "an open state says what we do if that passes"
    steps = len(wording.NOUNS[noun].steps)
    assert 0 <= words.step <= steps
    assert not words.stopped or words.step < steps, "what stopped, stopped at a step"
    assert words.tone is not Tone.DONE or words.step == steps
    assert not words.yours or str(words.act) != "Nothing."


@pytest.mark.parametrize(("noun", "state"), ALL)
def test_sentences_use_only_the_values_that_their_noun_has(noun: str, state: str) -> None:
    known = wording.NOUNS[noun].values
    for text in wording.of(noun, state).texts:
        assert set(re.findall(r"%\((\w+)\)s", str(text))) <= known
        Sentence(text, dict.fromkeys(known, "x"))  # every placeholder can be filled
        assert str(Sentence(text, dict.fromkeys(known, "x"))) or not str(text)


@pytest.mark.parametrize(("noun", "state"), ALL)
def test_no_client_reads_an_internal_word(noun: str, state: str) -> None:
    words = wording.of(noun, state)
    for text in (*words.texts, words.status):
        assert not re.search(r"\b(capture|settled|authoris|pending|instructed|PSP|ledger)", str(text), re.IGNORECASE)


def test_filter_groups_cover_every_state() -> None:
    for noun in wording.NOUNS:
        grouped = {state for group in ("open", "done", "stopped") for state in wording.states_in(noun, group)}
        assert grouped == set(wording.NOUNS[noun].states)
    assert wording.states_in("withdrawal", "yours") == ("needs_information",)
    assert wording.states_in("withdrawal", "paid") == ("paid",)
    assert wording.states_in("transfer", "paid") == ()


def test_what_people_typed_can_not_break_a_page() -> None:
    sentence = Sentence("To %(payee)s: %(amount)s & more", {
        "payee": '<script>alert("x")</script>', "amount": Money.of("-5.00", "EUR"),
    })  # fmt: skip
    page = sentence.__html__()
    assert "<script>" not in page and "&lt;script&gt;" in page
    assert "&amp; more" in page
    assert str(sentence) == 'To <script>alert("x")</script>: \u22125.00\u00a0EUR & more'


def test_a_time_in_a_sentence_says_its_zone() -> None:
    now = timezone.now()
    with timezone.override("Asia/Kolkata"):
        page = Sentence("since %(since)s", {"since": now}).__html__()
        assert "UTC+05:30 (Asia/Kolkata)" in page and f'datetime="{now.isoformat()}"' in page
        assert "(in 2 hours)" in str(Sentence("by %(by)s", {"by": Deadline(now + timedelta(hours=2), now)}))
