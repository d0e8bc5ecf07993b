"""The test cards of the simulated card page and what each of them does.

A number is looked up and forgotten: only the brand and the last four digits are ever kept. The numbers are
Stripe's published test numbers where Stripe has one for the case.

Source: Stripe documentation, "Testing", test card numbers.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Card:
    """`does` is one of: pay, decline, authorise, dispute, slow."""

    does: str
    label: str
    code: str = ""
    decline_code: str = ""
    message: str = ""


_DECLINED = "Your card was declined."
CARDS: dict[str, Card] = {
    "4242424242424242": Card(does="pay", label="Pays at once"),
    "5555555555554444": Card(does="pay", label="Pays at once (Mastercard)"),
    "4000000000000002": Card(
        does="decline",
        label="Declined",
        code="card_declined",
        decline_code="generic_decline",
        message=_DECLINED,
    ),
    "4000000000009995": Card(
        does="decline",
        label="Declined: not enough money",
        code="card_declined",
        decline_code="insufficient_funds",
        message="Your card has insufficient funds.",
    ),
    "4000000000009987": Card(
        does="decline",
        label="Declined: reported lost",
        code="card_declined",
        decline_code="lost_card",
        message=_DECLINED,
    ),
    "4000000000000069": Card(
        does="decline", label="Declined: expired", code="expired_card", message="Your card has expired."
    ),
    "4000000000000127": Card(
        does="decline",
        label="Declined: wrong security code",
        code="incorrect_cvc",
        message="Your card's security code is incorrect.",
    ),
    "4000000000000119": Card(
        does="decline",
        label="Declined: bank could not answer",
        code="processing_error",
        message="An error occurred while processing your card. Try again in a little bit.",
    ),
    "4000000000003220": Card(does="authorise", label="Approved, taken later (must be captured)"),
    "4000000000005126": Card(does="slow", label="Pays after a few seconds"),
    "4000000000000259": Card(does="dispute", label="Pays, then the holder disputes it"),
}
_UNKNOWN = Card(
    does="decline",
    label="",
    code="card_declined",
    decline_code="test_mode_live_card",
    message="Your card was declined. This is a simulator: use one of the test cards.",
)


def digits(text: str) -> str:
    """The number without blanks and dashes; "" when anything else is in it or the check digit is wrong."""
    number = text.replace(" ", "").replace("-", "")
    if not number.isascii() or not number.isdigit() or not 12 <= len(number) <= 19:
        return ""
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(number))]
    return number if sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0 else ""


def look_up(number: str) -> Card:
    """What a well-formed number does; unknown ones are declined, as Stripe declines real cards in test
    mode."""
    return CARDS.get(number, _UNKNOWN)


def brand(number: str) -> str:
    return {"4": "visa", "5": "mastercard", "3": "amex"}.get(number[:1], "unknown")
