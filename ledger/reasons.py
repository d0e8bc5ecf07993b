"""The reason-code catalogue: why money may move, between which kinds of accounts, and what a client is told.

Each transaction carries exactly one of these codes. A code names the kinds of account it may debit and credit, the
permission that a person needs to use it by hand (empty: only the system's own flows use it), and its own reversal code.
The catalogue is copied into the database by `ledger.reference`, where a foreign key refuses an unknown code.
"""

from dataclasses import dataclass

from ledger.errors import InvalidRequest, ReasonNotAllowed

_CLIENT = frozenset({"wallet", "held", "pocket", "trading", "bonus", "debt"})
_CASH = frozenset({"wallet", "pocket"})
_PSP = frozenset({"psp_clearing", "psp_reserve", "psp_payout"})
_BANK = frozenset({"bank_client_money", "bank_own"})
_TRADING = frozenset({"trading", "trading_pnl", "income", "expense"})
_ANY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Reason:
    """`title` is the client's wording. Empty `debits`/`credits` allow every kind. `passes_freeze`: settles what has
    already happened elsewhere, so a frozen account does not stop it."""

    code: str
    title: str
    debits: frozenset[str] = _ANY
    credits: frozenset[str] = _ANY
    permission: str = ""
    reversal: str = ""
    passes_freeze: bool = False

    @property
    def reversal_code(self) -> str:
        return self.reversal or f"{self.code}_REVERSAL"


def _kinds(*parts: str | frozenset[str]) -> frozenset[str]:
    kinds: frozenset[str] = frozenset()
    for part in parts:
        kinds |= part if isinstance(part, frozenset) else frozenset({part})
    return kinds


