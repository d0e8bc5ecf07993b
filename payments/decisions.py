"""The words of decisions: reason codes for rejecting, sending back and failing, for staff and for clients.

A client never sees a raw code or a provider's text; an unknown code gets the safe words of "other".
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReasonCode:
    code: str
    staff: str
    client: str


REASON_CODES: dict[str, ReasonCode] = {
    reason.code: reason
    for reason in (
        ReasonCode("payee_not_client", "The payee is not the client",
                   "We can only pay to an account in your own name."),
        ReasonCode("kyc_incomplete", "KYC is not complete", "We need to finish checking your documents first."),
        ReasonCode("documents_needed", "Documents are needed", "We need a document from you to continue."),
        ReasonCode("payee_details", "The payee's details look wrong", "Please check the bank details you gave us."),
        ReasonCode("return_to_source", "Must go back to the funding method first",
                   "The money has to go back to the card or account it came from first."),
        ReasonCode("trading_exposure", "Open positions need this money", "Your open positions need this money."),
        ReasonCode("client_asked", "The client asked for it", "You asked us not to continue."),
        ReasonCode("suspected_fraud", "Suspected fraud", "We could not continue with this request. Please contact us."),
        ReasonCode("account_closed", "The bank account is closed", "The bank account is closed."),
        ReasonCode("account_invalid", "The account number is wrong", "The bank does not know this account number."),
        ReasonCode("bank_refused", "The bank refused the payout", "The bank could not carry out the payment."),
        ReasonCode("unreachable", "The other system could not be reached", "We could not reach the other system."),
        ReasonCode("insufficient_on_platform", "Not enough free margin on the platform",
                   "There is not enough free margin on your trading account."),
        ReasonCode("platform_refused", "The platform refused", "The trading platform did not accept the transfer."),
        ReasonCode("other", "Another reason, see the note", "We could not continue with this request."),
    )
}  # fmt: skip

REJECT_CODES = ("payee_not_client", "kyc_incomplete", "return_to_source", "trading_exposure", "client_asked",
                "suspected_fraud", "other")  # fmt: skip
SEND_BACK_CODES = ("documents_needed", "payee_details", "kyc_incomplete", "other")


def reason_code(code: str) -> ReasonCode:
    """The words of a code; the safe ones of "other" for a code that nobody has worded."""
    return REASON_CODES.get(code, REASON_CODES["other"])
