"""Reason codes: stable, kind to the client, and careful about trying again."""

import re

import pytest

from payments.connectors.bank.sepa.codes import MEANINGS, UNKNOWN, meaning

NAMED = ("AC01", "AC04", "AC06", "AG01", "AM04", "BE04", "FOCR", "MD07", "MS03", "RC01")


@pytest.mark.parametrize("reason", NAMED)
def test_the_usual_reasons_have_a_meaning_of_their_own(reason: str) -> None:
    assert meaning(reason) is MEANINGS[reason]
    assert meaning(f" {reason.lower()} ") is MEANINGS[reason]


@pytest.mark.parametrize("reason", ["", "ZZ99", "HOUSE-7", "⚠"])
def test_an_unknown_reason_is_neutral_and_never_tried_again(reason: str) -> None:
    assert meaning(reason) is UNKNOWN
    assert not UNKNOWN.retriable


def test_codes_are_stable_words_and_texts_are_sentences() -> None:
    for reason, found in MEANINGS.items():
        assert re.fullmatch(r"[A-Z]{2,4}[0-9]{0,2}", reason)
        assert re.fullmatch(r"[a-z_]+", found.code)
        assert found.client_text[0].isupper() and found.client_text.endswith(".")


def test_what_needs_a_changed_account_is_never_retried_and_our_own_troubles_are_not_told() -> None:
    assert {reason for reason, found in MEANINGS.items() if found.retriable} == {"AM04", "DT01", "ED05", "TM01"}
    for found in (*MEANINGS.values(), UNKNOWN):
        assert not re.search(r"fund|fraud|money launder|our account|suspicio|deceased|dead", found.client_text, re.I)
