"""The kinds of exceptions: whose they are, how long they may wait, and the only outcomes they can have.

No kind has "other" as its only outcome; each outcome says what was found to be true.
"""

from dataclasses import dataclass
from datetime import timedelta

from ledger.errors import InvalidRequest
from payments.roles import COMPLIANCE, PAYMENTS_OPS


@dataclass(frozen=True)
class Category:
    """`next_step` tells the person who takes it what to do first."""

    code: str
    title: str
    team: str
    due_in: timedelta
    outcomes: tuple[tuple[str, str], ...]
    next_step: str

    def require_outcome(self, outcome: str) -> None:
        """Raise InvalidRequest (param "outcome") for one that this kind cannot have."""
        if outcome not in dict(self.outcomes):
            allowed = ", ".join(code for code, _ in self.outcomes)
            raise InvalidRequest(f"This exception can end as: {allowed}.", param="outcome")


_HOURS_4, _DAY, _TWO_DAYS = timedelta(hours=4), timedelta(days=1), timedelta(days=2)
_CONFIRMED_ELSEWHERE = ("confirmed_elsewhere", "It had happened; the other side confirmed")
_NOT_HAPPENED = ("not_happened", "It had not happened; nothing to correct")
_CORRECTED = ("corrected", "Corrected by an adjustment")
_EXPLAINED = ("explained", "Explained; no money is wrong")

CATEGORIES: dict[str, Category] = {
    category.code: category
    for category in (
        Category("unmatched_receipt", "Money received, owner unknown", PAYMENTS_OPS, _DAY,
                 (("assigned", "Credited to a client"), ("returned", "Sent back"), _EXPLAINED),
                 "Find the client by name, reference or IBAN, then assign it or send it back."),
        Category("unmatched_debit", "Bank debit that no payout of ours explains", PAYMENTS_OPS, _HOURS_4,
                 (("explained", "Explained; booked"), _CORRECTED), "Ask the bank what it is."),
        Category("amount_differs", "Same reference, other amount", PAYMENTS_OPS, _HOURS_4,
                 (_EXPLAINED, _CORRECTED), "Compare both sides; look for a fee or a split."),
        Category("statement_does_not_tie", "Opening and lines do not give the closing", PAYMENTS_OPS, _DAY,
                 (("file_replaced", "The bank sent a complete file"), _EXPLAINED), "Ask the bank for the file again."),
        Category("platform_unknown", "Platform did not say whether it moved the money", PAYMENTS_OPS, _HOURS_4,
                 (_CONFIRMED_ELSEWHERE, _NOT_HAPPENED), "Look for our token in the platform's history."),
        Category("unmatched_platform_operation", "Platform operation that no transfer of ours explains", PAYMENTS_OPS,
                 _HOURS_4, (_EXPLAINED, _CORRECTED), "Ask the dealing desk who made it and why."),
        Category("unmapped_type", "Platform operation of a kind we do not book", PAYMENTS_OPS, _DAY,
                 (_EXPLAINED, _CORRECTED), "Find out what it is, then book it by an adjustment."),
        Category("platform_row_mutated", "A platform row changed after we booked it", PAYMENTS_OPS, _DAY,
                 (_EXPLAINED, _CORRECTED), "Compare the old row with the new one."),
        Category("platform_row_vanished", "A platform row disappeared after we booked it", PAYMENTS_OPS, _DAY,
                 (_EXPLAINED, _CORRECTED), "Ask the dealing desk why it was deleted."),
        Category("drift", "Our mirror and the platform disagree", PAYMENTS_OPS, _HOURS_4,
                 (_EXPLAINED, _CORRECTED), "Compare the deals since the last time both agreed."),
        Category("payout_failed", "A payout failed", PAYMENTS_OPS, _HOURS_4,
                 (("retried", "Tried again"), ("given_back", "Given back to the wallet")),
                 "Read the bank's reason; try again or give the money back."),
        Category("unknown_outcome", "Nobody says whether it arrived", PAYMENTS_OPS, _HOURS_4,
                 (_CONFIRMED_ELSEWHERE, _NOT_HAPPENED), "Ask the other side by phone, with our reference."),
        Category("unknown_payment", "A provider reports a payment that is none of ours", PAYMENTS_OPS, _DAY,
                 (_EXPLAINED, _CORRECTED), "Look for the reference in both systems."),
        Category("conflicting_event", "A provider contradicts itself or us", PAYMENTS_OPS, _HOURS_4,
                 (_EXPLAINED, _CORRECTED), "Compare both messages; both are kept."),
        Category("late_success", "Paid after it had failed or expired", PAYMENTS_OPS, _DAY,
                 (("accepted", "Credited; the client agrees"), ("refunded", "Sent back to the client")),
                 "It was credited once. Ask the client whether it is wanted."),
        Category("late_after_final", "Reported after it was final", PAYMENTS_OPS, _HOURS_4,
                 (_EXPLAINED, _CORRECTED), "Compare the bank's word with the statement."),
        Category("dispute", "A card payment is disputed", COMPLIANCE, _TWO_DAYS,
                 (("accepted", "Accepted"), ("contested", "Evidence sent")), "Decide whether to contest it."),
        Category("client_debt", "A client owes us after a dispute", COMPLIANCE, _TWO_DAYS,
                 (("repaid", "Repaid"), ("written_off", "Written off")), "Contact the client."),
        Category("refund_failed", "A refund failed", PAYMENTS_OPS, _DAY,
                 (("retried", "Tried again"), ("paid_otherwise", "Paid another way")), "Read the provider's reason."),
        Category("rate_outlier", "An exchange rate was held back", PAYMENTS_OPS, _HOURS_4,
                 (("rate_confirmed", "The rate is right and is used"), ("rate_rejected", "The rate is never used")),
                 "Compare it with another source, then confirm or reject it on the rate's own page."),
        Category("unreadable_file", "A file cannot be read", PAYMENTS_OPS, _DAY,
                 (("file_replaced", "A readable file came"), _EXPLAINED), "Look at the file; ask for it again."),
        Category("opening_unplaced", "Opening balance in suspense", PAYMENTS_OPS, _DAY,
                 (("assigned", "Credited to a client"), _EXPLAINED, _CORRECTED),
                 "Find whose it is in the old system, then assign it by an adjustment."),
        Category("stuck_work", "Work that failed five times", PAYMENTS_OPS, _HOURS_4,
                 (("done_again", "Started again and done"), ("not_needed", "Not needed any more")),
                 "Read the error; start it again when the cause is gone."),
    )
}  # fmt: skip


def category(code: str) -> Category:
    """Look a kind up; an unknown code is treated as stuck work, so that no case is ever lost for want of a name."""
    return CATEGORIES.get(code, CATEGORIES["stuck_work"])
