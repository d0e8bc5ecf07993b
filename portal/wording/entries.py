"""What clients read about ledger entries that belong to no deposit, withdrawal or transfer: fees, returns, corrections.

One title per reason code that can touch a client's account by itself; the tests name any that is missing.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from ledger.reasons import REASONS
from portal.wording.shape import Noun, Text, Tone, Wording

ENTRY = Noun(
    "entry",
    (_("Booked"),),
    frozenset({"amount", "what", "place"}),
    {
        "posted": Wording(
            status=_("Booked"),
            tone=Tone.DONE,
            title=_("%(what)s"),
            where=_("Booked %(place)s."),
            step=1,
        ),
    },
)


@dataclass(frozen=True)
class Entry:
    """`kind` is the timeline's filter; `note` says what a client might otherwise ask."""

    kind: str
    title: Text
    note: Text = ""


ENTRIES: dict[str, Entry] = {
    "DEPOSIT_FEE": Entry("fee", _("Deposit fee")),
    "BANK_RECEIPT": Entry("deposit", _("Bank transfer received")),
    "SUSPENSE_ASSIGNED": Entry(
        "deposit",
        _("Bank transfer received"),
        _("It came without a usable reference, so we had to look for its owner."),
    ),
    "WITHDRAWAL_RETURNED": Entry(
        "return", _("Withdrawal came back"), _("Your bank sent it back. Check the bank details before you ask again.")
    ),
    "REFUND": Entry("refund", _("Refund to your card"), _("The card provider sent it back to the card it came from.")),
    "CLIENT_INTERNAL_TRANSFER": Entry("transfer", _("Transfer")),
    "FX_CONVERSION": Entry("conversion", _("Currency conversion")),
    "DEBT_RECOVERY": Entry(
        "debt", _("Repayment of what you owed"), _("After a disputed card payment you owed us; this repaid it.")
    ),
    "WRITE_OFF": Entry("debt", _("What you owed was written off")),
    "TRADE_PNL": Entry("trading", _("Trading result")),
    "COMMISSION": Entry("trading", _("Commission")),
    "SWAP": Entry("trading", _("Swap"), _("The cost or gain of keeping a position open overnight.")),
    "DIVIDEND": Entry("trading", _("Dividend")),
    "TAX": Entry("trading", _("Tax")),
    "BONUS_GRANTED": Entry("bonus", _("Bonus"), _("It can carry positions. It is not cash and cannot be withdrawn.")),
    "BONUS_REMOVED": Entry("bonus", _("Bonus removed"), _("Your own money is not affected.")),
    "BONUS_CONVERTED": Entry("bonus", _("Bonus turned into cash")),
    "NEGATIVE_BALANCE_RELIEF": Entry(
        "credit", _("Negative balance reset"), _("You never lose more than you brought in: we paid the difference.")
    ),
    "INTEREST": Entry("credit", _("Interest")),
    "PARTNER_COMMISSION": Entry("credit", _("Partner commission")),
    "PROFIT_SPLIT": Entry("credit", _("Profit share")),
    "OPENING_BALANCE": Entry("credit", _("Opening balance"), _("Brought over from our earlier system.")),
    "MANUAL_ADJUSTMENT": Entry("correction", _("Correction"), _("Made by one person and checked by a second.")),
}
CORRECTION = _("Correction of “%(what)s”")

# Their story is told by a movement of its own (deposit, withdrawal, transfer, refund, dispute, hold).
TOLD_BY_MOVEMENTS = frozenset(
    {
        "DEPOSIT_CAPTURED",
        "HOLD_PLACED",
        "HOLD_RELEASED",
        "WITHDRAWAL_FEE",
        "WITHDRAWAL_PAYOUT",
        "CHARGEBACK",
        "CHARGEBACK_REVERSAL",
    }
)
# Rolled up per day and trading account.
TRADING_RESULTS = ("TRADE_PNL", "COMMISSION", "SWAP", "DIVIDEND", "TAX")

_FORWARD_OF = {reason.reversal_code: code for code, reason in REASONS.items()}


def entry(reason: str) -> Entry:
    """The words for a reason code: its own, or those of a correction of what it reverses."""
    if reason in ENTRIES:
        return ENTRIES[reason]
    forward = _FORWARD_OF.get(reason, "")
    original = ENTRIES[forward].title if forward in ENTRIES else REASONS[forward or reason].title
    kind = "trading" if forward in TRADING_RESULTS else "correction"
    return Entry(kind, CORRECTION % {"what": original})
