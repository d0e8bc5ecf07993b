"""The words of decisions: complete, safe for clients, and never a raw code."""

import pytest

from payments.connectors.bank.sepa import codes
from payments.decisions import REASON_CODES, REJECT_CODES, SEND_BACK_CODES, reason_code


@pytest.mark.parametrize("code", REASON_CODES)
def test_every_code_has_words_for_staff_and_for_clients(code: str) -> None:
    reason = REASON_CODES[code]
    assert reason.code == code
    assert len(code) <= 40, "it must fit its column"
    assert reason.staff[0].isupper() and not reason.staff.endswith(".")
    assert reason.client.endswith(".") and reason.client[0].isupper()
    assert code not in reason.client and "_" not in reason.client


def test_what_staff_choose_from_is_worded() -> None:
    assert set(REJECT_CODES) | set(SEND_BACK_CODES) <= set(REASON_CODES)
    assert "other" in REJECT_CODES and "other" in SEND_BACK_CODES


@pytest.mark.parametrize("code", ["", "AC04", "made_up", "not_received", "__class__"])
def test_an_unknown_code_gets_the_safe_words(code: str) -> None:
    assert reason_code(code) is REASON_CODES["other"]


def test_no_client_is_told_of_a_suspicion() -> None:
    words = " ".join(reason.client.lower() for reason in REASON_CODES.values())
    words += " ".join(meaning.client_text.lower() for meaning in codes.MEANINGS.values())
    assert not [word for word in ("fraud", "suspicio", "suspect", "launder", "sanction", "blacklist") if word in words]
