"""What the bank's reason codes mean for us and for the client.

Source: ISO 20022 external code set ExternalStatusReason1Code / ExternalReturnReason1Code and the EPC guidance
on reason codes for SEPA R-transactions (EPC173-14). An unknown code gets a safe default: not retriable,
neutral words. The words must never tell a client about our own accounts, nor accuse anybody (fraud and
regulatory codes are neutral on purpose).
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """`code` is stable and ours; `retriable` means: the same payout may succeed later with nothing
    changed."""

    code: str
    client_text: str
    retriable: bool


_WRONG_ACCOUNT = "The bank does not know this account number. Check the IBAN and ask again with the right one."
_CLOSED = "This bank account is closed. Choose another account."
_BLOCKED = "The receiving bank cannot credit this account. Ask your bank, or choose another account."
_NAME = "The account holder's name does not agree with the bank's records. Check the name and the IBAN."
_BANK = "The receiving bank could not be reached with these details. Check the IBAN and the BIC."
_NOT_POSSIBLE = "This account cannot receive this kind of payment. Choose another account."
_LATER = "The bank could not send the payment yet. Your money is safe and we are looking into it."
_RETURNED = "The receiving bank sent the money back. Check the account details, or choose another account."
_NEUTRAL = "The bank did not carry out this payment. Your money is safe; our team will write if we need anything."


def _meaning(code: str, client_text: str, *, retriable: bool = False) -> Meaning:
    return Meaning(code=code, client_text=client_text, retriable=retriable)


UNKNOWN = _meaning("bank_refused", _NEUTRAL)

MEANINGS: dict[str, Meaning] = {
    "AC01": _meaning("account_number_wrong", _WRONG_ACCOUNT),
    "AC02": _meaning("own_account_wrong", _LATER),  # our account in the file, not the client's
    "AC03": _meaning("account_number_wrong", _WRONG_ACCOUNT),
    "AC04": _meaning("account_closed", _CLOSED),
    "AC05": _meaning("own_account_closed", _LATER),
    "AC06": _meaning("account_blocked", _BLOCKED),
    "AC13": _meaning("own_account_kind_wrong", _LATER),
    "AC14": _meaning("account_kind_not_allowed", _NOT_POSSIBLE),
    "AG01": _meaning("payment_not_allowed_on_account", _NOT_POSSIBLE),
    "AG02": _meaning("payment_kind_wrong", _NEUTRAL),
    "AG09": _meaning("payment_not_received", _LATER),
    "AG10": _meaning("bank_suspended", _BANK),
    "AG11": _meaning("bank_suspended", _BANK),
    "AM02": _meaning("amount_not_allowed", _NEUTRAL),
    "AM03": _meaning("currency_not_allowed", _NOT_POSSIBLE),
    "AM04": _meaning("own_funds_short", _LATER, retriable=True),
    "AM05": _meaning("duplicate", _LATER),
    "AM09": _meaning("amount_wrong", _RETURNED),
    "AM10": _meaning("control_sum_wrong", _LATER),
    "AM21": _meaning("limit_exceeded", _LATER),
    "AM23": _meaning("limit_exceeded", _LATER),
    "BE01": _meaning("name_differs", _NAME),
    "BE04": _meaning("creditor_address_missing", "The bank needs the account holder's full address."),
    "BE05": _meaning("initiator_not_recognised", _LATER),
    "BE06": _meaning("holder_unknown", _NAME),
    "BE07": _meaning("own_address_missing", _LATER),
    "BE16": _meaning("identification_wrong", _NEUTRAL),
    "CNOR": _meaning("bank_not_reachable", _BANK),
    "CURR": _meaning("currency_not_allowed", _NOT_POSSIBLE),
    "CUST": _meaning("returned_by_beneficiary", _RETURNED),
    "DNOR": _meaning("own_bank_not_registered", _LATER),
    "DT01": _meaning("date_wrong", _LATER, retriable=True),
    "DU01": _meaning("duplicate", _LATER),
    "DUPL": _meaning("duplicate", _LATER),
    "ED05": _meaning("settlement_failed", _LATER, retriable=True),
    "ERIN": _meaning("clearing_not_possible", _NEUTRAL),
    "FF01": _meaning("file_format_wrong", _LATER),
    "FOCR": _meaning("returned_after_recall", _RETURNED),
    "FR01": _meaning("refused_by_bank_review", _NEUTRAL),
    "FRAD": _meaning("refused_by_bank_review", _NEUTRAL),
    "MD07": _meaning("holder_deceased", _BLOCKED),
    "MS02": _meaning("refused_by_beneficiary", _RETURNED),
    "MS03": _meaning("reason_not_given", _RETURNED),
    "NARR": _meaning("see_bank_text", _NEUTRAL),
    "NOAS": _meaning("no_answer_from_beneficiary", _RETURNED),
    "NOOR": _meaning("original_not_found", _NEUTRAL),
    "RC01": _meaning("bank_identifier_wrong", _BANK),
    "RC07": _meaning("bank_identifier_wrong", _BANK),
    "RR01": _meaning("own_details_missing", _NEUTRAL),
    "RR02": _meaning("own_details_missing", _NEUTRAL),
    "RR03": _meaning("holder_details_missing", _NAME),
    "RR04": _meaning("refused_by_bank_review", _NEUTRAL),
    "TECH": _meaning("technical_problem", _LATER),
    "TM01": _meaning("after_cut_off", _LATER, retriable=True),
    "UPAY": _meaning("undue_payment", _RETURNED),
}


def meaning(reason: str) -> Meaning:
    """What an ISO reason code means. Unknown or missing codes give UNKNOWN; never raises."""
    return MEANINGS.get(reason.strip().upper(), UNKNOWN)
