"""What clients read about deposits. "Captured" and "settled" differ for the firm only: the money is in the wallet."""

from django.utils.translation import gettext_lazy as _

from portal.wording.shape import Noun, Text, Tone, Wording

_TITLE = _("Deposit by %(method)s")
_IN_WALLET = Wording(
    status=_("In your wallet"),
    tone=Tone.DONE,
    title=_TITLE,
    where=_("In your wallet since %(since)s."),
    step=3,
)


def _not_completed(where: Text, act: Text) -> Wording:
    return Wording(
        status=_("Not completed"),
        tone=Tone.STOPPED,
        title=_TITLE,
        where=where,
        act=act,
        step=1,
        stopped=True,
        moved=False,
    )


DEPOSIT = Noun(
    "deposit",
    (_("Started"), _("Paid"), _("In your wallet")),
    frozenset({"amount", "method", "since", "by", "reason"}),
    {
        "initiated": Wording(
            status=_("Waiting for your payment"),
            tone=Tone.ATTENTION,
            title=_TITLE,
            where=_("We have not received anything yet."),
            next=_("When you have paid, the money comes to your wallet."),
            usually=_("Usually a few minutes after you pay."),
            by=_("The payment page stays open until %(by)s."),
            late=_("After that the request lapses. Nothing is taken, and a payment that still arrives is credited."),
            act=_("Finish paying, or leave it and nothing happens."),
            step=1,
            yours=True,
            moved=False,
        ),
        "authorised": Wording(
            status=_("Approved, not received yet"),
            tone=Tone.MOVING,
            title=_TITLE,
            where=_("Your bank approved the payment. We have not received the money yet."),
            next=_("The card provider confirms, then the money is in your wallet."),
            usually=_("Usually within 10 minutes."),
            by=_("At the latest by %(by)s."),
            late=_("If it takes longer, we ask the provider; if nothing comes, your bank frees the amount again."),
            step=1,
            moved=False,
        ),
        "captured": _IN_WALLET,
        "settled": _IN_WALLET,
        "failed": _not_completed(_("%(reason)s"), _("Try again, or use another card.")),
        "expired": _not_completed(
            _("The payment was not finished in time. Nothing was taken."), _("Start again when you are ready.")
        ),
        "cancelled": _not_completed(_("The payment was cancelled. Nothing was taken."), _("Nothing.")),
        "refunded": Wording(
            status=_("Sent back to you"),
            tone=Tone.DONE,
            title=_TITLE,
            where=_("%(amount)s was sent back to where it came from."),
            step=3,
        ),
        "disputed": Wording(
            status=_("Disputed by your bank"),
            tone=Tone.ATTENTION,
            title=_TITLE,
            where=_("Your bank took this card payment back. The amount was taken from your wallet."),
            next=_("Your bank and the card provider decide who is right."),
            usually=_("This can take up to 75 days."),
            by=_("Decision by %(by)s."),
            late=_("If they need longer, we ask for the state and write it here."),
            act=_("If you did not dispute this payment, contact us and your bank."),
            step=2,
            yours=True,
        ),
        "dispute_won": Wording(
            status=_("In your wallet again"),
            tone=Tone.DONE,
            title=_TITLE,
            where=_("The dispute was decided: the amount is in your wallet again."),
            step=3,
        ),
        "dispute_lost": Wording(
            status=_("Taken back by your bank"),
            tone=Tone.STOPPED,
            title=_TITLE,
            where=_("The dispute was decided: your bank keeps the amount. It is no longer in your wallet."),
            act=_("Nothing. Contact us if you think this is wrong."),
            step=2,
            stopped=True,
        ),
    },
)