_FORWARD = (
    Reason("DEPOSIT_CAPTURED", "Deposit", _kinds(_PSP, _BANK, "expense"), _kinds("wallet", "debt")),
    Reason("DEPOSIT_FEE", "Deposit fee", _kinds("wallet"), _kinds("income")),
    Reason("DEPOSIT_SETTLED", "Deposit settled", _kinds(_BANK, _PSP, "expense"), _kinds(_PSP, _BANK)),
    Reason("PSP_FEE", "Provider fee", _kinds("expense", _PSP), _kinds(_PSP, "expense")),
    Reason("PSP_RESERVE_HELD", "Reserve held by the provider", _kinds("psp_reserve"), _kinds("psp_clearing")),
    Reason("PSP_RESERVE_RELEASED", "Reserve released by the provider", _kinds("psp_clearing"), _kinds("psp_reserve")),
    Reason("BANK_RECEIPT", "Bank transfer received", _kinds(_BANK), _kinds("wallet")),
    Reason("BANK_RECEIPT_UNMATCHED", "Bank transfer received, owner unknown", _kinds(_BANK), _kinds("suspense")),
    Reason("SUSPENSE_ASSIGNED", "Bank transfer credited", _kinds("suspense"), _kinds("wallet")),
    Reason("SUSPENSE_RETURNED", "Bank transfer sent back", _kinds("suspense"), _kinds(_BANK)),
    Reason("HOLD_PLACED", "Amount reserved", _kinds(_CASH), _kinds("held"), reversal="HOLD_RELEASED"),
    Reason("HOLD_RELEASED", "Reservation released", _kinds("held"), _kinds(_CASH), passes_freeze=True),
    Reason(
        "CLIENT_INTERNAL_TRANSFER",
        "Transfer",
        _kinds(_CASH, "trading"),
        _kinds(_CASH, "trading"),
        permission="payments.request_transfer",
    ),
    Reason("FX_CONVERSION", "Currency conversion", _kinds(_CASH, "fx"), _kinds(_CASH, "fx", "income", "rounding")),
    Reason("WITHDRAWAL_FEE", "Withdrawal fee", _kinds("held"), _kinds("income"), passes_freeze=True),
    Reason("WITHDRAWAL_PAYOUT", "Withdrawal", _kinds("held"), _kinds("psp_payout", _BANK), passes_freeze=True),
    Reason("WITHDRAWAL_SETTLED", "Withdrawal settled", _kinds("psp_payout"), _kinds(_BANK, "psp_clearing")),
    Reason(
        "WITHDRAWAL_RETURNED", "Withdrawal came back", _kinds(_BANK, "psp_clearing", "psp_payout"), _kinds("wallet")
    ),
    Reason(
        "CHARGEBACK",
        "Card payment disputed",
        _kinds("wallet", "held", "debt"),
        _kinds("psp_clearing"),
        reversal="CHARGEBACK_REVERSAL",
        passes_freeze=True,
    ),
    Reason("CHARGEBACK_FEE", "Dispute fee", _kinds("expense"), _kinds("psp_clearing")),
    Reason("CHARGEBACK_REVERSAL", "Dispute won", _kinds("psp_clearing"), _kinds("wallet", "debt"), passes_freeze=True),
    Reason("REFUND", "Refund", _kinds("wallet", "held", "debt"), _kinds("psp_clearing"), passes_freeze=True),
    Reason("DEBT_RECOVERY", "Repayment of what was owed", _kinds("wallet"), _kinds("debt"), passes_freeze=True),
    Reason("TRADE_PNL", "Trading result", _TRADING, _TRADING, passes_freeze=True),
    Reason("COMMISSION", "Commission", _TRADING, _TRADING, passes_freeze=True),
    Reason("SWAP", "Swap", _TRADING, _TRADING, passes_freeze=True),
    Reason("DIVIDEND", "Dividend", _TRADING, _TRADING, passes_freeze=True),
    Reason("TAX", "Tax", _TRADING, _TRADING, passes_freeze=True),
    Reason("BONUS_GRANTED", "Bonus", _kinds("expense"), _kinds("bonus")),
    Reason("BONUS_REMOVED", "Bonus removed", _kinds("bonus"), _kinds("expense"), passes_freeze=True),
    Reason("BONUS_CONVERTED", "Bonus converted to cash", _kinds("bonus"), _kinds("trading")),
    Reason("NEGATIVE_BALANCE_RELIEF", "Negative balance reset", _kinds("expense"), _kinds("trading")),
    Reason("INTEREST", "Interest", _kinds("expense", "trading"), _kinds(_CASH, "trading", "income", "expense")),
    Reason("PARTNER_COMMISSION", "Partner commission", _kinds("expense"), _kinds(_CASH, "trading")),
    Reason("PROFIT_SPLIT", "Profit share", _kinds("expense"), _kinds(_CASH, "trading")),
    Reason("WRITE_OFF", "Amount written off", _kinds("expense"), _kinds("debt"), permission="ledger.post_transaction"),
    Reason("OPENING_BALANCE", "Opening balance", permission="ledger.post_transaction"),
    Reason("MANUAL_ADJUSTMENT", "Correction", permission="payments.request_adjustment"),
)


def _with_reversals() -> dict[str, Reason]:
    catalogue = {reason.code: reason for reason in _FORWARD}
    for reason in _FORWARD:
        if reason.reversal_code not in catalogue and not reason.code.endswith("_REVERSAL"):
            catalogue[reason.reversal_code] = Reason(
                reason.reversal_code,
                f"Correction of {reason.title[0].lower()}{reason.title[1:]}",
                reason.credits,
                reason.debits,
                permission="ledger.reverse_transaction",
                passes_freeze=True,
            )
    return catalogue


REASONS: dict[str, Reason] = _with_reversals()


def reason(code: str) -> Reason:
    """Look a reason up. Raises InvalidRequest (param "reason")."""
    try:
        return REASONS[code]
    except (KeyError, TypeError):
        raise InvalidRequest(f"{str(code)[:40]!r} is not a reason code.", param="reason") from None


def require_kinds(code: str, *, debits: set[str], credits: set[str]) -> None:
    """Raise ReasonNotAllowed when the reason does not allow to debit or credit one of these kinds of account."""
    allowed = reason(code)
    for word, used, may in (("debit", debits, allowed.debits), ("credit", credits, allowed.credits)):
        if may and not used <= may:
            raise ReasonNotAllowed(
                f"{code} may not {word} an account of kind {sorted(used - may)[0]}.", param="entries", reason=code
            )
