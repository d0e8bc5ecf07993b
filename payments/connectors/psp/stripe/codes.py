"""Stripe's decline and failure codes in our stable codes, and our codes in words a client may read.

One table each way. Two habits: a code we do not know becomes `declined` with `mapped=False`, so that staff
see the gap and the client still gets a true sentence; and suspicion of theft or fraud is never told to the
payer.

Source: Stripe documentation, "Decline codes" and "Error codes".
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Decline:
    """Why a card payment did not happen. `code` is ours and stable, `text` is for the client."""

    code: str
    text: str
    provider_code: str
    mapped: bool


WORDS: dict[str, str] = {
    "declined": "The payment did not go through. Nothing was taken.",
    "card_declined": "Your bank declined the card. Nothing was taken.",
    "insufficient_funds": "There is not enough money on the card. Nothing was taken.",
    "limit_reached": "The card has reached a limit set by your bank. Nothing was taken.",
    "card_expired": "The card has expired. Nothing was taken.",
    "card_details_wrong": "The card details are not right. Check them and try again. Nothing was taken.",
    "authentication_needed": "Your bank wants you to confirm the payment. Try again. Nothing was taken.",
    "card_not_supported": "This card cannot be used for this payment. Use another card. Nothing was taken.",
    "currency_not_supported": "This card cannot pay in this currency. Nothing was taken.",
    "try_again": "Your bank could not answer. Try again in a few minutes. Nothing was taken.",
    "duplicate": "The same payment was just made with this card. Nothing more was taken.",
    "amount_not_allowed": "This amount cannot be paid by card. Nothing was taken.",
    "expired": "The payment was not finished in time. Nothing was taken.",
    "cancelled": "The payment was cancelled. Nothing was taken.",
    "refund_failed": "The refund did not reach your card. We are looking for another way.",
}

_SAME_WORDS_AS = {
    "card_declined": (
        "card_declined generic_decline do_not_honor call_issuer no_action_taken not_permitted "
        "transaction_not_allowed "
        "restricted_card revocation_of_all_authorizations revocation_of_authorization security_violation "
        "stop_payment_order service_not_allowed fraudulent lost_card stolen_card pickup_card "
        "merchant_blacklist new_account_information_available highest_risk_level elevated_risk_level"
    ),
    "insufficient_funds": "insufficient_funds",
    "limit_reached": "card_velocity_exceeded withdrawal_count_limit_exceeded pin_try_exceeded",
    "card_expired": "expired_card",
    "card_details_wrong": (
        "incorrect_number invalid_number incorrect_cvc invalid_cvc incorrect_zip incorrect_address "
        "incorrect_pin invalid_pin invalid_account invalid_expiry_month invalid_expiry_year"
    ),
    "authentication_needed": (
        "authentication_required approve_with_id offline_pin_required online_or_offline_pin_required "
        "payment_intent_authentication_failure authentication_not_handled"
    ),
    "card_not_supported": "card_not_supported testmode_decline test_mode_live_card",
    "currency_not_supported": "currency_not_supported",
    "try_again": "issuer_not_available processing_error reenter_transaction try_again_later",
    "duplicate": "duplicate_transaction",
    "amount_not_allowed": "invalid_amount amount_too_large amount_too_small",
    "expired": "payment_intent_payment_attempt_expired",
}
_DECLINES = {theirs: ours for ours, listed in _SAME_WORDS_AS.items() for theirs in listed.split()}

# `cancellation_reason` of a payment intent.
_CANCELLATIONS = {
    "automatic": "expired",
    "abandoned": "expired",
    "duplicate": "cancelled",
    "failed_invoice": "cancelled",
    "fraudulent": "card_declined",
    "requested_by_customer": "cancelled",
    "void_invoice": "cancelled",
}


def explain(provider_code: str) -> Decline:
    """Our code and the client's sentence for a decline or error code; unknown and empty ones are
    `declined`, unmapped."""
    return _decline(provider_code, _DECLINES.get(provider_code), otherwise="declined")


def explain_cancellation(provider_code: str) -> Decline:
    """The same for the reason of a cancelled payment; no reason at all is an ordinary cancellation."""
    ours = _CANCELLATIONS.get(provider_code) if provider_code else "cancelled"
    return _decline(provider_code, ours, otherwise="cancelled")


def words(code: str) -> str:
    """The client's sentence for one of *our* codes; the safe sentence for any other text."""
    return WORDS.get(code, WORDS["declined"])


def _decline(provider_code: str, ours: str | None, *, otherwise: str) -> Decline:
    code = ours or otherwise
    return Decline(code=code, text=WORDS[code], provider_code=provider_code, mapped=ours is not None)
