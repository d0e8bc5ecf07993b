"""Why a currency conversion is refused: one class per cause, each with its own stable code.

A refusal moves nothing. An expired or stale price is never stretched: the client asks for a new one.
"""

from ledger.errors import DomainError, InvalidRequest


class QuoteExpired(DomainError):
    code = "quote_expired"
    facts = ("expired_at",)
    default_detail = "The quote has expired. Ask for a new one."


class QuoteUsed(DomainError):
    code = "quote_used"
    facts = ("conversion",)
    default_detail = "The quote has been used. A quote converts once."


class RateStale(DomainError):
    code = "rate_stale"
    facts = ("published_at",)
    default_detail = "The rate is too old to convert at. Try again when a fresh one has arrived."


class UnsupportedPair(DomainError):
    code = "unsupported_pair"
    default_detail = "There is no rate between these currencies."


class SameCurrency(InvalidRequest):
    default_detail = "Choose two different currencies."
