"""Why something did not happen, in words for the client. Codes of providers never get past this module.

An unknown code gives a true and safe sentence; staff see the code and the gap on their own pages.
"""

from decimal import Decimal

from django.utils.translation import gettext

from ledger.errors import AccountClosed, AccountFrozen, DomainError, InsufficientAvailable, InvalidTransition
from ledger.money import Money
from payments import decisions
from payments.connectors.bank.sepa import codes as bank_codes
from payments.connectors.psp.stripe import codes as card_codes
from portal import formats

_BANK_TEXTS = {meaning.code: meaning.client_text for meaning in bank_codes.MEANINGS.values()}


def of_refusal(error: DomainError) -> str:
    """Why something was not done just now. Account codes and states are the ledger's words, not a client's."""
    match error:
        case InsufficientAvailable() if "currency" in error.data:
            available = Money.of(Decimal(error.data["available"]), error.data["currency"])
            return not_enough(available)
        case AccountFrozen() | AccountClosed():
            return gettext("Your account is restricted at the moment. Please contact us.")
        case InvalidTransition():
            return gettext("This is no longer possible: it has moved on since you looked.")
    return gettext(error.detail)


def not_enough(available: Money) -> str:
    return gettext("You have %(amount)s available.") % {"amount": formats.amount(available)}


def of_deposit(code: str) -> str:
    """Why a payment was not completed."""
    return gettext(card_codes.words(code))


def of_withdrawal(code: str, state: str) -> str:
    """Why a withdrawal was refused, sent back, not sent or returned; "" where there is nothing to explain."""
    if not code:
        return gettext("We need a document or an answer from you.") if state == "needs_information" else ""
    if code in _BANK_TEXTS:
        return gettext(_BANK_TEXTS[code])
    if code.upper() in bank_codes.MEANINGS:
        return gettext(bank_codes.meaning(code).client_text)
    return gettext(decisions.reason_code(code).client)


def of_transfer(code: str) -> str:
    """Why a transfer was refused."""
    return gettext(decisions.reason_code(code).client) if code else ""
