"""Whatever Stripe's reason, the payer reads a true and calm sentence, and staff see what we did not know."""

import pytest

from payments.connectors.psp.stripe import codes


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("generic_decline", "card_declined"),
        ("insufficient_funds", "insufficient_funds"),
        ("expired_card", "card_expired"),
        ("incorrect_cvc", "card_details_wrong"),
        ("processing_error", "try_again"),
        ("authentication_required", "authentication_needed"),
    ],
)
def test_known_codes(theirs: str, ours: str) -> None:
    decline = codes.explain(theirs)
    assert (decline.code, decline.mapped, decline.provider_code) == (ours, True, theirs)


@pytest.mark.parametrize("theirs", ["", "never_seen", "INSUFFICIENT_FUNDS"])
def test_unknown_codes_are_safe_and_flagged(theirs: str) -> None:
    decline = codes.explain(theirs)
    assert (decline.code, decline.mapped) == ("declined", False)
    assert decline.text == "The payment did not go through. Nothing was taken."


@pytest.mark.parametrize("suspicion", ["fraudulent", "lost_card", "stolen_card", "pickup_card", "merchant_blacklist"])
def test_a_payer_is_never_told_of_a_suspicion(suspicion: str) -> None:
    assert codes.explain(suspicion) == codes.Decline(
        code="card_declined",
        text="Your bank declined the card. Nothing was taken.",
        provider_code=suspicion,
        mapped=True,
    )


def test_cancellations_have_their_own_words() -> None:
    assert codes.explain_cancellation("automatic").code == "expired"
    assert codes.explain_cancellation("requested_by_customer").code == "cancelled"
    assert codes.explain_cancellation("").mapped
    assert not codes.explain_cancellation("new_reason").mapped


def test_every_code_of_ours_has_words() -> None:
    assert all(text.endswith(".") for text in codes.WORDS.values())
    assert codes.words("card_expired") == "The card has expired. Nothing was taken."
    assert codes.words("something else") == codes.WORDS["declined"]
